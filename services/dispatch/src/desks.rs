//! Propose, dispose: the one way a command takes effect.
//!
//! The live desk proposes; the history disposes; only then is the caller answered. A desk that is not loaded is
//! rebuilt from snapshot and history; one that is stale or forked is dropped first. A call is tried a bounded
//! number of times, each time with a command id of its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use fenliu_domain::desk::command::{Attempt, Command};
use fenliu_domain::desk::event::{Event, Payload, RequestMark, Seq, Text};
use fenliu_domain::desk::refusal::{conversation_closed, request_id_reused, shop_not_found};
use fenliu_domain::ids::{CommandId, ConversationId, ShopId};
use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::time::Span;
use fenliu_live::{Epoch, LiveDesk, Outcome, Proposal, ProposeError};
use fenliu_runtime::platform::Platform;

use crate::history::writer::{Content, Disposal, DisposeError, Writer};
use crate::history::{Body, Fault, History, first_of_command};

/// How often a call is tried when desks have to be rebuilt under it.
const TRIES: usize = 5;
/// How long a caller should wait before trying again.
const RETRY_AFTER: Span = Span::from_secs(1);
/// Shops whose last seen event is remembered; beyond that all are forgotten and read again.
const SEEN_LIMIT: usize = 100_000;

/// A command as a caller asks for it.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// The shop.
    pub(crate) shop: ShopId,
    /// Whose request it is, when they named one.
    pub(crate) request: Option<RequestMark>,
    /// W3C trace context.
    pub(crate) traceparent: Option<Text>,
    /// What to do.
    pub(crate) command: Command,
    /// What was said in it.
    pub(crate) body: Option<Body>,
}

/// What came of a call: the events of its command, stored.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// The events; none when everything already was as asked.
    pub(crate) events: Vec<Arc<Event>>,
    /// True when the channel's message id was recognised.
    pub(crate) redelivered: bool,
}

/// What this replica has seen of a shop.
#[derive(Clone, Copy, Debug)]
struct Seen {
    seq: Seq,
    /// Whether its desk may have forgotten what the history remembers.
    forgetful: bool,
}

/// All desks, live and stored. Clones are the same ones.
#[derive(Clone)]
pub(crate) struct Desks {
    live: Arc<dyn LiveDesk>,
    writer: Writer,
    history: History,
    platform: Platform,
    seen: Arc<Mutex<HashMap<ShopId, Seen>>>,
}

/// How one try of a call ended without an answer.
enum Again {
    /// Try once more with a new command id.
    Retry,
    /// Tell the caller.
    Refuse(Problem),
}

impl From<Problem> for Again {
    fn from(problem: Problem) -> Self {
        Self::Refuse(problem)
    }
}

impl Desks {
    pub(crate) fn new(live: Arc<dyn LiveDesk>, writer: Writer, history: History, platform: Platform) -> Self {
        Self { live, writer, history, platform, seen: Arc::default() }
    }

    pub(crate) fn live(&self) -> &dyn LiveDesk {
        &*self.live
    }

    pub(crate) const fn history(&self) -> &History {
        &self.history
    }

    pub(crate) const fn writer(&self) -> &Writer {
        &self.writer
    }

    pub(crate) const fn platform(&self) -> &Platform {
        &self.platform
    }

    /// Runs a command: answers after its events are stored.
    ///
    /// # Errors
    /// The command's refusals; STORE_UNAVAILABLE when the history cannot take it, in which case whether it took
    /// effect is unknown unless the store was known to refuse.
    pub(crate) async fn run(&self, call: Call) -> Result<Answer, Problem> {
        for _ in 0..TRIES {
            // Nothing is proposed that could not be stored; asking first finds the way open again when it is.
            if self.writer.is_refusing() && self.writer.probe(call.shop).await.is_err() {
                return Err(unavailable());
            }
            match self.attempt(&call).await {
                Ok(answer) => return Ok(answer),
                Err(Again::Refuse(problem)) => return Err(self.explain(call.shop, problem).await),
                Err(Again::Retry) => {}
            }
        }
        tracing::warn!(shop = %call.shop, "a call was given up: its desk was rebuilt again and again");
        Err(unavailable())
    }

