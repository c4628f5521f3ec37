//! JD: the first answer of a session, within half a minute.

use super::*;
use crate::pack::samples;

fn jd() -> RulePack {
    pack(samples::jd())
}

fn held() -> What {
    What::Assigned { agent: "lan".into() }
}

#[test]
fn the_first_answer_has_30_000_s() {
    for (answer, within) in [("10:00:30.000", 1), ("10:00:30.001", 0)] {
        let lines = [("10:00:00", asked("1")), ("10:00:00", held()), (answer, human("lan"))];
        assert_eq!(rate(jd(), &[story(&lines)]), (within, 1), "{answer}");
    }
}

#[test]
fn sessions_that_start_from_23_00_to_09_00_are_left_out() {
    for (start, counted) in
        [("08:59:59.999", 0), ("09:00:00", 1), ("22:59:59.999", 1), ("23:00:00", 0), ("00:00:00", 0)]
    {
        let lines = [(start, asked("1")), (start, held())];
        let total = report(jd(), &[story(&lines)]).total;
        assert_eq!(
            (total.missed_unanswered, total.excluded_outside_window),
            (counted, 1 - counted),
            "{start}"
        );
    }
}

#[test]
fn the_start_of_the_session_decides_and_not_the_question() {
    let late = [("22:59:59", held()), ("23:10:00", asked("1")), ("23:10:31", human("lan"))];
    assert_eq!(rate(jd(), &[story(&late)]), (0, 1), "the limit runs from the question");
    let early = [("08:59:59", held()), ("09:10:00", asked("1")), ("09:10:31", human("lan"))];
    assert_eq!(rate(jd(), &[story(&early)]), (0, 0));
}

#[test]
fn asked_again_within_10_minutes_of_the_close_it_is_the_same_session() {
    let first =
        story_of("1", "b", &[("10:00:00", asked("1")), ("10:00:10", human("lan")), ("10:05:00", closed())]);
    let again = |at: &'static str| story_of("2", "b", &[(at, asked("2")), (at, held())]);
    for (at, sessions) in [("10:05:00", 1), ("10:15:00.000", 1), ("10:15:00.001", 2)] {
        let total = report(jd(), &[again(at), first.clone()]).total;
        assert_eq!((total.within_limit, total.counted), (1, sessions), "{at}");
    }
    let other = story_of("3", "someone else", &[("10:06:00", asked("2")), ("10:06:00", held())]);
    assert_eq!(report(jd(), &[first, other]).total.counted, 2);
}

#[test]
fn a_session_taken_up_again_and_again_is_one() {
    let of = |key: &str, ask: &'static str, close: &'static str| {
        story_of(key, "b", &[(ask, asked("1")), (ask, human("lan")), (close, closed())])
    };
    let chain =
        [of("1", "10:00:00", "10:01:00"), of("2", "10:10:00", "10:11:00"), of("3", "10:20:00", "10:21:00")];
    assert_eq!(rate(jd(), &chain), (1, 1));
    let mut gap = chain.to_vec();
    gap.remove(1);
    assert_eq!(rate(jd(), &gap), (2, 2));
}

#[test]
fn a_session_of_the_night_goes_on_in_the_morning_without_counting() {
    let night = story_of("1", "b", &[("08:50:00", asked("1")), ("08:55:00", closed())]);
    let morning = story_of("2", "b", &[("09:04:00", asked("2")), ("09:04:00", held())]);
    let total = report(jd(), &[night, morning]).total;
    assert_eq!((total.counted, total.excluded_outside_window), (0, 1));
}

#[test]
fn what_met_nobody_on_duty_is_a_left_message_with_a_rate_of_its_own() {
    let nobody = || What::Queued { nobody_on_duty: true };
    let left = |key: &str, answer: &'static str| {
        story_of(
            key,
            key,
            &[("10:00:00", asked("1")), ("10:00:00", nobody()), (answer, held()), (answer, human("lan"))],
        )
    };
    let served =
        story_of("c", "c", &[("10:00:00", asked("1")), ("10:00:00", held()), ("10:00:09", human("lan"))]);
    let never = story_of("d", "d", &[("10:00:00", asked("1")), ("10:00:00", nobody())]);
    let report = report(jd(), &[left("a", "10:00:20"), left("b", "13:00:00"), served, never]);
    assert_eq!((report.total.within_limit, report.total.counted), (1, 1));
    let separate = report.separate();
    assert_eq!((separate.within_limit, separate.answered, separate.counted), (1, 2, 3));
    assert_eq!(report.misses, [], "misses of the rate itself only");
    assert_eq!(report.agents["lan"].parts.counted, 1);
}

#[test]
fn who_waits_in_a_queue_left_no_message_once_somebody_takes_it() {
    let queued = || What::Queued { nobody_on_duty: false };
    let lines =
        [("10:00:00", asked("1")), ("10:00:00", queued()), ("10:01:00", held()), ("10:01:05", human("lan"))];
    assert_eq!(report(jd(), &[story(&lines)]).total.missed_late, 1);
    let never = report(jd(), &[story(&lines[..2])]);
    assert_eq!((never.total.counted, never.separate().missed_unanswered), (0, 1), "nobody ever had it");
}

#[test]
fn nobody_on_duty_later_on_makes_no_left_message_of_what_was_answered() {
    let lines = [
        ("10:00:00", asked("1")),
        ("10:00:05", replied(Actor::AssistRobot, "", false)),
        ("10:01:00", What::Queued { nobody_on_duty: true }),
    ];
    assert_eq!(rate(jd(), &[story(&lines)]), (1, 1));
}

#[test]
fn sessions_of_a_robot_alone_are_left_out() {
    let lines = [("10:00:00", asked("1")), ("10:00:05", robot())];
    assert_eq!(report(jd(), &[story(&lines)]).total.excluded_robot_only, 1);
}
