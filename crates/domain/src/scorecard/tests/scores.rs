//! What holds of every score.

use super::*;
use crate::desk::strategy::Score;
use crate::sketch::Sketch;

/// An agent's counts: how many seconds each response took, and of how many ratings, answers and closes how many were bad.
fn counts(seconds: &[i64], shares: [(u64, u64); 3]) -> Counts {
    let [(dissatisfied, ratings), (empty_answers, answers), (short_closes, closes)] = shares;
    Counts {
        own_response: Sketch::of(seconds.iter().map(|seconds| Span::from_secs(*seconds))),
        stars: [dissatisfied, 0, 0, 0, ratings - dissatisfied],
        answers,
        empty_answers,
        closes,
        short_closes,
        ..Counts::default()
    }
}

fn any_shares() -> impl proptest::strategy::Strategy<Value = [(u64, u64); 3]> {
    proptest::array::uniform3((0_u64..200, 0_u64..200))
        .prop_map(|shares| shares.map(|(bad, good)| (bad, bad + good)))
}

fn any_counts() -> impl proptest::strategy::Strategy<Value = Counts> {
    (proptest::collection::vec(0_i64..100_000, 0..60), any_shares())
        .prop_map(|(seconds, shares)| counts(&seconds, shares))
}

/// How far a figure lies from neutral, and on which side.
fn away(permille: u32) -> i64 {
    i64::from(permille) - 1_000
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn scores_are_within_their_bounds(agent in any_counts(), shop in any_counts()) {
        let Score { speed_permille, quality_permille } = score(&agent, &shop);
        prop_assert!(Score::SPEED_PERMILLE.contains(&speed_permille));
        prop_assert!(Score::QUALITY_PERMILLE.contains(&quality_permille));
    }

    #[test]
    fn without_data_a_score_is_neutral(counts in any_counts()) {
        prop_assert_eq!(score(&Counts::default(), &counts), Score::default());
        prop_assert_eq!(score(&counts, &counts), Score::default(), "the shop is as the shop");
    }

    #[test]
    fn more_of_the_same_never_leads_back_to_neutral(
        seconds in proptest::collection::vec(0_i64..100_000, 1..20),
        (bad, good, place) in (0_u64..50, 0_u64..50, 0_usize..3),
        shop in any_counts(),
    ) {
        let mut before = (0_i64, 0_i64);
        for times in 1..6_usize {
            let mut shares = [(0, 0); 3];
            shares[place] = (bad * times as u64, (bad + good) * times as u64);
            let Score { speed_permille, quality_permille } = score(&counts(&seconds.repeat(times), shares), &shop);
            let now = (away(speed_permille), away(quality_permille));
            for (before, now) in [(before.0, now.0), (before.1, now.1)] {
                prop_assert!(now.abs() >= before.abs() && now * before >= 0, "{} after {}", now, before);
            }
            before = now;
        }
    }

    #[test]
    fn whoever_is_slower_never_has_more_speed(
        (mine, others) in (
            proptest::collection::vec((0_i64..10_000, 0_i64..10_000), 1..40),
            proptest::collection::vec(0_i64..10_000, 0..40),
        ),
    ) {
        let speed = |mine: Vec<i64>| {
            let shop: Vec<_> = mine.iter().chain(&others).copied().collect();
            score(&counts(&mine, [(0, 0); 3]), &counts(&shop, [(0, 0); 3])).speed_permille
        };
        let quick = speed(mine.iter().map(|(seconds, _)| *seconds).collect());
        let slow = speed(mine.iter().map(|(seconds, more)| seconds + more).collect());
        prop_assert!(slow <= quick, "{} after {}", slow, quick);
    }
}

#[test]
fn an_agent_twice_as_quick_as_the_shop_nears_twice_the_speed() {
    let shop = counts(&[60; 10], [(0, 0); 3]);
    let speed = |responses: usize| score(&counts(&[30].repeat(responses), [(0, 0); 3]), &shop).speed_permille;
    // 2^(n ÷ (n + 20)), within what a sketch is off.
    for (responses, expected) in [(0, 1_000_u32), (5, 1_149), (20, 1_414), (180, 1_866)] {
        let got = speed(responses);
        assert!(got.abs_diff(expected) <= expected / 50, "{responses} responses: {got} is not {expected}");
    }
}

#[test]
fn quality_falls_by_each_share_that_is_worse_than_the_shops() {
    let shop = counts(&[], [(10, 100), (10, 100), (0, 100)]);
    let quality = |shares| score(&counts(&[], shares), &shop).quality_permille;
    assert_eq!(quality([(8, 20), (0, 0), (0, 0)]), 850, "40 % dissatisfied beside 10 %, half of it believed");
    assert_eq!(quality([(0, 0), (0, 20), (0, 0)]), 1_050, "no empty answer beside 10 %");
    assert_eq!(quality([(0, 0), (0, 0), (4, 20)]), 900, "20 % short closes beside none");
    assert_eq!(quality([(8, 20), (8, 20), (4, 20)]), 800, "all of it, bounded");
}

#[test]
fn a_report_scores_the_agents_of_the_desk_only() {
    let story = |agent: &str, waits: i64| {
        let mut story = vec![at(0, opened("b")), at(0, assigned(agent))];
        for turn in 0..20 {
            story.push(at(turn * 1_000, asked("q")));
            story.push(at(turn * 1_000 + waits, human(agent)));
        }
        story
    };
    let (ann, ben) = (ANN.to_string(), BEN.to_string());
    let stories = [("1", story(&ann, 20)), ("2", story(&ben, 80)), ("3", story("lan", 40))];
    let scores = report(question(), &stories, &[]).scores();
    let speeds: Vec<_> = scores.values().map(|score| score.speed_permille).collect();
    assert_eq!(scores.keys().copied().collect::<Vec<_>>(), [ANN, BEN]);
    assert!((1_390..1_440).contains(&speeds[0]) && (690..725).contains(&speeds[1]), "{speeds:?}");
}
