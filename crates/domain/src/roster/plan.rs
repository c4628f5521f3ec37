//! The plan: what a supervisor drafts and publishes.

use crate::day::Day;
use crate::ids::AgentId;
use crate::roster::shift::{Shift, Template};

/// Most templates of a plan.
pub const MAX_TEMPLATES: usize = 64;
/// Most rotations of a plan.
pub const MAX_ROTATIONS: usize = 64;
/// Most assignments of a plan.
pub const MAX_ASSIGNMENTS: usize = 10_000;
/// Longest cycle of a rotation, in days: eight weeks.
pub const MAX_CYCLE_DAYS: usize = 56;
/// Most shifts one entry gives an agent on one day.
pub const MAX_WORK_PER_DAY: usize = 4;
/// Most agents a plan may ask to be on duty at once.
pub const MAX_MIN_ON_DUTY: u32 = 1_000;

/// A roster, 排班, as it is drafted and published; [`Plan::validate`] says whether it makes sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The named shifts, at most [`MAX_TEMPLATES`].
    pub templates: Vec<Template>,
    /// The cycles, at most [`MAX_ROTATIONS`].
    pub rotations: Vec<Rotation>,
    /// Who works what, at most [`MAX_ASSIGNMENTS`].
    pub assignments: Vec<Assignment>,
    /// How many must be on duty inside the service window, 1 to [`MAX_MIN_ON_DUTY`].
    pub min_on_duty: u32,
}

/// A cycle of days with the shifts of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// Under the same rules as a template's name, unique among the plan's rotations.
    pub name: String,
    /// For each day of the cycle, 1 to [`MAX_CYCLE_DAYS`], the names of the templates worked: none (a day off) to
    /// [`MAX_WORK_PER_DAY`].
    pub days: Vec<Vec<String>>,
}

/// Who works what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assignment {
    /// An agent works a rotation. One who has several works all of them.
    Rotating {
        /// Who.
        agent: AgentId,
        /// The rotation's name.
        rotation: String,
        /// A day that is the first of the cycle; the cycle runs from there in both directions.
        anchor: Day,
        /// The first day it holds.
        first: Day,
        /// The last day it holds; `None` = until further notice.
        last: Option<Day>,
    },
    /// What an agent works on one day, instead of whatever rotations say.
    Dated {
        /// Who.
        agent: AgentId,
        /// The local day the work begins on; at most one entry for each agent and day.
        day: Day,
        /// The shifts, at most [`MAX_WORK_PER_DAY`]; none = off.
        work: Vec<Work>,
    },
}

/// One shift of a dated entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Work {
    /// The template of this name.
    Template(String),
    /// These hours.
    Shift(Shift),
}

impl Default for Plan {
    /// Nobody works, and one should be on duty.
    fn default() -> Self {
        Self { templates: Vec::new(), rotations: Vec::new(), assignments: Vec::new(), min_on_duty: 1 }
    }
}

impl Assignment {
    /// Whose it is.
    #[must_use]
    pub const fn agent(&self) -> AgentId {
        match self {
            Self::Rotating { agent, .. } | Self::Dated { agent, .. } => *agent,
        }
    }
}
