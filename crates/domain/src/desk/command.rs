//! Commands: what a desk can be asked to do, and the attempt that carries one.

use super::agent::{AgentEntry, Presence};
use super::event::{CloseActor, Event, HandOverReason, ReportReason, RequestMark, Seq, Text, TransferTarget};
use super::memory::DeliveryKey;
use super::policy::rule::Origin;
use super::policy::{Policy, ShopHours};
use super::strategy::Score;
use crate::ids::{AgentId, CommandId, ConversationId};
use crate::message::{Actor, MessageKind};
use crate::time::Timestamp;

/// One attempt at a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Fresh for every attempt, also of the same request.
    pub id: CommandId,
    /// Whose request it is; `None` for what fenliu does by itself, and for callers who named no request.
    pub request: Option<RequestMark>,
    /// W3C trace context of the call.
    pub traceparent: Option<Text>,
    /// What to do.
    pub command: Command,
}

/// An attempt in the order of its desk: with what else decides about it, so that whoever decides the same attempts in the
/// same order comes to the same desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ordered {
    /// The attempt.
    pub attempt: Attempt,
    /// When it was made.
    pub now: Timestamp,
    /// True when the history was asked for its request and its delivery, and has neither.
    pub is_new: bool,
}

/// What a desk can be asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Take over the shop's hours from the directory; opens the desk of a new shop.
    SyncShop(ShopHours),
    /// Replace the policy. `if_policy` is the seq of the policy that was read.
    ReplacePolicy {
        /// The new policy, whole.
        policy: Box<Policy>,
        /// Only if the policy in force came with this event.
        if_policy: Option<Seq>,
    },
    /// Take over an agent's entry from the directory.
    SyncAgent {
        /// The agent.
        agent: AgentId,
        /// Their entry, whole.
        entry: Box<AgentEntry>,
    },
    /// Take over how an agent has been answering, from analytics.
    ScoreAgent {
        /// The agent.
        agent: AgentId,
        /// Their scores, group by group, or of [`ANY_GROUP`](super::agent::ANY_GROUP); at most one for each group, at most
        /// [`MAX_GROUPS`](super::agent::MAX_GROUPS). Those that are all like what is known ([`Score::is_like`]) change nothing.
        scores: Vec<(Text, Score)>,
    },
    /// Set an agent's presence.
    SetPresence {
        /// The agent.
        agent: AgentId,
        /// What they are from now on.
        presence: Presence,
        /// Although nobody staffed would remain.
        force: bool,
    },
    /// Let an agent finish whom she has, and then change.
    WindDown {
        /// The agent.
        agent: AgentId,
        /// What she becomes when her last conversation has ended; `None` = she goes on as before.
        next: Option<Presence>,
        /// Although nobody staffed would remain.
        force: bool,
    },
    /// Give an agent the first of those who wait for her groups.
    TakeNext {
        /// The agent.
        agent: AgentId,
    },
    /// A supervisor or the main account gives a conversation to an agent by hand.
    Assign {
        /// The conversation.
        conversation: ConversationId,
        /// The agent.
        agent: AgentId,
        /// Beyond capacity, and although she is away.
        force: bool,
    },
    /// Whom a conversation was handed to by name gives it back.
    DeclineTransfer {
        /// The conversation.
        conversation: ConversationId,
        /// The agent who gives it back.
        agent: AgentId,
    },
    /// An agent reports what is no honest question (广告, 骚扰).
    Report {
        /// The conversation.
        conversation: ConversationId,
        /// The agent who reports it.
        agent: AgentId,
        /// Why.
        reason: ReportReason,
    },
    /// A buyer says how content they are.
    Rate {
        /// The conversation, open or not.
        conversation: ConversationId,
        /// The agent it is about; `None` = whoever holds it.
        agent: Option<AgentId>,
        /// 1, not at all, to 5.
        stars: u8,
    },
    /// Set how many conversations an agent may hold.
    SetCapacity {
        /// The agent.
        agent: AgentId,
        /// How many; 0 = transfers only.
        capacity: u32,
    },
    /// An agent's heartbeats have been missing for longer than the grace.
    Lapse {
        /// The agent.
        agent: AgentId,
    },
    /// A buyer opened the chat page.
    EnterChat {
        /// The buyer, as the channel names them.
        buyer: Text,
        /// The channel they come by.
        channel: Text,
    },
    /// A buyer's message.
    ReceiveMessage(BuyerMessage),
    /// The robot hands the conversation to people.
    RequestHuman {
        /// The conversation.
        conversation: ConversationId,
        /// Why.
        reason: HandOverReason,
    },
    /// The buyer gives up waiting.
    LeaveQueue {
        /// The conversation.
        conversation: ConversationId,
    },
    /// A message from the shop's side.
    Reply(Reply),
    /// End a conversation.
    Close {
        /// The conversation.
        conversation: ConversationId,
        /// Who ends it.
        by: CloseActor,
        /// The agent, when one does.
        agent: Option<AgentId>,
        /// Although a reply is owed.
        force: bool,
    },
    /// Hand a conversation over.
    Transfer {
        /// The conversation.
        conversation: ConversationId,
        /// The agent who hands it over; `None` = a supervisor.
        from: Option<AgentId>,
        /// Where it goes.
        target: TransferTarget,
    },
    /// Do what is due.
    Tick,
}

