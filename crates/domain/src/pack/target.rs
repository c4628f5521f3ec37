//! What follows where a rate is too low, as data. What becomes of a shop over the days is for a state machine to say.

use super::{Figure, MAX_CONSEQUENCE_DAYS, WHOLE};

/// A line a rate may fall below, and what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The rate in basis points below which it applies; exactly so much is still fine. 0 = the marketplace does not
    /// go by the rate: somebody has to report that it applies.
    pub below_basis_points: u32,
    /// It applies only where more units than this were counted.
    pub above_units: u32,
    /// What follows.
    pub consequence: Consequence,
}

/// What a marketplace does to a shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consequence {
    /// It acts, and does not say how.
    Enforced,
    /// No campaigns for so many days, which end only after so many good days in a row.
    Restricted {
        /// Days it lasts at least.
        days: u32,
        /// Days in a row without a further miss of the target that lift it.
        good_days: u32,
    },
    /// Removed from a resource slot; back after so many days.
    ResourceSlot {
        /// Days.
        days: u32,
    },
    /// In the "black room": not shown at all for so many days.
    BlackRoom {
        /// Days.
        days: u32,
    },
    /// A fine is due.
    FineDue,
}

impl Target {
    /// Whether a figure falls below it, compared without rounding; `None` without data, or where the marketplace does
    /// not go by the rate.
    #[must_use]
    pub fn is_missed(&self, figure: &Figure) -> Option<bool> {
        let reached = figure.reaches(self.below_basis_points).filter(|_| self.below_basis_points > 0)?;
        Some(!reached && figure.parts.counted > u64::from(self.above_units))
    }

    pub(super) fn is_sound(&self) -> bool {
        let days = |days: u32| (1..=MAX_CONSEQUENCE_DAYS).contains(&days);
        self.below_basis_points <= WHOLE
            && match self.consequence {
                Consequence::Enforced | Consequence::FineDue => true,
                Consequence::Restricted { days: lasts, good_days } => days(lasts) && days(good_days),
                Consequence::ResourceSlot { days: lasts } | Consequence::BlackRoom { days: lasts } => {
                    days(lasts)
                }
            }
    }
}
