//! Taking in, and making cards of it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use super::card::{Card, Figures, Rating, Report};
use super::conversation::{Answered, Turn, answers, parts, turns};
use super::hint::{Rule, Shown};
use super::sheet::{DaySheet, Entry, Stray};
use super::{Counts, SHORT_CLOSE, SLOW, Shift, Slots};
use crate::agent_facts::{Fact, HoldEnd};
use crate::day::{Day, DayRange, Zone};
use crate::desk::agent::Presence;
use crate::desk::event::{AssignReason, CloseActor};
use crate::exchange::Conversation;
use crate::ids::{AgentId, ConversationId};
use crate::pack::{Miss, RulePack, Tally};
use crate::roster::Stretch;
use crate::spans::{self, Activity, CapacityChange, PresenceChange, Record};
use crate::time::{Span, Timestamp};

/// What cards are asked for.
#[derive(Clone, Debug)]
pub struct Question {
    /// The zone of the shop's days.
    pub zone: Zone,
    /// The local days.
    pub days: RangeInclusive<Day>,
    /// The parts of the day that have figures of their own.
    pub shifts: Vec<Shift>,
    /// By whose rules misses are counted.
    pub packs: Vec<RulePack>,
    /// Up to when everything is seen.
    pub as_of: Timestamp,
}

/// Takes everything in; see [`crate::scorecard`].
#[derive(Debug)]
pub struct Books {
    question: Question,
    slots: Slots,
    shop: Book,
    agents: BTreeMap<String, Book>,
    tallies: Vec<Tally>,
    /// The conversation whose holding ended last, and since when it was held.
    ended: Option<(ConversationId, Stretch)>,
    /// The last rating of each conversation.
    ratings: BTreeMap<ConversationId, Rating>,
}

/// What is known of one agent, or of the shop.
#[derive(Debug, Default)]
struct Book {
    /// One for each slot.
    counts: Vec<Counts>,
    record: Record,
    shown: Shown,
}

impl Books {
    /// Empty ones.
    #[must_use]
    pub fn new(question: Question) -> Self {
        let Question { zone, days, shifts, packs, as_of } = &question;
        // What happens at the moment itself is seen.
        let slots = Slots::new(*zone, days, shifts, *as_of + Span::from_micros(1));
        let range = DayRange { first: Some(*days.start()), last: Some(*days.end()) };
        let tally = |pack: &RulePack| Tally::new(pack.clone(), *zone, *as_of, range).keeping_misses();
        let tallies: Vec<_> = packs.iter().map(tally).collect();
        let shop = Book::new(slots.len(), tallies.len());
        Self {
            question,
            slots,
            shop,
            agents: BTreeMap::new(),
            tallies,
            ended: None,
            ratings: BTreeMap::new(),
        }
    }

    /// The stretch of time they are about; `None` when it has not begun.
    #[must_use]
    pub fn whole(&self) -> Option<Stretch> {
        self.slots.whole()
    }

    /// Takes in one conversation, whole: each with a question inside the range, and those the packs need besides (see
    /// [`Tally::add`]).
    pub fn add(&mut self, conversation: &Conversation) {
        self.add_session(conversation);
        self.add_all_but_session(conversation);
    }

    pub(super) fn add_all_but_session(&mut self, conversation: &Conversation) {
        for tally in &mut self.tallies {
            tally.add(conversation);
        }
        let as_of = self.question.as_of;
        for turn in turns(conversation, as_of) {
            self.add_turn(&conversation.key, &turn);
        }
        for answered in answers(conversation, as_of) {
            self.add_answer(&conversation.key, &answered);
        }
    }

    fn add_session(&mut self, conversation: &Conversation) {
        let mut seen: BTreeSet<(usize, &str)> = BTreeSet::new();
        for (asked_at, agent) in parts(conversation, self.question.as_of) {
            for slot in self.slots.of(asked_at) {
                seen.insert((slot, ""));
                seen.insert((slot, agent));
            }
        }
        for (slot, agent) in seen {
            self.count_session(agent, slot);
        }
    }

    /// Counts a session of an agent, or of the shop where none is named.
    pub(super) fn count_session(&mut self, agent: &str, slot: usize) {
        let book = if agent.is_empty() { &mut self.shop } else { self.agent(agent) };
        book.count(slot, |counts| counts.sessions += 1);
    }

    fn add_turn(&mut self, conversation: &str, turn: &Turn<'_>) {
        let count = |counts: &mut Counts| {
            counts.turns += 1;
            let Some(answer) = turn.reply else { return };
            counts.answered += 1;
            counts.slow += u64::from(answer.waited > SLOW);
            let response = if turn.first { &mut counts.first_response } else { &mut counts.next_response };
            response.record(answer.waited);
            counts.own_response.record(answer.own);
        };
        let slow = turn.reply.map(|answer| answer.waited).filter(|waited| *waited > SLOW);
        let shows = slow.map(|waited| (Rule::SlowResponses, waited.micros()));
        self.take(turn.agent, turn.asked_at, conversation, shows, count);
    }

