//! Today's error budget.

use fenliu_domain::problem::Reason;
use fenliu_domain::time::Span;
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::get_error_budget_request::Pack;
use fenliu_proto::analytics::v1::{BurnState, Prospect};
use fenliu_proto::common::v1::Actor;
use fenliu_proto::convert::{to_span, to_timestamp};

use crate::house::{House, SHOP, batch, before_start, conversation, refused, refused_fields};

const DAY: i64 = 86_400;
const HOUR: i64 = 3_600;

fn budget(pack: &str) -> proto::GetErrorBudgetRequest {
    let pack = Some(Pack::RulePackId(pack.into()));
    proto::GetErrorBudgetRequest { shop_id: SHOP.into(), pack, ..Default::default() }
}

/// The budget of a day of buyers under Pinduoduo's rule, with a target of the caller's own.
fn human(target: u32) -> proto::GetErrorBudgetRequest {
    proto::GetErrorBudgetRequest { target_basis_points: Some(target), ..budget("pinduoduo-3min-human") }
}

async fn ask(house: &mut House, request: proto::GetErrorBudgetRequest) -> proto::GetErrorBudgetResponse {
    house.rates.get_error_budget(request).await.expect("a budget").into_inner()
}

/// So many buyers so many seconds before the clock's start, of whom the first so many wait too long.
fn buyers(name: &str, asked_before: i64, count: i64, missed: i64) -> proto::ImportEventsRequest {
    let wait = |n: i64| if n < missed { 200 } else { 20 };
    let buyer = |n| conversation(&format!("{name}{n}"), asked_before, Some(wait(n)));
    batch((0..count).flat_map(buyer).collect())
}

/// What a window holds: units, misses, and how fast that burns.
fn window(window: Option<&proto::BurnWindow>) -> (u64, u64, Option<u64>) {
    let window = window.expect("a window");
    (window.counted, window.missed, window.burn_permille)
}

#[tokio::test]
async fn of_212_buyers_with_9_misses_and_a_target_of_95_percent_one_miss_is_left() {
    let mut house = House::open().await;
    house.import(vec![buyers("b", 8 * HOUR, 212, 9)]).await.expect("imported");
    let answer = ask(&mut house, human(9_500)).await;
    let today = answer.today.expect("today");
    assert_eq!((today.counted, today.missed, today.rate_basis_points), (212, 9, Some(9_575)));
    let left = answer.budget.expect("a budget");
    assert_eq!((left.misses_allowed, left.misses_left, left.good_units_needed), (10, 1, Some(0)));
    assert_eq!((answer.date.as_str(), answer.target_basis_points), ("2026-05-04", 9_500));
    assert_eq!(answer.projection, None, "no day before is known to go by");
    assert_eq!(
        (answer.time_zone.as_str(), answer.rule_pack.expect("the pack").version),
        ("Asia/Shanghai", 1)
    );
}

#[tokio::test]
async fn past_the_budget_it_says_how_many_good_buyers_bring_it_back() {
    let mut house = House::open().await;
    house.import(vec![buyers("b", 8 * HOUR, 212, 13)]).await.expect("imported");
    let left = ask(&mut house, human(9_500)).await.budget.expect("a budget");
    assert_eq!((left.misses_allowed, left.misses_left, left.good_units_needed), (10, -3, Some(48)));
    let none_spared = ask(&mut house, human(10_000)).await.budget.expect("a budget");
    assert_eq!((none_spared.misses_left, none_spared.good_units_needed), (-13, None));
}

#[tokio::test]
async fn the_target_is_the_packs_own_unless_another_is_named() {
    let mut house = House::open().await;
    house.import(vec![buyers("b", 8 * HOUR, 20, 3)]).await.expect("imported");
    let own = ask(&mut house, budget("pinduoduo-3min-human")).await;
    assert_eq!((own.target_basis_points, own.budget.expect("a budget").misses_left), (8_500, 0));
    assert_eq!(ask(&mut house, human(9_000)).await.budget.expect("a budget").misses_left, -1);
}

