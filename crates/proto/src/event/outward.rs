//! From the domain to the wire.

use fenliu_domain::desk::agent::{AgentEntry, Sanction};
use fenliu_domain::desk::conversation::Standing;
use fenliu_domain::desk::duty::{Duty, DutyWindow};
use fenliu_domain::desk::event::{Event, Payload, RequestMark, Text, TransferTarget};
use fenliu_domain::desk::strategy::Score;
use fenliu_domain::ids::AgentId;
use fenliu_domain::time::Span;

use super::{policy, trace};
use crate::convert::{to_span, to_timestamp};
use crate::history::v1;
use crate::history::v1::event::Payload as Wire;
use crate::words::Word;

pub(super) fn event(event: &Event) -> v1::Event {
    v1::Event {
        shop_id: event.shop.to_string(),
        seq: event.seq.0,
        event_id: event.id.to_string(),
        predecessor_id: event.predecessor.map(|id| id.to_string()).unwrap_or_default(),
        occurred_time: Some(to_timestamp(event.occurred)),
        recorded_time: Some(to_timestamp(event.recorded)),
        conversation_id: event.conversation.map(|id| id.to_string()).unwrap_or_default(),
        request: event.request.as_deref().map(mark),
        traceparent: event.traceparent.as_deref().unwrap_or_default().to_owned(),
        payload: Some(payload(&event.payload)),
    }
}

pub(super) fn mark(mark: &RequestMark) -> v1::RequestMark {
    v1::RequestMark {
        caller: mark.caller.to_string(),
        request_id: mark.request_id.to_string(),
        body_hash: mark.body_hash.to_vec(),
    }
}

pub(super) fn optional(agent: Option<AgentId>) -> String {
    agent.map(|id| id.to_string()).unwrap_or_default()
}

/// Stage, agent and queue position of a standing.
pub(super) fn standing(standing: Standing) -> (i32, String, u32) {
    let stage = match standing {
        Standing::Entered => v1::Stage::Entered,
        Standing::Open => v1::Stage::Open,
        Standing::WithRobot => v1::Stage::WithRobot,
        Standing::Queued { position } => return (v1::Stage::Queued.into(), String::new(), position),
        Standing::Assigned { agent } => return (v1::Stage::Assigned.into(), agent.to_string(), 0),
    };
    (stage.into(), String::new(), 0)
}

pub(super) fn entry(agent: AgentId, entry: &AgentEntry) -> v1::AgentSynced {
    v1::AgentSynced {
        agent_id: agent.to_string(),
        display_name: entry.display_name.to_string(),
        main_account: entry.main_account,
        groups: entry.groups.iter().map(ToString::to_string).collect(),
        capacity_ceiling: entry.capacity_ceiling,
        capacity_default: entry.capacity_default,
        unlimited: entry.unlimited,
        enabled: entry.enabled,
        weight: entry.weight,
        duty: entry.duty.as_ref().map(duty),
        sanction: entry.sanction.map(sanction),
    }
}

fn duty(duty: &Duty) -> v1::Duty {
    let window = |window: &DutyWindow| v1::DutyWindow {
        start_time: Some(to_timestamp(window.start)),
        end_time: Some(to_timestamp(window.end)),
    };
    v1::Duty {
        windows: duty.windows.iter().map(window).collect(),
        through_time: Some(to_timestamp(duty.through)),
    }
}

fn sanction(sanction: Sanction) -> v1::Sanction {
    v1::Sanction { kind: sanction.kind.number(), until_time: sanction.until.map(to_timestamp) }
}

pub(super) fn scores(scores: &[(Text, Score)]) -> Vec<v1::GroupScore> {
    let score = |(group, score): &(Text, Score)| v1::GroupScore {
        group: group.to_string(),
        speed_permille: score.speed_permille,
        quality_permille: score.quality_permille,
    };
    scores.iter().map(score).collect()
}

/// Who handed a conversation over, and where it was meant to go.
pub(super) fn transferred(from: Option<AgentId>, target: &TransferTarget) -> v1::Transferred {
    v1::Transferred {
        from_agent_id: optional(from),
        target: Some(match target {
            TransferTarget::Agent(agent) => v1::transferred::Target::ToAgentId(agent.to_string()),
            TransferTarget::Group(group) => v1::transferred::Target::ToGroup(group.to_string()),
        }),
    }
}

/// How much longer than it has something counts as waiting; nothing is not rendered.
pub(super) fn lift(age: Span) -> Option<prost_types::Duration> {
    (age > Span::ZERO).then(|| to_span(age))
}

