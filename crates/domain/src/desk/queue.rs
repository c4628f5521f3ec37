//! The queue: one line per group, ordered by priority band, then age. A conversation whose rings have opened stands in
//! the lines of several groups.

use std::collections::{BTreeMap, BTreeSet};

use super::event::{Seq, Text};
use crate::ids::ConversationId;
use crate::time::Timestamp;

/// Priority band of a conversation that names none; lower goes first.
pub const USUAL_PRIORITY: u8 = 100;

/// A conversation's place in its line; smaller goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket {
    /// Priority band; lower goes first.
    pub priority: u8,
    /// True = it can no longer be answered within the limit of the shop's order; such go last of their band.
    pub late: bool,
    /// Since when it counts as waiting.
    pub waiting_since: Timestamp,
    /// The event that queued it: among equals, who came first.
    pub seq: Seq,
}

/// Those who wait for one group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    waiting: BTreeSet<(Ticket, ConversationId)>,
    late: BTreeSet<(Ticket, ConversationId)>,
}

impl Line {
    /// The next to be admitted first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &(Ticket, ConversationId)> {
        self.waiting.iter()
    }

    /// Those of them who are late, the next to be admitted first.
    pub(super) fn late(&self) -> impl Iterator<Item = &(Ticket, ConversationId)> {
        self.late.iter()
    }
}

/// Who waits, by group. Groups nobody waits for are not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Queue {
    lines: BTreeMap<Text, Line>,
    length: usize,
}

impl Queue {
    /// How many wait, over all groups.
    pub(super) const fn len(&self) -> usize {
        self.length
    }

    /// Lets a conversation wait in the lines of these groups, the first of which is its own.
    pub(super) fn join<'t>(
        &mut self,
        groups: impl Iterator<Item = &'t Text>,
        ticket: Ticket,
        conversation: ConversationId,
    ) {
        self.length += 1;
        for group in groups {
            let line = self.lines.entry(group.clone()).or_default();
            line.waiting.insert((ticket, conversation));
            if ticket.late {
                line.late.insert((ticket, conversation));
            }
        }
    }

    /// Takes a conversation out of the lines it stands in.
    pub(super) fn leave<'t>(
        &mut self,
        groups: impl Iterator<Item = &'t Text>,
        ticket: Ticket,
        conversation: ConversationId,
    ) {
        self.length -= 1;
        for group in groups {
            let Some(line) = self.lines.get_mut(group) else { continue };
            line.waiting.remove(&(ticket, conversation));
            line.late.remove(&(ticket, conversation));
            if line.waiting.is_empty() {
                self.lines.remove(group);
            }
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
            .map_or(0, |line| line.waiting.range(..(ticket, ConversationId::from_bits(0))).count());
        u32::try_from(ahead).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// The lines, by group.
    pub(super) fn lines(&self) -> impl Iterator<Item = (&Text, &Line)> {
        self.lines.iter()
    }

    /// Everybody who waits: group by group, the next to be admitted first. Whoever stands in several lines is shown in
    /// each of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Text, Ticket, ConversationId)> {
        self.lines.iter().flat_map(|(group, line)| {
            line.waiting.iter().map(move |(ticket, conversation)| (group, *ticket, *conversation))
        })
    }
}
