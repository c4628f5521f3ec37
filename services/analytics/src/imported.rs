//! What other systems report, in the words of the fold.

use fenliu_domain::exchange::{Happening, Mark, What};
use fenliu_domain::ids::ConversationId;
use fenliu_domain::message::Actor;
use fenliu_domain::problem::Problem;
use fenliu_domain::time::Timestamp;
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::imported_event::Payload;
use fenliu_proto::common::v1 as common;
use fenliu_proto::convert::timestamp;
use fenliu_proto::words::Word;
use prost::Message;

use crate::storage::{Order, Record};

/// What the ids of our own conversations begin with: no import may call a conversation so, which would pass for one
/// of the history in lists of misses and exchanges.
const OURS: &str = ConversationId::PREFIX;

/// The first moment an import may tell of.
pub(crate) const EARLIEST: Timestamp = Timestamp::from_micros_clamped(0);
/// The first it may not: 2100-01-01. Every day of a conversation has a row, so that these bound how many it can have.
pub(crate) const LATEST: Timestamp = Timestamp::from_micros_clamped(4_102_444_800_000_000);

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
    let Told { at, happenings } = told(&event, field)?;
    for (at, name) in happenings.iter().map(|told| (told.at, "occurred_time")).chain([(at, "recorded_time")])
    {
        if !(EARLIEST..LATEST).contains(&at) {
            return Err(Problem::field(format!("{field}.{name}"), "must be in the years 1970 to 2099"));
        }
    }
    Ok(Record {
        at,
        rank: event.order,
        happenings,
        payload: event.encode_to_vec(),
        record_id: event.record_id,
        conversation: event.conversation,
    })
}

/// An order. `field` is where it stands in the request.
///
/// # Errors
/// INVALID_REQUEST naming the field when its time is none.
pub(crate) fn order(order: proto::ImportedOrder, field: &str) -> Result<Order, Problem> {
    let field = format!("{field}.placed_time");
    let placed = order.placed_time.as_ref().ok_or_else(|| Problem::field(field.clone(), "must be set"))?;
    let placed = timestamp(placed, &field)?;
    if !(EARLIEST..LATEST).contains(&placed) {
        return Err(Problem::field(field, "must be in the years 1970 to 2099"));
    }
    let proto::ImportedOrder { record_id, buyer_id: buyer, agent, .. } = order;
    Ok(Order { record_id, buyer, placed, agent })
}

/// What a record says of its conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// When it reached those who see to the conversation: the order that records are taken in.
    pub(crate) at: Timestamp,
    /// What happened then, in order; at most three things.
    pub(crate) happenings: Vec<Happening>,
}

/// Reads an event back from the log; the error says what is wrong with it.
pub(crate) fn from_log(payload: &[u8]) -> Result<Told, String> {
    let event = proto::ImportedEvent::decode(payload).map_err(|error| error.to_string())?;
    told(&event, "event").map_err(|problem| problem.to_string())
}

fn told(event: &proto::ImportedEvent, field: &str) -> Result<Told, Problem> {
    let time = |time: &prost_types::Timestamp, name: &str| timestamp(time, &format!("{field}.{name}"));
    let occurred = event.occurred_time.as_ref();
    let occurred = occurred.ok_or_else(|| Problem::field(format!("{field}.occurred_time"), "must be set"))?;
    let occurred = time(occurred, "occurred_time")?;
    let recorded = event.recorded_time.as_ref().map(|at| time(at, "recorded_time")).transpose()?;
    let at = recorded.unwrap_or(occurred);
    let mut happenings: Vec<_> =
        said(event, field)?.into_iter().flatten().map(|what| Happening { at: occurred, what }).collect();
    if at != occurred && matches!(event.payload, Some(Payload::Message(_))) {
        happenings.push(Happening { at, what: What::Reached });
    }
    Ok(Told { at, happenings })
}

/// At most two things happen at once: a conversation opens, with the robot, or it is left with somebody absent.
fn said(event: &proto::ImportedEvent, field: &str) -> Result<[Option<What>; 2], Problem> {
    let only = |what| Ok([Some(what), None]);
    match &event.payload {
        Some(Payload::Opened(opened)) => {
            let (buyer, group) = (opened.buyer_id.clone(), opened.group.clone());
            let robot = opened.with_robot.then_some(What::WithRobot);
            Ok([Some(What::Opened { buyer, group, vip: opened.vip }), robot])
        }
        Some(Payload::Message(_)) => only(What::Asked { message: event.record_id.clone() }),
        Some(Payload::Reply(reply)) => only(What::Replied {
            message: event.record_id.clone(),
            actor: actor(reply.actor()),
            agent: reply.agent.clone(),
            small_talk: reply.small_talk,
        }),
        Some(Payload::Assigned(assigned)) => {
            let given = What::Assigned { agent: assigned.agent.clone() };
            match assigned.nobody_on_duty {
                true => Ok([Some(What::Queued { nobody_on_duty: true }), Some(given)]),
                false => only(given),
            }
        }
        Some(Payload::Closed(closed)) => only(What::Closed { abandoned: closed.abandoned }),
        Some(Payload::Marked(marked)) => {
            only(What::Marked(Mark::parse(marked.mark, &format!("{field}.marked.mark"))?))
        }
        Some(Payload::Queued(queued)) => only(What::Queued { nobody_on_duty: queued.nobody_on_duty }),
        Some(Payload::QueueLeft(left)) => only(What::LeftQueue { abandoned: left.abandoned }),
        Some(Payload::HandedToHuman(_)) => only(What::HandedToHuman),
        Some(Payload::Transferred(_)) => only(What::Transferred),
        Some(Payload::Rated(rated)) => {
            only(What::Rated { stars: u8::try_from(rated.stars).unwrap_or(u8::MAX) })
        }
        None => Err(Problem::field(format!("{field}.payload"), "must be set")),
    }
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

#[cfg(test)]
mod tests;
