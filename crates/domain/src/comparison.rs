//! Two periods side by side: what changed, how sure that is, and a plain word for it.
//!
//! Each figure of a period is an [`Estimate`] with its 95 % interval: a share with Wilson's ([`Estimate::of_share`]), a mean
//! with Student's ([`Estimate::of_mean`]), a quantile of a sketch with that of order statistics
//! ([`Estimate::of_quantile`]). A [`Change`] is the second less the first with an interval of its own: Newcombe's for
//! shares, Welch's for means (see [`crate::proportion`]), and for quantiles the one recovered from theirs
//! ([`Change::of_estimates`]). [`Change::verdict`] says it in a word.
//!
//! All of them take what was measured for independent. Buyers who come in a crowd wait in a crowd, so true intervals are
//! somewhat wider; and of twenty figures that did not change, one is expected to look as if it had.
//!
//! Invariants: an estimate lies within its interval, and a change within its own; an end that the data cannot give is
//! absent, and what is absent is never taken for a difference; without data there is no figure and no change.

use crate::pack::WHOLE;
use crate::proportion::{Difference, Proportion, Z_95, number};
use crate::simulation::Interval;
use crate::sketch::Sketch;
use crate::time::Span;

#[cfg(test)]
mod tests;

/// What lies outside of an interval of 95 %, on each side.
const OUTSIDE: f64 = 0.025;
/// Chances below this share of the largest one change no sum that is computed here.
const NEGLIGIBLE: f64 = 1e-18;

/// A figure and its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The figure: a share, or seconds.
    pub value: f64,
    /// The lower end; `None` when there are too few data to give one.
    pub low: Option<f64>,
    /// The upper end, likewise.
    pub high: Option<f64>,
    /// How many measurements it is made of, at least one.
    pub count: u64,
}

/// How much higher the second figure is than the first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// The second less the first.
    pub difference: f64,
    /// The lower end of its 95 % interval; `None` when the data cannot give one.
    pub low: Option<f64>,
    /// The upper end, likewise.
    pub high: Option<f64>,
}

/// Which way a figure should go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Up, as the share of content buyers.
    Higher,
    /// Down, as a wait.
    Lower,
}

/// What a change says in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It went the way it should, whatever in the interval is true.
    Better,
    /// It went the other way, whatever in the interval is true.
    Worse,
    /// These data show no difference; there may be one.
    NoDifference,
    /// At least one of the periods has no data.
    NoData,
}

/// A figure in two periods.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compared {
    /// Before; `None` without data.
    pub before: Option<Estimate>,
    /// After, likewise.
    pub after: Option<Estimate>,
    /// What changed; `None` without data in one of them.
    pub change: Option<Change>,
    /// The same in a word.
    pub verdict: Verdict,
}

/// Between which values, in order, a quantile lies: ranks from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ranks {
    /// The rank of the value it is hardly below; `None` when even the least of so few is not low enough.
    pub low: Option<u64>,
    /// The rank of the value it is hardly above, likewise.
    pub high: Option<u64>,
}

impl Ranks {
    /// The ranks between which a quantile in basis points lies with a probability of at least 95 %, of so many independent
    /// values; at most 2.5 % on each side. Which of the values lie below the quantile is a matter of a binomial
    /// distribution, whatever theirs is (H. A. David and H. N. Nagaraja, *Order Statistics*, 2003, section 7.1).
    #[must_use]
    pub fn of_quantile(count: u64, basis_points: u32) -> Self {
        let share = f64::from(basis_points.clamp(1, WHOLE - 1)) / f64::from(WHOLE);
        let chances = Binomial::new(count, share);
        // P(B < low) ≤ 2.5 %, as high as can be; P(B ≥ high) ≤ 2.5 %, as low as can be.
        let low = chances.most_below(OUTSIDE);
        let high = chances.least_from(OUTSIDE);
        Self { low: Some(low).filter(|low| *low >= 1), high: Some(high).filter(|high| *high <= count) }
    }
}

/// The chances of so many successes, around the likeliest number: the others add nothing.
struct Binomial {
    /// The number of successes that the first chance is of.
    first: u64,
    chances: Vec<f64>,
}

impl Binomial {
    /// Each chance follows from its neighbour's, beginning with the likeliest, so that none of them is too small to be
    /// computed; in the end they are made to sum up to one.
    fn new(trials: u64, share: f64) -> Self {
        let odds = share / (1.0 - share);
        let likeliest = floor(number(trials + 1) * share).min(trials);
        let (mut down, mut chance, mut first) = (Vec::new(), 1.0, likeliest);
        while first > 0 && chance > NEGLIGIBLE {
            chance *= number(first) / number(trials - first + 1) / odds;
            first -= 1;
            down.push(chance);
        }
        down.reverse();
        let mut chances = down;
        chances.push(1.0);
        let (mut chance, mut last) = (1.0, likeliest);
        while last < trials && chance > NEGLIGIBLE {
            chance *= number(trials - last) / number(last + 1) * odds;
            last += 1;
            chances.push(chance);
        }
        let sum: f64 = chances.iter().sum();
        chances.iter_mut().for_each(|chance| *chance /= sum);
        Self { first, chances }
    }

    /// The highest number that fewer successes than which have at most this chance.
    fn most_below(&self, chance: f64) -> u64 {
        let mut sum = 0.0;
        let fits = |each: &&f64| {
            sum += **each;
            sum <= chance
        };
        self.first + self.chances.iter().take_while(fits).count() as u64
    }

