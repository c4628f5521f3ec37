//! What is old lies in an archive, and the desks do not notice.

use std::path::Path;

use fenliu_dispatch::archive::{Archiving, Before, Report, archive, refold, unarchive};
use fenliu_domain::problem::Reason;
use fenliu_domain::time::Span;
use fenliu_proto::dispatch::v1 as proto;
use fenliu_proto::status::reason_of;
use fenliu_runtime::clock::Clock;
use tonic::Status;
use tonic_types::StatusExt;

use super::house::{House, within};
use super::words::refused;

/// Events of a range.
const RANGE: u32 = 100;

/// Archives what is a day old.
async fn put_away(house: &House, to: &Path, before: i64, snapshot: bool) -> Result<Report, String> {
    let now = house.clock.now() + Span::from_hours(26);
    let what = Archiving { before: Before::Position(before), to: to.to_owned(), snapshot, now };
    archive(&house.config(), &what).await.map_err(|error| format!("{error:#}"))
}

/// A shop with some hundred events, and the first and the last conversation of it.
async fn busy(house: &mut House) -> (String, String, String) {
    let shop = house.shop(1).await;
    let ann = house.online(&shop, 1, 3).await;
    let mut conversations = Vec::new();
    for buyer in 0..70 {
        let said = house.says(&shop, &format!("buyer-{buyer}")).await;
        conversations.push(said.conversation_id.clone());
        let held = house.conversation(&shop, &said.conversation_id).await;
        if held.agent_id == ann {
            house.answers(&shop, &ann, &said.conversation_id).await;
            house.ends(&shop, &said.conversation_id).await;
        }
    }
    let last = conversations.last().cloned().expect("somebody came");
    (shop, conversations.swap_remove(0), last)
}

fn archived(status: &Status) -> u64 {
    assert_eq!(reason_of(status), Some(Reason::HistoryArchived), "{status:?}");
    let told = status.get_error_details();
    let told = told.error_info().expect("every refusal says why");
    assert!(told.metadata.contains_key("archived_position"));
    told.metadata.get("archived_seq").map_or(0, |seq| seq.parse().expect("a number"))
}

#[tokio::test]
async fn a_desk_is_the_same_whether_its_past_is_in_the_history_or_in_the_archive() {
    let mut house = House::with_ranges_of(RANGE).await;
    let (shop, _, _) = busy(&mut house).await;
    let before = house.everything(&shop).await;
    let place = tempfile::tempdir().expect("a directory");
    let refused = put_away(&house, place.path(), 201, false).await.expect_err("no snapshot covers it");
    assert!(refused.contains(&shop) && refused.contains("--snapshot"), "{refused}");
    let report = put_away(&house, place.path(), 201, true).await.expect("it is archived");
    assert_eq!(report.events, 200);
    assert_eq!(report.files.len(), 2);
    assert_eq!(put_away(&house, place.path(), 201, true).await.expect("nothing to do"), Report::default());

    let whole = refold(&house.config(), place.path()).await.expect("archive and history are the same desks");
    assert_eq!((whole.desks, whole.events), (1, before.events.len() as u64));

    let mut house = house.restart().await;
    let rest = house.events_after(&shop, 200).await;
    assert_eq!(rest, before.events[200..]);
    assert_eq!(house.queue(&shop).await, before.queue, "the desk is rebuilt without its archived past");
    house.says(&shop, "one more").await;

    let back = unarchive(&house.config(), place.path()).await.expect("it is put back");
    assert_eq!(back.events, 200);
    assert_eq!(house.events(&shop).await[..before.events.len()], before.events, "as it was");
    refold(&house.config(), place.path()).await.expect("the same desks again");
    put_away(&house, place.path(), 201, true).await.expect("and away again");
}

