//! Each of several days by itself, in one pass.

use std::collections::{BTreeMap, BTreeSet};

use super::books::{Books, Question};
use super::conversation::parts;
use super::sheet::{DaySheet, Entry};
use super::{Shift, Slots};
use crate::agent_facts::Fact;
use crate::day::{Day, Zone};
use crate::exchange::Conversation;
use crate::pack::RulePack;
use crate::time::{Span, Timestamp};

/// [`Books`] for each of some days. Takes in conversations and facts in any order, as they do, and ends in what each day
/// came to.
#[derive(Debug)]
pub struct DailyBooks {
    zone: Zone,
    shifts: Vec<Shift>,
    as_of: Timestamp,
    /// How long after its end a conversation still bears on others.
    bears_for: Span,
    days: BTreeMap<Day, OfDay>,
    /// The slots of every day a session was on.
    slots: BTreeMap<Day, Slots>,
}

#[derive(Debug)]
struct OfDay {
    books: Books,
    /// The latest moment known of a conversation that bears on the day.
    latest_at: Timestamp,
    /// By agent, empty for the shop.
    again: BTreeMap<String, BTreeMap<(u32, usize), u64>>,
}

impl DailyBooks {
    /// Empty ones of these days, in the shop's zone, as of a moment.
    #[must_use]
    pub fn new(
        zone: Zone,
        days: impl IntoIterator<Item = Day>,
        shifts: &[Shift],
        packs: &[RulePack],
        as_of: Timestamp,
    ) -> Self {
        let of_day = |day: Day| {
            let (shifts, packs) = (shifts.to_vec(), packs.to_vec());
            let books = Books::new(Question { zone, days: day..=day, shifts, packs, as_of });
            (day, OfDay { books, latest_at: Timestamp::MIN, again: BTreeMap::new() })
        };
        let bears_for = packs.iter().filter_map(|pack| pack.rejoin_within).max().unwrap_or_default();
        let days = days.into_iter().map(of_day).collect();
        Self { zone, shifts: shifts.to_vec(), as_of, bears_for, days, slots: BTreeMap::new() }
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
        let dates = self.zone.days_between(begins, ends + self.bears_for);
        // A day goes on where clocks are put back over its midnight.
        let days = *dates.start()..=dates.end().plus(1);
        let latest_at = conversation.latest_at();
        for (_, of_day) in self.days.range_mut(days) {
            of_day.books.add_all_but_session(conversation);
            of_day.latest_at = of_day.latest_at.max(latest_at);
        }
        self.add_session(conversation);
    }

    /// A session is one of each day it is on, and on each but the first it is told since when it was one last.
    fn add_session(&mut self, conversation: &Conversation) {
        let mut seen: BTreeMap<(usize, &str), BTreeSet<Day>> = BTreeMap::new();
        for (asked_at, agent) in parts(conversation, self.as_of) {
            let day = self.day_of(asked_at);
            let slots = self.slots_of(day);
            for slot in slots.of(asked_at) {
                seen.entry((slot, "")).or_default().insert(day);
                seen.entry((slot, agent)).or_default().insert(day);
            }
        }
        for ((slot, agent), days) in seen {
            let mut before: Option<Day> = None;
            for day in days {
                let ago = before.replace(day).and_then(|before| u32::try_from(before.days_until(day)).ok());
                let Some(of_day) = self.days.get_mut(&day) else { continue };
                of_day.books.count_session(agent, slot);
                if let Some(ago) = ago {
                    let again = of_day.again.entry(agent.to_owned()).or_default();
                    *again.entry((ago, slot)).or_default() += 1;
                }
            }
        }
    }

    /// The day a moment is on: where clocks are put back over midnight the next one has begun, whatever the date.
    fn day_of(&mut self, at: Timestamp) -> Day {
        let date = self.zone.day_of(at);
        let ended = self.slots_of(date).whole().is_some_and(|whole| whole.end <= at);
        if ended { date.plus(1) } else { date }
    }

    fn slots_of(&mut self, day: Day) -> &Slots {
        let Self { zone, shifts, as_of, .. } = self;
        // What happens at the moment itself is seen.
        let until = *as_of + Span::from_micros(1);
        self.slots.entry(day).or_insert_with(|| Slots::new(*zone, &(day..=day), shifts, until))
    }

    /// Takes in what an agent was, had or did, for the days it was on. What one event ended comes together and in order.
    pub fn learn(&mut self, fact: &Fact) {
        let (begins, ends) = fact.times();
        let dates = self.zone.days_between(begins, ends);
        let days = *dates.start()..=dates.end().plus(1);
        self.days.range_mut(days).for_each(|(_, of_day)| of_day.books.learn(fact));
    }

    /// What each day came to.
    pub fn finish(self) -> impl Iterator<Item = (Day, DaySheet)> {
        self.days.into_iter().map(|(day, of_day)| (day, of_day.finish()))
    }
}

impl OfDay {
    fn finish(self) -> DaySheet {
        let mut sheet = self.books.into_sheet();
        sheet.holds_from = sheet.holds_from.max(self.latest_at);
        for (agent, again) in self.again {
            let entry: Option<&mut Entry> =
                if agent.is_empty() { Some(&mut sheet.shop) } else { sheet.agents.get_mut(&agent) };
            if let Some(entry) = entry {
                entry.again = again;
            }
        }
        sheet
    }
}
