//! Live desks of many replicas: Redis puts what is asked of a desk into one order, and every replica decides it by itself.
//!
//! The machine is deterministic, so replicas that decide the same attempts in the same order come to the same desk, the
//! same events and the same refusals. Redis therefore needs to know no rule: one call puts an attempt at the end of its
//! shop's order, unless what its replica decided before is not what stands there, and brings back what other replicas put
//! there meanwhile. An attempt stays in Redis until its events are stored; whoever makes it may die, and the next who asks
//! anything of that desk, or the sweeper, decides it too and stores what came of it.
//!
//! `keys` documents what is in Redis, the scripts are in `crates/live/lua`, `local` is a desk as one replica knows it,
//! `flight` the way there and back, `life` how a life of a desk begins and ends.
//!
//! Invariants: a script validates before it writes, touches one slot and is bounded; a replica decides every attempt of a
//! life in its order, or drops the desk; a life that does not fit the history ends, and the next begins from the history.

mod address;
mod codec;
#[cfg(test)]
mod differential;
mod flight;
mod held;
mod keys;
mod life;
mod link;
mod local;
mod news;
#[cfg(any(test, feature = "testing"))]
mod scratch;
mod scripts;
mod shop;
mod sweep;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use fenliu_domain::desk::agent::{Agent, Presence};
use fenliu_domain::desk::command::{Attempt, BuyerMessage, Ordered};
use fenliu_domain::desk::event::{Event, Seq};
use fenliu_domain::desk::policy::Policy;
use fenliu_domain::desk::preview::Preview;
use fenliu_domain::desk::snapshot::Snapshot;
use fenliu_domain::desk::{Desk, Head};
use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::time::{Span, Timestamp};
use tokio::sync::{Notify, broadcast, oneshot};

pub use self::codec::AttemptCodec;
#[cfg(test)]
pub(crate) use self::scratch::ScratchSentinel;
#[cfg(any(test, feature = "testing"))]
pub use self::scratch::{ScratchCluster, ScratchRedis};

use self::held::Held;
use self::link::{Call, Link};
use self::shop::{Errand, Shop};
use crate::port::{
    Announcement, Beat, Board, ConfirmError, DeskInfo, Epoch, Known, Lapsed, LiveDesk, LookError, News,
    Proposal, ProposeError, QueueView,
};
use crate::room::Room;

/// What needs no heartbeat.
const AWAY: Presence = Presence::Offline;
/// Most announcements a slow listener may be behind before it is told so.
const ANNOUNCEMENT_BACKLOG: usize = 1_024;
/// Names the rules this build decides by; replicas with others do not share a life of a desk.
const RULES: &str = env!("FENLIU_RULES");

/// How Redis is reached.
#[derive(Clone, Debug)]
pub struct RedisConfig {
    /// Where it is: `redis://user:password@host:port`, `redis+cluster://user:password@host:port,host:port` or
    /// `redis+sentinel://user:password@host:port,host:port/name-of-the-master`; with `rediss` for TLS.
    pub url: String,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long an answer may take; what was asked may still take effect later.
    pub response_timeout: Duration,
    /// How far the clocks of this machine and of Redis may be apart; `None` = not looked at, for virtual clocks.
    pub max_skew: Option<Span>,
    /// Most desks a replica holds in its memory, save that none is let go while it is busy.
    pub max_desks: usize,
    /// Certificates in PEM of those whose word is taken for who Redis is, instead of those this machine trusts; with TLS only.
    pub ca_file: Option<PathBuf>,
}

impl RedisConfig {
    /// The usual way to a Redis at this URL.
    #[must_use]
    pub fn at(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            connect_timeout: Duration::from_secs(2),
            response_timeout: Duration::from_secs(2),
            max_skew: Some(Span::from_secs(2)),
            max_desks: 50_000,
            ca_file: None,
        }
    }

    /// How far clocks may be apart, as scripts are told: nothing where it is not looked at.
    fn skew_text(&self) -> String {
        self.max_skew.map(|skew| skew.micros().to_string()).unwrap_or_default()
    }
}

/// Live desks whose order is in Redis. Clones are the same ones.
#[derive(Clone)]
pub struct RedisDesks {
    engine: Arc<Engine>,
}

/// What the desks share.
struct Engine {
    config: RedisConfig,
    link: Link,
    codec: Arc<dyn AttemptCodec>,
    /// Tells this replica's announcements from the others'.
    replica: u128,
    shops: Mutex<Held>,
    /// Shops of which Redis is to be told up to where they are stored.
    untold: Mutex<BTreeSet<ShopId>>,
    wake: Notify,
    announcements: broadcast::Sender<News>,
    outgoing: tokio::sync::mpsc::Sender<Announcement>,
}

