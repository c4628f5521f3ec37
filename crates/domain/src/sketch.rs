//! Sketches of durations: counts in buckets that widen with the duration, from which every quantile can be read to
//! within 1 %, and which add up.
//!
//! Durations go in by [`Sketch::record`], one at a time; sketches of parts become the sketch of the whole by
//! [`Sketch::merge`], and a [`Pile`] adds up many at once; [`Sketch::quantile`] reads a quantile by nearest rank. Count
//! and sum are kept beside the buckets and are exact, so a mean is too. [`Sketch::encode`] writes a sketch down in a few
//! bytes, [`Sketch::decode`] reads it back or names what is wrong with it.
//!
//! Durations below 128 µs have a bucket each, the first of them for zero. From there every doubling is cut into 64
//! buckets of equal width, so a bucket is never wider than a 64th of its lower bound, and the middle of a bucket is
//! never further than a 128th from what fell into it. Bounds are made by shifts of whole numbers alone.
//!
//! Invariants: a sketch is the same whatever the order in which durations came or parts were merged; equal sketches
//! have equal bytes, and bytes that can be read are exactly those that would be written, on every machine; there are
//! at most [`MAX_BUCKETS`] buckets; a quantile is at most 1/128 off (0.8 %), for every duration there can be.

use crate::pack::WHOLE;
use crate::time::Span;

mod bytes;
mod pile;
#[cfg(test)]
mod tests;

pub use bytes::{DamagedSketch, MAX_ENCODED_COUNT};
pub use pile::Pile;

/// Buckets of each doubling, as a power of two: 2^6 = 64.
const GRAIN_BITS: u32 = 6;
/// Buckets of each doubling.
const GRAIN: u64 = 1 << GRAIN_BITS;
/// Below this many microseconds every duration has a bucket of its own.
const EXACT_BELOW: u64 = 2 * GRAIN;
/// Doublings from there to the longest [`Span`], which has 63 bits.
const DOUBLINGS: u64 = 63 - (GRAIN_BITS as u64 + 1);
/// Most buckets a sketch can have.
pub const MAX_BUCKETS: usize = (EXACT_BELOW + DOUBLINGS * GRAIN) as usize;

/// A bucket by its number, below [`MAX_BUCKETS`]; longer durations have higher numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Bucket(u16);

/// A mergeable sketch of durations. A negative duration, which only clocks that disagree can make, counts as zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sketch {
    /// Buckets that are not empty and how many fell into each, in ascending order.
    buckets: Vec<(Bucket, u64)>,
    /// How many fell into all of them.
    count: u64,
    /// Sum of all durations in microseconds.
    sum: u128,
}

impl Bucket {
    /// Where so many microseconds fall.
    fn of(micros: u64) -> Self {
        let number = if micros < EXACT_BELOW {
            micros
        } else {
            // The highest set bit tells the doubling, the six bits below it the bucket within.
            let doubling = u64::from(micros.ilog2() - GRAIN_BITS);
            let within = (micros >> doubling) - GRAIN;
            GRAIN + doubling * GRAIN + within
        };
        // The longest span falls into the last bucket, whose number is far below the largest u16.
        Self(u16::try_from(number).unwrap_or(u16::MAX))
    }

    /// Its lower bound and how many whole microseconds it holds.
    fn bounds(self) -> (u64, u64) {
        let number = u64::from(self.0);
        if number < EXACT_BELOW {
            return (number, 1);
        }
        let doubling = number / GRAIN - 1;
        ((GRAIN + number % GRAIN) << doubling, 1 << doubling)
    }

    /// What stands for everything in it.
    fn middle(self) -> Span {
        let (low, width) = self.bounds();
        Span::from_micros(i64::try_from(low + width / 2).unwrap_or(i64::MAX))
    }
}

