//! What is measured, and the figures made of it.

use crate::ids::AgentId;
use crate::time::{Span, Timestamp};

/// The time that is measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

impl Measured {
    /// Whether what was asked at this moment counts.
    pub(super) fn counts(self, asked: Timestamp) -> bool {
        asked >= self.from
    }

    /// How much of a stretch of time lies within.
    pub(super) fn part_of(self, from: Timestamp, to: Timestamp) -> Span {
        to.min(self.to).since(from.max(self.from)).max(Span::ZERO)
    }
}

/// How a reception fared. Whatever began before the warm-up was over is not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Buyers who came.
    pub arrivals: u64,
    /// Of these, who got an answer to everything.
    pub answered: u64,
    /// Of these, who left before any agent had them.
    pub abandoned: u64,
    /// Of these, who were still there when the course ended.
    pub open: u64,
    /// From each buyer's first message to its answer.
    pub first_replies: Sample,
    /// From each message to its answer, the first included.
    pub replies: Sample,
    /// From each buyer's arrival to the first agent who had them, or to their leaving; zero for who did not wait.
    pub queue_waits: Sample,
    /// Most conversations that stood in the queue at one moment after the warm-up; whom a full queue turned away do not.
    pub max_queue: usize,
    /// How each agent fared, in the order of the staff.
    pub agents: Vec<AgentOutcome>,
    /// Commands the desk carried out, from its opening on.
    pub commands: u64,
}

/// How one agent fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentOutcome {
    /// The agent.
    pub agent: AgentId,
    /// Whether they are the main account, which only gets what no sub-account can take.
    pub main_account: bool,
    /// Chats they were given; one that was moved counts for both.
    pub chats: u64,
    /// Replies they gave.
    pub replies: u64,
    /// How long they were answering.
    pub busy: Span,
    /// How long they were online.
    pub online: Span,
}

/// Measured times, in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sample(Vec<Span>);

/// The figures of an outcome that comparisons are made of. Shares are between 0 and 1; `None` = nothing to measure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Share of all replies within the limit.
    pub replies_in_time: Option<f64>,
    /// Share of first replies within the limit.
    pub first_replies_in_time: Option<f64>,
    /// How long all replies took.
    pub replies: WaitSummary,
    /// How long first replies took.
    pub first_replies: WaitSummary,
    /// How long buyers waited for an agent.
    pub queue_waits: WaitSummary,
    /// Share of buyers who left before any agent had them.
    pub abandoned: Option<f64>,
    /// Chats of the agent who got fewest.
    pub fewest_chats: f64,
    /// Chats per agent.
    pub mean_chats: f64,
    /// Chats of the agent who got most.
    pub most_chats: f64,
    /// Deviation of the chats per agent ÷ their mean: 0 = all got as many.
    pub uneven_chats: Option<f64>,
    /// Time answering ÷ time online, over all agents.
    pub occupancy: Option<f64>,
    /// Most conversations that waited at one moment.
    pub max_queue: f64,
    /// The reply rate under each pack that was asked for, in their order.
    pub rates: Vec<Option<f64>>,
}

/// Mean and percentiles of measured times, in seconds; `None` = nothing was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WaitSummary {
    /// The mean.
    pub mean: Option<f64>,
    /// Half took at most so long.
    pub p50: Option<f64>,
    /// 90 % took at most so long.
    pub p90: Option<f64>,
    /// 99 % took at most so long.
    pub p99: Option<f64>,
}

/// A count as a number to reckon with.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
pub(super) const fn number(count: u64) -> f64 {
    count as f64
}

/// A part of a whole; `None` of nothing.
pub(super) fn share(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

impl Sample {
    /// The sample of these times.
    #[must_use]
    pub fn of(mut times: Vec<Span>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// The times, in ascending order.
    #[must_use]
    pub fn times(&self) -> &[Span] {
        &self.0
    }

    /// The mean in seconds; `None` without times.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        let sum: f64 = self.0.iter().map(|time| time.seconds()).sum();
        share(sum, number(self.0.len() as u64))
    }

    /// The smallest time that at least so many in a hundred do not exceed (nearest rank), in seconds; `None` without
    /// times.
    #[must_use]
    pub fn percentile(&self, percent: u8) -> Option<f64> {
        let rank = (self.0.len() * usize::from(percent)).div_ceil(100);
        self.0.get(rank.saturating_sub(1)).map(|time| time.seconds())
    }

    /// Share of the times that are at most so long; `None` without times.
    #[must_use]
    pub fn within(&self, limit: Span) -> Option<f64> {
        let within = self.0.partition_point(|time| *time <= limit);
        share(number(within as u64), number(self.0.len() as u64))
    }

    fn summary(&self) -> WaitSummary {
        WaitSummary {
            mean: self.mean(),
            p50: self.percentile(50),
            p90: self.percentile(90),
            p99: self.percentile(99),
        }
    }
}

impl Outcome {
    /// Time answering ÷ time online, over all agents; `None` when nobody was online.
    #[must_use]
    pub fn occupancy(&self) -> Option<f64> {
        let seconds =
            |of: fn(&AgentOutcome) -> Span| self.agents.iter().map(|agent| of(agent).seconds()).sum();
        share(seconds(|agent| agent.busy), seconds(|agent| agent.online))
    }

    /// The figures, with the share of replies within this limit.
    #[must_use]
    pub fn summary(&self, limit: Span) -> Summary {
        let chats: Vec<f64> =
            self.agents.iter().filter(|agent| !agent.main_account).map(|agent| number(agent.chats)).collect();
        let count = number(chats.len() as u64);
        let mean = share(chats.iter().sum(), count).unwrap_or_default();
        let squares: f64 = chats.iter().map(|chats| (chats - mean).powi(2)).sum();
        let deviation = share(squares, count).unwrap_or_default().sqrt();
        Summary {
            replies_in_time: self.replies.within(limit),
            first_replies_in_time: self.first_replies.within(limit),
            replies: self.replies.summary(),
            first_replies: self.first_replies.summary(),
            queue_waits: self.queue_waits.summary(),
            abandoned: share(number(self.abandoned), number(self.arrivals)),
            fewest_chats: chats.iter().copied().reduce(f64::min).unwrap_or_default(),
            mean_chats: mean,
            most_chats: chats.iter().copied().reduce(f64::max).unwrap_or_default(),
            uneven_chats: share(deviation, mean),
            occupancy: self.occupancy(),
            max_queue: number(self.max_queue as u64),
            rates: Vec::new(),
        }
    }
}
