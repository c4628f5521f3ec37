//! What one agent holds: those that owe a reply first, by since when, then the others.

use std::collections::BTreeSet;

use crate::ids::ConversationId;
use crate::time::Timestamp;

/// One set for both, because most of a desk's memory is here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    /// What owes nothing is owed at the end of time.
    all: BTreeSet<(Timestamp, ConversationId)>,
    owing: u32,
}

impl Held {
    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.all.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// How many owe a reply.
    pub(super) const fn owing(&self) -> u32 {
        self.owing
    }

    /// Since when the one that waits longest waits.
    pub(super) fn oldest_owed(&self) -> Option<Timestamp> {
        self.all.first().filter(|_| self.owing > 0).map(|(since, _)| *since)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = ConversationId> {
        self.all.iter().map(|(_, id)| *id)
    }

    /// Takes in a conversation in which a reply is owed since so long, if one is.
    pub(super) fn insert(&mut self, id: ConversationId, owed: Option<Timestamp>) {
        if self.all.insert((owed.unwrap_or(Timestamp::MAX), id)) {
            self.owing += u32::from(owed.is_some());
        }
    }

    /// Lets one go; whether it was here.
    pub(super) fn remove(&mut self, id: ConversationId, owed: Option<Timestamp>) -> bool {
        let held = self.all.remove(&(owed.unwrap_or(Timestamp::MAX), id));
        self.owing -= u32::from(held && owed.is_some());
        held
    }
}
