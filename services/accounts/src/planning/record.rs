//! What the audit log shows of rosters and exceptions. A roster's contents stay in its version; the log names it.

use fenliu_domain::roster::{Exception, Plan};
use serde_json::{Value, json};

use super::{Edition, Filed, party_name, status_word};

pub(super) fn plan(plan: &Plan) -> Value {
    json!({
        "templates": plan.templates.len(),
        "rotations": plan.rotations.len(),
        "assignments": plan.assignments.len(),
        "min_on_duty": plan.min_on_duty,
    })
}

pub(super) fn edition(edition: &Edition) -> Value {
    json!({
        "version": edition.version,
        "note": edition.note,
        "time_zone": edition.zone.name(),
    })
}

pub(super) fn filed(filed: &Filed) -> Value {
    json!({
        "what": what(&filed.exception),
        "state": status_word(&filed.status),
        "reason": filed.reason,
        "asked_by": party_name(filed.asked_by),
    })
}

fn what(exception: &Exception) -> Value {
    match exception {
        Exception::Leave { agent, from, to } => {
            json!({ "leave_of": agent.to_string(), "start_time": from.to_string(), "end_time": to.to_string() })
        }
        Exception::Swap { first, second } => json!({
            "swap_of": first.agent.to_string(), "day": first.day.to_string(),
            "with": second.agent.to_string(), "other_day": second.day.to_string(),
        }),
        Exception::ExtraDuty { agent, day, shift } => {
            json!({ "extra_duty_of": agent.to_string(), "day": day.to_string(), "shift": shift.to_string() })
        }
    }
}