    fn add_answer(&mut self, conversation: &str, answered: &Answered<'_>) {
        let count = |counts: &mut Counts| {
            counts.answers += 1;
            counts.empty_answers += u64::from(answered.empty);
        };
        let shows = answered.empty.then_some((Rule::EmptyAnswers, 0));
        self.take(answered.agent, answered.asked_at, conversation, shows, count);
    }

    /// Takes in what an agent was, had or did. What one event ended comes together and in order.
    pub fn learn(&mut self, fact: &Fact) {
        match *fact {
            Fact::Presence { agent, presence, stretch } => {
                self.record_of(agent).presence.push(PresenceChange { at: stretch.start, presence });
            }
            Fact::Capacity { agent, capacity, stretch } => {
                self.record_of(agent).capacity.push(CapacityChange { at: stretch.start, capacity });
            }
            Fact::Held { agent, conversation, stretch, end, .. } => {
                self.record_of(agent).holds.push(stretch);
                self.ended = (end == Some(HoldEnd::Closed)).then_some((conversation, stretch));
            }
            Fact::Assigned { agent, conversation, reason: AssignReason::Transfer, at, .. } => {
                self.note(agent, at, conversation, None, |counts| counts.transfers_in += 1);
            }
            Fact::Transferred { from: Some(agent), conversation, at, .. } => {
                let shows = Some((Rule::TransfersOut, 0));
                self.note(agent, at, conversation, shows, |counts| counts.transfers_out += 1);
            }
            Fact::Declined { agent, conversation, at } => {
                self.note(agent, at, conversation, None, |counts| counts.declined += 1);
            }
            Fact::Rated { agent, conversation, stars, at } => {
                let rating = Rating { at, stars: Reverse(stars), agent };
                self.rate(conversation, rating);
            }
            Fact::Closed { agent: Some(agent), conversation, by: CloseActor::Agent, reply_owed, at } => {
                self.close(agent, conversation, reply_owed, at);
            }
            Fact::Assigned { .. } | Fact::Transferred { .. } | Fact::Closed { .. } => {}
        }
    }

    /// Of several ratings of a conversation in the range, the last is meant.
    fn rate(&mut self, conversation: ConversationId, rating: Rating) {
        if rating.at <= self.question.as_of && self.slots.of(rating.at).next().is_some() {
            let known = self.ratings.entry(conversation).or_insert(rating);
            *known = rating.max(*known);
        }
    }

    fn count_rating(&mut self, conversation: ConversationId, rating: Rating) {
        let Rating { at, stars: Reverse(stars), agent } = rating;
        let name = agent.map(|agent| agent.to_string()).unwrap_or_default();
        self.take(&name, at, &conversation.to_string(), rating.shows(), |counts| counts.rate(stars));
    }

    fn close(&mut self, agent: AgentId, conversation: ConversationId, reply_owed: bool, at: Timestamp) {
        let held = self.ended.take().filter(|(ended, _)| *ended == conversation);
        let short = reply_owed || held.is_some_and(|(_, stretch)| stretch.length() < SHORT_CLOSE);
        let shows = short.then_some((Rule::ShortCloses, 0));
        self.note(agent, at, conversation, shows, |counts| {
            counts.closes += 1;
            counts.short_closes += u64::from(short);
        });
    }

    fn note(
        &mut self,
        agent: AgentId,
        at: Timestamp,
        conversation: ConversationId,
        shows: Option<(Rule, i64)>,
        count: impl FnMut(&mut Counts),
    ) {
        if at <= self.question.as_of {
            self.take(&agent.to_string(), at, &conversation.to_string(), shows, count);
        }
    }

    /// Counts something for an agent, if one is known, and for the shop, in every slot it lies in.
    fn take(
        &mut self,
        agent: &str,
        at: Timestamp,
        conversation: &str,
        shows: Option<(Rule, i64)>,
        mut count: impl FnMut(&mut Counts),
    ) {
        let slots: Vec<_> = self.slots.of(at).collect();
        if slots.is_empty() {
            return;
        }
        let mut book = |book: &mut Book| {
            slots.iter().for_each(|slot| book.count(*slot, &mut count));
            if let Some((rule, weight)) = shows {
                book.shown.note(rule, weight, at, conversation);
            }
        };
        book(&mut self.shop);
        if !agent.is_empty() {
            book(self.agent(agent));
        }
    }

    /// Adds when an agent is on duty.
    pub fn schedule(&mut self, agent: AgentId, duty: impl IntoIterator<Item = Stretch>) {
        self.record_of(agent).duty.extend(duty);
    }

    fn record_of(&mut self, agent: AgentId) -> &mut Record {
        &mut self.agent(&agent.to_string()).record
    }

    fn agent(&mut self, name: &str) -> &mut Book {
        if !self.agents.contains_key(name) {
            self.agents.insert(name.to_owned(), Book::new(self.slots.len(), self.question.packs.len()));
        }
        self.agents.entry(name.to_owned()).or_default()
    }

