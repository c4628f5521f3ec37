//! Strategies: how an agent is chosen within a group.
//!
//! A strategy is a *rank*: one number per agent and group, lower is better, that changes only when something
//! about that agent changes. Ready agents stand in a set ordered by (rank, least recent assignment, id), so
//! choosing costs O(log agents) whatever the strategy.
//!
//! To add a strategy, add a variant and its arms here; nothing else in the domain changes.

use super::agent::{Agent, MAX_CAPACITY};

/// How an agent is chosen within a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// 初始分配: lowest load ÷ capacity.
    LeastSaturated,
}

impl Strategy {
    /// Every strategy there is.
    pub const ALL: &'static [Self] = &[Self::LeastSaturated];

    /// Its name on the wire and in policies.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LeastSaturated => "least_saturated",
        }
    }

    /// The strategy with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|strategy| strategy.name() == name)
    }

    /// The agent's rank: lower is better, below 2⁵³ so that it survives a Redis sorted set. `group` is one of
    /// the groups the agent answers for; strategies may rank an agent differently in each.
    #[must_use]
    pub fn rank(self, agent: &Agent, _group: &str) -> u64 {
        match self {
            Self::LeastSaturated => saturation(agent),
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
