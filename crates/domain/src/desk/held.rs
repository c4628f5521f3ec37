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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_owe_a_reply_come_first_and_the_others_are_not_waited_for() {
        let ids = [1, 2].map(ConversationId::from_bits);
        let since = Timestamp::default();
        let mut held = Held::default();
        held.insert(ids[0], None);
        assert_eq!((held.oldest_owed(), held.owing(), held.len()), (None, 0, 1));
        held.insert(ids[1], Some(since));
        assert_eq!((held.oldest_owed(), held.owing(), held.len()), (Some(since), 1, 2));
        assert_eq!(held.iter().collect::<Vec<_>>(), [ids[1], ids[0]]);
        assert!(!held.remove(ids[1], None), "that is not where it stands");
        assert!(held.remove(ids[1], Some(since)) && held.remove(ids[0], None));
        assert_eq!((held.is_empty(), held.owing()), (true, 0));
    }
}
