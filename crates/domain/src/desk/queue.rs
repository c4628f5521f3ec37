//! The queue: one line per group, ordered by priority band, then age.

use std::collections::{BTreeMap, BTreeSet};

use super::event::{Seq, Text};
use crate::ids::ConversationId;
use crate::time::Timestamp;

/// A conversation's place in its line; smaller goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket {
    /// Priority band; lower goes first.
    pub priority: u8,
    /// Since when it counts as waiting.
    pub waiting_since: Timestamp,
    /// The event that queued it: among equals, who came first.
    pub seq: Seq,
}

/// Who waits, by group. Groups nobody waits for are not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Queue {
    lines: BTreeMap<Text, BTreeSet<(Ticket, ConversationId)>>,
    length: usize,
}

impl Queue {
    /// How many wait, over all groups.
    pub(super) const fn len(&self) -> usize {
        self.length
    }

    pub(super) fn join(&mut self, group: &Text, ticket: Ticket, conversation: ConversationId) {
        if self.lines.entry(group.clone()).or_default().insert((ticket, conversation)) {
            self.length += 1;
        }
    }

    pub(super) fn leave(&mut self, group: &Text, ticket: Ticket, conversation: ConversationId) {
        let Some(line) = self.lines.get_mut(group) else { return };
        if line.remove(&(ticket, conversation)) {
            self.length -= 1;
        }
        if line.is_empty() {
            self.lines.remove(group);
        }
    }

    /// Whether anybody waits for a group.
    pub(super) fn has_line(&self, group: &str) -> bool {
        self.lines.contains_key(group)
    }

    /// The place, from 1, that a ticket has or would have in a group's line.
    pub(super) fn position(&self, group: &str, ticket: Ticket) -> u32 {
        let ahead = self
            .lines
            .get(group)
            .map_or(0, |line| line.range(..(ticket, ConversationId::from_bits(0))).count());
        u32::try_from(ahead).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// The lines, by group; within each, the next to be admitted first.
    pub(super) fn lines(&self) -> impl Iterator<Item = (&Text, &BTreeSet<(Ticket, ConversationId)>)> {
        self.lines.iter()
    }

    /// Everybody who waits: group by group, the next to be admitted first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Text, Ticket, ConversationId)> {
        self.lines.iter().flat_map(|(group, line)| {
            line.iter().map(move |(ticket, conversation)| (group, *ticket, *conversation))
        })
    }
}
