//! Stretches of time, and the little arithmetic of sets that rosters and measures need.

use crate::time::{Span, Timestamp};

/// A half-open stretch of time: the start is inside, the end is not. Never empty where this module made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stretch {
    /// Its first moment.
    pub start: Timestamp,
    /// The first moment after it.
    pub end: Timestamp,
}

impl Stretch {
    /// The stretch from `start` up to `end`; `None` when there is nothing between them.
    #[must_use]
    pub fn new(start: Timestamp, end: Timestamp) -> Option<Self> {
        (start < end).then_some(Self { start, end })
    }

    /// How long it is.
    #[must_use]
    pub const fn length(self) -> Span {
        self.end.since(self.start)
    }

    /// The part that lies in both; `None` when they have none in common.
    #[must_use]
    pub fn clip(self, to: Self) -> Option<Self> {
        Self::new(self.start.max(to.start), self.end.min(to.end))
    }
}

/// The same moments as sorted stretches that neither overlap nor touch.
pub(crate) fn merge(mut stretches: Vec<Stretch>) -> Vec<Stretch> {
    stretches.sort_unstable();
    let mut merged: Vec<Stretch> = Vec::with_capacity(stretches.len());
    for stretch in stretches {
        match merged.last_mut() {
            Some(last) if stretch.start <= last.end => last.end = last.end.max(stretch.end),
            _ => merged.push(stretch),
        }
    }
    merged
}

/// Those of `disjoint` (sorted, not overlapping) that reach into `stretch`, cut to it.
pub(crate) fn within(stretch: Stretch, disjoint: &[Stretch]) -> impl Iterator<Item = Stretch> + '_ {
    let first = disjoint.partition_point(|other| other.end <= stretch.start);
    let reaching = disjoint[first..].iter().take_while(move |other| other.start < stretch.end);
    reaching.filter_map(move |other| other.clip(stretch))
}

/// What is left of `stretch` without the moments of `disjoint` (sorted, not overlapping).
pub(crate) fn without(stretch: Stretch, disjoint: &[Stretch]) -> Vec<Stretch> {
    let mut left = Vec::new();
    let mut from = stretch.start;
    for taken in within(stretch, disjoint) {
        left.extend(Stretch::new(from, taken.start));
        from = taken.end;
    }
    left.extend(Stretch::new(from, stretch.end));
    left
}