impl Command {
    /// What a channel's message is remembered by, when this is one that has its channel's id.
    #[must_use]
    pub fn delivery(&self) -> Option<DeliveryKey> {
        match self {
            Self::ReceiveMessage(BuyerMessage { channel, external: Some(external), .. }) => {
                Some(DeliveryKey { channel: channel.clone(), external: external.clone() })
            }
            _ => None,
        }
    }
}

/// A buyer's message, without its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuyerMessage {
    /// The buyer, as the channel names them.
    pub buyer: Text,
    /// The channel it came by.
    pub channel: Text,
    /// The channel's own id of it.
    pub external: Option<Text>,
    /// When it was sent, by the channel's word; `None` = now.
    pub occurred: Option<Timestamp>,
    /// The kind of its content.
    pub kind: MessageKind,
    /// Length of its text in Unicode scalar values.
    pub length: u32,
    /// The group a new conversation is for; `None` = what the shop's rules say.
    pub group: Option<Text>,
    /// What is known of a conversation that begins, for the shop's rules; `None` = nothing.
    pub origin: Option<Box<Origin>>,
    /// Priority band of a new conversation; lower goes first.
    pub priority: u8,
}

/// A message from the shop's side, without its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The conversation.
    pub conversation: ConversationId,
    /// Who speaks.
    pub actor: Actor,
    /// The agent who sends it; needed when a human speaks.
    pub agent: Option<AgentId>,
    /// The kind of its content.
    pub kind: MessageKind,
    /// Length of its text in Unicode scalar values.
    pub length: u32,
    /// When it was sent, by the channel's word; `None` = now.
    pub occurred: Option<Timestamp>,
    /// True when it only greets or stalls.
    pub small_talk: bool,
    /// Words of the shop's list that were found in what is said, at most [`MAX_HITS`](super::language::MAX_HITS);
    /// none when it is civil.
    pub language: Vec<Text>,
}

/// What came of a command that was not refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It took effect, with these events; none when everything already was as asked.
    Done(Vec<Event>),
    /// It had taken effect before; its events begin with this one.
    Repeated {
        /// Its first event.
        first: Seq,
        /// True when the channel's own message id was recognised, not the request id.
        redelivered: bool,
    },
}

impl Applied {
    /// The events it made now.
    #[must_use]
    pub fn into_events(self) -> Vec<Event> {
        match self {
            Self::Done(events) => events,
            Self::Repeated { .. } => Vec::new(),
        }
    }
}
