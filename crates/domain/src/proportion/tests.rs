use proptest::prelude::*;
use proptest::test_runner::Config;

use super::{Bounds, Difference, Direction, Proportion, Z_95};

fn config() -> Config {
    let cases = std::env::var("FENLIU_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(500);
    Config { cases, failure_persistence: None, ..Config::default() }
}

fn share(successes: u64, trials: u64) -> Proportion {
    Proportion::new(successes, trials).expect("trials")
}

fn check(bounds: Bounds, low: f64, high: f64) {
    let near = |ours: f64, theirs: f64| (ours - theirs).abs() < 5.1e-5;
    assert!(near(bounds.low, low) && near(bounds.high, high), "{bounds:?} for {low} to {high}");
}

#[test]
fn without_trials_there_is_no_share() {
    assert_eq!(Proportion::new(0, 0), None);
    assert_eq!(Proportion::new(2, 1), None);
}

#[test]
fn wilsons_intervals_are_those_published() {
    // R. G. Newcombe, Two-sided confidence intervals for the single proportion, 1998, table I, method 3.
    for (successes, trials, low, high) in
        [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
    {
        check(share(successes, trials).interval(Z_95), low, high);
    }
}

#[test]
fn newcombes_intervals_are_those_published() {
    // R. G. Newcombe, Interval estimation for the difference between independent proportions, 1998, table II, method 10.
    for (after, before, low, high) in [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ] {
        let difference = Difference::of_shares(share(before.0, before.1), share(after.0, after.1), Z_95);
        check(difference.bounds, low, high);
    }
}

#[test]
fn a_difference_is_told_in_a_word_only_where_the_interval_leaves_no_doubt() {
    let (few, many) = (share(48, 80), share(56, 70));
    assert_eq!(Difference::of_shares(few, many, Z_95).direction(), Direction::Higher);
    assert_eq!(Difference::of_shares(many, few, Z_95).direction(), Direction::Lower);
    assert_eq!(Difference::of_shares(share(5, 56), share(0, 29), Z_95).direction(), Direction::Unclear);
}

#[test]
fn a_difference_of_means_is_the_one_worked_out_by_hand() {
    // Means 3 and 8, variances 2.5 and 10: errors 0.5 and 2, so 2.5² ÷ (0.5² ÷ 4 + 2² ÷ 4) = 5.88 degrees of freedom, taken
    // as 5; the half width is 2.571 × √2.5 = 4.065.
    let difference =
        Difference::of_means(&[1.0, 2.0, 3.0, 4.0, 5.0], &[4.0, 6.0, 8.0, 10.0, 12.0]).expect("two");
    assert!((difference.difference - 5.0).abs() < 1e-12);
    assert!((difference.bounds.low - 0.935).abs() < 1e-3 && (difference.bounds.high - 9.065).abs() < 1e-3);
    assert_eq!(difference.direction(), Direction::Higher);
}

#[test]
fn one_value_tells_nothing_and_values_that_never_differ_leave_no_doubt() {
    assert_eq!(Difference::of_means(&[1.0], &[1.0, 2.0]), None);
    let same = Difference::of_means(&[1.0, 1.0], &[1.0, 1.0, 1.0]).expect("two");
    assert_eq!((same.bounds, same.direction()), (Bounds { low: 0.0, high: 0.0 }, Direction::Unclear));
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn an_interval_contains_its_share_and_is_narrower_with_more_trials(
        trials in 1..100_000_u64, part in 0.0..=1.0_f64, z in 0.5..4.0_f64,
    ) {
        let successes = ((trials as f64 * part) as u64).min(trials);
        let one = share(successes, trials);
        let (narrow, wide) = (share(successes * 4, trials * 4).interval(z), one.interval(z));
        prop_assert!(wide.contains(one.share()) && wide.low >= 0.0 && wide.high <= 1.0);
        prop_assert!(narrow.high - narrow.low < wide.high - wide.low);
    }

    #[test]
    fn an_interval_holds_exactly_the_shares_whose_score_is_within_z(
        trials in 1..500_u64, part in 0.0..=1.0_f64, asked in 0.001..0.999_f64,
    ) {
        let one = share(((trials as f64 * part) as u64).min(trials), trials);
        let score = (one.share() - asked).abs() / (asked * (1.0 - asked) / trials as f64).sqrt();
        prop_assume!((score - Z_95).abs() > 1e-6);
        prop_assert_eq!(one.interval(Z_95).contains(asked), score < Z_95);
    }

    #[test]
    fn successes_and_failures_change_places_like_before_and_after(
        (a, b) in (0..200_u64, 0..200_u64), (c, d) in (0..200_u64, 1..200_u64),
    ) {
        let (before, after) = (share(a, a + b + 1), share(c, c + d));
        let one = Difference::of_shares(before, after, Z_95);
        let back = Difference::of_shares(after, before, Z_95);
        prop_assert!((one.bounds.low + back.bounds.high).abs() < 1e-9);
        prop_assert!(one.bounds.contains(one.difference));
        let failures = share(b + 1, a + b + 1).interval(Z_95);
        prop_assert!((failures.low + before.interval(Z_95).high - 1.0).abs() < 1e-9);
    }
}
