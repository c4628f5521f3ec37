use super::{DayProfile, HALF_HOURS};
use crate::day::ClockTime;

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
