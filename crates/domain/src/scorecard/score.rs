//! Scores: how fast and how well each agent has been answering, as the desk shares out conversations by it.
//!
//! Both are factors beside the shop as a whole, whose cards of the last [`SCORED_DAYS`] days they come of; 1 = as the shop.
//! * *Speed* is exp(s·(L − l)), where l is the mean logarithm of the agent's own response times and L that of the
//!   shop's: the ratio of the two geometric means, shrunk. Response times spread over orders of magnitude, and one
//!   forgotten buyer would rule an arithmetic mean; nothing below [`SOONEST`] counts as sooner than that.
//! * *Quality* is 1 + Σ s·(P − p) over three shares of things better avoided: ratings of 1 to 3 stars of the ratings,
//!   empty answers of the answers, short closes of the closes. p is the agent's share, P the shop's.
//! * Each s is n ÷ (n + [`PRIOR`]), where n is how many the agent has of what is counted: with nothing, the agent counts
//!   as the shop does.
//!
//! That is partial pooling, as in Efron and Morris, "Stein's paradox in statistics" (1977), and Gelman and Hill, "Data
//! analysis using regression and multilevel models" (2007), chapter 12: the best guess of an agent's mean lies
//! n ÷ (n + σ² ÷ τ²) of the way from everybody's to their own, when single observations spread by σ² and agents by τ².
//! Logarithms of response times spread by about 1, and agents differ by about a quarter: σ² ÷ τ² is 16. For shares around
//! 15 % with agents 8 % apart it is 20. We take 20 for all of them; the figures are ours.
//!
//! Invariants: a score is within its bounds; without data it is neutral; speed and each share lead the further from neutral
//! the more there is of the same; whoever is slower never has more speed. Groups are not told apart: too few conversations are left.

use std::collections::BTreeMap;

use super::{Counts, Report};
use crate::desk::strategy::{NEUTRAL_PERMILLE, Score};
use crate::ids::AgentId;
use crate::sketch::Sketch;
use crate::time::Span;

/// How many local days scores are made of, the current one among them.
pub const SCORED_DAYS: u32 = 14;
/// How many observations the shop's figure weighs as much as.
pub const PRIOR: u32 = 20;
/// The soonest response that is told from a sooner one.
pub const SOONEST: Span = Span::from_secs(1);

impl Report {
    /// The score of everybody of the shop who has a card. Names that an import gave are nobody the desk knows.
    #[must_use]
    pub fn scores(&self) -> BTreeMap<AgentId, Score> {
        let shop = &self.shop.whole.counts;
        let score = |(name, card): (&String, &super::Card)| {
            Some((name.parse().ok()?, score(&card.whole.counts, shop)))
        };
        self.agents.iter().filter_map(score).collect()
    }
}

/// The score of an agent with these counts in a shop with those.
#[must_use]
pub fn score(agent: &Counts, shop: &Counts) -> Score {
    Score {
        speed_permille: permille(speed(&agent.own_response, &shop.own_response), Score::SPEED_PERMILLE),
        quality_permille: permille(quality(agent, shop), Score::QUALITY_PERMILLE),
    }
}

fn speed(agent: &Sketch, shop: &Sketch) -> f64 {
    let (Some(own), Some(usual)) = (mean_logarithm(agent), mean_logarithm(shop)) else { return 1.0 };
    (weight(agent.count()) * (usual - own)).exp()
}

/// The mean of the natural logarithms of durations in units of [`SOONEST`]; `None` without any.
fn mean_logarithm(durations: &Sketch) -> Option<f64> {
    let logarithm = |duration: Span| {
        let times = duration.max(SOONEST).micros() as f64 / SOONEST.micros() as f64;
        times.ln()
    };
    let sum: f64 = durations.spread().map(|(duration, count)| logarithm(duration) * count as f64).sum();
    (!durations.is_empty()).then(|| sum / durations.count() as f64)
}

fn quality(agent: &Counts, shop: &Counts) -> f64 {
    1.0 + shares(agent).into_iter().zip(shares(shop)).map(|(own, usual)| own.better_than(usual)).sum::<f64>()
}

fn shares(counts: &Counts) -> [Share; 3] {
    [
        Share { bad: counts.dissatisfied(), of: counts.ratings() },
        Share { bad: counts.empty_answers, of: counts.answers },
        Share { bad: counts.short_closes, of: counts.closes },
    ]
}

/// So many of so many that were better avoided.
#[derive(Clone, Copy)]
struct Share {
    bad: u64,
    of: u64,
}

impl Share {
    /// By how much, shrunk.
    fn better_than(self, usual: Self) -> f64 {
        let share = |share: Self| share.bad as f64 / share.of.max(1) as f64;
        weight(self.of) * (share(usual) - share(self))
    }
}

/// How far so many observations lead away from the shop's figure: 0 to 1.
fn weight(count: u64) -> f64 {
    count as f64 / (count as f64 + f64::from(PRIOR))
}

fn permille(factor: f64, within: std::ops::RangeInclusive<u32>) -> u32 {
    // A cast of a number that is too large, or none, ends at a bound.
    ((factor * f64::from(NEUTRAL_PERMILLE)).round() as u32).clamp(*within.start(), *within.end())
}
