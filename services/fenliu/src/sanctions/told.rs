//! Sanctions and violations in words, and for programs.

use fenliu_domain::day::Zone;
use fenliu_proto::accounts::v1::{LadderRung, Sanction, SanctionKind, SuggestSanctionResponse, Violation};
use fenliu_proto::convert::span;
use serde_json::{Value, json};

use crate::moments::{self, rfc3339, timestamp, to_the_minute};
use crate::people::People;
use crate::table::Table;

/// What a sanction makes of somebody, and until when: "muted until 2026-11-24 12:00".
pub(super) fn state(sanction: &Sanction, zone: Zone) -> anyhow::Result<String> {
    let what = participle(sanction.kind());
    if let Some(lifted) = &sanction.lift_time {
        let lifted = to_the_minute(timestamp(Some(lifted), "lift_time")?, zone);
        return Ok(format!("no longer {what}, lifted at {lifted}"));
    }
    Ok(match &sanction.end_time {
        None => format!("{what} until it is lifted"),
        Some(end) => {
            let end = to_the_minute(timestamp(Some(end), "end_time")?, zone);
            if sanction.in_force {
                format!("{what} until {end}")
            } else {
                format!("{what} no longer since {end}")
            }
        }
    })
}

/// A list of sanctions.
pub(super) fn table(sanctions: &[Sanction], people: &People, zone: Zone) -> anyhow::Result<String> {
    let mut table = Table::new(&["since", "agent", "what", "why", "evidence", "by", "sanction"]);
    for sanction in sanctions {
        table.row([
            to_the_minute(timestamp(sanction.start_time.as_ref(), "start_time")?, zone),
            people.full_name(&sanction.agent_id),
            state(sanction, zone)?,
            sanction.reason.clone(),
            sanction.evidence.clone(),
            people.name(&sanction.author),
            sanction.sanction_id.clone(),
        ]);
    }
    Ok(if table.is_empty() { "nobody is or was sanctioned\n".to_owned() } else { table.to_string() })
}

/// A list of violations.
pub(super) fn violations(violations: &[Violation], people: &People, zone: Zone) -> anyhow::Result<String> {
    let mut table = Table::new(&["when", "agent", "said", "conversation"]);
    for violation in violations {
        table.row([
            to_the_minute(timestamp(violation.time.as_ref(), "time")?, zone),
            people.full_name(&violation.agent_id),
            violation.words.join(", "),
            violation.conversation_id.clone(),
        ]);
    }
    Ok(if table.is_empty() {
        "nobody said what they should not have\n".to_owned()
    } else {
        table.to_string()
    })
}

/// What the ladder suggests, and the command that does it.
pub(super) fn suggestion(
    agent: &str,
    answer: &SuggestSanctionResponse,
    people: &People,
    zone: Zone,
) -> anyhow::Result<String> {
    let count = answer.violations;
    let Some(rung) = &answer.suggestion else {
        return Ok(format!("{agent}: {count} violations of late; the ladder suggests nothing\n"));
    };
    let (verb, length) = (verb(rung.kind()), length(rung)?);
    // In minutes the command line takes any length that the ladder has.
    let flag = length.map_or(String::new(), |length| format!(" --for {}m", length.micros() / 60_000_000));
    let listed = violations(&answer.evidence, people, zone)?;
    Ok(format!(
        "{agent}: {count} violations of late; the ladder suggests to {}\n\n{listed}\n\
         if you agree: fenliu sanction {verb} {agent} --reason \"{count} violations\"{flag}\n",
        rung_told(rung)?
    ))
}

/// What a rung suggests: "mute them for 12 h".
pub(super) fn rung_told(rung: &LadderRung) -> anyhow::Result<String> {
    let verb = verb(rung.kind());
    Ok(match length(rung)? {
        None => format!("{verb} them until it is lifted"),
        Some(length) => format!("{verb} them for {}", moments::told(length)),
    })
}

