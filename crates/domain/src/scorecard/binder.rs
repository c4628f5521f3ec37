//! Adding days up.

use std::collections::{BTreeMap, BTreeSet};

use super::books::Question;
use super::card::{Card, Figures, Rating, Report};
use super::hint::Shown;
use super::sheet::{DaySheet, Entry, Stray};
use super::{Counts, Slots};
use crate::day::Day;
use crate::desk::agent::Presence;
use crate::ids::{AgentId, ConversationId};
use crate::roster::Stretch;
use crate::spans::{self, Activity, PresenceChange, Record};
use crate::time::{Span, Timestamp};

/// Puts the sheets of the days of a range together, in any order, and ends in the [`Report`] that [`Books`](super::Books)
/// of the whole range end in. Whoever wants the cards of some agents only adds the entries of those, and of all others when
/// they were there.
#[derive(Debug)]
pub struct Binder {
    first: Day,
    as_of: Timestamp,
    slots: Slots,
    /// The places of the question's packs in the sheets.
    packs: Vec<usize>,
    shop: Sum,
    agents: BTreeMap<String, Sum>,
    there: BTreeMap<String, Vec<(Presence, Stretch)>>,
    duty: BTreeMap<String, Vec<Stretch>>,
    /// The last rating of each conversation.
    ratings: BTreeMap<ConversationId, Rating>,
    strays: Vec<Stray>,
}

/// What an agent, or the shop, came to so far.
#[derive(Debug, Default)]
struct Sum {
    slots: Vec<Figures>,
    shown: Shown,
}

impl Binder {
    /// An empty one. `packs` are the places that the packs of the question have in the sheets. The sheets may have the
    /// question's shifts, or where it has none any.
    #[must_use]
    pub fn new(question: &Question, packs: Vec<usize>) -> Self {
        let Question { zone, days, shifts, as_of, .. } = question;
        // What happens at the moment itself is seen.
        let slots = Slots::new(*zone, days, shifts, *as_of + Span::from_micros(1));
        Self {
            first: *days.start(),
            as_of: *as_of,
            shop: Sum::new(&slots),
            slots,
            packs,
            agents: BTreeMap::new(),
            there: BTreeMap::new(),
            duty: BTreeMap::new(),
            ratings: BTreeMap::new(),
            strays: Vec::new(),
        }
    }

    /// Adds a day, once.
    pub fn add(&mut self, day: Day, sheet: &DaySheet) {
        self.add_shop(day, &sheet.shop);
        self.add_ratings(sheet.ratings.iter().copied());
        self.strays.extend(sheet.strays.iter().cloned());
        for (name, entry) in &sheet.agents {
            self.add_agent(day, name, entry);
            self.meet(name, &entry.there);
        }
    }

    /// Adds what a day came to for the shop.
    pub fn add_shop(&mut self, day: Day, entry: &Entry) {
        self.shop.add(day, self.first, entry);
    }

    /// Adds what a day came to for an agent.
    pub fn add_agent(&mut self, day: Day, name: &str, entry: &Entry) {
        let (first, slots) = (self.first, &self.slots);
        let sum = match self.agents.get_mut(name) {
            Some(sum) => sum,
            None => self.agents.entry(name.to_owned()).or_insert_with(|| Sum::new(slots)),
        };
        sum.add(day, first, entry);
    }

    /// Adds when an agent was there on a day.
    pub fn meet(&mut self, name: &str, there: &[(Presence, Stretch)]) {
        match self.there.get_mut(name) {
            Some(known) => known.extend(there),
            None => drop(self.there.insert(name.to_owned(), there.to_vec())),
        }
    }

    /// Adds ratings of a day. Of several ratings of a conversation, the last is meant.
    pub fn add_ratings(&mut self, ratings: impl IntoIterator<Item = (ConversationId, Rating)>) {
        for (conversation, rating) in ratings {
            let known = self.ratings.entry(conversation).or_insert(rating);
            *known = rating.max(*known);
        }
    }

    /// Adds the strays of a day.
    pub fn add_strays(&mut self, strays: impl IntoIterator<Item = Stray>) {
        self.strays.extend(strays);
    }

    /// Adds when an agent is on duty.
    pub fn schedule(&mut self, agent: AgentId, duty: impl IntoIterator<Item = Stretch>) {
        self.duty.entry(agent.to_string()).or_default().extend(duty);
    }

    /// Everybody who was on duty or rated; they have a card whatever else there is of them.
    #[must_use]
    pub fn named(&self) -> BTreeSet<String> {
        let known = self.slots.whole().and_then(|whole| whole.clip(Stretch::new(whole.start, self.as_of)?));
        let on_duty = |duty: &&Vec<Stretch>| {
            duty.iter().any(|stretch| known.and_then(|known| stretch.clip(known)).is_some())
        };
        let scheduled = self.duty.iter().filter(|(_, duty)| on_duty(duty)).map(|(name, _)| name.clone());
        let rated = self.ratings.values().filter_map(|rating| rating.agent).map(|agent| agent.to_string());
        scheduled.chain(rated).collect()
    }

