//! Several replicas on one Redis and one database: any of them serves any shop, and any of them may lose anything.

use fenliu_domain::problem::Reason;
use fenliu_domain::time::Span;
use fenliu_proto::common::v1::Presence;
use fenliu_proto::dispatch::v1 as proto;
use fenliu_proto::history::v1::Stage;
use fenliu_proto::history::v1::event::Payload;
use fenliu_proto::status::reason_of;
use futures::future::join_all;
use sea_orm::{ConnectionTrait, Statement};

use super::crowd::tally;
use super::house::{Clients, House, within};
use super::words::{close, count, message, reply, set_presence, went};

/// Buyers who come at once, and what there is for them.
const SENDERS: usize = 60;
const AGENTS: u32 = 3;
const CAPACITY: u32 = 4;

fn seqs(events: &[proto::StoredEvent]) -> Vec<u64> {
    events.iter().filter_map(|stored| stored.event.as_ref()).map(|event| event.seq).collect()
}

async fn hears(to: &mut Clients, shop: &str, buyer: &str) -> proto::ReceiveMessageResponse {
    let said = to.reception.receive_message(message(shop, buyer, "hello")).await;
    said.expect("the message is taken").into_inner()
}

#[tokio::test]
async fn any_replica_serves_any_shop() {
    let mut house = House::sharing().await;
    let mut other = house.another().await;
    let shop = house.shop(1).await;
    let ann = house.online(&shop, 1, 1).await;
    let first = hears(&mut other, &shop, "a").await;
    let (stage, agent, _) = went(first.disposition);
    assert_eq!((stage, agent.as_str()), (Stage::Assigned, ann.as_str()), "it knows who is there");
    assert_eq!(went(house.says(&shop, "b").await.disposition).0, Stage::Queued, "she has nobody's room left");
    house.answers(&shop, &ann, &first.conversation_id).await;
    let end = close(&shop, &first.conversation_id, fenliu_proto::history::v1::CloseActor::Buyer);
    other.conversations.close_conversation(end).await.expect("the conversation ends");
    assert_eq!(house.queue(&shop).await.length, 0, "whoever waited has been admitted");
    let busy = proto::SetPresenceRequest { force: true, ..set_presence(&shop, &ann, Presence::Busy) };
    other.presence.set_presence(busy).await.expect("set");
    assert_eq!(house.read_agent(&shop, &ann).await.presence(), Presence::Busy);
    let here = house.everything(&shop).await;
    house.to = other;
    assert_eq!(house.everything(&shop).await, here, "both tell the same");
    assert_eq!(seqs(&here.events), (1..=here.events.len() as u64).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_at_both_replicas_fills_every_slot_and_overfills_none() {
    let mut house = House::sharing().await;
    let other = house.another().await;
    for number in 1..=rounds() {
        let shop = house.shop(number).await;
        for agent in 1..=AGENTS {
            house.online(&shop, number * 100 + u128::from(agent), CAPACITY).await;
        }
        let sent = (0..SENDERS).map(|sender| {
            let mut to = if sender % 2 == 0 { house.to.clone() } else { other.clone() };
            let request = message(&shop, &format!("buyer-{sender}"), "hello");
            tokio::spawn(async move { to.reception.receive_message(request).await })
        });
        let answers = join_all(sent).await.into_iter().map(|answer| answer.expect("no call panics"));
        let stages: Vec<_> =
            answers.map(|answer| went(answer.expect("taken").into_inner().disposition).0).collect();
        let slots = (AGENTS * CAPACITY) as usize;
        let assigned = stages.iter().filter(|stage| **stage == Stage::Assigned).count();
        assert_eq!(assigned, slots.min(SENDERS), "assigned = min(offered, slots)");
        let events = house.events(&shop).await;
        let (highest, assigned) = tally(&events);
        assert!(highest.values().all(|load| *load == CAPACITY), "{highest:?}");
        assert!(assigned.values().all(|times| *times == 1), "each conversation is assigned once");
        assert_eq!(seqs(&events), (1..=events.len() as u64).collect::<Vec<_>>(), "without a hole");
    }
}

/// Rounds of a crowd: so many in a longer check.
fn rounds() -> u128 {
    if std::env::var_os("FENLIU_CASES").is_some() { 1_000 } else { 10 }
}

#[tokio::test]
async fn what_is_due_is_done_once_however_many_look_for_it() {
    let mut house = House::sharing().await;
    house.another().await;
    let shop = house.shop(1).await;
    let ann = house.online(&shop, 1, 9).await;
    for buyer in 0..5 {
        house.says(&shop, &format!("buyer-{buyer}")).await;
    }
    for _ in 0..15 {
        house.pass(Span::from_secs(10)).await;
        house.beat(&shop, &ann).await;
    }
    assert_eq!(count(&house.events(&shop).await, "reply_due"), 5, "each reply is due once");
    house.pass(Span::from_mins(2)).await;
    let lapses = house.events(&shop).await;
    let lapses = lapses.iter().filter(|stored| {
        let payload = stored.event.as_ref().and_then(|event| event.payload.as_ref());
        matches!(payload, Some(Payload::PresenceChanged(changed)) if changed.cause == 2)
    });
    assert_eq!(lapses.count(), 1, "she lapses once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_replica_stores_the_streams_of_another_tell_at_once() {
    let mut house = House::sharing().await;
    let mut other = house.another().await;
    let shop = house.shop(1).await;
    let ann = house.online(&shop, 1, 50).await;
    let watch = proto::WatchInboxRequest { shop_id: shop.clone(), agent_id: ann, after_position: None };
    let mut inbox = other.inbox.watch_inbox(watch).await.expect("the inbox is there").into_inner();
    let follow = proto::FollowEventsRequest::default();
    let mut history = other.history.follow_events(follow).await.expect("followed").into_inner();
    within(inbox.message()).await.expect("it begins with now");
    while !within(history.message()).await.expect("it goes on").expect("it goes on").caught_up {}
    // The test's clock stands still, so nothing is found by looking now and then.
    for buyer in 0..9 {
        house.says(&shop, &format!("buyer-{buyer}")).await;
        let items = within(inbox.message()).await.expect("it goes on").expect("it goes on").items;
        assert!(!items.is_empty(), "news are not nothing");
        within(history.message()).await.expect("it goes on").expect("it goes on");
    }
}

#[tokio::test]
async fn a_redis_that_lost_everything_costs_nothing_that_was_acknowledged() {
    let mut house = House::sharing().await;
    let mut other = house.another().await;
    let shop = house.shop(1).await;
    let ann = house.online(&shop, 1, 2).await;
    let mut conversations = Vec::new();
    for buyer in ["a", "b", "c", "d"] {
        conversations.push(hears(&mut other, &shop, buyer).await.conversation_id);
    }
    let before = house.everything(&shop).await;
    house.redis.as_mut().expect("it shares one").start_again().await;
    assert_eq!(house.everything(&shop).await, before, "it is rebuilt from the history");
    let answer =
        proto::ReplyRequest { request_id: "again".into(), ..reply(&shop, &ann, &conversations[0], "hello") };
    // The other replica finds its connection lost, says so, and goes on when it is asked again.
    within(async {
        while let Err(status) = other.conversations.reply(answer.clone()).await {
            assert_eq!(reason_of(&status), Some(Reason::StoreUnavailable));
        }
    })
    .await;
    let last = house.says(&shop, "e").await;
    assert_eq!(went(last.disposition).2, 3, "behind those who waited already");
    let events = house.events(&shop).await;
    assert_eq!(seqs(&events), (1..=events.len() as u64).collect::<Vec<_>>());
    // Timers, too, are those of the history.
    house.pass(Span::from_secs(101)).await;
    house.to = other;
    assert_eq!(count(&house.events(&shop).await, "reply_due"), 4, "all but the one that was answered");
}

#[tokio::test]
async fn shops_that_nobody_touches_come_back_after_a_redis_was_lost() {
    const SHOPS: u128 = 8;
    let mut house = House::sharing().await;
    house.another().await;
    for number in 1..=SHOPS {
        let shop = house.shop(number).await;
        house.online(&shop, number, 1).await;
        house.says(&shop, "a").await;
    }
    house.redis.as_ref().expect("it shares one").flush().await;
    // They are found within five seconds; nobody beats, and 45 seconds later that is noticed.
    house.pass(Span::from_secs(55)).await;
    let store = house.store().await;
    let changes = "SELECT count(*) FROM event WHERE kind = 'presence_changed'";
    let changes = Statement::from_string(store.get_database_backend(), changes);
    let changes = store.query_one_raw(changes).await.expect("counted").expect("a row");
    let changes: i64 = changes.try_get_by_index(0).expect("a number");
    assert_eq!(changes, 2 * SHOPS as i64, "everybody came, and everybody was found gone");
}
