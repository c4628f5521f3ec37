//! Days of 23 and 25 hours, midnights, holidays and windows.

use super::*;
use crate::day::ClockTime;
use crate::pack::samples;

fn new_york() -> Zone {
    Zone::parse("America/New_York").expect("a zone")
}

/// A moment of New York's clock; of a time that comes twice, the first.
fn at(text: &str) -> Timestamp {
    let (day, clock) = text.split_once(' ').expect("a date and a time");
    let clock: ClockTime = clock.parse().expect("HH:MM");
    new_york().at(day.parse().expect("a date"), clock)
}

/// One buyer's conversation for each moment, answered after so long.
fn conversations(asked_at: &[Timestamp], answered_after: Span) -> Vec<Conversation> {
    let numbered = asked_at.iter().enumerate();
    numbered
        .map(|(index, from)| {
            let happening = |at, what| Happening { at, what };
            let story = [
                happening(*from, opened("b")),
                happening(*from, asked("m")),
                happening(*from + answered_after, human("lan")),
            ];
            Conversation::fold(index.to_string(), story)
        })
        .collect()
}

fn judged(pack: RulePack, conversations: &[Conversation]) -> Report {
    let mut tally = Tally::new(pack, new_york(), Timestamp::MAX, DayRange::default());
    conversations.iter().for_each(|conversation| tally.add(conversation));
    tally.finish()
}

fn counted(report: &Report) -> Vec<(String, u64)> {
    report.days.iter().map(|(day, parts)| (day.to_string(), parts.counted)).collect()
}

#[test]
fn a_day_of_25_hours_is_one_day_and_so_is_one_of_23() {
    let all_day = RulePack { window: Window::ALL_DAY, ..pinduoduo() };
    for (date, next, hours) in [("2026-11-01", "2026-11-02", 25), ("2026-03-08", "2026-03-09", 23)] {
        let start = at(&format!("{date} 00:00"));
        assert_eq!(at(&format!("{next} 00:00")).since(start), Span::from_hours(hours));
        let last = at(&format!("{next} 00:00")) + Span::from_micros(-1);
        let report = judged(all_day.clone(), &conversations(&[start, last], Span::from_secs(1)));
        assert_eq!(counted(&report), [(date.to_owned(), 1)], "one buyer on one day");
        let over = judged(all_day.clone(), &conversations(&[start, last + Span::from_micros(1)], Span::ZERO));
        assert_eq!(counted(&over), [(date.to_owned(), 1), (next.to_owned(), 1)]);
    }
}

#[test]
fn an_hour_that_comes_twice_is_inside_a_window_both_times() {
    let window = Window::new("01:00".parse().expect("a time"), "02:00".parse().expect("a time"));
    let pack = RulePack { window: window.expect("not empty"), ..taobao() };
    let first = at("2026-11-01 01:00");
    let times = [
        (Span::from_micros(-1), 0),
        (Span::ZERO, 1),
        (Span::from_hours(1), 1),
        (Span::from_hours(2) + Span::from_micros(-1), 1),
        (Span::from_hours(2), 0),
    ];
    for (later, inside) in times {
        let report = judged(pack.clone(), &conversations(&[first + later], Span::from_secs(1)));
        assert_eq!(report.total.counted, inside, "{later:?}");
    }
}

#[test]
fn a_window_that_starts_in_an_hour_the_clock_skips_starts_after_it() {
    let window = Window::new("02:30".parse().expect("a time"), "23:00".parse().expect("a time"));
    let pack = RulePack { window: window.expect("not empty"), ..taobao() };
    let skipped_to = at("2026-03-08 02:30");
    for (moment, inside) in [(skipped_to + Span::from_micros(-1), 0), (skipped_to, 1)] {
        assert_eq!(judged(pack.clone(), &conversations(&[moment], Span::ZERO)).total.counted, inside);
    }
}

#[test]
fn limits_are_elapsed_time_whatever_the_clock_shows() {
    let pack = RulePack { weekend_answer_by: None, ..tiktok() };
    let asked_at = at("2026-10-31 12:00");
    for (wait, within) in [(Span::from_hours(24), 1), (Span::from_hours(24) + Span::from_micros(1), 0)] {
        let report = judged(pack.clone(), &conversations(&[asked_at], wait));
        assert_eq!(report.total.within_limit, within, "11:00 on the day of 25 hours");
    }
}

#[test]
fn a_weekend_that_wins_an_hour_wins_it_for_the_pause() {
    let friday = at("2026-10-30 10:00");
    let us = pack(samples::tiktok_us());
    assert_eq!(us.due(new_york(), friday), at("2026-11-02 10:00"));
    assert_eq!(us.due(new_york(), friday).since(friday), Span::from_hours(24 + 49));
    assert_eq!(us.due(new_york(), at("2026-11-01 00:30")), at("2026-11-02 12:00"));
}

#[test]
fn a_session_just_before_midnight_counts_for_the_day_it_began() {
    let jd = RulePack { window: Window::ALL_DAY, ..pack(samples::jd()) };
    let midnight = at("2026-11-02 00:00");
    let report = judged(jd, &conversations(&[midnight + Span::from_micros(-1)], Span::from_secs(9)));
    assert_eq!(counted(&report), [("2026-11-01".to_owned(), 1)]);
}

#[test]
fn nothing_is_judged_on_a_holiday() {
    let draft = Draft { holidays: vec!["2026-05-01".into()], ..samples::taobao() };
    for (ask, outside) in [
        ("2026-04-30 22:59:59.999", 0),
        ("2026-05-01 08:00:00", 1),
        ("2026-05-01 22:59:59.999", 1),
        ("2026-05-02 08:00:00", 0),
    ] {
        let lines = [(ask, asked("1")), (ask, human("lan"))];
        let total = report(pack(draft.clone()), &[story(&lines)]).total;
        assert_eq!((total.excluded_outside_window, total.counted), (outside, 1 - outside), "{ask}");
    }
}

#[test]
fn a_window_over_midnight_has_two_ends_a_day() {
    let draft = Draft { window_start: "22:00".into(), window_end: "02:00".into(), ..samples::taobao() };
    for (ask, inside) in [
        ("21:59:59.999", 0),
        ("22:00:00", 1),
        ("23:59:59.999", 1),
        ("00:00:00", 1),
        ("01:59:59.999", 1),
        ("02:00:00", 0),
    ] {
        assert_eq!(rate(pack(draft.clone()), &[story(&[(ask, asked("1"))])]), (0, inside), "{ask}");
    }
}

#[test]
fn a_look_back_goes_by_dates_over_a_day_of_25_hours() {
    let pack = pack(samples::pinduoduo("5min", Span::from_mins(5), Lookback::Days3));
    let behind = pack.days_behind("2026-11-02".parse().expect("a day"));
    assert_eq!(behind.first, "2026-10-31".parse().ok());
    let moments = ["2026-10-30 10:00", "2026-10-31 10:00", "2026-11-01 10:00", "2026-11-02 10:00"].map(at);
    let report = judged(pack.clone(), &conversations(&moments, Span::ZERO));
    assert_eq!(pack.figure(&report.days, "2026-11-02".parse().expect("a day")).parts.counted, 3);
}
