//! Everything that can be done to the stage, what shows that it was done, and what must be true meanwhile.

mod callers;
mod clocks;
mod history;
mod links;
mod postgres;
mod redis;
mod replicas;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use crate::clock;
use crate::followers::Follower;
use crate::proxy::Mode;
use crate::stage::Stage;

/// How long the history may be out of reach.
const TOLD_LIMIT: Duration = Duration::from_secs(30);

/// What a fault touches: two faults of one window touch different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Replicas,
    Redis,
    Postgres,
    CallersWay,
    RedisWay,
    PostgresWay,
    Callers,
    Readers,
    /// So much that nothing else can be told apart meanwhile.
    Everything,
}

impl Target {
    /// Whether two faults of these targets would be in each other's way.
    pub(crate) fn meets(self, other: Self) -> bool {
        self == other || self == Self::Everything || other == Self::Everything
    }
}

/// Who is served while a fault lasts, if no other fault is in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Served {
    /// Callers of either replica.
    Everybody,
    /// Callers of this replica; the other one does nothing.
    By(usize),
    /// Nobody is told OK, whatever else happens.
    Nobody,
    /// Some are.
    Somebody,
    /// Some are at any time, and nobody who asks again elsewhere is left without an answer.
    Always,
}

/// What came of a fault.
#[derive(Clone, Debug)]
pub(crate) struct Hit {
    /// How often it was shown to have been hit.
    pub(crate) count: u64,
    /// By what.
    pub(crate) evidence: String,
    /// From when to when it lasted.
    pub(crate) held: (Duration, Duration),
}

/// What a fault is done to, and until when.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'s> {
    pub(crate) stage: &'s Arc<Stage>,
    pub(crate) followers: &'s [Follower],
    /// When it must be over.
    pub(crate) end: Duration,
}

impl Scene<'_> {
    pub(crate) fn now(&self) -> Duration {
        self.stage.now()
    }

    pub(crate) fn is_over(&self) -> bool {
        self.now() >= self.end
    }

    /// Lets the time pass until it must be over.
    pub(crate) async fn hold(&self) {
        self.stage.watch.until(self.end).await;
    }

    /// Lets some time pass, but not beyond the end.
    pub(crate) async fn pass(&self, time: Duration) {
        self.stage.watch.until((self.now() + time).min(self.end)).await;
    }
}

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    ReplicaKilled,
    BothReplicasKilled,
    ReplicaStopped,
    RollingRestart,
    RollingUpgrade,
    KilledBeforeCommit,
    KilledBeforeReply,
    ClockAhead,
    ClockBehind,
    RedisStoppedBriefly,
    RedisStopped,
    RedisStoppedLong,
    RedisKilledEmpty,
    RedisOldData,
    RedisFlushed,
    RedisEpochDeleted,
    RedisScriptsFlushed,
    RedisFull,
    RedisBusy,
    RedisFailsOver,
    RedisSplit,
    RedisDamaged,
    RedisWrongType,
    RedisClientsKilled,
    PostgresKilled,
    PostgresFastStop,
    PostgresStopped,
    PostgresBackendsTerminated,
    PostgresTableLocked,
    PostgresConnectionsTaken,
    PostgresDiskFull,
    HistoryRestored,
    CallersReset,
    RedisReset,
    PostgresReset,
    CallersBlackHole,
    RedisBlackHole,
    PostgresBlackHole,
    CallersSlices,
    RedisSlices,
    PostgresSlices,
    CallersLate,
    RedisLate,
    PostgresLate,
    CallersGiveUp,
    SentThreeTimes,
    SentMuchLater,
    HeartbeatsStop,
    ReadersNeverRead,
    FollowerSlow,
    FollowerCrashed,
}

/// A fault as it is told of.
struct Told {
    name: &'static str,
    target: Target,
    served: Served,
    /// What must be true, in words.
    expected: &'static str,
}

const fn of(name: &'static str, target: Target, served: Served, expected: &'static str) -> Told {
    Told { name, target, served, expected }
}

