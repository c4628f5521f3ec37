//! Propose, dispose: the one way a command takes effect.
//!
//! The live desk proposes; the history disposes; only then is the caller answered. A desk that is not loaded is
//! rebuilt from snapshot and history; one that is stale or forked is dropped first. A call is tried a bounded
//! number of times, each time with a command id of its own.

pub(crate) mod drift;
mod looks;
mod rebuild;
mod recall;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use fenliu_domain::desk::command::{Attempt, Command};
use fenliu_domain::desk::event::{Event, Payload, RequestMark, Seq, Text};
use fenliu_domain::ids::{CommandId, ShopId};
use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::time::Span;
use fenliu_live::{Known, LiveDesk, Outcome, Proposal, ProposeError};
use fenliu_runtime::platform::Platform;

use self::rebuild::Locks;
use crate::history::writer::{Content, Disposal, DisposeError, Writer};
use crate::history::{Body, Fault, History};

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

/// All desks, live and stored. Clones are the same ones.
#[derive(Clone)]
pub(crate) struct Desks {
    live: Arc<dyn LiveDesk>,
    writer: Writer,
    history: History,
    platform: Platform,
    /// The highest number of each shop's events that this replica knows to be stored.
    seen: Arc<Mutex<HashMap<ShopId, Seq>>>,
    rebuilding: Locks,
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
        Self { live, writer, history, platform, seen: Arc::default(), rebuilding: Locks::default() }
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

    /// Runs a command: answers after its events are stored. What is seldom needed is boxed, so that not every call has room
    /// for it.
    ///
    /// # Errors
    /// The command's refusals; STORE_UNAVAILABLE when the history cannot take it, in which case whether it took
    /// effect is unknown unless the store was known to refuse.
    pub(crate) async fn run(&self, call: Call) -> Result<Answer, Problem> {
        for _ in 0..TRIES {
            // Nothing is proposed that could not be stored; asking first finds the way open again when it is.
            if self.writer.is_refusing() && !self.is_open_again(call.shop).await {
                return Err(unavailable());
            }
            match self.attempt(&call).await {
                Ok(answer) => return Ok(answer),
                Err(Again::Refuse(problem)) => return Err(Box::pin(self.explain(call.shop, problem)).await),
                Err(Again::Retry) => {}
            }
        }
        tracing::warn!(shop = %call.shop, "a call was given up: its desk was rebuilt again and again");
        Err(unavailable())
    }

    /// Tries what the store refused once more: what of the shop waits to be stored, or else a commit of nothing.
    async fn is_open_again(&self, shop: ShopId) -> bool {
        match self.live.tail(shop).await {
            Ok((epoch, tail)) if !tail.is_empty() => {
                let waiting = Disposal { shop, epoch, tail, bodies: Vec::new() };
                !matches!(self.store(waiting).await, Err(Again::Refuse(_)))
            }
            _ => self.writer.probe(shop).await.is_ok(),
        }
    }

    async fn attempt(&self, call: &Call) -> Result<Answer, Again> {
        let seq = self.seen(call.shop).await.map_err(Fault::into_problem)?;
        match self.propose(call, Known { seq, is_new: false }).await {
            // Only a desk that has forgotten something costs a read of the history, and only for what it does not
            // know.
            Err(ProposeError::MayBeKnown) => match Box::pin(self.recall(call)).await? {
                Some(answer) => Ok(answer),
                None => self.dispose(call, self.propose(call, Known { seq, is_new: true }).await).await,
            },
            proposed => self.dispose(call, proposed).await,
        }
    }

    async fn propose(&self, call: &Call, known: Known) -> Result<Proposal, ProposeError> {
        let attempt = Attempt {
            id: CommandId::from_bits(self.platform.ids.next_bits()),
            request: call.request.clone(),
            traceparent: call.traceparent.clone(),
            command: call.command.clone(),
        };
        self.live.propose(call.shop, self.platform.clock.now(), known, attempt).await
    }

    async fn dispose(&self, call: &Call, proposed: Result<Proposal, ProposeError>) -> Result<Answer, Again> {
        let shop = call.shop;
        match proposed {
            Ok(proposal) => self.dispose_of(call, proposal).await,
            Err(ProposeError::Refused(problem)) => Err(Again::Refuse(problem)),
            Err(ProposeError::NotLoaded) => {
                Box::pin(self.load(call)).await?;
                Err(Again::Retry)
            }
            Err(ProposeError::Stale(epoch)) => {
                tracing::warn!(%shop, "the live desk is behind the history and is rebuilt");
                self.live.invalidate(shop, epoch).await;
                Err(Again::Retry)
            }
            Err(
                error @ (ProposeError::MayBeKnown | ProposeError::Backlogged | ProposeError::Unavailable(_)),
            ) => {
                tracing::warn!(%shop, %error, "the live desk takes nothing");
                Err(Again::Refuse(unavailable()))
            }
        }
    }

    async fn dispose_of(&self, call: &Call, proposal: Proposal) -> Result<Answer, Again> {
        let Proposal { epoch, tail, outcome } = proposal;
        let last = tail.last().map(|event| event.seq);
        let bodies = match &outcome {
            Outcome::Done(events) => content(events, call),
            Outcome::Repeated { .. } => Vec::new(),
        };
        if !tail.is_empty() {
            self.store(Disposal { shop: call.shop, epoch, tail, bodies }).await?;
        }
        self.note(call.shop, last);
        match outcome {
            Outcome::Done(events) => Ok(Answer { events, redelivered: false }),
            Outcome::Repeated { first, redelivered } => {
                Box::pin(self.repeat(call, first.0, redelivered)).await
            }
        }
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

    async fn seen(&self, shop: ShopId) -> Result<Seq, Fault> {
        if let Some(seen) = self.lock_seen().get(&shop) {
            return Ok(*seen);
        }
        // A shop that nothing is stored of may not exist, so it is not remembered.
        let Some((seq, _)) = self.history.head(shop).await? else { return Ok(Seq::default()) };
        self.note(shop, Some(Seq(seq)));
        Ok(Seq(seq))
    }

    fn note(&self, shop: ShopId, stored: Option<Seq>) {
        let Some(stored) = stored else { return };
        let mut seen = self.lock_seen();
        if seen.len() >= SEEN_LIMIT {
            seen.clear();
        }
        let known = seen.entry(shop).or_default();
        *known = (*known).max(stored);
    }

    fn forget(&self, shop: ShopId) {
        self.lock_seen().remove(&shop);
    }

    fn lock_seen(&self) -> std::sync::MutexGuard<'_, HashMap<ShopId, Seq>> {
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

/// The live desks do not answer.
fn unreached(shop: ShopId, error: &str) -> Problem {
    tracing::warn!(%shop, error, "the live desks cannot be reached");
    unavailable()
}

fn unavailable() -> Problem {
    Problem::new(
        Reason::StoreUnavailable,
        "the history cannot take this now; repeat with the same request_id",
    )
    .retry_after(RETRY_AFTER)
}
