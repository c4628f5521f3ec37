//! Where a shop stands with a marketplace.

use fenliu_domain::problem::Reason;
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::{Consequence, DayOutcome, LedgerEvent};
use fenliu_proto::convert::to_timestamp;

use crate::house::{House, SHOP, batch, before_start, conversation, refused, refused_fields};

const PACK: &str = "pinduoduo-3min-human";
const DAY: i64 = 86_400;

fn standing(pack: &str) -> proto::GetStandingRequest {
    proto::GetStandingRequest { shop_id: SHOP.into(), rule_pack_id: pack.into(), ..Default::default() }
}

/// The same, as of so many days before the clock's start: 20:00 of that day.
fn days_ago(days: i64) -> proto::GetStandingRequest {
    proto::GetStandingRequest { as_of_time: Some(to_timestamp(before_start(days * DAY))), ..standing(PACK) }
}

async fn ask(house: &mut House, request: proto::GetStandingRequest) -> proto::GetStandingResponse {
    house.compliance.get_standing(request).await.expect("a standing").into_inner()
}

/// So many buyers an hour before 20:00 of the day so many days ago, of whom so many wait too long.
fn day(days_ago: i64, buyers: i64, missed: i64) -> Vec<proto::ImportedEvent> {
    let wait = |n: i64| if n < missed { 200 } else { 20 };
    let buyer = |n| conversation(&format!("{days_ago}/{n}"), days_ago * DAY + 3_600, Some(wait(n)));
    (0..buyers).flat_map(buyer).collect()
}

async fn house_with(days: &[(i64, i64, i64)]) -> House {
    let mut house = House::open().await;
    let of_day = |(ago, buyers, missed): &(i64, i64, i64)| batch(day(*ago, *buyers, *missed));
    house.import(days.iter().map(of_day).collect()).await.expect("imported");
    house
}

/// Each line of a ledger: its day, what it is about, and what became of that.
fn lines(ledger: &[proto::LedgerLine]) -> Vec<(&str, Consequence, LedgerEvent)> {
    ledger.iter().map(|line| (line.date.as_str(), line.consequence(), line.event())).collect()
}

fn kinds(held: &[proto::ConsequenceInForce]) -> Vec<Consequence> {
    held.iter().map(proto::ConsequenceInForce::consequence).collect()
}

#[tokio::test]
async fn a_day_below_target_means_three_days_out_and_three_good_days_back() {
    let mut house = house_with(&[(5, 4, 0), (4, 4, 1), (3, 4, 0), (2, 4, 0), (1, 4, 0)]).await;
    let next_day = ask(&mut house, days_ago(3)).await;
    assert_eq!(kinds(&next_day.in_force), [Consequence::Restricted, Consequence::ResourceSlot]);
    let restricted = &next_day.in_force[0];
    assert_eq!((restricted.began_date.as_str(), restricted.end_date.as_str()), ("2026-05-01", "2026-05-03"));
    assert_eq!((restricted.good_days, restricted.good_days_needed), (0, 3));
    assert_eq!(
        (restricted.recovery_date.as_str(), next_day.free_from_date.as_str()),
        ("2026-05-04", "2026-05-04")
    );
    let last_day = ask(&mut house, days_ago(1)).await;
    assert_eq!((last_day.in_force[0].good_days, last_day.in_force[0].good_days_needed), (2, 1));
    let free = ask(&mut house, standing(PACK)).await;
    assert_eq!((free.in_force.len(), free.free_from_date.as_str(), free.good_days), (0, "", 3));
    assert_eq!(
        lines(&free.ledger),
        [
            ("2026-04-30", Consequence::Restricted, LedgerEvent::Began),
            ("2026-04-30", Consequence::ResourceSlot, LedgerEvent::Began),
            ("2026-05-03", Consequence::Restricted, LedgerEvent::Ended),
            ("2026-05-03", Consequence::ResourceSlot, LedgerEvent::Ended),
        ]
    );
    let cause = &free.ledger[0];
    assert_eq!((cause.below_basis_points, cause.rate_basis_points, cause.counted), (8_500, Some(7_500), 4));
    assert_eq!((free.time_zone.as_str(), free.rule_pack.expect("the pack").version), ("Asia/Shanghai", 1));
}