impl Fault {
    /// All of them.
    pub(crate) const ALL: [Self; 51] = [
        Self::ReplicaKilled,
        Self::BothReplicasKilled,
        Self::ReplicaStopped,
        Self::RollingRestart,
        Self::RollingUpgrade,
        Self::KilledBeforeCommit,
        Self::KilledBeforeReply,
        Self::ClockAhead,
        Self::ClockBehind,
        Self::RedisStoppedBriefly,
        Self::RedisStopped,
        Self::RedisStoppedLong,
        Self::RedisKilledEmpty,
        Self::RedisOldData,
        Self::RedisFlushed,
        Self::RedisEpochDeleted,
        Self::RedisScriptsFlushed,
        Self::RedisFull,
        Self::RedisBusy,
        Self::RedisFailsOver,
        Self::RedisSplit,
        Self::RedisDamaged,
        Self::RedisWrongType,
        Self::RedisClientsKilled,
        Self::PostgresKilled,
        Self::PostgresFastStop,
        Self::PostgresStopped,
        Self::PostgresBackendsTerminated,
        Self::PostgresTableLocked,
        Self::PostgresConnectionsTaken,
        Self::PostgresDiskFull,
        Self::HistoryRestored,
        Self::CallersReset,
        Self::RedisReset,
        Self::PostgresReset,
        Self::CallersBlackHole,
        Self::RedisBlackHole,
        Self::PostgresBlackHole,
        Self::CallersSlices,
        Self::RedisSlices,
        Self::PostgresSlices,
        Self::CallersLate,
        Self::RedisLate,
        Self::PostgresLate,
        Self::CallersGiveUp,
        Self::SentThreeTimes,
        Self::SentMuchLater,
        Self::HeartbeatsStop,
        Self::ReadersNeverRead,
        Self::FollowerSlow,
        Self::FollowerCrashed,
    ];

    fn told(self) -> Told {
        use Served::{Always, By, Everybody, Nobody, Somebody};
        use Target::{Everything, Postgres, Redis, Replicas};
        match self {
            Self::ReplicaKilled => of("replica-killed", Replicas, Somebody, "the other one serves"),
            Self::BothReplicasKilled => {
                of("both-replicas-killed", Replicas, Somebody, "they come back and serve")
            }
            Self::ReplicaStopped => of("replica-stopped", Replicas, By(1), "the other one serves every shop"),
            Self::RollingRestart => of("rolling-restart", Replicas, Always, "one of them always serves"),
            Self::RollingUpgrade => of("rolling-upgrade", Replicas, Always, "old or new, one always serves"),
            Self::KilledBeforeCommit => {
                of("killed-before-commit", Everything, By(1), "the other one stores it, or nobody")
            }
            Self::KilledBeforeReply => {
                of("killed-before-reply", Everything, By(1), "asked again, one effect")
            }
            Self::ClockAhead => {
                of("clock-ahead-1h", Replicas, By(1), "it takes nothing, the other one serves")
            }
            Self::ClockBehind => {
                of("clock-behind-1h", Replicas, By(1), "it takes nothing, the other one serves")
            }
            Self::RedisStoppedBriefly => {
                of("redis-stopped-0.4s", Redis, Everybody, "callers wait, and are served")
            }
            Self::RedisStopped => of("redis-stopped-2s", Redis, Somebody, "served again at once"),
            Self::RedisStoppedLong => of("redis-stopped-long", Redis, Nobody, "nobody is told OK"),
            Self::RedisKilledEmpty => of("redis-killed-empty", Redis, Somebody, "rebuilt from the history"),
            Self::RedisOldData => of("redis-old-data", Redis, Somebody, "what is old is found out"),
            Self::RedisFlushed => of("redis-flushed", Redis, Everybody, "rebuilt under load"),
            Self::RedisEpochDeleted => of("redis-epoch-deleted", Redis, Everybody, "rebuilt under load"),
            Self::RedisScriptsFlushed => of("redis-scripts-flushed", Redis, Everybody, "nobody notices"),
            Self::RedisFull => of("redis-full", Redis, Nobody, "nobody is told OK"),
            Self::RedisBusy => of("redis-busy", Redis, Nobody, "nobody is told OK"),
            Self::RedisFailsOver => of("redis-fails-over", Redis, Somebody, "the lag is found out"),
            Self::RedisSplit => of("redis-split", Redis, Somebody, "the fence keeps one past"),
            Self::RedisDamaged => of("redis-damaged", Redis, Everybody, "what is damaged is rebuilt"),
            Self::RedisWrongType => of("redis-wrong-type", Redis, Everybody, "what is damaged is rebuilt"),
            Self::RedisClientsKilled => of("redis-clients-killed", Redis, Everybody, "they connect again"),
            Self::PostgresKilled => {
                of("postgres-killed", Postgres, Somebody, "served again after its recovery")
            }
            Self::PostgresFastStop => of("postgres-fast-stop", Postgres, Nobody, "nobody is told OK"),
            Self::PostgresStopped => of("postgres-stopped", Postgres, Nobody, "nobody is told OK"),
            Self::PostgresBackendsTerminated => {
                of("postgres-backends-terminated", Postgres, Everybody, "they connect again")
            }
            Self::PostgresTableLocked => of("postgres-table-locked", Postgres, Nobody, "nobody is told OK"),
            Self::PostgresConnectionsTaken => {
                of("postgres-connections-taken", Postgres, Somebody, "served again at once")
            }
            Self::PostgresDiskFull => {
                of("postgres-disk-full", Postgres, Somebody, "served again after its recovery")
            }
            Self::HistoryRestored => {
                of("history-restored", Everything, Somebody, "the history has the last word")
            }
            _ => self.told_of_ways_and_callers(),
        }
    }

