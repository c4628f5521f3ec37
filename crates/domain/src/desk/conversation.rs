//! Conversations: one buyer with one shop, and where it stands.

use super::BuyerKey;
use super::event::{Event, Seq, Text};
use super::policy::{Policy, QueueOrder};
use super::queue::{Ticket, USUAL_PRIORITY};
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
    /// The same, and an agent keeps a place for it.
    Kept(AgentId),
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

/// How far the last hand-over of a conversation has got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Handover {
    /// There was none, or it is over: somebody was found, or whoever got it by name has answered.
    #[default]
    Over,
    /// Nobody has it yet. It does not come back by itself to this agent, who let it go.
    Waiting(AgentId),
    /// Its holder got it by name from this agent and has not answered yet, so that she may decline and give it back.
    Offered(AgentId),
}

/// A conversation in which the shop has had the last word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// Since when.
    pub since: Timestamp,
    /// Whether the buyer was asked if there is anything else.
    pub remarked: bool,
}

/// Who had the last word in a conversation, and what follows from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LastWord {
    /// Nobody has said anything that counts.
    #[default]
    Nobody,
    /// The buyer, to whom a reply is owed.
    Buyer(Owed),
    /// The shop.
    Shop(Quiet),
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
    /// Who had the last word in it.
    pub last_word: LastWord,
    /// How much longer than it has it counts as waiting, when it has to queue.
    pub artificial_age: Span,
    /// The ring of groups that may take it while it waits, from 1.
    pub ring: u8,
    /// What is left of its last hand-over.
    pub handover: Handover,
    /// True = its holder was left it as a message, and keeps it although she is away.
    pub left: bool,
    /// True = an agent reported it, so it may be closed although a reply is owed.
    pub reported: bool,
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
    /// Another ring of groups may take it.
    Ring,
    /// It can no longer be answered within the limit of the queue's order.
    Late,
    /// The buyer is asked whether there is anything else.
    IdleRemark,
    /// The buyer has said nothing more for so long that it is closed.
    IdleClose,
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
            Stage::Assigned(agent) | Stage::Kept(agent) => Some(agent),
            _ => None,
        }
    }

    /// Whether the buyer has said nothing yet.
    #[must_use]
    pub const fn is_silent(&self) -> bool {
        matches!(self.stage, Stage::Entered | Stage::Kept(_))
    }

    /// What it owes.
    #[must_use]
    pub const fn owed(&self) -> Option<Owed> {
        match self.last_word {
            LastWord::Buyer(owed) => Some(owed),
            LastWord::Nobody | LastWord::Shop(_) => None,
        }
    }

    /// Since when the shop has had the last word, and whether the buyer was asked if there is anything else.
    #[must_use]
    pub const fn quiet(&self) -> Option<Quiet> {
        match self.last_word {
            LastWord::Shop(quiet) => Some(quiet),
            LastWord::Nobody | LastWord::Buyer(_) => None,
        }
    }

    /// A conversation that has just begun.
    #[must_use]
    pub(super) fn new(
        id: ConversationId,
        (channel, buyer): (Text, Text),
        group: Text,
        event: &Event,
    ) -> Self {
        Self {
            id,
            buyer,
            channel,
            group,
            priority: USUAL_PRIORITY,
            stage: Stage::Entered,
            opened: event.recorded,
            last_word: LastWord::Nobody,
            artificial_age: Span::ZERO,
            ring: 1,
            handover: Handover::Over,
            left: false,
            reported: false,
            last_seq: event.seq,
        }
    }

    /// Who may not get it by itself: whoever handed it over, until somebody has it.
    #[must_use]
    pub const fn not_for(&self) -> Option<AgentId> {
        match self.handover {
            Handover::Waiting(by) => Some(by),
            Handover::Over | Handover::Offered(_) => None,
        }
    }

    /// Its next timer under this policy: derived, never stored, so that it cannot disagree.
    pub(super) fn timer(&self, policy: &Policy) -> Option<(Timestamp, TimerKind)> {
        let of_stage = match self.stage {
            Stage::Entered => Some((self.opened + ENTERED_EXPIRY, TimerKind::EnteredExpiry)),
            Stage::Kept(_) => {
                let kept = policy.pre_assign.unwrap_or(ENTERED_EXPIRY);
                Some((self.opened + kept, TimerKind::EnteredExpiry))
            }
            Stage::WithRobot => return None,
            Stage::Queued(ticket) => self.queue_timer(ticket, policy),
            Stage::Open | Stage::Assigned(_) => self.idle_timer(policy),
        };
        let due = self.owed().and_then(|owed| {
            let step = policy.reply_due.get(usize::from(owed.steps_taken))?;
            Some((owed.since + *step, TimerKind::ReplyDue))
        });
        of_stage.into_iter().chain(due).min_by_key(|(at, _)| *at)
    }

    /// While it waits: the next ring, and the moment from which it is late.
    fn queue_timer(&self, ticket: Ticket, policy: &Policy) -> Option<(Timestamp, TimerKind)> {
        let ring = policy.next_ring(&self.group, self.ring).map(|after| ticket.waiting_since + after);
        let late = match policy.order {
            QueueOrder::SavableFirst { limit, .. } if !ticket.late => {
                self.owed().map(|owed| owed.since + limit)
            }
            _ => None,
        };
        let late = late.map(|at| (at, TimerKind::Late));
        ring.map(|at| (at, TimerKind::Ring)).into_iter().chain(late).min_by_key(|(at, _)| *at)
    }

    /// While the shop has the last word: the remark, then the end.
    fn idle_timer(&self, policy: &Policy) -> Option<(Timestamp, TimerKind)> {
        let (quiet, idle) = (self.quiet()?, policy.idle?);
        Some(match quiet.remarked {
            false => (quiet.since + idle.remark_after, TimerKind::IdleRemark),
            true => (quiet.since + idle.close_after, TimerKind::IdleClose),
        })
    }

    /// Whether it can no longer be answered within the limit of the queue's order.
    pub(super) fn is_late(&self, order: QueueOrder, now: Timestamp) -> bool {
        match (order, self.owed()) {
            (QueueOrder::SavableFirst { limit, .. }, Some(owed)) => owed.since + limit <= now,
            _ => false,
        }
    }

    /// Its place among those that may not stay where they are: who is owed a reply by when, others by when they opened.
    pub(super) fn unrest(&self) -> Timestamp {
        self.owed().map_or(self.opened, |owed| owed.since)
    }

    /// Since when it counts as waiting, for its place in the queue: its first unanswered message, but not in the
    /// future, and at most [`MAX_HEAD_START`] ago, so that no channel's clock overtakes everybody.
    pub(super) fn waiting_since(&self, now: Timestamp) -> Timestamp {
        self.owed().map_or(now, |owed| owed.since.clamp(now - MAX_HEAD_START, now)) - self.artificial_age
    }
}
