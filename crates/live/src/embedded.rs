//! Every desk in this process: the engine of one machine, and the oracle of the others.

mod beats;
mod due;
mod watched;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use fenliu_domain::desk::agent::Agent;
use fenliu_domain::desk::command::{Attempt, BuyerMessage};
use fenliu_domain::desk::event::{Event, Seq};
use fenliu_domain::desk::policy::Policy;
use fenliu_domain::desk::preview::Preview;
use fenliu_domain::desk::snapshot::Snapshot;
use fenliu_domain::desk::{Desk, Head};
use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::time::Timestamp;
use tokio::sync::broadcast;

use crate::port::{
    Announcement, Beat, Board, ConfirmError, DeskInfo, Epoch, Known, LAPSE_SPAN, Lapsed, LiveDesk, LookError,
    News, Proposal, ProposeError, QueueView,
};
use crate::room::Room;
use due::DueIndex;
use watched::WatchedRoom;

/// Most announcements a slow listener may be behind before it is told so.
const ANNOUNCEMENT_BACKLOG: usize = 1_024;
/// Locks the shops are spread over.
const SHARDS: usize = 64;

type Shard = Mutex<HashMap<ShopId, WatchedRoom>>;

/// Every desk in this process.
#[derive(Debug)]
pub struct EmbeddedDesks {
    shards: Vec<Shard>,
    due: Mutex<DueIndex>,
    announcements: broadcast::Sender<News>,
}

impl Default for EmbeddedDesks {
    fn default() -> Self {
        Self::new()
    }
}

impl EmbeddedDesks {
    /// No desks yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            due: Mutex::new(DueIndex::default()),
            announcements: broadcast::Sender::new(ANNOUNCEMENT_BACKLOG),
        }
    }

    fn shard(&self, shop: ShopId) -> MutexGuard<'_, HashMap<ShopId, WatchedRoom>> {
        // The low bits of an id are random, so they spread evenly.
        let place = usize::try_from(shop.bits() % (SHARDS as u128)).unwrap_or(0);
        lock(&self.shards[place])
    }

    /// Looks at a shop's room.
    fn look<T>(&self, shop: ShopId, look: impl FnOnce(&Room) -> T) -> Result<T, LookError> {
        self.shard(shop).get(&shop).map(|watched| look(&watched.room)).ok_or(LookError::NotLoaded)
    }

    /// Changes a shop's room, and notes when something of it is due next.
    fn change<T>(&self, shop: ShopId, change: impl FnOnce(&mut WatchedRoom) -> T) -> Result<T, LookError> {
        let mut shard = self.shard(shop);
        let room = shard.get_mut(&shop).ok_or(LookError::NotLoaded)?;
        let changed = change(room);
        let due = room.due();
        drop(shard);
        lock(&self.due).set(shop, due);
        Ok(changed)
    }

    fn install(&self, epoch: Epoch, desk: Desk, now: Timestamp) {
        let shop = desk.shop();
        self.shard(shop).entry(shop).or_insert_with(|| WatchedRoom::new(epoch, desk, now));
        // The room is there; setting its due time cannot fail.
        let _ = self.change(shop, |_| ());
    }
}

/// A lock whose holder panicked still guards sound data: a desk changes only by whole events.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl LiveDesk for EmbeddedDesks {
    async fn propose(
        &self,
        shop: ShopId,
        now: Timestamp,
        known: Known,
        attempt: Attempt,
    ) -> Result<Proposal, ProposeError> {
        self.change(shop, |room| room.propose(now, known, attempt)).map_err(|_| ProposeError::NotLoaded)?
    }

    async fn tail(&self, shop: ShopId) -> Result<(Epoch, Vec<Arc<Event>>), LookError> {
        self.look(shop, Room::pending)
    }

    async fn confirm(&self, shop: ShopId, epoch: Epoch, head: Head) -> Result<(), ConfirmError> {
        self.change(shop, |watched| watched.room.confirm(epoch, head))
            .map_err(|_| ConfirmError::OtherEpoch)?
    }

    async fn restore(&self, epoch: Epoch, snapshot: Snapshot, now: Timestamp) -> Option<Seq> {
        self.install(epoch, Desk::restore(snapshot), now);
        None
    }

    async fn begin(&self, epoch: Epoch, shop: ShopId) -> Option<Seq> {
        self.install(epoch, Desk::new(shop), Timestamp::MIN);
        None
    }

    /// A desk of this process is never older than the process, and a history is restored before that.
    async fn outlive(&self, _: ShopId, _: Seq) {}

    async fn invalidate(&self, shop: ShopId, epoch: Epoch) {
        let mut shard = self.shard(shop);
        if shard.get(&shop).is_some_and(|watched| watched.room.epoch() == epoch) {
            shard.remove(&shop);
            drop(shard);
            lock(&self.due).set(shop, None);
        }
    }

    async fn beat(
        &self,
        shop: ShopId,
        agent: AgentId,
        device: &str,
        now: Timestamp,
    ) -> Result<Option<Beat>, LookError> {
        self.change(shop, |room| room.beat(agent, device, now))
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Vec<ShopId> {
        lock(&self.due).until(now, limit)
    }

    async fn missing(&self, shops: &[ShopId]) -> Vec<ShopId> {
        shops.iter().copied().filter(|shop| !self.shard(*shop).contains_key(shop)).collect()
    }

    async fn snapshot(&self, shop: ShopId) -> Result<Option<(Epoch, Snapshot)>, LookError> {
        self.look(shop, Room::snapshot)
    }

    async fn lapsed(&self, now: Timestamp, limit: usize) -> Lapsed {
        let mut lapsed = Lapsed::default();
        for shard in &self.shards {
            for (shop, room) in lock(shard).iter() {
                lapsed.watched += room.watched();
                lapsed.silent += room.lapsed(now + LAPSE_SPAN).count();
                lapsed.agents.extend(room.lapsed(now).map(|agent| (*shop, agent)));
            }
        }
        lapsed.agents.sort_unstable();
        lapsed.agents.truncate(limit);
        lapsed
    }

    async fn agent(&self, shop: ShopId, agent: AgentId) -> Result<Option<Agent>, LookError> {
        self.look(shop, |room| room.desk().agent(agent).cloned())
    }

    async fn board(&self, shop: ShopId) -> Result<Board, LookError> {
        self.look(shop, Room::board)
    }

    async fn queue(&self, shop: ShopId, limit: usize) -> Result<QueueView, LookError> {
        self.look(shop, |room| room.queue(limit))
    }

    async fn preview(
        &self,
        shop: ShopId,
        now: Timestamp,
        message: &BuyerMessage,
    ) -> Result<Preview, LookError> {
        self.look(shop, |room| room.desk().preview(now, message))
    }

    async fn info(&self, shop: ShopId) -> Result<DeskInfo, LookError> {
        self.look(shop, Room::info)
    }

    async fn policy(&self, shop: ShopId) -> Result<Policy, LookError> {
        self.look(shop, |room| room.desk().policy().0.clone())
    }

    async fn announce(&self, announcement: Announcement) {
        // Nobody listening is fine.
        let _ = self.announcements.send(News::Stored(announcement));
    }

    fn announcements(&self) -> broadcast::Receiver<News> {
        self.announcements.subscribe()
    }
}
