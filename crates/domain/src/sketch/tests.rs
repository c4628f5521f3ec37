use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::Config;

use super::{Bucket, DamagedSketch, EXACT_BELOW, MAX_BUCKETS, Pile, Sketch};
use crate::pack::WHOLE;
use crate::time::Span;

/// 90 days in microseconds.
const LONGEST: i64 = 90 * 24 * 3_600 * 1_000_000;

fn config() -> Config {
    let cases = std::env::var("FENLIU_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(400);
    Config { cases, failure_persistence: None, ..Config::default() }
}

/// Durations of many shapes: even, even in their logarithm, around one value, few values, and all of them mixed.
fn durations() -> impl Strategy<Value = Vec<i64>> {
    let even = (0..=LONGEST).boxed();
    let of_any_size =
        (0..43_u32, any::<i64>()).prop_map(|(bits, n)| (n & ((2 << bits) - 1)).min(LONGEST)).boxed();
    let seconds = (0..600_i64, 0..1_000_000_i64).prop_map(|(s, us)| s * 1_000_000 + us).boxed();
    let few = prop::sample::select(vec![0, 1, 127, 128, 180_000_000, 180_000_001, LONGEST]).boxed();
    let around = (0..LONGEST).prop_flat_map(|n| (n - n / 50)..=(n + n / 50)).boxed();
    let mixed =
        prop_oneof![even.clone(), of_any_size.clone(), seconds.clone(), few.clone(), around.clone()].boxed();
    prop_oneof![
        vec(even, 0..200),
        vec(of_any_size, 0..200),
        vec(seconds, 0..200),
        vec(few, 0..200),
        vec(around, 0..20),
        vec(mixed, 0..200),
    ]
}

fn sketch(durations: &[i64]) -> Sketch {
    Sketch::of(durations.iter().copied().map(Span::from_micros))
}

fn merged(parts: &[&Sketch]) -> Sketch {
    let mut whole = Sketch::default();
    for part in parts {
        whole.merge(part);
    }
    whole
}

/// The quantile of sorted values, by the definition itself: the smallest of which at least this share is no larger.
fn exact(sorted: &[i64], basis_points: u32) -> Option<i64> {
    let enough =
        |rank: usize| rank as u128 * u128::from(WHOLE) >= sorted.len() as u128 * u128::from(basis_points);
    sorted.iter().enumerate().find(|(place, _)| enough(place + 1)).map(|(_, value)| *value)
}

#[test]
fn buckets_tile_all_durations_in_order_and_none_is_wider_than_a_64th_of_its_lower_bound() {
    let mut expected = 0;
    for number in 0..MAX_BUCKETS {
        let bucket = Bucket(u16::try_from(number).expect("few"));
        let (low, width) = bucket.bounds();
        assert_eq!(low, expected, "{number}");
        assert_eq!((Bucket::of(low), Bucket::of(low + width - 1)), (bucket, bucket));
        assert!(low < EXACT_BELOW || width * 64 <= low, "{number}");
        expected = low + width;
    }
    assert_eq!(expected, 1 << 63, "the last bucket ends with the longest span");
}

#[test]
fn zero_has_a_bucket_of_its_own_and_a_negative_duration_counts_as_zero() {
    let sketch = sketch(&[0, -5, i64::MIN, 1]);
    assert_eq!(sketch.quantile(7_500), Some(Span::ZERO));
    assert_eq!(sketch.quantile(7_501), Some(Span::from_micros(1)));
    assert_eq!((sketch.count(), sketch.sum_micros()), (4, 1));
}

#[test]
fn without_data_there_is_no_mean_and_no_quantile() {
    let empty = Sketch::default();
    assert!(empty.is_empty());
    assert_eq!((empty.mean(), empty.quantile(0), empty.quantile(WHOLE)), (None, None, None));
    assert_eq!(Sketch::decode(&empty.encode()), Ok(empty));
}

#[test]
fn a_share_above_the_whole_asks_for_the_longest() {
    assert_eq!(sketch(&[1, 2, 3]).quantile(u32::MAX), Some(Span::from_micros(3)));
}

#[test]
fn the_bytes_of_a_sketch_stay_what_they_are() {
    // 3 µs has bucket 3. Three minutes lie in [2^27, 2^28), which is cut into buckets of 2^21 µs: they have the 22nd of
    // these, number 64 + 21 × 64 + 21 = 1,429, and lie 1,742,080 µs above its lower bound of 85 × 2^21, twice.
    let step = [0x80 | 18, 11];
    assert_eq!(u16::from(step[0] & 0x7f) + 128 * u16::from(step[1]), 1_429 - 3);
    let more = [0x80, 0x80 | 84, 0x80 | 84, 1];
    assert_eq!(84 * 128 + 84 * 128 * 128 + 128 * 128 * 128, 2 * 1_742_080);
    let bytes = sketch(&[180_000_000, 3, 180_000_000]).encode();
    assert_eq!(bytes, [&[1, 2, 3, 1][..], &step, &[2], &more].concat());
}

#[test]
fn damage_is_named() {
    for (bytes, why) in [
        (&[][..], DamagedSketch::CutOff),
        (&[2, 0, 0], DamagedSketch::Version(2)),
        (&[1], DamagedSketch::CutOff),
        (&[1, 1, 3, 1], DamagedSketch::CutOff),
        (&[1, 0, 0, 0], DamagedSketch::Trailing),
        (&[1, 0x80, 0, 0], DamagedSketch::Number),
        (&[1, 2, 3, 1, 0, 1, 0], DamagedSketch::Bucket),
        (&[1, 1, 0xff, 0xff, 3, 1, 0], DamagedSketch::Bucket),
        (&[1, 0xff, 0xff, 3], DamagedSketch::Bucket),
        (&[1, 1, 3, 0, 0], DamagedSketch::EmptyBucket),
        (&[1, 1, 3, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1, 0], DamagedSketch::Count),
        (&[1, 1, 3, 1, 1], DamagedSketch::Sum),
    ] {
        assert_eq!(Sketch::decode(bytes), Err(why), "{bytes:?}");
    }
    let endless = [&[1_u8][..], &[0xff; 40]].concat();
    assert_eq!(Sketch::decode(&endless), Err(DamagedSketch::Number));
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_quantile_is_within_one_percent_of_the_value_at_its_rank(
        mut values in durations(), asked in vec(0..=WHOLE, 20),
    ) {
        let sketch = sketch(&values);
        values.sort_unstable();
        for basis_points in asked.into_iter().chain([0, 1, 5_000, 9_000, 9_900, 9_999, WHOLE]) {
            let read = sketch.quantile(basis_points).map(Span::micros);
            let exact = exact(&values, basis_points);
            let near = read.zip(exact).is_some_and(|(read, exact)| 128 * (read - exact).abs() <= exact);
            prop_assert!(near || read == exact, "{basis_points}: {read:?} for {exact:?}");
        }
    }

    #[test]
    fn the_duration_of_every_rank_lies_in_its_bucket(mut values in durations(), rank in 1..100_u64) {
        let sketch = sketch(&values);
        values.sort_unstable();
        let exact = usize::try_from(rank - 1).ok().and_then(|place| values.get(place).copied());
        let bounds = sketch.around_rank(rank).map(|(low, high)| (low.micros(), high.micros()));
        prop_assert_eq!(bounds.is_some(), exact.is_some());
        let inside = bounds.zip(exact).is_none_or(|((low, high), exact)| (low..=high).contains(&exact));
        prop_assert!(inside, "{rank}: {exact:?} in {bounds:?}");
    }

    #[test]
    fn count_sum_and_mean_are_exact(values in durations()) {
        let sketch = sketch(&values);
        let sum: i64 = values.iter().sum();
        prop_assert_eq!(sketch.count(), values.len() as u64);
        prop_assert_eq!(i128::try_from(sketch.sum_micros()).expect("small"), i128::from(sum));
        let mean = sum.checked_div(i64::try_from(values.len()).expect("few"));
        prop_assert_eq!(sketch.mean().map(Span::micros), mean);
    }

    #[test]
    fn merging_is_the_same_in_every_order_and_grouping_and_the_same_as_taking_in_all(
        (a, b, c) in (durations(), durations(), durations()),
    ) {
        let (x, y, z) = (sketch(&a), sketch(&b), sketch(&c));
        let all = sketch(&[a, b, c].concat());
        prop_assert_eq!(merged(&[&merged(&[&x, &y]), &z]), all.clone());
        prop_assert_eq!(merged(&[&x, &merged(&[&y, &z])]), all.clone());
        prop_assert_eq!(merged(&[&z, &Sketch::default(), &y, &x]), all);
    }

    #[test]
    fn a_pile_is_what_merging_makes_and_damaged_bytes_add_nothing_to_it(parts in vec(durations(), 0..6)) {
        let (mut pile, mut whole) = (Pile::default(), Sketch::default());
        for (number, part) in parts.iter().enumerate() {
            let sketch = sketch(part);
            whole.merge(&sketch);
            let mut bytes = sketch.encode();
            if number % 2 == 0 { pile.add(&sketch) } else { prop_assert_eq!(pile.add_encoded(&bytes), Ok(())) }
            bytes.push(0);
            prop_assert_eq!(pile.add_encoded(&bytes), Err(DamagedSketch::Trailing));
        }
        prop_assert_eq!(pile.sketch(), whole);
    }

    #[test]
    fn the_order_in_which_durations_come_does_not_matter(values in durations().prop_shuffle()) {
        let mut sorted = values.clone();
        sorted.sort_unstable();
        prop_assert_eq!(sketch(&values), sketch(&sorted));
    }

    #[test]
    fn what_was_written_is_read_as_it_was(values in durations()) {
        let sketch = sketch(&values);
        prop_assert!(sketch.buckets.len() <= MAX_BUCKETS);
        prop_assert_eq!(Sketch::decode(&sketch.encode()), Ok(sketch));
    }

    #[test]
    fn what_can_be_read_is_exactly_what_would_be_written(
        mut bytes in vec(prop_oneof![0..8_u8, any::<u8>()], 0..40), versioned: bool,
    ) {
        if let (Some(first), true) = (bytes.first_mut(), versioned) {
            *first = 1;
        }
        if let Ok(sketch) = Sketch::decode(&bytes) {
            prop_assert_eq!(sketch.encode(), bytes);
        }
    }

    #[test]
    fn a_byte_that_was_changed_is_refused_or_makes_another_sketch(
        values in durations(), place: prop::sample::Index, other: u8,
    ) {
        let sketch = sketch(&values);
        let mut bytes = sketch.encode();
        let place = place.index(bytes.len());
        prop_assume!(bytes[place] != other);
        bytes[place] = other;
        prop_assert_ne!(Sketch::decode(&bytes), Ok(sketch));
    }
}
