//! The use cases of discipline: mutes and bans, the violations they come from, and the ladder that suggests them.
//!
//! A [`Sanction`] is kept for ever; whether it is in force follows from its times. The strictest one in force is
//! carried by the binding, and so reaches the desk through the directory in the transaction that changes it; the end
//! of one is noticed by the planning's roller, which lets the next strictest take its place. Violations come from
//! dispatch's history and decide nothing: [`Ladder::suggest`] counts them, and a supervisor imposes.
//!
//! Invariants
//! - A binding carries the strictest sanction in force at its last change; a ban is stricter than any mute.
//! - Whoever works for a shop again does so under the sanctions that still run there.
//! - An event of the history is one violation, however often it is read.

use fenliu_domain::ids::{AgentId, SanctionId, ShopId};
use fenliu_domain::time::{Span, Timestamp};
use fenliu_runtime::ids::IdSource;

use crate::binding::{InForce, SanctionKind};
use crate::storage::Store;

mod ending;
mod imposing;
mod ladder;
mod record;
mod suggesting;
mod violations;

pub(crate) use self::ending::{end_sanctions, still_in_force};
pub(crate) use self::imposing::{ChangedSanction, NewSanction};
pub(crate) use self::ladder::{Ladder, LadderChange, MAX_RUNGS, Rung, WINDOW_DAYS};
pub(crate) use self::suggesting::{ChangedLadder, Suggestion};
pub(crate) use self::violations::follow;

/// Shortest sanction with an end.
pub(crate) const SHORTEST: Span = Span::from_mins(1);
/// Longest sanction with an end.
pub(crate) const LONGEST: Span = Span::from_hours(366 * 24);

/// A mute or a ban.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sanction {
    pub(crate) id: SanctionId,
    pub(crate) shop: ShopId,
    pub(crate) agent: AgentId,
    pub(crate) kind: SanctionKind,
    /// Why.
    pub(crate) reason: String,
    /// What shows it.
    pub(crate) evidence: String,
    pub(crate) start: Timestamp,
    /// When it ends by itself; `None` = when it is lifted.
    pub(crate) end: Option<Timestamp>,
    /// Who imposed it.
    pub(crate) author: String,
    pub(crate) lifted: Option<Lifted>,
}

/// The early end of a sanction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lifted {
    pub(crate) time: Timestamp,
    pub(crate) by: String,
    pub(crate) reason: String,
}

/// One thing an agent should not have said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// Its place in lists; 0 until it is stored.
    pub(crate) number: i64,
    /// The event of the history it comes from.
    pub(crate) event: String,
    pub(crate) shop: ShopId,
    pub(crate) agent: AgentId,
    pub(crate) conversation: String,
    pub(crate) words: Vec<String>,
    pub(crate) time: Timestamp,
}

/// Imposes, lifts and suggests. Clones share everything.
#[derive(Clone)]
pub(crate) struct Discipline {
    store: Store,
    ids: IdSource,
}

impl Discipline {
    /// Discipline on this store.
    pub(crate) const fn new(store: Store, ids: IdSource) -> Self {
        Self { store, ids }
    }
}

impl Sanction {
    /// Whether it is in force at this moment.
    pub(crate) fn runs(&self, now: Timestamp) -> bool {
        self.lifted.is_none() && self.end.is_none_or(|end| now < end)
    }

    /// What it does while it is in force.
    pub(crate) const fn effect(&self) -> InForce {
        InForce { kind: self.kind, end: self.end }
    }

    /// How long it was imposed for; `None` = until it is lifted.
    pub(crate) fn length(&self) -> Option<Span> {
        self.end.map(|end| end.since(self.start))
    }
}
