//! What a history says of a shop's agents and of who waits, in the fewest words.

use fenliu_domain::ids::EventId;
use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::common::v1::{Actor, Presence};
use fenliu_proto::convert::to_timestamp;
use fenliu_proto::history::v1 as history;
use fenliu_proto::history::v1::event::Payload;

use crate::house::{SHOP, START};

/// So many seconds after the clock's start.
pub(crate) fn at(seconds: i64) -> Timestamp {
    START + Span::from_secs(seconds)
}

/// An event of a conversation, or of none, recorded so many seconds after the clock's start.
pub(crate) fn recorded(conversation: &str, seconds: i64, payload: Payload) -> history::Event {
    // Nobody looks at the id, but every event has another one.
    let bits = u128::try_from(seconds).unwrap_or(0) << 64;
    let name = format!("{conversation}{payload:?}");
    let bits = name.bytes().fold(bits, |bits, byte| bits.wrapping_mul(31).wrapping_add(byte.into()));
    let time = Some(to_timestamp(at(seconds)));
    history::Event {
        shop_id: SHOP.into(),
        event_id: EventId::from_bits(bits).to_string(),
        conversation_id: conversation.into(),
        occurred_time: time,
        recorded_time: time,
        payload: Some(payload),
        ..Default::default()
    }
}

/// The shop serves from 08:00 to 23:00 in Shanghai.
pub(crate) fn policy() -> history::Event {
    let policy = history::Policy {
        time_zone: "Asia/Shanghai".into(),
        service_start: "08:00".into(),
        service_end: "23:00".into(),
        ..Default::default()
    };
    recorded("", 0, Payload::PolicyChanged(history::PolicyChanged { policy: Some(policy) }))
}

/// Something about an agent.
pub(crate) fn agent(name: &str, seconds: i64, payload: impl Fn(&str) -> Payload) -> history::Event {
    recorded("", seconds, payload(name))
}

/// An agent who may hold two conversations, and up to four, comes online.
pub(crate) fn online(name: &str) -> Vec<history::Event> {
    let entry = |name: &str| {
        Payload::AgentSynced(history::AgentSynced {
            agent_id: name.into(),
            capacity_ceiling: 4,
            capacity_default: 2,
            enabled: true,
            ..Default::default()
        })
    };
    vec![agent(name, 0, entry), present(name, Presence::Online, 0)]
}

/// An agent is this from now on.
pub(crate) fn present(name: &str, presence: Presence, seconds: i64) -> history::Event {
    let changed =
        history::PresenceChanged { agent_id: name.into(), presence: presence.into(), ..Default::default() };
    recorded("", seconds, Payload::PresenceChanged(changed))
}

/// Something in a conversation.
pub(crate) fn talk(number: i64, seconds: i64, payload: Payload) -> history::Event {
    recorded(&format!("cnv {number}"), seconds, payload)
}

/// A buyer asks.
pub(crate) fn asked(number: i64, seconds: i64) -> history::Event {
    let message = history::MessageReceived { message_id: format!("ask {seconds}"), ..Default::default() };
    talk(number, seconds, Payload::MessageReceived(message))
}

/// A conversation waits.
pub(crate) fn queued(number: i64, seconds: i64) -> history::Event {
    let queued = history::Queued {
        reason: history::QueueReason::AllSaturated.into(),
        position: 1,
        ..Default::default()
    };
    talk(number, seconds, Payload::Queued(queued))
}

/// A buyer asks, and waits.
pub(crate) fn waiting(number: i64, seconds: i64) -> Vec<history::Event> {
    vec![asked(number, seconds), queued(number, seconds)]
}

/// An agent answers.
pub(crate) fn replied(number: i64, seconds: i64, name: &str) -> history::Event {
    let reply = history::ReplySent {
        message_id: format!("reply {seconds}"),
        actor: Actor::Human.into(),
        agent_id: name.into(),
        ..Default::default()
    };
    talk(number, seconds, Payload::ReplySent(reply))
}

/// What events say.
pub(crate) mod payload {
    use super::{Payload, Presence, history};

    /// This agent was given the conversation.
    pub(crate) fn assigned(name: &str) -> Payload {
        Payload::Assigned(history::Assigned { agent_id: name.into(), ..Default::default() })
    }

    /// A conversation began.
    pub(crate) fn opened(buyer: &str) -> Payload {
        Payload::ConversationOpened(history::ConversationOpened {
            buyer_id: buyer.into(),
            ..Default::default()
        })
    }

    /// An agent finishes whom they have, and is this then.
    pub(crate) fn winding_down(next: Presence) -> impl Fn(&str) -> Payload {
        move |name| Payload::WindingDown(history::WindingDown { agent_id: name.into(), next: next.into() })
    }
}
