//! The use cases of rosters: drafts, what is published, leave, swaps and extra duty, and who is on duty when.
//!
//! The rules are pure and lie in `fenliu_domain::roster`. Here a [`Draft`] becomes a [`Published`] roster, which never
//! changes again; an exception goes from request to consent ([`Filed`]); and `telling` turns both into the duty that
//! each binding carries to the followers of the directory. Whatever changes somebody's duty tells it in the same
//! transaction; what time alone changes, `roller` rolls on.
//!
//! Invariants
//! - Versions of a shop are dense from 1. Each holds from its time to the next one's, in the zone it was published in.
//! - A binding has told duty exactly when its shop has published a roster, for 48 hours ahead at the least unless the
//!   agent works more stretches than are told at once.
//! - Nobody outside the shop is ever named by a draft when it is stored, nor by a roster when it is published.

use std::collections::BTreeSet;

use fenliu_domain::day::Zone;
use fenliu_domain::ids::{AgentId, ExceptionId, ShopId};
use fenliu_domain::problem::{Problem, Reason, Violation};
use fenliu_domain::roster::{Assignment, Exception, Party, Plan, Status};
use fenliu_domain::time::{Span, Timestamp};
use fenliu_runtime::ids::IdSource;
use sea_orm::DatabaseTransaction;

use crate::storage::{Fault, Store, Tenant};

mod drafts;
mod exceptions;
mod publishing;
mod questions;
mod record;
mod roller;
mod sheet;
mod telling;
pub(crate) mod wire;

pub(crate) use self::drafts::{ChangedDraft, Imported};
pub(crate) use self::exceptions::{ChangedException, NewException};
pub(crate) use self::publishing::{Enacted, follow_zone};
pub(crate) use self::questions::{Covered, Days, Range};
pub(crate) use self::roller::roll;
pub(crate) use self::telling::told_from_the_start;

/// Longest range a question may be about, in days.
pub(crate) const MAX_DAYS: u32 = 62;
/// Most published rosters that one question may touch.
pub(crate) const MAX_REIGNS: u64 = 128;
/// Most exceptions in force that one question may touch.
pub(crate) const MAX_EXCEPTIONS: u64 = 10_000;
/// Most exceptions of a shop that lie ahead, requested or in force.
pub(crate) const MAX_EXCEPTIONS_AHEAD: u64 = 1_000;

/// What a supervisor works on until it is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(crate) shop: ShopId,
    pub(crate) plan: Plan,
}

/// What is known of a published roster beside its contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edition {
    /// Its number in the shop, from 1.
    pub(crate) version: i64,
    /// Since when it holds.
    pub(crate) published: Timestamp,
    /// Who published it.
    pub(crate) by: String,
    pub(crate) note: String,
    /// The zone it is read in.
    pub(crate) zone: Zone,
}

/// A published roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Published {
    pub(crate) edition: Edition,
    pub(crate) plan: Plan,
}

/// A leave, a swap or an extra duty, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filed {
    pub(crate) id: ExceptionId,
    pub(crate) shop: ShopId,
    pub(crate) exception: Exception,
    pub(crate) status: Status,
    /// In what capacity it was asked for.
    pub(crate) asked_by: Party,
    /// Why.
    pub(crate) reason: String,
    /// Who entered it.
    pub(crate) author: String,
    pub(crate) created: Timestamp,
}

/// Drafts, publishes and answers. Clones share everything.
#[derive(Clone)]
pub(crate) struct Planning {
    store: Store,
    ids: IdSource,
}

impl Planning {
    /// Planning on this store.
    pub(crate) const fn new(store: Store, ids: IdSource) -> Self {
        Self { store, ids }
    }
}

impl Filed {
    /// Whom it is about, each once.
    pub(crate) fn agents(&self) -> Vec<AgentId> {
        agents_of(&self.exception)
    }

    /// The stretch outside of which it changes nobody's duty, whatever the zone: exact for a leave, generous for local
    /// days.
    pub(crate) fn reach(&self) -> (Timestamp, Timestamp) {
        let days = |first: fenliu_domain::day::Day, last: fenliu_domain::day::Day| {
            let start = Zone::UTC.start_of(first.minus(REACH_BEFORE_DAYS));
            (start, Zone::UTC.start_of(last.plus(REACH_AFTER_DAYS)))
        };
        match &self.exception {
            Exception::Leave { from, to, .. } => (*from, *to),
            Exception::Swap { first, second } => days(first.day.min(second.day), first.day.max(second.day)),
            Exception::ExtraDuty { day, .. } => days(*day, *day),
        }
    }
}

/// How long before a date in UTC the same local date can begin, in days: zones reach to UTC+14, and one may skip a date.
const REACH_BEFORE_DAYS: u32 = 2;
/// How long after a date in UTC began a shift of that local date can end, in days: the date itself, a night shift's
/// next, and UTC−12.
const REACH_AFTER_DAYS: u32 = 4;

/// Whom an exception is about, each once.
fn agents_of(exception: &Exception) -> Vec<AgentId> {
    match exception {
        Exception::Leave { agent, .. } | Exception::ExtraDuty { agent, .. } => vec![*agent],
        Exception::Swap { first, second } => vec![first.agent, second.agent],
    }
}

/// The refusal of a roster, naming every bad field.
pub(crate) fn invalid_roster(violations: Vec<Violation>) -> Problem {
    Problem { reason: Reason::RosterInvalid, ..Problem::invalid(violations) }
}

/// Makes sure that everybody a plan names works for the shop, and gives those who do.
///
/// # Errors
/// ROSTER_INVALID naming each assignment of somebody else, up to [`fenliu_domain::roster::MAX_VIOLATIONS`] of them.
async fn expect_members(
    tenant: &Tenant<'_, DatabaseTransaction>,
    plan: &Plan,
) -> Result<BTreeSet<AgentId>, Fault> {
    let members: BTreeSet<AgentId> = tenant.agents().await?.into_iter().collect();
    let strangers = plan.assignments.iter().map(Assignment::agent).enumerate();
    let strangers = strangers.filter(|(_, agent)| !members.contains(agent)).map(|(index, agent)| Violation {
        field: format!("roster.assignments[{index}].agent_id"),
        expected: format!("must be the id of somebody who works for this shop; {agent} does not"),
    });
    let strangers: Vec<_> = strangers.take(fenliu_domain::roster::MAX_VIOLATIONS).collect();
    if strangers.is_empty() { Ok(members) } else { Err(invalid_roster(strangers).into()) }
}

/// The refusal of a roster that is not there.
fn no_roster(shop: ShopId, which: &str) -> Problem {
    let words = format!("shop {shop} has no {which}; see UpdateRosterDraft and PublishRoster");
    Problem::new(Reason::RosterNotFound, words).with("shop_id", shop)
}

/// A whole day.
const DAY: Span = Span::from_hours(24);

/// What stands for a supervisor among those an exception waits for.
pub(crate) const SUPERVISOR: &str = "supervisor";

/// The text of a party: an agent's id, or the word for a supervisor.
pub(crate) fn party_name(party: Party) -> String {
    match party {
        Party::Supervisor => SUPERVISOR.to_owned(),
        Party::Agent(agent) => agent.to_string(),
    }
}

/// The word of where an exception stands.
pub(crate) const fn status_word(status: &Status) -> &'static str {
    match status {
        Status::Requested { .. } => "requested",
        Status::Active => "active",
        Status::Declined => "declined",
        Status::Cancelled => "cancelled",
    }
}