#[tokio::test]
async fn the_day_is_projected_by_the_shops_own_half_hours() {
    let mut house = House::open().await;
    let of_day = |day: i64| {
        // At noon, at 21:00, and at 23:30, when the pack judges nothing.
        [(8 * HOUR, 20), (-HOUR, 10), (-7 * HOUR / 2, 50)]
            .map(|(before, count)| buyers(&format!("{day}/{before}/"), day * DAY + before, count, 0))
    };
    let mut batches: Vec<_> = (1..=7).flat_map(of_day).collect();
    batches.push(buyers("today", 8 * HOUR, 212, 9));
    house.import(batches).await.expect("imported");
    let answer = ask(&mut house, human(9_500)).await;
    let ahead = answer.projection.expect("a projection");
    // Ten are to come on a usual day, and so far this one brought (10 + 212) ÷ (10 + 20) times as many.
    assert!((ahead.units_to_come - 74.0).abs() < 1e-6, "{ahead:?}");
    assert_eq!((ahead.rate_basis_points, ahead.usual_days), (9_575, 7));
    assert!(ahead.low_basis_points < 9_500 && ahead.high_basis_points > 9_575, "{ahead:?}");
    assert_eq!(ahead.prospect(), Prospect::Open);
    assert_eq!(ask(&mut house, human(9_990)).await.projection.expect("one").prospect(), Prospect::Missed);
    assert_eq!(ask(&mut house, human(5_000)).await.projection.expect("one").prospect(), Prospect::Reached);
}

#[tokio::test]
async fn a_miss_burns_the_budget_from_the_moment_its_limit_passes() {
    let mut house = House::open().await;
    // Asked seven minutes ago, due four minutes ago: within the last five.
    let open = |n: i64| conversation(&format!("open{n}"), 420, None);
    house.import(vec![batch((0..2).flat_map(open).collect())]).await.expect("imported");
    house
        .import(vec![buyers("hour", 40 * 60, 6, 1), buyers("long", 5 * HOUR, 12, 0)])
        .await
        .expect("imported");
    let answer = ask(&mut house, budget("pinduoduo-3min-human")).await;
    let (fast, slow) = (answer.fast.expect("an alarm"), answer.slow.expect("an alarm"));
    assert_eq!(window(fast.short.as_ref()), (2, 2, Some(6_666)));
    assert_eq!(window(fast.long.as_ref()), (8, 3, Some(2_500)));
    assert_eq!((fast.state(), fast.at_permille), (BurnState::Quiet, 3_000), "the hour does not burn");
    assert_eq!(window(slow.short.as_ref()), (2, 2, Some(6_666)));
    assert_eq!(window(slow.long.as_ref()), (20, 3, Some(1_000)));
    let lengths = [&fast.short, &fast.long, &slow.short, &slow.long]
        .map(|window| window.as_ref().and_then(|window| window.window_duration));
    assert_eq!(lengths, [5, 60, 30, 360].map(|minutes| Some(to_span(Span::from_mins(minutes)))));
}

#[tokio::test]
async fn both_windows_must_burn_before_an_alarm_does() {
    let mut house = House::open().await;
    let open = |n: i64| conversation(&format!("open{n}"), 420, None);
    house.import(vec![batch((0..4).flat_map(open).collect())]).await.expect("imported");
    house.import(vec![buyers("hour", 40 * 60, 4, 0)]).await.expect("imported");
    let answer = ask(&mut house, budget("pinduoduo-3min-human")).await;
    let states = (answer.fast.expect("an alarm").state(), answer.slow.expect("an alarm").state());
    assert_eq!(states, (BurnState::Burning, BurnState::Burning));
    // A quarter of an hour later nothing new has been missed.
    let later = Some(to_timestamp(before_start(-15 * 60)));
    let later = ask(&mut house, proto::GetErrorBudgetRequest { as_of_time: later, ..human(8_500) }).await;
    let fast = later.fast.expect("an alarm");
    assert_eq!((fast.state(), window(fast.short.as_ref())), (BurnState::Quiet, (0, 0, None)));
    assert_eq!(later.slow.expect("an alarm").state(), BurnState::Burning);
}

