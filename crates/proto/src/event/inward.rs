//! From the wire to the domain.

use fenliu_domain::desk::agent::{AgentEntry, Presence, Sanction};
use fenliu_domain::desk::conversation::Standing;
use fenliu_domain::desk::duty::{Duty, DutyState, DutyWindow};
use fenliu_domain::desk::event::{Event, Payload, RequestMark, Seq, Text, TransferTarget};
use fenliu_domain::desk::strategy::Score;
use fenliu_domain::ids::AgentId;
use fenliu_domain::problem::Problem;
use fenliu_domain::time::{Span, Timestamp};

use super::{policy, trace};
use crate::convert::{id, optional_id, span, timestamp};
use crate::history::v1;
use crate::history::v1::event::Payload as Wire;
use crate::words::Word;

pub(super) fn event(event: &v1::Event) -> Result<Event, Problem> {
    let wire = event
        .payload
        .as_ref()
        .ok_or_else(|| Problem::field("payload", "must be a kind this version knows"))?;
    Ok(Event {
        shop: id(&event.shop_id, "shop_id")?,
        seq: Seq(event.seq),
        id: id(&event.event_id, "event_id")?,
        predecessor: optional_id(&event.predecessor_id, "predecessor_id")?,
        occurred: time(event.occurred_time.as_ref(), "occurred_time")?,
        recorded: time(event.recorded_time.as_ref(), "recorded_time")?,
        conversation: optional_id(&event.conversation_id, "conversation_id")?,
        request: event.request.as_ref().map(mark).transpose()?.map(Box::new),
        traceparent: optional_text(&event.traceparent),
        payload: payload(wire)?,
    })
}

pub(super) fn mark(mark: &v1::RequestMark) -> Result<RequestMark, Problem> {
    let hash = mark.body_hash.as_slice();
    Ok(RequestMark {
        caller: text(&mark.caller),
        request_id: text(&mark.request_id),
        body_hash: hash.try_into().map_err(|_| Problem::field("request.body_hash", "must be 32 bytes"))?,
    })
}

pub(super) fn time(value: Option<&prost_types::Timestamp>, field: &str) -> Result<Timestamp, Problem> {
    timestamp(value.ok_or_else(|| Problem::field(field, "must be set"))?, field)
}

pub(super) fn optional_time(
    value: Option<&prost_types::Timestamp>,
    field: &str,
) -> Result<Option<Timestamp>, Problem> {
    value.map(|value| timestamp(value, field)).transpose()
}

pub(super) fn text(value: &str) -> Text {
    Text::from(value)
}

pub(super) fn optional_text(value: &str) -> Option<Text> {
    (!value.is_empty()).then(|| Text::from(value))
}

pub(super) fn small(value: u32, field: &str) -> Result<u8, Problem> {
    u8::try_from(value).map_err(|_| Problem::field(field, "must be at most 255"))
}

fn standing(stage: i32, agent: &str, position: u32) -> Result<Standing, Problem> {
    Ok(match v1::Stage::try_from(stage) {
        Ok(v1::Stage::Entered) => Standing::Entered,
        Ok(v1::Stage::Open) => Standing::Open,
        Ok(v1::Stage::WithRobot) => Standing::WithRobot,
        Ok(v1::Stage::Queued) => Standing::Queued { position },
        Ok(v1::Stage::Assigned) => Standing::Assigned { agent: id(agent, "agent_id")? },
        _ => return Err(Problem::field("stage", "must be a stage of an open conversation")),
    })
}

pub(super) fn entry(synced: &v1::AgentSynced) -> Result<(AgentId, AgentEntry), Problem> {
    let entry = AgentEntry {
        display_name: text(&synced.display_name),
        main_account: synced.main_account,
        groups: synced.groups.iter().map(|group| text(group)).collect(),
        capacity_ceiling: synced.capacity_ceiling,
        capacity_default: synced.capacity_default,
        unlimited: synced.unlimited,
        enabled: synced.enabled,
        weight: synced.weight,
        duty: synced.duty.as_ref().map(duty).transpose()?,
        sanction: synced.sanction.as_ref().map(sanction).transpose()?,
    };
    Ok((id(&synced.agent_id, "agent_id")?, entry))
}

fn duty(duty: &v1::Duty) -> Result<Duty, Problem> {
    let window = |window: &v1::DutyWindow| {
        Ok(DutyWindow {
            start: time(window.start_time.as_ref(), "duty.windows.start_time")?,
            end: time(window.end_time.as_ref(), "duty.windows.end_time")?,
        })
    };
    Ok(Duty {
        windows: duty.windows.iter().map(window).collect::<Result<_, Problem>>()?,
        through: time(duty.through_time.as_ref(), "duty.through_time")?,
    })
}

