//! What a policy must hold that its types do not say.

use super::{
    Fallback, MAX_LAST_AGENT_AGE, MAX_LAST_AGENT_WINDOWS, MAX_PRE_ASSIGN, MAX_QUEUE_LIMIT,
    MAX_REPLY_DUE_STEPS, MAX_RINGS, MIN_PRE_ASSIGN, Policy, QueueOrder, rule,
};
use crate::desk::strategy::{NEUTRAL_PERMILLE, Strategy};
use crate::problem::{Problem, Reason, Violation};
use crate::time::Span;

/// Longest that anything of a policy waits.
const LONGEST: Span = Span::from_hours(24);

/// What is wrong, field by field.
#[derive(Default)]
struct Findings(Vec<Violation>);

impl Findings {
    fn ensure(&mut self, holds: bool, field: &str, expected: &str) {
        if !holds {
            self.0.push(Violation { field: field.to_owned(), expected: expected.to_owned() });
        }
    }
}

impl Policy {
    /// Checks what the types cannot.
    ///
    /// # Errors
    /// POLICY_INVALID with one violation per field that is out of bounds.
    pub fn validate(&self) -> Result<(), Problem> {
        let mut findings = Findings::default();
        self.validate_routing(&mut findings);
        self.validate_queue(&mut findings);
        self.validate_times(&mut findings);
        findings.0.extend(rule::violations(&self.routing_rules));
        findings.0.extend(self.language.violation());
        if findings.0.is_empty() {
            return Ok(());
        }
        Err(Problem { reason: Reason::PolicyInvalid, ..Problem::invalid(findings.0) })
    }

    fn validate_routing(&self, findings: &mut Findings) {
        let modest = match self.strategy {
            Strategy::LeastUnanswered { open_permille } => open_permille <= NEUTRAL_PERMILLE,
            _ => true,
        };
        findings.ensure(modest, "open_permille", "must be at most 1000");
        let windows = &self.last_agent_windows;
        findings.ensure(
            windows.len() <= MAX_LAST_AGENT_WINDOWS
                && windows.is_sorted_by(|a, b| a.max_age < b.max_age)
                && windows.iter().all(|w| w.max_age > Span::ZERO && w.max_age <= MAX_LAST_AGENT_AGE),
            "last_agent_windows",
            "must be at most 8, ascending by max_age, each above zero and at most 30 days",
        );
        let rings = &self.rings;
        let apart = |place: usize| {
            let ring = &rings[place];
            let before = rings[..place].iter().filter(|other| other.group == ring.group);
            ring.helper != ring.group
                && ring.after >= Span::ZERO
                && ring.after <= LONGEST
                && before.clone().all(|other| other.helper != ring.helper && other.after <= ring.after)
        };
        findings.ensure(
            rings.len() <= MAX_RINGS && (0..rings.len()).all(apart),
            "rings",
            "must be at most 64; those of one group in order of after, of at most 24 hours, each with another helper",
        );
    }

    fn validate_queue(&self, findings: &mut Findings) {
        let fallbacks = &self.fallbacks;
        let once = |fallback: Fallback| fallbacks.iter().filter(|known| **known == fallback).count() <= 1;
        let queue_is_last = fallbacks.iter().rev().skip(1).all(|fallback| *fallback != Fallback::Queue);
        findings.ensure(
            !fallbacks.is_empty()
                && queue_is_last
                && [Fallback::MainAccount, Fallback::LeaveMessage, Fallback::Queue].into_iter().all(once),
            "fallbacks",
            "must name main_account, leave_message and queue at most once each, and the queue last",
        );
        findings.ensure(self.queue_limit <= MAX_QUEUE_LIMIT, "queue_limit", "must be at most 10000");
        let ordered = match self.order {
            QueueOrder::FirstCome => true,
            QueueOrder::SavableFirst { limit, late_every } => {
                limit > Span::ZERO && limit <= LONGEST && (2..=100).contains(&late_every)
            }
        };
        findings.ensure(
            ordered,
            "savable_first",
            "must have a limit above zero and of at most 24 hours, and take a late one every 2 to 100 admissions",
        );
    }

    fn validate_times(&self, findings: &mut Findings) {
        let within = |span: Span, least: Span, most: Span| span >= least && span <= most;
        findings.ensure(
            within(self.reopen_window, Span::ZERO, LONGEST),
            "reopen_window_duration",
            "must be between 0 and 24 hours",
        );
        findings.ensure(
            self.reply_due.len() <= MAX_REPLY_DUE_STEPS
                && self.reply_due.is_sorted_by(|a, b| a < b)
                && self.reply_due.iter().all(|step| *step > Span::ZERO && *step <= LONGEST),
            "reply_due_durations",
            "must be at most 4, ascending, each above zero and at most 24 hours",
        );
        findings.ensure(
            within(self.heartbeat_grace, Span::from_secs(15), Span::from_mins(10)),
            "heartbeat_grace_duration",
            "must be between 15 seconds and 10 minutes",
        );
        let idle = self.idle.is_none_or(|idle| {
            idle.remark_after > Span::ZERO
                && idle.remark_after < idle.close_after
                && idle.close_after <= LONGEST
        });
        findings.ensure(idle, "idle", "must remark before it closes, and close within 24 hours");
        findings.ensure(
            self.break_limit.is_none_or(|limit| within(limit, Span::from_mins(1), LONGEST)),
            "break_limit_duration",
            "must be between 1 minute and 24 hours",
        );
        findings.ensure(
            self.pre_assign.is_none_or(|kept| within(kept, MIN_PRE_ASSIGN, MAX_PRE_ASSIGN)),
            "pre_assign_duration",
            "must be between 10 seconds and 1 hour",
        );
        let ramp = self.ramp.is_none_or(|ramp| {
            within(ramp.every, Span::from_secs(1), Span::from_mins(10))
                && within(ramp.lasts, Span::from_secs(1), Span::from_hours(1))
                && ramp.queue_over <= MAX_QUEUE_LIMIT
        });
        findings.ensure(
            ramp,
            "ramp",
            "must give one in 1 second to 10 minutes, for at most an hour, when at most 10000 wait",
        );
    }
}
