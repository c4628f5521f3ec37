//! What a marketplace shows for a day: look-backs, weights, minimum volumes.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::pack::samples;

fn day(number: u32) -> Day {
    "2026-01-01".parse::<Day>().expect("a day").plus(number)
}

fn parts(within_limit: u64, counted: u64) -> Parts {
    Parts { within_limit, counted, ..Parts::default() }
}

fn seven() -> Draft {
    Draft { lookback: Lookback::Days7, ..samples::pinduoduo_human() }
}

fn weights(steps: &[(u32, u32)]) -> Vec<RecencyWeight> {
    steps
        .iter()
        .map(|(newest_days, weight)| RecencyWeight { newest_days: *newest_days, weight: *weight })
        .collect()
}

#[test]
fn a_look_back_of_n_days_ends_with_the_day_itself() {
    for lookback in Lookback::ALL {
        let pack = pack(Draft { lookback, ..samples::pinduoduo_human() });
        let all: BTreeMap<_, _> = (0..200).map(|number| (day(number), parts(1, 1))).collect();
        assert_eq!(pack.figure(&all, day(150)).parts.counted, u64::from(lookback.days()));
        let edges = [(day(150 - lookback.days()), parts(1, 1)), (day(151), parts(1, 1))];
        assert_eq!(pack.figure(&edges.into(), day(150)).parts.counted, 0, "{lookback:?}");
    }
}

#[test]
fn newer_days_weigh_as_the_pack_says() {
    let pack = pack(Draft { recency_weights: weights(&[(2, 3), (7, 1)]), ..seven() });
    let days = [(day(10), parts(1, 1)), (day(9), parts(1, 1)), (day(8), parts(0, 2)), (day(4), parts(0, 1))];
    let figure = pack.figure(&days.into(), day(10));
    assert_eq!((figure.weighted_within_limit, figure.weighted_counted), (6, 9));
    assert_eq!((figure.parts.within_limit, figure.parts.counted), (2, 5), "the units themselves");
    assert_eq!(figure.rate_basis_points(), Some(6_666));
    assert_eq!((figure.reaches(6_666), figure.reaches(6_667)), (Some(true), Some(false)));
}

#[test]
fn without_weights_all_days_are_alike() {
    let days: BTreeMap<_, _> = [(day(10), parts(1, 3)), (day(4), parts(1, 1))].into();
    assert_eq!(pack(seven()).figure(&days, day(10)).rate_basis_points(), Some(5_000));
}

#[test]
fn with_too_few_units_the_default_is_shown() {
    let pack = pack(Draft { min_volume: 30, default_basis_points: Some(9_500), ..seven() });
    let figure = |within, counted| pack.figure(&[(day(10), parts(within, counted))].into(), day(10));
    assert_eq!(figure(0, 29).rate_basis_points(), Some(9_500));
    assert_eq!(figure(0, 29).reaches(9_500), Some(true));
    assert_eq!(figure(0, 29).reaches(9_501), Some(false));
    assert_eq!(figure(0, 30).rate_basis_points(), Some(0));
    assert_eq!(figure(0, 0).by_default, Some(9_500));
}

#[test]
fn with_too_few_units_and_no_default_there_is_no_data() {
    let pack = pack(Draft { min_volume: 30, ..seven() });
    let figure = pack.figure(&[(day(10), parts(0, 29))].into(), day(10));
    assert_eq!((figure.rate_basis_points(), figure.reaches(0)), (None, None));
    assert_eq!(pack.targets[0].is_missed(&figure), None);
}

#[test]
fn units_of_a_whole_look_back_make_up_the_volume() {
    let pack = pack(Draft { min_volume: 30, ..seven() });
    let days = [(day(10), parts(15, 15)), (day(4), parts(0, 15))];
    assert_eq!(pack.figure(&days.into(), day(10)).rate_basis_points(), Some(5_000));
}

#[test]
fn without_units_a_figure_is_no_data() {
    let figure = pack(seven()).figure(&BTreeMap::new(), day(10));
    assert_eq!((figure.rate_basis_points(), figure.reaches(0)), (None, None));
}

#[test]
fn the_largest_counts_do_not_overflow() {
    let pack = pack(Draft { recency_weights: weights(&[(7, 1_000)]), ..seven() });
    let figure = pack.figure(&[(day(10), parts(u64::MAX, u64::MAX))].into(), day(10));
    assert_eq!((figure.rate_basis_points(), figure.reaches(10_000)), (Some(10_000), Some(true)));
}

proptest! {
    #[test]
    fn a_figure_is_the_sum_of_its_days_each_as_often_as_it_weighs(
        days in prop::collection::btree_map(0_u32..20, (0_u64..9, 0_u64..9), 0..20),
        newest in 1_u32..7,
        heavy in 1_u32..9,
        of in 0_u32..20,
        until_yesterday in any::<bool>(),
    ) {
        let recency_weights = weights(&[(newest, heavy), (7, 1)]);
        let pack = pack(Draft { recency_weights, until_yesterday, ..seven() });
        let (mut within, mut counted) = (0, 0);
        for back in 0..7 {
            let number = i64::from(of) - i64::from(back) - i64::from(until_yesterday);
            let Some((met, missed)) = u32::try_from(number).ok().and_then(|number| days.get(&number)) else { continue };
            let weight = u128::from(if back < newest { heavy } else { 1 });
            within += weight * u128::from(*met);
            counted += weight * u128::from(met + missed);
        }
        let days = days.iter().map(|(number, (met, missed))| (day(*number), parts(*met, met + missed))).collect();
        let figure = pack.figure(&days, day(of));
        prop_assert_eq!((figure.weighted_within_limit, figure.weighted_counted), (within, counted));
        prop_assert_eq!(figure.reaches(5_000), (counted > 0).then_some(2 * within >= counted));
    }
}
