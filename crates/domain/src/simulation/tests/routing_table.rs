//! The routing evidence of the design, by the production desk.

use super::scenes::{reception, seconds, steady};
use crate::simulation::{Comparison, Interval, Reception, Scenario, compare};
use crate::time::Span;

/// Chats per seed; `FENLIU_CASES` asks for more.
fn chats() -> u32 {
    let asked = std::env::var("FENLIU_CASES").ok().and_then(|cases| cases.parse().ok());
    asked.unwrap_or(20_000).max(20_000)
}

/// Ten equal agents of capacity 10 at 90 % load: buyers of six messages on average, of 30 seconds each, would keep nine
/// of them busy.
fn evening() -> Scenario {
    let per_second = 0.9 * 10.0 / (6.0 * 30.0);
    let mut scenario = steady(per_second, chats(), seconds(30));
    scenario.demand.messages = 6.0;
    scenario
}

/// The share of all replies within three minutes and the mean first response in seconds, of each reception.
fn table(receptions: &[Reception]) -> Comparison {
    compare(&evening(), receptions, &[1, 2, 3, 4, 5], Span::from_secs(180)).expect("allowed")
}

/// What the design says, to its digits, lies within the interval of the figure.
fn check(figure: Option<Interval>, published: f64, half_digit: f64) {
    let found = figure.expect("five seeds");
    let apart = (found.mean - published).abs();
    assert!(apart <= found.half_width + half_digit, "{found:?}, not {published}");
    assert!(found.half_width < 0.1 * published, "{found:?} tells too little");
}

#[test]
fn fewest_open_chats_answers_nine_in_ten_within_three_minutes() {
    let table = table(&[reception(10, 10)]);
    check(table.mean(0, |summary| summary.replies_in_time), 0.90, 0.005);
    check(table.mean(0, |summary| summary.first_replies.mean), 86.0, 0.5);
    check(table.mean(0, |summary| summary.occupancy), 0.90, 0.0);
}
