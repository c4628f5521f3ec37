//! Pinduoduo: buyers of a day, and who waited too long.

use super::*;
use crate::pack::samples;

fn human_pack() -> RulePack {
    pack(samples::pinduoduo_human())
}

fn general() -> RulePack {
    pack(samples::pinduoduo("general", Span::from_hours(1), Lookback::Day))
}

fn one(ask: &str, answer: &str, what: What) -> Vec<Conversation> {
    vec![story(&[(ask, asked("1")), (answer, what)])]
}

#[test]
fn a_buyer_who_waited_180_000_s_is_fine_and_one_who_waited_180_001_s_is_a_miss() {
    for (answer, within) in [("10:03:00.000", 1), ("10:03:00.001", 0)] {
        assert_eq!(rate(human_pack(), &one("10:00:00", answer, human("lan"))), (within, 1), "{answer}");
    }
}

#[test]
fn any_message_that_waited_too_long_makes_the_buyer_a_miss() {
    let good = [("10:00:00", asked("1")), ("10:00:10", human("lan"))];
    let bad = [("12:00:00", asked("2")), ("12:03:00.001", human("lan"))];
    let more = [("15:00:00", asked("3")), ("15:00:10", human("lan"))];
    let whole = [good.clone(), bad, more.clone()].concat();
    assert_eq!(rate(human_pack(), &[story(&whole)]), (0, 1));
    assert_eq!(rate(human_pack(), &[story(&[good, more].concat())]), (1, 1), "one buyer, however often");
}

#[test]
fn the_rate_is_the_consulting_buyers_without_those_who_waited_of_all_who_consulted() {
    let buyers = ["a", "b", "c", "d"].map(|buyer| {
        let answer = if buyer == "d" { "11:10:00" } else { "11:01:00" };
        story_of(buyer, buyer, &[("11:00:00", asked("1")), (answer, human("lan"))])
    });
    let total = report(human_pack(), &buyers).total;
    assert_eq!((total.counted - total.missed(), total.counted), (3, 4));
    assert_eq!(total.rate_basis_points(), Some(7_500));
}

#[test]
fn only_what_is_asked_from_08_00_to_23_00_counts() {
    for (ask, counted) in
        [("07:59:59.999", 0), ("08:00:00", 1), ("22:59:59.999", 1), ("23:00:00", 0), ("00:00:00", 0)]
    {
        for pack in [human_pack(), general()] {
            let never = report(pack, &[story(&[(ask, asked("1"))])]);
            assert_eq!(never.total.missed_unanswered, counted, "{ask}");
            assert_eq!(never.total.excluded_outside_window, 1 - counted, "{ask}");
        }
    }
}

#[test]
fn asked_at_22_58_and_answered_at_23_00_30_counts_and_passes() {
    assert_eq!(rate(human_pack(), &one("22:58:00", "23:00:30", human("lan"))), (1, 1));
}

#[test]
fn only_replies_of_humans_count_for_the_human_rate() {
    for actor in [Actor::AssistRobot, Actor::FullRobot, Actor::AutoReply, Actor::FaqCard] {
        let lines =
            [("10:00:00", asked("1")), ("10:00:01", replied(actor, "", false)), ("10:05:00", human("lan"))];
        assert_eq!(rate(human_pack(), &[story(&lines)]), (0, 1), "{actor:?}");
    }
}

#[test]
fn an_advertisement_counts_and_wants_an_answer() {
    let reported = What::Marked(crate::exchange::Mark::Reported);
    let lines = [("10:00:00", asked("buy my lamps")), ("10:01:00", reported), ("10:01:00", closed())];
    assert_eq!(rate(human_pack(), &[story(&lines)]), (0, 1));
    let answered = [&lines[..1], &[("10:00:30", human("lan"))], &lines[1..]].concat();
    assert_eq!(rate(human_pack(), &[story(&answered)]), (1, 1));
}

#[test]
fn humans_and_robots_count_for_the_reply_rate_and_canned_replies_do_not() {
    for (actor, within) in [
        (Actor::Human, 1),
        (Actor::AssistRobot, 1),
        (Actor::FullRobot, 1),
        (Actor::AutoReply, 0),
        (Actor::FaqCard, 0),
    ] {
        let conversations = one("10:00:00", "10:00:05", replied(actor, "", false));
        assert_eq!(rate(general(), &conversations), (within, 1), "{actor:?}");
    }
}

#[test]
fn the_reply_rate_has_limits_of_an_hour_of_15_and_of_5_minutes() {
    for (minutes, last, late) in [
        (60, "11:00:00.000", "11:00:00.001"),
        (15, "10:15:00.000", "10:15:00.001"),
        (5, "10:05:00.000", "10:05:00.001"),
    ] {
        let pack = pack(samples::pinduoduo("any", Span::from_mins(minutes), Lookback::Day));
        assert_eq!(rate(pack.clone(), &one("10:00:00", last, robot())), (1, 1), "{minutes} min");
        assert_eq!(rate(pack, &one("10:00:00", late, robot())), (0, 1), "{minutes} min");
    }
}

#[test]
fn the_five_minute_rate_is_over_three_days() {
    let pack = pack(samples::pinduoduo("5min", Span::from_mins(5), Lookback::Days3));
    let on = |day: &str, buyer: &str, minute: &str| {
        let (ask, answer) = (format!("2026-05-{day} 10:00:00"), format!("2026-05-{day} 10:{minute}:00"));
        story_of(&format!("{day} {buyer}"), buyer, &[(&ask, asked("1")), (&answer, human("lan"))])
    };
    let conversations = [
        on("01", "a", "09"),
        on("02", "a", "01"),
        on("03", "a", "01"),
        on("04", "a", "01"),
        on("04", "b", "06"),
    ];
    let days = report(pack.clone(), &conversations).days;
    let figure = |day: &str| {
        let parts = pack.figure(&days, day.parse().expect("a day")).parts;
        (parts.within_limit, parts.counted)
    };
    assert_eq!(figure("2026-05-03"), (2, 3), "the 1st to the 3rd; a buyer is one on each day");
    assert_eq!(figure("2026-05-04"), (3, 4), "the 2nd to the 4th");
    assert_eq!(figure("2026-05-07"), (0, 0));
}

#[test]
fn below_the_target_campaigns_end_and_a_fine_wants_more_than_a_hundred_buyers() {
    let pack = human_pack();
    let day: Day = "2026-05-01".parse().expect("a day");
    let follows = |within_limit, counted| {
        let parts = Parts { within_limit, counted, ..Parts::default() };
        let figure = pack.figure(&[(day, parts)].into(), day);
        let missed = pack.targets.iter().filter(|target| target.is_missed(&figure) == Some(true));
        missed.map(|target| target.consequence).collect::<Vec<_>>()
    };
    let lighter = [Consequence::Restricted { days: 3, good_days: 3 }, Consequence::ResourceSlot { days: 3 }];
    assert_eq!(follows(85, 100), [], "exactly the target is fine");
    assert_eq!(follows(8_499, 10_000), lighter);
    assert_eq!(follows(49, 100), lighter, "a hundred are not more than a hundred");
    assert_eq!(follows(50, 101), [&lighter[..], &[Consequence::FineDue]].concat());
    assert_eq!(follows(51, 102), lighter, "exactly half is not below half");
    assert_eq!(follows(0, 0), [], "no data, no consequence");
    let black_room = pack.targets.iter().find(|target| target.below_basis_points == 0);
    let black_room = black_room.map(|target| target.consequence);
    assert_eq!(black_room, Some(Consequence::BlackRoom { days: 30 }), "never by the rate");
}