    /// The lowest number that so many successes or more than which have at most this chance.
    fn least_from(&self, chance: f64) -> u64 {
        let mut sum = 0.0;
        let fits = |each: &&f64| {
            sum += **each;
            sum <= chance
        };
        let above = self.chances.iter().rev().take_while(fits).count();
        self.first + (self.chances.len() - above) as u64
    }
}

/// The whole number below.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts are small and positive")]
fn floor(value: f64) -> u64 {
    value.max(0.0) as u64
}

/// A duration in seconds.
#[must_use]
pub fn seconds(span: Span) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a wait is far below 2^53 microseconds")]
    let micros = span.micros() as f64;
    micros / 1e6
}

impl Estimate {
    /// A share with Wilson's interval.
    #[must_use]
    pub fn of_share(share: Proportion) -> Self {
        let bounds = share.interval(Z_95);
        let (low, high) = (Some(bounds.low), Some(bounds.high));
        Self { value: share.share(), low, high, count: share.trials() }
    }

    /// The mean of values with Student's interval; `None` without values, and no ends of one.
    #[must_use]
    pub fn of_mean(values: &[f64]) -> Option<Self> {
        let count = values.len() as u64;
        let interval = Interval::of(values);
        let mean = values.iter().sum::<f64>() / number(count);
        let (low, high) = (interval.map(Interval::low), interval.map(Interval::high));
        (count > 0).then_some(Self { value: mean, low, high, count })
    }

    /// A quantile in basis points of durations, in seconds. The ends are those of the buckets that the values of
    /// [`Ranks::of_quantile`] fell into, so that the interval holds what the sketch has rounded away. `None` without
    /// durations.
    #[must_use]
    pub fn of_quantile(sketch: &Sketch, basis_points: u32) -> Option<Self> {
        let value = seconds(sketch.quantile(basis_points)?);
        let ranks = Ranks::of_quantile(sketch.count(), basis_points);
        let end = |rank: Option<u64>| rank.and_then(|rank| sketch.around_rank(rank));
        let low = end(ranks.low).map(|(low, _)| seconds(low).min(value));
        let high = end(ranks.high).map(|(_, high)| seconds(high).max(value));
        Some(Self { value, low, high, count: sketch.count() })
    }
}

impl From<Difference> for Change {
    fn from(difference: Difference) -> Self {
        let Difference { difference, bounds } = difference;
        Self { difference, low: Some(bounds.low), high: Some(bounds.high) }
    }
}

impl Change {
    /// The interval of a difference recovered from those of the two figures (G. Y. Zou and A. Donner, *Construction of
    /// confidence limits about effect measures: a general approach*, 2008); of two shares with Wilson's it is Newcombe's.
    #[must_use]
    pub fn of_estimates(before: &Estimate, after: &Estimate) -> Self {
        let difference = after.value - before.value;
        let down =
            after.low.zip(before.high).map(|(low, high)| (after.value - low).hypot(high - before.value));
        let up = after.high.zip(before.low).map(|(high, low)| (high - after.value).hypot(before.value - low));
        Self { difference, low: down.map(|down| difference - down), high: up.map(|up| difference + up) }
    }

    /// What it says in a word.
    #[must_use]
    pub fn verdict(self, wish: Wish) -> Verdict {
        let (rose, fell) = (self.low.is_some_and(|low| low > 0.0), self.high.is_some_and(|high| high < 0.0));
        match (rose, fell, wish) {
            (true, _, Wish::Higher) | (_, true, Wish::Lower) => Verdict::Better,
            (true, _, Wish::Lower) | (_, true, Wish::Higher) => Verdict::Worse,
            (false, false, _) => Verdict::NoDifference,
        }
    }
}

impl Compared {
    /// A figure that neither period has data of.
    pub const NOTHING: Self = Self { before: None, after: None, change: None, verdict: Verdict::NoData };

    /// Two shares.
    #[must_use]
    pub fn shares(before: Option<Proportion>, after: Option<Proportion>, wish: Wish) -> Self {
        let both = before.zip(after);
        let change = both.map(|(before, after)| Difference::of_shares(before, after, Z_95).into());
        Self::of(before.map(Estimate::of_share), after.map(Estimate::of_share), change, wish)
    }

    /// Two means of values.
    #[must_use]
    pub fn means(before: &[f64], after: &[f64], wish: Wish) -> Self {
        let (first, second) = (Estimate::of_mean(before), Estimate::of_mean(after));
        let alone = first.zip(second).map(|(first, second)| Change::of_estimates(&first, &second));
        let change = Difference::of_means(before, after).map(Change::from).or(alone);
        Self::of(first, second, change, wish)
    }

    /// Two quantiles in basis points of durations.
    #[must_use]
    pub fn quantiles(before: &Sketch, after: &Sketch, basis_points: u32, wish: Wish) -> Self {
        let of = |sketch| Estimate::of_quantile(sketch, basis_points);
        let (before, after) = (of(before), of(after));
        let change = before.zip(after).map(|(before, after)| Change::of_estimates(&before, &after));
        Self::of(before, after, change, wish)
    }

    fn of(before: Option<Estimate>, after: Option<Estimate>, change: Option<Change>, wish: Wish) -> Self {
        let verdict = change.map_or(Verdict::NoData, |change| change.verdict(wish));
        Self { before, after, change, verdict }
    }
}
