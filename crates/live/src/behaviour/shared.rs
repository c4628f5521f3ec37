//! What a Redis that several replicas share makes possible, and what it may go wrong by.

use std::sync::Arc;

use fenliu_domain::desk::Desk;
use fenliu_domain::desk::agent::Presence;
use fenliu_domain::desk::command::Command;
use fenliu_domain::desk::event::Seq;
use fenliu_domain::ids::ShopId;
use fenliu_domain::time::{Span, Timestamp};

use super::{ANN, FIRST, House, PATIENCE, Proto, SHOP, head, message};
use crate::port::{Announcement, Epoch, Known, Lapsed, LiveDesk, LookError, News, ProposeError};
use crate::redis::{RedisConfig, RedisDesks, ScratchRedis};

/// The commands and keys that `deploy/redis/fenliu.acl` allows are those that are needed.
#[tokio::test]
async fn redis_is_asked_for_no_more_than_its_acl_allows() {
    let directory = tempfile::tempdir().expect("a directory");
    let acl = directory.path().join("fenliu.acl");
    let shipped = include_str!("../../../../deploy/redis/fenliu.acl")
        .replace("user default off\n", "user default on nopass +ping\n");
    std::fs::write(&acl, shipped).expect("the file is written");
    let server = ScratchRedis::start(&["--aclfile", acl.to_str().expect("a path in UTF-8")]).await;
    let url = server.url().replace("redis://", "redis://fenliu:change-me@");
    let mut house = House::at(&url).await;
    house.propose(Command::SetPresence { agent: ANN, presence: Presence::Online, force: true }).await;
    house.desks.beat(SHOP, ANN, "phone", house.now).await.expect("loaded").expect("known");
    let proposal = house.propose(message("a")).await;
    house.desks.confirm(SHOP, FIRST, head(&proposal)).await.expect("it fits");
    let silent = house.now + Span::from_mins(1);
    assert_eq!(house.desks.due(silent, 10).await, Vec::new(), "all is stored, and nothing is due yet");
    assert_eq!(house.desks.lapsed(silent, 10).await.agents, vec![(SHOP, ANN)]);
    house.propose(Command::Lapse { agent: ANN }).await;
    let config = RedisConfig { max_skew: None, ..RedisConfig::at(&url) };
    let other = RedisDesks::connect(config, Arc::new(Proto), 2).await.expect("Redis is there");
    let mut news = other.announcements();
    let announcement = Announcement { shop: SHOP, seq: Seq(7), position: 9 };
    let heard = async {
        // Whoever has just come may not listen yet.
        while news.try_recv() != Ok(News::Stored(announcement)) {
            house.desks.announce(announcement).await;
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, heard).await.expect("the other replica hears of it");
    house.desks.invalidate(SHOP, FIRST).await;
    assert_eq!(house.desks.info(SHOP).await, Err(LookError::NotLoaded));
}

/// A copy of what Redis holds of the shop, and the way back to it: what a failover to a copy that lags looks like.
struct Lagging {
    connection: ::redis::aio::MultiplexedConnection,
    keys: Vec<(String, Vec<u8>)>,
}

impl Lagging {
    async fn copy(server: &ScratchRedis) -> Self {
        let client = ::redis::Client::open(server.url()).expect("a URL");
        let mut connection = client.get_multiplexed_async_connection().await.expect("it is there");
        let names: Vec<String> =
            ::redis::cmd("KEYS").arg("fl:*").query_async(&mut connection).await.expect("taken");
        let mut keys = Vec::new();
        for name in names {
            let dump = ::redis::cmd("DUMP").arg(&name).query_async(&mut connection).await.expect("taken");
            keys.push((name, dump));
        }
        Self { connection, keys }
    }

    async fn fail_over(mut self) {
        let _: () = ::redis::cmd("FLUSHALL").query_async(&mut self.connection).await.expect("taken");
        for (name, dump) in &self.keys {
            let mut restore = ::redis::cmd("RESTORE");
            restore.arg(name).arg(0).arg(dump.as_slice());
            let _: () = restore.query_async(&mut self.connection).await.expect("taken");
        }
    }
}

/// Two replicas of one house.
async fn two_replicas() -> (House, Arc<dyn LiveDesk>) {
    let house = House::redis().await;
    let server = house.redis.as_ref().expect("it has one");
    let other = RedisDesks::connect(server.config(), Arc::new(Proto), 2).await.expect("Redis is there");
    let (_, tail) = house.desks.tail(SHOP).await.expect("loaded");
    let mut desk = Desk::new(SHOP);
    desk.replay(&tail[0]).expect("the first event");
    other.restore(Epoch(2), desk.snapshot().expect("a desk"), house.now).await;
    (house, Arc::new(other))
}

#[tokio::test]
async fn on_redis_a_replica_that_decided_on_another_past_begins_anew() {
    let (mut house, other) = two_replicas().await;
    let before = Lagging::copy(house.redis.as_ref().expect("it has one")).await;
    house.propose(message("a")).await;
    before.fail_over().await;
    // The other one knows nothing of it, and goes on from what is left.
    for buyer in ["b", "c"] {
        let attempt = house.next(message(buyer));
        let known = Known { seq: Seq(0), is_new: false };
        other.propose(SHOP, house.now, known, attempt).await.expect("allowed");
    }
    let refused = house.attempt(Seq(0), message("d")).await.expect_err("its past is not theirs");
    assert_eq!(refused, ProposeError::NotLoaded);
}

#[tokio::test]
async fn on_redis_a_confirmation_of_another_past_ends_its_life() {
    let (mut house, other) = two_replicas().await;
    let before = Lagging::copy(house.redis.as_ref().expect("it has one")).await;
    let lost = house.propose(message("a")).await;
    before.fail_over().await;
    let (attempt, known) = (house.next(message("b")), Known { seq: Seq(0), is_new: false });
    other.propose(SHOP, house.now, known, attempt).await.expect("allowed");
    house.desks.confirm(SHOP, FIRST, head(&lost)).await.expect("here it fits");
    // What is known to be stored is told before anything is looked for.
    assert_eq!(house.desks.due(house.now, 10).await, [SHOP], "somebody must begin the next life");
    let attempt = house.next(message("c"));
    let gone = other.propose(SHOP, house.now, known, attempt).await.expect_err("the life has ended");
    assert_eq!(gone, ProposeError::NotLoaded);
}

#[tokio::test]
async fn on_redis_what_a_replica_left_behind_is_decided_by_the_next() {
    let (mut house, other) = two_replicas().await;
    let left = house.propose(message("a")).await;
    let (epoch, tail) = other.tail(SHOP).await.expect("loaded");
    assert_eq!(epoch, FIRST);
    assert!(tail.ends_with(&left.tail[1..]), "all that was proposed and not confirmed");
    let soon = house.now + Span::from_secs(1);
    assert_eq!(other.due(soon, 10).await, [SHOP], "somebody is called to store it");
}

#[tokio::test]
async fn a_replica_lets_go_of_desks_that_nobody_asks_for_and_loads_them_again() {
    const LIMIT: usize = 10;
    let shop = |number: u128| ShopId::from_bits(number);
    let server = ScratchRedis::start(&[]).await;
    let config = RedisConfig { max_desks: LIMIT, ..server.config() };
    let desks = RedisDesks::connect(config, Arc::new(Proto), 1).await.expect("Redis is there");
    let mut house = House::of(Arc::new(desks.clone()), Some(server)).await;
    for number in 100..200 {
        house.desks.begin(Epoch(number), shop(number)).await;
        assert!(desks.held() <= LIMIT, "{} are held", desks.held());
    }
    assert!(desks.held() > LIMIT / 2, "no more than needed are let go");
    assert!(house.desks.info(shop(199)).await.is_ok(), "those asked for last stay");
    assert_eq!(house.desks.info(shop(100)).await, Err(LookError::NotLoaded));
    house.desks.begin(Epoch(7), shop(100)).await;
    let tail = house.desks.tail(shop(100)).await.expect("it is loaded again");
    assert_eq!(tail, (Epoch(100), Vec::new()), "into the life it had");
    // The first one's events wait to be stored, so it was never let go.
    let proposal = house.propose(message("a")).await;
    assert_eq!(proposal.epoch, FIRST);
    assert_eq!(proposal.tail.first().map(|event| event.seq), Some(Seq(1)));
}

#[tokio::test]
async fn desks_that_no_replica_has_are_told_apart() {
    let server = ScratchRedis::start(&[]).await;
    let desks = RedisDesks::connect(server.config(), Arc::new(Proto), 1).await.expect("Redis is there");
    let house = House::of(Arc::new(desks), Some(server)).await;
    let shops: Vec<_> = (1..=2_500).map(ShopId::from_bits).collect();
    assert_eq!(house.desks.missing(&shops).await, shops[1..]);
    house.redis.as_ref().expect("its own").flush().await;
    let mut missing = house.desks.missing(&shops).await;
    missing.sort_unstable();
    assert_eq!(missing, shops);
}

/// What Redis takes for now.
async fn its_time(server: &ScratchRedis) -> Timestamp {
    let client = ::redis::Client::open(server.url()).expect("a URL");
    let mut connection = client.get_multiplexed_async_connection().await.expect("it is there");
    let (seconds, micros): (i64, i64) =
        ::redis::cmd("TIME").query_async(&mut connection).await.expect("taken");
    Timestamp::from_micros_clamped(seconds * 1_000_000 + micros)
}

/// A replica whose clock steps by an hour.
async fn a_clock_steps(by: Span) {
    let server = ScratchRedis::start(&[]).await;
    // What the others see: they look at no clock here, so that the test can tell them any time.
    let others = RedisDesks::connect(server.config(), Arc::new(Proto), 2).await.expect("Redis is there");
    let config = RedisConfig { max_skew: Some(Span::from_secs(60)), ..server.config() };
    let desks = RedisDesks::connect(config, Arc::new(Proto), 1).await.expect("Redis is there");
    let now = its_time(&server).await;
    let mut house = House::at_time(Arc::new(desks), Some(server), now).await;
    house.propose(Command::SetPresence { agent: ANN, presence: Presence::Online, force: true }).await;

    house.now = now + by;
    let refused = house.attempt(Seq(0), message("a")).await.expect_err("by no time of ours");
    assert!(matches!(&refused, ProposeError::Unavailable(why) if why.contains("clock")), "{refused:?}");
    let beat = house.desks.beat(SHOP, ANN, "phone", house.now).await;
    assert!(matches!(beat, Err(LookError::Unavailable(_))), "{beat:?}");
    assert_eq!(house.desks.due(house.now, 10).await, Vec::new());
    assert_eq!(house.desks.lapsed(house.now, 10).await, Lapsed::default());

    let soon = now + Span::from_secs(2);
    assert_eq!(others.due(soon, 10).await, [SHOP], "what waits is left to those whose clock is right");
    let silent = now + Span::from_secs(46);
    assert_eq!(others.lapsed(silent, 10).await.agents, [(SHOP, ANN)], "nobody is kept up by that beat");
    house.now = now;
    house.attempt(Seq(0), message("a")).await.expect("its clock is right again");
}

#[tokio::test]
async fn on_redis_a_replica_whose_clock_is_an_hour_ahead_takes_nothing_from_the_others() {
    a_clock_steps(Span::from_hours(1)).await;
}

#[tokio::test]
async fn on_redis_a_replica_whose_clock_is_an_hour_behind_takes_nothing_from_the_others() {
    a_clock_steps(Span::from_hours(-1)).await;
}
