use proptest::prelude::*;
use proptest::test_runner::Config;

use super::*;

fn config() -> Config {
    let cases = std::env::var("FENLIU_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(500);
    Config { cases, failure_persistence: None, ..Config::default() }
}

fn ranks(count: u64, basis_points: u32) -> (Option<u64>, Option<u64>) {
    let Ranks { low, high } = Ranks::of_quantile(count, basis_points);
    (low, high)
}

fn share(successes: u64, trials: u64) -> Option<Proportion> {
    Proportion::new(successes, trials)
}

fn waits(seconds: &[i64]) -> Sketch {
    Sketch::of(seconds.iter().map(|seconds| Span::from_secs(*seconds)))
}

#[test]
fn the_ranks_around_a_median_are_those_of_the_tables() {
    // Of the sign test: W. J. Conover, Practical Nonparametric Statistics, 1999, and the sums of its table A3.
    for (count, low, high) in [
        (6, 1, 6),
        (8, 1, 8),
        (9, 2, 8),
        (10, 2, 9),
        (12, 3, 10),
        (15, 4, 12),
        (20, 6, 15),
        (25, 8, 18),
        (30, 10, 21),
        (40, 14, 27),
        (50, 18, 33),
        (100, 40, 61),
    ] {
        assert_eq!(ranks(count, 5_000), (Some(low), Some(high)), "{count}");
    }
}

#[test]
fn too_few_values_have_no_ends() {
    assert_eq!(ranks(0, 5_000), (None, None));
    assert_eq!(ranks(5, 5_000), (None, None), "2 × 1/32 is more than 5 %");
    // 0.9^28 is 5.2 %, 0.9^35 is 2.503 %, 0.9^36 is 2.25 %: from there on the largest is hardly below the quantile.
    assert_eq!(ranks(35, 9_000).1, None);
    assert_eq!(ranks(36, 9_000).1, Some(36));
    // 0.99^367 is 2.501 %.
    assert_eq!(ranks(367, 9_900).1, None);
    assert_eq!(ranks(368, 9_900).1, Some(368));
}

/// The chance of at most so many successes, the long way.
fn at_most(successes: u64, trials: u64, share: f64) -> f64 {
    let mut chances = vec![1.0];
    for _ in 0..trials {
        let mut next = vec![0.0; chances.len() + 1];
        for (place, chance) in chances.iter().enumerate() {
            next[place] += chance * (1.0 - share);
            next[place + 1] += chance * share;
        }
        chances = next;
    }
    chances.iter().take(usize::try_from(successes).expect("few") + 1).sum()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn ranks_are_as_close_as_the_chance_outside_allows(count in 1_u64..120, basis_points in 1_u32..10_000) {
        let p = f64::from(basis_points) / 10_000.0;
        let below = |rank: u64| rank.checked_sub(1).map_or(0.0, |most| at_most(most, count, p));
        let Ranks { low, high } = Ranks::of_quantile(count, basis_points);
        // Rounding may tip what lies within a billionth of the edge.
        let edge = |chance: f64| (chance - 0.025).abs() < 1e-9;
        let most = low.unwrap_or(0);
        prop_assert!(below(most) <= 0.025 + 1e-9, "{most}");
        prop_assert!(below(most + 1) > 0.025 || edge(below(most + 1)), "{most} could be higher");
        let least = high.unwrap_or(count + 1);
        prop_assert!(1.0 - below(least) <= 0.025 + 1e-9, "{least}");
        let closer = 1.0 - below(least - 1);
        prop_assert!(closer > 0.025 || edge(closer), "{least} could be lower");
    }

    #[test]
    fn many_values_have_the_ranks_of_the_normal_approximation(count in 2_000_u64..20_000_000, at in 0_usize..3) {
        let basis_points = [5_000, 9_000, 9_900][at];
        let p = f64::from(basis_points) / 10_000.0;
        let spread = 1.96 * (number(count) * p * (1.0 - p)).sqrt();
        let Ranks { low, high } = Ranks::of_quantile(count, basis_points);
        for (rank, expected) in [(low, number(count) * p - spread), (high, number(count) * p + spread)] {
            let rank = number(rank.expect("many"));
            prop_assert!((rank - expected).abs() < 0.02 * spread + 3.0, "{rank} for {expected}");
        }
    }

    #[test]
    fn a_figure_lies_within_its_interval(
        before in prop::collection::vec(0_i64..10_000, 0..80),
        after in prop::collection::vec(0_i64..10_000, 0..80),
        basis_points in 1_u32..10_000,
    ) {
        let floats = |seconds: &[i64]| seconds.iter().map(|s| f64::from(i32::try_from(*s).expect("small"))).collect::<Vec<_>>();
        let of_means = Compared::means(&floats(&before), &floats(&after), Wish::Lower);
        let of_quantiles = Compared::quantiles(&waits(&before), &waits(&after), basis_points, Wish::Lower);
        for compared in [of_means, of_quantiles] {
            for (estimate, values) in [(compared.before, &before), (compared.after, &after)] {
                prop_assert_eq!(estimate.is_some(), !values.is_empty());
                let Some(Estimate { value, low, high, count }) = estimate else { continue };
                prop_assert_eq!(count, values.len() as u64);
                prop_assert!(low.is_none_or(|low| low <= value + 1e-9) && high.is_none_or(|high| value <= high + 1e-9));
            }
            let known = !before.is_empty() && !after.is_empty();
            prop_assert_eq!(compared.change.is_some(), known);
            prop_assert_eq!(compared.verdict == Verdict::NoData, !known);
            let Some(Change { difference, low, high }) = compared.change else { continue };
            prop_assert!(low.is_none_or(|low| low <= difference + 1e-9) && high.is_none_or(|high| difference <= high + 1e-9));
        }
    }

    #[test]
    fn what_is_better_one_way_is_worse_the_other(
        before in (1_u64..200).prop_flat_map(|n| (0..=n, Just(n))),
        after in (1_u64..200).prop_flat_map(|n| (0..=n, Just(n))),
    ) {
        let (before, after) = (share(before.0, before.1), share(after.0, after.1));
        let there = Compared::shares(before, after, Wish::Higher);
        let back = Compared::shares(after, before, Wish::Higher);
        let lower = Compared::shares(before, after, Wish::Lower);
        let opposite = |verdict| match verdict {
            Verdict::Better => Verdict::Worse,
            Verdict::Worse => Verdict::Better,
            other => other,
        };
        prop_assert_eq!(back.verdict, opposite(there.verdict));
        prop_assert_eq!(lower.verdict, opposite(there.verdict));
        // Recovered from Wilson's intervals, the interval is Newcombe's.
        let (first, second) = (there.before.expect("data"), there.after.expect("data"));
        let (recovered, newcombe) = (Change::of_estimates(&first, &second), there.change.expect("data"));
        let near = |one: Option<f64>, other: Option<f64>| (one.expect("an end") - other.expect("an end")).abs() < 1e-12;
        // Newcombe's ends are cut off at what a difference can be.
        if recovered.low.is_some_and(|low| low >= -1.0) && recovered.high.is_some_and(|high| high <= 1.0) {
            prop_assert!(near(recovered.low, newcombe.low) && near(recovered.high, newcombe.high));
        }
    }
}

#[test]
fn the_interval_of_a_quantile_holds_it_at_least_as_often_as_it_says() {
    // 500 samples of 60 values each, spread evenly over an hour, so that the true quantile is known. At least 95 % of the
    // intervals should hold it; five standard deviations fewer would show a wrong one.
    let mut state = 7_u64;
    let mut draw = || {
        // Knuth's linear congruential generator, of which the upper bits are good enough here.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Span::from_micros(i64::try_from((state >> 20) % 3_600_000_000).expect("an hour"))
    };
    for basis_points in [5_000, 9_000] {
        let truth = 3_600.0 * f64::from(basis_points) / 10_000.0;
        let holds = (0..500).filter(|_| {
            let sketch = Sketch::of((0..60).map(|_| draw()));
            let estimate = Estimate::of_quantile(&sketch, basis_points).expect("data");
            estimate.low.is_none_or(|low| low <= truth) && estimate.high.is_none_or(|high| truth <= high)
        });
        let holds = holds.count();
        assert!(holds >= 451, "{basis_points}: {holds} of 500");
    }
}

#[test]
fn a_plain_word_says_what_the_data_can_show() {
    let compare = |before, after| Compared::shares(before, after, Wish::Higher);
    // Newcombe, 1998, table II: 56/70 against 48/80 is 5.24 to 33.39 percentage points.
    let rose = compare(share(48, 80), share(56, 70));
    assert_eq!(rose.verdict, Verdict::Better);
    let change = rose.change.expect("data");
    assert!(
        (change.low.expect("an end") - 0.0524).abs() < 5.1e-5
            && (change.high.expect("an end") - 0.3339).abs() < 5.1e-5
    );
    assert_eq!(compare(share(56, 70), share(48, 80)).verdict, Verdict::Worse);
    assert_eq!(compare(share(0, 29), share(5, 56)).verdict, Verdict::NoDifference);
    assert_eq!(
        compare(share(1, 2), None),
        Compared { verdict: Verdict::NoData, ..compare(share(1, 2), None) }
    );
    assert_eq!(compare(None, share(1, 2)).verdict, Verdict::NoData);
    assert_eq!(Compared::NOTHING.verdict, Verdict::NoData);
}

#[test]
fn one_wait_on_each_side_shows_no_difference_however_far_apart() {
    let compared = Compared::means(&[1.0], &[1_000.0], Wish::Lower);
    assert_eq!(compared.change.expect("data"), Change { difference: 999.0, low: None, high: None });
    assert_eq!(compared.verdict, Verdict::NoDifference);
    let compared = Compared::quantiles(&waits(&[1; 5]), &waits(&[1_000; 5]), 5_000, Wish::Lower);
    assert_eq!(compared.verdict, Verdict::NoDifference);
    let compared = Compared::quantiles(&waits(&[1; 6]), &waits(&[1_000; 6]), 5_000, Wish::Lower);
    assert_eq!(compared.verdict, Verdict::Worse);
}

#[test]
fn welchs_interval_is_the_published_one() {
    // The sums of B. L. Welch's method by hand: means 2 and 6 of three values each, variances 1 and 4, so the error is
    // √(5/3) = 1.291, the degrees of freedom (5/3)² ÷ ((1/3)²/2 + (4/3)²/2) = 2.94, of which 2 are taken: t = 4.303.
    let compared = Compared::means(&[1.0, 2.0, 3.0], &[4.0, 6.0, 8.0], Wish::Lower);
    let change = compared.change.expect("data");
    assert!((change.difference - 4.0).abs() < 1e-12);
    assert!((change.low.expect("an end") + 1.555).abs() < 1e-3, "{change:?}");
    assert!((change.high.expect("an end") - 9.555).abs() < 1e-3, "{change:?}");
    assert_eq!(compared.verdict, Verdict::NoDifference);
}
