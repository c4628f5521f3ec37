//! What buyers said, and two periods side by side.

use fenliu_domain::problem::Reason;
use fenliu_domain::time::Span;
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::compare_periods_request::Pack;
use fenliu_proto::analytics::v1::{PeriodMeasure, PeriodVerdict};
use fenliu_proto::convert::to_span;
use fenliu_proto::history::v1 as history;
use fenliu_proto::history::v1::event::Payload;

use crate::following::{event, policy};
use crate::house::{House, SHOP, batch, conversation, rate, refused, refused_fields};
use crate::own_packs::{own, put};

const DAY: i64 = 86_400;

/// A conversation so many days before the clock's start, which the buyer rated.
fn rated(number: i64, days_before: i64, stars: u32) -> Vec<history::Event> {
    let (key, opened_before) = (format!("cnv {number}"), days_before * DAY + 3_600);
    let buyer_id = format!("b{number}");
    let opened = history::ConversationOpened { buyer_id, priority: 100, ..Default::default() };
    let message = history::MessageReceived { message_id: format!("msg {number}"), ..Default::default() };
    let rating = history::Rated { agent_id: String::new(), stars };
    [
        (opened_before, Payload::ConversationOpened(opened)),
        (opened_before, Payload::MessageReceived(message)),
        (opened_before - 60, Payload::Rated(rating)),
    ]
    .into_iter()
    .enumerate()
    .filter(|(step, _)| *step < 2 || stars > 0)
    .map(|(step, (before, payload))| event(&format!("evt {number}/{step}"), &key, before, payload))
    .collect()
}

fn satisfaction(start: &str, end: &str) -> proto::GetSatisfactionRequest {
    proto::GetSatisfactionRequest { shop_id: SHOP.into(), start_date: start.into(), end_date: end.into() }
}

/// 3 May beside 4 May, which is the clock's day.
fn periods(pack: &str) -> proto::ComparePeriodsRequest {
    proto::ComparePeriodsRequest {
        shop_id: SHOP.into(),
        pack: Some(Pack::RulePackId(pack.into())),
        before_start_date: "2026-05-03".into(),
        before_end_date: "2026-05-03".into(),
        after_start_date: "2026-05-04".into(),
        after_end_date: "2026-05-04".into(),
        ..Default::default()
    }
}

async fn compare(house: &mut House, request: proto::ComparePeriodsRequest) -> proto::ComparePeriodsResponse {
    house.feedback.compare_periods(request).await.expect("compared").into_inner()
}

fn of(answer: &proto::ComparePeriodsResponse, measure: PeriodMeasure) -> &proto::ComparedMeasure {
    answer.measures.iter().find(|compared| compared.measure() == measure).expect("every measure is there")
}

/// So many buyers of one day who waited so long each, of whom the first so many waited for ten minutes.
fn buyers(name: &str, days_before: i64, count: i64, late: i64, waited: i64) -> proto::ImportEventsRequest {
    let wait = |n: i64| if n < late { 600 } else { waited };
    let buyer = |n| conversation(&format!("{name}{n}"), days_before * DAY + 8 * 3_600, Some(wait(n)));
    batch((0..count).flat_map(buyer).collect())
}

#[tokio::test]
async fn satisfaction_is_what_the_history_tells_of_ratings_by_the_day_of_the_conversation() {
    let mut house = House::open().await;
    let mut last = house.dispatch.record([policy()]);
    for (number, stars) in [(1, 5), (2, 4), (3, 3), (4, 0)] {
        last = house.dispatch.record(rated(number, 0, stars));
    }
    last = last.max(house.dispatch.record(rated(5, 1, 1)));
    house.caught_up(last).await;
    let today = house.feedback.get_satisfaction(satisfaction("2026-05-04", "2026-05-04")).await;
    let today = today.expect("told").into_inner();
    let total = today.total.expect("a total");
    assert_eq!((total.conversations, total.ratings, total.by_stars), (4, 3, vec![0, 0, 1, 1, 1]));
    // Wilson's interval of 2 of 3, by hand: 0.2077 to 0.9385.
    let csat = total.csat.expect("ratings");
    assert_eq!((csat.basis_points, csat.low_basis_points, csat.high_basis_points), (6_667, 2_077, 9_385));
    assert_eq!(total.dissatisfaction.expect("ratings").basis_points, 3_333);
    let both = house.feedback.get_satisfaction(satisfaction("", "")).await.expect("told").into_inner();
    let days: Vec<_> = both.days.iter().map(|day| day.date.as_str()).collect();
    assert_eq!((days, both.total.expect("a total").ratings), (vec!["2026-05-03", "2026-05-04"], 4));
    let mut house = house.restart().await;
    let again = house.feedback.get_satisfaction(satisfaction("", "")).await.expect("told").into_inner();
    assert_eq!(again.days, both.days);
}