#[tokio::test]
async fn a_buyer_who_was_kept_waiting_once_is_a_good_one_of_the_hour_that_went_well() {
    let mut house = House::open().await;
    let late = conversation("late", 8 * HOUR, Some(200));
    // The same buyer again, in another conversation.
    let mut again = conversation("again", 40 * 60, Some(20));
    again[0].payload = late[0].payload.clone();
    house.import(vec![batch([late, again].concat())]).await.expect("imported");
    let answer = ask(&mut house, budget("pinduoduo-3min-human")).await;
    let today = answer.today.expect("today");
    assert_eq!((today.counted, today.missed), (1, 1));
    assert_eq!(window(answer.fast.expect("an alarm").long.as_ref()), (1, 0, Some(0)));
}

#[tokio::test]
async fn without_data_today_there_is_no_budget_no_projection_and_no_burn() {
    let mut house = House::open().await;
    house.import(vec![buyers("yesterday", DAY + HOUR, 20, 5)]).await.expect("imported");
    let answer = ask(&mut house, budget("pinduoduo-3min-human")).await;
    let today = answer.today.expect("today");
    assert_eq!((today.counted, today.rate_basis_points), (0, None));
    assert_eq!((answer.budget, answer.projection), (None, None));
    let (fast, slow) = (answer.fast.expect("an alarm"), answer.slow.expect("an alarm"));
    assert_eq!((fast.state(), slow.state()), (BurnState::NoData, BurnState::NoData));
    assert_eq!(window(slow.long.as_ref()), (0, 0, None));
}

#[tokio::test]
async fn a_pack_of_the_callers_own_has_a_budget_too() {
    let mut house = House::open().await;
    house.import(vec![buyers("b", HOUR, 10, 1)]).await.expect("imported");
    let pack = proto::RulePack {
        rule_pack_id: "mine".into(),
        unit: proto::Unit::Session.into(),
        limit_duration: Some(to_span(Span::from_secs(10))),
        countable_actors: vec![Actor::Human.into()],
        target_basis_points: 5_000,
        ..Default::default()
    };
    let request = proto::GetErrorBudgetRequest { pack: Some(Pack::Custom(pack)), ..budget("") };
    let left = ask(&mut house, request).await.budget.expect("a budget");
    assert_eq!((left.misses_allowed, left.misses_left, left.good_units_needed), (5, -5, Some(10)));
}

#[tokio::test]
async fn a_request_for_a_budget_that_makes_no_sense_is_refused_by_field() {
    let mut house = House::open().await;
    house.import(vec![buyers("b", HOUR, 1, 0)]).await.expect("imported");
    let nanos = prost_types::Timestamp { seconds: 0, nanos: -1 };
    let no_time = proto::GetErrorBudgetRequest { as_of_time: Some(nanos), ..human(9_500) };
    let no_pack = proto::GetErrorBudgetRequest { pack: None, ..human(9_500) };
    let no_shop = proto::GetErrorBudgetRequest { shop_id: "shop".into(), ..human(9_500) };
    for (request, field) in [
        (budget("taobao-3min"), "target_basis_points"),
        (human(0), "target_basis_points"),
        (human(10_001), "target_basis_points"),
        (budget("taobao-mean-response"), "rule_pack_id"),
        (no_time, "as_of_time"),
        (no_pack, "pack"),
        (no_shop, "shop_id"),
    ] {
        refused_fields(house.rates.get_error_budget(request).await, Reason::InvalidRequest, &[field]);
    }
    refused(house.rates.get_error_budget(budget("nobody's")).await, Reason::RulePackNotFound);
}

#[tokio::test]
async fn a_shop_nobody_knows_has_no_budget() {
    let mut house = House::open().await;
    refused(house.rates.get_error_budget(human(9_500)).await, Reason::ShopNotFound);
}
