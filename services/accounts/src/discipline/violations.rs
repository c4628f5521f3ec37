//! Violations, as dispatch's history tells of them.
//!
//! The follower asks for the history after its stored cursor and keeps nothing else of it than what the language check
//! found. The cursor moves in the transaction that stores the violations before it, and else only now and then: what is
//! read again brings nothing new. Dispatch may be away, and nothing here waits for it.

use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::time::Span;
use fenliu_proto::convert::{id, timestamp};
use fenliu_proto::dispatch::v1::history_service_client::HistoryServiceClient;
use fenliu_proto::dispatch::v1::{FollowEventsRequest, FollowEventsResponse, StoredEvent};
use fenliu_proto::history::v1::event::Payload;
use fenliu_proto::status::reason_of;
use fenliu_runtime::channel::Outgoing;
use fenliu_runtime::clock::SharedClock;
use fenliu_runtime::platform::Platform;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::Violation;
use crate::storage::{Cursor, Fault, Store};

/// The wait before dispatch is asked again; doubles with each failure.
const MIN_BACKOFF: Span = Span::from_millis(200);
/// The longest wait before dispatch is asked again.
const MAX_BACKOFF: Span = Span::from_secs(10);
/// Most events read without a violation before the cursor is moved all the same.
const MAX_UNMARKED: i64 = 5_000;

struct Follower {
    store: Store,
    dispatch: HistoryServiceClient<Outgoing>,
    clock: SharedClock,
    stop: CancellationToken,
}

/// Why the follower has to ask anew.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error("dispatch does not answer: {0}")]
    Dispatch(Box<Status>),
    #[error("the history was restored from a backup: {0}")]
    Rewound(Box<Status>),
    #[error("violations cannot be stored: {0}")]
    Store(#[from] Fault),
}

impl From<Status> for Lost {
    fn from(status: Status) -> Self {
        let rewound = reason_of(&status) == Some(Reason::HistoryRewound);
        if rewound { Self::Rewound(Box::new(status)) } else { Self::Dispatch(Box::new(status)) }
    }
}

/// Follows dispatch's history until the platform drains.
pub(crate) fn follow(store: Store, dispatch: Outgoing, platform: &Platform) {
    let follower = Follower {
        store,
        dispatch: HistoryServiceClient::new(dispatch),
        clock: platform.clock.clone(),
        stop: platform.lifecycle.soft(),
    };
    platform.lifecycle.spawn(follower.run());
}

impl Follower {
    async fn run(mut self) {
        let mut wait = MIN_BACKOFF;
        while !self.stop.is_cancelled() {
            match self.read_on(&mut wait).await {
                Ok(()) => return,
                // Dispatch drains along with this process: the end of its stream is no fault.
                Err(Lost::Dispatch(_)) if self.stop.is_cancelled() => return,
                Err(Lost::Rewound(status)) => {
                    tracing::error!(%status, "the history was restored from a backup; reading violations anew");
                    if let Err(fault) = self.store.forget_violations().await {
                        tracing::error!(error = %fault, "the old violations cannot be cleared");
                        self.pause(&mut wait).await;
                    }
                }
                Err(lost) => {
                    tracing::warn!(error = %lost, %wait, "the history cannot be followed; trying again");
                    self.pause(&mut wait).await;
                }
            }
        }
    }

    /// Reads on from the stored cursor; `Ok` when told to stop.
    async fn read_on(&mut self, wait: &mut Span) -> Result<(), Lost> {
        let stop = self.stop.clone();
        let mut stored = self.store.history_cursor().await?;
        let request =
            FollowEventsRequest { after_position: stored.position, after_event_id: stored.event_id.clone() };
        let opened = stop.run_until_cancelled(self.dispatch.follow_events(request)).await;
        let Some(opened) = opened else { return Ok(()) };
        let mut stream = opened?.into_inner();
        while let Some(message) = stop.run_until_cancelled(stream.message()).await {
            let ended = || Status::unavailable("the stream ended");
            let FollowEventsResponse { events, .. } = message?.ok_or_else(ended)?;
            stored = self.take_in(stored, events).await?;
            *wait = MIN_BACKOFF;
        }
        Ok(())
    }

    /// Stores the violations among some events, and returns the stored cursor.
    async fn take_in(&self, after: Cursor, events: Vec<StoredEvent>) -> Result<Cursor, Fault> {
        let Some(last) = events.last() else { return Ok(after) };
        let event_id = last.event.as_ref().map(|event| event.event_id.clone()).unwrap_or_default();
        let until = Cursor { position: last.position, event_id };
        let found: Vec<_> = events.into_iter().filter_map(found).collect();
        if until.position <= after.position
            || (found.is_empty() && until.position - after.position < MAX_UNMARKED)
        {
            return Ok(after);
        }
        self.store.record_violations(after, until.clone(), found).await?;
        Ok(until)
    }

    /// The sleep lies in a task of its own: a virtual clock waits for a task it has woken to sleep again, and this one
    /// goes on to listen instead.
    async fn pause(&self, wait: &mut Span) {
        let (clock, until) = (self.clock.clone(), self.clock.now() + *wait);
        *wait = (*wait + *wait).min(MAX_BACKOFF);
        let sleep = tokio::spawn(async move { clock.sleep_until(until).await });
        let abort = sleep.abort_handle();
        if self.stop.run_until_cancelled(sleep).await.is_none() {
            abort.abort();
        }
    }
}

/// The violation that an event tells of. One that makes no sense is a defect of dispatch: it is logged and left out,
/// since sanctions are imposed by people who look.
fn found(stored: StoredEvent) -> Option<Violation> {
    let event = stored.event?;
    let Some(Payload::LanguageFlagged(flagged)) = event.payload else { return None };
    let time = event.occurred_time.or(event.recorded_time).unwrap_or_default();
    let read = || {
        Ok::<_, Problem>(Violation {
            number: 0,
            event: event.event_id.clone(),
            shop: id(&event.shop_id, "event.shop_id")?,
            agent: id(&flagged.agent_id, "event.language_flagged.agent_id")?,
            conversation: event.conversation_id.clone(),
            words: flagged.words.clone(),
            time: timestamp(&time, "event.occurred_time")?,
        })
    };
    let violation = read();
    violation
        .inspect_err(|problem| {
            tracing::error!(%problem, event = event.event_id, "the history tells of a violation that makes no sense");
        })
        .ok()
}

#[cfg(test)]
mod tests;
