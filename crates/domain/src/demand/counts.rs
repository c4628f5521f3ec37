//! Arrivals by half hour.

use std::ops::RangeInclusive;

use super::WeekProfile;
use crate::day::{Day, Window, Zone};
use crate::pack::WHOLE;
use crate::problem::Problem;
use crate::roster::Stretch;
use crate::spans::{Cell, Stretches, half_hours};
use crate::time::Timestamp;

/// Most days that are counted at once.
pub const MAX_DAYS: u32 = 1_100;

/// A half hour and how many came in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The half hour.
    pub cell: Cell,
    /// How many came.
    pub count: u64,
}

/// The half hours of a range of local days, each with how many came in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    days: Vec<Day>,
    cells: Vec<Counted>,
}

/// How much of the demand lies inside some windows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inside {
    /// Units inside, each weighed with the microseconds of its half hour.
    pub inside: u128,
    /// Units of all, weighed alike.
    pub total: u128,
}

impl Counts {
    /// These local days of a zone, in which nobody has come yet. A date that the calendar skipped is no day.
    ///
    /// # Errors
    /// INVALID_REQUEST naming `last_day` when the days are in the wrong order or more than [`MAX_DAYS`].
    pub fn new(zone: Zone, days: &RangeInclusive<Day>) -> Result<Self, Problem> {
        let mut counts = Self { days: Vec::new(), cells: Vec::new() };
        for day in listed(days)? {
            let cells = half_hours(zone, day);
            counts.days.extend((!cells.is_empty()).then_some(day));
            counts.cells.extend(cells.into_iter().map(|cell| Counted { cell, count: 0 }));
        }
        Ok(counts)
    }

    /// Counts so many who came at a moment, or in the half hour that begins with it; false when that is on none of the
    /// days.
    pub fn add(&mut self, at: Timestamp, count: u64) -> bool {
        let place = self.cells.partition_point(|counted| counted.cell.stretch.end <= at);
        match self.cells.get_mut(place).filter(|counted| counted.cell.stretch.start <= at) {
            Some(counted) => {
                counted.count = counted.count.saturating_add(count);
                true
            }
            None => false,
        }
    }

    /// The half hours, in order, the empty ones among them.
    #[must_use]
    pub fn cells(&self) -> &[Counted] {
        &self.cells
    }

    /// How many came in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.cells.iter().fold(0, |sum, counted| sum.saturating_add(counted.count))
    }

    /// The same by weekday and half hour of the clock.
    #[must_use]
    pub fn week(&self) -> WeekProfile {
        let mut week = WeekProfile::default();
        for day in &self.days {
            week.add_day(*day);
        }
        for Counted { cell, count } in &self.cells {
            week.add(cell.day, cell.half_hour, *count);
        }
        week
    }

    /// How much of the demand lies inside these windows. Within a half hour buyers are taken to come evenly; where
    /// windows begin and end with half hours, it is exact.
    #[must_use]
    pub fn inside(&self, windows: &Stretches) -> Inside {
        let weighed = |count: u64, micros: i64| u128::from(count) * u128::from(micros.unsigned_abs());
        let mut sum = Inside::default();
        for Counted { cell: Cell { stretch, .. }, count } in &self.cells {
            sum.total += weighed(*count, stretch.length().micros());
            sum.inside += weighed(*count, windows.length_within(*stretch).micros());
        }
        sum
    }
}

impl Inside {
    /// The share inside in basis points, rounded down; `None` without demand.
    #[must_use]
    pub fn basis_points(&self) -> Option<u32> {
        let share = (self.inside * u128::from(WHOLE)).checked_div(self.total)?;
        u32::try_from(share).ok()
    }
}

/// The moments at which the clock of each of these days stands inside a window; one that runs over midnight belongs to
/// the day it begins on. A time that the clock shows twice is taken as the first.
///
/// # Errors
/// As [`Counts::new`].
pub fn service_windows(zone: Zone, window: Window, days: &RangeInclusive<Day>) -> Result<Stretches, Problem> {
    let over_midnight = window.end() < window.start();
    let stretches = listed(days)?.filter_map(|day| {
        let last = if over_midnight { day.plus(1) } else { day };
        Stretch::new(zone.at(day, window.start()), zone.at(last, window.end()))
    });
    Ok(Stretches::of(stretches))
}

/// The days of a range, one by one.
fn listed(days: &RangeInclusive<Day>) -> Result<impl Iterator<Item = Day> + use<>, Problem> {
    let first = *days.start();
    let length = u32::try_from(first.days_until(*days.end()) + 1).ok();
    let length = length.filter(|length| (1..=MAX_DAYS).contains(length)).ok_or_else(|| {
        let expected = format!("must be the first day or later, and {MAX_DAYS} days in all at most");
        Problem::field("last_day", expected)
    })?;
    Ok((0..length).map(move |offset| first.plus(offset)))
}
