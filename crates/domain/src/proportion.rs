//! How sure a share is, and whether one differs from another.
//!
//! A [`Proportion`] is so many successes of so many trials; [`Proportion::interval`] gives Wilson's score interval, which
//! holds for few trials and for shares near 0 and 1 too, where the usual normal one does not. [`Difference`] compares two
//! of them, or two samples of values, such as a shop's days before and after a change, and says in a word what came out.
//! The mean of one sample with its interval is [`crate::simulation::Interval::of`].
//!
//! Invariants: a share without trials is none; an interval contains its share and lies between 0 and 1. All it takes are
//! the four operations and square roots, which IEEE 754 rounds alike on every machine.

use crate::simulation::student;

#[cfg(test)]
mod tests;

/// The 97.5 % point of the normal distribution: what makes a two-sided interval one of 95 %.
pub const Z_95: f64 = 1.959_963_984_540_054;

/// The ends of an interval, both inside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Successes of trials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proportion {
    successes: u64,
    trials: u64,
}

/// How much higher one figure is than another, and how sure that is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The second figure less the first.
    pub difference: f64,
    /// The interval of that.
    pub bounds: Bounds,
}

/// What a difference says in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The second figure is higher, whatever in the interval is true.
    Higher,
    /// The second figure is lower, whatever in the interval is true.
    Lower,
    /// It may be either, or the same.
    Unclear,
}

impl Bounds {
    /// Whether a value lies within.
    #[must_use]
    pub fn contains(self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// The shares `s` that fulfil `(p − s)² ≤ k · s(1 − s)`, for an observed share `p`. Wilson's interval is the one of
    /// `k = z² ÷ n`.
    pub(crate) fn of_score(share: f64, k: f64) -> Self {
        let middle = 0.5f64.mul_add(k, share);
        let half = (k * share).mul_add(1.0 - share, k * k / 4.0).sqrt();
        // Rounding must not carry an end past the share itself, nor out of what a share can be.
        Self {
            low: ((middle - half) / (1.0 + k)).min(share).max(0.0),
            high: ((middle + half) / (1.0 + k)).max(share).min(1.0),
        }
    }
}

impl Proportion {
    /// So many successes of so many trials; `None` without trials, or with fewer trials than successes.
    #[must_use]
    pub const fn new(successes: u64, trials: u64) -> Option<Self> {
        if trials == 0 || successes > trials { None } else { Some(Self { successes, trials }) }
    }

    /// Successes.
    #[must_use]
    pub const fn successes(self) -> u64 {
        self.successes
    }

    /// Trials, at least one.
    #[must_use]
    pub const fn trials(self) -> u64 {
        self.trials
    }

    /// Successes ÷ trials.
    #[must_use]
    pub fn share(self) -> f64 {
        number(self.successes) / number(self.trials)
    }

    /// Wilson's score interval, without correction for continuity (E. B. Wilson, *Probable inference, the law of
    /// succession, and statistical inference*, 1927), for a two-sided point `z` of the normal distribution; [`Z_95`] gives
    /// the one of 95 %.
    #[must_use]
    pub fn interval(self, z: f64) -> Bounds {
        Bounds::of_score(self.share(), z * z / number(self.trials))
    }
}

impl Difference {
    /// How much higher `after` is than `before`, two shares of trials that have nothing to do with each other: the hybrid
    /// score interval (R. G. Newcombe, *Interval estimation for the difference between independent proportions*, 1998,
    /// method 10).
    #[must_use]
    pub fn of_shares(before: Proportion, after: Proportion, z: f64) -> Self {
        let (first, second) = (before.share(), after.share());
        let (around_first, around_second) = (before.interval(z), after.interval(z));
        let difference = second - first;
        let down = (second - around_second.low).hypot(around_first.high - first);
        let up = (around_second.high - second).hypot(first - around_first.low);
        let bounds = Bounds { low: (difference - down).max(-1.0), high: (difference + up).min(1.0) };
        Self { difference, bounds }
    }

    /// How much higher the mean of `after` is than that of `before`, two samples of independent values such as days, with
    /// the 95 % interval of Welch (B. L. Welch, *The generalization of Student's problem when several different population
    /// variances are involved*, 1947); its degrees of freedom are rounded down. `None` when a sample has fewer than two
    /// values.
    #[must_use]
    pub fn of_means(before: &[f64], after: &[f64]) -> Option<Self> {
        let (before, after) = (Spread::of(before)?, Spread::of(after)?);
        let difference = after.mean - before.mean;
        let error = before.error + after.error;
        let scatter = before.error.powi(2) / before.freedom + after.error.powi(2) / after.freedom;
        // Where no value differs from its mean nothing is unsure, and any degrees of freedom will do.
        let freedom = if scatter > 0.0 { error.powi(2) / scatter } else { 1.0 };
        let half = student(floor(freedom)) * error.sqrt();
        Some(Self { difference, bounds: Bounds { low: difference - half, high: difference + half } })
    }

    /// What it says in a word.
    #[must_use]
    pub fn direction(self) -> Direction {
        match (self.bounds.low > 0.0, self.bounds.high < 0.0) {
            (true, _) => Direction::Higher,
            (_, true) => Direction::Lower,
            (false, false) => Direction::Unclear,
        }
    }
}

/// A sample's mean and how sure it is.
struct Spread {
    mean: f64,
    /// Variance of the values ÷ their number.
    error: f64,
    freedom: f64,
}

impl Spread {
    fn of(values: &[f64]) -> Option<Self> {
        let count = number(values.len() as u64);
        let freedom = count - 1.0;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        (values.len() > 1).then(|| Self { mean, error: squares / freedom / count, freedom })
    }
}

/// The whole number below, at least 1.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "degrees of freedom are small and positive"
)]
fn floor(freedom: f64) -> usize {
    freedom.max(1.0) as usize
}

/// A count as a number for statistics.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
pub(crate) const fn number(count: u64) -> f64 {
    count as f64
}
