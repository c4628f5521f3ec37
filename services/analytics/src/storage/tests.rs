//! What the store promises, on random histories and imports.

use fenliu_domain::day::DayRange;
use fenliu_domain::exchange::Conversation;
use fenliu_domain::pack::{Report, RulePack, Tally, Unit};
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::common::v1::Actor;
use fenliu_proto::convert::to_timestamp;
use fenliu_proto::dispatch::v1::{FollowEventsResponse, StoredEvent};
use fenliu_proto::history::v1 as history;
use fenliu_proto::history::v1::event::Payload;
use proptest::prelude::*;
use tokio::runtime::Runtime;

mod agents;
mod books;
mod cards;
mod whole;

use super::*;
use crate::follower;
use crate::imported;
use crate::packs::Packs;

/// One random line of a history or an import: which shop, which conversation, how many seconds after the line
/// before, and what.
type Line = (u8, u8, u32, u8);

/// Monday, 4 May 2026, 06:00 in Shanghai.
const START: i64 = 1_777_845_600;

fn lines(most: usize) -> impl Strategy<Value = Vec<Line>> {
    prop::collection::vec((0_u8..2, 0_u8..4, prop_oneof![0_u32..400, 0_u32..40_000], 0_u8..12), 1..most)
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

async fn memory() -> Store {
    Store::open(&DatabaseConfig::at("sqlite::memory:")).await.expect("a store")
}

fn shop(number: u8) -> fenliu_domain::ids::ShopId {
    fenliu_domain::ids::ShopId::from_bits(u128::from(number) + 1)
}

fn moment(seconds: i64) -> Timestamp {
    Timestamp::from_micros_clamped((START + seconds) * 1_000_000)
}

fn payload(kind: u8, conversation: u8, number: usize) -> Payload {
    let message_id = format!("m{number}");
    let agent_id = if number.is_multiple_of(2) { "lan" } else { "mei" }.to_owned();
    let reply = |actor: Actor, small_talk| {
        let agent_id = agent_id.clone();
        let message_id = message_id.clone();
        Payload::ReplySent(history::ReplySent {
            message_id,
            actor: actor.into(),
            agent_id,
            small_talk,
            ..Default::default()
        })
    };
    let message = || {
        Payload::MessageReceived(history::MessageReceived {
            message_id: message_id.clone(),
            ..Default::default()
        })
    };
    let opened = |with_robot| {
        let buyer_id = format!("buyer {}", conversation / 2);
        Payload::ConversationOpened(history::ConversationOpened {
            buyer_id,
            with_robot,
            priority: 100,
            ..Default::default()
        })
    };
    match kind {
        0 => opened(number.is_multiple_of(3)),
        1..=4 => message(),
        5 => reply(Actor::Human, number.is_multiple_of(3)),
        6 => reply(Actor::Human, false),
        7 => reply(Actor::FullRobot, false),
        8 => Payload::Assigned(history::Assigned { agent_id, ..Default::default() }),
        9 => Payload::Queued(history::Queued {
            reason: i32::from(number.is_multiple_of(2)) + 1,
            ..Default::default()
        }),
        10 => Payload::Closed(history::Closed {
            by: history::CloseActor::Buyer.into(),
            reply_owed: true,
            ..Default::default()
        }),
        _ => Payload::HandedToHuman(history::HandedToHuman::default()),
    }
}

/// A history: each shop's policy first, then the lines.
fn recorded(lines: &[Line]) -> Vec<StoredEvent> {
    let policy = |number: u8| {
        let policy = history::Policy { time_zone: "Asia/Shanghai".into(), ..Default::default() };
        (number, String::new(), 0, Payload::PolicyChanged(history::PolicyChanged { policy: Some(policy) }))
    };
    let mut seconds = 0;
    let told = lines.iter().enumerate().map(|(number, (shop, conversation, later, kind))| {
        seconds += i64::from(*later);
        (*shop, format!("cnv {shop}/{conversation}"), seconds, payload(*kind, *conversation, number))
    });
    [policy(0), policy(1)]
        .into_iter()
        .chain(told)
        .zip(1_i64..)
        .map(|((number, conversation_id, seconds, payload), position)| StoredEvent {
            position: position * 3,
            event: Some(history::Event {
                shop_id: shop(number).to_string(),
                event_id: format!("evt {position}"),
                occurred_time: Some(to_timestamp(moment(seconds))),
                conversation_id,
                payload: Some(payload),
                ..Default::default()
            }),
        })
        .collect()
}

/// What the follower makes of one message with these events.
fn batch(after: Cursor, events: Vec<StoredEvent>) -> Option<Batch> {
    let message = FollowEventsResponse { events, caught_up: false };
    let said = follower::said(message, &mut after.position.clone()).expect("events that make sense");
    follower::batch(after, vec![said])
}

async fn follow(store: &Store, events: Vec<StoredEvent>) {
    let cursor = store.cursor().await.expect("a cursor");
    if let Some(batch) = batch(cursor, events) {
        store.follow(batch).await.expect("the cursor is where the batch begins");
    }
}

/// The same lines as another system would report them.
fn reported(lines: &[Line]) -> Vec<(u8, Record)> {
    let mut seconds = 0;
    let record = |(number, (shop, conversation, later, kind)): (usize, &Line)| {
        use proto::imported_event::Payload;
        seconds += i64::from(*later);
        let agent = if number.is_multiple_of(2) { "lan" } else { "mei" }.to_owned();
        let reply = |actor: Actor| proto::ImportedReply {
            actor: actor.into(),
            agent: agent.clone(),
            small_talk: false,
        };
        let payload = match kind {
            0 => Payload::Opened(proto::ImportedOpening {
                buyer_id: format!("b{conversation}"),
                ..Default::default()
            }),
            1..=4 => Payload::Message(proto::ImportedMessage::default()),
            5..=6 => Payload::Reply(reply(Actor::Human)),
            7 => Payload::Reply(reply(Actor::FullRobot)),
            8..=9 => Payload::Assigned(proto::ImportedAssignment { agent, nobody_on_duty: false }),
            _ => Payload::Closed(proto::ImportedClosing { abandoned: true }),
        };
        let event = proto::ImportedEvent {
            record_id: format!("r{number}"),
            conversation: format!("c{conversation}"),
            occurred_time: Some(to_timestamp(moment(seconds))),
            order: u32::try_from(number % 3).expect("small"),
            recorded_time: None,
            payload: Some(payload),
        };
        (*shop, imported::record(event, "event").expect("a record that makes sense"))
    };
    lines.iter().enumerate().map(record).collect()
}

async fn import(store: &Store, records: Vec<(u8, Record)>) -> Imported {
    let mut total = Imported::default();
    for number in [0, 1] {
        let records =
            records.iter().filter(|(shop, _)| *shop == number).map(|(_, record)| record.clone()).collect();
        let zone = fenliu_domain::day::Zone::parse("Asia/Shanghai").expect("a zone");
        let batch =
            ImportedBatch { shop: shop(number), source: "other".into(), zone, records, orders: Vec::new() };
        let stored = store.import(batch).await.expect("stored");
        total.imported += stored.imported;
        total.repeated += stored.repeated;
    }
    total
}

fn pack(unit: Unit) -> RulePack {
    let packs = Packs::shipped().expect("in order");
    RulePack { unit, ..packs.get("taobao-3min").expect("shipped").clone() }
}

async fn report(store: &Store, pack: RulePack, range: DayRange) -> Report {
    let begin = move |zone| Tally::new(pack, zone, moment(100 * 86_400), range).keeping_misses();
    store.tally(shop(0), range, begin).await.expect("a report").report
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_same_history_gives_the_same_rows_whatever_the_batches(
        lines in lines(120),
        sizes in prop::collection::vec(1_usize..20, 1..8),
    ) {
        runtime().block_on(async {
            let events = recorded(&lines);
            let (at_once, in_batches) = (memory().await, memory().await);
            follow(&at_once, events.clone()).await;
            let (mut rest, mut sizes) = (events.as_slice(), sizes.iter().cycle());
            while !rest.is_empty() {
                let size = (*sizes.next().expect("endless")).min(rest.len());
                // A batch may repeat what came before: a stream that broke is asked again from the cursor.
                follow(&in_batches, events[..events.len() - rest.len() + size].to_vec()).await;
                rest = &rest[size..];
            }
            assert_eq!(at_once.dump().await, in_batches.dump().await);
        });
    }

    #[test]
    fn stored_facts_are_the_fold_of_the_history(lines in lines(120)) {
        runtime().block_on(async {
            let events = recorded(&lines);
            let store = memory().await;
            for event in events.clone() {
                follow(&store, vec![event]).await;
            }
            let mut folded = Tally::new(pack(Unit::BuyerDay), Zone::parse("Asia/Shanghai").expect("a zone"),
                moment(100 * 86_400), DayRange::default()).keeping_misses();
            for conversation in conversations_of(&events) {
                folded.add(&conversation);
            }
            assert_eq!(report(&store, pack(Unit::BuyerDay), DayRange::default()).await, folded.finish());
        });
    }

    #[test]
    fn late_repeated_and_shuffled_imports_end_in_the_same_rows(
        lines in lines(100),
        shuffled in Just((0..100_usize).collect::<Vec<_>>()).prop_shuffle(),
        sizes in prop::collection::vec(1_usize..30, 1..5),
    ) {
        runtime().block_on(async {
            let records = reported(&lines);
            let (in_order, shuffled_store) = (memory().await, memory().await);
            let stored = import(&in_order, records.clone()).await;
            assert_eq!(stored, Imported { imported: records.len() as u64, repeated: 0 });
            import(&shuffled_store, Vec::new()).await;
            let order: Vec<_> = shuffled.iter().filter(|index| **index < records.len()).collect();
            let mut sizes = sizes.iter().cycle();
            let mut rest = order.as_slice();
            while !rest.is_empty() {
                let (now, later) = rest.split_at((*sizes.next().expect("endless")).min(rest.len()));
                let mut part: Vec<_> = now.iter().map(|index| records[**index].clone()).collect();
                part.extend(part.clone());
                let stored = import(&shuffled_store, part).await;
                assert_eq!((stored.imported, stored.repeated), (now.len() as u64, now.len() as u64));
                rest = later;
            }
            assert_eq!(in_order.dump().await, shuffled_store.dump().await);
        });
    }

    #[test]
    fn a_restored_history_leaves_imports_alone(old in lines(60), new in lines(60), other in lines(60)) {
        runtime().block_on(async {
            let (rewound, fresh) = (memory().await, memory().await);
            follow(&rewound, recorded(&old)).await;
            import(&rewound, reported(&other)).await;
            rewound.forget_history().await.expect("forgotten");
            assert_eq!(rewound.cursor().await.expect("a cursor"), Cursor::default());
            follow(&rewound, recorded(&new)).await;
            import(&fresh, reported(&other)).await;
            follow(&fresh, recorded(&new)).await;
            assert_eq!(rewound.dump().await, fresh.dump().await);
        });
    }

    #[test]
    fn a_range_of_days_counts_what_the_whole_counts_for_them(
        lines in lines(120),
        first in 0_u32..6,
        length in 0_u32..3,
    ) {
        runtime().block_on(async {
            let store = memory().await;
            follow(&store, recorded(&lines)).await;
            let start: fenliu_domain::day::Day = "2026-05-04".parse().expect("a date");
            let range = DayRange { first: Some(start.plus(first)), last: Some(start.plus(first + length)) };
            for unit in [Unit::BuyerDay, Unit::Session, Unit::Turn] {
                let whole = report(&store, pack(unit), DayRange::default()).await;
                let part = report(&store, pack(unit), range).await;
                let expected: Vec<_> = whole.days.into_iter().filter(|(day, _)| range.contains(*day)).collect();
                assert_eq!(part.days.into_iter().collect::<Vec<_>>(), expected);
                let misses: Vec<_> = whole.misses.into_iter().filter(|miss| range.contains(miss.day)).collect();
                assert_eq!(part.misses, misses);
            }
        });
    }
}

/// The conversations of shop 0, folded without a store.
fn conversations_of(events: &[StoredEvent]) -> Vec<Conversation> {
    let mut stories: std::collections::BTreeMap<String, Vec<Happening>> = std::collections::BTreeMap::new();
    let mut steps = Vec::new();
    events
        .iter()
        .for_each(|event| crate::recorded::add_steps(event.clone(), &mut steps).expect("makes sense"));
    for step in steps {
        if let Step::Happened(of, conversation, happening) = step
            && of == shop(0)
        {
            stories.entry(conversation).or_default().push(happening);
        }
    }
    stories.into_iter().map(|(key, story)| Conversation::fold(key, story)).collect()
}

use fenliu_domain::day::Zone;

#[tokio::test]
async fn a_batch_that_begins_elsewhere_changes_nothing() {
    let store = memory().await;
    let events = recorded(&[(0, 0, 5, 0), (0, 0, 5, 1)]);
    follow(&store, events.clone()).await;
    let before = store.dump().await;
    let replayed = batch(Cursor::default(), events).expect("has events");
    assert!(matches!(store.follow(replayed).await, Err(Fault::Overtaken)));
    assert_eq!(store.dump().await, before);
}

#[tokio::test]
async fn facts_survive_being_cut_off_between_and_inside_batches() {
    let lines: Vec<Line> =
        (0..400_u32).map(|i| ((i % 2) as u8, (i % 3) as u8, i * 7 % 300, (i * i % 12) as u8)).collect();
    let events = recorded(&lines);
    let fresh = memory().await;
    follow(&fresh, events.clone()).await;

    let directory = tempfile::tempdir().expect("a directory");
    let config = DatabaseConfig::at(format!("sqlite://{}/facts.db", directory.path().display()));
    for round in 0_u32.. {
        let store = Store::open(&config).await.expect("a store");
        let cursor = store.cursor().await.expect("a cursor");
        let rest: Vec<_> =
            events.iter().filter(|event| event.position > cursor.position).take(23).cloned().collect();
        let Some(batch) = batch(cursor, rest) else { break };
        let storing = tokio::spawn(async move { store.follow(batch).await });
        // Some rounds are cut off at once, some a little later, some not at all.
        for _ in 0..round % 7 {
            tokio::task::yield_now().await;
        }
        if round.is_multiple_of(3) { storing.abort() } else { drop(storing.await) }
    }
    let store = Store::open(&config).await.expect("a store");
    assert_eq!(store.dump().await, fresh.dump().await);
}

#[tokio::test]
async fn a_shop_nobody_has_heard_of_is_not_found() {
    let range = DayRange::default();
    let begin = move |zone| Tally::new(pack(Unit::Turn), zone, moment(0), range);
    let fault = memory().await.tally(shop(0), range, begin).await.expect_err("unknown");
    assert_eq!(fault.into_problem().reason, fenliu_domain::problem::Reason::ShopNotFound);
}

#[tokio::test]
async fn the_policys_zone_goes_before_the_imports() {
    let store = memory().await;
    let zone = async |store: &Store| {
        let begin = |zone| Tally::new(pack(Unit::Turn), zone, moment(0), DayRange::default());
        store.tally(shop(0), DayRange::default(), begin).await.expect("known").zone.name()
    };
    let utc = ImportedBatch {
        shop: shop(0),
        source: "other".into(),
        zone: Zone::UTC,
        records: Vec::new(),
        orders: Vec::new(),
    };
    store.import(utc.clone()).await.expect("stored");
    assert_eq!(zone(&store).await, "UTC");
    follow(&store, recorded(&[])).await;
    assert_eq!(zone(&store).await, "Asia/Shanghai");
    store.import(utc).await.expect("stored");
    assert_eq!(zone(&store).await, "Asia/Shanghai");
}

#[tokio::test]
async fn exchanges_are_listed_conversation_by_conversation_and_page_by_page() {
    let store = memory().await;
    let lines: Vec<Line> =
        (0..60_u32).map(|i| (0, (i % 4) as u8, 10, if i % 8 < 4 { 1 } else { 6 })).collect();
    follow(&store, recorded(&lines)).await;
    import(&store, reported(&lines)).await;
    let all = store.exchanges(shop(0), None, 500).await.expect("listed");
    let place = |listed: &Listed| {
        let ExchangeCursor { begins_us, source, conversation, number } = listed.cursor.clone();
        (begins_us, source, conversation, number)
    };
    assert!(all.len() > 20 && all.is_sorted_by_key(place));
    let (mut paged, mut after) = (Vec::new(), None);
    loop {
        let page = store.exchanges(shop(0), after, 7).await.expect("listed");
        after = page.last().map(|last| last.cursor.clone());
        paged.extend(page.iter().map(|listed| listed.cursor.clone()));
        if page.len() < 7 {
            break;
        }
    }
    assert_eq!(paged, all.iter().map(|listed| listed.cursor.clone()).collect::<Vec<_>>());
}
