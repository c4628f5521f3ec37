//! Counts of units, and how long answers took.

use super::WHOLE;
use super::verdict::{Judged, Verdict};
use crate::exchange::Mark;
use crate::time::Span;

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
    /// Units left out because they were asked outside the window or on a holiday.
    pub excluded_outside_window: u64,
    /// Units left out because the buyer said nothing after the robot had given the conversation to people.
    pub excluded_before_handover: u64,
    /// Units left out because a canned reply or an FAQ card settled them.
    pub excluded_self_served: u64,
    /// Units left out because the shop had blocked the buyer.
    pub excluded_blocked: u64,
    /// Units left out because the conversation was reported.
    pub excluded_reported: u64,
    /// Units left out because the shop spoke first.
    pub excluded_shop_initiated: u64,
    /// Units left out because the shop was in holiday mode.
    pub excluded_holiday_mode: u64,
    /// Sum of the waits of the units that count, each at most as long as the cap and those never answered just so
    /// long; zero unless the pack's figure is a mean.
    pub wait_sum: Span,
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

/// How long turns waited, one by one.
#[derive(Debug, Default)]
pub(super) struct Waits {
    answered: Vec<Span>,
    unanswered: u64,
}

impl Waits {
    pub(super) fn take(&mut self, turn: &Judged<'_>) {
        match turn.reply {
            Some(_) => self.answered.push(turn.waited),
            None => self.unanswered += 1,
        }
    }

    /// Those that were answered, the shortest first.
    pub(super) fn answered(&self) -> Vec<Span> {
        let mut answered = self.answered.clone();
        answered.sort_unstable();
        answered
    }

    pub(super) fn summary(mut self) -> ResponseTimes {
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
            Verdict::BeforeHandover => self.excluded_before_handover += 1,
            Verdict::SelfServed => self.excluded_self_served += 1,
            Verdict::Marked(Mark::Blocked) => self.excluded_blocked += 1,
            Verdict::Marked(Mark::Reported) => self.excluded_reported += 1,
            Verdict::Marked(Mark::ShopInitiated) => self.excluded_shop_initiated += 1,
            Verdict::Marked(Mark::HolidayMode) => self.excluded_holiday_mode += 1,
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

    /// Counts a unit, and its wait in a pack whose figure is a mean.
    pub(super) fn count_with(&mut self, verdict: Verdict, wait: Span) {
        self.count(verdict);
        self.wait_sum = self.wait_sum + wait;
    }

    /// Adds the counts of other units.
    pub fn add(&mut self, other: &Self) {
        self.counted += other.counted;
        self.answered += other.answered;
        self.within_limit += other.within_limit;
        self.missed_late += other.missed_late;
        self.missed_unanswered += other.missed_unanswered;
        self.pending += other.pending;
        self.excluded_robot_only += other.excluded_robot_only;
        self.excluded_unassigned += other.excluded_unassigned;
        self.excluded_outside_window += other.excluded_outside_window;
        self.excluded_before_handover += other.excluded_before_handover;
        self.excluded_self_served += other.excluded_self_served;
        self.excluded_blocked += other.excluded_blocked;
        self.excluded_reported += other.excluded_reported;
        self.excluded_shop_initiated += other.excluded_shop_initiated;
        self.excluded_holiday_mode += other.excluded_holiday_mode;
        self.wait_sum = self.wait_sum + other.wait_sum;
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
