//! Cards, and what they are made of.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::Counts;
use super::hint::{Hint, Rule};
use crate::ids::AgentId;
use crate::spans;
use crate::time::Timestamp;

/// Everybody's cards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The shop's.
    pub shop: Card,
    /// Each agent's, by their id or the name an import gave them.
    pub agents: BTreeMap<String, Card>,
}

/// How somebody did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// Over all the days.
    pub whole: Figures,
    /// In each shift, in the order of the question.
    pub shifts: Vec<Figures>,
    /// What stands out of the whole.
    pub hints: Vec<Hint>,
}

/// The figures of one part of the range.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// How the time was spent; that of the shop is the sum of its agents'.
    pub time: spans::Figures,
    /// What was done.
    pub counts: Counts,
}

/// A rating, of which the later and then the lower is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rating {
    /// When it was given.
    pub at: Timestamp,
    /// 1, not at all, to 5.
    pub stars: Reverse<u8>,
    /// Whom it is about; `None` = nobody held the conversation.
    pub agent: Option<AgentId>,
}

impl Rating {
    /// What it shows, and how well.
    pub(super) fn shows(self) -> Option<(Rule, i64)> {
        let Reverse(stars) = self.stars;
        (stars <= 3).then(|| (Rule::Dissatisfaction, -i64::from(stars)))
    }
}

impl Figures {
    /// Adds those of another part of the time.
    pub(super) fn add(&mut self, other: &Self) {
        self.time.add(&other.time);
        self.counts.add(&other.counts);
    }

    /// The places of the packs under which there are misses, where there is nothing else.
    pub(super) fn only_missed(&self) -> Vec<usize> {
        let misses = vec![0; self.counts.misses.len()];
        let rest = Self { counts: Counts { misses, ..self.counts.clone() }, ..self.clone() };
        let missed = (0..).zip(&self.counts.misses).filter(|(_, misses)| **misses > 0);
        if rest.is_nothing() { missed.map(|(pack, _)| pack).collect() } else { Vec::new() }
    }

    /// Whether there was nothing: no time there or scheduled, nothing asked and nothing done.
    pub(super) fn is_nothing(&self) -> bool {
        let nothing = Counts::new(self.counts.misses.len());
        self.time == spans::Figures::default() && self.counts == nothing
    }
}
