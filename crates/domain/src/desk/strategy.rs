//! Strategies: how an agent is chosen within a group.
//!
//! A strategy is a *rank*: one number per agent and group, lower is better, that changes only when something
//! about that agent changes. Ready agents stand in a set ordered by (rank, least recent assignment, id), so
//! choosing costs O(log agents) whatever the strategy.
//!
//! Strategies that share out turns keep a *turn* with each agent: the moment of the shop's virtual time at which the
//! agent is next. Whoever is given a conversation moves on by a stride; whoever becomes ready begins at
//! the shop's time of then, so that nobody is owed anything for having been away.
//!
//! To add a strategy, add a variant and its arms here; nothing else in the domain changes.

use super::agent::{Agent, MAX_CAPACITY};
use crate::ids::AgentId;

mod chance;

/// How far an agent of weight 1 moves on with one conversation.
const LAP: u64 = 1 << 20;
/// Ranks stay below this, so that they survive a Redis sorted set, whose scores are doubles.
const RANK_LIMIT: u64 = 1 << 53;
/// A thousand thousandths: the neutral speed, quality and share.
pub const NEUTRAL_PERMILLE: u32 = 1_000;

/// How an agent is chosen within a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// 初始分配: lowest load ÷ capacity.
    LeastSaturated,
    /// 智能分配: lowest (unanswered + β·open + 1) ÷ (speed × weight × quality). Counting who waits for an answer instead
    /// of open chats cuts the mean first response by a third in simulation.
    LeastUnanswered {
        /// β in thousandths: what an open conversation weighs beside one that owes an answer; at most 1,000.
        open_permille: u32,
    },
    /// Whoever has had nobody for longest; among those who have somebody, fewest conversations.
    LongestIdle,
    /// Each in turn: whoever was given a conversation least recently.
    RoundRobin,
    /// Each in turn, as often as their weight says.
    WeightedRoundRobin(Weights),
    /// Anybody who is ready, with equal chances.
    Random {
        /// What the chances come from: the same seed and the same commands choose the same agents.
        seed: u64,
    },
    /// Nothing is given out: agents take from the queue.
    Manual,
}

/// Where the weights of a weighted round come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Weights {
    /// From the directory's entry of each agent.
    Explicit,
    /// ⌈capacity ÷ the smallest capacity of the group⌉, so that 30/20/20 take 2:1:1. Capacity 0 is left out, and
    /// unlimited counts as the largest capacity present.
    ByCapacity,
}

/// How fast and how well an agent has been answering, as analytics scores it; bounded there and clamped here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Score {
    /// Speed beside the shop's mean, in thousandths: 250 to 4,000.
    pub speed_permille: u32,
    /// Quality as a factor, in thousandths: 800 to 1,200.
    pub quality_permille: u32,
}

/// The capacities of a group's members who can be given anything: what weights by capacity are made from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Capacities {
    /// The smallest above 0; 0 when there is none.
    pub(super) smallest: u32,
    /// The largest; 0 when there is none.
    pub(super) largest: u32,
}

impl Score {
    /// Slowest and fastest that count.
    pub const SPEED_PERMILLE: std::ops::RangeInclusive<u32> = 250..=4_000;
    /// Worst and best that count.
    pub const QUALITY_PERMILLE: std::ops::RangeInclusive<u32> = 800..=1_200;
    /// By which part of itself a figure must change to be another one: less is noise.
    const NOISE: u32 = 20;

    /// Whether this says nothing new to whoever knows another: neither figure is off by a twentieth of what is known.
    #[must_use]
    pub const fn is_like(self, known: Self) -> bool {
        const fn alike(told: u32, known: u32) -> bool {
            told.abs_diff(known) as u64 * (Score::NOISE as u64) < known as u64 || told == known
        }
        alike(self.speed_permille, known.speed_permille)
            && alike(self.quality_permille, known.quality_permille)
    }
}

impl Default for Score {
    fn default() -> Self {
        Self { speed_permille: NEUTRAL_PERMILLE, quality_permille: NEUTRAL_PERMILLE }
    }
}

