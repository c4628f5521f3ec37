//! What rule packs make of simulated conversations.

use super::scenes::{at, reception, seconds, steady, visit, whole};
use crate::day::Zone;
use crate::desk::duty::DutyWindow;
use crate::message::Actor;
use crate::pack::{Draft, RulePack, Unit};
use crate::simulation::{Arrivals, Measures, Recording, Scenario, compare};
use crate::time::Span;

fn pack(unit: Unit, limit: Span) -> RulePack {
    let draft = Draft {
        rule_pack_id: "own".into(),
        unit: Some(unit),
        limit,
        countable_actors: vec![Actor::Human],
        ..Draft::default()
    };
    draft.check().expect("sound")
}

#[test]
fn what_is_recorded_has_the_rate_that_was_measured() {
    let mut scenario = steady(0.1, 400, seconds(30));
    scenario.demand.messages = 3.0;
    scenario.warm_up = Span::ZERO;
    let visits = scenario.demand.visits(1).expect("allowed");
    let mut recording = Recording::since(at(0));
    let mut watch = |event: &crate::desk::event::Event| recording.watch(event);
    let outcome = scenario.receive(&reception(9, 3), &visits, &mut watch).expect("allowed");
    let packs = [pack(Unit::Turn, seconds(60))];
    let report = recording.judge(&packs, Zone::UTC, at(1_000_000)).remove(0);
    let within = outcome.replies.times().partition_point(|time| *time <= seconds(60));
    assert_eq!(report.total.within_limit, within as u64);
    assert_eq!(report.total.counted, outcome.replies.times().len() as u64);
    assert!(report.total.missed() > 100, "some take longer: {:?}", report.total);
    let first = report.first_response_times();
    assert_eq!(
        first.mean.map(|mean| mean.micros() / 1_000),
        outcome.first_replies.mean().map(|mean| (mean * 1e3) as i64)
    );
}

#[test]
fn receptions_are_compared_under_each_pack_by_what_it_counts() {
    let mut scenario = steady(0.1, 400, seconds(30));
    scenario.demand.messages = 3.0;
    let packs = vec![pack(Unit::Turn, seconds(60)), pack(Unit::Session, seconds(60))];
    let measures = Measures { limit: seconds(60), packs, zone: Zone::UTC };
    let receptions = [reception(9, 3), reception(10, 3)];
    let table = compare(&scenario, &receptions, &[1, 2, 3], &measures).expect("allowed");
    for summary in table.by_seed.iter().flatten() {
        assert_eq!(summary.rates[0], summary.replies_in_time, "each reply ends a turn");
        assert_eq!(summary.rates[1], summary.first_replies_in_time, "a session is judged by its first turn");
    }
    assert_ne!(table.by_seed[0][0].rates[0], table.by_seed[0][0].rates[1]);
    let more = table.difference(1, 0, |summary| summary.rates[0]).expect("three seeds");
    assert!(more.mean > 0.0, "one agent more answers more in time: {more:?}");
}

#[test]
fn who_was_never_answered_is_a_miss_once_the_limit_has_passed_when_the_course_ends() {
    let mut absent = reception(1, 1);
    absent.staff[0].online = vec![DutyWindow { start: at(1_000), end: at(2_000) }];
    let mut scenario = Scenario { until: Some(at(500)), ..whole() };
    let asked = visit(100, &[10]);
    scenario.demand.arrivals = Arrivals::Log(vec![asked.arrival]);
    for (limit, rate) in [(seconds(399), Some(0.0)), (seconds(500), None)] {
        let measures = Measures { limit, packs: vec![pack(Unit::Turn, limit)], zone: Zone::UTC };
        let table = compare(&scenario, std::slice::from_ref(&absent), &[1], &measures).expect("allowed");
        assert_eq!(table.by_seed[0][0].rates, [rate], "limit {limit:?}");
    }
}
