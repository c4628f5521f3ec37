//! Alerts in and out: as callers see them, and as analytics keeps them.

use fenliu_domain::alert::{
    Alert, Change, Detail, Kind, Proposal, Quiet, Remedy, Severity, Silence, Topic, What,
};
use fenliu_domain::budget::Units;
use fenliu_domain::day::Day;
use fenliu_domain::problem::Problem;
use fenliu_domain::standing;
use fenliu_domain::time::Timestamp;

use crate::analytics::v1 as proto;
use crate::analytics::v1::alert::Detail as ProtoDetail;
use crate::convert::{span, timestamp, to_span, to_timestamp};
use crate::words::Word;

impl Word for Kind {
    const TABLE: &'static [(Self, i32)] = &[
        (Self::QueueWaiting, proto::AlertKind::QueueWaiting as i32),
        (Self::Saturated, proto::AlertKind::Saturated as i32),
        (Self::NobodyOnDuty, proto::AlertKind::NobodyOnDuty as i32),
        (Self::LastAgent, proto::AlertKind::LastAgent as i32),
        (Self::TurnAtRisk, proto::AlertKind::TurnAtRisk as i32),
        (Self::BudgetBurn, proto::AlertKind::BudgetBurn as i32),
        (Self::StandingChanged, proto::AlertKind::StandingChanged as i32),
        (Self::FollowerLag, proto::AlertKind::FollowerLag as i32),
    ];
}

impl Word for Severity {
    const TABLE: &'static [(Self, i32)] = &[
        (Self::Warning, proto::AlertSeverity::Warning as i32),
        (Self::Critical, proto::AlertSeverity::Critical as i32),
    ];
}

impl Word for Quiet {
    const TABLE: &'static [(Self, i32)] = &[
        (Self::Silenced, proto::QuietReason::Silenced as i32),
        (Self::Crowded, proto::QuietReason::Crowded as i32),
    ];
}

impl Word for What {
    const TABLE: &'static [(Self, i32)] = &[
        (Self::Raised, proto::AlertEvent::Raised as i32),
        (Self::Updated, proto::AlertEvent::Updated as i32),
        (Self::Resolved, proto::AlertEvent::Resolved as i32),
    ];
}

impl Word for Remedy {
    const TABLE: &'static [(Self, i32)] = &[
        (Self::EndBreak, proto::Remedy::EndBreak as i32),
        (Self::EndBusy, proto::Remedy::EndBusy as i32),
        (Self::StayOn, proto::Remedy::StayOn as i32),
        (Self::ComeOnline, proto::Remedy::ComeOnline as i32),
        (Self::RaiseCapacity, proto::Remedy::RaiseCapacity as i32),
    ];
}

impl Word for standing::Kind {
    const TABLE: &'static [(Self, i32)] = &[
        (Self::Enforced, proto::Consequence::Enforced as i32),
        (Self::Restricted, proto::Consequence::Restricted as i32),
        (Self::ResourceSlot, proto::Consequence::ResourceSlot as i32),
        (Self::BlackRoom, proto::Consequence::BlackRoom as i32),
        (Self::Fine, proto::Consequence::FineDue as i32),
    ];
}

/// Renders a change.
#[must_use]
pub fn to_change(change: &Change) -> proto::AlertChange {
    proto::AlertChange {
        position: i64::try_from(change.position).unwrap_or(i64::MAX),
        event: change.what.number(),
        time: Some(to_timestamp(change.at)),
        alert: Some(to_alert(&change.alert)),
    }
}

/// Renders an alert.
#[must_use]
pub fn to_alert(alert: &Alert) -> proto::Alert {
    proto::Alert {
        number: alert.number,
        kind: alert.topic.kind.number(),
        subject: alert.topic.subject.clone(),
        severity: alert.severity.number(),
        raised_time: Some(to_timestamp(alert.raised_at)),
        updated_time: Some(to_timestamp(alert.updated_at)),
        resolved_time: alert.resolved_at.map(to_timestamp),
        quiet: alert.quiet.map_or(0, Word::number),
        detail: Some(to_detail(&alert.detail)),
    }
}

/// Renders the silence of a kind.
#[must_use]
pub fn to_silence(kind: Kind, silence: &Silence) -> proto::AlertSilence {
    proto::AlertSilence {
        kind: kind.number(),
        start_time: Some(to_timestamp(silence.since)),
        end_time: Some(to_timestamp(silence.until)),
        by: silence.by.clone(),
        reason: silence.reason.clone(),
    }
}

