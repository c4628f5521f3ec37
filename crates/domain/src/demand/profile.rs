//! What a day is usually like: its half hours, and how much of it is still to come.

use crate::day::ClockTime;
use crate::proportion::number;

/// Half hours of a clock's day.
pub const HALF_HOURS: usize = 48;
/// Minutes of a half hour.
const MINUTES: u16 = 30;

/// How many came in each half hour of some days together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayProfile {
    /// Units in each half hour of the local clock, from 00:00, summed over the days. Where clocks repeat an hour, both
    /// are in it.
    pub counts: [u64; HALF_HOURS],
    /// How many days they are the sum of, the days on which nobody came among them.
    pub days: u32,
}

impl Default for DayProfile {
    /// No day at all.
    fn default() -> Self {
        Self { counts: [0; HALF_HOURS], days: 0 }
    }
}

impl DayProfile {
    /// Takes in the counts of one more day, or of several.
    pub fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count = count.saturating_add(more);
        }
        self.days = self.days.saturating_add(other.days);
    }

    /// Units of all days.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Share of a day's units in each half hour, between 0 and 1; `None` when there are none.
    #[must_use]
    pub fn shares(&self) -> Option<[f64; HALF_HOURS]> {
        let total = self.total();
        (total > 0).then(|| self.counts.map(|count| number(count) / number(total)))
    }

    /// Units to expect in a half hour, 0 to 47, of one day; `None` without days, or where there is no such half hour.
    #[must_use]
    pub fn mean(&self, half_hour: usize) -> Option<f64> {
        let count = self.counts.get(half_hour)?;
        (self.days > 0).then(|| number(*count) / f64::from(self.days))
    }

    /// Units to expect on a day from a time of the clock on. Within a half hour they are taken to come evenly. `None`
    /// without days.
    #[must_use]
    pub fn expected_from(&self, clock: ClockTime) -> Option<f64> {
        let current = usize::from(clock.minutes() / MINUTES);
        let left = f64::from(MINUTES - clock.minutes() % MINUTES) / f64::from(MINUTES);
        let later: f64 = self.counts.iter().skip(current + 1).copied().map(number).sum();
        let now = self.counts.get(current).copied().map_or(0.0, number);
        (self.days > 0).then(|| now.mul_add(left, later) / f64::from(self.days))
    }

    /// Units to expect on a whole day; `None` without days.
    #[must_use]
    pub fn expected(&self) -> Option<f64> {
        self.expected_from(ClockTime::MIDNIGHT)
    }
}