impl Strategy {
    /// One of each kind, as a shop gets it that says no more than the name.
    pub const ALL: &'static [Self] = &[
        Self::LeastSaturated,
        Self::LeastUnanswered { open_permille: 100 },
        Self::LongestIdle,
        Self::RoundRobin,
        Self::WeightedRoundRobin(Weights::Explicit),
        Self::Random { seed: 0 },
        Self::Manual,
    ];

    /// Its name on the wire and in policies.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LeastSaturated => "least_saturated",
            Self::LeastUnanswered { .. } => "least_unanswered",
            Self::LongestIdle => "longest_idle",
            Self::RoundRobin => "round_robin",
            Self::WeightedRoundRobin(_) => "weighted_round_robin",
            Self::Random { .. } => "random",
            Self::Manual => "manual",
        }
    }

    /// The strategy with this name, as a shop gets it that says no more.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|strategy| strategy.name() == name)
    }

    /// Whether conversations are given out at all.
    #[must_use]
    pub const fn pushes(self) -> bool {
        !matches!(self, Self::Manual)
    }

    /// Whether agents have turns.
    #[must_use]
    pub(super) const fn takes_turns(self) -> bool {
        matches!(self, Self::WeightedRoundRobin(_) | Self::Random { .. })
    }

    /// The agent's rank: lower is better, below 2⁵³ so that it survives a Redis sorted set. `group` is one of
    /// the groups the agent answers for; strategies may rank an agent differently in each.
    #[must_use]
    pub fn rank(self, agent: &Agent, group: &str) -> u64 {
        let rank = match self {
            Self::LeastSaturated => saturation(agent),
            Self::LeastUnanswered { open_permille } => burden(agent, agent.score(group), open_permille),
            Self::LongestIdle if agent.load() == 0 => agent.idle_since.0,
            Self::LongestIdle => RANK_LIMIT / 2 + u64::from(agent.load()),
            Self::RoundRobin => agent.last_assigned,
            Self::WeightedRoundRobin(_) | Self::Random { .. } => agent.turn,
            Self::Manual => 0,
        };
        rank.min(RANK_LIMIT - 1)
    }

    /// How far an agent moves on in the shop's virtual time with a conversation of a group whose members have these
    /// capacities; `nonce` is different every time. 0 for strategies without turns.
    pub(super) fn stride(self, agent: &Agent, group: Capacities, nonce: u64) -> u64 {
        match self {
            Self::WeightedRoundRobin(weights) => LAP / u64::from(weights.of(agent, group)),
            Self::Random { seed } => lot(seed, agent.id, nonce),
            _ => 0,
        }
    }

    /// How far after the shop's virtual time an agent begins who has become ready. A lot drawn anew each time makes
    /// whoever comes next equally likely to be anybody: such lots are the waits of a Poisson process, and those forget.
    pub(super) fn start(self, agent: AgentId, nonce: u64) -> u64 {
        match self {
            Self::Random { seed } => lot(seed, agent, nonce),
            _ => 0,
        }
    }
}

impl Weights {
    fn of(self, agent: &Agent, group: Capacities) -> u32 {
        match self {
            Self::Explicit => agent.entry.weight.max(1),
            Self::ByCapacity => {
                let own = if agent.entry.unlimited { group.largest } else { agent.capacity };
                own.div_ceil(group.smallest.max(1)).max(1)
            }
        }
    }
}

/// Load ÷ capacity in units of 2⁻³². Two different fractions with capacities up to 10,000 differ by at least
/// 10⁻⁸, which is more than one unit, so the order is exact and equal fractions are equal numbers. An unlimited
/// agent counts as one of the largest capacity.
fn saturation(agent: &Agent) -> u64 {
    let capacity = if agent.entry.unlimited { MAX_CAPACITY } else { agent.capacity.max(1) };
    (u64::from(agent.load()) << 32) / u64::from(capacity)
}

/// (unanswered + β·open + 1) ÷ (speed × weight × quality) in units of 2⁻¹⁶: with at most 20,001 above and no less than
/// 0.2 below, it stays under 2⁵³.
fn burden(agent: &Agent, score: Score, open_permille: u32) -> u64 {
    let thousandths = u128::from(agent.unanswered()) * 1_000
        + u128::from(agent.load()) * u128::from(open_permille)
        + u128::from(NEUTRAL_PERMILLE);
    let speed = u128::from(score.speed_permille.max(1)) * u128::from(score.quality_permille.max(1));
    let share = speed * u128::from(agent.entry.weight.max(1));
    // Both factors are in thousandths, and so is what is divided.
    let rank = ((thousandths * 1_000) << 16) / share;
    u64::try_from(rank).unwrap_or(u64::MAX)
}

/// A wait drawn from the exponential distribution with mean [`LAP`], the same for the same seed, agent and nonce.
fn lot(seed: u64, agent: AgentId, nonce: u64) -> u64 {
    chance::exponential(chance::mixed(seed, agent.bits(), nonce), LAP)
}
