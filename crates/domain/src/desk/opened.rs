//! An open conversation as the desk keeps it: with the slot of its buyer, so that neither an answer nor the end has to
//! look for who they are.

use std::ops::{Deref, DerefMut};

use super::Desk;
use super::conversation::Conversation;
use super::shelf::Keyed;
use super::slab::Slot;
use crate::ids::ConversationId;

/// A conversation, and where its buyer is.
#[derive(Clone, Debug)]
pub(super) struct OpenConversation {
    /// The conversation.
    pub(super) conversation: Conversation,
    /// The slot its buyer had when it began; `None` = nobody knew them.
    pub(super) buyer: Option<Slot>,
}

impl Keyed for OpenConversation {
    type Key = ConversationId;

    fn key(&self) -> &ConversationId {
        &self.conversation.id
    }
}

impl Deref for OpenConversation {
    type Target = Conversation;

    fn deref(&self) -> &Conversation {
        &self.conversation
    }
}

impl DerefMut for OpenConversation {
    fn deref_mut(&mut self) -> &mut Conversation {
        &mut self.conversation
    }
}

impl Desk {
    /// The slot of a conversation's buyer. A history may say of one buyer that they have two conversations; then one of
    /// them finds its buyer by name.
    pub(super) fn slot_of_buyer(&self, open: &OpenConversation) -> Option<Slot> {
        let is = |slot: &Slot| self.buyers.at(*slot).is_some_and(|buyer| buyer.open() == Some(open.id));
        open.buyer.filter(is).or_else(|| self.buyers.slot(&open.buyer_key()))
    }
}
