//! Where the day is heading.
//!
//! How many units are still to come: what the shop's usual day has from now on, times how this day compares with the
//! usual one so far. That factor is drawn towards 1 as long as little has come ([`PRIOR_UNITS`]): it is the mean of its
//! gamma posterior when units come as in a Poisson process and the factor has a gamma prior of mean 1.
//!
//! What share of them will be missed: the share so far, in which the last units count [`RECENT_WEIGHT`] times.
//!
//! How sure that is: the misses of the units to come lie between two bounds that are Wilson's score interval with a
//! correction for the finite population. With `n` units seen, `m` to come and `N = n + m`, their joint share `s` of misses
//! fulfils `(x ÷ n − s)² ≤ z² · s(1 − s) · m ÷ (nN)`, the variance of a share that is drawn without replacement; solved for
//! `s` (the joint sampling approach of Krishnamoorthy and Peng, *Improved closed-form prediction intervals for binomial and
//! Poisson distributions*, 2011). Weights enter by Kish's effective number, `(Σw)² ÷ Σw²`. The bounds hold for units that
//! are missed independently of each other and for the number to come that is expected; misses that come in bunches
//! make a day less certain than they say.

use super::Units;
use crate::day::ClockTime;
use crate::demand::DayProfile;
use crate::pack::WHOLE;
use crate::proportion::{Bounds, Z_95, number};

/// How often a recent unit counts in the share that is expected to be missed.
const RECENT_WEIGHT: f64 = 3.0;
/// Units of evidence that this day is like the usual one, before it has begun.
const PRIOR_UNITS: f64 = 10.0;

/// What is known of the day when it is projected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outlook<'p> {
    /// The units of the day so far.
    pub so_far: Units,
    /// Those of them of the last hour, or of whatever time counts as recent; cut to `so_far` where they exceed it.
    pub recent: Units,
    /// The shop's usual day, of the same weekday where there are enough.
    pub profile: &'p DayProfile,
    /// What the shop's clock shows.
    pub now: ClockTime,
}

/// Where the day ends if it goes on like this.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Projection {
    /// Units still to come, as expected.
    pub units_to_come: f64,
    /// The share of them that is expected to be missed, between 0 and 1.
    pub miss_share_to_come: f64,
    /// The day's rate, between 0 and 1.
    pub rate: f64,
    /// The 95 % interval of the day's rate, between 0 and 1.
    pub bounds: Bounds,
}

/// Where the day ends if it goes on like this; `None` without data: no unit so far, or no usual day.
#[must_use]
pub fn project(outlook: &Outlook<'_>) -> Option<Projection> {
    let Outlook { so_far, recent, profile, now } = *outlook;
    let (counted, misses) = (number(so_far.counted), number(so_far.misses));
    if so_far.counted == 0 {
        return None;
    }
    let to_come = units_to_come(counted, profile, now)?;
    let sample = Sample::weighted(so_far, recent);
    let whole = counted + to_come;
    let rate = |missed: f64| 1.0 - (misses + missed.clamp(0.0, to_come)) / whole;
    let (fewest, most) = sample.misses_to_come(to_come);
    Some(Projection {
        units_to_come: to_come,
        miss_share_to_come: sample.share,
        rate: rate(sample.share * to_come),
        bounds: Bounds { low: rate(most), high: rate(fewest) },
    })
}

fn units_to_come(counted: f64, profile: &DayProfile, now: ClockTime) -> Option<f64> {
    let (whole, left) = (profile.expected()?, profile.expected_from(now)?);
    let passed = (whole - left).max(0.0);
    Some(left * (PRIOR_UNITS + counted) / (PRIOR_UNITS + passed))
}

/// What the units so far say of those to come.
#[derive(Clone, Copy, Debug)]
struct Sample {
    /// The share of misses.
    share: f64,
    /// How many equal units would say as much.
    units: f64,
}

impl Sample {
    fn weighted(so_far: Units, recent: Units) -> Self {
        let counted = recent.counted.min(so_far.counted);
        // Of the recent units at least those were missed that the earlier ones have no room for.
        let room = so_far.counted - counted;
        let misses = recent.misses.min(counted).clamp(so_far.misses.saturating_sub(room), so_far.misses);
        let (earlier, earlier_misses) = (number(room), number(so_far.misses - misses));
        let weight = RECENT_WEIGHT.mul_add(number(counted), earlier);
        let squares = (RECENT_WEIGHT * RECENT_WEIGHT).mul_add(number(counted), earlier);
        Self {
            share: RECENT_WEIGHT.mul_add(number(misses), earlier_misses) / weight,
            units: weight * weight / squares,
        }
    }

    /// The fewest and the most misses among so many units to come.
    fn misses_to_come(self, to_come: f64) -> (f64, f64) {
        let Self { share, units } = self;
        let whole = units + to_come;
        let Bounds { low, high } = Bounds::of_score(share, Z_95 * Z_95 * to_come / (units * whole));
        let missed = |joint: f64| joint.mul_add(whole, -share * units);
        (missed(low), missed(high))
    }
}

impl Projection {
    /// Whether the whole interval reaches the target, misses it, or neither (`None`).
    #[must_use]
    pub fn reaches(&self, target_basis_points: u32) -> Option<bool> {
        let target = f64::from(target_basis_points) / f64::from(WHOLE);
        match (self.bounds.low >= target, self.bounds.high < target) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            (false, false) => None,
        }
    }
}
