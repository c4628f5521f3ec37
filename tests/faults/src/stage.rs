//! Everything a run plays on: stores, replicas, the links between them, and what is written down.

mod clock;
pub(crate) mod postgres;
pub(crate) mod redis;
pub(crate) mod replica;
pub(crate) mod signal;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fenliu_domain::desk::event::{Event, Payload, PresenceCause};
use fenliu_runtime::channel::connect_lazy;
use fenliu_tests::chance::Chance;
use fenliu_tests::clients::Clients;
use fenliu_tests::load::House;
use tokio::net::TcpListener;

use self::clock::Clock;
use self::postgres::Postgres;
use self::redis::Servers;
use self::replica::{Replica, Setting};
use crate::clock::Watch;
use crate::directory;
use crate::history::History;
use crate::ledger::Ledger;
use crate::proxy::{Link, Mode};

/// Replicas of dispatch.
pub(crate) const REPLICAS: usize = 2;
/// The schema of the history's tables.
pub(crate) const SCHEMA: &str = "faults";
/// Buyers of a shop who come again and again.
const BUYERS: usize = 40;
/// How long dispatch waits for an answer of Redis here: less than a fault lasts.
const REDIS_ANSWER_MS: &str = "1000";

/// What a run needs to be told.
#[derive(Clone, Debug)]
pub(crate) struct Needs {
    /// The dispatch that replicas are in the beginning, and the one that takes its place in an upgrade.
    pub(crate) versions: [PathBuf; 2],
    /// What stands between a replica and its clock: `tests/faults/clock.c`, built.
    pub(crate) clock: PathBuf,
    pub(crate) postgres: Postgres,
    /// Where logs, and the history of a run that failed, are left.
    pub(crate) place: PathBuf,
    pub(crate) seed: u64,
    /// What is switched off in the product, if something is.
    pub(crate) without: Option<String>,
}

/// The links of one replica.
#[derive(Clone, Debug)]
pub(crate) struct Links {
    /// From callers to it.
    pub(crate) callers: Link,
    /// From it to Redis.
    pub(crate) redis: Link,
    /// From it to PostgreSQL.
    pub(crate) postgres: Link,
}

/// Something that callers do differently while it is turned on, and how often they did.
#[derive(Debug, Default)]
pub(crate) struct Dial {
    on: AtomicBool,
    count: AtomicU64,
}

impl Dial {
    pub(crate) fn turn(&self, on: bool) {
        self.on.store(on, Ordering::Relaxed);
    }

