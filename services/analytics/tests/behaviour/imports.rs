//! Imports: once each, in any order, and as far as they make sense.

use fenliu_domain::problem::Reason;
use fenliu_proto::analytics::v1 as proto;
use tonic_types::StatusExt;

use crate::house::{House, batch, conversation, rate, refused, refused_fields};

#[tokio::test]
async fn what_came_before_is_counted_and_not_stored_again() {
    let mut house = House::open().await;
    let all = [conversation("a", 900, Some(5)), conversation("b", 800, None)].concat();
    let first = house.import(vec![batch(all.clone())]).await.expect("imported").into_inner();
    assert_eq!((first.imported, first.repeated), (5, 0));
    let before = house.rate("taobao-3min").await;
    let mut reversed = all;
    reversed.reverse();
    let again =
        house.import(vec![batch(reversed.clone()), batch(reversed)]).await.expect("imported").into_inner();
    assert_eq!((again.imported, again.repeated), (0, 10));
    assert_eq!(house.rate("taobao-3min").await, before);
}

#[tokio::test]
async fn records_of_another_source_are_others_although_they_are_called_the_same() {
    let mut house = House::open().await;
    let here = batch(conversation("a", 900, Some(5)));
    let there = proto::ImportEventsRequest { source: "other".into(), ..here.clone() };
    let stored = house.import(vec![here, there]).await.expect("imported").into_inner();
    assert_eq!((stored.imported, stored.repeated), (6, 0));
    assert_eq!(house.rate("taobao-3min").await.total.expect("a total").counted, 2);
}

#[tokio::test]
async fn what_was_stored_before_an_error_stays_stored() {
    let mut house = House::open().await;
    let good = batch(conversation("a", 900, Some(5)));
    let bad = proto::ImportEventsRequest {
        time_zone: "Mars/Olympus".into(),
        ..batch(conversation("b", 800, None))
    };
    refused(house.import(vec![good, bad]).await, Reason::TimeZoneInvalid);
    assert_eq!(house.rate("taobao-3min").await.total.expect("a total").counted, 1);
}

#[tokio::test]
async fn a_batch_with_events_that_make_no_sense_is_refused_whole() {
    let mut house = House::open().await;
    let mut events = conversation("a", 900, Some(5));
    events[1].occurred_time = Some(prost_types::Timestamp { seconds: i64::MAX, nanos: 0 });
    events[2].payload = None;
    let refusal = house.import(vec![batch(events)]).await;
    let status = refusal.expect_err("nothing of it may be stored");
    assert_eq!(fenliu_proto::status::reason_of(&status), Some(Reason::InvalidRequest));
    refused(house.rates.get_reply_rate(rate("taobao-3min")).await, Reason::ShopNotFound);
}

#[tokio::test]
async fn an_error_says_which_message_it_is_about_and_what_was_stored_before() {
    let mut house = House::open().await;
    let good = batch(conversation("a", 900, Some(5)));
    let malformed = proto::ImportEventsRequest { events: vec![], ..good.clone() };
    let nowhere = proto::ImportEventsRequest { time_zone: "Mars/Olympus".into(), ..good.clone() };
    for (bad, imported) in [(nowhere, "3"), (malformed, "0")] {
        let status = house.import(vec![good.clone(), bad]).await.expect_err("the second message is bad");
        let info = status.get_details_error_info().expect("an ErrorInfo");
        assert_eq!((info.metadata["message"].as_str(), info.metadata["imported"].as_str()), ("2", imported));
    }
}

#[tokio::test]
async fn no_import_poses_as_a_conversation_of_ours() {
    let mut house = House::open().await;
    let events = conversation(&format!("cnv_{:032x}", 1), 900, Some(5));
    let fields = ["events[0].conversation", "events[1].conversation", "events[2].conversation"];
    refused_fields(house.import(vec![batch(events)]).await, Reason::InvalidRequest, &fields);
}

#[tokio::test]
async fn a_changed_record_under_a_known_id_changes_nothing() {
    let mut house = House::open().await;
    house.import(vec![batch(conversation("a", 900, Some(5)))]).await.expect("imported");
    let changed = batch(conversation("a", 900, Some(500)));
    let stored = house.import(vec![changed]).await.expect("imported").into_inner();
    assert_eq!((stored.imported, stored.repeated), (0, 3));
    assert_eq!(house.rate("taobao-3min").await.total.expect("a total").within_limit, 1);
}

#[tokio::test]
async fn a_time_outside_the_calendar_is_refused_by_field() {
    let mut house = House::open().await;
    let mut events = conversation("a", 900, Some(5));
    events[1].occurred_time = Some(prost_types::Timestamp { seconds: i64::MAX, nanos: 0 });
    refused_fields(
        house.import(vec![batch(events)]).await,
        Reason::InvalidRequest,
        &["events[1].occurred_time"],
    );
}
