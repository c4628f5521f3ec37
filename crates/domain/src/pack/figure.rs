//! What a marketplace shows for a day: a rate or a mean over the days a pack looks back on.

use std::collections::BTreeMap;

use super::{Parts, RulePack, WHOLE};
use crate::day::{Day, DayRange};
use crate::time::Span;

/// How many local days a figure is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lookback {
    /// One.
    #[default]
    Day,
    /// Three.
    Days3,
    /// Seven.
    Days7,
    /// Thirty.
    Days30,
    /// Ninety.
    Days90,
}

/// How much some of the days weigh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecencyWeight {
    /// It holds for the newest so many days, as far as no step before it does.
    pub newest_days: u32,
    /// How often each unit of such a day counts.
    pub weight: u32,
}

/// What a marketplace shows for a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figure {
    /// The counts of all its days, unweighted.
    pub parts: Parts,
    /// The units counted, each as often as its day weighs.
    pub weighted_counted: u128,
    /// Those within the limit, likewise.
    pub weighted_within_limit: u128,
    /// The sum of the waits in microseconds, likewise; only of a pack whose figure is a mean.
    pub weighted_wait_micros: Option<i128>,
    /// Set where there were too few units: what the pack shows instead, in basis points.
    pub by_default: Option<u32>,
    /// Whether there were too few units.
    pub too_few: bool,
}

impl Lookback {
    /// Every look-back there is.
    pub const ALL: [Self; 5] = [Self::Day, Self::Days3, Self::Days7, Self::Days30, Self::Days90];

    /// How many days.
    #[must_use]
    pub const fn days(self) -> u32 {
        match self {
            Self::Day => 1,
            Self::Days3 => 3,
            Self::Days7 => 7,
            Self::Days30 => 30,
            Self::Days90 => 90,
        }
    }
}

impl RulePack {
    /// The local days that the figure of a day is made of, both ends included.
    #[must_use]
    pub fn days_behind(&self, day: Day) -> DayRange {
        let last = if self.until_yesterday { day.minus(1) } else { day };
        DayRange { first: Some(last.minus(self.lookback.days() - 1)), last: Some(last) }
    }

    /// The figure of a day, of the counts of the days behind it; other days may be among them.
    #[must_use]
    pub fn figure(&self, days: &BTreeMap<Day, Parts>, day: Day) -> Figure {
        let behind = self.days_behind(day);
        let weighted_wait_micros = self.is_mean().then_some(0);
        let mut figure = Figure { weighted_wait_micros, ..Figure::default() };
        for (of, parts) in days.iter().filter(|(of, _)| behind.contains(**of)) {
            let age = behind.last.map_or(0, |last| of.days_until(last));
            figure.add(parts, self.weight(age));
        }
        figure.too_few = figure.parts.counted < u64::from(self.min_volume);
        figure.by_default = self.default_basis_points.filter(|_| figure.too_few);
        figure
    }

    /// How much a day weighs so many days before the last; what no step covers weighs as much as the last step says.
    fn weight(&self, age: i64) -> u32 {
        let steps = &self.recency_weights;
        let step = steps.iter().find(|step| age < i64::from(step.newest_days)).or(steps.last());
        step.map_or(1, |step| step.weight)
    }
}

impl Figure {
    fn add(&mut self, parts: &Parts, weight: u32) {
        self.parts.add(parts);
        self.weighted_counted += u128::from(weight) * u128::from(parts.counted);
        self.weighted_within_limit += u128::from(weight) * u128::from(parts.within_limit);
        if let Some(sum) = &mut self.weighted_wait_micros {
            *sum += i128::from(weight) * i128::from(parts.wait_sum.micros());
        }
    }

    /// The rate in basis points, rounded down; `None` without data.
    #[must_use]
    pub fn rate_basis_points(&self) -> Option<u32> {
        if self.too_few {
            return self.by_default;
        }
        let share = self.weighted_within_limit * u128::from(WHOLE);
        share.checked_div(self.weighted_counted).and_then(|points| u32::try_from(points).ok())
    }

    /// Whether the rate reaches a target in basis points, compared without rounding; `None` without data.
    #[must_use]
    pub fn reaches(&self, target_basis_points: u32) -> Option<bool> {
        if self.too_few {
            return self.by_default.map(|shown| shown >= target_basis_points);
        }
        let share = self.weighted_within_limit * u128::from(WHOLE);
        (self.weighted_counted > 0).then(|| share >= self.weighted_counted * u128::from(target_basis_points))
    }

    /// The mean wait, rounded down to the microsecond, of a pack whose figure is one; `None` without data.
    #[must_use]
    pub fn mean(&self) -> Option<Span> {
        let counted = i128::try_from(self.weighted_counted).ok().filter(|_| !self.too_few)?;
        let mean = self.weighted_wait_micros?.checked_div(counted)?;
        i64::try_from(mean).ok().map(Span::from_micros)
    }
}
