//! From what happened to responses.

use std::sync::Arc;

use fenliu_domain::desk::agent::{Agent, RECOMMENDED_CAPACITY};
use fenliu_domain::desk::conversation::Standing;
use fenliu_domain::desk::event::{AssignReason, Event, Payload};
use fenliu_domain::desk::language::LanguageAction;
use fenliu_domain::desk::pace::Estimate;
use fenliu_domain::desk::refusal::language_refused;
use fenliu_domain::ids::ConversationId;
use fenliu_domain::problem::{Problem, Reason};
use fenliu_live::QueueView;
use fenliu_proto::common::v1::Content;
use fenliu_proto::convert::{to_span, to_timestamp};
use fenliu_proto::dispatch::v1 as proto;
use fenliu_proto::event::scores_to_proto;
use fenliu_proto::history::v1::Stage;
use fenliu_proto::words::Word;

use crate::history::{Body, ConversationRecord, Stored};

pub(super) fn agent(agent: &Agent) -> proto::Agent {
    proto::Agent {
        agent_id: agent.id.to_string(),
        display_name: agent.entry.display_name.to_string(),
        main_account: agent.entry.main_account,
        groups: agent.entry.groups.iter().map(ToString::to_string).collect(),
        presence: agent.presence.number(),
        enabled: agent.entry.enabled,
        capacity: agent.capacity,
        unlimited: agent.entry.unlimited,
        load: agent.load(),
        saturation_percent: agent.saturation_percent(),
        unanswered: agent.unanswered(),
        oldest_unanswered_time: agent.oldest_unanswered().map(to_timestamp),
        next_presence: agent.next.map_or(0, Word::number),
        availability: agent.availability().number(),
        next_change_time: agent.boundary().map(to_timestamp),
        scores: scores_to_proto(&agent.scores),
    }
}

/// What succeeded but may not have been meant.
pub(super) fn capacity_warnings(agent: &Agent) -> Vec<String> {
    match agent.capacity {
        _ if agent.entry.unlimited => Vec::new(),
        0 => vec!["a capacity of 0 means transfers only: nothing is assigned automatically".to_owned()],
        capacity @ 1..RECOMMENDED_CAPACITY => {
            vec![format!("a capacity of {capacity} is below the recommended {RECOMMENDED_CAPACITY}")]
        }
        _ => Vec::new(),
    }
}

pub(super) fn conversation(record: &ConversationRecord) -> proto::Conversation {
    proto::Conversation {
        conversation_id: record.id.to_string(),
        shop_id: record.shop.to_string(),
        buyer_id: record.buyer.clone(),
        channel: record.channel.clone(),
        stage: record.stage.into(),
        group: record.group.clone(),
        agent_id: record.agent.map(|agent| agent.to_string()).unwrap_or_default(),
        open_time: Some(to_timestamp(record.opened)),
        last_message_time: record.last_message.map(to_timestamp),
        owed_since_time: record.owed_since.map(to_timestamp),
        unanswered: record.unanswered,
        close_time: record.closed.map(to_timestamp),
        seq: record.seq,
    }
}

/// Where a conversation went, by the events of one command.
pub(super) fn disposition(events: &[Arc<Event>], of: ConversationId) -> proto::Disposition {
    let (stage, agent, queue_position) = events.iter().filter(|event| event.conversation == Some(of)).fold(
        (Stage::Open, None, 0),
        |before, event| match &event.payload {
            Payload::ChatEntered { standing, .. } | Payload::MessageReceived { standing, .. } => {
                match *standing {
                    Standing::Entered => (Stage::Entered, None, 0),
                    Standing::Open => (Stage::Open, None, 0),
                    Standing::WithRobot => (Stage::WithRobot, None, 0),
                    Standing::Queued { position } => (Stage::Queued, None, position),
                    Standing::Assigned { agent } => (Stage::Assigned, Some(agent), 0),
                }
            }
            Payload::Assigned { agent, reason: AssignReason::PreAssigned, .. } => {
                (Stage::Entered, Some(*agent), 0)
            }
            Payload::Assigned { agent, .. } => (Stage::Assigned, Some(*agent), 0),
            Payload::Queued { position, .. } => (Stage::Queued, None, *position),
            Payload::Closed { .. } => (Stage::Closed, None, 0),
            _ => before,
        },
    );
    let agent_id = agent.map(|agent| agent.to_string()).unwrap_or_default();
    proto::Disposition { stage: stage.into(), agent_id, queue_position }
}

/// How long somebody may expect to wait.
pub(super) fn estimate(of: Estimate) -> proto::WaitEstimate {
    proto::WaitEstimate {
        wait_duration: Some(to_span(of.wait)),
        at_least_duration: Some(to_span(of.at_least)),
        at_most_duration: Some(to_span(of.at_most)),
        admissions: of.admissions,
    }
}

/// The conversation and message of the first message among these events.
pub(super) fn message_of(events: &[Arc<Event>]) -> Option<(ConversationId, String)> {
    events.iter().find_map(|event| match &event.payload {
        Payload::MessageReceived { message, .. } | Payload::ReplySent { message, .. } => {
            Some((event.conversation?, message.to_string()))
        }
        _ => None,
    })
}

/// The answer to a reply, by the events of its command.
///
/// # Errors
/// LANGUAGE_REFUSED when the history keeps the words and not the reply.
pub(super) fn reply(events: &[Arc<Event>], request_id: String) -> Result<proto::ReplyResponse, Problem> {
    let mut warnings = Vec::new();
    for event in events {
        match (&event.payload, event.conversation) {
            (Payload::LanguageFlagged { words, action: LanguageAction::Refuse, .. }, Some(conversation)) => {
                return Err(language_refused(conversation, words));
            }
            (Payload::LanguageFlagged { words, action: LanguageAction::Warn, .. }, _) => {
                warnings.push(format!("the shop asks its agents not to say: {}", words.join(", ")));
            }
            _ => {}
        }
    }
    let nothing = || Problem::new(Reason::Internal, "the desk recorded no reply; the log has the details");
    let (_, message_id) = message_of(events).ok_or_else(nothing)?;
    Ok(proto::ReplyResponse { message_id, request_id, warnings })
}

/// The first conversation among these events.
pub(super) fn conversation_of(events: &[Arc<Event>]) -> Option<ConversationId> {
    events.iter().find_map(|event| event.conversation)
}

pub(super) fn content(body: &Body) -> Content {
    Content { kind: body.kind, text: body.text.clone(), reference: body.reference.clone() }
}

pub(super) fn stored(stored: Stored) -> proto::StoredEvent {
    proto::StoredEvent { position: stored.position, event: Some(stored.event) }
}

pub(super) fn queue(view: &QueueView) -> proto::Queue {
    proto::Queue {
        length: u32::try_from(view.length).unwrap_or(u32::MAX),
        first: view
            .first
            .iter()
            .map(|entry| proto::QueuedConversation {
                conversation_id: entry.conversation.to_string(),
                group: entry.group.to_string(),
                position: entry.position,
                priority: entry.ticket.priority.into(),
                waiting_since_time: Some(to_timestamp(entry.ticket.waiting_since)),
                estimate: entry.estimate.map(estimate),
            })
            .collect(),
        seq: view.seq.0,
    }
}
