//! Scorecards of days that are over: kept, and told as if they were read.

use fenliu_domain::time::Span;
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::history::v1 as history;
use fenliu_proto::history::v1::event::Payload;

use crate::house::{House, SHOP, START, before_start};
use crate::scorecards::{after_the_evening, lan, recorded};

fn cards_of(
    start_date: &str,
    end_date: &str,
    windows: Vec<proto::ShiftWindow>,
) -> proto::ListScorecardsRequest {
    proto::ListScorecardsRequest {
        shop_id: SHOP.into(),
        start_date: start_date.into(),
        end_date: end_date.into(),
        rule_packs: vec!["taobao-3min".into()],
        by_shift: Some(proto::ShiftSplit { windows }),
        ..Default::default()
    }
}

async fn list(house: &mut House, request: proto::ListScorecardsRequest) -> proto::ListScorecardsResponse {
    house.scorecards.list_scorecards(request).await.expect("a list").into_inner()
}

/// The usual shifts under names of their own, which nothing is kept of.
fn own_shifts() -> Vec<proto::ShiftWindow> {
    let window = |(name, start, end): (&str, &str, &str)| proto::ShiftWindow {
        name: name.into(),
        start: start.into(),
        end: end.into(),
    };
    [("a", "08:00", "13:00"), ("b", "13:00", "18:00"), ("c", "18:00", "23:00")].map(window).into()
}

/// The cards without the names of shifts.
fn without_names(mut listed: proto::ListScorecardsResponse) -> proto::ListScorecardsResponse {
    let cards = listed.scorecards.iter_mut().chain(&mut listed.shop);
    cards.flat_map(|card| &mut card.shifts).for_each(|shift| shift.shift.clear());
    listed
}

async fn after_midnight() -> House {
    let house = after_the_evening().await;
    house.accounts.schedule(&lan(), before_start(120 * 60), before_start(40 * 60));
    house.clock.advance_to(START + Span::from_hours(5)).await;
    house
}

#[tokio::test]
async fn days_that_are_over_are_told_the_same_again_and_as_they_are_read() {
    let mut house = after_midnight().await;
    let days = ("2026-05-03", "2026-05-05");
    let first = list(&mut house, cards_of(days.0, days.1, vec![])).await;
    assert_eq!((first.total_size, first.schedule_known), (1, true));
    assert_eq!(list(&mut house, cards_of(days.0, days.1, vec![])).await, first);
    let read = list(&mut house, cards_of(days.0, days.1, own_shifts())).await;
    assert_eq!(without_names(first.clone()), without_names(read));
    let request = proto::GetScorecardRequest {
        shop_id: SHOP.into(),
        agent: lan(),
        start_date: days.0.into(),
        end_date: days.1.into(),
        rule_packs: vec!["taobao-3min".into()],
        by_shift: Some(proto::ShiftSplit::default()),
        ..Default::default()
    };
    let card = house.scorecards.get_scorecard(request).await.expect("a card").into_inner();
    assert_eq!(card.scorecard, first.scorecards.first().cloned());
}

#[tokio::test]
async fn a_rating_given_again_on_another_day_counts_once_in_both_and_for_its_own_day_in_each() {
    let mut house = after_midnight().await;
    let stars = async |house: &mut House, start: &str, end: &str| {
        let shop = list(house, cards_of(start, end, vec![])).await.shop.expect("the shop's");
        shop.figures.expect("figures").stars
    };
    assert_eq!(stars(&mut house, "2026-05-04", "2026-05-05").await, [0, 0, 1, 0, 0]);
    let rated = Payload::Rated(history::Rated { agent_id: lan(), stars: 5 });
    let last = house.dispatch.record([recorded(20, -270, Some(1), rated)]);
    house.caught_up(last).await;
    for _ in 0..2 {
        assert_eq!(stars(&mut house, "2026-05-04", "2026-05-05").await, [0, 0, 0, 0, 1]);
        assert_eq!(stars(&mut house, "2026-05-04", "2026-05-04").await, [0, 0, 1, 0, 0]);
        assert_eq!(stars(&mut house, "2026-05-05", "2026-05-05").await, [0, 0, 0, 0, 1]);
    }
}

#[tokio::test]
async fn the_roster_of_a_day_that_is_kept_is_asked_for_each_time() {
    let mut house = after_midnight().await;
    let scheduled = async |house: &mut House| {
        let card = list(house, cards_of("2026-05-04", "2026-05-04", vec![])).await.scorecards.remove(0);
        let figures = card.figures.expect("figures");
        (figures.scheduled_duration.map(|span| span.seconds / 60), figures.adherence_basis_points)
    };
    for _ in 0..2 {
        assert_eq!(scheduled(&mut house).await, (Some(80), Some(6_250)));
    }
    // Somebody writes down later that she was to stay, too.
    house.accounts.schedule(&lan(), before_start(40 * 60), before_start(20 * 60));
    assert_eq!(scheduled(&mut house).await, (Some(100), Some(6_000)));
}