impl Sketch {
    /// A sketch of these durations.
    #[must_use]
    pub fn of(durations: impl IntoIterator<Item = Span>) -> Self {
        let mut sketch = Self::default();
        for duration in durations {
            sketch.record(duration);
        }
        sketch
    }

    /// Takes in one duration.
    pub fn record(&mut self, duration: Span) {
        let micros = u64::try_from(duration.micros()).unwrap_or(0);
        let bucket = Bucket::of(micros);
        match self.buckets.binary_search_by_key(&bucket, |(bucket, _)| *bucket) {
            Ok(place) => {
                if let Some((_, count)) = self.buckets.get_mut(place) {
                    *count = count.saturating_add(1);
                }
            }
            Err(place) => self.buckets.insert(place, (bucket, 1)),
        }
        self.count = self.count.saturating_add(1);
        self.sum = self.sum.saturating_add(micros.into());
    }

    /// Takes in everything another sketch took in.
    pub fn merge(&mut self, other: &Self) {
        let mut merged = Vec::with_capacity(self.buckets.len().max(other.buckets.len()));
        let (mut ours, mut theirs) = (self.buckets.iter().peekable(), other.buckets.iter().peekable());
        while let (Some(&&(mine, count)), Some(&&(their, more))) = (ours.peek(), theirs.peek()) {
            merged.push((
                mine.min(their),
                match mine.cmp(&their) {
                    std::cmp::Ordering::Less => count,
                    std::cmp::Ordering::Equal => count.saturating_add(more),
                    std::cmp::Ordering::Greater => more,
                },
            ));
            ours.next_if(|(bucket, _)| *bucket <= their);
            theirs.next_if(|(bucket, _)| *bucket <= mine);
        }
        merged.extend(ours);
        merged.extend(theirs);
        self.buckets = merged;
        self.count = self.count.saturating_add(other.count);
        self.sum = self.sum.saturating_add(other.sum);
    }

    /// How many durations it took in; exact.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Their sum in microseconds; exact.
    #[must_use]
    pub const fn sum_micros(&self) -> u128 {
        self.sum
    }

    /// Whether it took in nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Their mean, rounded down to the microsecond; exact. `None` without data.
    #[must_use]
    pub fn mean(&self) -> Option<Span> {
        let mean = self.sum.checked_div(self.count.into())?;
        i64::try_from(mean).ok().map(Span::from_micros)
    }

    /// What it took in, shortest first: durations within 1/128 of them, each with how many there were.
    pub fn spread(&self) -> impl Iterator<Item = (Span, u64)> + '_ {
        self.buckets.iter().map(|(bucket, count)| (bucket.middle(), *count))
    }

    /// The bounds, both inside, of the bucket that the duration of a rank fell into, counted from 1 for the shortest; `None`
    /// when there are not so many.
    #[must_use]
    pub fn around_rank(&self, rank: u64) -> Option<(Span, Span)> {
        let mut below = 0_u64;
        let (bucket, _) = self.buckets.iter().find(|(_, count)| {
            below = below.saturating_add(*count);
            below >= rank.max(1)
        })?;
        let (low, width) = bucket.bounds();
        let span = |micros: u64| Span::from_micros(i64::try_from(micros).unwrap_or(i64::MAX));
        Some((span(low), span(low + (width - 1))))
    }

    /// The duration that so many basis points of all do not exceed, by nearest rank: the smallest whose rank among all
    /// is at least that share of their number, within 1/128 of it. 0 asks for the shortest; from 10,000, the longest.
    /// `None` without data.
    #[must_use]
    pub fn quantile(&self, basis_points: u32) -> Option<Span> {
        let share = u128::from(basis_points.min(WHOLE));
        let rank = (u128::from(self.count) * share).div_ceil(WHOLE.into()).max(1);
        let mut below = 0_u128;
        let reached = self.buckets.iter().find(|(_, count)| {
            below += u128::from(*count);
            below >= rank
        });
        reached.map(|(bucket, _)| bucket.middle())
    }
}
