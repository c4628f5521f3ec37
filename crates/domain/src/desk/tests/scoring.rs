//! How agents have been answering, as analytics tells it.

use super::shop::{ANN, Shop};
use crate::desk::chatter::agent_id;
use crate::desk::command::Command;
use crate::desk::strategy::Score;
use crate::problem::Reason;

#[test]
fn scores_are_bounded_sorted_and_one_for_each_group() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let score = |speed_permille, quality_permille| Score { speed_permille, quality_permille };
    let told = |scores: Vec<(String, Score)>| Command::ScoreAgent {
        agent: agent_id(ANN),
        scores: scores.into_iter().map(|(group, score)| (group.into(), score)).collect(),
    };
    let many = |count: u32| told((0..count).map(|n| (format!("g{n}"), score(1_000, 1_000))).collect());
    shop.ok(many(32));
    assert_eq!(shop.refused(many(33)), Reason::InvalidRequest);
    let mixed = vec![
        ("b".to_owned(), score(1, 1)),
        ("a".to_owned(), score(9_000, 9_000)),
        ("b".to_owned(), score(1, 2)),
    ];
    assert_eq!(shop.ok(told(mixed.clone())).len(), 1);
    let known = &shop.desk.agent(agent_id(ANN)).expect("known").scores;
    assert_eq!(*known, [("a".into(), score(4_000, 1_200)), ("b".into(), score(250, 800))]);
    assert!(shop.ok(told(mixed)).is_empty(), "the same again is no news");
}

#[test]
fn a_score_of_no_group_counts_in_every_group_that_has_none() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let score = |speed_permille| Score { speed_permille, ..Score::default() };
    let scores = vec![("".into(), score(500)), ("vip".into(), score(2_000))];
    shop.ok(Command::ScoreAgent { agent: agent_id(ANN), scores });
    let ann = shop.desk.agent(agent_id(ANN)).expect("known");
    assert_eq!(["vip", "default"].map(|group| ann.score(group)), [2_000, 500].map(score));
}

#[test]
fn a_score_that_is_off_by_less_than_a_twentieth_is_no_news() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let score = |(group, speed_permille, quality_permille): (&str, u32, u32)| {
        (group.into(), Score { speed_permille, quality_permille })
    };
    for (scores, news) in [
        (vec![("", 1_049, 951)], false),
        (vec![("", 1_050, 1_000)], true),
        (vec![("", 1_002, 1_049)], false),
        (vec![("", 1_050, 950)], true),
        (vec![("", 1_050, 950), ("vip", 1_090, 950)], false),
        (vec![("", 1_050, 950), ("vip", 1_110, 950)], true),
        (vec![("", 1_050, 950)], true),
        (vec![], true),
        (vec![], false),
    ] {
        let told = scores.iter().copied().map(score).collect();
        let events = shop.ok(Command::ScoreAgent { agent: agent_id(ANN), scores: told });
        assert_eq!(events.len(), usize::from(news), "{scores:?}");
    }
}
