//! The group-committing writer: one task that stores tails and answers after the commit.
//!
//! While one batch commits, the next fills; a batch holds at most [`BATCH_EVENTS`] events, the queue at most
//! [`QUEUE_LIMIT`] tails. A commit whose outcome is unknown is tried again with the same batch: what was stored is
//! then found by id. Once the store has refused a batch for good, callers are told at once, before the live desk
//! is touched, until a batch has gone through again. A store that refuses a batch but takes an empty one has
//! nothing against the others in it: then each shop's part is tried apart.

mod ledger;
pub(super) mod store;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fenliu_domain::desk::Head;
use fenliu_domain::desk::event::{Event, Seq};
use fenliu_domain::ids::{ConversationId, EventId, ShopId};
use fenliu_live::{Announcement, ConfirmError, Epoch, LiveDesk, News};
use fenliu_runtime::lifecycle::Lifecycle;
use fenliu_runtime::sql::Database;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use self::ledger::Ledger;
use super::{Body, Fault, History};
use crate::without::{Part, is_off};

/// Most events one transaction stores, unless a single tail is longer. Events that several tails share count once:
/// callers of one shop who wait together bring much the same tail.
const BATCH_EVENTS: u64 = 512;
/// Most tails that may wait for the writer.
const QUEUE_LIMIT: usize = 4_096;
/// How often a batch whose commit failed is tried before its callers are told.
const TRIES: usize = 3;

/// A tail to store.
#[derive(Debug)]
pub(crate) struct Disposal {
    /// The shop.
    pub(crate) shop: ShopId,
    /// The life of the live desk it comes from.
    pub(crate) epoch: Epoch,
    /// Its pending events, whole and in order.
    pub(crate) tail: Vec<Arc<Event>>,
    /// The content of events that this caller has.
    pub(crate) bodies: Vec<Content>,
}

/// What was said in an event.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    /// The event.
    pub(crate) event: EventId,
    /// Its conversation.
    pub(crate) conversation: ConversationId,
    /// What was said.
    pub(crate) body: Body,
}

/// Why a tail was not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DisposeError {
    /// It was decided on another past than the stored one.
    Fork,
    /// The store does not answer, or too much waits for it. Whether it was stored is unknown.
    Unavailable,
}

type Answer = oneshot::Sender<Result<(), DisposeError>>;

/// The way to the writer's task. Clones lead to the same one.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    queue: mpsc::Sender<(Disposal, Answer)>,
    refusing: Arc<AtomicBool>,
    position: watch::Receiver<i64>,
}

impl Writer {
    /// Starts the writer's task. It ends when the last way to it is dropped, so that calls in flight can end.
    pub(crate) async fn start(
        database: Database,
        live: Arc<dyn LiveDesk>,
        lifecycle: &Lifecycle,
    ) -> Result<Self, Fault> {
        let (queue, waiting) = mpsc::channel(QUEUE_LIMIT);
        let news = live.announcements();
        let history = History::new(database.clone());
        let (head, position) = watch::channel(history.position().await?);
        lifecycle.spawn(keep_up(head.clone(), news, history, lifecycle.soft()));
        let refusing = Arc::new(AtomicBool::new(false));
        let ledger = Ledger::default();
        let task = Task { database, live, head, refusing: refusing.clone(), ledger };
        lifecycle.spawn(task.run(waiting));
        Ok(Self { queue, refusing, position })
    }

    /// Stores a tail; answers after the commit.
    pub(crate) async fn dispose(&self, disposal: Disposal) -> Result<(), DisposeError> {
        let (answer, answered) = oneshot::channel();
        self.queue.try_send((disposal, answer)).map_err(|_| DisposeError::Unavailable)?;
        if is_off(Part::Commit) {
            return Ok(());
        }
        answered.await.unwrap_or(Err(DisposeError::Unavailable))
    }

    /// Asks whether the store takes anything, by a commit of nothing.
    pub(crate) async fn probe(&self, shop: ShopId) -> Result<(), DisposeError> {
        self.dispose(Disposal { shop, epoch: Epoch(0), tail: Vec::new(), bodies: Vec::new() }).await
    }

    /// Whether the store refused the last batch, so that proposing more would only fill the tails.
    pub(crate) fn is_refusing(&self) -> bool {
        self.refusing.load(Ordering::Relaxed)
    }

    /// The position of the last stored event, as it grows.
    pub(crate) fn position(&self) -> watch::Receiver<i64> {
        self.position.clone()
    }
}

/// What one transaction stores, and who waits for it.
#[derive(Debug, Default)]
struct Batch {
    disposals: Vec<Disposal>,
    answers: Vec<Answer>,
    /// Different events in it, at most.
    events: u64,
    /// The last event of each shop in it.
    reached: HashMap<ShopId, Seq>,
}

impl Batch {
    fn add(&mut self, (disposal, answer): (Disposal, Answer)) {
        if let (Some(first), Some(last)) = (disposal.tail.first(), disposal.tail.last()) {
            let reached = self.reached.entry(disposal.shop).or_default();
            let before = reached.0.max(first.seq.0.saturating_sub(1));
            self.events += last.seq.0.saturating_sub(before);
            *reached = (*reached).max(last.seq);
        }
        self.disposals.push(disposal);
        self.answers.push(answer);
    }
}

