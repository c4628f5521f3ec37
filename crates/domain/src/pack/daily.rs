//! Each of several days by itself, in one pass.

use std::collections::BTreeMap;

use super::{Report, RulePack, Tally};
use crate::day::{Day, DayRange, Zone};
use crate::exchange::Conversation;
use crate::time::{Span, Timestamp};

/// A [`Tally`] for each of some days. Takes in conversations in any order and ends in a report of each day, which is what a
/// tally of that day alone would end in.
#[derive(Debug)]
pub struct DailyTallies {
    zone: Zone,
    /// How long after its end a conversation still bears on others.
    bears_for: Span,
    tallies: BTreeMap<Day, Tally>,
}

impl DailyTallies {
    /// Empty tallies of these days, under a pack, in the shop's zone, as of a moment.
    #[must_use]
    pub fn new(pack: &RulePack, zone: Zone, as_of: Timestamp, days: impl IntoIterator<Item = Day>) -> Self {
        let tally = |day| (day, Tally::new(pack.clone(), zone, as_of, DayRange::only(day)));
        let bears_for = pack.rejoin_within.unwrap_or_default();
        Self { zone, bears_for, tallies: days.into_iter().map(tally).collect() }
    }

    /// How long after its end a conversation still bears on others.
    #[must_use]
    pub const fn bears_for(&self) -> Span {
        self.bears_for
    }

    /// Takes in one conversation, whole, for the days it bears on.
    pub fn add(&mut self, conversation: &Conversation) {
        let session = &conversation.session;
        let (Some(begins), Some(ends)) = (session.begins_at(), session.ends_at()) else { return };
        let days = self.zone.days_between(begins, ends + self.bears_for);
        self.tallies.range_mut(days).for_each(|(_, tally)| tally.add(conversation));
    }

    /// The report of each day.
    pub fn finish(self) -> impl Iterator<Item = (Day, Report)> {
        self.tallies.into_iter().map(|(day, tally)| (day, tally.finish()))
    }
}
