//! The error budget of a day: how many misses its target leaves, where the day is heading, and whether the budget burns.
//!
//! Counts come in as they stand now: the [`Units`] of the day so far, and those of the last minutes and hours.
//! [`Budget::of`] says what is left, in whole units; [`project`] where the day ends if it goes on like this, with an
//! interval; [`Burn`] how fast the budget goes, and [`Alarm`] whether that is worth waking somebody.
//!
//! Invariants: without data there is no budget, no projection and no burn, never 0 or 100 %; what is compared with a
//! target is compared in whole numbers, by cross-multiplying.

use crate::pack::{Parts, WHOLE};

mod burn;
mod projection;
#[cfg(test)]
mod tests;

pub use burn::{Alarm, Burn, FAST, SLOW, State};
pub use projection::{Outlook, Projection, project};

/// Units counted and, of these, misses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Units {
    counted: u64,
    misses: u64,
}

/// What a target leaves of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The units so far.
    pub units: Units,
    /// The target in basis points, at most 10,000.
    pub target_basis_points: u32,
    /// Misses that so many units allow.
    pub allowed: u64,
    /// How many of the units so far may still turn into misses; negative = so many too many.
    pub left: i64,
    /// Good units that must follow, without another miss, until the target is reached: 0 where it is; `None` where no
    /// number suffices, as the target is 100 %.
    pub good_units_needed: Option<u64>,
}

impl Units {
    /// So many units, so many of them misses; more misses than units count as that many.
    #[must_use]
    pub const fn new(counted: u64, misses: u64) -> Self {
        Self { counted, misses: if misses > counted { counted } else { misses } }
    }

    /// The counts of a pack.
    #[must_use]
    pub const fn of(parts: &Parts) -> Self {
        Self::new(parts.counted, parts.missed())
    }

    /// Units counted.
    #[must_use]
    pub const fn counted(self) -> u64 {
        self.counted
    }

    /// Of these, misses.
    #[must_use]
    pub const fn misses(self) -> u64 {
        self.misses
    }

    /// The rate in basis points, rounded down; `None` without data.
    #[must_use]
    pub fn rate_basis_points(self) -> Option<u32> {
        let good = u128::from(self.counted - self.misses) * u128::from(WHOLE);
        good.checked_div(self.counted.into()).and_then(|points| u32::try_from(points).ok())
    }
}

impl Budget {
    /// What the target leaves of these units; `None` without data. A target above 10,000 is taken as that.
    ///
    /// The day's units can still turn into misses, a buyer's by a late answer to the next question; so what is left is
    /// counted from the units there are, not from those still to come.
    #[must_use]
    pub fn of(units: Units, target_basis_points: u32) -> Option<Self> {
        let target_basis_points = target_basis_points.min(WHOLE);
        if units.counted == 0 {
            return None;
        }
        let (whole, spare) = (u128::from(WHOLE), u128::from(WHOLE - target_basis_points));
        let allowed = u128::from(units.counted) * spare / whole;
        // The target is reached with as many units as make the misses no more than the share it spares.
        let enough = (u128::from(units.misses) * whole).checked_div(spare).map(|floor| {
            let exactly = floor * spare == u128::from(units.misses) * whole;
            floor + u128::from(!exactly)
        });
        let needed = match enough {
            _ if u128::from(units.misses) <= allowed => Some(0),
            Some(enough) => u64::try_from(enough.saturating_sub(units.counted.into())).ok(),
            None => None,
        };
        // As many are allowed as there are units at most.
        let allowed = u64::try_from(allowed).unwrap_or(units.counted);
        let left = i128::from(allowed) - i128::from(units.misses);
        Some(Self {
            units,
            target_basis_points,
            allowed,
            left: i64::try_from(left).unwrap_or(if left < 0 { i64::MIN } else { i64::MAX }),
            good_units_needed: needed,
        })
    }

    /// Whether the target is reached now.
    #[must_use]
    pub const fn is_kept(&self) -> bool {
        self.left >= 0
    }
}
