//! Orders that other systems report, and how many buyers who asked went on to order.

use fenliu_domain::problem::Reason;
use fenliu_domain::time::Span;
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::compare_periods_request::Pack;
use fenliu_proto::analytics::v1::{ComparedMeasure, PeriodMeasure, PeriodVerdict};
use fenliu_proto::convert::to_timestamp;
use fenliu_proto::history::v1 as history;
use fenliu_proto::history::v1::event::Payload;
use fenliu_runtime::clock::Clock;

use crate::following::{event, event_id, policy};
use crate::house::{House, SHOP, batch, before_start, conversation, refused_fields};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// An order placed so many seconds before the clock's start, 20:00 of 4 May in the shop's zone.
fn order(number: &str, buyer: &str, seconds_before: i64) -> proto::ImportedOrder {
    proto::ImportedOrder {
        record_id: number.into(),
        buyer_id: buyer.into(),
        placed_time: Some(to_timestamp(before_start(seconds_before))),
        agent: "li".into(),
    }
}

fn orders(orders: Vec<proto::ImportedOrder>) -> proto::ImportEventsRequest {
    proto::ImportEventsRequest { source: "order system".into(), orders, ..batch(Vec::new()) }
}

/// 1 May beside 2 May, both long over.
fn periods() -> proto::ComparePeriodsRequest {
    proto::ComparePeriodsRequest {
        shop_id: SHOP.into(),
        pack: Some(Pack::RulePackId("taobao-3min".into())),
        before_start_date: "2026-05-01".into(),
        before_end_date: "2026-05-01".into(),
        after_start_date: "2026-05-02".into(),
        after_end_date: "2026-05-02".into(),
        ..Default::default()
    }
}

async fn conversion(house: &mut House) -> (bool, ComparedMeasure) {
    let answer = house.feedback.compare_periods(periods()).await.expect("compared").into_inner();
    let conversion = answer.measures.iter().find(|line| line.measure() == PeriodMeasure::Conversion);
    (answer.orders_reported, *conversion.expect("it is there"))
}

fn share(estimate: Option<proto::PeriodEstimate>) -> Option<(f64, u64)> {
    estimate.map(|estimate| (estimate.value, estimate.count))
}

/// Buyers of a day, of whom each asked once, at 16:00.
fn buyers(days_before: i64, names: &[String]) -> proto::ImportEventsRequest {
    let asked = |name: &String| conversation(name, days_before * DAY + 4 * HOUR, Some(5));
    batch(names.iter().flat_map(asked).collect())
}

/// What `conversation` calls the buyer of a conversation.
fn buyer(name: &str) -> String {
    let opened = conversation(name, DAY, None).into_iter().find_map(|event| match event.payload {
        Some(proto::imported_event::Payload::Opened(opened)) => Some(opened.buyer_id),
        _ => None,
    });
    opened.expect("it is opened by somebody")
}

#[tokio::test]
async fn conversion_is_told_of_both_periods_once_an_order_was_reported() {
    let mut house = House::open().await;
    let before: Vec<_> = (0..40).map(|number| format!("b{number}")).collect();
    let after: Vec<_> = (0..40).map(|number| format!("a{number}")).collect();
    house.import(vec![buyers(3, &before), buyers(2, &after)]).await.expect("imported");
    let (reported, nothing) = conversion(&mut house).await;
    assert_eq!((reported, nothing.verdict(), nothing.before), (false, PeriodVerdict::NoData, None));
    // Of those before, ten ordered in time, one too late, and one before asking; of those after, thirty did.
    let mut placed = vec![
        order("late", &buyer("b20"), DAY + 20 * HOUR),
        order("early", &buyer("b21"), 3 * DAY + 5 * HOUR),
        order("somebody", "who never asked", 3 * DAY),
    ];
    placed.extend((0..10).map(|n| order(&format!("b{n}"), &buyer(&format!("b{n}")), 2 * DAY)));
    placed.extend((0..30).map(|n| order(&format!("a{n}"), &buyer(&format!("a{n}")), DAY)));
    let stored = house.import(vec![orders(placed.clone())]).await.expect("imported").into_inner();
    assert_eq!((stored.imported, stored.repeated), (43, 0));
    let (reported, told) = conversion(&mut house).await;
    assert!(reported);
    assert_eq!((share(told.before), share(told.after)), (Some((0.25, 40)), Some((0.75, 40))));
    assert_eq!(told.verdict(), PeriodVerdict::Better);
    // Wilson's interval of 10 of 40, by hand: 0.1419 to 0.4019.
    let bounds = told.before.expect("data");
    let near = |end: Option<f64>, expected: f64| (end.expect("an end") - expected).abs() < 5.1e-5;
    assert!(near(bounds.low, 0.1419) && near(bounds.high, 0.4019), "{bounds:?}");

    // Once more, and saying something else now, they change nothing.
    let changed = placed.iter().map(|order| proto::ImportedOrder { buyer_id: buyer("b30"), ..order.clone() });
    let twice = vec![orders(placed.clone()), orders(changed.collect())];
    let again = house.import(twice).await.expect("imported").into_inner();
    assert_eq!((again.imported, again.repeated), (0, 86));
    assert_eq!(conversion(&mut house).await.1, told);
    let mut house = house.restart().await;
    assert_eq!(conversion(&mut house).await.1, told);
}

