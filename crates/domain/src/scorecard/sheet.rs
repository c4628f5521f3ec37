//! What one local day came to, as it can be kept and added to other days.

use std::collections::BTreeMap;

use super::card::{Figures, Rating};
use super::hint::Shown;
use crate::desk::agent::Presence;
use crate::ids::ConversationId;
use crate::pack::Miss;
use crate::roster::Stretch;
use crate::time::Timestamp;

/// What one local day of a shop came to; see [`Binder`](super::Binder). What does not add up over days is kept so that it
/// does: sessions that go on are counted once more on each day and told apart, and of ratings each is kept. Duty is no part
/// of it, since rosters are asked for when somebody asks for cards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DaySheet {
    /// The shop's.
    pub shop: Entry,
    /// Each agent's of whom there was anything, beside ratings.
    pub agents: BTreeMap<String, Entry>,
    /// The last rating of each conversation, in order.
    pub ratings: Vec<(ConversationId, Rating)>,
    /// Misses that count for the day and were asked on another.
    pub strays: Vec<Stray>,
    /// The moment from which on time alone changes nothing in it, misses aside.
    pub holds_from: Timestamp,
    /// The same of the misses under each rule pack, in the order of the question.
    pub misses_hold_from: Vec<Timestamp>,
}

/// What one day came to for an agent, or the shop.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The figures of the whole day first, then of each shift, without duty and ratings.
    pub slots: Vec<Figures>,
    /// How many of the sessions were last theirs so many days ago in the same slot: by days and slot.
    pub again: BTreeMap<(u32, usize), u64>,
    /// The conversations that show best what rules are about.
    pub shown: Shown,
    /// When they were online or busy.
    pub there: Vec<(Presence, Stretch)>,
    /// Where there is nothing but misses, under which packs; by their places in the question.
    pub only_missed: Vec<usize>,
}

/// A miss that was asked on another day than the one it counts for, as when a session goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// The place of the rule pack in the question.
    pub pack: usize,
    /// Whose it is; empty = nobody's.
    pub agent: String,
    /// When it was asked.
    pub asked_at: Timestamp,
}

impl Entry {
    /// One of what is known so far, with what of it follows from that.
    pub(super) fn new(slots: Vec<Figures>, shown: Shown, there: Vec<(Presence, Stretch)>) -> Self {
        let only_missed = slots.first().map(Figures::only_missed).unwrap_or_default();
        Self { slots, shown, there, only_missed, ..Self::default() }
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.slots.first().is_none_or(Figures::is_nothing)
    }

    /// Whether there is anything for a question by the packs at these places.
    #[must_use]
    pub fn is_of(&self, packs: &[usize]) -> bool {
        self.only_missed.is_empty() || self.only_missed.iter().any(|pack| packs.contains(pack))
    }
}

impl Stray {
    pub(super) fn of(pack: usize, miss: Miss) -> Self {
        Self { pack, agent: miss.agent.unwrap_or_default(), asked_at: miss.ask.at }
    }
}
