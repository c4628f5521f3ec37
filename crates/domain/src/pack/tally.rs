//! From verdicts to rates.

use std::collections::{BTreeMap, BTreeSet};

use super::turn::Judge;
use super::unit::{Decider, Decision, Gathered};
use super::verdict::{Judged, JudgedUnit, Verdict};
use super::{AgentParts, Place, Report, RulePack, Score, Unit};
use crate::day::{Day, DayRange, Zone};
use crate::exchange::Conversation;
use crate::time::{Span, Timestamp};

/// Takes in conversations, one at a time and in any order, and ends in a [`Report`].
#[derive(Debug)]
pub struct Tally {
    judge: Judge,
    range: DayRange,
    since: Option<Timestamp>,
    keep_misses: bool,
    keep_units: bool,
    keep_first_waits: bool,
    units: Vec<JudgedUnit>,
    report: Report,
    buyer_days: BTreeMap<(Day, String), Gathered>,
    sessions: BTreeMap<String, Vec<Stretch>>,
}

/// One conversation of a buyer, where several can be one session.
#[derive(Debug)]
struct Stretch {
    asked_at: Timestamp,
    conversation: String,
    closed_at: Option<Timestamp>,
    /// `None` outside the range.
    unit: Option<Gathered>,
}

impl Tally {
    /// An empty tally under a pack, in the shop's zone, of the units that count for a day of `range`, as of a moment.
    #[must_use]
    pub fn new(pack: RulePack, zone: Zone, as_of: Timestamp, range: DayRange) -> Self {
        Self {
            judge: Judge { pack, zone, as_of },
            range,
            since: None,
            keep_misses: false,
            keep_units: false,
            keep_first_waits: false,
            units: Vec::new(),
            report: Report::default(),
            buyer_days: BTreeMap::new(),
            sessions: BTreeMap::new(),
        }
    }

    /// The same, keeping every miss with its proof.
    #[must_use]
    pub const fn keeping_misses(mut self) -> Self {
        self.keep_misses = true;
        self
    }

    /// The same, keeping how long each conversation's first turn waited.
    #[must_use]
    pub const fn keeping_first_waits(mut self) -> Self {
        self.keep_first_waits = true;
        self
    }

    /// The same, handing out every unit by [`take_units`](Self::take_units) when it is closed.
    pub(super) const fn keeping_units(mut self) -> Self {
        self.keep_units = true;
        self
    }

    /// The units that were closed since they were taken last.
    pub(super) fn take_units(&mut self) -> Vec<JudgedUnit> {
        std::mem::take(&mut self.units)
    }

    /// How many units, or buyers whose sessions may be one, are still open.
    pub(super) fn held(&self) -> usize {
        self.buyer_days.len() + self.sessions.len()
    }

    /// The same, of what was settled after a moment only: a unit is made of those of its turns that got their answer in
    /// time, or whose limit passed, after it. So a buyer who was kept waiting in the morning is a good one of the
    /// evening's last hour, if that is how it went then.
    #[must_use]
    pub const fn settled_after(mut self, moment: Timestamp) -> Self {
        self.since = Some(moment);
        self
    }

    /// How long after its end a conversation still bears on others.
    #[must_use]
    pub fn bears_for(&self) -> Span {
        self.judge.pack.rejoin_within.unwrap_or_default()
    }

    /// Takes in one conversation, whole. What reaches beyond the range is not counted, but what led into it is
    /// needed: pass every conversation with a question or its opening inside, and where the pack takes sessions up
    /// again those that ended so long before it or later.
    pub fn add(&mut self, conversation: &Conversation) {
        let turns = self.judge.turns(conversation);
        let (range, since) = (self.range, self.since);
        let taken = move |turn: &&Judged<'_>| range.contains(turn.day) && turn.is_settled_after(since);
        self.time(conversation, &turns);
        match self.judge.pack.unit {
            Unit::Session => self.add_session(conversation, &turns),
            Unit::Turn | Unit::Message => {
                for turn in turns.iter().filter(taken) {
                    let unit = self.decider().gather(conversation, turn);
                    self.close(unit);
                }
            }
            Unit::BuyerDay => {
                for turn in turns.iter().filter(taken) {
                    self.add_to_buyer_day(conversation, turn);
                }
            }
        }
    }

    /// Takes in how long turns waited, and how long what is said of them may still change.
    fn time(&mut self, conversation: &Conversation, turns: &[Judged<'_>]) {
        let report = &mut self.report;
        report.holds_from = report.holds_from.max(conversation.latest_at());
        let judged = |turn: &&Judged<'_>| turn.verdict.is_judged() && turn.is_settled_after(self.since);
        let mut first = true;
        for turn in turns.iter().filter(judged) {
            // The first counts where it was asked, whatever else is counted.
            let is_first = turn.first && std::mem::take(&mut first);
            if !self.range.contains(turn.day) {
                continue;
            }
            report.waits.take(turn);
            if is_first {
                report.first_waits.take(turn);
                let kept = turn.reply.filter(|_| self.keep_first_waits);
                report.every_first_wait.extend(kept.map(|_| turn.waited));
            }
            if turn.reply.is_none() {
                report.holds_from = report.holds_from.max(turn.due + Span::from_micros(1));
            }
        }
    }

    const fn decider(&self) -> Decider<'_> {
        let Judge { pack, zone, .. } = &self.judge;
        Decider { pack, zone: *zone, keep_misses: self.keep_misses, keep_units: self.keep_units }
    }

