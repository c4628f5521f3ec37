use proptest::prelude::*;

use super::*;
use crate::time::Span;

fn zone(name: &str) -> Zone {
    Zone::parse(name).expect("a zone of the IANA database")
}

fn day(text: &str) -> Day {
    text.parse().expect("a date")
}

fn clock(text: &str) -> ClockTime {
    text.parse().expect("a clock time")
}

fn utc(text: &str) -> Timestamp {
    let moment = DateTime::parse_from_rfc3339(text).expect("RFC 3339");
    Timestamp::from_micros_clamped(moment.timestamp_micros())
}

fn hours_of(zone: Zone, date: &str) -> i64 {
    zone.start_of(day(date).plus(1)).since(zone.start_of(day(date))).micros() / 3_600_000_000
}

#[test]
fn days_have_23_24_or_25_hours() {
    let berlin = zone("Europe/Berlin");
    assert_eq!(hours_of(berlin, "2026-03-28"), 24);
    assert_eq!(hours_of(berlin, "2026-03-29"), 23);
    assert_eq!(hours_of(berlin, "2026-10-25"), 25);
}

#[test]
fn a_day_without_midnight_begins_when_the_clock_arrives() {
    let beirut = zone("Asia/Beirut");
    let start = beirut.start_of(day("2026-03-29"));
    assert_eq!(start, utc("2026-03-28T22:00:00Z"));
    assert_eq!(beirut.local(start).hour(), 1);
    assert_eq!(hours_of(beirut, "2026-03-29"), 23);
}

#[test]
fn a_day_with_two_midnights_begins_at_the_first() {
    let havana = zone("America/Havana");
    assert_eq!(havana.start_of(day("2026-11-01")), utc("2026-11-01T04:00:00Z"));
    assert_eq!(hours_of(havana, "2026-11-01"), 25);
}

#[test]
fn a_date_the_calendar_skipped_is_empty() {
    let apia = zone("Pacific/Apia");
    assert_eq!(apia.start_of(day("2011-12-30")), apia.start_of(day("2011-12-31")));
    assert_eq!(apia.start_of(day("2011-12-31")), utc("2011-12-30T10:00:00Z"));
}

#[test]
fn a_gap_of_odd_seconds_ends_to_the_second() {
    // Shanghai's sun time was 8:05:43 ahead until 1901; Amsterdam's 0:19:32 until 1937, then 0:20:00.
    let amsterdam = zone("Europe/Amsterdam");
    let start = amsterdam.start_of(day("1937-07-01"));
    assert_eq!(amsterdam.day_of(start), day("1937-07-01"));
    assert_eq!(amsterdam.day_of(start - Span::from_secs(1)), day("1937-06-30"));
}

#[test]
fn a_window_holds_its_start_and_not_its_end() {
    let shanghai = zone("Asia/Shanghai");
    let window = Window::new(clock("08:00"), clock("23:00")).expect("not empty");
    for (moment, inside) in [
        ("2026-05-01T07:59:59.999999+08:00", false),
        ("2026-05-01T08:00:00+08:00", true),
        ("2026-05-01T22:59:59.999999+08:00", true),
        ("2026-05-01T23:00:00+08:00", false),
    ] {
        assert_eq!(window.contains(shanghai.local(utc(moment))), inside, "{moment}");
    }
}

#[test]
fn a_window_may_run_over_midnight_or_to_2400() {
    let overnight = Window::new(clock("20:00"), clock("02:00")).expect("not empty");
    let late = Window::new(clock("20:00"), clock("24:00")).expect("not empty");
    for (moment, in_overnight, in_late) in [
        ("2026-05-01T19:59:59Z", false, false),
        ("2026-05-01T23:59:59.999999Z", true, true),
        ("2026-05-02T00:00:00Z", true, false),
        ("2026-05-02T02:00:00Z", false, false),
    ] {
        let local = Zone::UTC.local(utc(moment));
        assert_eq!((overnight.contains(local), late.contains(local)), (in_overnight, in_late), "{moment}");
    }
    assert_eq!(Window::new(clock("08:00"), clock("08:00")), None);
    assert_eq!(Window::new(clock("24:00"), clock("08:00")), None);
}

#[test]
fn only_real_times_and_dates_are_read() {
    for text in ["", "8:00", "08:60", "24:01", "25:00", "+8:00", "08:0x", "08:00:00", "０８:００"] {
        assert!(text.parse::<ClockTime>().is_err(), "{text}");
    }
    for text in
        ["", "2026-02-30", "2026-2-3", "26-02-03", "2026/02/03", "2026-13-01", "+026-01-01", "0000-12-31"]
    {
        assert!(text.parse::<Day>().is_err(), "{text}");
    }
    assert_eq!(
        day("0001-01-01").minus(1).to_string(),
        "0000-12-31",
        "days may be reckoned beyond what is read"
    );
    assert_eq!(clock("24:00"), ClockTime::DAY_END);
    assert_eq!(clock("08:05").to_string(), "08:05");
    assert_eq!(ClockTime::from_minutes(clock("08:05").minutes()), Some(clock("08:05")));
    assert_eq!(ClockTime::from_minutes(1_440), Some(ClockTime::DAY_END));
    assert_eq!(ClockTime::from_minutes(1_441), None);
    assert_eq!(day("2026-02-03").to_string(), "2026-02-03");
}

#[test]
fn an_unknown_zone_is_refused_by_name() {
    let problem = Zone::parse("Mars/Olympus").expect_err("no such zone");
    assert_eq!(problem.reason, Reason::TimeZoneInvalid);
    assert_eq!(problem.metadata, [("time_zone", "Mars/Olympus".to_owned())]);
    assert_eq!(problem.violations[0].field, "time_zone");
}

#[test]
fn the_ends_of_time_have_local_days() {
    for name in ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Shanghai"] {
        for at in [Timestamp::MIN, Timestamp::MAX] {
            let day = zone(name).day_of(at);
            assert!(zone(name).start_of(day) <= at + Span::from_hours(25), "{name}");
        }
    }
}

fn any_zone() -> impl Strategy<Value = Zone> {
    prop::sample::select(vec![
        "Asia/Shanghai",
        "Asia/Jerusalem",
        "Europe/Berlin",
        "America/New_York",
        "America/Sao_Paulo",
        "America/St_Johns",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Africa/Cairo",
        "Pacific/Apia",
    ])
    .prop_map(zone)
}

proptest! {
    #[test]
    fn every_moment_belongs_to_the_day_it_reads(zone in any_zone(), seconds in 0_i64..2_000_000_000) {
        let at = Timestamp::from_micros_clamped(seconds * 1_000_000);
        let day = zone.day_of(at);
        prop_assert!(zone.start_of(day) <= at);
        // A clock put back over midnight makes a date come back for an hour, so only "about" holds at the end.
        prop_assert!(at < zone.start_of(day.plus(1)) + Span::from_hours(2));
        prop_assert_eq!(zone.local(at).day, day);
    }

    #[test]
    fn days_follow_each_other(zone in any_zone(), offset in 0_u32..20_000) {
        let day = day("1975-01-01").plus(offset);
        let length = zone.start_of(day.plus(1)).since(zone.start_of(day));
        prop_assert!(length >= Span::ZERO && length <= Span::from_hours(25));
        prop_assert_eq!(day.plus(1).minus(1), day);
        prop_assert_eq!(day.days_until(day.plus(7)), 7);
        prop_assert_eq!(day.plus(7).days_from_monday(), day.days_from_monday());
    }
}
