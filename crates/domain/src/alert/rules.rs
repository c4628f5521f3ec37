//! When something becomes an alert, as data.

use super::{Kind, Severity};
use crate::time::Span;

/// How one kind of alert is raised, told and resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindRules {
    /// Whether there are alerts of this kind.
    pub enabled: bool,
    /// How much they matter.
    pub severity: Severity,
    /// How long it must be the case, at one tick after the other, before it is raised.
    pub raise_after: Span,
    /// How long it must be over before it is resolved.
    pub clear_after: Span,
    /// How long an open alert stays as it is before other figures are recorded.
    pub update_every: Span,
    /// Most alerts of this kind that are told anew within `within`; further ones are recorded only. 0 = none is told.
    pub at_most: u32,
    /// See `at_most`.
    pub within: Span,
}

/// When something becomes an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How long before its limit an unanswered turn is at risk.
    pub turn_lead: Span,
    /// How old what is known may be.
    pub lag: Span,
    /// How long before the end of a shift its last agent counts as about to leave.
    pub shift_lead: Span,
    kinds: [KindRules; Kind::ALL.len()],
}

impl Rules {
    /// The rules of a kind.
    #[must_use]
    pub const fn of(&self, kind: Kind) -> &KindRules {
        &self.kinds[place(kind)]
    }

    /// The same to be changed.
    pub const fn of_mut(&mut self, kind: Kind) -> &mut KindRules {
        &mut self.kinds[place(kind)]
    }
}

const fn place(kind: Kind) -> usize {
    match kind {
        Kind::QueueWaiting => 0,
        Kind::Saturated => 1,
        Kind::NobodyOnDuty => 2,
        Kind::LastAgent => 3,
        Kind::TurnAtRisk => 4,
        Kind::BudgetBurn => 5,
        Kind::StandingChanged => 6,
        Kind::FollowerLag => 7,
    }
}

/// A kind that may be told ten times an hour.
const fn kind(severity: Severity, raise_after: i64, clear_after: i64, update_every: i64) -> KindRules {
    KindRules {
        enabled: true,
        severity,
        raise_after: Span::from_secs(raise_after),
        clear_after: Span::from_secs(clear_after),
        update_every: Span::from_secs(update_every),
        at_most: 10,
        within: Span::from_hours(1),
    }
}

impl Default for Rules {
    /// Ours: buyers who are taken from the queue at once are no alert, and neither is a break of seconds.
    fn default() -> Self {
        use Severity::{Critical, Warning};
        let risk = kind(Warning, 0, 0, 60);
        Self {
            turn_lead: Span::from_secs(60),
            lag: Span::from_secs(30),
            shift_lead: Span::from_mins(10),
            kinds: [
                kind(Warning, 15, 60, 60),
                kind(Warning, 30, 60, 120),
                kind(Critical, 10, 15, 300),
                kind(Warning, 10, 30, 300),
                // Each is another buyer's.
                KindRules { at_most: 300, ..risk },
                kind(Critical, 0, 300, 300),
                kind(Critical, 0, 0, 3_600),
                kind(Warning, 15, 15, 60),
            ],
        }
    }
}
