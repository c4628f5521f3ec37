//! Requests that say only what they must, and what answers say.

use fenliu_domain::problem::Reason;
use fenliu_proto::common::v1::{Content, MessageKind, Presence};
use fenliu_proto::dispatch::v1 as proto;
use fenliu_proto::history::v1::{self as history, Stage};
use fenliu_proto::status::reason_of;
use tonic::{Response, Status};
use tonic_types::StatusExt;

pub(crate) fn text(text: &str) -> Option<Content> {
    Some(Content { kind: MessageKind::Text.into(), text: text.into(), reference: String::new() })
}

/// A message that says only what it must.
pub(crate) fn message(shop: &str, buyer: &str, said: &str) -> proto::ReceiveMessageRequest {
    proto::ReceiveMessageRequest {
        shop_id: shop.into(),
        buyer_id: buyer.into(),
        channel: "app".into(),
        content: text(said),
        ..Default::default()
    }
}

/// A reply that says only what it must.
pub(crate) fn reply(shop: &str, agent: &str, conversation: &str, said: &str) -> proto::ReplyRequest {
    proto::ReplyRequest {
        shop_id: shop.into(),
        conversation_id: conversation.into(),
        agent_id: agent.into(),
        content: text(said),
        ..Default::default()
    }
}

pub(crate) fn close(
    shop: &str,
    conversation: &str,
    by: history::CloseActor,
) -> proto::CloseConversationRequest {
    proto::CloseConversationRequest {
        shop_id: shop.into(),
        conversation_id: conversation.into(),
        by: by.into(),
        ..Default::default()
    }
}

pub(crate) fn set_presence(shop: &str, agent: &str, presence: Presence) -> proto::SetPresenceRequest {
    proto::SetPresenceRequest {
        shop_id: shop.into(),
        agent_id: agent.into(),
        presence: presence.into(),
        ..Default::default()
    }
}

/// A conversation's stage, agent and place in the queue, as an answer tells them.
pub(crate) fn went(disposition: Option<proto::Disposition>) -> (Stage, String, u32) {
    let disposition = disposition.expect("the answer says where it went");
    (disposition.stage(), disposition.agent_id, disposition.queue_position)
}

/// The name of a stored event's kind.
pub(crate) fn kind(stored: &proto::StoredEvent) -> &'static str {
    use history::event::Payload;
    match stored.event.as_ref().and_then(|event| event.payload.as_ref()).expect("every event has a payload") {
        Payload::MessageReceived(_) => "message_received",
        Payload::ReplySent(_) => "reply_sent",
        Payload::ReplyDue(_) => "reply_due",
        Payload::PresenceChanged(_) => "presence_changed",
        Payload::ConversationOpened(_) => "conversation_opened",
        Payload::Assigned(_) => "assigned",
        Payload::Closed(_) => "closed",
        _ => "other",
    }
}

/// How many of these events are of a kind.
pub(crate) fn count(events: &[proto::StoredEvent], of: &str) -> usize {
    events.iter().filter(|stored| kind(stored) == of).count()
}

/// The status of a call that must be refused, after checking its reason.
#[track_caller]
pub(crate) fn refused<T>(result: Result<Response<T>, Status>, reason: Reason) -> Status {
    let Err(status) = result else { panic!("expected {}, but it succeeded", reason.name()) };
    assert_eq!(reason_of(&status), Some(reason), "{status:?}");
    status
}

/// Checks that a call was refused for exactly these fields.
#[track_caller]
pub(crate) fn refused_fields<T>(result: Result<Response<T>, Status>, fields: &[&str]) {
    let status = refused(result, Reason::InvalidRequest);
    let details = status.get_error_details();
    let violations = details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
    let named: Vec<_> = violations.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(named, fields, "{status:?}");
}
