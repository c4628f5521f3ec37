//! Standing: what a marketplace makes of a shop's days, as a machine that is fed one local day at a time.
//!
//! [`Rules`] say, as data, which day brings which [`Consequence`], for how many days, and how many good days lift it.
//! [`Standing::apply`] takes in a [`DayResult`] and returns the lines of the ledger it caused: what began, was prolonged,
//! ended or fell due, and why. [`Standing::in_force`] says what holds for the next day, the good days still needed and the
//! earliest day without it; [`Standing::what_if`] says the same of a day that has not ended yet.
//!
//! How days are read:
//! * A day is *good* for a consequence when its rate reaches the mark of the consequence, *bad* when it does not; for the
//!   shop, and for what comes by notice, the mark is the target. A day below the mark with too few units to cause anything
//!   is bad all the same. A day without data is neither: it is no good day, and it does not break a row of good days.
//!   Days that are left out between two results had no data.
//! * Every day, also one without data, counts towards the days a consequence lasts.
//! * A consequence begins the day after the one that caused it. It ends with the first day that is at least so many days
//!   after its latest cause, with so many good days in a row since then. The day after is free.
//! * A cause while the same consequence is in force prolongs it: its days and its good days are counted anew.
//! * A consequence of no days that needs no good days, such as a fine, falls due once for every cause.
//!
//! Invariants: the same results give the same standing and the same ledger, in one go or day by day; each consequence is
//! in force at most once at a time; in the ledger each beginning has at most one end, and the next beginning comes after it.

use crate::day::Day;
use crate::pack::{Figure, Parts, WHOLE};

mod rules;
#[cfg(test)]
mod tests;

pub use rules::{Consequence, Kind, MAX_CONSEQUENCES, MAX_DAYS, Rules, Trigger};

/// How one local day ended, or might end, for a shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayResult {
    /// The day.
    pub day: Day,
    /// The rate the pack gave; `None` = no data.
    pub rate: Option<DayRate>,
    /// What the marketplace said on that day that it imposes; kinds without a consequence by notice are ignored.
    pub notices: Vec<Kind>,
}

/// The rate of one day, kept exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayRate {
    part: u128,
    whole: u128,
    counted: u64,
}

/// Why something began or was prolonged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The day that caused it.
    pub day: Day,
    /// What that day was like.
    pub why: Why,
}

/// What a day that caused something was like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Its rate was too low.
    Below {
        /// What it should have reached, in basis points.
        basis_points: u32,
        /// What it was.
        rate: DayRate,
    },
    /// The marketplace said so.
    Notice,
}

/// A line of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// The place, from 0, of the consequence it is about in the rules.
    pub place: usize,
    /// Of which kind that is.
    pub kind: Kind,
    /// What became of it.
    pub what: What,
}

/// What became of a consequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// It holds from the day after its cause.
    Began(Cause),
    /// It was in force already and holds for longer.
    Prolonged(Cause),
    /// It fell due, at once and for good.
    FellDue(Cause),
    /// It was over.
    Ended {
        /// The last day it held.
        last: Day,
    },
}

/// A consequence in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InForce {
    /// Its place, from 0, in the rules.
    pub place: usize,
    /// Its kind.
    pub kind: Kind,
    /// Why it began.
    pub cause: Cause,
    /// The latest cause, from which days and good days are counted.
    pub latest_cause: Cause,
    /// The first day it held.
    pub first: Day,
    /// Good days in a row since the latest cause.
    pub good_days: u32,
    /// Good days still needed, in a row.
    pub good_days_needed: u32,
    /// The first day without it if every day from now on is good; no course of days ends it earlier.
    pub free_from: Day,
}

/// A day that does not follow those before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the result of {day} came after that of {last}; feed days in their order, each once")]
pub struct DayOutOfOrder {
    /// The day that was given.
    pub day: Day,
    /// The last day taken in.
    pub last: Day,
}

/// What holds for a shop after some days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    rules: Rules,
    last: Option<Day>,
    good_days: u32,
    /// For each consequence of the rules, in their order.
    held: Vec<Option<Held>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    cause: Cause,
    latest: Cause,
    good_days: u32,
}

impl DayRate {
    /// The share `part` of `whole`, of so many units; weights may have entered part and whole, but not the units. `None`
    /// without a whole: no data.
    #[must_use]
    pub const fn new(part: u128, whole: u128, counted: u64) -> Option<Self> {
        if whole == 0 { None } else { Some(Self { part, whole, counted }) }
    }

    /// The rate that a pack's counts make; `None` = no data.
    #[must_use]
    pub fn of(parts: &Parts) -> Option<Self> {
        Self::new(parts.within_limit.into(), parts.counted.into(), parts.counted)
    }

    /// The rate that a pack shows for a day, over all the days it looks back on; `None` = no data.
    #[must_use]
    pub fn of_figure(figure: &Figure) -> Option<Self> {
        let counted = figure.parts.counted;
        if figure.too_few {
            return figure.by_default.map(|basis_points| Self::exactly(basis_points, counted));
        }
        Self::new(figure.weighted_within_limit, figure.weighted_counted, counted)
    }

    /// Exactly so many basis points of so many units: for days that are supposed, and for a rate that a pack shows
    /// whatever was counted.
    #[must_use]
    pub fn exactly(basis_points: u32, counted: u64) -> Self {
        Self { part: basis_points.into(), whole: WHOLE.into(), counted }
    }

    /// Units counted.
    #[must_use]
    pub const fn counted(self) -> u64 {
        self.counted
    }

    /// Whether it reaches so many basis points, compared without rounding.
    #[must_use]
    pub fn reaches(self, basis_points: u32) -> bool {
        self.part.saturating_mul(WHOLE.into()) >= self.whole.saturating_mul(basis_points.into())
    }

