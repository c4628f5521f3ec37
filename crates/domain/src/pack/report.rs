//! How a shop answered, under one pack.

use std::collections::BTreeMap;

use super::{AgentParts, Miss, Parts, Place, ResponseTimes, Waits};
use crate::day::Day;
use crate::time::{Span, Timestamp};

/// How a shop answered, under one pack. Reports of different days add up to the report of all of them, since every
/// unit counts for one day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The counts of everything.
    pub total: Parts,
    /// The counts by local day; only days with units.
    pub days: BTreeMap<Day, Parts>,
    /// The counts by the local hour in which the conversation was opened.
    pub hours: [Parts; 24],
    /// The counts by the agent who answered, or else was asked; empty = nobody known.
    pub agents: BTreeMap<String, AgentParts>,
    /// The counts of units that have a rate of their own, by local day; they are in no other count, and their misses
    /// are not among `misses`.
    pub separate_days: BTreeMap<Day, Parts>,
    /// How long every turn judged waited.
    pub waits: Waits,
    /// How long each conversation's first turn waited.
    pub first_waits: Waits,
    /// How long each conversation's first turn waited that was answered, the shortest first; empty unless they were asked
    /// for.
    pub every_first_wait: Vec<Span>,
    /// Every miss in the order of its [`Place`], the longest wait first; empty unless they were asked for.
    pub misses: Vec<Miss>,
    /// The moment from which on time alone changes nothing in it, the waits of misses aside: as of this moment and any
    /// later one, the same facts end in the same report.
    pub holds_from: Timestamp,
}

impl Report {
    /// Adds the report of other days of the same shop under the same pack.
    pub fn add(&mut self, other: &Self) {
        self.total.add(&other.total);
        for (day, parts) in &other.days {
            self.days.entry(*day).or_default().add(parts);
        }
        for (ours, theirs) in self.hours.iter_mut().zip(&other.hours) {
            ours.add(theirs);
        }
        for (agent, parts) in &other.agents {
            match self.agents.get_mut(agent) {
                Some(known) => known.add(parts),
                None => drop(self.agents.insert(agent.clone(), *parts)),
            }
        }
        for (day, parts) in &other.separate_days {
            self.separate_days.entry(*day).or_default().add(parts);
        }
        self.waits.add(&other.waits);
        self.first_waits.add(&other.first_waits);
        self.every_first_wait.extend(&other.every_first_wait);
        self.every_first_wait.sort_unstable();
        self.misses.extend(other.misses.iter().cloned());
        self.misses.sort_by_cached_key(Place::of);
        self.holds_from = self.holds_from.max(other.holds_from);
    }

    /// How long answers took.
    #[must_use]
    pub fn response_times(&self) -> ResponseTimes {
        self.waits.summary()
    }

    /// How long the first answer of each conversation took.
    #[must_use]
    pub fn first_response_times(&self) -> ResponseTimes {
        self.first_waits.summary()
    }

    /// The counts of the units that have a rate of their own.
    #[must_use]
    pub fn separate(&self) -> Parts {
        let mut sum = Parts::default();
        self.separate_days.values().for_each(|parts| sum.add(parts));
        sum
    }
}