#[tokio::test]
async fn a_second_day_below_target_counts_the_days_and_the_good_days_anew() {
    let mut house = house_with(&[(4, 4, 1), (3, 4, 0), (2, 4, 1), (1, 4, 0)]).await;
    let held = ask(&mut house, standing(PACK)).await;
    let restricted = &held.in_force[0];
    let dates = (restricted.began_date.as_str(), restricted.latest_cause_date.as_str());
    assert_eq!(dates, ("2026-05-01", "2026-05-02"));
    assert_eq!((restricted.good_days_needed, restricted.recovery_date.as_str()), (2, "2026-05-06"));
    let events: Vec<_> = held.ledger.iter().map(proto::LedgerLine::event).collect();
    assert_eq!(events[2..], [LedgerEvent::Prolonged, LedgerEvent::Prolonged]);
}

#[tokio::test]
async fn days_without_data_pass_and_are_no_good_days() {
    let mut house = house_with(&[(6, 4, 1)]).await;
    let held = ask(&mut house, standing(PACK)).await;
    assert_eq!(kinds(&held.in_force), [Consequence::Restricted], "time alone brings the slot back");
    assert_eq!((held.in_force[0].end_date.as_str(), held.in_force[0].good_days_needed), ("2026-05-01", 3));
    assert_eq!(held.free_from_date, "2026-05-07");
    let outcomes: Vec<_> = held.days.iter().map(proto::StandingDay::outcome).collect();
    assert_eq!(outcomes[0], DayOutcome::Bad);
    assert_eq!(outcomes[1..], [DayOutcome::NoData; 5]);
    let today = held.today.expect("today");
    assert_eq!((today.date.as_str(), today.outcome()), ("2026-05-04", DayOutcome::NoData));
    assert_eq!((today.rate_basis_points, today.counted), (None, 0), "no data stays no data");
}

#[tokio::test]
async fn today_is_shown_and_nothing_follows_from_it_yet() {
    let mut house = house_with(&[(40, 4, 4), (0, 4, 1)]).await;
    let answer = ask(&mut house, standing(PACK)).await;
    let today = answer.today.expect("today");
    assert_eq!((today.outcome(), today.rate_basis_points, today.counted), (DayOutcome::Bad, Some(7_500), 4));
    let parts = today.parts.expect("its parts");
    assert_eq!((parts.counted, parts.missed_late), (4, 1));
    assert_eq!((answer.in_force.len(), answer.ledger.len(), answer.days.len()), (0, 0, 0));
}

#[tokio::test]
async fn at_most_thirty_five_days_are_shown() {
    let mut house = house_with(&[(36, 4, 0), (35, 4, 0), (1, 4, 0)]).await;
    let answer = ask(&mut house, standing(PACK)).await;
    let ends = (answer.days[0].date.as_str(), answer.days[34].date.as_str());
    assert_eq!((answer.days.len(), ends), (35, ("2026-03-30", "2026-05-03")));
}

#[tokio::test]
async fn a_black_room_does_not_come_by_itself_and_a_fine_does() {
    let mut house = house_with(&[(2, 101, 101), (1, 100, 100)]).await;
    let answer = ask(&mut house, standing(PACK)).await;
    assert_eq!(kinds(&answer.in_force), [Consequence::Restricted, Consequence::ResourceSlot]);
    assert_eq!(answer.by_notice, [i32::from(Consequence::BlackRoom)]);
    let fines: Vec<_> =
        lines(&answer.ledger).into_iter().filter(|(_, kind, _)| *kind == Consequence::FineDue).collect();
    assert_eq!(fines, [("2026-05-02", Consequence::FineDue, LedgerEvent::FellDue)], "100 buyers are too few");
}