/// Parses an alert that was kept.
///
/// # Errors
/// INVALID_REQUEST naming the field that cannot be read; for a stored alert that means corruption.
pub fn from_alert(alert: proto::Alert) -> Result<Alert, Problem> {
    let time = |time: Option<prost_types::Timestamp>, field: &str| moment(time.as_ref(), field);
    let quiet = (alert.quiet != 0).then(|| Quiet::parse(alert.quiet, "quiet")).transpose()?;
    let resolved = alert.resolved_time.as_ref();
    Ok(Alert {
        number: alert.number,
        topic: Topic::new(Kind::parse(alert.kind, "kind")?, alert.subject),
        severity: Severity::parse(alert.severity, "severity")?,
        detail: from_detail(alert.detail)?,
        raised_at: time(alert.raised_time, "raised_time")?,
        updated_at: time(alert.updated_time, "updated_time")?,
        resolved_at: resolved.map(|time| timestamp(time, "resolved_time")).transpose()?,
        quiet,
    })
}

fn moment(time: Option<&prost_types::Timestamp>, field: &str) -> Result<Timestamp, Problem> {
    timestamp(time.ok_or_else(|| Problem::field(field, "must be set"))?, field)
}

fn day(text: &str, field: &str) -> Result<Day, Problem> {
    text.parse().map_err(|_| Problem::field(field, "must be a date such as 2026-05-04"))
}

fn to_detail(detail: &Detail) -> ProtoDetail {
    match detail {
        Detail::Queue { waiting, oldest } => {
            let oldest_time = Some(to_timestamp(*oldest));
            ProtoDetail::Queue(proto::QueueDetail { waiting: *waiting, oldest_time })
        }
        Detail::Saturation { load, places, waiting, proposals } => {
            ProtoDetail::Saturation(proto::SaturationDetail {
                load: *load,
                places: *places,
                waiting: *waiting,
                proposals: to_proposals(proposals),
            })
        }
        Detail::Nobody { waiting, proposals } => {
            ProtoDetail::Nobody(proto::NobodyDetail { waiting: *waiting, proposals: to_proposals(proposals) })
        }
        Detail::LastAgent { agent, leaving, until, proposals } => {
            ProtoDetail::LastAgent(proto::LastAgentDetail {
                agent_id: agent.clone(),
                leaving: *leaving,
                shift_end_time: until.map(to_timestamp),
                proposals: to_proposals(proposals),
            })
        }
        Detail::Turn { agent, asked_at, due } => ProtoDetail::Turn(proto::TurnDetail {
            agent_id: agent.clone(),
            asked_time: Some(to_timestamp(*asked_at)),
            due_time: Some(to_timestamp(*due)),
        }),
        Detail::Burn { short, long, target } => ProtoDetail::Burn(to_burn(*short, *long, *target)),
        Detail::Standing { consequence, first, free_from } => ProtoDetail::Standing(proto::StandingDetail {
            consequence: consequence.number(),
            began_date: first.to_string(),
            recovery_date: free_from.to_string(),
        }),
        Detail::Lag { behind } => {
            ProtoDetail::Lag(proto::LagDetail { behind_duration: Some(to_span(*behind)) })
        }
    }
}

const fn to_burn(short: Units, long: Units, target: u32) -> proto::BurnDetail {
    proto::BurnDetail {
        short_counted: short.counted(),
        short_missed: short.misses(),
        long_counted: long.counted(),
        long_missed: long.misses(),
        target_basis_points: target,
    }
}

fn to_proposals(proposals: &[Proposal]) -> Vec<proto::Proposal> {
    let render = |proposal: &Proposal| proto::Proposal {
        agent_id: proposal.agent.clone(),
        remedy: proposal.what.number(),
        places: proposal.places,
    };
    proposals.iter().map(render).collect()
}

