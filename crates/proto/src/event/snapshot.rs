//! Desk snapshots in and out.

use std::collections::VecDeque;

use fenliu_domain::desk::agent::Ramping;
use fenliu_domain::desk::conversation::{Conversation, Handover, LastWord, Owed, Quiet, Stage};
use fenliu_domain::desk::duty::DutyState;
use fenliu_domain::desk::event::{Seq, Text};
use fenliu_domain::desk::memory::{DeliveryKey, Remembered, RequestKey};
use fenliu_domain::desk::pace::Pace;
use fenliu_domain::desk::queue::Ticket;
use fenliu_domain::desk::snapshot::{AgentState, Snapshot};
use fenliu_domain::desk::{Buyer, BuyerKey, ClosedConversation, Head};
use fenliu_domain::problem::Problem;
use fenliu_domain::time::Timestamp;

use super::{inward, outward, policy};
use crate::convert::{id, optional_id, timestamp, to_timestamp};
use crate::history::v1;
use crate::words::Word;

/// Renders a snapshot.
#[must_use]
pub fn to_proto(snapshot: &Snapshot) -> v1::DeskSnapshot {
    v1::DeskSnapshot {
        shop_id: snapshot.shop.to_string(),
        seq: snapshot.head.seq.0,
        event_id: snapshot.head.event.to_string(),
        desk_time: Some(to_timestamp(snapshot.now)),
        policy: Some(policy::to_proto(&snapshot.policy)),
        policy_seq: snapshot.policy_seq.0,
        agents: snapshot.agents.iter().map(agent).collect(),
        conversations: snapshot.conversations.iter().map(conversation).collect(),
        buyers: snapshot.buyers.iter().map(|(key, of)| buyer(key, of)).collect(),
        requests: snapshot.requests.iter().map(request).collect(),
        deliveries: snapshot.deliveries.iter().map(delivery).collect(),
        requests_forgotten: snapshot.requests_forgotten,
        deliveries_forgotten: snapshot.deliveries_forgotten,
        assignments: snapshot.assignments,
        turn: snapshot.turn,
        savable_in_a_row: snapshot.savable_in_a_row,
        paces: snapshot.pace.0.iter().map(pace).collect(),
    }
}

fn pace((group, times): (&Text, &VecDeque<Timestamp>)) -> v1::QueuePace {
    let admission_times = times.iter().copied().map(to_timestamp).collect();
    v1::QueuePace { group: group.to_string(), admission_times }
}

fn agent(agent: &AgentState) -> v1::AgentSnapshot {
    v1::AgentSnapshot {
        entry: Some(outward::entry(agent.id, &agent.entry)),
        presence: agent.presence.number(),
        capacity: agent.capacity,
        last_assigned: agent.last_assigned,
        off_duty: !agent.duty.on_duty,
        duty_until_time: agent.duty.until.map(to_timestamp),
        turn: agent.turn,
        idle_since_seq: agent.idle_since.0,
        scores: outward::scores(&agent.scores),
        next: agent.next.map_or(0, Word::number),
        break_end_time: agent.break_ends.map(to_timestamp),
        ramp_until_time: agent.ramping.map(|ramping| to_timestamp(ramping.until)),
        rest_until_time: agent.ramping.and_then(|ramping| ramping.rests).map(to_timestamp),
    }
}