    async fn attempt(&self, call: &Call) -> Result<Answer, Again> {
        let shop = call.shop;
        let seen = self.seen(shop).await.map_err(Fault::into_problem)?;
        if seen.forgetful
            && let Some(answer) = self.recall(call).await?
        {
            return Ok(answer);
        }
        let attempt = Attempt {
            id: CommandId::from_bits(self.platform.ids.next_bits()),
            request: call.request.clone(),
            traceparent: call.traceparent.clone(),
            command: call.command.clone(),
        };
        match self.live.propose(shop, self.platform.clock.now(), seen.seq, attempt).await {
            Ok(proposal) => self.dispose(call, proposal).await,
            Err(ProposeError::Refused(problem)) => Err(Again::Refuse(problem)),
            Err(ProposeError::NotLoaded) => self.load(shop).await,
            Err(ProposeError::Stale(epoch)) => {
                tracing::warn!(%shop, "the live desk is behind the history and is rebuilt");
                self.live.invalidate(shop, epoch).await;
                Err(Again::Retry)
            }
            Err(error @ (ProposeError::Backlogged | ProposeError::Unavailable(_))) => {
                tracing::warn!(%shop, %error, "the live desk takes nothing");
                Err(Again::Refuse(unavailable()))
            }
        }
    }

    async fn dispose(&self, call: &Call, proposal: Proposal) -> Result<Answer, Again> {
        let Proposal { epoch, tail, outcome, forgetful } = proposal;
        let last = tail.last().map(|event| event.seq);
        let bodies = match &outcome {
            Outcome::Done(events) => content(events, call),
            Outcome::Repeated { .. } => Vec::new(),
        };
        if !tail.is_empty() {
            self.store(Disposal { shop: call.shop, epoch, tail, bodies }).await?;
        }
        self.note(call.shop, last, forgetful);
        match outcome {
            Outcome::Done(events) => Ok(Answer { events, redelivered: false }),
            Outcome::Repeated { first, redelivered } => self.repeat(call, epoch, first, redelivered).await,
        }
    }

    /// The first answer again. Whoever stored the events for a caller that had gone did not have their content:
    /// this caller brings it.
    async fn repeat(
        &self,
        call: &Call,
        epoch: Epoch,
        first: Seq,
        redelivered: bool,
    ) -> Result<Answer, Again> {
        let events = self.history.command(call.shop, first.0).await.map_err(Fault::into_problem)?;
        let events: Vec<_> = events.into_iter().map(Arc::new).collect();
        let bodies = content(&events, call);
        if !bodies.is_empty() {
            self.store(Disposal { shop: call.shop, epoch, tail: Vec::new(), bodies }).await?;
        }
        Ok(Answer { events, redelivered })
    }

    async fn store(&self, disposal: Disposal) -> Result<(), Again> {
        let (shop, epoch) = (disposal.shop, disposal.epoch);
        match self.writer.dispose(disposal).await {
            Ok(()) => Ok(()),
            Err(DisposeError::Unavailable) => Err(Again::Refuse(unavailable())),
            Err(DisposeError::Fork) => {
                tracing::warn!(%shop, "the live desk has forked from the history and is rebuilt");
                self.live.invalidate(shop, epoch).await;
                self.forget(shop);
                Err(Again::Retry)
            }
        }
    }

    /// Stores whatever of a shop waits to be stored.
    pub(crate) async fn store_tail(&self, shop: ShopId) {
        let Ok((epoch, tail)) = self.live.tail(shop).await else { return };
        if !tail.is_empty() {
            // Its callers are waiting for their own answers; this one is for those who have gone.
            let _ = self.store(Disposal { shop, epoch, tail, bodies: Vec::new() }).await;
        }
    }

    /// Rebuilds a desk from snapshot and history; always asks for another try.
    async fn load(&self, shop: ShopId) -> Result<Answer, Again> {
        self.rebuild(shop).await?;
        Err(Again::Retry)
    }

    /// Rebuilds a desk that is not loaded from snapshot and history.
    ///
    /// # Errors
    /// STORE_UNAVAILABLE or INTERNAL when the history cannot be read.
    pub(crate) async fn rebuild(&self, shop: ShopId) -> Result<(), Problem> {
        let epoch = Epoch(self.platform.ids.next_bits());
        let folded = self.history.fold(shop).await.map_err(Fault::into_problem)?;
        match folded.and_then(|desk| desk.snapshot()) {
            Some(snapshot) => self.live.restore(epoch, snapshot, self.platform.clock.now()).await,
            None => self.live.begin(epoch, shop).await,
        }
        Ok(())
    }