    /// The cards of those who are wanted, of everything added.
    #[must_use]
    pub fn finish(mut self, wanted: impl Fn(&str) -> bool) -> Report {
        for (conversation, rating) in std::mem::take(&mut self.ratings) {
            self.count_rating(conversation, rating, &wanted);
        }
        for stray in std::mem::take(&mut self.strays) {
            self.blame(&stray);
        }
        for (name, duty) in std::mem::take(&mut self.duty) {
            let there = self.there.remove(&name).unwrap_or_default();
            let time = self.time_on_duty(duty, there);
            self.shop.spend(&time);
            if wanted(&name) {
                self.sum_of(&name).spend(&time);
            }
        }
        let Self { shop, agents, packs, .. } = self;
        let cards = agents.into_iter().filter(|(name, _)| wanted(name));
        let cards = cards.map(|(name, sum)| (name, sum.card(&packs)));
        let agents = cards.filter(|(_, card)| !card.whole.is_nothing()).collect();
        Report { shop: shop.card(&packs), agents }
    }

    fn sum_of(&mut self, name: &str) -> &mut Sum {
        let slots = &self.slots;
        self.agents.entry(name.to_owned()).or_insert_with(|| Sum::new(slots))
    }

    fn count_rating(&mut self, id: ConversationId, rating: Rating, wanted: impl Fn(&str) -> bool) {
        let slots: Vec<_> = self.slots.of(rating.at).collect();
        let conversation = id.to_string();
        let count = |sum: &mut Sum| {
            sum.count(&slots, |counts| counts.rate(rating.stars.0));
            if let Some((rule, weight)) = rating.shows() {
                sum.shown.note(rule, weight, rating.at, &conversation);
            }
        };
        count(&mut self.shop);
        if let Some(name) = rating.agent.map(|agent| agent.to_string()).filter(|name| wanted(name)) {
            count(self.sum_of(&name));
        }
    }

    /// The whole has them already; shifts of days of the range have those asked in them.
    fn blame(&mut self, stray: &Stray) {
        let slots: Vec<_> = self.slots.of(stray.asked_at).filter(|slot| *slot > 0).collect();
        self.shop.count(&slots, |counts| counts.miss(stray.pack));
        if let Some(sum) = self.agents.get_mut(&stray.agent) {
            sum.count(&slots, |counts| counts.miss(stray.pack));
        }
    }

    /// What of the time in each slot is measured against the roster.
    fn time_on_duty(&self, duty: Vec<Stretch>, mut there: Vec<(Presence, Stretch)>) -> Vec<spans::Figures> {
        there.sort_unstable_by_key(|(_, stretch)| *stretch);
        let changes = there
            .iter()
            .flat_map(|(presence, stretch)| [(stretch.start, *presence), (stretch.end, Presence::Offline)]);
        let presence = changes.map(|(at, presence)| PresenceChange { at, presence }).collect();
        let activity = Activity::of(Record { presence, duty, until: self.as_of, ..Record::default() });
        let of_slot = |place: usize| {
            let mut sum = spans::Figures::default();
            for stretch in self.slots.stretches(place) {
                sum.add(&activity.figures(*stretch).of_duty());
            }
            sum
        };
        (0..self.slots.len()).map(of_slot).collect()
    }
}

impl Sum {
    fn new(slots: &Slots) -> Self {
        Self { slots: vec![Figures::default(); slots.len()], shown: Shown::default() }
    }

    /// A session that was one on an earlier day of the range was counted then.
    fn add(&mut self, day: Day, first: Day, entry: &Entry) {
        for (figures, more) in self.slots.iter_mut().zip(&entry.slots) {
            if figures.counts.misses.len() < more.counts.misses.len() {
                figures.counts.misses.resize(more.counts.misses.len(), 0);
            }
            figures.add(more);
        }
        for ((ago, slot), sessions) in &entry.again {
            if let Some(figures) = self.slots.get_mut(*slot).filter(|_| first <= day.minus(*ago)) {
                figures.counts.sessions -= sessions;
            }
        }
        self.shown.add(&entry.shown);
    }

    fn count(&mut self, slots: &[usize], mut count: impl FnMut(&mut Counts)) {
        for slot in slots {
            if let Some(figures) = self.slots.get_mut(*slot) {
                count(&mut figures.counts);
            }
        }
    }

    fn spend(&mut self, time: &[spans::Figures]) {
        self.slots.iter_mut().zip(time).for_each(|(figures, more)| figures.time.add(more));
    }

    fn card(mut self, packs: &[usize]) -> Card {
        for figures in &mut self.slots {
            let misses = &figures.counts.misses;
            let of_pack = |place: &usize| misses.get(*place).copied().unwrap_or_default();
            figures.counts.misses = packs.iter().map(of_pack).collect();
        }
        let mut figures = self.slots.into_iter();
        let whole = figures.next().unwrap_or_default();
        let hints = self.shown.hints(&whole.counts, &whole.time);
        Card { whole, shifts: figures.collect(), hints }
    }
}