fn conversation(of: &Conversation) -> v1::ConversationSnapshot {
    let (stage, ticket) = match of.stage {
        Stage::Entered | Stage::Kept(_) => (v1::Stage::Entered, None),
        Stage::Open => (v1::Stage::Open, None),
        Stage::WithRobot => (v1::Stage::WithRobot, None),
        Stage::Queued(ticket) => (v1::Stage::Queued, Some(ticket)),
        Stage::Assigned(_) => (v1::Stage::Assigned, None),
    };
    let handed_by = match of.handover {
        Handover::Over => None,
        Handover::Waiting(by) | Handover::Offered(by) => Some(by),
    };
    v1::ConversationSnapshot {
        conversation_id: of.id.to_string(),
        buyer_id: of.buyer.to_string(),
        channel: of.channel.to_string(),
        group: of.group.to_string(),
        priority: of.priority.into(),
        stage: stage.into(),
        agent_id: outward::optional(of.agent()),
        waiting_since_time: ticket.map(|ticket| to_timestamp(ticket.waiting_since)),
        queued_seq: ticket.map_or(0, |ticket| ticket.seq.0),
        open_time: Some(to_timestamp(of.opened)),
        owed_since_time: of.owed().map(|owed| to_timestamp(owed.since)),
        owed_message_id: of.owed().map(|owed| owed.message.to_string()).unwrap_or_default(),
        unanswered: of.owed().map_or(0, |owed| owed.count),
        reply_due_steps: of.owed().map_or(0, |owed| owed.steps_taken.into()),
        last_seq: of.last_seq.0,
        handed_by_agent_id: outward::optional(handed_by),
        late: ticket.is_some_and(|ticket| ticket.late),
        artificial_age_duration: outward::lift(of.artificial_age),
        ring: of.ring.into(),
        offered: matches!(of.handover, Handover::Offered(_)),
        left: of.left,
        reported: of.reported,
        quiet_since_time: of.quiet().map(|quiet| to_timestamp(quiet.since)),
        remarked: of.quiet().is_some_and(|quiet| quiet.remarked),
    }
}

fn buyer(key: &BuyerKey, of: &Buyer) -> v1::BuyerSnapshot {
    let closed = of.closed.as_ref();
    v1::BuyerSnapshot {
        buyer_id: key.buyer.to_string(),
        channel: key.channel.to_string(),
        open_conversation_id: of.open.map(|id| id.to_string()).unwrap_or_default(),
        closed_conversation_id: closed.map(|closed| closed.id.to_string()).unwrap_or_default(),
        closed_time: closed.map(|closed| to_timestamp(closed.at)),
        closed_agent_id: outward::optional(closed.and_then(|closed| closed.agent)),
        closed_group: closed.map(|closed| closed.group.to_string()).unwrap_or_default(),
        closed_priority: closed.map_or(0, |closed| closed.priority.into()),
        last_agent_id: outward::optional(of.last_agent.map(|(agent, _)| agent)),
        last_agent_time: of.last_agent.map(|(_, at)| to_timestamp(at)),
        expire_time: of.expires.map(to_timestamp),
    }
}

fn request((key, of): &(RequestKey, Remembered)) -> v1::RememberedRequest {
    v1::RememberedRequest {
        mark: Some(v1::RequestMark {
            caller: key.caller.to_string(),
            request_id: key.request_id.to_string(),
            body_hash: of.body_hash.to_vec(),
        }),
        first_seq: of.first.0,
        time: Some(to_timestamp(of.at)),
    }
}

fn delivery((key, of): &(DeliveryKey, Remembered)) -> v1::RememberedDelivery {
    v1::RememberedDelivery {
        channel: key.channel.to_string(),
        external_message_id: key.external.to_string(),
        first_seq: of.first.0,
        time: Some(to_timestamp(of.at)),
    }
}

