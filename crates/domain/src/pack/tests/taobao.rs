//! Taobao: turns, and their mean.

use super::*;
use crate::pack::samples;

fn three_minutes() -> RulePack {
    pack(samples::taobao())
}

fn mean_pack() -> RulePack {
    pack(samples::taobao_mean())
}

#[test]
fn the_worked_cases_hold_for_the_shipped_pack() {
    let mut lines = vec![("10:10:15", asked("1")), ("10:15:20", asked("2")), ("10:18:10", human("lan"))];
    assert_eq!(rate(three_minutes(), &[story(&lines)]), (0, 1));
    lines.extend([("10:18:30", asked("3")), ("10:19:00", human("lan"))]);
    assert_eq!(rate(three_minutes(), &[story(&lines)]), (1, 2));
    let ten: Vec<_> = (0..10).map(|_| ("11:00:00", asked("m"))).collect();
    assert_eq!(rate(three_minutes(), &[story(&ten)]), (0, 1));
}

#[test]
fn a_turn_has_180_000_s_from_its_first_question() {
    for (answer, within) in [("10:03:00.000", 1), ("10:03:00.001", 0)] {
        let lines = [("10:00:00", asked("1")), ("10:02:59", asked("2")), (answer, human("lan"))];
        assert_eq!(rate(three_minutes(), &[story(&lines)]), (within, 1), "{answer}");
    }
}

#[test]
fn only_turns_asked_from_08_00_to_23_00_are_judged() {
    for (ask, counted) in [("07:59:59.999", 0), ("08:00:00", 1), ("22:59:59.999", 1), ("23:00:00", 0)] {
        assert_eq!(rate(three_minutes(), &[story(&[(ask, asked("1"))])]), (0, counted), "{ask}");
    }
}

#[test]
fn humans_and_assisting_robots_count_and_turns_of_a_full_robot_are_left_out() {
    for (actor, expected) in [
        (Actor::Human, (1, 1, 0)),
        (Actor::AssistRobot, (1, 1, 0)),
        (Actor::FullRobot, (0, 0, 1)),
        (Actor::AutoReply, (0, 1, 0)),
    ] {
        let lines = [("10:00:00", asked("1")), ("10:00:05", replied(actor, "", false))];
        let total = report(three_minutes(), &[story(&lines)]).total;
        assert_eq!((total.within_limit, total.counted, total.excluded_robot_only), expected, "{actor:?}");
    }
}

#[test]
fn the_agent_who_was_asked_bears_the_miss_whoever_answers() {
    let lines = [
        ("09:59:00", What::Assigned { agent: "lan".into() }),
        ("10:00:00", asked("1")),
        ("10:02:00", What::Transferred),
        ("10:02:00", What::Assigned { agent: "mei".into() }),
        ("10:03:01", human("mei")),
    ];
    let misses = report(three_minutes(), &[story(&lines)]).misses;
    assert_eq!(misses[0].agent.as_deref(), Some("lan"));
    assert_eq!(misses[0].reply.as_ref().map(|reply| reply.agent.as_str()), Some("mei"));
}

#[test]
fn the_figure_of_a_day_is_of_the_thirty_days_before_it() {
    let pack = three_minutes();
    let behind = pack.days_behind("2026-05-31".parse().expect("a day"));
    let texts = [behind.first, behind.last].map(|day| day.map(|day| day.to_string()));
    assert_eq!(texts, [Some("2026-05-01".into()), Some("2026-05-30".into())]);
    let good = |within_limit| Parts { within_limit, counted: 1, ..Parts::default() };
    let days = [("2026-04-30", 1), ("2026-05-01", 0), ("2026-05-30", 1), ("2026-05-31", 0)]
        .map(|(day, within)| (day.parse().expect("a day"), good(within)));
    let figure = pack.figure(&days.into(), "2026-05-31".parse().expect("a day"));
    assert_eq!((figure.parts.within_limit, figure.parts.counted), (1, 2), "T-30 and T-1, not T-31 and T");
}

#[test]
fn the_mean_takes_each_turn_as_at_most_600_s_and_an_unanswered_one_as_600_s() {
    let lines = [
        ("10:00:00", asked("1")),
        ("10:00:30", human("lan")),
        ("11:00:00", asked("2")),
        ("11:30:00", human("lan")),
        ("12:00:00", asked("3")),
    ];
    let conversations = [story(&lines)];
    let whole = report(mean_pack(), &conversations).total;
    assert_eq!((whole.counted, whole.wait_sum), (3, Span::from_secs(30 + 600 + 600)));
    assert_eq!(mean_pack().mean(&whole), Some(Span::from_secs(410)));
    let exactly = [("10:00:00", asked("1")), ("10:10:00", human("lan"))];
    assert_eq!(mean_pack().mean(&report(mean_pack(), &[story(&exactly)]).total), Some(Span::from_mins(10)));
}

#[test]
fn an_open_turn_enters_the_mean_when_600_s_have_passed() {
    let conversations =
        [story(&[("10:00:00", asked("1")), ("10:00:30", human("lan")), ("11:00:00", asked("2"))])];
    for (as_of, mean) in [("2026-05-01 11:10:00.000", 30), ("2026-05-01 11:10:00.001", 315)] {
        let total = report_as_of(mean_pack(), as_of, &conversations).total;
        assert_eq!(mean_pack().mean(&total), Some(Span::from_secs(mean)), "{as_of}");
    }
}

#[test]
fn a_mean_of_nothing_is_no_data_and_a_rate_has_no_mean() {
    assert_eq!(mean_pack().mean(&Parts::default()), None);
    let day: Day = "2026-05-01".parse().expect("a day");
    assert_eq!(mean_pack().figure(&[].into(), day).mean(), None);
    let lines = [("10:00:00", asked("1")), ("10:00:30", human("lan"))];
    assert_eq!(three_minutes().mean(&report(three_minutes(), &[story(&lines)]).total), None);
    let days = report(mean_pack(), &[story(&lines)]).days;
    assert_eq!(mean_pack().figure(&days, day).mean(), Some(Span::from_secs(30)));
    assert_eq!(three_minutes().figure(&days, day).mean(), None);
}
