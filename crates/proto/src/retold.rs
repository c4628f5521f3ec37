//! The history in the words of an import: what one fenliu recorded, for the analytics of another, or of another shop.
//!
//! Only what facts are made of is retold. The facts of a history and of its retelling are the same but for two names:
//! imports may not call a conversation as fenliu calls its own, and a question or reply is called by its message.

use fenliu_domain::desk::queue::USUAL_PRIORITY;
use fenliu_domain::problem::Problem;

use crate::analytics::v1 as imported;
use crate::analytics::v1::imported_event::Payload as Imported;
use crate::convert::timestamp;
use crate::history::v1 as history;
use crate::history::v1::event::Payload;

/// What the name of a retold conversation begins with, before the id it has in the history.
pub const PREFIX: &str = "exported/";

/// An event as an import tells it; `None` when no facts are made of it. The record is called by its message, or else by
/// the event, so that the same event is the same record whenever it is retold.
///
/// # Errors
/// INVALID_REQUEST naming the field when it has no time, or one outside the calendar.
pub fn retold(event: &history::Event) -> Result<Option<imported::ImportedEvent>, Problem> {
    if event.conversation_id.is_empty() {
        return Ok(None);
    }
    let Some((message, payload)) = event.payload.as_ref().and_then(payload) else { return Ok(None) };
    let occurred = event.occurred_time.or(event.recorded_time);
    let occurred = occurred.ok_or_else(|| Problem::field("occurred_time", "must be set"))?;
    timestamp(&occurred, "occurred_time")?;
    if let Some(recorded) = &event.recorded_time {
        timestamp(recorded, "recorded_time")?;
    }
    Ok(Some(imported::ImportedEvent {
        record_id: if message.is_empty() { event.event_id.clone() } else { message.to_owned() },
        conversation: format!("{PREFIX}{}", event.conversation_id),
        occurred_time: Some(occurred),
        // Only events of one moment are told apart by it, and no moment has as many.
        order: u32::try_from(event.seq & u64::from(u32::MAX)).unwrap_or(u32::MAX),
        recorded_time: event.recorded_time.filter(|recorded| *recorded != occurred),
        payload: Some(payload),
    }))
}

/// What is retold, and the message it is about.
fn payload(payload: &Payload) -> Option<(&str, Imported)> {
    let plain = |payload| Some(("", payload));
    match payload {
        Payload::ConversationOpened(opened) => plain(Imported::Opened(imported::ImportedOpening {
            buyer_id: opened.buyer_id.clone(),
            group: opened.group.clone(),
            vip: opened.priority < u32::from(USUAL_PRIORITY),
            with_robot: opened.with_robot,
        })),
        Payload::MessageReceived(message) => {
            let kind = message.kind;
            Some((&message.message_id, Imported::Message(imported::ImportedMessage { kind })))
        }
        Payload::ReplySent(reply) => Some((
            &reply.message_id,
            Imported::Reply(imported::ImportedReply {
                actor: reply.actor,
                agent: reply.agent_id.clone(),
                small_talk: reply.small_talk,
            }),
        )),
        // Whoever keeps a place is asked nothing yet.
        Payload::Assigned(kept) if kept.reason() == history::AssignReason::PreAssigned => None,
        Payload::Assigned(assigned) => plain(Imported::Assigned(imported::ImportedAssignment {
            agent: assigned.agent_id.clone(),
            nobody_on_duty: assigned.reason() == history::AssignReason::LeaveMessage,
        })),
        Payload::Queued(queued) => plain(Imported::Queued(imported::ImportedQueueing {
            nobody_on_duty: queued.reason() == history::QueueReason::NobodyOnDuty,
        })),
        Payload::QueueLeft(left) => plain(Imported::QueueLeft(imported::ImportedQueueLeaving {
            abandoned: left.reason() == history::QueueLeaveReason::Abandoned,
        })),
        Payload::Closed(closed) => plain(Imported::Closed(imported::ImportedClosing {
            abandoned: closed.reply_owed && closed.by() == history::CloseActor::Buyer,
        })),
        Payload::HandedToHuman(_) => plain(Imported::HandedToHuman(imported::ImportedHandOver {})),
        Payload::Transferred(_) => plain(Imported::Transferred(imported::ImportedTransfer {})),
        Payload::Reported(_) => {
            plain(Imported::Marked(imported::ImportedMark { mark: imported::Mark::Reported.into() }))
        }
        Payload::Rated(rated) => plain(Imported::Rated(imported::ImportedRating { stars: rated.stars })),
        Payload::ChatEntered(_)
        | Payload::PresenceChanged(_)
        | Payload::CapacityChanged(_)
        | Payload::AgentSynced(_)
        | Payload::DutyChanged(_)
        | Payload::SanctionEnded(_)
        | Payload::LanguageFlagged(_)
        | Payload::PolicyChanged(_)
        | Payload::QueueFull(_)
        | Payload::RingOpened(_)
        | Payload::TurnedLate(_)
        | Payload::TransferDeclined(_)
        | Payload::IdleRemarked(_)
        | Payload::WindingDown(_)
        | Payload::RampStepped(_)
        | Payload::BreakOverrun(_)
        | Payload::AgentScored(_)
        | Payload::RequestNoted(_)
        | Payload::ReplyDue(_) => None,
    }
}
