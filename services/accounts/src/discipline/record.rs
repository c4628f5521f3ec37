//! What the audit log shows of sanctions and ladders.

use fenliu_domain::time::Timestamp;
use serde_json::{Value, json};

use super::{Ladder, Sanction};
use crate::binding::{InForce, SanctionKind};

const fn word(kind: SanctionKind) -> &'static str {
    match kind {
        SanctionKind::Mute => "mute",
        SanctionKind::Ban => "ban",
    }
}

fn end(end: Option<Timestamp>) -> Value {
    json!(end.map(|end| end.to_string()))
}

pub(super) fn sanction(sanction: &Sanction) -> Value {
    json!({
        "sanction_id": sanction.id.to_string(),
        "kind": word(sanction.kind),
        "reason": sanction.reason,
        "evidence": sanction.evidence,
        "end_time": end(sanction.end),
        "lift_reason": sanction.lifted.as_ref().map(|lifted| &lifted.reason),
    })
}

pub(super) fn in_force(sanction: InForce) -> Value {
    json!({ "kind": word(sanction.kind), "end_time": end(sanction.end) })
}

pub(super) fn ladder(ladder: &Ladder) -> Value {
    let rungs = ladder.rungs.iter().map(|rung| {
        json!({
            "violations": rung.violations,
            "kind": word(rung.kind),
            "seconds": rung.length.map(|length| length.micros() / 1_000_000),
        })
    });
    json!({ "window_days": ladder.window_days, "rungs": rungs.collect::<Vec<_>>() })
}
