//! TikTok Shop, United States: a valid first answer within a day, weekends left out; and the variant with FAQ cards.

use super::*;
use crate::pack::samples;

fn us() -> RulePack {
    pack(samples::tiktok_us())
}

fn faq() -> RulePack {
    pack(samples::tiktok_faq())
}

#[test]
fn the_first_valid_answer_has_24_hours() {
    // 27 April 2026 is a Monday.
    for (answer, within) in [("2026-04-28 10:00:00.000", 1), ("2026-04-28 10:00:00.001", 0)] {
        let lines = [("2026-04-27 10:00:00", asked("1")), (answer, human("lan"))];
        for pack in [us(), faq()] {
            assert_eq!(rate(pack, &[story(&lines)]), (within, 1), "{answer}");
        }
    }
}

#[test]
fn only_the_first_answer_of_a_session_matters() {
    let lines = [
        ("2026-04-27 10:00:00", asked("1")),
        ("2026-04-27 10:01:00", human("lan")),
        ("2026-04-27 10:02:00", asked("2")),
    ];
    assert_eq!(rate(us(), &[story(&lines)]), (1, 1));
}

#[test]
fn small_talk_is_void() {
    let hello = replied(Actor::Human, "lan", true);
    let lines = [("2026-04-27 10:00:00", asked("1")), ("2026-04-27 10:01:00", hello)];
    assert_eq!(report(us(), &[story(&lines)]).total.missed_unanswered, 1);
}

#[test]
fn sessions_wholly_handled_by_a_robot_are_left_out() {
    let lines = [("2026-04-27 10:00:00", asked("1")), ("2026-04-27 10:00:01", robot())];
    for pack in [us(), faq()] {
        assert_eq!(report(pack, &[story(&lines)]).total.excluded_robot_only, 1);
    }
    let joined = [&lines[..], &[("2026-04-27 10:05:00", human("lan"))]].concat();
    assert_eq!(rate(us(), &[story(&joined)]), (1, 1), "a person took part");
}

#[test]
fn weekend_messages_have_until_monday_12_00() {
    for ask in ["2026-05-02 00:00:00", "2026-05-03 23:59:59.999"] {
        for (answer, within) in [("2026-05-04 12:00:00.000", 1), ("2026-05-04 12:00:00.001", 0)] {
            let lines = [(ask, asked("1")), (answer, human("lan"))];
            assert_eq!(rate(us(), &[story(&lines)]), (within, 1), "{ask} {answer}");
        }
    }
    for (ask, last, late) in [
        ("2026-05-01 23:59:59.999", "2026-05-04 23:59:59.999", "2026-05-05 00:00:00"),
        ("2026-05-04 00:00:00", "2026-05-05 00:00:00.000", "2026-05-05 00:00:00.001"),
    ] {
        assert_eq!(rate(us(), &[story(&[(ask, asked("1")), (last, human("lan"))])]), (1, 1), "{ask}");
        assert_eq!(rate(us(), &[story(&[(ask, asked("1")), (late, human("lan"))])]), (0, 1), "{ask}");
    }
}

#[test]
fn the_target_is_90_percent_and_below_85_the_marketplace_acts() {
    let pack = us();
    let day: Day = "2026-05-01".parse().expect("a day");
    let acts = |within_limit| {
        let parts = Parts { within_limit, counted: 10_000, ..Parts::default() };
        let figure = pack.figure(&[(day, parts)].into(), day);
        (figure.reaches(pack.target_basis_points), pack.targets[0].is_missed(&figure))
    };
    assert_eq!(acts(9_000), (Some(true), Some(false)));
    assert_eq!(acts(8_999), (Some(false), Some(false)));
    assert_eq!(acts(8_500), (Some(false), Some(false)));
    assert_eq!(acts(8_499), (Some(false), Some(true)));
}

#[test]
fn a_card_that_answers_without_a_follow_up_is_an_answer_in_the_variant_only() {
    let lines = [("2026-04-27 10:00:00", asked("1")), ("2026-04-27 10:00:01", card())];
    assert_eq!(rate(us(), &[story(&lines)]), (0, 1));
    assert_eq!(rate(faq(), &[story(&lines)]), (1, 1));
    let early = report_as_of(faq(), "2026-04-27 10:00:01", &[story(&lines)]).total;
    assert_eq!(early.within_limit, 1, "at once");
}

#[test]
fn a_follow_up_wants_a_real_answer_within_24_hours_of_the_first_question() {
    let lines = [
        ("2026-04-27 10:00:00", asked("1")),
        ("2026-04-27 10:00:01", card()),
        ("2026-04-27 18:00:00", asked("that is not what I asked")),
    ];
    assert_eq!(rate(faq(), &[story(&lines)]), (0, 1));
    for (answer, within) in [("2026-04-28 10:00:00.000", 1), ("2026-04-28 10:00:00.001", 0)] {
        let answered = [&lines[..], &[(answer, human("lan"))]].concat();
        assert_eq!(rate(faq(), &[story(&answered)]), (within, 1), "{answer}");
    }
    let again = [&lines[..], &[("2026-04-27 18:00:01", card())]].concat();
    assert_eq!(rate(faq(), &[story(&again)]), (0, 1), "another card does not answer the follow-up");
}

#[test]
fn neither_canned_replies_nor_cards_of_greetings_answer_in_the_variant() {
    for what in [canned(), replied(Actor::FaqCard, "", true)] {
        let lines = [("2026-04-27 10:00:00", asked("1")), ("2026-04-27 10:00:01", what)];
        assert_eq!(rate(faq(), &[story(&lines)]), (0, 1));
    }
}

#[test]
fn a_late_answer_does_not_spoil_what_a_card_answered() {
    let lines = [
        ("2026-04-27 10:00:00", asked("1")),
        ("2026-04-27 10:00:01", card()),
        ("2026-04-29 10:00:00", human("lan")),
    ];
    assert_eq!(rate(faq(), &[story(&lines)]), (1, 1));
    let after = [
        ("2026-04-27 10:00:00", asked("1")),
        ("2026-04-29 10:00:00", human("lan")),
        ("2026-04-29 10:00:01", card()),
    ];
    assert_eq!(rate(faq(), &[story(&after)]), (0, 1), "the card came after the answer");
    let slow = [("2026-04-27 10:00:00", asked("1")), ("2026-04-28 10:00:00.001", card())];
    assert_eq!(rate(faq(), &[story(&slow)]), (0, 1), "a card has the same limit");
}