impl RedisDesks {
    /// Connects. `replica` is any number no other replica has.
    ///
    /// # Errors
    /// When Redis does not answer, or may throw away what it holds when its memory is full.
    pub async fn connect(
        config: RedisConfig,
        codec: Arc<dyn AttemptCodec>,
        replica: u128,
    ) -> Result<Self, ConnectError> {
        let link = Link::connect(&config).await?;
        sweep::expect_keeping(&link).await?;
        let held = config.max_desks;
        let (outgoing, waiting) = tokio::sync::mpsc::channel(ANNOUNCEMENT_BACKLOG);
        let engine = Arc::new(Engine {
            config,
            link,
            codec,
            replica,
            shops: Mutex::new(Held::new(held)),
            untold: Mutex::default(),
            wake: Notify::new(),
            announcements: broadcast::Sender::new(ANNOUNCEMENT_BACKLOG),
            outgoing,
        });
        engine.start(waiting);
        Ok(Self { engine })
    }

    /// How many desks it holds.
    #[cfg(test)]
    pub(crate) fn held(&self) -> usize {
        lock(&self.engine.shops).len()
    }
}

/// Why Redis cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The address is none.
    #[error("{0}")]
    Address(&'static str),
    /// It does not answer.
    #[error("Redis cannot be reached: {0}")]
    Unreached(String),
    /// The certificates that are to be trusted cannot be read.
    #[error("{}: {error}", path.display())]
    Certificates {
        /// Where they should be.
        path: PathBuf,
        /// What is wrong with them.
        error: String,
    },
    /// It would throw keys away when its memory is full.
    #[error("Redis evicts keys when its memory is full ({0}); set maxmemory-policy to noeviction")]
    Evicts(String),
}

impl From<::redis::RedisError> for ConnectError {
    fn from(error: ::redis::RedisError) -> Self {
        // It says all of its causes itself.
        Self::Unreached(error.to_string())
    }
}

impl Engine {
    fn shop(&self, id: ShopId) -> Arc<Shop> {
        lock(&self.shops).hold(id)
    }

    fn known(&self, id: ShopId) -> Result<Arc<Shop>, LookError> {
        lock(&self.shops).get(id).ok_or(LookError::NotLoaded)
    }

    /// Asks something of a shop; the answer comes by the errand's own way.
    fn ask(self: &Arc<Self>, shop: &Arc<Shop>, errand: Errand) {
        if shop.lock().ask(errand) {
            let (engine, shop) = (self.clone(), shop.clone());
            tokio::spawn(engine.fly_guarded(shop));
        }
    }

    /// Knows all that others have put into a shop's order before this call.
    async fn refresh(self: &Arc<Self>, id: ShopId) -> Result<Arc<Shop>, LookError> {
        let shop = self.known(id)?;
        let (answer, answered) = oneshot::channel();
        self.ask(&shop, Errand::Look { answer });
        answered.await.unwrap_or(Err(LookError::NotLoaded))?;
        Ok(shop)
    }

    /// Looks at a desk as it is now.
    async fn look<T>(
        self: &Arc<Self>,
        id: ShopId,
        look: impl FnOnce(&Room) -> T + Send,
    ) -> Result<T, LookError> {
        self.refresh(id).await?.look(look)
    }

    async fn beat(
        self: &Arc<Self>,
        id: ShopId,
        agent: AgentId,
        now: Timestamp,
    ) -> Result<Option<Beat>, LookError> {
        let shop = self.known(id)?;
        // Only whoever is there needs one; what others have decided of her meanwhile shows in the number.
        for _ in 0..2 {
            let (place, epoch, presence, grace) = {
                let state = shop.lock();
                let local = state.local.as_ref().ok_or(LookError::NotLoaded)?;
                let room = &local.room;
                (local.place(), room.epoch(), room.presence(agent), room.grace())
            };
            let lapses = now + grace;
            if let Some(presence) = presence.filter(|presence| *presence != AWAY) {
                let call = Call::of(&scripts::BEAT)
                    .key(&shop.keys.order)
                    .key(&shop.keys.beats)
                    .arg(&epoch.0.to_be_bytes()[..])
                    .arg(shop.keys.agent(agent))
                    .arg(lapses.micros())
                    .arg(now.micros())
                    .arg(self.config.skew_text());
                let number: i64 = self.link.run(&call).await.map_err(|error| unreachable(&error))?;
                if u64::try_from(number) == Ok(place.number) {
                    return Ok(Some(Beat { presence, lapses: Some(lapses) }));
                }
            }
            self.refresh(id).await?;
        }
        let presence = shop.look(|room| room.presence(agent))?;
        let grace = shop.look(Room::grace)?;
        let lapses = |presence| (presence != AWAY).then(|| now + grace);
        Ok(presence.map(|presence| Beat { presence, lapses: lapses(presence) }))
    }
}