#[tokio::test]
async fn what_if_today_ends_at_some_rate_is_answered_and_changes_nothing() {
    let mut house = house_with(&[(1, 4, 0), (0, 4, 0)]).await;
    let at = |basis_points| proto::GetStandingRequest {
        what_if_rate_basis_points: Some(basis_points),
        ..standing(PACK)
    };
    let bad = ask(&mut house, at(8_499)).await;
    assert_eq!((bad.in_force.len(), bad.ledger.len()), (0, 0));
    let supposed = bad.what_if.expect("what was asked");
    assert_eq!((supposed.outcome(), supposed.counted), (DayOutcome::Bad, 4));
    assert_eq!(kinds(&supposed.in_force), [Consequence::Restricted, Consequence::ResourceSlot]);
    assert_eq!(lines(&supposed.ledger)[0], ("2026-05-04", Consequence::Restricted, LedgerEvent::Began));
    assert_eq!(supposed.free_from_date, "2026-05-08");
    let good = ask(&mut house, at(8_500)).await.what_if.expect("what was asked");
    assert_eq!(
        (good.outcome(), good.in_force.len(), good.free_from_date.as_str()),
        (DayOutcome::Good, 0, "")
    );
    assert_eq!(ask(&mut house, standing(PACK)).await.what_if, None);
}

#[tokio::test]
async fn a_rate_can_be_supposed_of_a_day_on_which_nobody_came() {
    let mut house = house_with(&[(1, 4, 0)]).await;
    let request = proto::GetStandingRequest { what_if_rate_basis_points: Some(0), ..standing(PACK) };
    let supposed = ask(&mut house, request).await.what_if.expect("what was asked");
    assert_eq!((supposed.counted, supposed.in_force.len()), (1, 2));
}

#[tokio::test]
async fn a_pack_that_looks_back_over_days_shows_the_rate_of_all_of_them() {
    let mut house = house_with(&[(40, 4, 0), (20, 10, 0), (1, 10, 0)]).await;
    let answer = ask(&mut house, standing("tiktok-sea-12h")).await;
    let yesterday = answer.days.last().expect("yesterday");
    assert_eq!((yesterday.counted, yesterday.rate_basis_points), (20, Some(10_000)));
    assert_eq!(yesterday.parts.as_ref().map(|parts| parts.counted), Some(10));
    assert_eq!(answer.days[0].counted, 4, "the day 35 days ago looks back on the one 40 days ago");
}

#[tokio::test]
async fn a_request_for_a_standing_that_makes_no_sense_is_refused_by_field() {
    let mut house = house_with(&[(1, 4, 0)]).await;
    let too_high = proto::GetStandingRequest { what_if_rate_basis_points: Some(10_001), ..standing(PACK) };
    let nanos = prost_types::Timestamp { seconds: 0, nanos: -1 };
    let no_time = proto::GetStandingRequest { as_of_time: Some(nanos), ..standing(PACK) };
    let no_shop = proto::GetStandingRequest { shop_id: "shop".into(), ..standing(PACK) };
    for (request, field) in [
        (standing("taobao-3min"), "rule_pack_id"),
        (standing(""), "rule_pack_id"),
        (too_high, "what_if_rate_basis_points"),
        (no_time, "as_of_time"),
        (no_shop, "shop_id"),
    ] {
        refused_fields(house.compliance.get_standing(request).await, Reason::InvalidRequest, &[field]);
    }
    refused(house.compliance.get_standing(standing("nobody's")).await, Reason::RulePackNotFound);
}

#[tokio::test]
async fn a_shop_nobody_knows_stands_nowhere() {
    let mut house = House::open().await;
    refused(house.compliance.get_standing(standing(PACK)).await, Reason::ShopNotFound);
}
