//! Alerts: what somebody should hear of now, said once, and taken back when it is over.
//!
//! [`Floor`] is how a shop stands right now, folded from what its history says of agents and conversations. [`seen`] looks
//! at it at some moment and names what is the case, as [`Seen`]: each [`Topic`] (a kind of alert and what it is about)
//! with its [`Detail`]. [`Machine::tick`] takes that in at every tick of a clock and answers with [`Change`]s: alerts
//! raised, updated and resolved. How long something must be the case before it is raised, and be over before it is
//! resolved, how often it is told anew and how many are told in a while are data: [`Rules`].
//!
//! Invariants: of one topic at most one alert is open; what comes and goes within the times of its rule is raised at most
//! once; changes are numbered from 1 without a hole; a kind that is silenced, or of which too much was told, is recorded
//! and not told, save that what was told before is taken back; the same ticks with the same things seen give the same changes, in one process or in several that hand
//! their [`Memory`] on. What is not known is neither raised nor resolved.

use crate::budget::Units;
use crate::day::Day;
use crate::standing;
use crate::time::{Span, Timestamp};

mod floor;
mod machine;
mod rules;
mod sight;
#[cfg(test)]
mod tests;

pub use floor::{Agent, Floor, Hours, Talk, Word};
pub use machine::{Machine, Memory, Open, Silence};
pub use rules::{KindRules, Rules};
pub use sight::{MOST_PROPOSALS, Seen, seen};

/// Most alerts of one kind that are open at once. What comes beyond waits until one is resolved.
pub const MOST_OPEN: usize = 100;

/// What an alert can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Buyers wait in the queue in service hours.
    QueueWaiting,
    /// Everybody who is there holds as many conversations as they may.
    Saturated,
    /// The shop serves and nobody is on duty.
    NobodyOnDuty,
    /// One is left on duty, or the only one is about to leave.
    LastAgent,
    /// An answer is due soon.
    TurnAtRisk,
    /// The day's error budget goes too fast.
    BudgetBurn,
    /// The marketplace's consequences have changed.
    StandingChanged,
    /// What analytics knows is no longer of this moment.
    FollowerLag,
}

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Somebody should look.
    Warning,
    /// Somebody should act.
    Critical,
}

/// What an alert is about: of each there is at most one open.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic {
    /// Of which kind.
    pub kind: Kind,
    /// What of that kind: a conversation, a pair of windows, a consequence; empty where there is one of a kind only.
    pub subject: String,
}

/// What is the case, in figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Of [`Kind::QueueWaiting`].
    Queue {
        /// Conversations that wait.
        waiting: u32,
        /// Since when the one that waits longest waits.
        oldest: Timestamp,
    },
    /// Of [`Kind::Saturated`].
    Saturation {
        /// Conversations held by those who are there and have a limit.
        load: u32,
        /// How many they may hold.
        places: u32,
        /// Conversations that wait.
        waiting: u32,
        /// What would help, best first; at most [`MOST_PROPOSALS`].
        proposals: Vec<Proposal>,
    },
    /// Of [`Kind::NobodyOnDuty`].
    Nobody {
        /// Conversations that wait.
        waiting: u32,
        /// Who could come, best first; at most [`MOST_PROPOSALS`].
        proposals: Vec<Proposal>,
    },
    /// Of [`Kind::LastAgent`].
    LastAgent {
        /// Who is left.
        agent: String,
        /// Whether they take nobody new any more, to be away when the last conversation has ended.
        leaving: bool,
        /// When their shift ends; `None` = no end of it is known.
        until: Option<Timestamp>,
        /// Who could come, best first; at most [`MOST_PROPOSALS`].
        proposals: Vec<Proposal>,
    },
    /// Of [`Kind::TurnAtRisk`].
    Turn {
        /// Who holds the conversation; empty when nobody does.
        agent: String,
        /// The question that the limit runs from.
        asked_at: Timestamp,
        /// The last moment an answer is in time.
        due: Timestamp,
    },
    /// Of [`Kind::BudgetBurn`].
    Burn {
        /// The units of the short window.
        short: Units,
        /// The units of the long window.
        long: Units,
        /// The target in basis points.
        target: u32,
    },
    /// Of [`Kind::StandingChanged`].
    Standing {
        /// What is in force.
        consequence: standing::Kind,
        /// The first day it held.
        first: Day,
        /// The earliest day without it; the first itself for what falls due once.
        free_from: Day,
    },
    /// Of [`Kind::FollowerLag`].
    Lag {
        /// How old what is known is, in whole seconds.
        behind: Span,
    },
}

/// Something that would make room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Who.
    pub agent: String,
    /// What they, or somebody for them, would have to do.
    pub what: Remedy,
    /// How many more conversations that would make room for; `None` = no limit.
    pub places: Option<u32>,
}

/// What makes room, in the order in which it is proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Remedy {
    /// End a break.
    EndBreak,
    /// Stop being busy.
    EndBusy,
    /// Go on instead of winding down.
    StayOn,
    /// Come online: they are on duty and offline.
    ComeOnline,
    /// Hold more conversations at once; their ceiling allows it.
    RaiseCapacity,
}

/// Why something is recorded and not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quiet {
    /// Its kind was silenced.
    Silenced,
    /// Too many of its kind were told lately.
    Crowded,
}

/// One alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its number in the shop: the position of the change that raised it.
    pub number: u64,
    /// What it is about.
    pub topic: Topic,
    /// How much it matters.
    pub severity: Severity,
    /// What is the case, as last told or recorded.
    pub detail: Detail,
    /// When it was raised.
    pub raised_at: Timestamp,
    /// When the detail was last recorded.
    pub updated_at: Timestamp,
    /// When it was over; `None` = it is open.
    pub resolved_at: Option<Timestamp>,
    /// Why nobody was told of it; `None` = they were.
    pub quiet: Option<Quiet>,
}

/// What became of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// It is new.
    Raised,
    /// Its figures are others, or it is told of only now.
    Updated,
    /// It is over.
    Resolved,
}

/// One change of one alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its place among the shop's changes, from 1.
    pub position: u64,
    /// What became of it.
    pub what: What,
    /// When.
    pub at: Timestamp,
    /// Whether it is to be told.
    pub told: bool,
    /// The alert as it is after that.
    pub alert: Alert,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::QueueWaiting,
        Self::Saturated,
        Self::NobodyOnDuty,
        Self::LastAgent,
        Self::TurnAtRisk,
        Self::BudgetBurn,
        Self::StandingChanged,
        Self::FollowerLag,
    ];

    /// Its name in configuration, SQL and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::QueueWaiting => "queue_waiting",
            Self::Saturated => "saturated",
            Self::NobodyOnDuty => "nobody_on_duty",
            Self::LastAgent => "last_agent",
            Self::TurnAtRisk => "turn_at_risk",
            Self::BudgetBurn => "budget_burn",
            Self::StandingChanged => "standing_changed",
            Self::FollowerLag => "follower_lag",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl Topic {
    /// This of this kind.
    #[must_use]
    pub fn new(kind: Kind, subject: impl Into<String>) -> Self {
        Self { kind, subject: subject.into() }
    }
}