/// A sanction for a program.
pub(super) fn to_json(sanction: &Sanction) -> anyhow::Result<Value> {
    let time = |value: &Option<prost_types::Timestamp>, field| {
        value.as_ref().map(|value| timestamp(Some(value), field).map(rfc3339)).transpose()
    };
    Ok(json!({
        "sanction_id": sanction.sanction_id,
        "agent_id": sanction.agent_id,
        "kind": verb(sanction.kind()),
        "reason": sanction.reason,
        "evidence": sanction.evidence,
        "start_time": time(&sanction.start_time, "start_time")?,
        "end_time": time(&sanction.end_time, "end_time")?,
        "author": sanction.author,
        "lift_time": time(&sanction.lift_time, "lift_time")?,
        "lifted_by": sanction.lifted_by,
        "lift_reason": sanction.lift_reason,
        "in_force": sanction.in_force,
    }))
}

/// A violation for a program.
pub(super) fn violation_to_json(violation: &Violation) -> anyhow::Result<Value> {
    Ok(json!({
        "event_id": violation.event_id,
        "agent_id": violation.agent_id,
        "conversation_id": violation.conversation_id,
        "words": violation.words,
        "time": rfc3339(timestamp(violation.time.as_ref(), "time")?),
    }))
}

/// A rung for a program.
pub(super) fn rung_to_json(rung: &LadderRung) -> anyhow::Result<Value> {
    let seconds = length(rung)?.map(|length| length.micros() / 1_000_000);
    Ok(json!({ "violations": rung.violations, "kind": verb(rung.kind()), "duration_seconds": seconds }))
}

fn length(rung: &LadderRung) -> anyhow::Result<Option<fenliu_domain::time::Span>> {
    Ok(rung.duration.as_ref().map(|length| span(length, "duration")).transpose()?)
}

const fn verb(kind: SanctionKind) -> &'static str {
    match kind {
        SanctionKind::Ban => "ban",
        SanctionKind::Mute | SanctionKind::Unspecified => "mute",
    }
}

const fn participle(kind: SanctionKind) -> &'static str {
    match kind {
        SanctionKind::Ban => "banned",
        SanctionKind::Mute | SanctionKind::Unspecified => "muted",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Option<prost_types::Timestamp> {
        Some(prost_types::Timestamp { seconds, nanos: 0 })
    }

    fn sanction() -> Sanction {
        Sanction {
            sanction_id: "snc_1".into(),
            agent_id: "agt_1".into(),
            kind: SanctionKind::Mute.into(),
            reason: "rude".into(),
            start_time: at(1_795_500_000),
            end_time: at(1_795_543_200),
            in_force: true,
            ..Sanction::default()
        }
    }

    #[test]
    fn a_sanction_says_until_when() {
        let zone = Zone::parse("Asia/Shanghai").expect("a zone");
        let state = |sanction: &Sanction| state(sanction, zone).expect("told");
        assert_eq!(state(&sanction()), "muted until 2026-11-25 02:00");
        let open = Sanction { end_time: None, kind: SanctionKind::Ban.into(), ..sanction() };
        assert_eq!(state(&open), "banned until it is lifted");
        let over = Sanction { in_force: false, ..sanction() };
        assert_eq!(state(&over), "muted no longer since 2026-11-25 02:00");
        let lifted = Sanction { lift_time: at(1_795_503_600), in_force: false, ..sanction() };
        assert_eq!(state(&lifted), "no longer muted, lifted at 2026-11-24 15:00");
    }

    #[test]
    fn a_suggestion_comes_with_the_command_that_follows_it() {
        let evidence = Violation {
            agent_id: "agt_1".into(),
            words: vec!["滚".into()],
            conversation_id: "cnv_1".into(),
            time: at(1_795_500_000),
            ..Violation::default()
        };
        let rung = LadderRung {
            violations: 3,
            kind: SanctionKind::Mute.into(),
            duration: Some(prost_types::Duration { seconds: 43_200, nanos: 0 }),
        };
        let answer =
            SuggestSanctionResponse { violations: 3, suggestion: Some(rung), evidence: vec![evidence] };
        let zone = Zone::parse("Asia/Shanghai").expect("a zone");
        let told = |answer| suggestion("xiaohong", answer, &People::default(), zone).expect("told");
        insta::assert_snapshot!(told(&answer));
        let none = SuggestSanctionResponse { violations: 0, suggestion: None, evidence: Vec::new() };
        assert_eq!(told(&none), "xiaohong: 0 violations of late; the ladder suggests nothing\n");
    }
}
