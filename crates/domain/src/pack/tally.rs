//! From verdicts to rates.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::turn::{Judge, Judged, Miss, Verdict};
use super::{Place, RulePack, Unit, WHOLE};
use crate::day::{Day, DayRange, Zone};
use crate::exchange::Conversation;
use crate::time::{Span, Timestamp};

/// Counts of units; the rate is `within_limit` ÷ `counted`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// Units that count: the denominator; those within the limit and the misses.
    pub counted: u64,
    /// Units answered, in time or not.
    pub answered: u64,
    /// Units answered within the limit.
    pub within_limit: u64,
    /// Misses answered late.
    pub missed_late: u64,
    /// Misses never answered.
    pub missed_unanswered: u64,
    /// Units whose limit has not passed yet; not counted.
    pub pending: u64,
    /// Units left out because a robot that answers by itself dealt with them alone.
    pub excluded_robot_only: u64,
    /// Units left out because nobody was ever assigned.
    pub excluded_unassigned: u64,
    /// Units left out because they were asked outside the window.
    pub excluded_outside_window: u64,
}

/// Counts of one agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AgentParts {
    /// The units counted under them.
    pub parts: Parts,
    /// Sum of the waits of the units they answered; of a unit of several turns, the wait of the turn it is judged by.
    pub wait_sum: Span,
}

/// How long answers took; percentiles are exact (nearest rank).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResponseTimes {
    /// How many turns were answered.
    pub answered: u64,
    /// How many were not; not in the figures below.
    pub unanswered: u64,
    /// Mean, rounded down to the microsecond; `None` without data, as the others.
    pub mean: Option<Span>,
    /// Half took at most so long.
    pub p50: Option<Span>,
    /// 90 % took at most so long.
    pub p90: Option<Span>,
    /// 99 % took at most so long.
    pub p99: Option<Span>,
}

/// How a shop answered, under one pack.
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
    /// Response times of every turn judged.
    pub response_times: ResponseTimes,
    /// Response times of each conversation's first turn.
    pub first_response_times: ResponseTimes,
    /// Every miss in the order of its [`Place`], the longest wait first; empty unless they were asked for.
    pub misses: Vec<Miss>,
}

/// Takes in conversations, one at a time and in any order, and ends in a [`Report`].
#[derive(Debug)]
pub struct Tally {
    judge: Judge,
    range: DayRange,
    keep_misses: bool,
    report: Report,
    buyer_days: BTreeMap<(Day, String), Decision>,
    waits: Waits,
    first_waits: Waits,
}

/// The turn a unit is judged by, as far as the counts need it.
#[derive(Debug)]
struct Decision {
    verdict: Verdict,
    answered: bool,
    waited: Span,
    asked_at: Timestamp,
    conversation: String,
    day: Day,
    hour: usize,
    agent: String,
    miss: Option<Miss>,
}

#[derive(Debug, Default)]
struct Waits {
    answered: Vec<Span>,
    unanswered: u64,
}

impl Tally {
    /// An empty tally under a pack, in the shop's zone, of the units that count for a day of `range`, as of a moment.
    #[must_use]
    pub fn new(pack: RulePack, zone: Zone, as_of: Timestamp, range: DayRange) -> Self {
        Self {
            judge: Judge { pack, zone, as_of },
            range,
            keep_misses: false,
            report: Report::default(),
            buyer_days: BTreeMap::new(),
            waits: Waits::default(),
            first_waits: Waits::default(),
        }
    }

    /// The same, keeping every miss with its proof.
    #[must_use]
    pub const fn keeping_misses(mut self) -> Self {
        self.keep_misses = true;
        self
    }

    /// Takes in one conversation, whole. What reaches beyond the range is not counted, but what led into it is
    /// needed: pass every conversation with a question or its opening inside.
    pub fn add(&mut self, conversation: &Conversation) {
        let turns = self.judge.turns(conversation);
        let (mut first, range) = (true, self.range);
        for turn in turns.iter().filter(|turn| range.contains(turn.day)) {
            if turn.verdict.is_judged() {
                self.waits.take(turn);
                if turn.first && std::mem::take(&mut first) {
                    self.first_waits.take(turn);
                }
            }
            self.count(conversation, turn);
        }
    }

    fn count(&mut self, conversation: &Conversation, turn: &Judged<'_>) {
        match self.judge.pack.unit {
            Unit::Session if !turn.first => {}
            Unit::Session | Unit::Turn => {
                let decision = self.decision(conversation, turn);
                self.close(decision);
            }
            Unit::BuyerDay => {
                let decision = self.decision(conversation, turn);
                let key = (turn.day, buyer_of(conversation));
                match self.buyer_days.get_mut(&key) {
                    Some(known) if known.rank() < decision.rank() => *known = decision,
                    Some(_) => {}
                    None => drop(self.buyer_days.insert(key, decision)),
                }
            }
        }
    }

