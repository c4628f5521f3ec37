use std::ops::RangeInclusive;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::Config;

use super::{
    Counts, DAYS, DayProfile, HALF_HOURS, MAX_DAYS, PEAK_PERMILLE, WeekProfile, peaks, service_windows,
};
use crate::day::{ClockTime, Day, Window, Zone};
use crate::roster::Stretch;
use crate::spans::Stretches;
use crate::time::Span;

fn clock(minutes: u16) -> ClockTime {
    ClockTime::from_minutes(minutes).expect("of the clock")
}

/// Two days with 10 units from 08:00 to 08:30 and 30 from 20:30 to 21:00, in all.
fn two_days() -> DayProfile {
    let mut profile = DayProfile { days: 2, ..DayProfile::default() };
    profile.counts[16] = 10;
    profile.counts[41] = 30;
    profile
}

#[test]
fn what_is_still_to_come_shrinks_evenly_within_a_half_hour() {
    let profile = two_days();
    for (minutes, expected) in [
        (0, 20.0),
        (8 * 60, 20.0),
        (8 * 60 + 15, 17.5),
        (8 * 60 + 30, 15.0),
        (20 * 60 + 50, 5.0),
        (21 * 60, 0.0),
        (24 * 60, 0.0),
    ] {
        let left = profile.expected_from(clock(minutes)).expect("two days");
        assert!((left - expected).abs() < 1e-12, "{minutes}: {left}");
    }
}

#[test]
fn without_days_nothing_is_expected_and_without_units_there_are_no_shares() {
    let empty = DayProfile::default();
    assert_eq!((empty.expected(), empty.shares()), (None, None));
    let quiet = DayProfile { days: 7, ..empty };
    assert_eq!((quiet.expected(), quiet.shares()), (Some(0.0), None));
}