    /// In basis points, rounded down.
    #[must_use]
    pub fn basis_points(self) -> u32 {
        let share = self.part.saturating_mul(WHOLE.into()) / self.whole;
        u32::try_from(share).unwrap_or(u32::MAX)
    }
}

impl Standing {
    /// The standing of a shop of which no day is known.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        let held = vec![None; rules.consequences().len()];
        Self { rules, last: None, good_days: 0, held }
    }

    /// The standing after these days, and the whole ledger.
    ///
    /// # Errors
    /// As [`Standing::apply`].
    pub fn replay<'r>(
        rules: Rules,
        results: impl IntoIterator<Item = &'r DayResult>,
    ) -> Result<(Self, Vec<Line>), DayOutOfOrder> {
        let mut standing = Self::new(rules);
        let mut ledger = Vec::new();
        for result in results {
            ledger.extend(standing.apply(result)?);
        }
        Ok((standing, ledger))
    }

    /// Takes in the next day; days between the last one and this had no data. Returns the ledger's new lines: ends on
    /// the days between come first, in the order of days, then what this day brought, in the order of the rules.
    ///
    /// # Errors
    /// When a day has been taken in that is the same or later; nothing has changed then.
    pub fn apply(&mut self, result: &DayResult) -> Result<Vec<Line>, DayOutOfOrder> {
        let DayResult { day, rate, .. } = *result;
        let mut lines = match self.last {
            Some(last) if last >= day => return Err(DayOutOfOrder { day, last }),
            Some(_) => self.end_before(day),
            None => Vec::new(),
        };
        let good = |mark: u32| rate.map(|rate| rate.reaches(mark));
        count_good(&mut self.good_days, good(self.rules.target_basis_points()));
        let consequences = self.rules.consequences().iter().enumerate();
        for ((place, consequence), held) in consequences.zip(&mut self.held) {
            if let Some(held) = held {
                count_good(&mut held.good_days, good(self.rules.mark(consequence)));
            }
            let cause = consequence.cause(rate, &result.notices).map(|why| Cause { day, why });
            let what = match (cause, &mut *held) {
                (Some(cause), None) if consequence.is_momentary() => Some(What::FellDue(cause)),
                (Some(cause), None) => {
                    *held = Some(Held { cause, latest: cause, good_days: 0 });
                    Some(What::Began(cause))
                }
                (Some(cause), Some(held)) => {
                    *held = Held { latest: cause, good_days: 0, ..*held };
                    Some(What::Prolonged(cause))
                }
                (None, Some(standing)) if standing.last_day(consequence, day) <= day => {
                    *held = None;
                    Some(What::Ended { last: day })
                }
                (None, _) => None,
            };
            lines.extend(what.map(|what| Line { place, kind: consequence.kind, what }));
        }
        self.last = Some(day);
        Ok(lines)
    }

    /// Ends what only time still held, on days before this one.
    fn end_before(&mut self, day: Day) -> Vec<Line> {
        let mut ended: Vec<(Day, Line)> = Vec::new();
        let consequences = self.rules.consequences().iter().enumerate();
        for ((place, consequence), held) in consequences.zip(&mut self.held) {
            let Some(standing) = held.filter(|held| held.good_days >= consequence.good_days) else {
                continue;
            };
            let last = standing.latest.day.plus(consequence.days);
            if last < day {
                *held = None;
                ended.push((last, Line { place, kind: consequence.kind, what: What::Ended { last } }));
            }
        }
        ended.sort_by_key(|(last, _)| *last);
        ended.into_iter().map(|(_, line)| line).collect()
    }

    /// The standing after one more day, and what that day would bring.
    ///
    /// # Errors
    /// As [`Standing::apply`].
    pub fn what_if(&self, result: &DayResult) -> Result<(Self, Vec<Line>), DayOutOfOrder> {
        let mut after = self.clone();
        let lines = after.apply(result)?;
        Ok((after, lines))
    }

    /// What holds on the day after the last one taken in, in the order of the rules.
    pub fn in_force(&self) -> impl Iterator<Item = InForce> + '_ {
        let held = self.rules.consequences().iter().zip(&self.held).enumerate();
        held.filter_map(|(place, (consequence, held))| {
            let held = (*held)?;
            Some(InForce {
                place,
                kind: consequence.kind,
                cause: held.cause,
                latest_cause: held.latest,
                first: held.cause.day.plus(1),
                good_days: held.good_days,
                good_days_needed: held.needed(consequence),
                free_from: held.last_day(consequence, self.last?).plus(1),
            })
        })
    }

    /// The first day free of everything if every day from now on is good; `None` when nothing is in force.
    #[must_use]
    pub fn free_from(&self) -> Option<Day> {
        self.in_force().map(|held| held.free_from).max()
    }

    /// The last day taken in.
    #[must_use]
    pub const fn last_day(&self) -> Option<Day> {
        self.last
    }

    /// Good days in a row up to the last one taken in; days without data are passed over.
    #[must_use]
    pub const fn good_days(&self) -> u32 {
        self.good_days
    }

    /// The rules it stands by.
    #[must_use]
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }
}

/// One more day of a row of good days.
fn count_good(row: &mut u32, good: Option<bool>) {
    match good {
        Some(true) => *row = row.saturating_add(1),
        Some(false) => *row = 0,
        None => {}
    }
}

impl Held {
    fn needed(&self, consequence: &Consequence) -> u32 {
        consequence.good_days.saturating_sub(self.good_days)
    }

    /// The earliest day it can end with, as seen at the end of a day.
    fn last_day(&self, consequence: &Consequence, today: Day) -> Day {
        self.latest.day.plus(consequence.days).max(today.plus(self.needed(consequence)))
    }
}
