//! The judge and the naive one agree on random histories, whatever the pack says.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::pack::naive::{self, stories};
use crate::pack::samples;

fn treatment() -> impl Strategy<Value = Treatment> {
    prop::sample::select(vec![Treatment::Judge, Treatment::Exclude, Treatment::Answered, Treatment::Miss])
}

prop_compose! {
    fn any_measure()(
        unit in prop::sample::select(vec![Unit::BuyerDay, Unit::Session, Unit::Turn, Unit::Message]),
        score in prop::option::of(
            prop::sample::select(vec![Score::AnyMiss, Score::MeanWait, Score::FirstAnswer])
        ),
        cap in prop::option::of(Just(Span::from_secs(100_000_000))),
        limit in prop::sample::select(vec![60, 180, 7_200, 86_400, 30 * 86_400]),
        window in prop::sample::select(vec![("", ""), ("08:00", "23:00"), ("09:01", "09:02"), ("23:00", "08:00")]),
        holiday in prop::option::of(Just("2026-05-02".to_owned())),
        by_session in any::<bool>(),
        rejoin in prop::option::of(Just(Span::from_mins(10))),
    ) -> Draft {
        let mean = score == Some(Score::MeanWait);
        let by_first = unit == Unit::Session && matches!(score, None | Some(Score::FirstAnswer));
        let long = Span::from_secs(limit + 60).min(MAX_LIMIT);
        let cap = if mean && matches!(unit, Unit::Turn | Unit::Message) {
            Some(Span::from_secs(600))
        } else {
            cap.map(|_| long).filter(|cap| mean && *cap > Span::from_secs(limit))
        };
        Draft {
            rule_pack_id: "any".into(),
            unit: Some(unit),
            limit: Span::from_secs(limit),
            window_start: window.0.into(),
            window_end: window.1.into(),
            holidays: holiday.into_iter().collect(),
            judge_time: if by_session { JudgeTime::SessionStart } else { JudgeTime::Ask },
            score,
            cap: cap.unwrap_or_default(),
            rejoin_within: rejoin.filter(|_| by_first).unwrap_or_default(),
            ..Draft::default()
        }
    }
}

prop_compose! {
    pub(super) fn any_pack()(
        draft in any_measure(),
        actors in prop::sample::subsequence(Actor::ALL.to_vec(), 1..=5),
        min_content in any::<bool>(),
        after_handover in any::<bool>(),
        robot_only in treatment(),
        unassigned in prop_oneof![treatment(), Just(Treatment::Separate)],
        self_service in prop::sample::select(vec![Treatment::Judge, Treatment::Exclude, Treatment::Answered]),
        exclusions in prop::sample::subsequence(crate::exchange::Mark::ALL.to_vec(), 0..=4),
        weekend in any::<bool>(),
    ) -> RulePack {
        let mean = draft.score == Some(Score::MeanWait);
        let robots_only = actors == [Actor::FullRobot];
        let cards = [Actor::AutoReply, Actor::FaqCard].into_iter().filter(|card| !actors.contains(card));
        let cards: Vec<_> = cards.filter(|_| self_service != Treatment::Judge).collect();
        let draft = Draft {
            self_service: if cards.is_empty() { Treatment::Judge } else { self_service },
            self_service_actors: cards,
            countable_actors: actors,
            min_content,
            after_handover,
            robot_only: if robots_only { Treatment::Judge } else { robot_only },
            unassigned: if mean && unassigned == Treatment::Separate { Treatment::Miss } else { unassigned },
            exclusions,
            weekend_pause: weekend && !mean,
            weekend_answer_by: "12:00".into(),
            ..draft
        };
        draft.check().expect("sound")
    }
}

fn sum<'a>(parts: impl Iterator<Item = &'a Parts>) -> Parts {
    let mut sum = Parts::default();
    parts.for_each(|parts| sum.add(parts));
    sum
}

/// What both judges make of the same stories, and what holds of every report.
fn check(pack: &RulePack, stories: &[Vec<Happening>], as_of: i64) -> Result<(), TestCaseError> {
    let conversations = stories::conversations(stories);
    let moment = Timestamp::from_micros_clamped(as_of);
    let tally = || Tally::new(pack.clone(), shanghai(), moment, DayRange::default()).keeping_misses();

    let mut real = tally();
    conversations.iter().for_each(|conversation| real.add(conversation));
    let real = real.finish();
    let counts = naive::count(pack, as_of, stories);
    let readable = |days: &BTreeMap<Day, Parts>| {
        days.iter().map(|(day, parts)| (day.to_string(), *parts)).collect::<BTreeMap<_, _>>()
    };
    prop_assert_eq!(readable(&real.days), readable(&counts.days), "{}", pack.id);
    prop_assert_eq!(readable(&real.separate_days), readable(&counts.separate_days), "{}", pack.id);

    prop_assert_eq!(real.misses.len() as u64, real.total.missed());
    prop_assert!(real.misses.is_sorted_by(|a, b| a.waited >= b.waited));
    for miss in &real.misses {
        let Blame { queued, with_agent, with_robot, nobody_on_duty, after_transfer } = miss.blame;
        prop_assert_eq!(queued + with_agent + with_robot + nobody_on_duty + after_transfer, miss.waited);
    }
    for sum in
        [sum(real.days.values()), sum(real.hours.iter()), sum(real.agents.values().map(|agent| &agent.parts))]
    {
        prop_assert_eq!(sum, real.total);
    }

    let mut backwards = tally();
    conversations.iter().rev().for_each(|conversation| backwards.add(conversation));
    prop_assert_eq!(backwards.finish(), real);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6_000))]

    #[test]
    fn a_naive_judge_agrees(pack in any_pack(), (stories, as_of) in stories::any_stories()) {
        check(&pack, &stories, as_of)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_naive_judge_agrees_on_every_shipped_pack((stories, as_of) in stories::any_stories()) {
        for pack in samples::all().expect("sound") {
            check(&pack, &stories, as_of)?;
        }
    }
}
