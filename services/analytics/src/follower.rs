//! Keeps the facts up with the history, through whatever happens to dispatch.
//!
//! The follower asks for the history after its stored cursor, works in what comes, batch by batch, and asks again when
//! the stream ends. It never keeps a place of its own: after any fault it goes on from the cursor in the store, which
//! moves in the same transaction as the facts, so that nothing is counted twice or left out.

use fenliu_domain::problem::Reason;
use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::dispatch::v1::history_service_client::HistoryServiceClient;
use fenliu_proto::dispatch::v1::{FollowEventsRequest, FollowEventsResponse};
use fenliu_proto::status::reason_of;
use fenliu_runtime::channel::Outgoing;
use fenliu_runtime::clock::SharedClock;
use futures::StreamExt;
use futures::stream::BoxStream;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::alerts::Floors;
use crate::config::FollowerConfig;
use crate::recorded;
use crate::storage::{Batch, Cursor, Fault, Step, Store};

/// Most messages of the stream that are worked in together when they are there already; of 500 events each.
const MESSAGES_AT_ONCE: usize = 32;

/// Follows the history of dispatch into a store.
#[derive(Debug)]
pub(crate) struct Follower {
    pub(crate) store: Store,
    pub(crate) dispatch: HistoryServiceClient<Outgoing>,
    pub(crate) clock: SharedClock,
    /// Are told of all that moves.
    pub(crate) floors: Floors,
    pub(crate) config: FollowerConfig,
    /// Falls when the follower is to stop.
    pub(crate) stop: CancellationToken,
}

/// What a message of the stream says.
#[derive(Debug)]
pub(crate) struct Said {
    steps: Vec<Step>,
    /// Its last event, if that is new.
    until: Option<Cursor>,
    /// When its last event was recorded.
    recorded: Option<Timestamp>,
    /// Whether the history held no more then.
    caught_up: bool,
}

/// Why the follower has to begin anew.
#[derive(Debug, thiserror::Error)]
enum Lost {
    /// Dispatch does not answer, or ended the stream.
    #[error("dispatch does not answer: {0}")]
    Dispatch(Box<Status>),
    /// The history does not hold the event seen last.
    #[error("the history was restored from a backup: {0}")]
    Rewound(Box<Status>),
    /// What comes next lies in the archive of dispatch.
    #[error(
        "the events that come next lie in the archive; put them back with fenliu-dispatch unarchive: {0}"
    )]
    Archived(Box<Status>),
    /// The store does not take it, or what came makes no sense.
    #[error("the facts cannot be stored: {0}")]
    Store(#[from] Fault),
}

impl From<Status> for Lost {
    fn from(status: Status) -> Self {
        let reason = reason_of(&status);
        let status = Box::new(status);
        match reason {
            Some(Reason::HistoryRewound) => Self::Rewound(status),
            Some(Reason::HistoryArchived) => Self::Archived(status),
            _ => Self::Dispatch(status),
        }
    }
}

/// The wait between attempts: doubles with each that fails, and begins anew with one that gets on.
#[derive(Debug)]
struct Backoff {
    config: FollowerConfig,
    next: Span,
}

impl Follower {
    /// Follows until it is told to stop.
    pub(crate) async fn run(mut self) {
        let mut backoff = Backoff { config: self.config, next: self.config.min_backoff() };
        while !self.stop.is_cancelled() {
            let end = self.follow(&mut backoff).await;
            self.floors.pulse.lost(self.clock.now());
            match end {
                Ok(()) => return,
                // Dispatch drains along with this process: the end of its stream is no fault.
                Err(Lost::Dispatch(_)) if self.stop.is_cancelled() => return,
                Err(Lost::Rewound(status)) => self.start_over(&status, &mut backoff).await,
                Err(Lost::Store(Fault::Overtaken)) => {
                    tracing::info!("another replica has worked the history in; going on from there");
                    self.wait(&mut backoff).await;
                }
                Err(lost @ Lost::Archived(_)) => {
                    tracing::error!(error = %lost, wait = %backoff.next, "facts cannot be made; trying again");
                    self.wait(&mut backoff).await;
                }
                Err(lost @ (Lost::Dispatch(_) | Lost::Store(_))) => {
                    tracing::warn!(error = %lost, wait = %backoff.next, "the history cannot be followed; trying again");
                    self.wait(&mut backoff).await;
                }
            }
        }
    }

