//! What happened at a desk: the only thing the history keeps, and all that [`replay`](super::Desk::replay) needs.

use super::agent::{AgentEntry, Presence, SanctionKind};
use super::conversation::Standing;
use super::duty::DutyState;
use super::language::LanguageAction;
use super::memory::RequestKey;
use super::policy::Policy;
use super::strategy::Score;
use super::trace::RouteTrace;
use crate::ids::{AgentId, ConversationId, EventId, MessageId, ShopId};
use crate::message::{Actor, MessageKind};
use crate::time::{Span, Timestamp};

/// Dense number of an event within its shop, from 1; 0 stands for "nothing yet".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(pub u64);

impl Seq {
    /// The number after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Text from outside that many events share: a buyer, a channel, a group.
pub type Text = arcstr::ArcStr;

/// One thing that happened at one shop's desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The shop it happened at.
    pub shop: ShopId,
    /// Its dense number within the shop.
    pub seq: Seq,
    /// Its own id.
    pub id: EventId,
    /// The id of the event with the seq before; `None` for seq 1. The history's fence.
    pub predecessor: Option<EventId>,
    /// When it happened, by the marketplace's or the caller's word.
    pub occurred: Timestamp,
    /// When the desk recorded it; never runs backwards within a shop.
    pub recorded: Timestamp,
    /// The conversation it belongs to.
    pub conversation: Option<ConversationId>,
    /// Who asked for it; only on the first event of a command that named a request.
    pub request: Option<Box<RequestMark>>,
    /// W3C trace context of the call that caused it; only on the first event of a command.
    pub traceparent: Option<Text>,
    /// What happened.
    pub payload: Payload,
}

/// Marks a command, so that its repetition is recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestMark {
    /// Who called.
    pub caller: Text,
    /// The caller's own id of the request.
    pub request_id: Text,
    /// SHA-256 of what was asked for.
    pub body_hash: [u8; 32],
}