    pub(crate) fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    /// Whether it is turned on, and then it counts.
    pub(crate) fn take(&self) -> bool {
        let on = self.is_on();
        self.count.fetch_add(u64::from(on), Ordering::Relaxed);
        on
    }

    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

/// What callers do differently.
#[derive(Debug, Default)]
pub(crate) struct Dials {
    /// They give up at any moment.
    pub(crate) give_up: Dial,
    /// They send every request three times, to both replicas.
    pub(crate) copy: Dial,
    /// They ask again, elsewhere, until they are answered.
    pub(crate) persist: Dial,
    /// They send old requests again all the time.
    pub(crate) repeat: Dial,
    /// Consoles are silent.
    pub(crate) silence: Dial,
    /// They are finished.
    pub(crate) stop: Dial,
}

/// What a replica is told of where it is.
fn environment(needs: &Needs, own: &Links, directory: SocketAddr, clock: &Clock) -> Vec<(String, String)> {
    let set = |name: &str, value: String| (format!("FENLIU_{name}"), value);
    let mut environment = vec![
        set("DIRECTORY__ADDRESS", format!("http://{directory}")),
        set("DATABASE__URL", needs.postgres.url(own.postgres.address().port())),
        set("DATABASE__SCHEMA", SCHEMA.to_owned()),
        set("LIVE__REDIS_URL", format!("redis://{}", own.redis.address())),
        set("LIVE__RESPONSE_TIMEOUT_MS", REDIS_ANSWER_MS.to_owned()),
        set("LIVE__CONNECT_TIMEOUT_MS", REDIS_ANSWER_MS.to_owned()),
        set("TELEMETRY__FILTER", "warn".to_owned()),
    ];
    environment.extend(needs.without.clone().map(|part| ("FAULTS_WITHOUT".to_owned(), part)));
    environment.extend(clock.environment(&needs.clock));
    environment
}

/// The stage.
pub(crate) struct Stage {
    pub(crate) seed: u64,
    pub(crate) watch: Watch,
    pub(crate) postgres: Postgres,
    pub(crate) redis: tokio::sync::Mutex<Servers>,
    pub(crate) links: Vec<Links>,
    pub(crate) replicas: Vec<Arc<Replica>>,
    /// The replicas' clocks.
    pub(crate) clocks: Vec<Clock>,
    /// The programs that replicas can be.
    pub(crate) versions: [PathBuf; 2],
    /// How often the history was restored from a backup.
    restores: AtomicU64,
    pub(crate) house: Arc<House>,
    pub(crate) ledger: Ledger,
    pub(crate) dials: Dials,
    chance: Mutex<Chance>,
}

impl Stage {
    /// Starts everything.
    pub(crate) async fn set(needs: &Needs) -> anyhow::Result<Arc<Self>> {
        let postgres = needs.postgres.clone();
        // As the one that is handed to us was not started by this program, it is not set as it should be.
        postgres.end(signal::Signal::Interrupt).await?;
        postgres.start().await?;
        let servers = Servers::start().await;
        let directory = directory::serve().await?;
        let (mut links, mut replicas, mut clocks) = (Vec::new(), Vec::new(), Vec::new());
        for number in 0..REPLICAS {
            let listen = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
            let own = Links {
                callers: Link::to(listen).await?,
                redis: Link::to(redis::address_of(&servers.first)).await?,
                postgres: Link::to(([127, 0, 0, 1], postgres.port).into()).await?,
            };
            let clock = Clock::right(&needs.place.join(format!("clock-{}", number + 1)))?;
            let setting = Setting {
                binary: needs.versions[0].clone(),
                listen,
                environment: environment(needs, &own, directory, &clock),
                log: needs.place.join(format!("replica-{}.log", number + 1)),
            };
            replicas.push(Replica::keep(setting));
            clocks.push(clock);
            links.push(own);
        }
        Ok(Arc::new(Self {
            seed: needs.seed,
            watch: Watch::start(),
            postgres,
            redis: tokio::sync::Mutex::new(servers),
            links,
            replicas,
            clocks,
            versions: needs.versions.clone(),
            restores: AtomicU64::default(),
            house: Arc::new(House::of(directory::shops(), directory::CAPACITY as i32, BUYERS)),
            ledger: Ledger::default(),
            dials: Dials::default(),
            chance: Mutex::new(Chance::new(needs.seed, u64::MAX)),
        }))
    }

    /// A new connection to a replica.
    pub(crate) fn clients(&self, replica: usize) -> anyhow::Result<Clients> {
        let address = self.links[replica].callers.address();
        Ok(Clients::new(&connect_lazy(format!("http://{address}").parse()?)))
    }

    pub(crate) fn now(&self) -> Duration {
        self.watch.now()
    }

    /// Notes that the history was restored from a backup.
    pub(crate) fn note_restore(&self) {
        self.restores.fetch_add(1, Ordering::Relaxed);
    }

    /// How often the history was restored from a backup.
    pub(crate) fn restores(&self) -> u64 {
        self.restores.load(Ordering::Relaxed)
    }

    /// A whole number below `count`.
    pub(crate) fn below(&self, count: usize) -> usize {
        self.chance.lock().unwrap_or_else(PoisonError::into_inner).below(count)
    }

    /// How many agents have been logged off for their silence so far.
    pub(crate) async fn lapses(&self) -> anyhow::Result<usize> {
        let database = self.postgres.connect().await?;
        let history = History::read(&database).await?;
        let lapsed = |event: &Event| {
            matches!(event.payload, Payload::PresenceChanged { cause: PresenceCause::Lapsed, .. })
        };
        Ok(history.events.iter().filter(|(_, event)| lapsed(event)).count())
    }

    /// Opens all ways again.
    pub(crate) fn heal(&self) {
        for links in &self.links {
            for link in [&links.callers, &links.redis, &links.postgres] {
                link.set(Mode::Pass);
            }
        }
    }
}