    fn decision(&self, conversation: &Conversation, turn: &Judged<'_>) -> Decision {
        let opened_at = conversation.session.opened_at.unwrap_or(turn.ask.at);
        let wants_proof = self.keep_misses && turn.verdict.is_miss();
        Decision {
            verdict: turn.verdict,
            answered: turn.reply.is_some(),
            waited: turn.waited,
            asked_at: turn.ask.at,
            conversation: conversation.key.clone(),
            day: turn.day,
            hour: self.judge.zone.local(opened_at).hour(),
            agent: turn.agent().to_owned(),
            miss: wants_proof.then(|| turn.miss(conversation)),
        }
    }

    fn close(&mut self, decision: Decision) {
        let verdict = decision.verdict;
        self.report.total.count(verdict);
        self.report.days.entry(decision.day).or_default().count(verdict);
        if let Some(hour) = self.report.hours.get_mut(decision.hour) {
            hour.count(verdict);
        }
        let agent = agent_of(&mut self.report.agents, &decision.agent);
        agent.parts.count(verdict);
        // Just the verdicts that count as answered; of a unit that was answered, the agent is who did so.
        if decision.answered && matches!(verdict, Verdict::Met | Verdict::MissedLate) {
            agent.wait_sum = agent.wait_sum + decision.waited;
        }
        self.report.misses.extend(decision.miss);
    }

    /// The report of everything taken in.
    #[must_use]
    pub fn finish(mut self) -> Report {
        for (_, decision) in std::mem::take(&mut self.buyer_days) {
            self.close(decision);
        }
        self.report.misses.sort_by_cached_key(Place::of);
        self.report.response_times = self.waits.summary();
        self.report.first_response_times = self.first_waits.summary();
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

impl Decision {
    /// What decides a unit of several turns: the worst verdict, then the longest wait, then the earliest question.
    fn rank(&self) -> (Verdict, Span, Reverse<Timestamp>, Reverse<&str>) {
        (self.verdict, self.waited, Reverse(self.asked_at), Reverse(self.conversation.as_str()))
    }
}

impl Waits {
    fn take(&mut self, turn: &Judged<'_>) {
        match turn.reply {
            Some(_) => self.answered.push(turn.waited),
            None => self.unanswered += 1,
        }
    }

    fn summary(mut self) -> ResponseTimes {
        self.answered.sort_unstable();
        let sum: i128 = self.answered.iter().map(|wait| i128::from(wait.micros())).sum();
        let count = self.answered.len();
        let mean = i128::try_from(count).ok().and_then(|count| sum.checked_div(count));
        // Nearest rank: the smallest wait that at least so many in a hundred do not exceed.
        let percentile = |percent: usize| {
            let rank = (count * percent).div_ceil(100);
            self.answered.get(rank.saturating_sub(1)).copied()
        };
        ResponseTimes {
            answered: count as u64,
            unanswered: self.unanswered,
            mean: mean.and_then(|mean| i64::try_from(mean).ok()).map(Span::from_micros),
            p50: percentile(50),
            p90: percentile(90),
            p99: percentile(99),
        }
    }
}

impl Parts {
    pub(super) fn count(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::OutsideWindow => self.excluded_outside_window += 1,
            Verdict::Unassigned => self.excluded_unassigned += 1,
            Verdict::RobotOnly => self.excluded_robot_only += 1,
            Verdict::Pending => self.pending += 1,
            Verdict::Met => {
                self.counted += 1;
                self.answered += 1;
                self.within_limit += 1;
            }
            Verdict::MissedLate => {
                self.counted += 1;
                self.answered += 1;
                self.missed_late += 1;
            }
            Verdict::MissedUnanswered => {
                self.counted += 1;
                self.missed_unanswered += 1;
            }
        }
    }

    /// Units that count against the shop.
    #[must_use]
    pub const fn missed(&self) -> u64 {
        self.missed_late + self.missed_unanswered
    }

    /// The rate in basis points, rounded down; `None` without data.
    #[must_use]
    pub fn rate_basis_points(&self) -> Option<u32> {
        let share = u128::from(self.within_limit) * u128::from(WHOLE);
        share.checked_div(u128::from(self.counted)).and_then(|points| u32::try_from(points).ok())
    }

    /// Whether the rate reaches a target in basis points, compared without rounding; `None` without data.
    #[must_use]
    pub fn reaches(&self, target_basis_points: u32) -> Option<bool> {
        let share = u128::from(self.within_limit) * u128::from(WHOLE);
        (self.counted > 0).then(|| share >= u128::from(self.counted) * u128::from(target_basis_points))
    }
}