#[tokio::test]
async fn orders_count_for_the_buyers_of_the_history_and_outlive_it() {
    let mut house = House::open().await;
    let asked = |number: i64| {
        let opened =
            history::ConversationOpened { buyer_id: "li".into(), priority: 100, ..Default::default() };
        let message = history::MessageReceived { message_id: format!("msg {number}"), ..Default::default() };
        let key = format!("cnv {number}");
        [Payload::ConversationOpened(opened), Payload::MessageReceived(message)].into_iter().enumerate().map(
            move |(step, payload)| event(&format!("evt {number}/{step}"), &key, 3 * DAY + 4 * HOUR, payload),
        )
    };
    let mut last = house.dispatch.record([policy()]);
    last = last.max(house.dispatch.record(asked(1)));
    house.caught_up(last).await;
    house.import(vec![orders(vec![order("1", "li", 3 * DAY)])]).await.expect("imported");
    let (_, told) = conversion(&mut house).await;
    assert_eq!((share(told.before), share(told.after)), (Some((1.0, 1)), None));
    house.dispatch.lose();
    house.dispatch.restore();
    let restored = history::Event { event_id: event_id("another policy"), ..policy() };
    house.dispatch.record([restored]);
    let again = house.dispatch.record(asked(2).chain(asked(3)));
    house.dispatch.come_back().await;
    while house.rate("taobao-3min").await.position != again {
        house.clock.advance_to(Clock::now(&house.clock) + Span::from_secs(1)).await;
    }
    let (reported, told) = conversion(&mut house).await;
    assert!(reported, "orders were forgotten with the history");
    assert_eq!(share(told.before), Some((1.0, 1)));
}

#[tokio::test]
async fn orders_come_with_events_and_one_source_counts_each_by_ids_of_their_own() {
    let mut house = House::open().await;
    let events = conversation("a", 3 * DAY + 4 * HOUR, Some(5));
    let same = order(&events[0].record_id, &buyer("a"), 3 * DAY);
    let both = proto::ImportEventsRequest { orders: vec![same.clone(), same], ..batch(events.clone()) };
    let stored = house.import(vec![both]).await.expect("imported").into_inner();
    assert_eq!((stored.imported, stored.repeated), (events.len() as u64 + 1, 1));
    assert_eq!(share(conversion(&mut house).await.1.before), Some((1.0, 1)));
}

#[tokio::test]
async fn orders_that_make_no_sense_are_refused_by_field_and_nothing_is_stored() {
    let mut house = House::open().await;
    let good = order("1", "li", DAY);
    let timeless = proto::ImportedOrder { placed_time: None, ..good.clone() };
    let ancient = prost_types::Timestamp { seconds: -1, nanos: 0 };
    let ancient = proto::ImportedOrder { placed_time: Some(ancient), ..good.clone() };
    let nobody = proto::ImportedOrder { buyer_id: String::new(), ..good.clone() };
    let nameless = proto::ImportedOrder { record_id: "a\u{0}b".into(), ..good.clone() };
    let verbose = proto::ImportedOrder { agent: "x".repeat(129), ..good.clone() };
    for (wrong, field) in [
        (timeless, "orders[1].placed_time"),
        (ancient, "orders[1].placed_time"),
        (nobody, "orders[1].buyer_id"),
        (nameless, "orders[1].record_id"),
        (verbose, "orders[1].agent"),
    ] {
        let refusal = house.import(vec![orders(vec![good.clone(), wrong])]).await;
        refused_fields(refusal, Reason::InvalidRequest, &[field]);
    }
    refused_fields(house.import(vec![batch(Vec::new())]).await, Reason::InvalidRequest, &["events"]);
    let many = (0..=1_000).map(|number| order(&number.to_string(), "li", DAY)).collect();
    refused_fields(house.import(vec![orders(many)]).await, Reason::InvalidRequest, &["orders"]);
    house.import(vec![buyers(3, &["a".to_owned()])]).await.expect("imported");
    assert!(!conversion(&mut house).await.0, "a refused request left an order behind");
}