    fn told_of_ways_and_callers(self) -> Told {
        use Served::{By, Everybody, Somebody};
        use Target::{Callers, CallersWay, PostgresWay, Readers, Redis, RedisWay};
        match self {
            Self::CallersReset => of("callers-reset", CallersWay, Everybody, "asked again, one effect"),
            Self::RedisReset => of("redis-way-reset", RedisWay, Everybody, "asked again, one effect"),
            Self::PostgresReset => of("postgres-way-reset", PostgresWay, Somebody, "asked again, one effect"),
            Self::CallersBlackHole => of("callers-black-hole", CallersWay, By(1), "the other one serves"),
            Self::RedisBlackHole => of("redis-way-black-hole", RedisWay, By(1), "the other one serves"),
            Self::PostgresBlackHole => {
                of("postgres-way-black-hole", PostgresWay, By(1), "the other one serves")
            }
            Self::CallersSlices => of("callers-slices", CallersWay, Everybody, "nobody notices"),
            Self::RedisSlices => of("redis-way-slices", RedisWay, Everybody, "nobody notices"),
            Self::PostgresSlices => of("postgres-way-slices", PostgresWay, Somebody, "slower, and served"),
            Self::CallersLate => of("callers-late", CallersWay, Everybody, "slower, and served"),
            Self::RedisLate => of("redis-way-late", RedisWay, Everybody, "slower, and served"),
            Self::PostgresLate => of("postgres-way-late", PostgresWay, Somebody, "slower, and served"),
            Self::CallersGiveUp => of("callers-give-up", Callers, Somebody, "nothing is left half done"),
            Self::SentThreeTimes => of("sent-three-times", Callers, Everybody, "one effect"),
            Self::SentMuchLater => of("sent-much-later", Callers, Everybody, "the first answer"),
            Self::HeartbeatsStop => of("heartbeats-stop", Redis, Everybody, "nobody is logged off"),
            Self::ReadersNeverRead => of("readers-never-read", Readers, Everybody, "nobody notices"),
            Self::FollowerSlow => of("follower-slow", Readers, Everybody, "it catches up"),
            _ => of("follower-crashed", Readers, Everybody, "it goes on where it was"),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        self.told().name
    }

    pub(crate) fn target(self) -> Target {
        self.told().target
    }

    pub(crate) fn served(self) -> Served {
        self.told().served
    }

    pub(crate) fn expected(self) -> &'static str {
        self.told().expected
    }

    /// The fault of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.name() == name)
    }

    /// Whether others can be served as usual while it lasts.
    pub(crate) fn is_mild(self) -> bool {
        let slows = matches!(self, Self::CallersLate | Self::RedisLate | Self::CallersGiveUp);
        self.served() == Served::Everybody && self != Self::RedisStoppedBriefly && !slows
    }

    /// Does it, holds it, and undoes it.
    pub(crate) async fn act(self, scene: Scene<'_>) -> anyhow::Result<Hit> {
        match self.target() {
            Target::Replicas | Target::Everything => replicas::act(self, scene).await,
            Target::Redis => redis::act(self, scene).await,
            Target::Postgres => postgres::act(self, scene).await,
            Target::CallersWay | Target::RedisWay | Target::PostgresWay => {
                links::act(self.target(), self.mode(), scene).await
            }
            Target::Callers | Target::Readers => callers::act(self, scene).await,
        }
    }

    const fn mode(self) -> Mode {
        match self {
            Self::CallersReset | Self::RedisReset | Self::PostgresReset => Mode::Reset,
            Self::CallersBlackHole | Self::RedisBlackHole | Self::PostgresBlackHole => Mode::BlackHole,
            Self::CallersSlices | Self::RedisSlices | Self::PostgresSlices => Mode::Slices,
            Self::CallersLate | Self::RedisLate | Self::PostgresLate => Mode::Late,
            _ => Mode::Pass,
        }
    }
}

/// How many agents have been logged off so far, as soon as PostgreSQL, which may have a fault of its own, tells.
async fn lapses(scene: Scene<'_>) -> anyhow::Result<usize> {
    let mut told = None;
    clock::wait_for(TOLD_LIMIT, "the history is read", async || {
        told = scene.stage.lapses().await.ok();
        told.is_some()
    })
    .await?;
    told.context("nothing was told")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_lists_every_fault_and_what_must_be_true() {
        let readme = std::fs::read_to_string(fenliu_tests::program::root().join("README.md"));
        let readme = readme.expect("there is a README");
        let (_, list) = readme.split_once("### What it survives").expect("it lists the faults");
        let rows: Vec<_> =
            list.lines().filter(|line| line.starts_with("| `")).take(Fault::ALL.len()).collect();
        let expected = Fault::ALL.map(|fault| format!("| `{}` | {} |", fault.name(), fault.expected()));
        assert_eq!(rows, expected);
    }
}
