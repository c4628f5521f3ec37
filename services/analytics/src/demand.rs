//! When buyers come: the conversations of some days put together as a usual week.
//!
//! [`Arrivals`] takes conversations in one by one and keeps only when each was opened, to the minute, so that a year of a
//! busy shop needs no more room than its minutes. The days it is asked for become a [`Demand`]: counted by
//! `fenliu_domain::demand`, which knows the days on which clocks change.
//!
//! Invariants: the order of conversations does not matter; a conversation in which the buyer never said anything is no
//! demand.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use fenliu_domain::day::{Day, DayRange, Window, Zone};
use fenliu_domain::demand::{Counts, MAX_DAYS, WeekProfile, service_windows};
use fenliu_domain::exchange::Conversation;
use fenliu_domain::problem::Problem;
use fenliu_domain::time::{Span, Timestamp};

use crate::storage::Fold;

/// Microseconds of a minute. Clocks and their changes go by whole minutes, so no half hour and no day begins within one.
const MINUTE: i64 = 60_000_000;

/// When conversations were opened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arrivals {
    minutes: BTreeMap<Timestamp, u64>,
}

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

impl Fold for Arrivals {
    fn add(&mut self, conversation: &Conversation) {
        let session = &conversation.session;
        let Some(asked_at) = session.first_asked_at else { return };
        let at = session.opened_at.unwrap_or(asked_at);
        let minute = at - Span::from_micros(at.micros().rem_euclid(MINUTE));
        *self.minutes.entry(minute).or_default() += 1;
    }
}

impl Arrivals {
    /// What came on these days, with these service hours; an open end is the first or last day on which somebody came.
    ///
    /// # Errors
    /// INVALID_REQUEST naming the date that must be given, where an open end makes more than [`MAX_DAYS`].
    pub(crate) fn of_days(&self, zone: Zone, range: DayRange, service: Window) -> Result<Demand, Problem> {
        let Some(days) = self.days(zone, range) else { return Ok(Demand::default()) };
        let mut counts = Counts::new(zone, &days).map_err(|_| too_many(range, &days))?;
        for (minute, count) in &self.minutes {
            // Conversations of days beside the range may have been read along with it; they do not count.
            counts.add(*minute, *count);
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
        let day = |arrival: Option<(&Timestamp, &u64)>| arrival.map(|(minute, _)| zone.day_of(*minute));
        let first = range.first.or_else(|| day(self.minutes.first_key_value()))?;
        let last = range.last.or_else(|| day(self.minutes.last_key_value()))?;
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
