//! Rosters and exceptions as messages: what callers send, and what is stored as bytes, so that it evolves by protobuf.

use std::fmt::Display;

use fenliu_domain::day::{ClockTime, Day, Window};
use fenliu_domain::ids::AgentId;
use fenliu_domain::problem::{Problem, Violation};
use fenliu_domain::roster::{
    Assignment, Exception, MAX_VIOLATIONS, Plan, PlannedDay, Rotation, Shift, Template, Work,
};
use fenliu_domain::time::Timestamp;
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::accounts::v1::day_work;
use fenliu_proto::accounts::v1::roster_assignment;
use fenliu_proto::accounts::v1::roster_exception::Kind;
use fenliu_proto::convert::timestamp;

mod edit;
mod paths;
mod rendering;

#[cfg(test)]
mod tests;

pub(crate) use self::edit::{Edit, ROSTER_PATHS};
pub(crate) use self::paths::{in_exception, in_roster};
pub(crate) use self::rendering::{exception, roster, template};

/// The plan that a message means.
///
/// # Errors
/// Every field that means nothing, by paths such as `roster.assignments[3].dated.day`, up to [`MAX_VIOLATIONS`].
pub(crate) fn plan_of(roster: &proto::Roster) -> Result<Plan, Vec<Violation>> {
    let plan = stored_plan(roster)?;
    plan.validate().map_err(|problem| in_roster(problem.violations))?;
    Ok(plan)
}

/// The plan that stored bytes mean. It was checked when it was stored, by the rules of that time.
///
/// # Errors
/// Every field that cannot be read.
pub(crate) fn stored_plan(roster: &proto::Roster) -> Result<Plan, Vec<Violation>> {
    let mut reader = Reader::default();
    let plan = reader.plan(roster);
    reader.finish()?;
    Ok(plan)
}

/// Templates by themselves, as an import brings some along; `path` is where they stand.
///
/// # Errors
/// Every field that means nothing.
pub(crate) fn templates_of(
    path: &str,
    templates: &[proto::ShiftTemplate],
) -> Result<Vec<Template>, Vec<Violation>> {
    let mut reader = Reader::default();
    let templates = templates.iter().enumerate();
    let templates = templates.filter_map(|(index, one)| reader.template(&format!("{path}[{index}]"), one));
    let templates = templates.collect();
    reader.finish()?;
    Ok(templates)
}

/// The exception that a message means.
///
/// # Errors
/// INVALID_REQUEST naming every field that means nothing.
pub(crate) fn exception_of(kind: &Kind) -> Result<Exception, Problem> {
    let exception = stored_exception(kind)?;
    exception.validate().map_err(|problem| Problem::invalid(in_exception(&exception, problem.violations)))?;
    Ok(exception)
}

/// The exception that stored bytes mean. It was checked when it was stored, by the rules of that time.
///
/// # Errors
/// INVALID_REQUEST naming every field that cannot be read.
pub(crate) fn stored_exception(kind: &Kind) -> Result<Exception, Problem> {
    let mut reader = Reader::default();
    let exception = reader.exception(kind);
    reader.finish().map_err(Problem::invalid)?;
    exception.ok_or_else(|| Problem::field("kind", "must be set"))
}

/// Reads field by field and remembers each that cannot be read.
#[derive(Default)]
struct Reader {
    violations: Vec<Violation>,
}

impl Reader {
    fn finish(self) -> Result<(), Vec<Violation>> {
        if self.violations.is_empty() { Ok(()) } else { Err(self.violations) }
    }

    fn take<T, E: Display>(&mut self, field: impl FnOnce() -> String, read: Result<T, E>) -> Option<T> {
        if let Err(error) = &read
            && self.violations.len() < MAX_VIOLATIONS
        {
            self.violations.push(Violation { field: field(), expected: error.to_string() });
        }
        read.ok()
    }

    fn plan(&mut self, roster: &proto::Roster) -> Plan {
        let templates = roster.templates.iter().enumerate();
        let templates: Vec<_> = templates
            .filter_map(|(index, one)| self.template(&format!("roster.templates[{index}]"), one))
            .collect();
        let rotations = roster.rotations.iter().map(|rotation| Rotation {
            name: rotation.name.clone(),
            days: rotation.days.iter().map(|day| day.templates.clone()).collect(),
        });
        let rotations = rotations.collect();
        let assignments = roster.assignments.iter().enumerate();
        let assignments = assignments.filter_map(|(index, one)| self.assignment(index, one)).collect();
        let min_on_duty = u32::try_from(roster.min_on_duty.max(1)).unwrap_or(1);
        Plan { templates, rotations, assignments, min_on_duty }
    }

    fn template(&mut self, path: &str, template: &proto::ShiftTemplate) -> Option<Template> {
        let shift = self.shift(&format!("{path}.shift"), template.shift.as_ref())?;
        Some(Template { name: template.name.clone(), shift })
    }