fn payload(payload: &Payload) -> Wire {
    match payload {
        Payload::PolicyChanged { policy } => {
            Wire::PolicyChanged(v1::PolicyChanged { policy: Some(policy::to_proto(policy)) })
        }
        Payload::Assigned { agent, previous, reason, ring, rank, trace: of } => {
            Wire::Assigned(v1::Assigned {
                agent_id: agent.to_string(),
                previous_agent_id: optional(*previous),
                reason: reason.number(),
                ring: (*ring).into(),
                rank: *rank,
                trace: Some(trace::to_proto(of)),
            })
        }
        Payload::Queued { group, reason, position, priority, previous, waiting_since, trace: of } => {
            Wire::Queued(v1::Queued {
                group: group.to_string(),
                reason: reason.number(),
                position: *position,
                priority: (*priority).into(),
                previous_agent_id: optional(*previous),
                trace: Some(trace::to_proto(of)),
                waiting_since_time: Some(to_timestamp(*waiting_since)),
            })
        }
        Payload::QueueLeft { group, reason } => {
            Wire::QueueLeft(v1::QueueLeft { group: group.to_string(), reason: reason.number() })
        }
        Payload::Transferred { from, target } => Wire::Transferred(transferred(*from, target)),
        Payload::QueueFull { group, trace: of } => {
            Wire::QueueFull(v1::QueueFull { group: group.to_string(), trace: Some(trace::to_proto(of)) })
        }
        Payload::RequestNoted => Wire::RequestNoted(v1::RequestNoted {}),
        Payload::AgentSynced { .. }
        | Payload::PresenceChanged { .. }
        | Payload::CapacityChanged { .. }
        | Payload::DutyChanged { .. }
        | Payload::SanctionEnded { .. }
        | Payload::AgentScored { .. }
        | Payload::WindingDown { .. }
        | Payload::RampStepped { .. }
        | Payload::BreakOverrun { .. }
        | Payload::LanguageFlagged { .. } => agent(payload),
        _ => conversation(payload),
    }
}

/// What happens to agents, and what they say that they should not; the others are [`payload`]'s.
fn agent(of: &Payload) -> Wire {
    match of {
        Payload::AgentSynced { agent, entry: of } => Wire::AgentSynced(entry(*agent, of)),
        Payload::PresenceChanged { agent, previous, presence, cause } => {
            Wire::PresenceChanged(v1::PresenceChanged {
                agent_id: agent.to_string(),
                previous: previous.number(),
                presence: presence.number(),
                cause: cause.number(),
            })
        }
        Payload::CapacityChanged { agent, previous, capacity } => {
            Wire::CapacityChanged(v1::CapacityChanged {
                agent_id: agent.to_string(),
                previous: *previous,
                capacity: *capacity,
            })
        }
        Payload::DutyChanged { agent, duty } => Wire::DutyChanged(v1::DutyChanged {
            agent_id: agent.to_string(),
            on_duty: duty.on_duty,
            until_time: duty.until.map(to_timestamp),
        }),
        Payload::SanctionEnded { agent, kind } => {
            Wire::SanctionEnded(v1::SanctionEnded { agent_id: agent.to_string(), kind: kind.number() })
        }
        Payload::LanguageFlagged { agent, message, words, action } => {
            Wire::LanguageFlagged(v1::LanguageFlagged {
                agent_id: agent.to_string(),
                message_id: message.map(|id| id.to_string()).unwrap_or_default(),
                words: words.iter().map(ToString::to_string).collect(),
                action: action.number(),
            })
        }
        Payload::AgentScored { agent, scores: of } => {
            Wire::AgentScored(v1::AgentScored { agent_id: agent.to_string(), scores: scores(of) })
        }
        Payload::WindingDown { agent, next } => Wire::WindingDown(v1::WindingDown {
            agent_id: agent.to_string(),
            next: next.map_or(0, Word::number),
        }),
        Payload::RampStepped { agent } => Wire::RampStepped(v1::RampStepped { agent_id: agent.to_string() }),
        Payload::BreakOverrun { agent } => {
            Wire::BreakOverrun(v1::BreakOverrun { agent_id: agent.to_string() })
        }
        _ => payload(of),
    }
}

fn entered(buyer: &str, channel: &str, at: Standing) -> Wire {
    let (stage, agent_id, queue_position) = standing(at);
    Wire::ChatEntered(v1::ChatEntered {
        buyer_id: buyer.to_owned(),
        channel: channel.to_owned(),
        stage,
        agent_id,
        queue_position,
    })
}

