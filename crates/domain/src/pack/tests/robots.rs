//! What robots deal with, and what becomes of it.

use super::*;

#[test]
fn what_only_robots_dealt_with_is_treated_as_the_pack_says() {
    let robot = || replied(Actor::FullRobot, "", false);
    let conversations = [story(&[("10:00:00", asked("1")), ("10:00:01", robot())])];
    for (treatment, expected) in [
        (Treatment::Judge, Verdict::MissedUnanswered),
        (Treatment::Exclude, Verdict::RobotOnly),
        (Treatment::Answered, Verdict::Met),
        (Treatment::Miss, Verdict::MissedUnanswered),
    ] {
        for unit in [Unit::BuyerDay, Unit::Session, Unit::Turn] {
            let total = report(RulePack { unit, robot_only: treatment, ..taobao() }, &conversations).total;
            assert_eq!(total.excluded_robot_only == 1, expected == Verdict::RobotOnly);
            assert_eq!(total.within_limit == 1, expected == Verdict::Met);
            assert_eq!(total.missed() == 1, expected.is_miss());
        }
    }
}

#[test]
fn a_buyer_a_robot_left_waiting_for_people_is_not_left_out() {
    let robot = || replied(Actor::FullRobot, "", false);
    let queued = || What::Queued { nobody_on_duty: false };
    let conversations = [story(&[
        ("10:00:00", asked("1")),
        ("10:00:01", robot()),
        ("10:00:02", queued()),
        ("10:01:00", asked("2")),
    ])];
    for unit in [Unit::BuyerDay, Unit::Session, Unit::Turn] {
        assert_eq!(report(RulePack { unit, ..taobao() }, &conversations).total.missed_unanswered, 1);
    }
    let canned = [story(&[("10:00:00", asked("1")), ("10:00:01", replied(Actor::AutoReply, "", true))])];
    assert_eq!(report(taobao(), &canned).total.missed_unanswered, 1, "a canned greeting settles nothing");
}

#[test]
fn an_assisting_robot_answers_for_somebody() {
    // An import that tells of no assignments.
    let robot = replied(Actor::AssistRobot, "", false);
    let conversations = [story(&[("10:00:00", asked("1")), ("10:00:02", robot)])];
    for unit in [Unit::BuyerDay, Unit::Session, Unit::Turn] {
        let total = report(RulePack { unit, ..taobao() }, &conversations).total;
        assert_eq!((total.within_limit, total.counted, total.excluded_robot_only), (1, 1, 0), "{unit:?}");
    }
    let people_only = RulePack { countable: vec![Actor::Human], ..taobao() };
    assert_eq!(report(people_only, &conversations).total.missed_unanswered, 1, "nobody else left it out");
}

#[test]
fn what_a_robot_settled_does_not_make_the_next_question_late() {
    let robot = || replied(Actor::FullRobot, "", false);
    let lines = [
        ("10:00:00", asked("1")),
        ("10:00:01", robot()),
        ("10:30:00", asked("2")),
        ("10:30:20", human("lan")),
    ];
    let left_out = report(taobao(), &[story(&lines)]);
    let total = left_out.total;
    assert_eq!((total.within_limit, total.counted, total.excluded_robot_only), (1, 1, 1));
    assert_eq!(left_out.agents["lan"].wait_sum, Span::from_secs(20));
    let good = RulePack { robot_only: Treatment::Answered, ..taobao() };
    assert_eq!(rate(good, &[story(&lines)]), (2, 2));
    let bad = report(RulePack { robot_only: Treatment::Miss, ..taobao() }, &[story(&lines)]);
    assert_eq!(
        (bad.total.within_limit, bad.misses[0].waited),
        (1, Span::from_mins(30)),
        "up to the next question"
    );
    // Where only people count, the buyer has waited for one since the first question.
    let people = report(pinduoduo(), &[story(&lines)]);
    assert_eq!((people.total.missed_late, people.misses[0].waited), (1, Span::from_secs(1_820)));
    // Handed over, it is the people's from the question on.
    let handed = [&lines[..2], &[("10:00:02", What::HandedToHuman)], &lines[2..]].concat();
    assert_eq!(report(taobao(), &[story(&handed)]).total.missed_late, 1);
}
