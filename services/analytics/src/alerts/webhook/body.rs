//! What is sent: one change of one alert, in JSON.

use fenliu_domain::alert::{Detail, Kind, Proposal, Quiet, Remedy, Severity, What};
use fenliu_domain::ids::ShopId;
use fenliu_domain::problem::Problem;
use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::alert::from_alert;
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::convert::timestamp;
use fenliu_proto::words::Word;
use serde_json::{Value, json};

/// The body that tells of a change. Times are in RFC 3339, spans in seconds.
pub(super) fn of(shop: ShopId, change: &proto::AlertChange) -> String {
    let event = What::parse(change.event, "event").map_or("unknown", event);
    let alert = change.alert.clone().unwrap_or_default();
    json!({
        "shop_id": shop.to_string(),
        "position": change.position,
        "event": event,
        "time": change.time.as_ref().and_then(|time| timestamp(time, "time").ok()).map(text),
        // What was stored reads; should it not, the change is told all the same.
        "alert": read(alert).unwrap_or(Value::Null),
    })
    .to_string()
}

fn read(alert: proto::Alert) -> Result<Value, Problem> {
    let alert = from_alert(alert)?;
    Ok(json!({
        "number": alert.number,
        "kind": Kind::name(alert.topic.kind),
        "subject": alert.topic.subject,
        "severity": severity(alert.severity),
        "raised_time": text(alert.raised_at),
        "updated_time": text(alert.updated_at),
        "resolved_time": alert.resolved_at.map(text),
        "quiet": alert.quiet.map(quiet),
        "detail": detail(&alert.detail),
    }))
}

fn detail(detail: &Detail) -> Value {
    match detail {
        Detail::Queue { waiting, oldest } => json!({ "waiting": waiting, "oldest_time": text(*oldest) }),
        Detail::Saturation { load, places, waiting, proposals } => json!({
            "load": load,
            "places": places,
            "waiting": waiting,
            "proposals": all(proposals),
        }),
        Detail::Nobody { waiting, proposals } => json!({ "waiting": waiting, "proposals": all(proposals) }),
        Detail::LastAgent { agent, leaving, until, proposals } => json!({
            "agent_id": agent,
            "leaving": leaving,
            "shift_end_time": until.map(text),
            "proposals": all(proposals),
        }),
        Detail::Turn { agent, asked_at, due } => {
            json!({ "agent_id": agent, "asked_time": text(*asked_at), "due_time": text(*due) })
        }
        Detail::Burn { short, long, target } => json!({
            "short_counted": short.counted(),
            "short_missed": short.misses(),
            "long_counted": long.counted(),
            "long_missed": long.misses(),
            "target_basis_points": target,
        }),
        Detail::Standing { consequence, first, free_from } => json!({
            "consequence": consequence.name(),
            "began_date": first.to_string(),
            "recovery_date": free_from.to_string(),
        }),
        Detail::Lag { behind } => json!({ "behind_seconds": seconds(*behind) }),
    }
}

fn all(proposals: &[Proposal]) -> Vec<Value> {
    let one = |proposal: &Proposal| json!({ "agent_id": proposal.agent, "remedy": remedy(proposal.what), "places": proposal.places });
    proposals.iter().map(one).collect()
}

const fn event(what: What) -> &'static str {
    match what {
        What::Raised => "raised",
        What::Updated => "updated",
        What::Resolved => "resolved",
    }
}

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    }
}

const fn quiet(quiet: Quiet) -> &'static str {
    match quiet {
        Quiet::Silenced => "silenced",
        Quiet::Crowded => "crowded",
    }
}

const fn remedy(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::EndBreak => "end_break",
        Remedy::EndBusy => "end_busy",
        Remedy::StayOn => "stay_on",
        Remedy::ComeOnline => "come_online",
        Remedy::RaiseCapacity => "raise_capacity",
    }
}

fn text(at: Timestamp) -> String {
    at.to_string()
}

const fn seconds(span: Span) -> i64 {
    span.micros() / 1_000_000
}
