//! When buyers come: a Poisson process whose rate changes with the hour.

use fenliu_domain::time::Span;

use crate::chance::Chance;

/// One stretch of the day and how busy it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// How long it lasts.
    pub length: Span,
    /// Buyers an hour, on average.
    pub per_hour: f64,
}

/// Moments of arrival, as spans from the beginning, ascending; whole milliseconds, so that the last bits of a
/// logarithm make no difference.
///
/// Unit-rate gaps are laid along the accumulated rate, so that a gap that begins in one stretch and ends in the next
/// is drawn once and needs no rounding at the border.
#[must_use]
pub fn arrivals(stretches: &[Stretch], chance: &mut Chance) -> Vec<Span> {
    let mut found = Vec::new();
    let mut before = Span::ZERO;
    let mut gap = chance.exponential(1.0);
    for stretch in stretches {
        let whole = stretch.length.seconds() / 3_600.0 * stretch.per_hour;
        let mut passed = 0.0;
        while passed + gap <= whole {
            passed += gap;
            found.push(before + milliseconds(passed / stretch.per_hour * 3_600_000.0));
            gap = chance.exponential(1.0);
        }
        gap -= whole - passed;
        before = before + stretch.length;
    }
    found
}

#[expect(clippy::cast_possible_truncation, reason = "days of milliseconds are far below 2^53")]
fn milliseconds(millis: f64) -> Span {
    Span::from_millis(millis.round() as i64)
}

/// A span of so many seconds, to the millisecond.
#[must_use]
pub fn seconds(seconds: f64) -> Span {
    milliseconds(seconds * 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Span = Span::from_hours(1);

    #[test]
    fn busy_hours_have_more_buyers_in_the_proportion_asked_for() {
        let stretches = [30.0, 0.0, 300.0].map(|per_hour| Stretch { length: HOUR, per_hour });
        let mut counts = [0u32; 3];
        for seed in 0..200 {
            for at in arrivals(&stretches, &mut Chance::new(seed)) {
                let hour = usize::try_from(at.micros() / HOUR.micros()).expect("small");
                counts[hour.min(2)] += 1;
            }
        }
        assert!((5_600..6_400).contains(&counts[0]), "{counts:?}");
        assert_eq!(counts[1], 0);
        assert!((58_800..61_200).contains(&counts[2]), "{counts:?}");
    }

    #[test]
    fn the_same_seed_brings_the_same_buyers_in_order() {
        let day = [Stretch { length: HOUR, per_hour: 100.0 }];
        let first = arrivals(&day, &mut Chance::new(3));
        assert_eq!(first, arrivals(&day, &mut Chance::new(3)));
        assert!(first.is_sorted());
        assert_ne!(first, arrivals(&day, &mut Chance::new(4)));
    }
}
