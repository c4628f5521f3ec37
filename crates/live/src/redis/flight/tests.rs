use fenliu_domain::desk::agent::AgentEntry;
use fenliu_domain::desk::chatter::{Speaker, agent_id};
use fenliu_domain::desk::{Desk, Head};
use fenliu_domain::ids::{CommandId, ShopId};
use fenliu_domain::time::{Span, Timestamp};
use tokio::sync::oneshot;

use super::*;
use crate::behaviour::Proto;
use crate::port::{Known, Lapsed, LiveDesk, Proposal};
use crate::redis::{RedisDesks, ScratchRedis, scripts};

const SHOP: ShopId = ShopId::from_bits(5);

/// A desk that has been opened, on a Redis of its own.
async fn opened() -> (ScratchRedis, RedisDesks) {
    let server = ScratchRedis::start(&[]).await;
    let desks = RedisDesks::connect(server.config(), Arc::new(Proto), 1).await.expect("Redis is there");
    desks.begin(Epoch(1), SHOP).await;
    propose(&desks, Speaker::default().open()).await.expect("it opens");
    (server, desks)
}

async fn propose(desks: &RedisDesks, ordered: Ordered) -> Result<Proposal, ProposeError> {
    let known = Known { is_new: ordered.is_new, ..Known::default() };
    desks.propose(SHOP, ordered.now, known, ordered.attempt).await
}

fn tick(number: u128) -> Ordered {
    let mut tick = Speaker::default().open();
    tick.attempt.id = CommandId::from_bits(number << 12);
    tick.attempt.command = Command::TakeNext { agent: agent_id(1) };
    tick
}

/// While a flight is away its desk may be dropped and loaded again, with what the flight put into the order in it.
#[tokio::test]
async fn what_comes_back_to_a_desk_that_stands_elsewhere_is_not_decided_on_it() {
    let (_server, desks) = opened().await;
    let shop = desks.engine.known(SHOP).expect("it is loaded");
    let here = |state: &super::super::shop::State| {
        let local = state.local.as_ref().expect("it is loaded");
        (local.room.epoch(), local.place())
    };
    let from = here(&shop.lock());
    // Refused or not, each takes a place in the order.
    drop(propose(&desks, tick(7)).await);
    let since = here(&shop.lock());
    assert_ne!(from, since);
    for (from, answered) in [(from, false), ((Epoch(9), since.1), false), (since, true)] {
        let (answer, answers) = oneshot::channel();
        let errand = Errand::Propose { attempt: Box::new(tick(8)), known: Seq(0), answer };
        let missed = Missed { stored: 0, entries: Vec::new() };
        let back = Ok(Submitted::At(missed, Verdict::Put(vec![true])));
        desks.engine.land(&shop, from, vec![errand], back).await;
        let lost = answers.await.expect("everybody is answered").err() == Some(ProposeError::NotLoaded);
        assert_eq!((lost, here(&shop.lock()) == since), (!answered, !answered));
    }
}

#[tokio::test]
async fn an_attempt_that_cannot_be_read_ends_its_life_and_no_other() {
    let (_server, desks) = opened().await;
    let shop = desks.engine.known(SHOP).expect("it is loaded");
    let mut damage = redis::cmd("RPUSH");
    damage
        .arg(&shop.keys.tail)
        .arg([&scripts::command_bytes(Some(CommandId::from_bits(1 << 20)))[..], &[255; 9]].concat());
    desks.engine.link.query::<i64>(&damage).await.expect("Redis is there");
    let mut count = redis::cmd("HINCRBY");
    count.arg(&shop.keys.order).arg("number").arg(1);
    desks.engine.link.query::<i64>(&count).await.expect("Redis is there");
    assert_eq!(propose(&desks, tick(7)).await.err(), Some(ProposeError::NotLoaded));
    let there = redis::cmd("EXISTS").arg(&shop.keys.order).to_owned();
    assert_eq!(desks.engine.link.query::<i64>(&there).await.expect("Redis is there"), 0);
    desks.begin(Epoch(2), SHOP).await;
    let (epoch, tail) = desks.tail(SHOP).await.expect("the next life has begun");
    assert_eq!((epoch, tail.len()), (Epoch(2), 0));
}

/// Ways to damage what Redis has of a shop; `order` and `tail` stand for its keys.
const DAMAGES: [&str; 15] = [
    "SET order text",
    "SET tail text",
    "DEL tail",
    "HDEL order number",
    "HSET order number word",
    "HSET order number 123456789",
    "HSET order first word",
    "HSET order first -7",
    "HSET order first 55",
    "HSET order stored word",
    "HSET order stored 987654321",
    "HSET order seq word",
    "HSET order command another",
    "HSET order stored_command another",
    "HSET order event another",
];

