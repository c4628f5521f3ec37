use proptest::prelude::*;
use proptest::test_runner::Config;

use super::{Alarm, Budget, Burn, FAST, Outlook, Projection, SLOW, State, Units, project};
use crate::day::ClockTime;
use crate::demand::DayProfile;
use crate::pack::WHOLE;
use crate::proportion::Proportion;
use crate::proportion::Z_95;

fn config() -> Config {
    let cases = std::env::var("FENLIU_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(500);
    Config { cases, failure_persistence: None, ..Config::default() }
}

fn clock(minutes: u16) -> ClockTime {
    ClockTime::from_minutes(minutes).expect("of the clock")
}

/// Ten days on which ten units came in every half hour from 08:00 to 23:00: 300 a day.
fn usual() -> DayProfile {
    let mut profile = DayProfile { days: 10, ..DayProfile::default() };
    profile.counts[16..46].fill(100);
    profile
}

fn outlook(profile: &DayProfile, so_far: Units, recent: Units, minutes: u16) -> Option<Projection> {
    project(&Outlook { so_far, recent, profile, now: clock(minutes) })
}

#[test]
fn of_212_buyers_with_9_misses_and_a_target_of_95_percent_one_miss_is_left() {
    let budget = Budget::of(Units::new(212, 9), 9_500).expect("data");
    assert_eq!((budget.allowed, budget.left, budget.good_units_needed), (10, 1, Some(0)));
    assert_eq!(budget.units.rate_basis_points(), Some(9_575));
    assert!(budget.is_kept());
}

#[test]
fn past_the_budget_it_says_how_many_good_buyers_bring_it_back() {
    let budget = Budget::of(Units::new(212, 13), 9_500).expect("data");
    assert_eq!((budget.left, budget.good_units_needed), (-3, Some(48)));
    assert!(!budget.is_kept());
    assert!(Budget::of(Units::new(260, 13), 9_500).expect("data").is_kept());
    assert!(!Budget::of(Units::new(259, 13), 9_500).expect("data").is_kept());
}

#[test]
fn a_target_of_all_spares_nothing_and_a_target_of_none_everything() {
    let all = Budget::of(Units::new(10, 1), WHOLE).expect("data");
    assert_eq!((all.allowed, all.left, all.good_units_needed), (0, -1, None));
    let none = Budget::of(Units::new(10, 10), 0).expect("data");
    assert_eq!((none.allowed, none.left, none.good_units_needed), (10, 0, Some(0)));
}

#[test]
fn without_data_there_is_no_budget_no_burn_and_no_projection() {
    let nothing = Units::default();
    assert_eq!(nothing.rate_basis_points(), None);
    assert_eq!(Budget::of(nothing, 9_500), None);
    assert_eq!(Burn::of(nothing, 9_500), None);
    assert_eq!(FAST.state(nothing, nothing, 9_500), State::NoData);
    assert_eq!(outlook(&usual(), nothing, nothing, 600), None);
    assert_eq!(outlook(&DayProfile::default(), Units::new(5, 1), nothing, 600), None);
}

#[test]
fn a_day_like_any_other_ends_as_it_went_so_far() {
    // At 15:30 half of the day has come: 150 units, of which 15 were missed, with the same share lately.
    let projection = outlook(&usual(), Units::new(150, 15), Units::new(20, 2), 15 * 60 + 30).expect("data");
    assert!((projection.units_to_come - 150.0).abs() < 1e-9);
    assert!((projection.rate - 0.9).abs() < 1e-9 && projection.bounds.contains(0.9));
    assert_eq!(projection.reaches(9_500), Some(false));
    assert_eq!(projection.reaches(9_000), None);
    assert_eq!(projection.reaches(8_000), Some(true));
}

#[test]
fn a_bad_last_hour_weighs_more_than_what_came_before() {
    let rate =
        |recent| outlook(&usual(), Units::new(150, 15), Units::new(20, recent), 930).expect("data").rate;
    assert!(rate(10) < rate(2) && rate(2) < rate(0));
}

#[test]
fn when_nothing_more_is_to_come_the_day_is_what_it_is() {
    let projection = outlook(&usual(), Units::new(212, 9), Units::new(10, 9), 23 * 60).expect("data");
    let rate = 203.0 / 212.0;
    assert!((projection.rate - rate).abs() < 1e-12 && projection.units_to_come == 0.0);
    assert!((projection.bounds.high - projection.bounds.low).abs() < 1e-12);
}

#[test]
fn a_busier_day_than_usual_is_taken_to_stay_so_the_more_the_more_has_come() {
    let to_come = |counted, minutes| {
        outlook(&usual(), Units::new(counted, 0), Units::default(), minutes).expect("data").units_to_come
    };
    // One unit before anybody was expected is no reason to expect a day like no other.
    assert!(to_come(1, 8 * 60) < 331.0);
    // Twice as many as usual by 15:30.
    assert!((280.0..300.0).contains(&to_come(300, 930)));
}

#[test]
fn with_a_long_day_to_come_the_interval_is_wilsons() {
    let mut endless = usual();
    endless.counts[46] = 100_000_000_000;
    let so_far = Units::new(150, 15);
    let projection = outlook(&endless, so_far, Units::default(), 930).expect("data");
    let wilson = Proportion::new(15, 150).expect("trials").interval(Z_95);
    assert!((projection.bounds.high - (1.0 - wilson.low)).abs() < 1e-6, "{projection:?} {wilson:?}");
    assert!((projection.bounds.low - (1.0 - wilson.high)).abs() < 1e-6, "{projection:?} {wilson:?}");
}

#[test]
fn spending_exactly_the_budget_is_a_burn_of_one() {
    let permille =
        |counted, misses, target| Burn::of(Units::new(counted, misses), target).expect("data").permille;
    assert_eq!(permille(20, 1, 9_500), Some(1_000));
    assert_eq!(permille(20, 0, 9_500), Some(0));
    assert_eq!(permille(3, 1, 8_500), Some(2_222));
    assert_eq!((permille(3, 1, WHOLE), permille(3, 0, WHOLE)), (None, Some(0)));
}

#[test]
fn an_alarm_needs_both_windows_to_burn_and_more_than_one_miss() {
    let fast = |short, long| FAST.state(short, long, 8_500);
    // A burn of 3 with a target of 85 % is 45 % missed.
    assert_eq!(fast(Units::new(2, 1), Units::new(20, 9)), State::Burning);
    assert_eq!(fast(Units::new(2, 1), Units::new(20, 8)), State::Quiet, "the hour does not burn");
    assert_eq!(fast(Units::new(3, 1), Units::new(20, 9)), State::Quiet, "the last minutes do not burn");
    assert_eq!(fast(Units::default(), Units::new(20, 9)), State::Quiet, "nothing came lately");
    assert_eq!(fast(Units::new(1, 1), Units::new(1, 1)), State::Quiet, "one miss wakes nobody");
    assert_eq!(SLOW.state(Units::new(9, 9), Units::new(40, 9), 8_500), State::Burning);
    assert_eq!(SLOW.state(Units::new(9, 9), Units::new(41, 9), 8_500), State::Quiet);
    assert_eq!(FAST.state(Units::new(9, 0), Units::new(9, 0), WHOLE), State::Quiet, "nothing was missed");
    assert_eq!(FAST.state(Units::new(9, 1), Units::new(99, 2), WHOLE), State::Burning, "nothing is spared");
}

#[test]
fn the_usual_alarms_can_ring_for_every_target_from_67_percent() {
    for target in 6_700..=WHOLE {
        let all_missed = Units::new(10, 10);
        for alarm in [FAST, SLOW] {
            assert_eq!(alarm.state(all_missed, all_missed, target), State::Burning, "{target}");
        }
    }
}

fn units() -> impl Strategy<Value = Units> {
    (0..400_u64, 0..400_u64).prop_map(|(a, b)| Units::new(a.max(b), a.min(b)))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_left_is_exactly_how_many_more_may_be_missed(units in units(), target in 0..=WHOLE) {
        let Some(budget) = Budget::of(units, target) else { return Ok(()) };
        let reaches = |counted: u64, misses: u64| {
            (counted - misses) * u64::from(WHOLE) >= counted * u64::from(target)
        };
        prop_assert_eq!(budget.is_kept(), reaches(units.counted(), units.misses()));
        let most = (0..=units.counted()).filter(|misses| reaches(units.counted(), *misses)).max();
        prop_assert_eq!(Some(budget.allowed), most);
        let left = i64::try_from(budget.allowed).expect("few") - i64::try_from(units.misses()).expect("few");
        prop_assert_eq!(budget.left, left);
        match budget.good_units_needed {
            Some(needed) => {
                prop_assert!(reaches(units.counted() + needed, units.misses()));
                prop_assert!(needed == 0 || !reaches(units.counted() + needed - 1, units.misses()));
            }
            None => prop_assert!(target == WHOLE && units.misses() > 0),
        }
    }

    #[test]
    fn a_projection_lies_in_its_interval_and_never_takes_back_what_has_happened(
        so_far in units(), recent in units(), minutes in 0..=1_440_u16,
    ) {
        let Some(projection) = outlook(&usual(), so_far, recent, minutes) else { return Ok(()) };
        let whole = so_far.counted() as f64 + projection.units_to_come;
        let best = 1.0 - so_far.misses() as f64 / whole;
        let worst = (so_far.counted() - so_far.misses()) as f64 / whole;
        let (low, high) = (projection.bounds.low, projection.bounds.high);
        prop_assert!(low <= projection.rate + 1e-9 && projection.rate <= high + 1e-9, "{projection:?}");
        prop_assert!(worst <= low + 1e-9 && high <= best + 1e-9, "{projection:?}");
        prop_assert!((0.0..=1.0).contains(&projection.miss_share_to_come));
    }

    #[test]
    fn an_alarm_rings_exactly_when_both_windows_burn_at_its_rate(
        short in units(), long in units(), target in 0..WHOLE, at_permille in 1..20_000_u32,
    ) {
        let alarm = Alarm { at_permille, min_misses: 1, ..FAST };
        let burns = |units| {
            Burn::of(units, target).and_then(|burn| burn.permille).is_some_and(|rate| rate >= u64::from(at_permille))
        };
        prop_assert_eq!(alarm.state(short, long, target) == State::Burning, burns(short) && burns(long));
    }
}
