//! How fast the budget goes.
//!
//! The burn rate of a window is the share of misses in it ÷ the share the target spares: at 1 a day of such windows
//! spends exactly its budget. An alarm looks at a short and a long window together (multiwindow, multi-burn-rate alerts,
//! *The Site Reliability Workbook*, chapter 5): the long one says that it matters, the short one that it still goes on.

use super::Units;
use crate::pack::WHOLE;
use crate::time::Span;

/// One in a thousand.
const PERMILLE: u32 = 1_000;

/// How fast a window spent the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Burn {
    /// The units of the window.
    pub units: Units,
    /// The burn rate in thousandths, rounded down; `None` = infinite: misses although the target spares none.
    pub permille: Option<u64>,
}

/// A pair of windows that are watched together, and from when on they alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Length of the short window.
    pub short: Span,
    /// Length of the long window.
    pub long: Span,
    /// The burn rate, in thousandths, that both windows must reach.
    pub at_permille: u32,
    /// Misses there must be in the long window, at least 1, so that one missed buyer in a quiet hour wakes nobody.
    pub min_misses: u64,
}

/// What an alarm says of the counts of its two windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// There are no units in the long window.
    NoData,
    /// At most one of the windows burns, or too few were missed.
    Quiet,
    /// Both burn.
    Burning,
}

/// 5 minutes and 1 hour. The rates are ours: a shop's budget is that of one day of about 15 hours, so an hour at 3 spends
/// a fifth of it; with a target of 85 %, where the highest rate there can be is 6.7, that is 45 % missed.
pub const FAST: Alarm =
    Alarm { short: Span::from_mins(5), long: Span::from_hours(1), at_permille: 3_000, min_misses: 2 };

/// 30 minutes and 6 hours: six hours at 1.5 spend three fifths of a day's budget.
pub const SLOW: Alarm =
    Alarm { short: Span::from_mins(30), long: Span::from_hours(6), at_permille: 1_500, min_misses: 2 };

impl Burn {
    /// How fast these units spend the budget of a target in basis points; `None` without data.
    #[must_use]
    pub fn of(units: Units, target_basis_points: u32) -> Option<Self> {
        let spare = u128::from(WHOLE.saturating_sub(target_basis_points));
        let spent = u128::from(units.misses) * u128::from(WHOLE) * u128::from(PERMILLE);
        let permille = match (u128::from(units.counted) * spare, units.misses) {
            _ if units.counted == 0 => return None,
            (0, 0) => Some(0),
            (earned, _) => spent.checked_div(earned).map(|rate| u64::try_from(rate).unwrap_or(u64::MAX)),
        };
        Some(Self { units, permille })
    }

    /// Whether it is at least so fast, compared without rounding; nothing missed is never fast.
    fn reaches(units: Units, target_basis_points: u32, permille: u32) -> bool {
        let spare = u128::from(WHOLE.saturating_sub(target_basis_points));
        let spent = u128::from(units.misses) * u128::from(WHOLE) * u128::from(PERMILLE);
        units.misses > 0 && spent >= u128::from(units.counted) * spare * u128::from(permille)
    }
}

impl Alarm {
    /// What it says of the units of its short and its long window, both up to the same moment.
    #[must_use]
    pub fn state(&self, short: Units, long: Units, target_basis_points: u32) -> State {
        let burns = |units| Burn::reaches(units, target_basis_points, self.at_permille);
        if long.counted == 0 {
            State::NoData
        } else if long.misses >= self.min_misses && burns(short) && burns(long) {
            State::Burning
        } else {
            State::Quiet
        }
    }
}