/// Proposes until it is decided; a life that ended is followed by another one that begins with this desk.
async fn decided(desks: &RedisDesks, stored: &Desk, damage: &str) {
    for life in 100..110 {
        match propose(desks, tick(life)).await {
            Err(ProposeError::NotLoaded) => {
                let snapshot = stored.snapshot().expect("something is stored");
                desks.restore(Epoch(life), snapshot, stored.now()).await;
            }
            Err(error @ ProposeError::Unavailable(_)) => panic!("after {damage}: {error}"),
            Ok(_) | Err(_) => return,
        }
    }
    panic!("after {damage} no life lasts");
}

#[tokio::test]
async fn whatever_is_damaged_in_redis_the_next_life_serves() {
    for damage in DAMAGES {
        let (server, desks) = opened().await;
        let shop = desks.engine.known(SHOP).expect("it is loaded");
        let (epoch, tail) = desks.tail(SHOP).await.expect("it is loaded");
        let last = tail.last().expect("it was opened");
        desks.confirm(SHOP, epoch, Head { seq: last.seq, event: last.id }).await.expect("it fits");
        desks.engine.tell_all().await;
        let stored = shop.look(|room| room.desk().clone()).expect("it is loaded");
        let mut words = damage.split(' ').map(|word| match word {
            "order" => shop.keys.order.clone(),
            "tail" => shop.keys.tail.clone(),
            word => word.to_owned(),
        });
        let mut command = redis::cmd(&words.next().expect("a command"));
        command.arg(words.collect::<Vec<_>>());
        desks.engine.link.query::<redis::Value>(&command).await.expect("it is taken");
        decided(&desks, &stored, damage).await;
        let other = RedisDesks::connect(server.config(), Arc::new(Proto), 2).await.expect("Redis is there");
        let snapshot = stored.snapshot().expect("something is stored");
        other.restore(Epoch(200), snapshot, stored.now()).await;
        decided(&other, &stored, damage).await;
        decided(&desks, &stored, damage).await;
    }
}

#[tokio::test]
async fn a_shop_whose_order_is_none_is_one_that_nobody_has_and_hides_no_other() {
    let (_server, desks) = opened().await;
    let shop = desks.engine.known(SHOP).expect("it is loaded");
    let other = ShopId::from_bits(SHOP.bits() + 256);
    assert_eq!(desks.missing(&[SHOP, other]).await, [other]);
    let mut text = redis::cmd("SET");
    text.arg(&shop.keys.order).arg("no order");
    desks.engine.link.query::<redis::Value>(&text).await.expect("it is taken");
    assert_eq!(desks.missing(&[SHOP, other]).await, [SHOP, other]);
    desks.outlive(SHOP, Seq(0)).await;
}

#[tokio::test]
async fn a_set_of_a_shard_that_is_none_is_begun_anew_and_hides_no_other_shard() {
    let (server, desks) = opened().await;
    let shop = desks.engine.known(SHOP).expect("it is loaded");
    let text = async |key: &str| {
        let mut text = redis::cmd("SET");
        text.arg(key).arg("no set");
        desks.engine.link.query::<redis::Value>(&text).await.expect("it is taken");
    };
    let other = RedisDesks::connect(server.config(), Arc::new(Proto), 2).await.expect("Redis is there");
    let elsewhere = ShopId::from_bits(SHOP.bits() + 1);
    other.begin(Epoch(2), elsewhere).await;
    let known = Known { is_new: true, ..Known::default() };
    let open = Speaker::default().open();
    other.propose(elsewhere, open.now, known, open.attempt).await.expect("it opens");
    text(&shop.keys.due).await;
    text(&shop.keys.beats).await;
    let later = Timestamp::default() + Span::from_hours(24 * 365 * 1_000);
    assert_eq!(desks.due(later, 10).await, [elsewhere]);
    assert_eq!(desks.lapsed(later, 10).await, Lapsed::default());
    // What is put where all was stored is found due by others.
    let (epoch, tail) = desks.tail(SHOP).await.expect("it is loaded");
    let last = tail.last().expect("it was opened");
    desks.confirm(SHOP, epoch, Head { seq: last.seq, event: last.id }).await.expect("it fits");
    desks.engine.tell_all().await;
    let mut hired = tick(7);
    let entry = Box::new(AgentEntry::plain("Ann".into(), 1));
    hired.attempt.command = Command::SyncAgent { agent: agent_id(1), entry };
    propose(&desks, hired).await.expect("she is hired");
    assert!(desks.due(later + Span::from_hours(1), 10).await.contains(&SHOP));
}