impl RequestMark {
    /// What it is remembered by.
    #[must_use]
    pub fn key(&self) -> RequestKey {
        RequestKey { caller: self.caller.clone(), request_id: self.request_id.clone() }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// A buyer opened the chat page.
    ChatEntered {
        /// The buyer, as the channel names them.
        buyer: Text,
        /// The channel they came by.
        channel: Text,
        /// Where their conversation stood then.
        standing: Standing,
    },
    /// A conversation began with its first message, or was taken up again.
    ConversationOpened {
        /// The buyer, as the channel names them.
        buyer: Text,
        /// The channel they came by.
        channel: Text,
        /// The group of agents it is for.
        group: Text,
        /// Priority band in the queue; lower goes first.
        priority: u8,
        /// True when it was taken up again within the reopen window.
        reopened: bool,
        /// True when the robot answers first.
        with_robot: bool,
        /// The place, from 1, of the shop's rule that chose the group; `None` = none did.
        rule: Option<u8>,
        /// How much longer than it has it counts as waiting, when it has to queue.
        artificial_age: Span,
    },
    /// A buyer's message.
    MessageReceived {
        /// The message.
        message: MessageId,
        /// The kind of its content.
        kind: MessageKind,
        /// Length of its text in Unicode scalar values.
        length: u32,
        /// The channel it came by.
        channel: Text,
        /// The channel's own id of it, recognised for good.
        external: Option<Text>,
        /// Where the conversation stood when it came.
        standing: Standing,
    },
    /// A message from the shop's side.
    ReplySent {
        /// The message.
        message: MessageId,
        /// Who spoke for the shop.
        actor: Actor,
        /// The agent who sent it; `None` when a robot did.
        agent: Option<AgentId>,
        /// The kind of its content.
        kind: MessageKind,
        /// Length of its text in Unicode scalar values.
        length: u32,
        /// True when it only greets or stalls.
        small_talk: bool,
    },
    /// An agent was given the conversation.
    Assigned {
        /// The agent who now holds it.
        agent: AgentId,
        /// The agent who held it before.
        previous: Option<AgentId>,
        /// Why this agent.
        reason: AssignReason,
        /// The ring of groups they were found in, from 1.
        ring: u8,
        /// Their rank at that moment; lower is better.
        rank: u64,
        /// How the decision came about.
        trace: RouteTrace,
    },
    /// The conversation waits for an agent.
    Queued {
        /// The group it waits for.
        group: Text,
        /// Why it waits.
        reason: QueueReason,
        /// Its place within the group, from 1.
        position: u32,
        /// Priority band; lower goes first.
        priority: u8,
        /// The agent who held it before.
        previous: Option<AgentId>,
        /// Since when it counts as waiting.
        waiting_since: Timestamp,
        /// How the decision came about.
        trace: RouteTrace,
    },
    /// Nobody could take the conversation and the queue had no room; it is tried again as soon as there is some.
    QueueFull {
        /// The group it is for.
        group: Text,
        /// How the decision came about.
        trace: RouteTrace,
    },
    /// The conversation left the queue other than by being assigned.
    QueueLeft {
        /// The group it waited for.
        group: Text,
        /// Why it left.
        reason: QueueLeaveReason,
    },
    /// Another ring of groups may take the conversation.
    RingOpened {
        /// The ring, from 2.
        ring: u8,
    },
    /// The conversation can no longer be answered within the limit of the shop's queue.
    TurnedLate,
    /// Whom the conversation was handed to by name has given it back; where it goes is the event that follows.
    TransferDeclined {
        /// The agent who gave it back.
        agent: AgentId,
    },
    /// An agent reported that this is no honest question.
    Reported {
        /// The agent.
        agent: AgentId,
        /// Why.
        reason: ReportReason,
    },
    /// The buyer said how content they are.
    Rated {
        /// The agent it is about; `None` = nobody held it.
        agent: Option<AgentId>,
        /// 1, not at all, to 5.
        stars: u8,
    },
    /// The shop spoke last, and the buyer has said nothing more for so long that they are asked whether there is anything
    /// else.
    IdleRemarked {
        /// The agent who holds it.
        agent: Option<AgentId>,
    },
    /// Somebody moved the conversation on; where to is the event that follows.
    Transferred {
        /// The agent it was taken from.
        from: Option<AgentId>,
        /// Where it was meant to go.
        target: TransferTarget,
    },
    /// The conversation ended.
    Closed {
        /// Who ended it.
        by: CloseActor,
        /// The agent who held it.
        agent: Option<AgentId>,
        /// True when a reply was still owed.
        reply_owed: bool,
    },
    /// An agent's presence changed.
    PresenceChanged {
        /// The agent.
        agent: AgentId,
        /// What it was.
        previous: Presence,
        /// What it is now.
        presence: Presence,
        /// Why it changed.
        cause: PresenceCause,
    },
    /// An agent's capacity changed.
    CapacityChanged {
        /// The agent.
        agent: AgentId,
        /// What it was.
        previous: u32,
        /// What it is now.
        capacity: u32,
    },
    /// Analytics told how an agent has been answering.
    AgentScored {
        /// The agent.
        agent: AgentId,
        /// Their scores, group by group, in order; [`ANY_GROUP`](super::agent::ANY_GROUP) stands for groups that are not
        /// named, and without it those are neutral.
        scores: Vec<(Text, Score)>,
    },
    /// An agent finishes whom she has and then changes, or no longer does.
    WindingDown {
        /// The agent.
        agent: AgentId,
        /// What she becomes when her last conversation has ended; `None` = she goes on as before.
        next: Option<Presence>,
    },
    /// An agent who began while many waited may be given the next conversation.
    RampStepped {
        /// The agent.
        agent: AgentId,
    },
    /// A break has taken longer than the shop's policy says.
    BreakOverrun {
        /// The agent.
        agent: AgentId,
    },
    /// The directory's entry of an agent was taken over.
    AgentSynced {
        /// The agent.
        agent: AgentId,
        /// Their entry, whole.
        entry: Box<AgentEntry>,
    },
    /// A shift of an agent's began or ended, or its end is known otherwise than before.
    DutyChanged {
        /// The agent.
        agent: AgentId,
        /// What their roster says from now on.
        duty: DutyState,
    },
    /// A sanction ended by itself. One that is imposed or lifted comes with the directory's entry.
    SanctionEnded {
        /// The agent.
        agent: AgentId,
        /// Which kind it was.
        kind: SanctionKind,
    },
    /// An agent said, or tried to say, words of the shop's list.
    LanguageFlagged {
        /// The agent.
        agent: AgentId,
        /// The reply they are in; `None` when it was refused.
        message: Option<MessageId>,
        /// The words found, at most [`MAX_HITS`](super::language::MAX_HITS).
        words: Vec<Text>,
        /// What came of the reply.
        action: LanguageAction,
    },
    /// The shop's policy changed; always the first event of a shop.
    PolicyChanged {
        /// The policy now in force, whole.
        policy: Box<Policy>,
    },
    /// A reply is owed for so long that somebody should know.
    ReplyDue {
        /// Which step of the policy's list this is, from 1.
        step: u8,
        /// The agent who holds the conversation.
        agent: Option<AgentId>,
        /// The first message that waits for an answer.
        message: MessageId,
        /// Since when it waits.
        owed_since: Timestamp,
    },
    /// The robot gave the conversation to people.
    HandedToHuman {
        /// Why.
        reason: HandOverReason,
    },
    /// A request found everything as it asked; recorded so that its repetition is recognised.
    RequestNoted,
}

/// Why an agent was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AssignReason {
    /// The strategy ranked them first.
    Strategy,
    /// The buyer knew them. An override where the shop's window says "even when busy" or "ignore capacity".
    LastAgent,
    /// The conversation was taken up again with its agent.
    Reopened,
    /// Somebody handed it over to them by name. An override.
    Transfer,
    /// No sub-account could take it, so the main account does, to hand it out.
    MainAccount,
    /// Nobody was there, so it was left as a message for them. An override.
    LeaveMessage,
    /// A supervisor or the main account gave it to them by hand. An override.
    Manual,
    /// The same, beyond their capacity or although they were away. An override.
    Forced,
    /// They took it from the queue themselves.
    TakenNext,
    /// It came back to them, since whom they had handed it to declined.
    Declined,
    /// They are ready, and keep a place for a buyer who has said nothing yet.
    PreAssigned,
    /// They kept a place for the buyer, who has now said something. An override of presence and capacity.
    FirstWord,
}

