//! Buyers as the desk keeps them: a conversation is open, or there is one that may be taken up again.

use super::shelf::Keyed;
use super::{Buyer, BuyerKey, ClosedConversation};
use crate::ids::{AgentId, ConversationId};
use crate::time::Timestamp;

/// A buyer, and what is remembered of them.
#[derive(Clone, Debug)]
pub(super) struct KnownBuyer {
    /// Who.
    pub(super) key: BuyerKey,
    /// The agent they spoke with last, and when.
    pub(super) last_agent: Option<(AgentId, Timestamp)>,
    visit: Visit,
}

/// Whether a buyer is there.
#[derive(Clone, Debug)]
enum Visit {
    /// Their conversation is open.
    Open(ConversationId),
    /// It is over, and when they are forgotten.
    Over { closed: Option<Box<ClosedConversation>>, expires: Timestamp },
}

impl Keyed for KnownBuyer {
    type Key = BuyerKey;

    fn key(&self) -> &BuyerKey {
        &self.key
    }
}

impl KnownBuyer {
    /// Somebody whose first conversation is this one.
    pub(super) const fn new(key: BuyerKey, open: ConversationId) -> Self {
        Self { key, last_agent: None, visit: Visit::Open(open) }
    }

    /// Their open conversation.
    pub(super) const fn open(&self) -> Option<ConversationId> {
        match self.visit {
            Visit::Open(id) => Some(id),
            Visit::Over { .. } => None,
        }
    }

    /// The conversation that was closed last, while it may be taken up again.
    pub(super) fn closed(&self) -> Option<&ClosedConversation> {
        match &self.visit {
            Visit::Over { closed, .. } => closed.as_deref(),
            Visit::Open(_) => None,
        }
    }

    /// When they are forgotten; `None` while a conversation is open.
    pub(super) const fn expires(&self) -> Option<Timestamp> {
        match self.visit {
            Visit::Over { expires, .. } => Some(expires),
            Visit::Open(_) => None,
        }
    }

    /// They have a conversation again.
    pub(super) fn come(&mut self, open: ConversationId) {
        self.visit = Visit::Open(open);
    }

    /// It is over, and leaves something to take up again or not.
    pub(super) fn go(&mut self, closed: Option<Box<ClosedConversation>>, expires: Timestamp) {
        self.visit = Visit::Over { closed, expires };
    }

    /// The buyer as plain data.
    pub(super) fn state(&self) -> (BuyerKey, Buyer) {
        let (open, last_agent, expires) = (self.open(), self.last_agent, self.expires());
        let closed = self.closed().cloned().map(Box::new);
        (self.key.clone(), Buyer { open, closed, last_agent, expires })
    }

    /// The buyer that plain data tells of. Whoever has no conversation and is never forgotten is forgotten next.
    pub(super) fn of((key, of): (BuyerKey, Buyer)) -> Self {
        let visit = match of.open {
            Some(open) => Visit::Open(open),
            None => Visit::Over { closed: of.closed, expires: of.expires.unwrap_or(Timestamp::MIN) },
        };
        Self { key, last_agent: of.last_agent, visit }
    }
}
