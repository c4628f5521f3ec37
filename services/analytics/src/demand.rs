//! When buyers come: the conversations of some days put together as a usual week.
//!
//! The days that [`Arrivals`] are asked for become a [`Demand`]: counted by `fenliu_domain::demand`, which knows the days
//! on which clocks change.

use std::ops::RangeInclusive;

use fenliu_domain::day::{Day, DayRange, Window, Zone};
use fenliu_domain::demand::{Counts, MAX_DAYS, WeekProfile, service_windows};
use fenliu_domain::problem::Problem;
use fenliu_domain::time::Timestamp;

use crate::arrivals::Arrivals;

/// What came on some days.
#[derive(Clone, Debug, Default)]
pub(crate) struct Demand {
    /// The days; `None` when they were to be found by their data and there are none.
    pub(crate) days: Option<RangeInclusive<Day>>,
    /// What came on them, by weekday and half hour.
    pub(crate) week: WeekProfile,
    /// What came in all.
    pub(crate) total: u64,
    /// Share of it in service hours, in basis points; `None` when nothing came.
    pub(crate) inside_basis_points: Option<u32>,
}

impl Arrivals {
    /// What came on these days, with these service hours; an open end is the first or last day on which somebody came.
    ///
    /// # Errors
    /// INVALID_REQUEST naming the date that must be given, where an open end makes more than [`MAX_DAYS`].
    pub(crate) fn of_days(&self, zone: Zone, range: DayRange, service: Window) -> Result<Demand, Problem> {
        let Some(days) = self.days(zone, range) else { return Ok(Demand::default()) };
        let mut counts = Counts::new(zone, &days).map_err(|_| too_many(range, &days))?;
        for (minute, count) in self.minutes() {
            // What came on days beside the range may have been read along with it; it does not count.
            counts.add(minute, count);
        }
        let inside = counts.inside(&service_windows(zone, service, &days)?);
        Ok(Demand {
            days: Some(days),
            week: counts.week(),
            total: counts.total(),
            inside_basis_points: inside.basis_points(),
        })
    }

    fn days(&self, zone: Zone, range: DayRange) -> Option<RangeInclusive<Day>> {
        let day = |arrival: Option<(Timestamp, u64)>| arrival.map(|(minute, _)| zone.day_of(minute));
        let first = range.first.or_else(|| day(self.minutes().next()))?;
        let last = range.last.or_else(|| day(self.minutes().next_back()))?;
        (first <= last).then_some(first..=last)
    }
}

fn too_many(range: DayRange, days: &RangeInclusive<Day>) -> Problem {
    let field = if range.first.is_none() { "start_date" } else { "end_date" };
    let (first, last) = (days.start(), days.end());
    Problem::field(
        field,
        format!(
            "must be given: {first} to {last} are more than the {MAX_DAYS} days that are counted at once"
        ),
    )
}