/// Why a conversation was reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReportReason {
    /// Advertising (广告).
    Advertising,
    /// Harassment (骚扰).
    Harassment,
    /// Fraud.
    Fraud,
    /// Something else.
    Other,
}

/// Why a conversation waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QueueReason {
    /// Nobody staffed is there.
    NobodyOnDuty,
    /// All who are there are saturated.
    AllSaturated,
    /// Others were waiting already.
    BehindOthers,
    /// It was handed over to a group by name.
    Transfer,
}

/// Why a conversation left the queue other than by being assigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QueueLeaveReason {
    /// The buyer gave up.
    Abandoned,
    /// It was closed while it waited.
    Closed,
}

/// Where somebody meant to hand a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransferTarget {
    /// To this agent.
    Agent(AgentId),
    /// To this group.
    Group(Text),
}

/// Who ended a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseActor {
    /// The agent who held it.
    Agent,
    /// The buyer, by leaving.
    Buyer,
    /// The idle rule.
    IdleRule,
    /// A supervisor.
    Supervisor,
}

/// Why a presence changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PresenceCause {
    /// The agent, or somebody for them, asked for it.
    Asked,
    /// Every heartbeat stopped for longer than the grace.
    Lapsed,
    /// The directory disabled the account.
    Disabled,
    /// The directory told of a ban.
    Banned,
    /// Her last conversation has ended, and she was winding down.
    WoundDown,
}

/// Why a robot gave a conversation to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HandOverReason {
    /// The buyer asked for a human.
    BuyerAsked,
    /// The robot was not sure enough of its answer.
    LowConfidence,
    /// The shop's hours put people in charge.
    Schedule,
}

impl Payload {
    /// Its name in the glossary, such as `message_received`; also its name in SQL, metrics and logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ChatEntered { .. } => "chat_entered",
            Self::ConversationOpened { .. } => "conversation_opened",
            Self::MessageReceived { .. } => "message_received",
            Self::ReplySent { .. } => "reply_sent",
            Self::Assigned { .. } => "assigned",
            Self::Queued { .. } => "queued",
            Self::QueueFull { .. } => "queue_full",
            Self::QueueLeft { .. } => "queue_left",
            Self::Transferred { .. } => "transferred",
            Self::Closed { .. } => "closed",
            Self::PresenceChanged { .. } => "presence_changed",
            Self::CapacityChanged { .. } => "capacity_changed",
            Self::RingOpened { .. } => "ring_opened",
            Self::TurnedLate => "turned_late",
            Self::TransferDeclined { .. } => "transfer_declined",
            Self::Reported { .. } => "reported",
            Self::Rated { .. } => "rated",
            Self::IdleRemarked { .. } => "idle_remarked",
            Self::WindingDown { .. } => "winding_down",
            Self::RampStepped { .. } => "ramp_stepped",
            Self::BreakOverrun { .. } => "break_overrun",
            Self::AgentSynced { .. } => "agent_synced",
            Self::AgentScored { .. } => "agent_scored",
            Self::DutyChanged { .. } => "duty_changed",
            Self::SanctionEnded { .. } => "sanction_ended",
            Self::LanguageFlagged { .. } => "language_flagged",
            Self::PolicyChanged { .. } => "policy_changed",
            Self::ReplyDue { .. } => "reply_due",
            Self::HandedToHuman { .. } => "handed_to_human",
            Self::RequestNoted => "request_noted",
        }
    }

    /// The agent whose inbox it belongs in: the one it happened to, or was taken from.
    #[must_use]
    pub const fn inbox_of(&self) -> Option<AgentId> {
        match self {
            Self::MessageReceived { standing, .. } => standing.agent(),
            Self::ReplySent { agent, .. }
            | Self::ReplyDue { agent, .. }
            | Self::Closed { agent, .. }
            | Self::Rated { agent, .. }
            | Self::IdleRemarked { agent } => *agent,
            Self::Assigned { agent, .. }
            | Self::PresenceChanged { agent, .. }
            | Self::CapacityChanged { agent, .. }
            | Self::TransferDeclined { agent }
            | Self::Reported { agent, .. }
            | Self::WindingDown { agent, .. }
            | Self::BreakOverrun { agent }
            | Self::DutyChanged { agent, .. }
            | Self::SanctionEnded { agent, .. }
            | Self::LanguageFlagged { agent, .. } => Some(*agent),
            Self::Transferred { from, .. } => *from,
            Self::Queued { previous, .. } => *previous,
            _ => None,
        }
    }
}
