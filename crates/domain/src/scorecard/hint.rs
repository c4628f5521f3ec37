//! What stands out of a card and may be worth a talk, with the conversations that show it.
//!
//! A rule speaks only when the data leave no doubt: there are at least [`ENOUGH`] of what a share is of, and the lower end
//! of its 95 % interval lies above the threshold. So few data give no hint. The thresholds are ours.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::Counts;
use crate::proportion::{Proportion, Z_95};
use crate::spans;
use crate::time::{Span, Timestamp};

/// Most conversations that a hint names.
pub const MAX_EVIDENCE: usize = 5;
/// Fewest things counted of which a share is judged.
pub const ENOUGH: u64 = 10;
/// Shortest time on duty of which adherence is judged.
const ENOUGH_DUTY: Span = Span::from_hours(4);

/// What can stand out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// Turns answered that waited longer than [`SLOW`](super::SLOW): above 10 %.
    SlowResponses,
    /// Answers that only greet or stall: above 10 %.
    EmptyAnswers,
    /// Conversations dropped, of those they ended: above 3 %.
    ShortCloses,
    /// Conversations handed on, of their sessions: above 30 %.
    TransfersOut,
    /// Ratings of 1 to 3 stars: above 20 %.
    Dissatisfaction,
    /// Adherence to the roster, over at least four hours of duty: below 90 %.
    LowAdherence,
}

/// What stands out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The rule.
    pub rule: Rule,
    /// The figure it goes by.
    pub measured: Measured,
    /// What it is compared with, in basis points.
    pub threshold_basis_points: u32,
    /// The conversations that show it best, at most [`MAX_EVIDENCE`]; none for adherence.
    pub evidence: Vec<Evidence>,
}

/// The figure of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measured {
    /// So many of so many.
    Share(Proportion),
    /// A share of time, in basis points.
    OfTime(u32),
}

/// A conversation that shows what a hint says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The conversation.
    pub conversation: String,
    /// When: at the question, the close, the transfer or the rating.
    pub at: Timestamp,
}

/// The best of what has been seen for each rule: for slow responses the longest waits, for dissatisfaction the fewest
/// stars, and then the latest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown([BTreeSet<Noted>; 5]);

/// How well a conversation shows something, when, and which it is: the heaviest and then the latest first.
type Noted = (Reverse<i64>, Reverse<Timestamp>, String);

impl Rule {
    /// Every rule, in the order in which hints come.
    pub const ALL: [Self; 6] = [
        Self::SlowResponses,
        Self::EmptyAnswers,
        Self::ShortCloses,
        Self::TransfersOut,
        Self::Dissatisfaction,
        Self::LowAdherence,
    ];

    const fn threshold_basis_points(self) -> u32 {
        match self {
            Self::SlowResponses | Self::EmptyAnswers => 1_000,
            Self::ShortCloses => 300,
            Self::TransfersOut => 3_000,
            Self::Dissatisfaction => 2_000,
            Self::LowAdherence => 9_000,
        }
    }

    fn measured(self, counts: &Counts, time: &spans::Figures) -> Option<Measured> {
        let (some, all) = match self {
            Self::SlowResponses => (counts.slow, counts.answered),
            Self::EmptyAnswers => (counts.empty_answers, counts.answers),
            Self::ShortCloses => (counts.short_closes, counts.closes),
            // One conversation may be handed on more than once.
            Self::TransfersOut => (counts.transfers_out.min(counts.sessions), counts.sessions),
            Self::Dissatisfaction => (counts.dissatisfied(), counts.ratings()),
            Self::LowAdherence => {
                let enough = time.scheduled >= ENOUGH_DUTY;
                return time.adherence_basis_points().filter(|_| enough).map(Measured::OfTime);
            }
        };
        Proportion::new(some, all).map(Measured::Share)
    }

    fn stands_out(self, measured: Measured) -> bool {
        let threshold = self.threshold_basis_points();
        match measured {
            Measured::Share(share) => {
                share.trials() >= ENOUGH && share.interval(Z_95).low * 10_000.0 > f64::from(threshold)
            }
            Measured::OfTime(basis_points) => basis_points < threshold,
        }
    }
}

impl Shown {
    /// Takes note of a conversation that shows what a rule is about, once, where it shows it best; the heavier the better.
    pub fn note(&mut self, rule: Rule, weight: i64, at: Timestamp, conversation: &str) {
        let Some(kept) = self.0.get_mut(rule as usize) else { return };
        let new = (Reverse(weight), Reverse(at), conversation.to_owned());
        if let Some(known) = kept.iter().find(|(.., named)| named == conversation).cloned() {
            if known <= new {
                return;
            }
            kept.remove(&known);
        }
        kept.insert(new);
        if kept.len() > MAX_EVIDENCE {
            kept.pop_last();
        }
    }

    /// Takes note of all that another has. What is kept of parts is enough for the whole: whatever is not among the best of
    /// a part has so many better ones before it there.
    pub(super) fn add(&mut self, other: &Self) {
        for (rule, weight, at, conversation) in other.noted() {
            self.note(rule, weight, at, conversation);
        }
    }

    /// What was noted: of which rule, how heavy, when, and which conversation.
    pub fn noted(&self) -> impl Iterator<Item = (Rule, i64, Timestamp, &str)> {
        Rule::ALL.into_iter().zip(&self.0).flat_map(|(rule, kept)| {
            kept.iter().map(move |(weight, at, conversation)| (rule, weight.0, at.0, conversation.as_str()))
        })
    }

    /// What stands out of these figures.
    pub(super) fn hints(&self, counts: &Counts, time: &spans::Figures) -> Vec<Hint> {
        let hint = |rule: Rule| {
            let measured = rule.measured(counts, time).filter(|measured| rule.stands_out(*measured))?;
            let evidence = self
                .0
                .get(rule as usize)
                .into_iter()
                .flatten()
                .map(|(_, at, conversation)| Evidence { conversation: conversation.clone(), at: at.0 });
            let threshold_basis_points = rule.threshold_basis_points();
            Some(Hint { rule, measured, threshold_basis_points, evidence: evidence.collect() })
        };
        Rule::ALL.into_iter().filter_map(hint).collect()
    }
}
