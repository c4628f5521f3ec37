//! What would happen: made-up or recorded buyers meet the production desk on a clock of its own.
//!
//! A [`Demand`] and a seed give [`Visit`]s: who comes when, with how much to say, and how long each answer takes. They are
//! drawn before anybody is routed. [`Scenario::run`] then lets a [`Reception`] (policy and staff) receive them: a course
//! of discrete events that drives [`crate::desk::Desk`] by its commands alone, the same desk that serves shops. It ends in
//! an [`Outcome`]: waits, abandonment, load, occupancy. Whoever watches the desk's events with a [`Recording`] gets the
//! conversations too, for any rule pack to judge. [`compare`] runs several receptions on the same visits and tells
//! their differences with intervals.
//!
//! How people behave here:
//! * Every arrival is a buyer of their own. They say something, wait for the answer, think, and say the next thing; the
//!   answer to their last message ends the conversation, at once.
//! * An agent answers the message that has waited longest first, one at a time, also while off duty, but
//!   not while offline. What they were answering when they went offline is begun anew by whoever gets it.
//! * A buyer no agent has had within their patience leaves; whoever has met an agent stays.
//! * Where the strategy gives nothing out, whoever has nothing to answer and room takes the next from the queue.
//! * Whose break begins finishes the answer they are at, and begins no other before it ends.
//! * Whose online window has ended goes, whatever the policy asks of who leaves.
//! * The main account, when it gets a conversation, answers it like anybody else.
//!
//! Invariants: no clock and no randomness but the seed; the same scenario, reception and seed give the same outcome;
//! visits do not depend on who receives them; arrivals = answered + abandoned + open.

mod chance;
mod compare;
mod course;
mod demand;
mod outcome;
mod recording;
#[cfg(test)]
mod tests;
mod worker;

pub(crate) use compare::student;
pub use compare::{Comparison, Interval, Measures, compare, compare_on};
pub use demand::{
    Arrival, Arrivals, Demand, Distribution, Kind, MAX_MESSAGES, MAX_TIME, MAX_VISITS, Message, Profile,
    SLOT, Visit,
};
pub use outcome::{AgentOutcome, Outcome, Sample, Summary, WaitSummary};
pub use recording::Recording;

use crate::desk::agent::AgentEntry;
use crate::desk::duty::DutyWindow;
use crate::desk::event::Event;
use crate::desk::policy::Policy;
use crate::ids::AgentId;
use crate::problem::{Problem, Violation};
use crate::time::{Span, Timestamp};

/// Most agents of one reception.
pub const MAX_STAFF: usize = 10_000;
/// Slowest speed of an agent; the fastest is its inverse.
pub const MIN_SPEED: f64 = 0.01;

/// What buyers come, and what of it is measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Who comes.
    pub demand: Demand,
    /// How long after the first arrival measuring begins: a desk that opens empty is not yet the desk of every day.
    pub warm_up: Span,
    /// When the course is broken off; `None` = when everybody has been answered or has left. Agents' time is then
    /// measured up to the last arrival.
    pub until: Option<Timestamp>,
}

/// Who receives buyers, and by which rules.
#[derive(Clone, Debug, PartialEq)]
pub struct Reception {
    /// What it is called in a comparison.
    pub name: String,
    /// The desk's policy.
    pub policy: Policy,
    /// The agents.
    pub staff: Vec<Staff>,
}

/// One agent of a reception.
#[derive(Clone, Debug, PartialEq)]
pub struct Staff {
    /// Their id; no two of a reception are the same.
    pub id: AgentId,
    /// What the directory says of them: groups, capacity, roster.
    pub entry: AgentEntry,
    /// Messages they answer in the time somebody of speed 1 answers one; [`MIN_SPEED`] to its inverse.
    pub speed: f64,
    /// When they are online, in order and apart; none = always. Whoever should wind down before leaving is off duty, by
    /// the roster of their entry, some time before.
    pub online: Vec<DutyWindow>,
    /// When they are on break, in order, apart, and while they are online. They begin no answer then, and finish the one
    /// they are at.
    pub breaks: Vec<DutyWindow>,
}

impl Scenario {
    /// Lets a reception receive the visits of a seed.
    ///
    /// # Errors
    /// INVALID_REQUEST naming the fields that are out of bounds; the desk's refusal of the policy or of an agent.
    pub fn run(&self, reception: &Reception, seed: u64) -> Result<Outcome, Problem> {
        self.receive(reception, &self.demand.visits(seed)?, &mut |_| {})
    }

    /// Lets a reception receive these visits, which are in the order they come. `watch` sees every event of the desk.
    ///
    /// # Errors
    /// INVALID_REQUEST naming the fields that are out of bounds; the desk's refusal of the policy or of an agent.
    pub fn receive(
        &self,
        reception: &Reception,
        visits: &[Visit],
        watch: &mut dyn FnMut(&Event),
    ) -> Result<Outcome, Problem> {
        reception.check()?;
        if !visits.is_sorted_by_key(|visit| visit.arrival.at) || visits.iter().any(|v| v.messages.is_empty())
        {
            return Err(Problem::field("visits", "must be in the order they come, each with a message"));
        }
        course::Course::open(self, reception, visits, watch)?.run()
    }
}

impl Reception {
    fn check(&self) -> Result<(), Problem> {
        let apart = |windows: &[DutyWindow]| {
            windows.iter().all(|window| window.start < window.end)
                && windows.is_sorted_by(|a, b| a.end < b.start)
        };
        let within = |staff: &Staff, rest: &DutyWindow| {
            staff.online.is_empty()
                || staff.online.iter().any(|shift| shift.start <= rest.start && rest.end < shift.end)
        };
        let rests =
            |staff: &Staff| apart(&staff.breaks) && staff.breaks.iter().all(|rest| within(staff, rest));
        let mut ids: Vec<_> = self.staff.iter().map(|staff| staff.id).collect();
        ids.sort_unstable();
        let fits = |staff: &Staff| (MIN_SPEED..=1.0 / MIN_SPEED).contains(&staff.speed);
        let checks = [
            (self.staff.len() <= MAX_STAFF, "staff", "must be at most 10000 agents"),
            (ids.is_sorted_by(|a, b| a < b), "staff.id", "must differ from agent to agent"),
            (self.staff.iter().all(fits), "staff.speed", "must be 0.01 to 100"),
            (
                self.staff.iter().all(|staff| apart(&staff.online)),
                "staff.online",
                "must be in order and apart, none of them empty",
            ),
            (
                self.staff.iter().all(rests),
                "staff.breaks",
                "must be in order, apart, and while they are online",
            ),
        ];
        let broken = checks.into_iter().filter(|(holds, ..)| !holds);
        let violations: Vec<_> = broken
            .map(|(_, field, expected)| Violation { field: field.into(), expected: expected.into() })
            .collect();
        if violations.is_empty() { Ok(()) } else { Err(Problem::invalid(violations)) }
    }
}