/// Lets the stored position grow with what other replicas store, until the server shuts down.
async fn keep_up(
    head: watch::Sender<i64>,
    mut news: broadcast::Receiver<News>,
    history: History,
    soft: CancellationToken,
) {
    loop {
        let news = tokio::select! {
            () = soft.cancelled() => return,
            news = news.recv() => news,
        };
        match news {
            Ok(News::Stored(news)) => advance(&head, news.position),
            Ok(News::Missed) | Err(RecvError::Lagged(_)) => match history.position().await {
                Ok(position) => advance(&head, position),
                Err(error) => tracing::warn!(%error, "it is not known how far the history has got"),
            },
            Err(RecvError::Closed) => return,
        }
    }
}

fn advance(head: &watch::Sender<i64>, position: i64) {
    head.send_if_modified(|head| std::mem::replace(head, position.max(*head)) < position);
}

struct Task {
    database: Database,
    live: Arc<dyn LiveDesk>,
    head: watch::Sender<i64>,
    refusing: Arc<AtomicBool>,
    ledger: Ledger,
}

impl Task {
    async fn run(mut self, mut waiting: mpsc::Receiver<(Disposal, Answer)>) {
        while let Some(first) = waiting.recv().await {
            let mut batch = Batch::default();
            batch.add(first);
            while batch.events < BATCH_EVENTS {
                let Ok(next) = waiting.try_recv() else { break };
                batch.add(next);
            }
            self.store(batch).await;
        }
    }

    /// Stores a batch, answers everybody, and then, off their path, confirms and announces.
    async fn store(&mut self, batch: Batch) {
        let Batch { disposals, answers, .. } = batch;
        let disposals = Arc::new(disposals);
        if let Some(stored) = self.commit(&disposals).await {
            self.refusing.store(false, Ordering::Relaxed);
            return self.end(&disposals, answers, &stored).await;
        }
        let nothing = Arc::new(Vec::new());
        let shops: BTreeSet<_> = disposals.iter().map(|disposal| disposal.shop).collect();
        if shops.len() > 1 && self.commit_once(nothing).await.is_ok() {
            tracing::error!(
                shops = shops.len(),
                "the store takes nothing with these shops in it; each is tried apart"
            );
            self.store_apart(disposals, answers).await;
        } else {
            self.refusing.store(true, Ordering::Relaxed);
            for answer in answers {
                // A caller that has gone needs no answer.
                let _ = answer.send(Err(DisposeError::Unavailable));
            }
        }
    }

    /// Stores each shop's part of a batch in a transaction of its own.
    async fn store_apart(&mut self, disposals: Arc<Vec<Disposal>>, answers: Vec<Answer>) {
        // The transactions are over and have given their share of the batch back.
        let disposals = Arc::into_inner(disposals).unwrap_or_default();
        let mut shops: BTreeMap<ShopId, (Vec<Disposal>, Vec<Answer>)> = BTreeMap::new();
        for (disposal, answer) in disposals.into_iter().zip(answers) {
            let part = shops.entry(disposal.shop).or_default();
            part.0.push(disposal);
            part.1.push(answer);
        }
        for (disposals, answers) in shops.into_values() {
            let disposals = Arc::new(disposals);
            match self.commit_once(disposals.clone()).await {
                Ok(stored) => self.end(&disposals, answers, &stored).await,
                // Dropping the answers tells their callers.
                Err(error) => {
                    let shop = disposals.first().map(|disposal| disposal.shop);
                    tracing::error!(%error, ?shop, "nothing of this shop can be stored");
                }
            }
        }
    }

    /// Tells everybody how a batch that was committed ended.
    async fn end(&self, disposals: &[Disposal], answers: Vec<Answer>, stored: &store::Stored) {
        advance(&self.head, stored.position);
        for (answer, fits) in answers.into_iter().zip(&stored.fits) {
            let _ = answer.send(if *fits { Ok(()) } else { Err(DisposeError::Fork) });
        }
        self.confirm(disposals, stored).await;
    }

    /// Commits the batch; `None` when the store refuses it again and again.
    async fn commit(&mut self, disposals: &Arc<Vec<Disposal>>) -> Option<store::Stored> {
        for attempt in 1..=TRIES {
            match self.commit_once(disposals.clone()).await {
                Ok(stored) => return Some(stored),
                // The outcome of the commit may be unknown: the same batch again finds what was stored.
                Err(error) => tracing::warn!(%error, attempt, "a batch of events was not stored"),
            }
        }
        None
    }

    async fn commit_once(&mut self, disposals: Arc<Vec<Disposal>>) -> Result<store::Stored, Fault> {
        let told = *self.head.borrow();
        store::commit(&self.database, &mut self.ledger, told, disposals).await
    }

    async fn confirm(&self, disposals: &[Disposal], stored: &store::Stored) {
        let mut heads: BTreeMap<ShopId, (Epoch, Head)> = BTreeMap::new();
        for (disposal, _) in disposals.iter().zip(&stored.fits).filter(|(_, fits)| **fits) {
            let Some(last) = disposal.tail.last() else { continue };
            let head = Head { seq: last.seq, event: last.id };
            let known = heads.entry(disposal.shop).or_insert((disposal.epoch, head));
            if known.1.seq < head.seq {
                *known = (disposal.epoch, head);
            }
        }
        for (shop, (epoch, head)) in heads {
            // A desk that has begun another life has nothing to confirm.
            if self.live.confirm(shop, epoch, head).await == Err(ConfirmError::Forked) {
                tracing::warn!(%shop, "the live desk holds another event than what is stored, and is dropped");
                self.live.invalidate(shop, epoch).await;
            }
            let position = stored.position;
            self.live.announce(Announcement { shop, seq: head.seq, position }).await;
        }
    }
}
