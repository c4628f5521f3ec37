//! The ladder: so many violations suggest this sanction.

use std::ops::RangeInclusive;

use fenliu_domain::time::{Span, Timestamp};

use super::Sanction;
use crate::binding::SanctionKind;

#[cfg(test)]
mod tests;

/// Most rungs of a ladder.
pub(crate) const MAX_RUNGS: usize = 10;
/// How many days a ladder's window may have.
pub(crate) const WINDOW_DAYS: RangeInclusive<u32> = 1..=366;
/// A day of a ladder's window.
const DAY: Span = Span::from_hours(24);

/// When which sanction is suggested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ladder {
    /// Violations older than this many days do not count, 1 to 366.
    pub(crate) window_days: u32,
    /// Lowest first, each with more violations than the one before, at most [`MAX_RUNGS`].
    pub(crate) rungs: Vec<Rung>,
}

/// New values for parts of a ladder; `None` leaves one as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LadderChange {
    pub(crate) window_days: Option<u32>,
    pub(crate) rungs: Option<Vec<Rung>>,
}

/// So many violations suggest this sanction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rung {
    /// Violations within the window that reach it, 1 to 1,000.
    pub(crate) violations: u32,
    pub(crate) kind: SanctionKind,
    /// `None` = until it is lifted.
    pub(crate) length: Option<Span>,
}

impl Ladder {
    /// The first moment whose violations count now.
    pub(crate) fn counts_from(&self, now: Timestamp) -> Timestamp {
        now - Span::from_micros(DAY.micros() * i64::from(self.window_days))
    }

    /// The ladder with these changes.
    pub(crate) fn changed(self, change: LadderChange) -> Self {
        Self {
            window_days: change.window_days.unwrap_or(self.window_days),
            rungs: change.rungs.unwrap_or(self.rungs),
        }
    }

    /// The highest rung that so many violations reach and that was not imposed since the last of them. A rung was
    /// imposed when something at least as strict was, so that nobody is offered less than what has just been done.
    /// Whether it has been lifted since does not matter: a supervisor looked at these very violations and forgave, and
    /// is not told to think again. The next violation counts with all before it.
    pub(crate) fn suggest(&self, violations: u32, since_last: &[Sanction]) -> Option<Rung> {
        let reached = self.rungs.iter().rev().filter(|rung| rung.violations <= violations);
        reached.copied().find(|rung| !since_last.iter().any(|imposed| rung.is_met_by(imposed)))
    }
}

impl Rung {
    /// Whether a sanction is at least as strict: a ban for a mute, or the same for as long.
    fn is_met_by(&self, imposed: &Sanction) -> bool {
        let as_long = match (imposed.length(), self.length) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(imposed), Some(suggested)) => imposed >= suggested,
        };
        match (imposed.kind, self.kind) {
            (SanctionKind::Ban, SanctionKind::Mute) => true,
            (SanctionKind::Mute, SanctionKind::Ban) => false,
            (SanctionKind::Mute, SanctionKind::Mute) | (SanctionKind::Ban, SanctionKind::Ban) => as_long,
        }
    }
}

impl Default for Ladder {
    /// Three violations in 30 days mute for a day, five for three days, and eight ban for a week.
    fn default() -> Self {
        let rung = |violations, kind, days: i64| Rung {
            violations,
            kind,
            length: Some(Span::from_hours(24 * days)),
        };
        let rungs = vec![
            rung(3, SanctionKind::Mute, 1),
            rung(5, SanctionKind::Mute, 3),
            rung(8, SanctionKind::Ban, 7),
        ];
        Self { window_days: 30, rungs }
    }
}
