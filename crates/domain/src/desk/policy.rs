//! The rules one shop has chosen for its desk.

use super::event::Text;
use super::language::LanguagePolicy;
use super::strategy::Strategy;
use crate::problem::{Problem, Reason, Violation};
use crate::time::Span;

/// Most windows for the last agent.
pub const MAX_LAST_AGENT_WINDOWS: usize = 8;
/// Most steps of the reply-due alert.
pub const MAX_REPLY_DUE_STEPS: usize = 4;
/// Highest queue limit.
pub const MAX_QUEUE_LIMIT: u32 = 10_000;
/// Longest window for the last agent.
pub const MAX_LAST_AGENT_AGE: Span = Span::from_hours(30 * 24);

/// One shop's policy: a whole document, replaced as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The shop's zone and service window, which belong to accounts.
    pub hours: ShopHours,
    /// How an agent is chosen within a group.
    pub strategy: Strategy,
    /// For how long, and how firmly, a buyer goes back to the agent they know; ascending by age.
    pub last_agent_windows: Vec<LastAgentWindow>,
    /// What happens when no sub-account can take a conversation, in order; the queue comes last.
    pub fallbacks: Vec<Fallback>,
    /// Most conversations that may wait.
    pub queue_limit: u32,
    /// For how long after closing the same conversation is taken up again.
    pub reopen_window: Span,
    /// How long a reply may be owed before each alert; ascending.
    pub reply_due: Vec<Span>,
    /// How long heartbeats may be missing before an agent counts as offline.
    pub heartbeat_grace: Span,
    /// True = the robot answers first, and people after a hand-over.
    pub robot_first: bool,
    /// The words agents should not send, and what happens when they do.
    pub language: LanguagePolicy,
}

/// A shop's zone and service window, as accounts tells them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopHours {
    /// IANA time zone.
    pub time_zone: Text,
    /// Start of the service window, local HH:MM.
    pub service_start: Text,
    /// End of the service window, local HH:MM, not part of it.
    pub service_end: Text,
}

/// For how long, and how firmly, a buyer goes back to the agent they know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastAgentWindow {
    /// The window holds for buyers whose last contact is at most this old.
    pub max_age: Span,
    /// True = also when the agent is busy.
    pub even_when_busy: bool,
    /// True = also when the agent is saturated.
    pub ignore_capacity: bool,
}

/// What happens when no sub-account can take a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fallback {
    /// The main account gets it, if it is there, and hands it out.
    MainAccount,
    /// It waits.
    Queue,
}

impl Policy {
    /// The default policy of a shop with these hours: least saturated first; the last agent for a day even when
    /// busy and for three days when free; then the main account; then the queue.
    #[must_use]
    pub fn for_hours(hours: ShopHours) -> Self {
        let window = |hours, even_when_busy| LastAgentWindow {
            max_age: Span::from_hours(hours),
            even_when_busy,
            ignore_capacity: false,
        };
        Self {
            hours,
            strategy: Strategy::LeastSaturated,
            last_agent_windows: vec![window(24, true), window(72, false)],
            fallbacks: vec![Fallback::MainAccount, Fallback::Queue],
            queue_limit: 500,
            reopen_window: Span::from_mins(10),
            reply_due: vec![Span::from_secs(100)],
            heartbeat_grace: Span::from_secs(45),
            robot_first: false,
            language: LanguagePolicy::default(),
        }
    }

    /// Checks what the types cannot.
    ///
    /// # Errors
    /// POLICY_INVALID with one violation per field that is out of bounds.
    pub fn validate(&self) -> Result<(), Problem> {
        let mut violations = Vec::new();
        let mut ensure = |holds: bool, field: &str, expected: &str| {
            if !holds {
                violations.push(Violation { field: field.into(), expected: expected.into() });
            }
        };
        let windows = &self.last_agent_windows;
        ensure(
            windows.len() <= MAX_LAST_AGENT_WINDOWS
                && windows.is_sorted_by(|a, b| a.max_age < b.max_age)
                && windows.iter().all(|w| w.max_age > Span::ZERO && w.max_age <= MAX_LAST_AGENT_AGE),
            "last_agent_windows",
            "must be at most 8, ascending by max_age, each above zero and at most 30 days",
        );
        ensure(
            self.fallbacks.last() == Some(&Fallback::Queue)
                && self.fallbacks.iter().filter(|f| **f == Fallback::Queue).count() == 1
                && self.fallbacks.len() <= 2,
            "fallbacks",
            "must be the queue, or the main account and then the queue",
        );
        ensure(self.queue_limit <= MAX_QUEUE_LIMIT, "queue_limit", "must be at most 10000");
        ensure(
            self.reopen_window >= Span::ZERO && self.reopen_window <= Span::from_hours(24),
            "reopen_window_duration",
            "must be between 0 and 24 hours",
        );
        ensure(
            self.reply_due.len() <= MAX_REPLY_DUE_STEPS
                && self.reply_due.is_sorted_by(|a, b| a < b)
                && self.reply_due.iter().all(|s| *s > Span::ZERO && *s <= Span::from_hours(24)),
            "reply_due_durations",
            "must be at most 4, ascending, each above zero and at most 24 hours",
        );
        ensure(
            self.heartbeat_grace >= Span::from_secs(15) && self.heartbeat_grace <= Span::from_mins(10),
            "heartbeat_grace_duration",
            "must be between 15 seconds and 10 minutes",
        );
        violations.extend(self.language.violation());
        if violations.is_empty() {
            return Ok(());
        }
        Err(Problem { reason: Reason::PolicyInvalid, ..Problem::invalid(violations) })
    }

    /// The first window a last contact of this age falls into.
    #[must_use]
    pub fn last_agent_window(&self, age: Span) -> Option<LastAgentWindow> {
        self.last_agent_windows.iter().copied().find(|window| age <= window.max_age)
    }

    /// How long a buyer is remembered after their conversation closed.
    #[must_use]
    pub fn memory(&self) -> Span {
        let longest = self.last_agent_windows.last().map_or(Span::ZERO, |window| window.max_age);
        longest.max(self.reopen_window)
    }
}
