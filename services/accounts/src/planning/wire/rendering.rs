//! Plans and exceptions as messages.

use fenliu_domain::day::Day;
use fenliu_domain::roster::{Assignment, Exception, Plan, Rotation, Shift, Template, Work};
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::accounts::v1::roster_exception::Kind;
use fenliu_proto::accounts::v1::{day_work, roster_assignment};
use fenliu_proto::convert::to_timestamp;

/// A plan.
pub(crate) fn roster(plan: &Plan) -> proto::Roster {
    proto::Roster {
        templates: plan.templates.iter().map(template).collect(),
        rotations: plan.rotations.iter().map(rotation).collect(),
        assignments: plan.assignments.iter().map(assignment).collect(),
        min_on_duty: i32::try_from(plan.min_on_duty).unwrap_or(i32::MAX),
    }
}

/// A template.
pub(crate) fn template(template: &Template) -> proto::ShiftTemplate {
    proto::ShiftTemplate { name: template.name.clone(), shift: Some(shift(&template.shift)) }
}

/// A shift.
fn shift(shift: &Shift) -> proto::Shift {
    let breaks = shift
        .breaks
        .iter()
        .map(|rest| proto::Break { start: rest.start().to_string(), end: rest.end().to_string() });
    proto::Shift { start: shift.start.to_string(), end: shift.end.to_string(), breaks: breaks.collect() }
}

/// What an exception is.
pub(crate) fn exception(exception: &Exception) -> Kind {
    match exception {
        Exception::Leave { agent, from, to } => Kind::Leave(proto::Leave {
            agent_id: agent.to_string(),
            start_time: Some(to_timestamp(*from)),
            end_time: Some(to_timestamp(*to)),
        }),
        Exception::Swap { first, second } => Kind::Swap(proto::Swap {
            agent_id: first.agent.to_string(),
            day: first.day.to_string(),
            other_agent_id: second.agent.to_string(),
            other_day: second.day.to_string(),
        }),
        Exception::ExtraDuty { agent, day, shift: hours } => Kind::ExtraDuty(proto::ExtraDuty {
            agent_id: agent.to_string(),
            day: day.to_string(),
            shift: Some(shift(hours)),
        }),
    }
}

fn rotation(rotation: &Rotation) -> proto::Rotation {
    let days = rotation.days.iter().map(|templates| proto::RotationDay { templates: templates.clone() });
    proto::Rotation { name: rotation.name.clone(), days: days.collect() }
}

fn assignment(assignment: &Assignment) -> proto::RosterAssignment {
    let (agent, work) = match assignment {
        Assignment::Rotating { agent, rotation, anchor, first, last } => {
            let work = proto::RotatingWork {
                rotation: rotation.clone(),
                anchor_day: anchor.to_string(),
                first_day: first.to_string(),
                last_day: last.as_ref().map(Day::to_string).unwrap_or_default(),
            };
            (agent, roster_assignment::Work::Rotating(work))
        }
        Assignment::Dated { agent, day, work } => {
            let work = work.iter().map(day_work).collect();
            (agent, roster_assignment::Work::Dated(proto::DatedWork { day: day.to_string(), work }))
        }
    };
    proto::RosterAssignment { agent_id: agent.to_string(), work: Some(work) }
}

fn day_work(work: &Work) -> proto::DayWork {
    let kind = match work {
        Work::Template(name) => day_work::Kind::Template(name.clone()),
        Work::Shift(hours) => day_work::Kind::Shift(shift(hours)),
    };
    proto::DayWork { kind: Some(kind) }
}