    /// The cards of everything taken in. An agent of whom there is nothing in the range has none.
    #[must_use]
    pub fn finish(mut self) -> Report {
        for (conversation, rating) in std::mem::take(&mut self.ratings) {
            self.count_rating(conversation, rating);
        }
        for (pack, tally) in std::mem::take(&mut self.tallies).into_iter().enumerate() {
            for miss in tally.finish().misses {
                self.blame(pack, &miss);
            }
        }
        let (slots, until) = (&self.slots, self.question.as_of);
        let mut time = vec![spans::Figures::default(); slots.len()];
        let mut agents = BTreeMap::new();
        for (name, mut book) in self.agents {
            let spent = book.time(slots, until);
            time.iter_mut().zip(&spent).for_each(|(sum, more)| sum.add(more));
            let card = book.card(spent);
            if !card.whole.is_nothing() {
                agents.insert(name, card);
            }
        }
        Report { shop: self.shop.card(time), agents }
    }

    /// What the day they are about came to, when that is one day; duty is left out. Of a conversation that was not taken
    /// in whole, the session must have been counted.
    pub(super) fn into_sheet(mut self) -> DaySheet {
        let mut sheet = DaySheet { holds_from: self.end(), ..DaySheet::default() };
        for (pack, tally) in std::mem::take(&mut self.tallies).into_iter().enumerate() {
            let report = tally.finish();
            sheet.misses_hold_from.push(report.holds_from);
            for miss in &report.misses {
                self.blame(pack, miss);
            }
            let elsewhere =
                report.misses.into_iter().filter(|miss| self.slots.of(miss.ask.at).next().is_none());
            sheet.strays.extend(elsewhere.map(|miss| Stray::of(pack, miss)));
        }
        let ratings = std::mem::take(&mut self.ratings);
        sheet.ratings = ratings.into_iter().collect();
        let (slots, until) = (&self.slots, self.question.as_of);
        let mut time = vec![spans::Figures::default(); slots.len()];
        for (name, mut book) in self.agents {
            let there = book.there(slots, until);
            let spent = book.time(slots, until);
            time.iter_mut().zip(&spent).for_each(|(sum, more)| sum.add(more));
            let entry = book.entry(spent, there);
            if !entry.is_nothing() {
                sheet.agents.insert(name, entry);
            }
        }
        sheet.shop = self.shop.entry(time, Vec::new());
        sheet
    }

    /// When the days are over.
    fn end(&self) -> Timestamp {
        self.question.zone.start_of(self.question.days.end().plus(1))
    }

    /// The whole has every miss of the packs' lists; shifts have those asked in them.
    fn blame(&mut self, pack: usize, miss: &Miss) {
        let shifts = self.slots.of(miss.ask.at).filter(|slot| *slot > 0);
        let slots: Vec<_> = std::iter::once(0).chain(shifts).collect();
        let count = |book: &mut Book| {
            for slot in &slots {
                book.count(*slot, |counts| counts.miss(pack));
            }
        };
        count(&mut self.shop);
        if let Some(agent) = miss.agent.as_deref().filter(|agent| !agent.is_empty()) {
            count(self.agent(agent));
        }
    }
}

impl Book {
    fn new(slots: usize, packs: usize) -> Self {
        Self { counts: vec![Counts::new(packs); slots], ..Self::default() }
    }

    fn count(&mut self, slot: usize, mut count: impl FnMut(&mut Counts)) {
        if let Some(counts) = self.counts.get_mut(slot) {
            count(counts);
        }
    }

    /// How the time was spent in each slot.
    fn time(&mut self, slots: &Slots, until: Timestamp) -> Vec<spans::Figures> {
        let activity = Activity::of(Record { until, ..std::mem::take(&mut self.record) });
        let of_slot = |place: usize| {
            let mut sum = spans::Figures::default();
            for stretch in slots.stretches(place) {
                sum.add(&activity.figures(*stretch));
            }
            sum
        };
        (0..slots.len()).map(of_slot).collect()
    }

    /// When somebody was online or busy in the days.
    fn there(&self, slots: &Slots, until: Timestamp) -> Vec<(Presence, Stretch)> {
        let Some(whole) = slots.whole() else { return Vec::new() };
        let presences = spans::presence_stretches(&self.record.presence, until).into_iter();
        let there = presences.filter(|(presence, _)| matches!(presence, Presence::Online | Presence::Busy));
        there.filter_map(|(presence, stretch)| Some((presence, stretch.clip(whole)?))).collect()
    }

    fn entry(self, time: Vec<spans::Figures>, there: Vec<(Presence, Stretch)>) -> Entry {
        let figures = time.into_iter().zip(self.counts).map(|(time, counts)| Figures { time, counts });
        Entry::new(figures.collect(), self.shown, there)
    }

    fn card(self, time: Vec<spans::Figures>) -> Card {
        let Self { counts, shown, .. } = self;
        let mut figures = time.into_iter().zip(counts).map(|(time, counts)| Figures { time, counts });
        let whole = figures.next().unwrap_or_default();
        let hints = shown.hints(&whole.counts, &whole.time);
        Card { whole, shifts: figures.collect(), hints }
    }
}