/// Parses a stored snapshot.
///
/// # Errors
/// INVALID_REQUEST naming the field that cannot be read; for a stored snapshot that means corruption.
pub fn from_proto(snapshot: &v1::DeskSnapshot) -> Result<Snapshot, Problem> {
    let policy = snapshot.policy.as_ref().ok_or_else(|| missing("policy"))?;
    Ok(Snapshot {
        shop: id(&snapshot.shop_id, "shop_id")?,
        head: Head { seq: Seq(snapshot.seq), event: id(&snapshot.event_id, "event_id")? },
        now: inward::time(snapshot.desk_time.as_ref(), "desk_time")?,
        policy: policy::from_proto(policy)?,
        policy_seq: Seq(snapshot.policy_seq),
        agents: snapshot.agents.iter().map(parse_agent).collect::<Result<_, _>>()?,
        conversations: snapshot.conversations.iter().map(parse_conversation).collect::<Result<_, _>>()?,
        buyers: snapshot
            .buyers
            .iter()
            .map(|buyer| Ok((buyer_key(buyer), parse_buyer(buyer)?)))
            .collect::<Result<_, Problem>>()?,
        requests: snapshot.requests.iter().map(parse_request).collect::<Result<_, _>>()?,
        deliveries: snapshot.deliveries.iter().map(parse_delivery).collect::<Result<_, _>>()?,
        requests_forgotten: snapshot.requests_forgotten,
        deliveries_forgotten: snapshot.deliveries_forgotten,
        assignments: snapshot.assignments,
        turn: snapshot.turn,
        savable_in_a_row: snapshot.savable_in_a_row,
        pace: parse_pace(&snapshot.paces)?,
    })
}

fn parse_pace(paces: &[v1::QueuePace]) -> Result<Pace, Problem> {
    let times = |pace: &v1::QueuePace| {
        let times = pace.admission_times.iter().map(|time| timestamp(time, "paces.admission_times"));
        Ok((inward::text(&pace.group), times.collect::<Result<_, Problem>>()?))
    };
    paces.iter().map(times).collect::<Result<_, Problem>>().map(Pace)
}

fn missing(field: &str) -> Problem {
    Problem::field(field, "must be set")
}

fn parse_agent(agent: &v1::AgentSnapshot) -> Result<AgentState, Problem> {
    let (id, entry) = inward::entry(agent.entry.as_ref().ok_or_else(|| missing("agents.entry"))?)?;
    let until = inward::optional_time(agent.duty_until_time.as_ref(), "agents.duty_until_time")?;
    Ok(AgentState {
        id,
        entry,
        presence: Word::parse(agent.presence, "agents.presence")?,
        capacity: agent.capacity,
        last_assigned: agent.last_assigned,
        duty: DutyState { on_duty: !agent.off_duty, until },
        turn: agent.turn,
        idle_since: Seq(agent.idle_since_seq),
        scores: inward::scores(&agent.scores),
        next: inward::next(agent.next, "agents.next")?,
        break_ends: inward::optional_time(agent.break_end_time.as_ref(), "agents.break_end_time")?,
        ramping: parse_ramping(agent)?,
    })
}

fn parse_ramping(agent: &v1::AgentSnapshot) -> Result<Option<Ramping>, Problem> {
    let until = inward::optional_time(agent.ramp_until_time.as_ref(), "agents.ramp_until_time")?;
    let rests = inward::optional_time(agent.rest_until_time.as_ref(), "agents.rest_until_time")?;
    Ok(until.map(|until| Ramping { until, rests }))
}

fn parse_conversation(of: &v1::ConversationSnapshot) -> Result<Conversation, Problem> {
    let priority = inward::small(of.priority, "conversations.priority")?;
    let handed_by = optional_id(&of.handed_by_agent_id, "conversations.handed_by_agent_id")?;
    let stage = match v1::Stage::try_from(of.stage) {
        Ok(v1::Stage::Entered) => {
            optional_id(&of.agent_id, "conversations.agent_id")?.map_or(Stage::Entered, Stage::Kept)
        }
        Ok(v1::Stage::Open) => Stage::Open,
        Ok(v1::Stage::WithRobot) => Stage::WithRobot,
        Ok(v1::Stage::Queued) => Stage::Queued(Ticket {
            priority,
            late: of.late,
            waiting_since: inward::time(of.waiting_since_time.as_ref(), "conversations.waiting_since_time")?,
            seq: Seq(of.queued_seq),
        }),
        Ok(v1::Stage::Assigned) => Stage::Assigned(id(&of.agent_id, "conversations.agent_id")?),
        _ => return Err(Problem::field("conversations.stage", "must be a stage of an open conversation")),
    };
    Ok(Conversation {
        id: id(&of.conversation_id, "conversations.conversation_id")?,
        buyer: inward::text(&of.buyer_id),
        channel: inward::text(&of.channel),
        group: inward::text(&of.group),
        priority,
        stage,
        opened: inward::time(of.open_time.as_ref(), "conversations.open_time")?,
        last_word: last_word(of)?,
        artificial_age: inward::lift(of.artificial_age_duration.as_ref())?,
        ring: inward::small(of.ring, "conversations.ring")?.max(1),
        handover: match handed_by {
            Some(by) if of.offered => Handover::Offered(by),
            // Somebody has it: releases before this one kept the name until the next hand-over.
            Some(by) if !matches!(stage, Stage::Assigned(_)) => Handover::Waiting(by),
            _ => Handover::Over,
        },
        left: of.left,
        reported: of.reported,
        last_seq: Seq(of.last_seq),
    })
}