    /// Follows from the stored cursor; `Ok` when told to stop.
    async fn follow(&mut self, backoff: &mut Backoff) -> Result<(), Lost> {
        let stop = self.stop.clone();
        let mut cursor = self.store.cursor().await?;
        if !self.floors.stand_at(&cursor) {
            cursor = self.put_together().await?;
        }
        let Some(stream) = stop.run_until_cancelled(self.open(&cursor)).await else { return Ok(()) };
        let mut stream = stream?;
        while let Some(messages) = stop.run_until_cancelled(stream.next()).await {
            let Some(messages) = messages else {
                return Err(Lost::Dispatch(Box::new(Status::unavailable("the stream ended"))));
            };
            let (said, broken) = gather(messages);
            if let Some(&Said { caught_up, recorded, .. }) = said.last() {
                cursor = self.work_in(cursor, said).await?;
                if caught_up {
                    self.floors.pulse.caught_up();
                } else {
                    self.floors.pulse.at(recorded);
                }
                backoff.begin_anew();
            }
            if let Some(lost) = broken {
                return Err(lost);
            }
        }
        Ok(())
    }

    async fn open(&mut self, cursor: &Cursor) -> Result<BoxStream<'static, Vec<Result<Said, Lost>>>, Lost> {
        let Cursor { mut position, event_id } = cursor.clone();
        let request = FollowEventsRequest { after_position: position, after_event_id: event_id };
        let stream = self.dispatch.follow_events(request).await?.into_inner();
        tracing::info!(position, "following the history");
        let said = stream.map(move |message| Ok::<_, Lost>(said(message?, &mut position)?));
        Ok(said.ready_chunks(MESSAGES_AT_ONCE).boxed())
    }

    /// Puts the floors together anew of what is stored; where they stand.
    async fn put_together(&self) -> Result<Cursor, Lost> {
        let now = self.clock.now();
        let (at, floors) = self.store.floors(self.floors.watch(now)).await?;
        self.floors.replace(at.clone(), floors, now);
        Ok(at)
    }

    /// Works in what was said, and returns the new cursor.
    async fn work_in(&self, after: Cursor, said: Vec<Said>) -> Result<Cursor, Lost> {
        let now = self.clock.now();
        let Some(mut batch) = batch(after.clone(), said) else { return Ok(after) };
        batch.watch = Some(self.floors.watch(now));
        let until = batch.until.clone();
        let moved = self.store.follow(batch).await?;
        self.floors.take_in(until.clone(), moved, now);
        tracing::debug!(position = until.position, "worked the history in");
        Ok(until)
    }

    /// The history is another one now: what was made of the old one goes, imports stay.
    async fn start_over(&self, status: &Status, backoff: &mut Backoff) {
        tracing::error!(%status, "the history was restored from a backup; making all facts of it anew");
        if let Err(fault) = self.store.forget_history().await {
            tracing::error!(error = %fault, "the old facts cannot be cleared");
            self.wait(backoff).await;
        }
    }

    /// The sleep lies in a task of its own: a virtual clock waits for a task it has woken to sleep again, and this one
    /// goes on to listen instead.
    async fn wait(&self, backoff: &mut Backoff) {
        let (clock, until) = (self.clock.clone(), self.clock.now() + backoff.step());
        let sleep = tokio::spawn(async move { clock.sleep_until(until).await });
        let abort = sleep.abort_handle();
        if self.stop.run_until_cancelled(sleep).await.is_none() {
            abort.abort();
        }
    }
}

impl Backoff {
    fn step(&mut self) -> Span {
        let now = self.next;
        self.next = (now + now).min(self.config.max_backoff());
        now
    }

    fn begin_anew(&mut self) {
        self.next = self.config.min_backoff();
    }
}

/// What some messages say, up to the first that broke.
fn gather(messages: Vec<Result<Said, Lost>>) -> (Vec<Said>, Option<Lost>) {
    let mut gathered = Vec::with_capacity(messages.len());
    for message in messages {
        match message {
            Ok(said) => gathered.push(said),
            Err(lost) => return (gathered, Some(lost)),
        }
    }
    (gathered, None)
}

/// What a message says that is new after a position, which moves on to its end. Whoever asks does so as soon as it is decoded,
/// while the processor has it at hand. An event that makes no sense stops the follower there, loudly: facts that leave
/// something out would look like facts.
pub(crate) fn said(message: FollowEventsResponse, position: &mut i64) -> Result<Said, Fault> {
    let FollowEventsResponse { events, caught_up } = message;
    let recorded = events.last().and_then(recorded::recorded_at);
    let mut said = Said { steps: Vec::with_capacity(events.len() * 2), until: None, recorded, caught_up };
    for mut stored in events {
        if stored.position <= *position {
            continue;
        }
        *position = stored.position;
        let event_id = stored.event.as_mut().map(|event| std::mem::take(&mut event.event_id));
        said.until = Some(Cursor { position: stored.position, event_id: event_id.unwrap_or_default() });
        recorded::add_steps(stored, &mut said.steps)?;
    }
    Ok(said)
}

/// What messages say after a cursor, together; `None` when nothing of it is new.
pub(crate) fn batch(after: Cursor, said: Vec<Said>) -> Option<Batch> {
    let until = said.iter().rev().find_map(|said| said.until.clone())?;
    let steps = said.into_iter().map(|said| said.steps).collect();
    Some(Batch { after, until, steps, watch: None })
}