    /// Loads the desk of a shop that exists, for reads.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND; STORE_UNAVAILABLE.
    pub(crate) async fn loaded(&self, shop: ShopId) -> Result<&dyn LiveDesk, Problem> {
        for _ in 0..TRIES {
            match self.live.info(shop).await {
                Ok(info) if info.head.is_some() => return Ok(&*self.live),
                Ok(_) => return Err(shop_not_found(shop)),
                Err(_) if self.history.head(shop).await.map_err(Fault::into_problem)?.is_none() => {
                    return Err(shop_not_found(shop));
                }
                Err(_) => self.rebuild(shop).await?,
            }
        }
        Err(unavailable())
    }

    /// What the desk has forgotten, the history may still know: a request within the day, a delivery for good.
    async fn recall(&self, call: &Call) -> Result<Option<Answer>, Problem> {
        let known = self.recall_in_history(call).await.map_err(Fault::into_problem)?;
        let Some((event, redelivered)) = known else { return Ok(None) };
        if let (Some(mark), false) = (&call.request, redelivered) {
            let same = event.request.as_ref().is_some_and(|known| known.body_hash == mark.body_hash);
            if !same {
                return Err(request_id_reused(&mark.request_id));
            }
        }
        let events = self.history.command(call.shop, first_of_command(&event)).await;
        let events = events.map_err(Fault::into_problem)?.into_iter().map(Arc::new).collect();
        Ok(Some(Answer { events, redelivered }))
    }

    async fn recall_in_history(&self, call: &Call) -> Result<Option<(Event, bool)>, Fault> {
        if let Some(mark) = &call.request {
            let known = self.history.request(call.shop, &mark.caller, &mark.request_id).await?;
            let day = fenliu_domain::desk::memory::MEMORY_SPAN;
            let now = self.platform.clock.now();
            if let Some(event) = known.filter(|event| now.since(event.recorded) <= day) {
                return Ok(Some((event, false)));
            }
        }
        if let Command::ReceiveMessage(message) = &call.command
            && let Some(external) = &message.external
        {
            let known = self.history.delivery(call.shop, &message.channel, external).await?;
            return Ok(known.map(|event| (event, true)));
        }
        Ok(None)
    }

    /// A conversation the live desk does not hold may have ended: then that is the reason.
    async fn explain(&self, shop: ShopId, problem: Problem) -> Problem {
        if problem.reason != Reason::ConversationNotFound {
            return problem;
        }
        let id = problem.metadata.iter().find(|(name, _)| *name == "conversation_id");
        let Some(id) = id.and_then(|(_, id)| id.parse::<ConversationId>().ok()) else { return problem };
        match self.history.conversation(shop, id).await {
            Ok(Some(record)) if record.closed.is_some() => conversation_closed(id),
            _ => problem,
        }
    }

    async fn seen(&self, shop: ShopId) -> Result<Seen, Fault> {
        if let Some(seen) = self.lock_seen().get(&shop) {
            return Ok(*seen);
        }
        let head = self.history.head(shop).await?;
        let seen = Seen { seq: Seq(head.map_or(0, |(seq, _)| seq)), forgetful: head.is_some() };
        Ok(*self.lock_seen().entry(shop).or_insert(seen))
    }

    fn note(&self, shop: ShopId, last: Option<Seq>, forgetful: bool) {
        let mut seen = self.lock_seen();
        if seen.len() >= SEEN_LIMIT {
            seen.clear();
        }
        let known = seen.entry(shop).or_insert(Seen { seq: Seq::default(), forgetful });
        known.seq = known.seq.max(last.unwrap_or_default());
        known.forgetful = forgetful;
    }

    fn forget(&self, shop: ShopId) {
        self.lock_seen().remove(&shop);
    }

    fn lock_seen(&self) -> std::sync::MutexGuard<'_, HashMap<ShopId, Seen>> {
        // A map of numbers is sound whoever panicked while holding it.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The content of a call, with the event it belongs to.
fn content(events: &[Arc<Event>], call: &Call) -> Vec<Content> {
    let carries = |event: &&Arc<Event>| {
        matches!(
            event.payload,
            Payload::MessageReceived { .. } | Payload::ReplySent { .. } | Payload::Transferred { .. }
        )
    };
    let said = events.iter().find(carries).and_then(|event| Some((event.id, event.conversation?)));
    let content = said.zip(call.body.clone());
    content.map(|((event, conversation), body)| Content { event, conversation, body }).into_iter().collect()
}

fn unavailable() -> Problem {
    Problem::new(
        Reason::StoreUnavailable,
        "the history cannot take this now; repeat with the same request_id",
    )
    .retry_after(RETRY_AFTER)
}
