//! What other systems report, in the words of the fold.

use fenliu_domain::exchange::{Happening, Mark, What};
use fenliu_domain::ids::ConversationId;
use fenliu_domain::message::Actor;
use fenliu_domain::problem::Problem;
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::imported_event::Payload;
use fenliu_proto::common::v1 as common;
use fenliu_proto::convert::timestamp;
use fenliu_proto::words::Word;
use prost::Message;

use crate::storage::Record;

/// What the ids of our own conversations begin with: no import may call a conversation so, which would pass for one
/// of the history in lists of misses and exchanges.
const OURS: &str = ConversationId::PREFIX;

/// The record of an event. `field` is where it stands in the request.
///
/// # Errors
/// INVALID_REQUEST naming the field when its time is none, its conversation is called like one of ours, or it says
/// nothing.
pub(crate) fn record(event: proto::ImportedEvent, field: &str) -> Result<Record, Problem> {
    if event.conversation.starts_with(OURS) {
        let expected = format!("must not begin with {OURS}, as the ids of fenliu's own conversations do");
        return Err(Problem::field(format!("{field}.conversation"), expected));
    }
    let happening = happening(&event, field)?;
    Ok(Record {
        at: happening.at,
        rank: event.order,
        happening,
        payload: event.encode_to_vec(),
        record_id: event.record_id,
        conversation: event.conversation,
    })
}

/// Reads an event back from the log; the error says what is wrong with it.
pub(crate) fn from_log(payload: &[u8]) -> Result<Happening, String> {
    let event = proto::ImportedEvent::decode(payload).map_err(|error| error.to_string())?;
    happening(&event, "event").map_err(|problem| problem.to_string())
}

fn happening(event: &proto::ImportedEvent, field: &str) -> Result<Happening, Problem> {
    let time_field = || format!("{field}.occurred_time");
    let time = event.occurred_time.as_ref().ok_or_else(|| Problem::field(time_field(), "must be set"))?;
    let at = timestamp(time, &time_field())?;
    let what = match &event.payload {
        Some(Payload::Opened(opened)) => {
            What::Opened { buyer: opened.buyer_id.clone(), group: opened.group.clone(), vip: opened.vip }
        }
        Some(Payload::Message(_)) => What::Asked { message: event.record_id.clone() },
        Some(Payload::Reply(reply)) => What::Replied {
            message: event.record_id.clone(),
            actor: actor(reply.actor()),
            agent: reply.agent.clone(),
            small_talk: reply.small_talk,
        },
        Some(Payload::Assigned(assigned)) => What::Assigned { agent: assigned.agent.clone() },
        Some(Payload::Closed(closed)) => What::Closed { abandoned: closed.abandoned },
        Some(Payload::Marked(marked)) => {
            What::Marked(Mark::parse(marked.mark, &format!("{field}.marked.mark"))?)
        }
        None => return Err(Problem::field(format!("{field}.payload"), "must be set")),
    };
    Ok(Happening { at, what })
}

/// Who speaks; unspecified is a human.
pub(crate) const fn actor(actor: common::Actor) -> Actor {
    match actor {
        common::Actor::Unspecified | common::Actor::Human => Actor::Human,
        common::Actor::AssistRobot => Actor::AssistRobot,
        common::Actor::FullRobot => Actor::FullRobot,
        common::Actor::AutoReply => Actor::AutoReply,
        common::Actor::FaqCard => Actor::FaqCard,
    }
}
