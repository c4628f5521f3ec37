//! The checker: a linear replay of each shop's history, beside what callers and followers saw.
//!
//! It is pure, and `tests` shows that it finds what was tampered with.

mod chain;
mod followers;
mod requests;
mod rules;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::followers::Sight;
use crate::history::History;
use crate::ledger::Operation;

/// Most violations of one kind that are told one by one.
const MOST_TOLD: usize = 5;

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wrong {
    /// Positions or numbers have a hole, are there twice, or an event names another predecessor.
    Chain,
    /// An event is not one that could have happened then.
    Owner,
    /// An automatic assignment gave an agent more than they may hold.
    Capacity,
    /// Somebody was given a conversation who may be given none.
    Presence,
    /// What was acknowledged is not there.
    Lost,
    /// A request, or a delivery, has two effects.
    Doubled,
    /// What was acknowledged is there otherwise than it was asked for, or was answered in two ways.
    Changed,
    /// What was refused is there.
    Refused,
    /// What was acknowledged before something else was asked for stands behind it.
    Order,
    /// A follower saw something else than the history.
    Follower,
    /// The conversations' rows are not what the history says.
    Projection,
    /// What a replica shows is not what the history says.
    Drift,
    /// A caller was told of a defect, or that something is not there that is.
    Answer,
    /// A fault was not survived as it should be.
    Fault,
    /// Too little happened for the run to prove anything.
    Idle,
}

impl Wrong {
    /// Whether it is wrong at any time, whatever is still under way.
    pub(crate) const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Chain
                | Self::Owner
                | Self::Capacity
                | Self::Presence
                | Self::Lost
                | Self::Doubled
                | Self::Changed
                | Self::Order
        )
    }
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) wrong: Wrong,
    pub(crate) what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.wrong, self.what)
    }
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings(pub(crate) Vec<Violation>);

impl Findings {
    pub(crate) fn add(&mut self, wrong: Wrong, what: impl fmt::Display) {
        self.0.push(Violation { wrong, what: what.to_string() });
    }

    #[cfg(test)]
    pub(crate) fn has(&self, wrong: Wrong) -> bool {
        self.0.iter().any(|violation| violation.wrong == wrong)
    }

    /// Whether something is wrong that is so at any time.
    pub(crate) fn are_final(&self) -> bool {
        self.0.iter().any(|violation| violation.wrong.is_final())
    }

    /// What is told of them: some of each kind, and how many more there are.
    pub(crate) fn told(&self) -> Vec<String> {
        let mut kinds: Vec<_> = self.0.iter().map(|violation| violation.wrong).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let mut told = Vec::new();
        for kind in kinds {
            let of_kind: Vec<_> = self.0.iter().filter(|violation| violation.wrong == kind).collect();
            told.extend(of_kind.iter().take(MOST_TOLD).map(ToString::to_string));
            if let Some(more) = of_kind.len().checked_sub(MOST_TOLD).filter(|more| *more > 0) {
                told.push(format!("{kind:?}: and {more} more"));
            }
        }
        told
    }
}

/// Everything that is compared.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evidence {
    pub(crate) history: History,
    pub(crate) operations: Vec<Operation>,
    pub(crate) sights: Vec<Sight>,
}

/// Looks for everything that must not be.
pub(crate) fn check(evidence: &Evidence) -> Findings {
    let mut findings = Findings::default();
    chain::check(&evidence.history, &mut findings);
    let desks = rules::check(&evidence.history, &mut findings);
    rules::check_rows(&evidence.history, &desks, &mut findings);
    requests::check(&evidence.history, &evidence.operations, &mut findings);
    followers::check(&evidence.history, &evidence.sights, &mut findings);
    findings
}
