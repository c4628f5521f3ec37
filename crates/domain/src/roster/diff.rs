//! What a new plan changes: duty gained and duty lost.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::AgentId;
use crate::roster::resolve::{DutyWindow, on_duty};
use crate::roster::stretch::{Stretch, without};

/// Which way a change goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKind {
    /// The agent was on duty and no longer is.
    Removed,
    /// The agent was not on duty and now is.
    Added,
}

/// A stretch in which an agent's duty differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// When.
    pub stretch: Stretch,
    /// Whose.
    pub agent: AgentId,
    /// Which way.
    pub kind: ChangeKind,
}

/// What is different between two resolutions of the same range, by start, end and agent. Only being on duty
/// counts: a shift under another name, or cut in two, is no change.
#[must_use]
pub fn diff(before: &[DutyWindow], after: &[DutyWindow]) -> Vec<Change> {
    let (before, after) = (on_duty(before), on_duty(after));
    let agents: BTreeSet<AgentId> = before.keys().chain(after.keys()).copied().collect();
    let mut changes = Vec::new();
    for agent in agents {
        let of = |duties: &BTreeMap<AgentId, Vec<Stretch>>| duties.get(&agent).cloned().unwrap_or_default();
        let (old, new) = (of(&before), of(&after));
        let mut note = |stretches: &[Stretch], others: &[Stretch], kind| {
            let differing = stretches.iter().flat_map(|stretch| without(*stretch, others));
            changes.extend(differing.map(|stretch| Change { stretch, agent, kind }));
        };
        note(&old, &new, ChangeKind::Removed);
        note(&new, &old, ChangeKind::Added);
    }
    changes.sort_unstable();
    changes
}
