//! Followers of the history, one at each replica, and readers that never read.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fenliu_domain::ids::EventId;
use fenliu_domain::problem::Reason;
use fenliu_proto::dispatch::v1 as proto;
use fenliu_proto::status::reason_of;
use fenliu_tests::clients::Clients;
use tokio::task::JoinHandle;
use tonic::{Status, Streaming};

use crate::clock;
use crate::stage::Stage;

/// How long a follower waits before it asks for the stream again.
const AGAIN_INTERVAL: Duration = Duration::from_millis(100);
/// How long a stream may take to begin.
const BEGIN_LIMIT: Duration = Duration::from_secs(4);
/// A stream that says nothing for so long is asked for again: a dead connection says nothing either.
const SILENCE_LIMIT: Duration = Duration::from_secs(3);
/// How long a slow follower does something else between two messages.
const DAWDLE: Duration = Duration::from_millis(400);

/// What a follower saw: positions and events, in the order in which it saw them.
pub(crate) type Sight = Vec<(i64, EventId)>;

/// A follower at work.
pub(crate) struct Follower {
    shared: Arc<Shared>,
    clients: Clients,
    task: Mutex<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    seen: Mutex<Sight>,
    /// It takes its time.
    slow: AtomicBool,
    /// How often it was told that the history was rewound, and began anew.
    rewinds: AtomicU64,
}

impl Follower {
    /// Follows a replica until it is dropped.
    pub(crate) fn start(stage: &Arc<Stage>, replica: usize) -> anyhow::Result<Self> {
        let shared = Arc::new(Shared::default());
        let clients = stage.clients(replica)?;
        let task = Mutex::new(tokio::spawn(follow(clients.clone(), shared.clone())));
        Ok(Self { shared, clients, task })
    }

    /// Has it crash in the middle of whatever it does, and come again with no more than this share of what it saw, in
    /// percent, which is what it had kept.
    pub(crate) async fn crash(&self, kept: usize) {
        let ended = {
            let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
            task.abort();
            std::mem::replace(&mut *task, tokio::spawn(std::future::ready(())))
        };
        // It says that it was aborted.
        let _ = ended.await;
        {
            let mut seen = self.shared.lock();
            let kept = seen.len() * kept / 100;
            seen.truncate(kept);
        }
        let again = tokio::spawn(follow(self.clients.clone(), self.shared.clone()));
        *self.task.lock().unwrap_or_else(PoisonError::into_inner) = again;
    }

    pub(crate) fn dawdle(&self, slow: bool) {
        self.shared.slow.store(slow, Ordering::Relaxed);
    }

    pub(crate) fn position(&self) -> i64 {
        self.shared.lock().last().map_or(0, |(position, _)| *position)
    }

    /// How often it was told that the history was rewound.
    pub(crate) fn rewinds(&self) -> u64 {
        self.shared.rewinds.load(Ordering::Relaxed)
    }

    /// What it has seen.
    pub(crate) fn sight(&self) -> Sight {
        self.shared.lock().clone()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.task.lock().unwrap_or_else(PoisonError::into_inner).abort();
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Sight> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, batch: proto::FollowEventsResponse) {
        let seen = batch.events.into_iter().filter_map(|stored| {
            let id = stored.event?.event_id.parse().ok()?;
            Some((stored.position, id))
        });
        self.lock().extend(seen);
    }
}

async fn follow(mut clients: Clients, shared: Arc<Shared>) {
    loop {
        if let Err(status) = read(&mut clients, &shared).await
            && reason_of(&status) == Some(Reason::HistoryRewound)
        {
            // What it saw is not what happened; it begins anew, as analytics does.
            shared.lock().clear();
            shared.rewinds.fetch_add(1, Ordering::Relaxed);
        }
        clock::pass(AGAIN_INTERVAL).await;
    }
}

/// Reads on from what it saw last until the stream ends or says nothing for a while.
async fn read(clients: &mut Clients, shared: &Shared) -> Result<(), Status> {
    let last = shared.lock().last().copied();
    let request = proto::FollowEventsRequest {
        after_position: last.map_or(0, |(position, _)| position),
        after_event_id: last.map(|(_, id)| id.to_string()).unwrap_or_default(),
    };
    let late = |_| Status::cancelled("it says nothing");
    let begun = tokio::time::timeout(BEGIN_LIMIT, clients.history.follow_events(request)).await;
    let mut stream = begun.map_err(late)??.into_inner();
    while let Some(batch) = tokio::time::timeout(SILENCE_LIMIT, stream.message()).await.map_err(late)?? {
        shared.take(batch);
        if shared.slow.load(Ordering::Relaxed) {
            clock::pass(DAWDLE).await;
        }
    }
    Ok(())
}

/// Streams of a replica that somebody opened and never reads.
pub(crate) struct DeafReaders {
    queues: Vec<Streaming<proto::WatchQueueResponse>>,
    histories: Vec<Streaming<proto::FollowEventsResponse>>,
}

impl DeafReaders {
    /// Opens streams of every kind, so many of each.
    pub(crate) async fn open(stage: &Stage, replica: usize, count: usize) -> anyhow::Result<Self> {
        let mut readers = Self { queues: Vec::new(), histories: Vec::new() };
        for number in 0..count {
            // A connection each, as its window is what fills.
            let mut clients = stage.clients(replica)?;
            let shop = &stage.house.shops[number % stage.house.shops.len()];
            let queue = proto::WatchQueueRequest { shop_id: shop.id.clone() };
            let history = proto::FollowEventsRequest::default();
            // Other faults may be in the way of some of them.
            if let Ok(Ok(stream)) = tokio::time::timeout(BEGIN_LIMIT, clients.queue.watch_queue(queue)).await
            {
                readers.queues.push(stream.into_inner());
            }
            let followed = tokio::time::timeout(BEGIN_LIMIT, clients.history.follow_events(history)).await;
            if let Ok(Ok(stream)) = followed {
                readers.histories.push(stream.into_inner());
            }
        }
        Ok(readers)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        (self.queues.len() + self.histories.len()) as u64
    }
}
