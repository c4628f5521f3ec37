//! What stands out of a day.

use super::profile::{DayProfile, HALF_HOURS};
use crate::day::{ClockTime, Window};
use crate::proportion::number;

/// How many times the mean, in thousandths, makes a peak usually.
pub const PEAK_PERMILLE: u32 = 1_500;
/// How many deviations of a Poisson count above the mean a half hour must be, squared: two of them.
const SURE: u128 = 4;

/// Half hours in a row that stand out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    /// Its first half hour, 0 to 47.
    pub first: usize,
    /// The half hour after its last, 1 to 48.
    pub end: usize,
    /// Units that came in it, on all days together.
    pub count: u64,
    /// Its units per half hour ÷ those of the window.
    pub factor: f64,
    /// Its share of the window's units, between 0 and 1.
    pub share: f64,
}

/// The peaks of a day, by time: longest runs of half hours that begin inside the window, in each of which at least
/// `at_least_permille` thousandths of the window's mean half hour came, and by twice the deviation of a Poisson count more
/// than the mean. So few data have no peaks. The mean is that of the window alone: beside a night in which nobody comes,
/// the whole day would be a peak. One over midnight is two.
#[must_use]
pub fn peaks(profile: &DayProfile, window: Window, at_least_permille: u32) -> Vec<Peak> {
    let inside: Vec<(usize, u64)> = profile
        .counts
        .into_iter()
        .enumerate()
        .filter(|(half_hour, _)| begins_inside(window, *half_hour))
        .collect();
    let (slots, total) =
        (inside.len() as u128, inside.iter().map(|(_, count)| u128::from(*count)).sum::<u128>());
    let stands_out = |count: u64| {
        // Compared as slots × count against the total, so that no mean is rounded.
        let scaled = u128::from(count) * slots;
        let above = scaled.saturating_sub(total);
        let high = scaled.saturating_mul(1_000) >= total.saturating_mul(at_least_permille.into());
        high && above.saturating_mul(above) > SURE * total * slots
    };
    let mut peaks: Vec<Peak> = Vec::new();
    for (half_hour, count) in inside.into_iter().filter(|(_, count)| stands_out(*count)) {
        match peaks.last_mut() {
            Some(last) if last.end == half_hour => {
                last.end += 1;
                last.count = last.count.saturating_add(count);
            }
            _ => {
                peaks.push(Peak { first: half_hour, end: half_hour + 1, count, factor: 0.0, share: 0.0 });
            }
        }
    }
    let (slots, total) = (whole(slots), whole(total));
    for peak in &mut peaks {
        peak.share = number(peak.count) / total;
        peak.factor = peak.share * slots / number((peak.end - peak.first) as u64);
    }
    peaks
}

fn whole(count: u128) -> f64 {
    number(u64::try_from(count).unwrap_or(u64::MAX))
}

fn begins_inside(window: Window, half_hour: usize) -> bool {
    let clock = u16::try_from(half_hour * 24 * 60 / HALF_HOURS).ok().and_then(ClockTime::from_minutes);
    clock.is_some_and(|clock| {
        let (started, not_ended) = (window.start() <= clock, clock < window.end());
        if window.start() < window.end() { started && not_ended } else { started || not_ended }
    })
}