fn unreachable(error: &::redis::RedisError) -> LookError {
    LookError::Unavailable(error.to_string())
}

/// A lock over plain data, which is sound whoever panicked while holding it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl LiveDesk for RedisDesks {
    async fn propose(
        &self,
        shop: ShopId,
        now: Timestamp,
        known: Known,
        attempt: Attempt,
    ) -> Result<Proposal, ProposeError> {
        let shop = self.engine.known(shop).map_err(|_| ProposeError::NotLoaded)?;
        let (answer, answered) = oneshot::channel();
        let attempt = Box::new(Ordered { attempt, now, is_new: known.is_new });
        self.engine.ask(&shop, Errand::Propose { attempt, known: known.seq, answer });
        answered.await.unwrap_or_else(|_| Err(ProposeError::Unavailable("its flight was lost".to_owned())))
    }

    async fn tail(&self, shop: ShopId) -> Result<(Epoch, Vec<Arc<Event>>), LookError> {
        self.engine.look(shop, Room::pending).await
    }

    async fn confirm(&self, shop: ShopId, epoch: Epoch, head: Head) -> Result<(), ConfirmError> {
        let shop = self.engine.known(shop).map_err(|_| ConfirmError::OtherEpoch)?;
        shop.lock().local.as_mut().ok_or(ConfirmError::OtherEpoch)?.confirm(epoch, head)?;
        self.engine.tell_later(&shop);
        Ok(())
    }

    async fn restore(&self, epoch: Epoch, snapshot: Snapshot, now: Timestamp) -> Option<Seq> {
        self.engine.install(epoch, Desk::restore(snapshot), now).await
    }

    async fn begin(&self, epoch: Epoch, shop: ShopId) -> Option<Seq> {
        self.engine.install(epoch, Desk::new(shop), Timestamp::default()).await
    }

    async fn outlive(&self, shop: ShopId, stored: Seq) {
        self.engine.outlive(&self.engine.shop(shop), stored).await;
    }

    async fn invalidate(&self, shop: ShopId, epoch: Epoch) {
        let shop = self.engine.shop(shop);
        self.engine.end_life(&shop, epoch).await;
    }

    async fn beat(
        &self,
        shop: ShopId,
        agent: AgentId,
        // An agent is alive while any device of theirs beats, so the last beat of all of them is enough.
        _device: &str,
        now: Timestamp,
    ) -> Result<Option<Beat>, LookError> {
        self.engine.beat(shop, agent, now).await
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Vec<ShopId> {
        self.engine.due(now, limit).await
    }

    async fn missing(&self, shops: &[ShopId]) -> Vec<ShopId> {
        self.engine.missing(shops).await
    }

    async fn snapshot(&self, shop: ShopId) -> Result<Option<(Epoch, Snapshot)>, LookError> {
        self.engine.look(shop, Room::snapshot).await
    }

    async fn lapsed(&self, now: Timestamp, limit: usize) -> Lapsed {
        self.engine.lapsed(now, limit).await
    }

    async fn agent(&self, shop: ShopId, agent: AgentId) -> Result<Option<Agent>, LookError> {
        self.engine.look(shop, move |room| room.desk().agent(agent).cloned()).await
    }

    async fn board(&self, shop: ShopId) -> Result<Board, LookError> {
        self.engine.look(shop, Room::board).await
    }

    async fn queue(&self, shop: ShopId, limit: usize) -> Result<QueueView, LookError> {
        self.engine.look(shop, move |room| room.queue(limit)).await
    }

    async fn preview(
        &self,
        shop: ShopId,
        now: Timestamp,
        message: &BuyerMessage,
    ) -> Result<Preview, LookError> {
        self.engine.look(shop, |room| room.desk().preview(now, message)).await
    }

    async fn info(&self, shop: ShopId) -> Result<DeskInfo, LookError> {
        self.engine.look(shop, Room::info).await
    }

    async fn policy(&self, shop: ShopId) -> Result<Policy, LookError> {
        self.engine.known(shop)?.look(|room| room.desk().policy().0.clone())
    }

    async fn announce(&self, announcement: Announcement) {
        // Nobody listening is fine; so is a wake-up that other replicas miss.
        let _ = self.engine.announcements.send(News::Stored(announcement));
        let _ = self.engine.outgoing.try_send(announcement);
    }

    fn announcements(&self) -> broadcast::Receiver<News> {
        self.engine.announcements.subscribe()
    }
}
