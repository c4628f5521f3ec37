//! How long turns waited: each of them as long as they are few, and a sketch of many.

use super::verdict::Judged;
use crate::sketch::Sketch;
use crate::time::Span;

/// Most answered turns of which every wait is kept, so that percentiles are exact; of more they are those of a
/// [`Sketch`].
pub const MAX_EXACT_WAITS: usize = 50_000;

/// How long turns waited for their answers. Waits of parts add up to those of the whole, in whatever order they come.
#[derive(Clone, Debug, Default)]
pub struct Waits {
    answered: Answered,
    unanswered: u64,
}

#[derive(Clone, Debug)]
enum Answered {
    /// In any order.
    Each(Vec<Span>),
    Many(Sketch),
}

/// How long answers took; percentiles go by nearest rank, and are exact up to [`MAX_EXACT_WAITS`] answered turns, of more
/// to within 1 %.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResponseTimes {
    /// How many turns were answered.
    pub answered: u64,
    /// How many were not; not in the figures below.
    pub unanswered: u64,
    /// Mean, rounded down to the microsecond; `None` without data, as the others.
    pub mean: Option<Span>,
    /// Half took at most so long.
    pub p50: Option<Span>,
    /// 90 % took at most so long.
    pub p90: Option<Span>,
    /// 99 % took at most so long.
    pub p99: Option<Span>,
}

impl Default for Answered {
    fn default() -> Self {
        Self::Each(Vec::new())
    }
}

impl Waits {
    /// The waits of answered turns, in any order, beside some turns that were not answered.
    #[must_use]
    pub fn of(answered: Vec<Span>, unanswered: u64) -> Self {
        let mut waits = Self { answered: Answered::Each(answered), unanswered };
        waits.settle();
        waits
    }

    /// The same where only a sketch is left of them.
    #[must_use]
    pub const fn sketched(answered: Sketch, unanswered: u64) -> Self {
        Self { answered: Answered::Many(answered), unanswered }
    }

    /// Every wait of an answered turn, in any order; `None` of too many.
    #[must_use]
    pub fn each(&self) -> Option<&[Span]> {
        match &self.answered {
            Answered::Each(waits) => Some(waits),
            Answered::Many(_) => None,
        }
    }

    /// A sketch of the waits of answered turns.
    #[must_use]
    pub fn sketch(&self) -> Sketch {
        match &self.answered {
            Answered::Each(waits) => Sketch::of(waits.iter().copied()),
            Answered::Many(sketch) => sketch.clone(),
        }
    }

    /// How many turns were answered.
    #[must_use]
    pub fn answered(&self) -> u64 {
        match &self.answered {
            Answered::Each(waits) => waits.len() as u64,
            Answered::Many(sketch) => sketch.count(),
        }
    }

    /// How many were not.
    #[must_use]
    pub const fn unanswered(&self) -> u64 {
        self.unanswered
    }

    pub(super) fn take(&mut self, turn: &Judged<'_>) {
        match (turn.reply, &mut self.answered) {
            (None, _) => self.unanswered += 1,
            (Some(_), Answered::Many(sketch)) => sketch.record(turn.waited),
            (Some(_), Answered::Each(waits)) => {
                waits.push(turn.waited);
                self.settle();
            }
        }
    }

    /// Adds the waits of other turns.
    pub fn add(&mut self, other: &Self) {
        self.unanswered += other.unanswered;
        match (&mut self.answered, &other.answered) {
            (Answered::Each(ours), Answered::Each(theirs)) => ours.extend(theirs),
            (Answered::Many(ours), _) => ours.merge(&other.sketch()),
            (Answered::Each(_), Answered::Many(theirs)) => {
                let mut both = self.sketch();
                both.merge(theirs);
                self.answered = Answered::Many(both);
            }
        }
        self.settle();
    }

    /// Keeps each of them only as long as they are not too many.
    fn settle(&mut self) {
        if self.each().is_some_and(|waits| waits.len() > MAX_EXACT_WAITS) {
            self.answered = Answered::Many(self.sketch());
        }
    }

    /// The figures they come to.
    #[must_use]
    pub fn summary(&self) -> ResponseTimes {
        let (answered, unanswered) = (self.answered(), self.unanswered);
        match &self.answered {
            Answered::Many(sketch) => {
                let quantile = |percent: u32| sketch.quantile(percent * 100);
                let (p50, p90, p99) = (quantile(50), quantile(90), quantile(99));
                ResponseTimes { answered, unanswered, mean: sketch.mean(), p50, p90, p99 }
            }
            Answered::Each(waits) => {
                let mut waits = waits.clone();
                waits.sort_unstable();
                let (p50, p90, p99) =
                    (percentile(&waits, 50), percentile(&waits, 90), percentile(&waits, 99));
                ResponseTimes { answered, unanswered, mean: mean(&waits), p50, p90, p99 }
            }
        }
    }
}

/// Waits of the same turns are the same, whatever the order in which they came.
impl PartialEq for Waits {
    fn eq(&self, other: &Self) -> bool {
        let in_order = |waits: &[Span]| {
            let mut waits = waits.to_vec();
            waits.sort_unstable();
            waits
        };
        let answered = match (&self.answered, &other.answered) {
            (Answered::Each(ours), Answered::Each(theirs)) => in_order(ours) == in_order(theirs),
            (Answered::Many(ours), Answered::Many(theirs)) => ours == theirs,
            _ => false,
        };
        answered && self.unanswered == other.unanswered
    }
}

impl Eq for Waits {}

fn mean(waits: &[Span]) -> Option<Span> {
    let sum: i128 = waits.iter().map(|wait| i128::from(wait.micros())).sum();
    let mean = i128::try_from(waits.len()).ok().and_then(|count| sum.checked_div(count));
    mean.and_then(|mean| i64::try_from(mean).ok()).map(Span::from_micros)
}

/// Nearest rank: the smallest wait that at least so many in a hundred do not exceed.
fn percentile(waits: &[Span], percent: usize) -> Option<Span> {
    let rank = (waits.len() * percent).div_ceil(100);
    waits.get(rank.saturating_sub(1)).copied()
}
