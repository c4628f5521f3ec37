//! Conversations: one buyer with one shop, and where it stands.

use super::BuyerKey;
use super::event::{Seq, Text};
use super::policy::Policy;
use super::queue::Ticket;
use crate::ids::{AgentId, ConversationId, MessageId};
use crate::time::{Span, Timestamp};

/// How long a chat page may stay open without a word before its conversation ends by itself.
pub const ENTERED_EXPIRY: Span = Span::from_hours(1);

/// How much waiting before it was queued a conversation is credited with.
pub const MAX_HEAD_START: Span = Span::from_mins(10);

/// Where an open conversation stands; each state carries only its own data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The chat page is open, nothing has been said.
    Entered,
    /// Something has been said and nobody holds it: just opened, or the queue was full.
    Open,
    /// The robot holds it.
    WithRobot,
    /// It waits for an agent.
    Queued(Ticket),
    /// An agent holds it.
    Assigned(AgentId),
}

/// Where a conversation stood at one moment, as an answer tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The chat page is open, nothing has been said.
    Entered,
    /// Nobody holds it.
    Open,
    /// The robot holds it.
    WithRobot,
    /// It waits, at this place from 1.
    Queued {
        /// Its place within its group, from 1.
        position: u32,
    },
    /// An agent holds it.
    Assigned {
        /// The agent.
        agent: AgentId,
    },
}

impl Standing {
    /// The agent who holds it.
    #[must_use]
    pub const fn agent(self) -> Option<AgentId> {
        match self {
            Self::Assigned { agent } => Some(agent),
            _ => None,
        }
    }
}

/// What a conversation owes: the first message nobody has answered, and how many came since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owed {
    /// When the first unanswered message was sent, by the marketplace's word.
    pub since: Timestamp,
    /// That message.
    pub message: MessageId,
    /// How many messages wait for an answer.
    pub count: u32,
    /// How many steps of the reply-due alert have been taken.
    pub steps_taken: u8,
}

/// An open conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// The buyer, as the channel names them.
    pub buyer: Text,
    /// The channel they came by.
    pub channel: Text,
    /// The group it is for.
    pub group: Text,
    /// Priority band in the queue; lower goes first.
    pub priority: u8,
    /// Where it stands.
    pub stage: Stage,
    /// When it began, or was last taken up again.
    pub opened: Timestamp,
    /// What it owes.
    pub owed: Option<Owed>,
    /// Who handed it over last, until somebody gets it: it does not come back to them by itself.
    pub handed_by: Option<AgentId>,
    /// Its last event.
    pub last_seq: Seq,
}

/// What a conversation's next timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimerKind {
    /// The next step of the reply-due alert.
    ReplyDue,
    /// The chat page has been open without a word for too long.
    EnteredExpiry,
}

impl Conversation {
    /// Whose it is.
    #[must_use]
    pub fn buyer_key(&self) -> BuyerKey {
        BuyerKey { channel: self.channel.clone(), buyer: self.buyer.clone() }
    }

    /// The agent who holds it.
    #[must_use]
    pub const fn agent(&self) -> Option<AgentId> {
        match self.stage {
            Stage::Assigned(agent) => Some(agent),
            _ => None,
        }
    }

    /// Its next timer under this policy: derived, never stored, so that it cannot disagree.
    pub(super) fn timer(&self, policy: &Policy) -> Option<(Timestamp, TimerKind)> {
        match (self.stage, self.owed) {
            (Stage::Entered, _) => Some((self.opened + ENTERED_EXPIRY, TimerKind::EnteredExpiry)),
            (Stage::WithRobot, _) | (_, None) => None,
            (_, Some(owed)) => {
                let step = policy.reply_due.get(usize::from(owed.steps_taken))?;
                Some((owed.since + *step, TimerKind::ReplyDue))
            }
        }
    }

    /// Since when it counts as waiting, for its place in the queue: its first unanswered message, but not in the
    /// future, and at most [`MAX_HEAD_START`] ago, so that no channel's clock overtakes everybody.
    pub(super) fn waiting_since(&self, now: Timestamp) -> Timestamp {
        self.owed.map_or(now, |owed| owed.since.clamp(now - MAX_HEAD_START, now))
    }
}
