//! The usual week.

use super::profile::{DayProfile, HALF_HOURS};
use crate::day::Day;
use crate::proportion::number;

/// Days of a week.
pub const DAYS: usize = 7;

/// How many came in each half hour of each weekday.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WeekProfile {
    /// Monday to Sunday.
    pub days: [DayProfile; DAYS],
}

/// One cell of a heat map.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeatCell {
    /// Days since Monday, 0 to 6.
    pub weekday: usize,
    /// Half hour of the clock, 0 to 47.
    pub half_hour: usize,
    /// Units that came then, on all such days together.
    pub count: u64,
    /// Units to expect then, on one such day; `None` without such a day.
    pub mean: Option<f64>,
    /// That ÷ the mean over all cells that have one; `None` without it, or where nobody came at all.
    pub factor: Option<f64>,
}

impl WeekProfile {
    /// One more day, on which nobody has come yet.
    pub(super) fn add_day(&mut self, day: Day) {
        if let Some(profile) = self.profile_mut(day) {
            profile.days = profile.days.saturating_add(1);
        }
    }

    /// Units of a half hour of a day.
    pub(super) fn add(&mut self, day: Day, half_hour: usize, count: u64) {
        if let Some(known) = self.profile_mut(day).and_then(|profile| profile.counts.get_mut(half_hour)) {
            *known = known.saturating_add(count);
        }
    }

    fn profile_mut(&mut self, day: Day) -> Option<&mut DayProfile> {
        self.days.get_mut(usize::try_from(day.days_from_monday()).ok()?)
    }

    /// The usual day of the same weekday.
    #[must_use]
    pub fn like(&self, day: Day) -> DayProfile {
        let weekday = usize::try_from(day.days_from_monday()).unwrap_or(0);
        self.days.get(weekday).copied().unwrap_or_default()
    }

    /// The usual day, whatever the weekday.
    #[must_use]
    pub fn any_day(&self) -> DayProfile {
        let mut all = DayProfile::default();
        for day in &self.days {
            all.add(day);
        }
        all
    }

    /// The cells of its heat map, weekday by weekday, half hour by half hour: 7 × 48.
    #[must_use]
    pub fn heat_map(&self) -> Vec<HeatCell> {
        let means = self.days.iter().flat_map(|day| (0..HALF_HOURS).filter_map(|at| day.mean(at)));
        let (sum, cells) = means.fold((0.0, 0_u64), |(sum, cells), mean| (sum + mean, cells + 1));
        let usual = (sum > 0.0).then(|| sum / number(cells));
        let of_day = |(weekday, day): (usize, &DayProfile)| {
            let day = *day;
            day.counts.into_iter().enumerate().map(move |(half_hour, count)| {
                let mean = day.mean(half_hour);
                let factor = mean.zip(usual).map(|(mean, usual)| mean / usual);
                HeatCell { weekday, half_hour, count, mean, factor }
            })
        };
        self.days.iter().enumerate().flat_map(of_day).collect()
    }
}