#[tokio::test]
async fn without_ratings_there_is_no_share() {
    let mut house = House::open().await;
    house.import(vec![batch(conversation("c", 3_600, Some(5)))]).await.expect("imported");
    let told = house.feedback.get_satisfaction(satisfaction("", "")).await.expect("told").into_inner();
    let total = told.total.expect("a total");
    assert_eq!((total.conversations, total.csat, total.dissatisfaction), (1, None, None));
    let wrong = house.feedback.get_satisfaction(satisfaction("May", "2026-05-04")).await;
    refused_fields(wrong, Reason::InvalidRequest, &["start_date"]);
    let nowhere = proto::GetSatisfactionRequest {
        shop_id: "shp_00000000000000000000000000000009".into(),
        ..satisfaction("", "")
    };
    refused(house.feedback.get_satisfaction(nowhere).await, Reason::ShopNotFound);
}

#[tokio::test]
async fn a_change_is_told_by_measure_with_intervals_and_a_plain_word() {
    let mut house = House::open().await;
    house.import(vec![buyers("before", 1, 80, 32, 60)]).await.expect("imported");
    house.import(vec![buyers("after", 0, 70, 14, 20)]).await.expect("imported");
    let answer = compare(&mut house, periods("taobao-3min")).await;
    // Newcombe, 1998, table II: 56/70 against 48/80 is 5.24 to 33.39 percentage points.
    let rate = of(&answer, PeriodMeasure::ReplyRate);
    let change = rate.change.expect("data");
    let near = |value: Option<f64>, expected: f64| (value.expect("an end") - expected).abs() < 5.1e-5;
    assert!(near(change.low, 0.0524) && near(change.high, 0.3339), "{change:?}");
    assert_eq!((rate.verdict(), rate.before.expect("data").count), (PeriodVerdict::Better, 80));
    let counts = |parts: Option<proto::RateParts>| parts.map(|parts| (parts.within_limit, parts.counted));
    assert_eq!((counts(answer.before), counts(answer.after)), (Some((48, 80)), Some((56, 70))));
    let mean = of(&answer, PeriodMeasure::FirstResponseMean);
    let value = |estimate: Option<proto::PeriodEstimate>| estimate.expect("data").value;
    assert!((value(mean.before) - 276.0).abs() < 1e-9 && (value(mean.after) - 136.0).abs() < 1e-9);
    assert_eq!(mean.verdict(), PeriodVerdict::Better);
    let median = of(&answer, PeriodMeasure::FirstResponseP50);
    assert!((value(median.after) - 20.0).abs() < 0.2, "{median:?}");
    let top = of(&answer, PeriodMeasure::FirstResponseP99);
    assert_eq!((top.verdict(), top.after.expect("data").high), (PeriodVerdict::NoDifference, None));
    for measure in [PeriodMeasure::Csat, PeriodMeasure::Dissatisfaction, PeriodMeasure::Conversion] {
        let nothing = of(&answer, measure);
        assert_eq!((nothing.verdict(), nothing.before, nothing.change), (PeriodVerdict::NoData, None, None));
    }
    // The first responses are those GetReplyRate tells of.
    let day = proto::GetReplyRateRequest {
        start_date: "2026-05-03".into(),
        end_date: "2026-05-03".into(),
        ..rate_request()
    };
    let told = house.rates.get_reply_rate(day).await.expect("a rate").into_inner();
    let first = told.first_response_times.expect("times");
    assert_eq!((first.answered, first.mean_duration), (80, Some(to_span(Span::from_secs(276)))));
}