fn last_word(of: &v1::ConversationSnapshot) -> Result<LastWord, Problem> {
    let Some(since) = of.owed_since_time.as_ref() else {
        let quiet = inward::optional_time(of.quiet_since_time.as_ref(), "conversations.quiet_since_time")?;
        let shop = |since| LastWord::Shop(Quiet { since, remarked: of.remarked });
        return Ok(quiet.map_or(LastWord::Nobody, shop));
    };
    Ok(LastWord::Buyer(Owed {
        since: timestamp(since, "conversations.owed_since_time")?,
        message: id(&of.owed_message_id, "conversations.owed_message_id")?,
        count: of.unanswered,
        steps_taken: inward::small(of.reply_due_steps, "conversations.reply_due_steps")?,
    }))
}

fn buyer_key(of: &v1::BuyerSnapshot) -> BuyerKey {
    BuyerKey { channel: inward::text(&of.channel), buyer: inward::text(&of.buyer_id) }
}

fn parse_buyer(of: &v1::BuyerSnapshot) -> Result<Buyer, Problem> {
    let closed = optional_id(&of.closed_conversation_id, "buyers.closed_conversation_id")?;
    let closed = match closed {
        None => None,
        Some(id) => Some(Box::new(ClosedConversation {
            id,
            at: inward::time(of.closed_time.as_ref(), "buyers.closed_time")?,
            agent: optional_id(&of.closed_agent_id, "buyers.closed_agent_id")?,
            group: inward::text(&of.closed_group),
            priority: inward::small(of.closed_priority, "buyers.closed_priority")?,
        })),
    };
    Ok(Buyer {
        open: optional_id(&of.open_conversation_id, "buyers.open_conversation_id")?,
        closed,
        last_agent: optional_id(&of.last_agent_id, "buyers.last_agent_id")?
            .zip(inward::optional_time(of.last_agent_time.as_ref(), "buyers.last_agent_time")?),
        expires: inward::optional_time(of.expire_time.as_ref(), "buyers.expire_time")?,
    })
}

fn parse_request(of: &v1::RememberedRequest) -> Result<(RequestKey, Remembered), Problem> {
    let mark = inward::mark(of.mark.as_ref().ok_or_else(|| missing("requests.mark"))?)?;
    let at = inward::time(of.time.as_ref(), "requests.time")?;
    let remembered = Remembered { first: Seq(of.first_seq), body_hash: mark.body_hash, at };
    Ok((RequestKey { caller: mark.caller, request_id: mark.request_id }, remembered))
}

fn parse_delivery(of: &v1::RememberedDelivery) -> Result<(DeliveryKey, Remembered), Problem> {
    let key =
        DeliveryKey { channel: inward::text(&of.channel), external: inward::text(&of.external_message_id) };
    let at = inward::time(of.time.as_ref(), "deliveries.time")?;
    Ok((key, Remembered { first: Seq(of.first_seq), body_hash: [0; 32], at }))
}
