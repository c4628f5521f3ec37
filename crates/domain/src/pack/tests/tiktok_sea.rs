//! TikTok Shop, Southeast Asia: twelve hours on every day.

use super::*;
use crate::exchange::Mark;
use crate::pack::samples;

fn sea() -> RulePack {
    pack(samples::tiktok_sea())
}

#[test]
fn a_session_has_12_hours_on_every_day_of_the_week() {
    for day in 1..=7 {
        let ask = format!("2026-05-0{day} 06:00:00");
        for (seconds, within) in [("00.000", 1), ("00.001", 0)] {
            let answer = format!("2026-05-0{day} 18:00:{seconds}");
            let lines = [(ask.as_str(), asked("1")), (answer.as_str(), human("lan"))];
            assert_eq!(rate(sea(), &[story(&lines)]), (within, 1), "{answer}");
        }
    }
}

#[test]
fn sessions_in_holiday_mode_and_of_blocked_buyers_are_left_out() {
    let left_out =
        |mark| report(sea(), &[story(&[("10:00:00", asked("1")), ("10:00:05", What::Marked(mark))])]).total;
    assert_eq!(left_out(Mark::HolidayMode).excluded_holiday_mode, 1);
    assert_eq!(left_out(Mark::Blocked).excluded_blocked, 1);
    let reported = left_out(Mark::Reported);
    assert_eq!(
        (reported.excluded_reported, reported.missed_unanswered),
        (0, 1),
        "it is not among its exclusions"
    );
}

#[test]
fn a_mark_is_not_seen_before_its_time() {
    let lines = [("06:00:00", asked("1")), ("20:00:00", What::Marked(Mark::Blocked))];
    let before = report_as_of(sea(), "2026-05-01 19:59:59.999999", &[story(&lines)]).total;
    assert_eq!((before.missed_unanswered, before.excluded_blocked), (1, 0));
    let since = report_as_of(sea(), "2026-05-01 20:00:00", &[story(&lines)]).total;
    assert_eq!((since.missed_unanswered, since.excluded_blocked), (0, 1));
}

#[test]
fn sessions_that_the_shop_began_are_left_out() {
    let lines = [("10:00:00", human("lan")), ("10:05:00", asked("1"))];
    assert_eq!(report(sea(), &[story(&lines)]).total.excluded_shop_initiated, 1);
    let welcomed = [("10:00:00", canned()), ("10:00:00", card()), ("10:05:00", asked("1"))];
    assert_eq!(report(sea(), &[story(&welcomed)]).total.missed_unanswered, 1, "a greeting begins nothing");
}

#[test]
fn what_a_canned_reply_or_a_card_solved_is_left_out() {
    for what in [canned(), card()] {
        let lines = [("10:00:00", asked("1")), ("10:00:01", what)];
        assert_eq!(report(sea(), &[story(&lines)]).total.excluded_self_served, 1);
        let more = [&lines[..], &[("10:05:00", asked("2"))]].concat();
        assert_eq!(report(sea(), &[story(&more)]).total.missed_unanswered, 1, "the buyer asked on");
        let answered = [&lines[..], &[("11:00:00", human("lan"))]].concat();
        assert_eq!(rate(sea(), &[story(&answered)]), (1, 1), "an answer in time counts");
    }
}

#[test]
fn the_target_is_90_percent_over_30_days() {
    let pack = sea();
    let day = |text: &str| text.parse::<Day>().expect("a day");
    let parts = |within_limit, counted| Parts { within_limit, counted, ..Parts::default() };
    let days = [
        (day("2026-05-01"), parts(0, 100)),
        (day("2026-05-02"), parts(0, 1)),
        (day("2026-05-31"), parts(9, 9)),
    ];
    assert_eq!(
        pack.figure(&days.into(), day("2026-05-31")).reaches(9_000),
        Some(true),
        "the 2nd to the 31st"
    );
    assert_eq!(
        pack.figure(&days.into(), day("2026-05-30")).reaches(9_000),
        Some(false),
        "the 1st to the 30th"
    );
}
