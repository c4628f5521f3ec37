//! Exceptions to the plan, and who has to agree to them.

use crate::day::Day;
use crate::ids::AgentId;
use crate::problem::Problem;
use crate::roster::check::Findings;
use crate::roster::shift::Shift;
use crate::time::{Span, Timestamp};

/// Longest leave.
pub const MAX_LEAVE: Span = Span::from_hours(366 * 24);

/// All the plan gives an agent on one local day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlannedDay {
    /// Whose.
    pub agent: AgentId,
    /// The local day the duty begins on.
    pub day: Day,
}

/// What takes effect on top of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exception {
    /// The agent is away: whatever duty they would have, also swapped or extra, is taken out of this stretch.
    Leave {
        /// Who.
        agent: AgentId,
        /// From when.
        from: Timestamp,
        /// Until when; no longer part of it. At most [`MAX_LEAVE`] after `from`.
        to: Timestamp,
    },
    /// Two agents exchange all duty that the plan lets begin on these local days. Extra duty and what came by another
    /// swap stay where they are.
    Swap {
        /// The one's.
        first: PlannedDay,
        /// The other's.
        second: PlannedDay,
    },
    /// The agent works this as well.
    ExtraDuty {
        /// Who.
        agent: AgentId,
        /// The local day it begins on.
        day: Day,
        /// The hours.
        shift: Shift,
    },
}

/// Who asks for an exception, or has to agree to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// Any account that may change the roster, in that capacity. One that swaps its own duty speaks as an agent.
    Supervisor,
    /// This agent.
    Agent(AgentId),
}

/// Where an exception stands. Only an active one takes effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It waits for everybody named here to agree; never for nobody.
    Requested {
        /// Who has not answered yet, in the order of [`Party`].
        waits_for: Vec<Party>,
    },
    /// It holds.
    Active,
    /// Somebody said no.
    Declined,
    /// It was taken back.
    Cancelled,
}

/// Why a step was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// An agent asked for or took back what is not theirs.
    #[error("the exception is about somebody else; ask a supervisor to enter it")]
    NotTheirs,
    /// The exception waits for others than who answered.
    #[error("the exception does not wait for this answer; read it again to see whom it waits for")]
    NotAsked,
    /// It waits for nobody any more.
    #[error("the exception is no longer open; enter a new one")]
    Closed,
    /// An agent wanted to take back what the roster counts on.
    #[error("the exception is in force already; ask a supervisor to cancel it")]
    InForce,
}

impl Exception {
    /// Whether it makes sense by itself.
    ///
    /// # Errors
    /// `INVALID_REQUEST` naming every field that does not.
    pub fn validate(&self) -> Result<(), Problem> {
        let mut findings = Findings::default();
        match self {
            Self::Leave { from, to, .. } => {
                if to <= from {
                    findings.add("to", "must be after from");
                } else if to.since(*from) > MAX_LEAVE {
                    findings.add("to", "must be at most 366 days after from");
                }
            }
            Self::Swap { first, second } => {
                if first.agent == second.agent {
                    findings.add("second.agent", "must be another agent than first.agent");
                }
            }
            Self::ExtraDuty { shift, .. } => findings.shift("shift", shift),
        }
        findings.into_result()
    }

    /// Whether both are swaps of the same planned day. What the plan gives an agent on a day is exchanged once: of two
    /// such swaps, [`super::resolve`] heeds the one that comes first and passes over the other.
    #[must_use]
    pub fn collides(&self, other: &Self) -> bool {
        let days = other.planned_days();
        self.planned_days().iter().any(|day| days.contains(day))
    }

    /// Where it stands once this party has entered it. A supervisor's leave and extra duty hold at once, an agent's
    /// wait for a supervisor; a swap waits for each of its agents who did not enter it.
    ///
    /// # Errors
    /// [`Refusal::NotTheirs`] when an agent enters what is about others only.
    pub fn request(&self, by: Party) -> Result<Status, Refusal> {
        if !self.concerns(by) {
            return Err(Refusal::NotTheirs);
        }
        let mut waits_for = match self {
            Self::Swap { first, second } => vec![Party::Agent(first.agent), Party::Agent(second.agent)],
            Self::Leave { .. } | Self::ExtraDuty { .. } => vec![Party::Supervisor],
        };
        waits_for.retain(|party| *party != by);
        waits_for.sort_unstable();
        Ok(Status::waiting(waits_for))
    }

    fn concerns(&self, party: Party) -> bool {
        let Party::Agent(asking) = party else { return true };
        match self {
            Self::Leave { agent, .. } | Self::ExtraDuty { agent, .. } => *agent == asking,
            Self::Swap { first, second } => first.agent == asking || second.agent == asking,
        }
    }

    fn planned_days(&self) -> Vec<PlannedDay> {
        match self {
            Self::Swap { first, second } => vec![*first, *second],
            Self::Leave { .. } | Self::ExtraDuty { .. } => Vec::new(),
        }
    }
}

impl Status {
    /// Where it stands after this party's answer: declined by one no, active after the last yes.
    ///
    /// # Errors
    /// [`Refusal::Closed`] when it waits for nobody any more, [`Refusal::NotAsked`] when it waits for others.
    pub fn answer(self, by: Party, accept: bool) -> Result<Self, Refusal> {
        let Self::Requested { mut waits_for } = self else { return Err(Refusal::Closed) };
        if !waits_for.contains(&by) {
            return Err(Refusal::NotAsked);
        }
        if !accept {
            return Ok(Self::Declined);
        }
        waits_for.retain(|party| *party != by);
        Ok(Self::waiting(waits_for))
    }

    /// Where it stands after this party took it back. While it waits, whoever it is about may; once it holds, only
    /// a supervisor, because others have planned around it.
    ///
    /// # Errors
    /// [`Refusal::NotTheirs`] when it is about others only, [`Refusal::InForce`] when an agent takes back what holds,
    /// [`Refusal::Closed`] when it was declined or cancelled before.
    pub fn cancel(self, exception: &Exception, by: Party) -> Result<Self, Refusal> {
        if !exception.concerns(by) {
            return Err(Refusal::NotTheirs);
        }
        match self {
            Self::Requested { .. } => Ok(Self::Cancelled),
            Self::Active if by == Party::Supervisor => Ok(Self::Cancelled),
            Self::Active => Err(Refusal::InForce),
            Self::Declined | Self::Cancelled => Err(Refusal::Closed),
        }
    }

    fn waiting(waits_for: Vec<Party>) -> Self {
        if waits_for.is_empty() { Self::Active } else { Self::Requested { waits_for } }
    }
}
