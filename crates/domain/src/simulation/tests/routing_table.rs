//! The routing evidence of the design, by the production desk.

use super::scenes::{reception, seconds, steady};
use crate::desk::policy::Policy;
use crate::desk::strategy::Strategy;
use crate::simulation::{Comparison, Interval, Measures, Reception, Scenario, Summary, compare};
use crate::time::Span;

/// Chats per seed; `FENLIU_CASES` asks for more.
fn chats() -> u32 {
    let asked = std::env::var("FENLIU_CASES").ok().and_then(|cases| cases.parse().ok());
    asked.unwrap_or(12_000).max(12_000)
}

/// Ten equal agents of capacity 10 at 90 % load: buyers of six messages on average, of 30 seconds each, would keep nine
/// of them busy.
fn evening() -> Scenario {
    let per_second = 0.9 * 10.0 / (6.0 * 30.0);
    let mut scenario = steady(per_second, chats(), seconds(30));
    scenario.demand.messages = 6.0;
    scenario
}

/// Each reception on the same five evenings; a reply within three minutes is in time.
fn table(receptions: &[Reception]) -> Comparison {
    compare(&evening(), receptions, &[1, 2, 3, 4, 5], &Measures::within(Span::from_secs(180)))
        .expect("allowed")
}

/// Ten equal agents under this strategy.
fn with(strategy: Strategy) -> Reception {
    let plain = reception(10, 10);
    Reception {
        name: strategy.name().into(),
        policy: Policy { strategy, ..plain.policy },
        staff: plain.staff,
    }
}

/// Share of all replies within three minutes.
fn in_time(summary: &Summary) -> Option<f64> {
    summary.replies_in_time
}

/// Mean first response in seconds.
fn first(summary: &Summary) -> Option<f64> {
    summary.first_replies.mean
}

/// What the design says, to its digits, lies within the interval of the figure.
fn check(figure: Option<Interval>, published: f64, half_digit: f64) {
    let found = figure.expect("five seeds");
    let apart = (found.mean - published).abs();
    assert!(apart <= found.half_width + half_digit, "{found:?}, not {published}");
    assert!(found.half_width < 0.15 * published, "{found:?} tells too little");
}

#[test]
fn the_strategies_answer_as_soon_as_the_design_says() {
    let strategies = [
        Strategy::Random { seed: 7 },
        Strategy::RoundRobin,
        Strategy::LeastSaturated,
        Strategy::LeastUnanswered { open_permille: 0 },
    ];
    let table = table(&strategies.map(with));
    for (of, published) in [0.65, 0.72, 0.90, 0.91].into_iter().enumerate() {
        check(table.mean(of, in_time), published, 0.005);
        check(table.mean(of, |summary| summary.occupancy), 0.90, 0.0);
    }
    check(table.mean(2, first), 86.0, 0.5);
    check(table.mean(3, first), 55.0, 0.5);
}

#[test]
fn counting_who_waits_answers_first_messages_a_third_sooner_than_counting_chats() {
    let strategies = [Strategy::LeastSaturated, Strategy::LeastUnanswered { open_permille: 100 }];
    let table = table(&strategies.map(with));
    let sooner = table.difference(1, 0, first).expect("five seeds");
    assert!(sooner.high() < -25.0 && sooner.low() > -37.0, "86 s become 55 s: {sooner:?}");
    let more = table.difference(1, 0, in_time).expect("five seeds");
    assert!(more.low() > 0.0, "and no fewer replies are in time: {more:?}");
}
