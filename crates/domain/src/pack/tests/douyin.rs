//! Douyin: the mean wait of a session, of what was said to people.

use super::*;
use crate::pack::samples;

fn douyin() -> RulePack {
    pack(samples::douyin())
}

/// A robot has it until 10:00:00, then people.
fn handed(lines: &[(&'static str, What)]) -> Conversation {
    let before = [
        ("09:50:00", What::WithRobot),
        ("09:50:00", asked("to the robot")),
        ("09:50:01", robot()),
        ("10:00:00", What::HandedToHuman),
    ];
    story(&[&before[..], lines].concat())
}

#[test]
fn a_session_qualifies_when_the_mean_over_its_turns_is_180_000_s_and_not_when_it_is_more() {
    for (second, within) in [("10:16:00.000", 1), ("10:16:00.001", 0), ("10:15:00", 1)] {
        let lines = [
            ("10:00:00", asked("1")),
            ("10:00:00", What::Assigned { agent: "lan".into() }),
            ("10:00:00", human("lan")),
            ("10:10:00", asked("2")),
            (second, human("lan")),
        ];
        assert_eq!(rate(douyin(), &[story(&lines)]), (within, 1), "{second}");
    }
}

#[test]
fn one_late_turn_is_made_good_by_a_quick_one_but_not_an_unanswered_one() {
    let late = [("10:00:00", asked("1")), ("10:05:00", human("lan"))];
    let missed = report(douyin(), &[story(&late)]);
    assert_eq!((missed.total.missed_late, missed.misses[0].waited), (1, Span::from_mins(5)));
    let quick = [&late[..], &[("10:06:00", asked("2")), ("10:07:00", human("lan"))]].concat();
    assert_eq!(rate(douyin(), &[story(&quick)]), (1, 1));
    let unanswered = [&quick[..], &[("10:08:00", asked("3"))]].concat();
    let report = report(douyin(), &[story(&unanswered)]);
    assert_eq!(report.total.missed_unanswered, 1);
    assert_eq!(report.misses[0].ask.message, "3", "the proof is the turn that spoilt it");
}

#[test]
fn a_session_is_pending_while_a_turn_may_still_be_answered_in_time() {
    let lines = [("10:00:00", asked("1")), ("10:05:00", human("lan")), ("10:06:00", asked("2"))];
    for (as_of, pending) in [("2026-05-01 10:09:00.000", 1), ("2026-05-01 10:09:00.001", 0)] {
        let report = report_as_of(douyin(), as_of, &[story(&lines)]);
        assert_eq!((report.total.pending, report.total.missed_unanswered), (pending, 1 - pending), "{as_of}");
        assert_eq!(report.misses.len() as u64, report.total.missed());
    }
}

#[test]
fn only_sessions_in_which_the_buyer_spoke_after_the_hand_over_count() {
    let silent = report(douyin(), &[handed(&[("10:00:30", human("lan"))])]).total;
    assert_eq!((silent.counted, silent.excluded_before_handover), (0, 1));
    let spoke = [("10:00:00.000001", asked("1")), ("10:02:00", human("lan"))];
    assert_eq!(rate(douyin(), &[handed(&spoke)]), (1, 1));
    let for_people = [
        ("09:50:00", What::WithRobot),
        ("09:50:00", asked("let me speak to a person")),
        ("09:50:00", What::HandedToHuman),
        ("09:50:30", human("lan")),
    ];
    assert_eq!(rate(douyin(), &[story(&for_people)]), (0, 0), "that was said to the robot");
    let only_robot = [("09:50:00", What::WithRobot), ("09:50:00", asked("1")), ("09:50:01", robot())];
    assert_eq!(report(douyin(), &[story(&only_robot)]).total.excluded_before_handover, 1);
}

#[test]
fn a_wait_runs_from_the_first_question_after_the_hand_over_even_within_a_minute() {
    let before = [("09:59:00", What::WithRobot), ("09:59:10", asked("1"))];
    let after = [("09:59:20", What::HandedToHuman), ("09:59:40", asked("2")), ("10:02:40", human("lan"))];
    assert_eq!(rate(douyin(), &[story(&[&before[..], &after[..]].concat())]), (1, 1));
    let late = [&before[..], &after[..2], &[("10:02:40.001", human("lan"))]].concat();
    let report = report(douyin(), &[story(&late)]);
    assert_eq!(report.misses[0].ask.message, "2");
}

#[test]
fn where_no_robot_took_part_everything_was_said_to_people() {
    let lines = [("10:00:00", asked("1")), ("10:01:00", human("lan"))];
    assert_eq!(rate(douyin(), &[story(&lines)]), (1, 1));
}

#[test]
fn a_session_never_assigned_is_a_miss_once_its_limit_has_passed() {
    let queued = What::Queued { nobody_on_duty: false };
    let conversations = [story(&[("10:00:00", asked("1")), ("10:00:00", queued)])];
    assert_eq!(report(douyin(), &conversations).total.missed_unanswered, 1);
    let early = report_as_of(douyin(), "2026-05-01 10:03:00", &conversations).total;
    assert_eq!((early.pending, early.missed()), (1, 0));
}

#[test]
fn what_was_said_from_08_00_00_to_22_59_59_counts() {
    for (ask, counted) in
        [("07:59:59.999", 0), ("08:00:00", 1), ("22:59:59", 1), ("22:59:59.999", 1), ("23:00:00", 0)]
    {
        assert_eq!(rate(douyin(), &[story(&[(ask, asked("1"))])]), (0, counted), "{ask}");
    }
    let over = [
        ("22:59:00", asked("1")),
        ("23:02:00", human("lan")),
        ("23:05:00", asked("2")),
        ("23:59:00", human("lan")),
    ];
    assert_eq!(rate(douyin(), &[story(&over)]), (1, 1), "the later turn is not in the mean");
}

#[test]
fn robots_do_not_answer_for_people() {
    let lines = [("10:00:01", asked("1")), ("10:00:02", robot()), ("10:03:01.001", human("lan"))];
    assert_eq!(rate(douyin(), &[handed(&lines)]), (0, 1));
}