#[tokio::test]
async fn whoever_asks_for_what_is_archived_is_told_so() {
    let mut house = House::with_ranges_of(RANGE).await;
    let (shop, first, last) = busy(&mut house).await;
    let all = house.events(&shop).await;
    let place = tempfile::tempdir().expect("a directory");
    put_away(&house, place.path(), 201, true).await.expect("it is archived");
    let last_gone = all[199].event.as_ref().expect("an event").event_id.clone();

    let list = proto::ListEventsRequest { shop_id: shop.clone(), ..Default::default() };
    let seq = archived(&house.to.history.list_events(list.clone()).await.expect_err("archived"));
    assert_eq!(seq, 200);
    let rest = proto::ListEventsRequest { after_seq: seq, page_size: 500, ..list.clone() };
    let rest = house.to.history.list_events(rest).await.expect("the rest is there").into_inner();
    assert_eq!(rest.events, all[200..]);
    let of_first = proto::ListEventsRequest { conversation_id: first.clone(), ..list.clone() };
    archived(&house.to.history.list_events(of_first).await.expect_err("archived"));
    let of_last = proto::ListEventsRequest { conversation_id: last.clone(), ..list };
    house.to.history.list_events(of_last).await.expect("all of it is there");
    let said = |conversation: &str| proto::ListMessagesRequest {
        shop_id: shop.clone(),
        conversation_id: conversation.into(),
        ..Default::default()
    };
    archived(&house.to.conversations.list_messages(said(&first)).await.expect_err("archived"));
    house.to.conversations.list_messages(said(&last)).await.expect("all of it is there");
    let explain = proto::ExplainRouteRequest { shop_id: shop.clone(), conversation_id: first };
    archived(&house.to.routing.explain_route(explain).await.expect_err("archived"));

    for after_position in [0, 1, 199] {
        let from = proto::FollowEventsRequest { after_position, after_event_id: String::new() };
        archived(&house.to.history.follow_events(from).await.expect_err("archived"));
    }
    let from = proto::FollowEventsRequest { after_position: 200, after_event_id: last_gone };
    let mut stream = house.to.history.follow_events(from.clone()).await.expect("from there on").into_inner();
    let next = within(stream.message()).await.expect("it goes on").expect("it goes on");
    assert_eq!(next.events.first(), Some(&all[200]));
    let other = all[7].event.as_ref().expect("an event").event_id.clone();
    let from = proto::FollowEventsRequest { after_event_id: other, ..from };
    refused(house.to.history.follow_events(from).await, Reason::HistoryRewound);
}

#[tokio::test]
async fn a_damaged_file_is_named_and_nothing_is_put_back() {
    let mut house = House::with_ranges_of(RANGE).await;
    let (shop, _, _) = busy(&mut house).await;
    let place = tempfile::tempdir().expect("a directory");
    let report = put_away(&house, place.path(), 101, true).await.expect("it is archived");
    let file = place.path().join(&report.files[0].file);
    let whole = std::fs::read(&file).expect("read");
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    std::fs::write(&file, damaged).expect("written");
    let nowhere = place.path().join("nowhere");
    for told in [unarchive(&house.config(), &nowhere).await, refold(&house.config(), &nowhere).await] {
        let told = told.expect_err("a name that is mistyped is no empty archive").to_string();
        assert!(told.contains("no archive at") && told.contains("nowhere"), "{told}");
    }
    for told in [unarchive(&house.config(), place.path()).await, refold(&house.config(), place.path()).await]
    {
        let told = format!("{:#}", told.expect_err("it is damaged"));
        assert!(told.contains(&report.files[0].file) && told.contains("damaged"), "{told}");
    }
    std::fs::remove_file(&file).expect("removed");
    unarchive(&house.config(), place.path()).await.expect_err("it is missing");
    std::fs::write(&file, whole).expect("written");
    unarchive(&house.config(), place.path()).await.expect("it is whole again");
    assert!(house.events(&shop).await.len() > 200);
}

#[tokio::test]
async fn what_a_repeated_request_may_ask_for_is_not_archived() {
    let mut house = House::with_ranges_of(RANGE).await;
    busy(&mut house).await;
    let place = tempfile::tempdir().expect("a directory");
    let young = Archiving {
        before: Before::Position(101),
        to: place.path().to_owned(),
        snapshot: true,
        now: house.clock.now() + Span::from_hours(24),
    };
    let refused = archive(&house.config(), &young).await.expect_err("it is too young").to_string();
    assert!(refused.contains("younger than 25 hours"), "{refused}");
    let moment = Before::Moment(house.clock.now());
    let refused = archive(&house.config(), &Archiving { before: moment, ..young.clone() }).await;
    assert!(refused.expect_err("it is too young").to_string().contains("25 hours ago"));
    let now = house.clock.now() + Span::from_hours(50);
    let old = Archiving { before: Before::Moment(house.clock.now() + Span::from_hours(1)), now, ..young };
    let report = archive(&house.config(), &old).await.expect("it is archived");
    assert!(report.events >= 200, "{report}");
    assert!("yesterday".parse::<Before>().expect_err("no day").contains("2026-01-31"));
}
