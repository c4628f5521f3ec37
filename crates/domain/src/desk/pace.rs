//! How fast a queue moves, and what that lets those who wait expect.

use std::collections::{BTreeMap, VecDeque};

use super::event::Text;
use crate::time::{Span, Timestamp};

/// Admissions of a group that are remembered.
const REMEMBERED: usize = 32;
/// Fewest admissions an estimate is made from.
const ENOUGH: usize = 5;
/// Admissions older than this tell nothing any more.
const RECENT: Span = Span::from_mins(30);

/// When somebody was last admitted from the queue, group by group, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pace(pub BTreeMap<Text, VecDeque<Timestamp>>);

/// How long somebody may expect to wait.
///
/// Admissions are taken for a Poisson process: the wait for the n-th from now is n ÷ rate, and with k gaps seen the rate
/// is known to about 1 ÷ √k. The band is what lies within two such deviations of rate and wait together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// The most likely wait.
    pub wait: Span,
    /// The wait is hardly shorter than this.
    pub at_least: Span,
    /// The wait is hardly longer than this.
    pub at_most: Span,
    /// From how many admissions it was made.
    pub admissions: u32,
}

impl Pace {
    /// Notes that somebody was admitted from a group's line.
    pub(super) fn note(&mut self, group: &Text, at: Timestamp) {
        let times = self.0.entry(group.clone()).or_default();
        if times.len() == REMEMBERED {
            times.pop_front();
        }
        times.push_back(at);
    }

    /// See [`Desk::estimate`](super::Desk::estimate).
    pub(super) fn estimate(&self, group: &str, position: u32, now: Timestamp) -> Option<Estimate> {
        let times = self.0.get(group)?;
        let recent = || times.iter().filter(|at| now.since(**at) <= RECENT);
        let (count, first) = (recent().count(), *recent().next()?);
        if count < ENOUGH {
            return None;
        }
        // From the first of them until now: that nobody was admitted since the last one counts too.
        let gaps = i64::try_from(count).ok()?;
        let each = now.since(first).micros().max(1) / gaps;
        let wait = each.saturating_mul(i64::from(position));
        // Squared relative deviations add up: 1 ÷ gaps of the rate, 1 ÷ position of the wait; in thousandths.
        let squared = 1_000_000 / gaps + 1_000_000 / i64::from(position.max(1));
        let band = wait.saturating_mul(2 * squared.isqrt()) / 1_000;
        Some(Estimate {
            wait: Span::from_micros(wait),
            at_least: Span::from_micros((wait - band).max(0)),
            at_most: Span::from_micros(wait.saturating_add(band)),
            admissions: u32::try_from(count).unwrap_or(u32::MAX),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted_every(seconds: i64, times: i64) -> (Pace, Timestamp) {
        let mut pace = Pace::default();
        for n in 0..times {
            pace.note(&"g".into(), Timestamp::default() + Span::from_secs(seconds * n));
        }
        (pace, Timestamp::default() + Span::from_secs(seconds * times))
    }

    #[test]
    fn an_estimate_is_the_place_in_line_by_the_pace_of_the_last_admissions() {
        let (pace, now) = admitted_every(20, 16);
        let estimate = pace.estimate("g", 4, now).expect("enough is known");
        assert_eq!((estimate.wait, estimate.admissions), (Span::from_secs(80), 16));
        assert!(estimate.at_least < estimate.wait && estimate.wait < estimate.at_most);
        let further = pace.estimate("g", 16, now).expect("enough is known");
        let width = |it: Estimate| it.at_most.micros() as f64 / it.wait.micros() as f64;
        assert!(width(further) < width(estimate), "further back it is better known");
    }

    /// 320 s ÷ 16 = 20 s for each, and the band is twice √(1/16 + 1/position) of the wait.
    #[test]
    fn an_estimate_and_its_band_are_what_the_formula_says() {
        let (pace, now) = admitted_every(20, 16);
        let seconds = |position| {
            let estimate = pace.estimate("g", position, now).expect("enough is known");
            [estimate.wait, estimate.at_least, estimate.at_most].map(|span| span.micros() / 10_000)
        };
        assert_eq!(seconds(4), [8_000, 0, 16_944]);
        assert_eq!(seconds(16), [32_000, 9_408, 54_592]);
    }

    #[test]
    fn five_admissions_in_the_last_half_hour_are_enough() {
        let (pace, _) = admitted_every(60, 5);
        let moment = Span::from_micros(1);
        let after = |span| pace.estimate("g", 1, Timestamp::default() + span).map(|it| it.admissions);
        assert_eq!(after(Span::from_mins(30)), Some(5));
        assert_eq!(after(Span::from_mins(30) + moment), None, "the first of them is too old");
    }

    #[test]
    fn there_is_no_estimate_without_enough_admissions_lately() {
        let (pace, now) = admitted_every(20, 4);
        assert_eq!(pace.estimate("g", 1, now), None);
        let (pace, now) = admitted_every(20, 40);
        assert_eq!(pace.estimate("other", 1, now), None);
        assert_eq!(pace.estimate("g", 1, now + Span::from_mins(31)), None);
        assert_eq!(pace.0["g"].len(), REMEMBERED);
    }
}