fn sanction(sanction: &v1::Sanction) -> Result<Sanction, Problem> {
    Ok(Sanction {
        kind: Word::parse(sanction.kind, "sanction.kind")?,
        until: optional_time(sanction.until_time.as_ref(), "sanction.until_time")?,
    })
}

pub(super) fn scores(scores: &[v1::GroupScore]) -> Vec<(Text, Score)> {
    let score = |of: &v1::GroupScore| {
        let score = Score { speed_permille: of.speed_permille, quality_permille: of.quality_permille };
        (text(&of.group), score)
    };
    scores.iter().map(score).collect()
}

/// What an agent becomes who winds down; unspecified = she does not.
pub(super) fn next(number: i32, field: &str) -> Result<Option<Presence>, Problem> {
    if number == 0 { Ok(None) } else { Word::parse(number, field).map(Some) }
}

/// How much longer than it has something counts as waiting.
pub(super) fn lift(age: Option<&prost_types::Duration>) -> Result<Span, Problem> {
    age.map_or(Ok(Span::ZERO), |age| span(age, "artificial_age_duration"))
}

pub(super) fn payload(wire: &Wire) -> Result<Payload, Problem> {
    Ok(match wire {
        Wire::PolicyChanged(e) => {
            let of = e.policy.as_ref().ok_or_else(|| Problem::field("policy", "must be set"))?;
            Payload::PolicyChanged { policy: Box::new(policy::from_proto(of)?) }
        }
        Wire::AgentSynced(e) => {
            let (agent, entry) = entry(e)?;
            Payload::AgentSynced { agent, entry: Box::new(entry) }
        }
        Wire::PresenceChanged(e) => Payload::PresenceChanged {
            agent: id(&e.agent_id, "agent_id")?,
            previous: Word::parse(e.previous, "previous")?,
            presence: Word::parse(e.presence, "presence")?,
            cause: Word::parse(e.cause, "cause")?,
        },
        Wire::CapacityChanged(e) => Payload::CapacityChanged {
            agent: id(&e.agent_id, "agent_id")?,
            previous: e.previous,
            capacity: e.capacity,
        },
        Wire::DutyChanged(e) => duty_changed(e)?,
        Wire::SanctionEnded(e) => {
            Payload::SanctionEnded { agent: id(&e.agent_id, "agent_id")?, kind: Word::parse(e.kind, "kind")? }
        }
        Wire::Assigned(e) => assigned(e)?,
        Wire::Queued(e) => queued(e)?,
        Wire::QueueLeft(e) => {
            Payload::QueueLeft { group: text(&e.group), reason: Word::parse(e.reason, "reason")? }
        }
        Wire::Transferred(e) => transferred(e).map(|(from, target)| Payload::Transferred { from, target })?,
        Wire::ChatEntered(e) => Payload::ChatEntered {
            buyer: text(&e.buyer_id),
            channel: text(&e.channel),
            standing: standing(e.stage, &e.agent_id, e.queue_position)?,
        },
        Wire::ConversationOpened(e) => conversation_opened(e)?,
        Wire::MessageReceived(e) => message_received(e)?,
        Wire::ReplySent(e) => reply_sent(e)?,
        Wire::LanguageFlagged(e) => language_flagged(e)?,
        Wire::QueueFull(e) => {
            Payload::QueueFull { group: text(&e.group), trace: trace::from_proto(e.trace.as_ref())? }
        }
        Wire::RequestNoted(_) => Payload::RequestNoted,
        Wire::Closed(e) => Payload::Closed {
            by: Word::parse(e.by, "by")?,
            agent: optional_id(&e.agent_id, "agent_id")?,
            reply_owed: e.reply_owed,
        },
        Wire::ReplyDue(e) => Payload::ReplyDue {
            step: small(e.step, "step")?,
            agent: optional_id(&e.agent_id, "agent_id")?,
            message: id(&e.message_id, "message_id")?,
            owed_since: time(e.owed_since_time.as_ref(), "owed_since_time")?,
        },
        Wire::HandedToHuman(e) => Payload::HandedToHuman { reason: Word::parse(e.reason, "reason")? },
        Wire::RingOpened(_)
        | Wire::TurnedLate(_)
        | Wire::TransferDeclined(_)
        | Wire::Reported(_)
        | Wire::Rated(_)
        | Wire::IdleRemarked(_)
        | Wire::WindingDown(_)
        | Wire::RampStepped(_)
        | Wire::BreakOverrun(_)
        | Wire::AgentScored(_) => course(wire)?,
    })
}

