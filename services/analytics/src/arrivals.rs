//! When conversations came, to the minute: so a year of a busy shop needs no more room than its minutes.
//!
//! Invariants: the order of conversations does not matter; a conversation in which the buyer never said anything did not
//! come.

use std::collections::BTreeMap;

use fenliu_domain::day::{Day, Zone};
use fenliu_domain::exchange::Conversation;
use fenliu_domain::time::{Span, Timestamp};

use crate::storage::Fold;

/// Microseconds of a minute. Clocks and their changes go by whole minutes, so no half hour and no day begins within one.
pub(crate) const MINUTE: i64 = 60_000_000;

/// When conversations were opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Arrivals {
    minutes: BTreeMap<Timestamp, u64>,
}

impl Arrivals {
    /// Takes in so many that came within a minute, which begins at this moment.
    pub(crate) fn add(&mut self, minute: Timestamp, count: u64) {
        *self.minutes.entry(minute).or_default() += count;
    }

    /// The minutes in which any came, in order, and how many in each.
    pub(crate) fn minutes(&self) -> impl DoubleEndedIterator<Item = (Timestamp, u64)> + '_ {
        self.minutes.iter().map(|(minute, count)| (*minute, *count))
    }

    /// Those of each local day.
    pub(crate) fn by_day(&self, zone: Zone) -> BTreeMap<Day, Self> {
        let mut days: BTreeMap<Day, Self> = BTreeMap::new();
        for (minute, count) in self.minutes() {
            days.entry(zone.day_of(minute)).or_default().add(minute, count);
        }
        days
    }
}

impl Fold for Arrivals {
    fn add(&mut self, conversation: &Conversation) {
        let session = &conversation.session;
        let Some(asked_at) = session.first_asked_at else { return };
        let at = session.opened_at.unwrap_or(asked_at);
        self.add(at - Span::from_micros(at.micros().rem_euclid(MINUTE)), 1);
    }
}
