//! Imports: once each, in any order, and as far as they make sense.

use fenliu_domain::problem::Reason;
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::imported_event::Payload;
use fenliu_proto::convert::to_timestamp;
use futures::future::join_all;
use futures::stream;
use tonic_types::StatusExt;

use crate::house::{
    House, asked, batch, before_start, conversation, event, opened, rate, refused, refused_fields, replied,
};

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
async fn imports_of_one_shop_at_once_all_succeed() {
    let mut house = House::open().await;
    // Many rounds, in each of which all want the row of the shop at the same moment.
    for round in 0..10 {
        let import = |source: usize| {
            let mut imports = house.imports.clone();
            let batch = proto::ImportEventsRequest {
                source: format!("source {source}"),
                ..batch(conversation(&format!("c{round}"), 900, Some(5)))
            };
            async move { imports.import_events(stream::iter([batch])).await }
        };
        for stored in join_all((0..4).map(import)).await {
            assert_eq!(stored.expect("imported").into_inner().imported, 3);
        }
    }
    assert_eq!(house.rate("taobao-3min").await.total.expect("a total").counted, 40);
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

/// Asked 50 seconds before it reached the shop, where nobody was; then handed from one to another, and answered.
#[tokio::test]
async fn a_source_that_tells_of_queue_and_transfers_gets_a_blame_split_of_them() {
    let mut house = House::open().await;
    let given = |agent: &str| {
        let agent = agent.to_owned();
        Payload::Assigned(proto::ImportedAssignment { agent, nobody_on_duty: false })
    };
    let nobody = Payload::Queued(proto::ImportedQueueing { nobody_on_duty: true });
    let at = |number: u32, before: i64, payload: Payload| event("a", number, before_start(before), payload);
    let late = proto::ImportedEvent {
        recorded_time: Some(to_timestamp(before_start(900))),
        ..event("a", 1, before_start(950), asked())
    };
    let events = vec![
        at(0, 900, opened("buyer")),
        late,
        at(2, 900, nobody),
        at(3, 800, given("lan")),
        at(4, 600, Payload::Transferred(proto::ImportedTransfer {})),
        at(5, 600, given("mei")),
        at(6, 550, replied("mei")),
    ];
    house.import(vec![batch(events)]).await.expect("imported");
    let pack = Some(proto::list_misses_request::Pack::RulePackId("taobao-3min".into()));
    let request = proto::ListMissesRequest { shop_id: rate("").shop_id, pack, ..Default::default() };
    let misses = house.rates.list_misses(request).await.expect("a list").into_inner().misses;
    let [miss] = misses.as_slice() else { panic!("one miss: {misses:?}") };
    let seconds = |length: &Option<prost_types::Duration>| length.as_ref().map_or(0, |length| length.seconds);
    let blame = miss.blame.as_ref().expect("a blame");
    assert_eq!((miss.agent.as_str(), seconds(&miss.waited_duration)), ("lan", 400));
    let parts = [
        seconds(&blame.nobody_on_duty_duration),
        seconds(&blame.with_agent_duration),
        seconds(&blame.after_transfer_duration),
    ];
    assert_eq!(parts, [100, 200, 50], "{blame:?}");
    assert_eq!(parts.iter().sum::<i64>() + seconds(&blame.queued_duration), 400);
}