fn rate_request() -> proto::GetReplyRateRequest {
    rate("taobao-3min")
}

#[tokio::test]
async fn what_buyers_said_before_and_after_is_compared() {
    let mut house = House::open().await;
    let mut last = house.dispatch.record([policy()]);
    for number in 0..40 {
        last = house.dispatch.record(rated(number, 1, if number < 10 { 5 } else { 2 }));
        last = last.max(house.dispatch.record(rated(100 + number, 0, if number < 30 { 4 } else { 1 })));
    }
    house.caught_up(last).await;
    let answer = compare(&mut house, periods("taobao-3min")).await;
    let csat = of(&answer, PeriodMeasure::Csat);
    assert_eq!((csat.before.expect("data").value, csat.after.expect("data").value), (0.25, 0.75));
    assert_eq!(csat.verdict(), PeriodVerdict::Better);
    let dissatisfied = of(&answer, PeriodMeasure::Dissatisfaction);
    assert_eq!(dissatisfied.verdict(), PeriodVerdict::Better);
    assert!(dissatisfied.change.expect("data").difference < 0.0);
    // Nobody answered.
    assert_eq!((answer.before_unanswered, answer.after_unanswered), (40, 40));
    assert_eq!(of(&answer, PeriodMeasure::FirstResponseMean).verdict(), PeriodVerdict::NoData);
}

#[tokio::test]
async fn both_periods_are_judged_by_the_version_in_force_at_the_end() {
    let mut house = House::open().await;
    house.import(vec![buyers("before", 1, 5, 0, 30), buyers("after", 0, 5, 0, 30)]).await.expect("imported");
    house.packs.put_rule_pack(put(own(1, 60))).await.expect("kept");
    let stricter = proto::RulePack { valid_from: "2026-05-04".into(), ..own(2, 10) };
    house.packs.put_rule_pack(put(stricter)).await.expect("kept");
    let answer = compare(&mut house, periods("ours")).await;
    assert_eq!(answer.rule_pack.as_ref().map(|pack| pack.version), Some(2));
    let rate = of(&answer, PeriodMeasure::ReplyRate);
    assert_eq!((rate.before.expect("data").value, rate.verdict()), (0.0, PeriodVerdict::NoDifference));
    let first = proto::ComparePeriodsRequest { rule_pack_version: 1, ..periods("ours") };
    let answer = compare(&mut house, first).await;
    assert_eq!(of(&answer, PeriodMeasure::ReplyRate).after.expect("data").value, 1.0);
}

#[tokio::test]
async fn periods_that_make_no_sense_are_refused_by_field() {
    let mut house = House::open().await;
    let request = |days: [&str; 4]| proto::ComparePeriodsRequest {
        before_start_date: days[0].into(),
        before_end_date: days[1].into(),
        after_start_date: days[2].into(),
        after_end_date: days[3].into(),
        ..periods("taobao-3min")
    };
    for (days, fields) in [
        (["2026-05-02", "2026-05-01", "2026-05-03", "2026-05-04"], &["before_end_date"][..]),
        (["2026-05-01", "2026-05-03", "2026-05-03", "2026-05-04"], &["after_start_date"]),
        (["2026-05-01", "2026-05-02", "2026-05-04", "2026-05-03"], &["after_end_date"]),
        (["2025-01-01", "2025-01-02", "2026-05-03", "2026-05-04"], &["after_end_date"]),
        (["now", "2026-05-02", "then", "2026-05-03"], &["before_start_date", "after_start_date"]),
    ] {
        let refusal = house.feedback.compare_periods(request(days)).await;
        refused_fields(refusal, Reason::InvalidRequest, fields);
    }
    let mean = house.feedback.compare_periods(periods("taobao-mean-response")).await;
    refused_fields(mean, Reason::InvalidRequest, &["rule_pack_id"]);
    refused(house.feedback.compare_periods(periods("taobao-3min")).await, Reason::ShopNotFound);
    refused(house.feedback.compare_periods(periods("nobody's")).await, Reason::RulePackNotFound);
}