fn from_detail(detail: Option<ProtoDetail>) -> Result<Detail, Problem> {
    Ok(match detail.ok_or_else(|| Problem::field("detail", "must be set"))? {
        ProtoDetail::Queue(queue) => Detail::Queue {
            waiting: queue.waiting,
            oldest: moment(queue.oldest_time.as_ref(), "queue.oldest_time")?,
        },
        ProtoDetail::Saturation(full) => Detail::Saturation {
            load: full.load,
            places: full.places,
            waiting: full.waiting,
            proposals: from_proposals(full.proposals)?,
        },
        ProtoDetail::Nobody(nobody) => {
            Detail::Nobody { waiting: nobody.waiting, proposals: from_proposals(nobody.proposals)? }
        }
        ProtoDetail::LastAgent(last) => {
            let until = last.shift_end_time.as_ref();
            Detail::LastAgent {
                agent: last.agent_id,
                leaving: last.leaving,
                until: until.map(|time| timestamp(time, "last_agent.shift_end_time")).transpose()?,
                proposals: from_proposals(last.proposals)?,
            }
        }
        ProtoDetail::Turn(turn) => Detail::Turn {
            agent: turn.agent_id,
            asked_at: moment(turn.asked_time.as_ref(), "turn.asked_time")?,
            due: moment(turn.due_time.as_ref(), "turn.due_time")?,
        },
        ProtoDetail::Burn(burn) => Detail::Burn {
            short: Units::new(burn.short_counted, burn.short_missed),
            long: Units::new(burn.long_counted, burn.long_missed),
            target: burn.target_basis_points,
        },
        ProtoDetail::Standing(standing) => Detail::Standing {
            consequence: standing::Kind::parse(standing.consequence, "standing.consequence")?,
            first: day(&standing.began_date, "standing.began_date")?,
            free_from: day(&standing.recovery_date, "standing.recovery_date")?,
        },
        ProtoDetail::Lag(lag) => {
            Detail::Lag { behind: span(&lag.behind_duration.unwrap_or_default(), "lag.behind_duration")? }
        }
    })
}

fn from_proposals(proposals: Vec<proto::Proposal>) -> Result<Vec<Proposal>, Problem> {
    let read = |proposal: proto::Proposal| {
        let what = Remedy::parse(proposal.remedy, "proposals.remedy")?;
        Ok(Proposal { agent: proposal.agent_id, what, places: proposal.places })
    };
    proposals.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use fenliu_domain::time::Span;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros_clamped(1_777_867_200_000_000) + Span::from_secs(seconds)
    }

    #[test]
    fn every_alert_reads_back_as_it_was() {
        let first = Day::new(2026, 5, 4).expect("a date");
        let of = |what, places| Proposal { agent: "agt_1".into(), what, places };
        let proposals: Vec<_> =
            Remedy::TABLE.iter().map(|(what, number)| of(*what, Some(number.unsigned_abs()))).collect();
        let unlimited = vec![of(Remedy::StayOn, None)];
        let (agent, units) = ("agt_2".to_owned(), Units::new);
        let mut details = vec![
            Detail::Queue { waiting: 3, oldest: at(0) },
            Detail::Saturation { load: 4, places: 3, waiting: 2, proposals },
            Detail::Nobody { waiting: 0, proposals: unlimited.clone() },
            Detail::LastAgent { agent: agent.clone(), leaving: true, until: None, proposals: unlimited },
            Detail::LastAgent { agent: agent.clone(), leaving: false, until: Some(at(9)), proposals: vec![] },
            Detail::Turn { agent, asked_at: at(1), due: at(2) },
            Detail::Burn { short: units(2, 1), long: units(5, 3), target: 8_500 },
            Detail::Lag { behind: Span::from_secs(31) },
        ];
        let standing = |kind| Detail::Standing { consequence: kind, first, free_from: first.plus(3) };
        details.extend(standing::Kind::ALL.map(standing));
        for (number, detail) in (1_u16..).zip(details) {
            let resolved_at = (number % 2 == 0).then(|| at(70));
            let quiet = [None, Some(Quiet::Silenced), Some(Quiet::Crowded)][usize::from(number) % 3];
            let kind = Kind::ALL[usize::from(number) % Kind::ALL.len()];
            let alert = Alert {
                number: number.into(),
                topic: Topic::new(kind, "what it is about"),
                severity: if number % 2 == 0 { Severity::Critical } else { Severity::Warning },
                detail,
                raised_at: at(5),
                updated_at: at(6),
                resolved_at,
                quiet,
            };
            assert_eq!(from_alert(to_alert(&alert)), Ok(alert));
        }
    }

    #[test]
    fn an_alert_without_figures_is_none() {
        let alert = proto::Alert { kind: 1, severity: 1, ..Default::default() };
        assert!(from_alert(alert).is_err());
    }
}