#[test]
fn shares_of_a_day_add_up_to_the_whole() {
    let shares = two_days().shares().expect("units");
    assert!((shares[16] - 0.25).abs() < 1e-12 && (shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    assert_eq!(shares.len(), HALF_HOURS);
}

#[test]
fn days_add_up() {
    let mut twice = two_days();
    twice.add(&two_days());
    assert_eq!((twice.total(), twice.days, twice.expected()), (80, 4, two_days().expected()));
}

fn day(text: &str) -> Day {
    text.parse().expect("a date")
}

fn shanghai() -> Zone {
    Zone::parse("Asia/Shanghai").expect("a zone")
}

fn window(start: u16, end: u16) -> Window {
    Window::new(clock(start), clock(end)).expect("not empty")
}

/// Monday 5 January to Sunday 18 January 2026.
fn fortnight() -> RangeInclusive<Day> {
    day("2026-01-05")..=day("2026-01-18")
}

#[test]
fn arrivals_are_counted_in_the_half_hour_of_the_shops_clock() {
    let mut counts = Counts::new(shanghai(), &fortnight()).expect("two weeks");
    assert_eq!(counts.cells().len(), 14 * HALF_HOURS);
    let open = shanghai().at(day("2026-01-07"), clock(8 * 60 + 30));
    assert!(counts.add(open, 2));
    assert!(counts.add(open + Span::from_mins(30) - Span::from_micros(1), 1));
    assert!(counts.add(open - Span::from_micros(1), 5));
    assert!(!counts.add(shanghai().start_of(day("2026-01-05")) - Span::from_micros(1), 1));
    assert!(!counts.add(shanghai().start_of(day("2026-01-19")), 1));
    let wednesday = counts.week().like(day("2026-01-14"));
    assert_eq!((wednesday.counts[16], wednesday.counts[17], wednesday.days), (5, 3, 2));
    assert_eq!((counts.total(), wednesday.mean(17), wednesday.mean(48)), (8, Some(1.5), None));
}

#[test]
fn days_on_which_nobody_came_are_days() {
    let week = Counts::new(shanghai(), &fortnight()).expect("two weeks").week();
    assert!(week.days.iter().all(|profile| profile.days == 2 && profile.total() == 0));
    assert_eq!(week.any_day().days, 14);
    let apia = Zone::parse("Pacific/Apia").expect("a zone");
    let skipped = Counts::new(apia, &(day("2011-12-29")..=day("2011-12-31"))).expect("three dates").week();
    assert_eq!(skipped.any_day().days, 2, "the 30th never came there");
}

#[test]
fn both_hours_that_a_clock_repeats_are_in_its_half_hours() {
    let berlin = Zone::parse("Europe/Berlin").expect("a zone");
    let sunday = day("2026-10-25");
    let mut counts = Counts::new(berlin, &(sunday..=sunday)).expect("a day");
    let first = berlin.at(sunday, clock(2 * 60));
    assert!(counts.add(first, 1) && counts.add(first + Span::from_hours(1), 2));
    assert_eq!(counts.week().like(sunday).counts[4], 3);
}

#[test]
fn too_many_days_or_none_are_refused() {
    let first = day("2026-01-05");
    for last in [first.minus(1), first.plus(MAX_DAYS)] {
        let problem = Counts::new(Zone::UTC, &(first..=last)).expect_err("out of bounds");
        assert_eq!(problem.violations[0].field, "last_day");
        assert!(service_windows(Zone::UTC, Window::ALL_DAY, &(first..=last)).is_err());
    }
}

#[test]
fn a_heat_map_has_a_cell_for_every_half_hour_of_the_week() {
    let mut counts = Counts::new(shanghai(), &fortnight()).expect("two weeks");
    // 336 a fortnight are half a unit a cell and day.
    assert!(counts.add(shanghai().at(day("2026-01-06"), clock(600)), 336));
    let cells = counts.week().heat_map();
    assert_eq!(cells.len(), DAYS * HALF_HOURS);
    let hot: Vec<_> = cells.iter().filter(|cell| cell.count > 0).collect();
    assert_eq!((hot.len(), hot[0].weekday, hot[0].half_hour), (1, 1, 20));
    assert_eq!((hot[0].mean, hot[0].factor), (Some(168.0), Some(336.0)));
    assert_eq!((cells[0].mean, cells[0].factor), (Some(0.0), Some(0.0)));
    let nothing = WeekProfile::default().heat_map();
    assert!(nothing.iter().all(|cell| (cell.mean, cell.factor) == (None, None)));
}

#[test]
fn the_share_inside_service_hours_and_inside_coverage_is_of_all_demand() {
    let days = day("2026-01-05")..=day("2026-01-05");
    let mut counts = Counts::new(shanghai(), &days).expect("a day");
    for (minutes, count) in [(7 * 60 + 45, 1), (8 * 60, 6), (22 * 60 + 59, 2), (23 * 60, 1)] {
        assert!(counts.add(shanghai().at(*days.start(), clock(minutes)), count));
    }
    let service = service_windows(shanghai(), window(8 * 60, 23 * 60), &days).expect("a day");
    assert_eq!(counts.inside(&service).basis_points(), Some(8_000));
    // Somebody is there from 08:10 on: of the half hour that begins at 08:00, two thirds.
    let from = |minutes| shanghai().at(*days.start(), clock(minutes));
    let covered = Stretches::of([Stretch { start: from(8 * 60 + 10), end: from(9 * 60) }]);
    assert_eq!(counts.inside(&covered).basis_points(), Some(4_000));
    assert_eq!(Counts::new(shanghai(), &days).expect("a day").inside(&service).basis_points(), None);
}

#[test]
fn a_window_over_midnight_belongs_to_the_day_it_begins_on() {
    let monday = day("2026-01-05");
    let night = service_windows(shanghai(), window(22 * 60, 6 * 60), &(monday..=monday)).expect("a day");
    assert_eq!(night.length(), Span::from_hours(8));
    assert_eq!(night.as_slice()[0].start, shanghai().at(monday, clock(22 * 60)));
    let all = service_windows(shanghai(), Window::ALL_DAY, &fortnight()).expect("two weeks");
    assert_eq!((all.as_slice().len(), all.length()), (1, Span::from_hours(14 * 24)));
}

#[test]
fn peaks_are_runs_of_half_hours_that_stand_out_of_the_window() {
    let mut profile = DayProfile { days: 10, ..DayProfile::default() };
    profile.counts[16..46].fill(100);
    profile.counts[20..22].fill(300);
    profile.counts[40] = 220;
    // Outside the window, however many.
    profile.counts[2] = 10_000;
    let found = peaks(&profile, window(8 * 60, 23 * 60), PEAK_PERMILLE);
    let runs: Vec<_> = found.iter().map(|peak| (peak.first, peak.end, peak.count)).collect();
    assert_eq!(runs, [(20, 22, 600), (40, 41, 220)]);
    // 27 × 100 + 600 + 220 = 3,520 in 30 half hours.
    assert!((found[0].factor - 300.0 * 30.0 / 3_520.0).abs() < 1e-12);
    assert!((found[0].share - 600.0 / 3_520.0).abs() < 1e-12);
}

#[test]
fn few_data_have_no_peaks_and_no_data_have_none_either() {
    let mut profile = DayProfile { days: 1, ..DayProfile::default() };
    assert_eq!(peaks(&profile, Window::ALL_DAY, PEAK_PERMILLE), []);
    profile.counts[16..46].fill(1);
    profile.counts[20] = 2;
    assert_eq!(peaks(&profile, window(8 * 60, 23 * 60), PEAK_PERMILLE), [], "one more is chance");
    profile.counts[16..46].fill(100);
    profile.counts[20] = 200;
    assert_eq!(peaks(&profile, window(8 * 60, 23 * 60), PEAK_PERMILLE).len(), 1);
}

#[test]
fn a_half_hour_of_exactly_the_factor_asked_for_is_a_peak() {
    let mut profile = DayProfile { days: 1, ..DayProfile::default() };
    // Of 3 half hours with 300 in all, one has 150: 1.5 times the mean.
    (profile.counts[20], profile.counts[21], profile.counts[22]) = (75, 150, 75);
    let window = window(10 * 60, 11 * 60 + 30);
    assert_eq!(peaks(&profile, window, 1_500).len(), 1);
    assert_eq!(peaks(&profile, window, 1_501).len(), 0);
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::with_cases(100) })]

    #[test]
    fn inside_and_outside_add_up_and_the_order_of_arrivals_does_not_matter(
        minutes in vec((0..14 * 24 * 60_i64, 1..5_u64), 0..60), start in 0..1_440_u16, end in 0..1_440_u16,
    ) {
        prop_assume!(start != end);
        let first = shanghai().start_of(*fortnight().start());
        let count = |arrivals: &[(i64, u64)]| {
            let mut counts = Counts::new(shanghai(), &fortnight()).expect("two weeks");
            for (minute, count) in arrivals {
                assert!(counts.add(first + Span::from_mins(*minute), *count));
            }
            counts
        };
        let counts = count(&minutes);
        let reversed: Vec<_> = minutes.iter().rev().copied().collect();
        prop_assert_eq!(&count(&reversed), &counts);
        prop_assert_eq!(counts.week().any_day().total(), counts.total());
        let all = service_windows(shanghai(), Window::ALL_DAY, &fortnight()).expect("two weeks");
        let open = service_windows(shanghai(), window(start, end), &fortnight()).expect("two weeks");
        let (inside, outside) = (counts.inside(&open), counts.inside(&all.but_not(&open)));
        prop_assert_eq!(inside.inside + outside.inside, inside.total);
    }
}