    fn shift(&mut self, path: &str, shift: Option<&proto::Shift>) -> Option<Shift> {
        let shift = self.take(|| path.to_owned(), shift.ok_or("must be set"))?;
        let start = self.clock(|| format!("{path}.start"), &shift.start);
        let end = self.clock(|| format!("{path}.end"), &shift.end);
        let mut breaks = Vec::with_capacity(shift.breaks.len());
        for (index, rest) in shift.breaks.iter().enumerate() {
            breaks.push(self.rest(&format!("{path}.breaks[{index}]"), rest)?);
        }
        let (start, end) = start.zip(end)?;
        Some(Shift { breaks, ..Shift::new(start, end) })
    }

    fn rest(&mut self, path: &str, rest: &proto::Break) -> Option<Window> {
        let start = self.clock(|| format!("{path}.start"), &rest.start);
        let end = self.clock(|| format!("{path}.end"), &rest.end);
        let (start, end) = start.zip(end)?;
        self.take(|| format!("{path}.end"), Window::new(start, end).ok_or("must differ from start"))
    }

    fn clock(&mut self, field: impl FnOnce() -> String, text: &str) -> Option<ClockTime> {
        self.take(field, text.parse())
    }

    fn day(&mut self, field: impl FnOnce() -> String, text: &str) -> Option<Day> {
        self.take(field, text.parse())
    }

    fn agent(&mut self, field: impl FnOnce() -> String, text: &str) -> Option<AgentId> {
        self.take(field, text.parse())
    }

    fn assignment(&mut self, index: usize, given: &proto::RosterAssignment) -> Option<Assignment> {
        let path = || format!("roster.assignments[{index}]");
        let agent = self.agent(|| format!("{}.agent_id", path()), &given.agent_id);
        match self.take(|| format!("{}.work", path()), given.work.as_ref().ok_or("must be set"))? {
            roster_assignment::Work::Rotating(work) => {
                let path = || format!("{}.rotating", path());
                let anchor = self.day(|| format!("{}.anchor_day", path()), &work.anchor_day);
                let first = self.day(|| format!("{}.first_day", path()), &work.first_day);
                let last = match work.last_day.as_str() {
                    "" => Some(None),
                    text => self.day(|| format!("{}.last_day", path()), text).map(Some),
                };
                let rotation = work.rotation.clone();
                let (((agent, anchor), first), last) = agent.zip(anchor).zip(first).zip(last)?;
                Some(Assignment::Rotating { agent, rotation, anchor, first, last })
            }
            roster_assignment::Work::Dated(dated) => {
                let path = format!("{}.dated", path());
                let day = self.day(|| format!("{path}.day"), &dated.day);
                let mut work = Vec::with_capacity(dated.work.len());
                for (index, one) in dated.work.iter().enumerate() {
                    work.push(self.work(&format!("{path}.work[{index}]"), one)?);
                }
                let (agent, day) = agent.zip(day)?;
                Some(Assignment::Dated { agent, day, work })
            }
        }
    }

    fn work(&mut self, path: &str, work: &proto::DayWork) -> Option<Work> {
        match self.take(|| path.to_owned(), work.kind.as_ref().ok_or("must be set"))? {
            day_work::Kind::Template(name) => Some(Work::Template(name.clone())),
            day_work::Kind::Shift(shift) => {
                self.shift(&format!("{path}.shift"), Some(shift)).map(Work::Shift)
            }
        }
    }

    fn exception(&mut self, kind: &Kind) -> Option<Exception> {
        match kind {
            Kind::Leave(leave) => {
                let agent = self.agent(|| "leave.agent_id".to_owned(), &leave.agent_id);
                let from = self.time("leave.start_time", leave.start_time.as_ref());
                let to = self.time("leave.end_time", leave.end_time.as_ref());
                let ((agent, from), to) = agent.zip(from).zip(to)?;
                Some(Exception::Leave { agent, from, to })
            }
            Kind::Swap(swap) => {
                let first = self.planned_day(("agent_id", &swap.agent_id), ("day", &swap.day));
                let second = self
                    .planned_day(("other_agent_id", &swap.other_agent_id), ("other_day", &swap.other_day));
                let (first, second) = first.zip(second)?;
                Some(Exception::Swap { first, second })
            }
            Kind::ExtraDuty(extra) => {
                let agent = self.agent(|| "extra_duty.agent_id".to_owned(), &extra.agent_id);
                let day = self.day(|| "extra_duty.day".to_owned(), &extra.day);
                let shift = self.shift("extra_duty.shift", extra.shift.as_ref());
                let ((agent, day), shift) = agent.zip(day).zip(shift)?;
                Some(Exception::ExtraDuty { agent, day, shift })
            }
        }
    }

    fn planned_day(&mut self, agent: (&str, &str), day: (&str, &str)) -> Option<PlannedDay> {
        let agent = self.agent(|| format!("swap.{}", agent.0), agent.1);
        let day = self.day(|| format!("swap.{}", day.0), day.1);
        agent.zip(day).map(|(agent, day)| PlannedDay { agent, day })
    }

    fn time(&mut self, field: &str, time: Option<&prost_types::Timestamp>) -> Option<Timestamp> {
        let time = self.take(|| field.to_owned(), time.ok_or("must be set"))?;
        let read = timestamp(time, field).map_err(|problem| {
            problem.violations.into_iter().next().map_or_else(String::new, |violation| violation.expected)
        });
        self.take(|| field.to_owned(), read)
    }
}