/// What happens in conversations. The kinds that [`payload`] renders itself are named, so that a new kind must be
/// put somewhere.
fn conversation(of: &Payload) -> Wire {
    match of {
        Payload::ChatEntered { buyer, channel, standing: at } => entered(buyer, channel, *at),
        Payload::ConversationOpened { .. } => opened(of),
        Payload::MessageReceived { message, kind, length, channel, external, standing: at } => {
            let (stage, agent_id, queue_position) = standing(*at);
            Wire::MessageReceived(v1::MessageReceived {
                message_id: message.to_string(),
                kind: kind.number(),
                length: *length,
                channel: channel.to_string(),
                external_message_id: external.as_deref().unwrap_or_default().to_owned(),
                stage,
                agent_id,
                queue_position,
            })
        }
        Payload::ReplySent { message, actor, agent, kind, length, small_talk } => {
            Wire::ReplySent(v1::ReplySent {
                message_id: message.to_string(),
                actor: actor.number(),
                agent_id: optional(*agent),
                kind: kind.number(),
                length: *length,
                small_talk: *small_talk,
            })
        }
        Payload::Closed { by, agent, reply_owed } => {
            Wire::Closed(v1::Closed { by: by.number(), agent_id: optional(*agent), reply_owed: *reply_owed })
        }
        Payload::ReplyDue { step, agent, message, owed_since } => Wire::ReplyDue(v1::ReplyDue {
            step: (*step).into(),
            agent_id: optional(*agent),
            message_id: message.to_string(),
            owed_since_time: Some(to_timestamp(*owed_since)),
        }),
        Payload::HandedToHuman { reason } => {
            Wire::HandedToHuman(v1::HandedToHuman { reason: reason.number() })
        }
        Payload::RingOpened { .. }
        | Payload::TurnedLate
        | Payload::TransferDeclined { .. }
        | Payload::Reported { .. }
        | Payload::Rated { .. }
        | Payload::IdleRemarked { .. } => course(of),
        Payload::PolicyChanged { .. }
        | Payload::AgentScored { .. }
        | Payload::WindingDown { .. }
        | Payload::RampStepped { .. }
        | Payload::BreakOverrun { .. }
        | Payload::AgentSynced { .. }
        | Payload::PresenceChanged { .. }
        | Payload::CapacityChanged { .. }
        | Payload::DutyChanged { .. }
        | Payload::SanctionEnded { .. }
        | Payload::LanguageFlagged { .. }
        | Payload::Assigned { .. }
        | Payload::Queued { .. }
        | Payload::QueueLeft { .. }
        | Payload::Transferred { .. }
        | Payload::QueueFull { .. }
        | Payload::RequestNoted => payload(of),
    }
}

/// How a conversation goes on without a word; the others are [`conversation`]'s.
fn course(of: &Payload) -> Wire {
    match of {
        Payload::RingOpened { ring } => Wire::RingOpened(v1::RingOpened { ring: (*ring).into() }),
        Payload::TurnedLate => Wire::TurnedLate(v1::TurnedLate {}),
        Payload::TransferDeclined { agent } => {
            Wire::TransferDeclined(v1::TransferDeclined { agent_id: agent.to_string() })
        }
        Payload::Reported { agent, reason } => {
            Wire::Reported(v1::Reported { agent_id: agent.to_string(), reason: reason.number() })
        }
        Payload::Rated { agent, stars } => {
            Wire::Rated(v1::Rated { agent_id: optional(*agent), stars: (*stars).into() })
        }
        Payload::IdleRemarked { agent } => {
            Wire::IdleRemarked(v1::IdleRemarked { agent_id: optional(*agent) })
        }
        _ => conversation(of),
    }
}

fn opened(of: &Payload) -> Wire {
    match of {
        Payload::ConversationOpened {
            buyer,
            channel,
            group,
            priority,
            reopened,
            with_robot,
            rule,
            artificial_age,
        } => Wire::ConversationOpened(v1::ConversationOpened {
            buyer_id: buyer.to_string(),
            channel: channel.to_string(),
            group: group.to_string(),
            priority: (*priority).into(),
            reopened: *reopened,
            with_robot: *with_robot,
            rule: rule.map_or(0, u32::from),
            artificial_age_duration: lift(*artificial_age),
        }),
        _ => conversation(of),
    }
}