/// How conversations, and agents, go on without a word; the others are [`payload`]'s.
fn course(wire: &Wire) -> Result<Payload, Problem> {
    Ok(match wire {
        Wire::RingOpened(e) => Payload::RingOpened { ring: small(e.ring, "ring")? },
        Wire::TurnedLate(_) => Payload::TurnedLate,
        Wire::TransferDeclined(e) => Payload::TransferDeclined { agent: id(&e.agent_id, "agent_id")? },
        Wire::Reported(e) => Payload::Reported {
            agent: id(&e.agent_id, "agent_id")?,
            reason: Word::parse(e.reason, "reason")?,
        },
        Wire::Rated(e) => {
            Payload::Rated { agent: optional_id(&e.agent_id, "agent_id")?, stars: small(e.stars, "stars")? }
        }
        Wire::IdleRemarked(e) => Payload::IdleRemarked { agent: optional_id(&e.agent_id, "agent_id")? },
        Wire::WindingDown(e) => {
            Payload::WindingDown { agent: id(&e.agent_id, "agent_id")?, next: next(e.next, "next")? }
        }
        Wire::RampStepped(e) => Payload::RampStepped { agent: id(&e.agent_id, "agent_id")? },
        Wire::BreakOverrun(e) => Payload::BreakOverrun { agent: id(&e.agent_id, "agent_id")? },
        Wire::AgentScored(e) => {
            Payload::AgentScored { agent: id(&e.agent_id, "agent_id")?, scores: scores(&e.scores) }
        }
        _ => payload(wire)?,
    })
}

fn conversation_opened(e: &v1::ConversationOpened) -> Result<Payload, Problem> {
    let rule = small(e.rule, "rule")?;
    Ok(Payload::ConversationOpened {
        buyer: text(&e.buyer_id),
        channel: text(&e.channel),
        group: text(&e.group),
        priority: small(e.priority, "priority")?,
        reopened: e.reopened,
        with_robot: e.with_robot,
        rule: (rule > 0).then_some(rule),
        artificial_age: lift(e.artificial_age_duration.as_ref())?,
    })
}

fn duty_changed(e: &v1::DutyChanged) -> Result<Payload, Problem> {
    let until = optional_time(e.until_time.as_ref(), "until_time")?;
    let duty = DutyState { on_duty: e.on_duty, until };
    Ok(Payload::DutyChanged { agent: id(&e.agent_id, "agent_id")?, duty })
}

fn assigned(e: &v1::Assigned) -> Result<Payload, Problem> {
    Ok(Payload::Assigned {
        agent: id(&e.agent_id, "agent_id")?,
        previous: optional_id(&e.previous_agent_id, "previous_agent_id")?,
        reason: Word::parse(e.reason, "reason")?,
        ring: small(e.ring, "ring")?,
        rank: e.rank,
        trace: trace::from_proto(e.trace.as_ref())?,
    })
}

fn queued(e: &v1::Queued) -> Result<Payload, Problem> {
    Ok(Payload::Queued {
        group: text(&e.group),
        reason: Word::parse(e.reason, "reason")?,
        position: e.position,
        priority: small(e.priority, "priority")?,
        previous: optional_id(&e.previous_agent_id, "previous_agent_id")?,
        waiting_since: time(e.waiting_since_time.as_ref(), "waiting_since_time")?,
        trace: trace::from_proto(e.trace.as_ref())?,
    })
}

/// Who handed a conversation over, and where it was meant to go.
pub(super) fn transferred(e: &v1::Transferred) -> Result<(Option<AgentId>, TransferTarget), Problem> {
    let target = match &e.target {
        Some(v1::transferred::Target::ToAgentId(agent)) => TransferTarget::Agent(id(agent, "to_agent_id")?),
        Some(v1::transferred::Target::ToGroup(group)) => TransferTarget::Group(text(group)),
        None => return Err(Problem::field("target", "must be set")),
    };
    Ok((optional_id(&e.from_agent_id, "from_agent_id")?, target))
}

fn message_received(e: &v1::MessageReceived) -> Result<Payload, Problem> {
    Ok(Payload::MessageReceived {
        message: id(&e.message_id, "message_id")?,
        kind: Word::parse(e.kind, "kind")?,
        length: e.length,
        channel: text(&e.channel),
        external: optional_text(&e.external_message_id),
        standing: standing(e.stage, &e.agent_id, e.queue_position)?,
    })
}

fn language_flagged(e: &v1::LanguageFlagged) -> Result<Payload, Problem> {
    Ok(Payload::LanguageFlagged {
        agent: id(&e.agent_id, "agent_id")?,
        message: optional_id(&e.message_id, "message_id")?,
        words: e.words.iter().map(|word| text(word)).collect(),
        action: Word::parse(e.action, "action")?,
    })
}

fn reply_sent(e: &v1::ReplySent) -> Result<Payload, Problem> {
    Ok(Payload::ReplySent {
        message: id(&e.message_id, "message_id")?,
        actor: Word::parse(e.actor, "actor")?,
        agent: optional_id(&e.agent_id, "agent_id")?,
        kind: Word::parse(e.kind, "kind")?,
        length: e.length,
        small_talk: e.small_talk,
    })
}