    fn add_to_buyer_day(&mut self, conversation: &Conversation, turn: &Judged<'_>) {
        let Judge { pack, zone, .. } = &self.judge;
        let (keep_misses, keep_units) = (self.keep_misses, self.keep_units);
        let decider = Decider { pack, zone: *zone, keep_misses, keep_units };
        let next = decider.gather(conversation, turn);
        match self.buyer_days.get_mut(&(turn.day, buyer_of(conversation))) {
            Some(unit) => decider.join(unit, next),
            None => drop(self.buyer_days.insert((turn.day, buyer_of(conversation)), next)),
        }
    }

    /// All turns of a session count for the day it was opened on.
    fn add_session(&mut self, conversation: &Conversation, turns: &[Judged<'_>]) {
        let decider = self.decider();
        let by_first = decider.pack.score() == Score::FirstAnswer;
        let mut unit: Option<Gathered> = None;
        let taken = |turn: &&Judged<'_>| (!by_first || turn.first) && turn.is_settled_after(self.since);
        for turn in turns.iter().filter(taken) {
            let next = decider.gather(conversation, turn);
            match &mut unit {
                Some(unit) => decider.join(unit, next),
                None => unit = Some(next),
            }
        }
        let inside = turns.first().is_some_and(|turn| self.range.contains(turn.day));
        let unit = unit.filter(|_| inside);
        if self.judge.pack.rejoin_within.is_none() {
            unit.into_iter().for_each(|unit| self.close(unit));
        } else if let Some(asked_at) = conversation.session.first_asked_at.filter(|_| !turns.is_empty()) {
            let closed_at = conversation.session.closed_at.filter(|closed| *closed <= self.judge.as_of);
            let stretch = Stretch { asked_at, conversation: conversation.key.clone(), closed_at, unit };
            self.sessions.entry(buyer_of(conversation)).or_default().push(stretch);
        }
    }

    /// Counts the sessions of a buyer without those that only took up an earlier one again.
    fn close_sessions(&mut self, mut stretches: Vec<Stretch>, within: Span) {
        stretches.sort_by(|a, b| (a.asked_at, &a.conversation).cmp(&(b.asked_at, &b.conversation)));
        let mut closes: BTreeSet<Timestamp> = BTreeSet::new();
        for Stretch { asked_at, closed_at, unit, .. } in stretches {
            let latest = closes.range(..=asked_at).next_back();
            let goes_on = latest.is_some_and(|closed| asked_at.since(*closed) <= within);
            closes.extend(closed_at);
            unit.filter(|_| !goes_on).into_iter().for_each(|unit| self.close(unit));
        }
    }

    fn close(&mut self, unit: Gathered) {
        let decision = self.decider().decide(unit);
        let wait = self.decider().wait_in_mean(&decision);
        let Decision { verdict, day, separate, .. } = decision;
        self.units.extend(decision.unit.map(|unit| JudgedUnit { verdict, separate, ..*unit }));
        let report = &mut self.report;
        if separate {
            report.separate_days.entry(day).or_default().count(verdict);
            return;
        }
        report.total.count_with(verdict, wait);
        report.days.entry(day).or_default().count_with(verdict, wait);
        if let Some(hour) = report.hours.get_mut(decision.hour) {
            hour.count_with(verdict, wait);
        }
        let agent = agent_of(&mut report.agents, &decision.agent);
        agent.parts.count_with(verdict, wait);
        // Just the verdicts that count as answered; of a unit that was answered, the agent is who did so.
        if decision.answered && matches!(verdict, Verdict::Met | Verdict::MissedLate) {
            agent.wait_sum = agent.wait_sum + decision.waited;
        }
        report.misses.extend(decision.miss);
    }

    /// Closes every unit that is still open; nothing more may be taken in.
    pub(super) fn close_all(&mut self) {
        for (_, unit) in std::mem::take(&mut self.buyer_days) {
            self.close(unit);
        }
        let within = self.judge.pack.rejoin_within.unwrap_or_default();
        for (_, stretches) in std::mem::take(&mut self.sessions) {
            self.close_sessions(stretches, within);
        }
    }

    /// The report of everything taken in.
    #[must_use]
    pub fn finish(mut self) -> Report {
        self.close_all();
        self.report.misses.sort_by_cached_key(Place::of);
        self.report.every_first_wait.sort_unstable();
        self.report
    }
}

/// A conversation whose source names no buyer has one of its own.
fn buyer_of(conversation: &Conversation) -> String {
    let Conversation { key, session, .. } = conversation;
    // NUL cannot occur in a buyer's id, so that no buyer can be called like this.
    if session.buyer.is_empty() { format!("\0{key}") } else { session.buyer.clone() }
}

fn agent_of<'a>(agents: &'a mut BTreeMap<String, AgentParts>, name: &str) -> &'a mut AgentParts {
    if !agents.contains_key(name) {
        agents.insert(name.to_owned(), AgentParts::default());
    }
    agents.entry(name.to_owned()).or_default()
}
