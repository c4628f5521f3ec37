//! Rule packs: how each marketplace counts answers, as data, and the one judge that reads them.
//!
//! A [`Draft`] is what a file or a caller says; [`Draft::check`] makes a [`RulePack`] of it or names every field that
//! is wrong. A [`Tally`] then takes in conversations (see [`crate::exchange`]), one at a time and in any order, and
//! ends in a [`Report`]: units, verdicts, rates with their parts, and every miss with its proof. Reports of days add up. What a marketplace
//! shows for a day, which may look back on several, is a [`Figure`] made of the days of a report.
//!
//! The judge (`turn`) makes turns of exchanges and says what became of each; `unit` makes units of turns; `tally`
//! counts units; `figure` adds up days; `evaluation` puts two packs side by side.
//!
//! Rules that hold for every pack:
//! * Limits are inclusive: an answer after exactly the limit is in time.
//! * A turn runs from the first unanswered question inside the window to the first reply that counts. Exchanges
//!   without such a reply run on into the next; but where a pack treats what robots dealt with alone in a way of its
//!   own, a question that a full robot settled alone is a turn of its own.
//! * A turn is judged by when it was asked. Asked again inside the window, it is judged from there.
//! * What is still open when its limit has passed is a miss; before that it is pending and not counted.
//! * Nothing after the moment judged as of is seen.
//! * Shares are compared as integers; without data there is no rate.

use crate::day::{ClockTime, Day, Window};
use crate::exchange::Mark;
use crate::message::Actor;
use crate::time::Span;

mod clock;
mod daily;
mod draft;
mod evaluation;
mod figure;
#[cfg(any(test, feature = "testing"))]
pub mod naive;
mod owed;
mod parts;
mod place;
mod report;
#[cfg(any(test, feature = "testing"))]
pub mod samples;
mod tally;
mod target;
mod turn;
mod unit;
mod verdict;
mod version;
mod waits;

pub use daily::DailyTallies;
pub use draft::Draft;
pub use evaluation::{Differing, Evaluated, Evaluation, MAX_UNITS_HELD, UnitKey, UnitPage, UnitPlace, Why};
pub use figure::{Figure, Lookback, RecencyWeight};
pub use owed::Owed;
pub use parts::{AgentParts, Parts};
pub use place::Place;
pub use report::Report;
pub use tally::Tally;
pub use target::{Consequence, Target};
pub use verdict::{Blame, JudgedUnit, Miss, Verdict};
pub use version::in_force;
pub use waits::{MAX_EXACT_WAITS, ResponseTimes, Waits};

#[cfg(test)]
mod tests;

/// Longest limit a pack may set.
pub const MAX_LIMIT: Span = Span::from_hours(30 * 24);
/// Shortest limit a pack may set.
pub const MIN_LIMIT: Span = Span::from_secs(1);
/// Longest name of a pack, in bytes.
pub const MAX_ID_BYTES: usize = 64;
/// Most holidays a pack may name: some years of them.
pub const MAX_HOLIDAYS: usize = 366;
/// Longest time after its end in which a session may be taken up again.
pub const MAX_REJOIN: Span = Span::from_hours(24);
/// Most targets a pack may set.
pub const MAX_TARGETS: usize = 16;
/// Longest consequence of a missed target, in days.
pub const MAX_CONSEQUENCE_DAYS: u32 = 366;
/// Largest weight of a day.
pub const MAX_WEIGHT: u32 = 1_000;
/// 100 % in basis points.
pub const WHOLE: u32 = 10_000;

/// What a pack counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// One buyer on one local day; one late turn makes it a miss, unless the pack's score says otherwise.
    BuyerDay,
    /// One conversation, judged by its first turn, unless the pack's score says otherwise; it counts for the local day
    /// it was opened on.
    Session,
    /// One run of questions up to its answer.
    Turn,
    /// One message of the buyer, up to the answer of its turn.
    Message,
}

/// Which moment the window and the day of a unit go by. The limit always runs from the question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JudgeTime {
    /// When the question was asked.
    #[default]
    Ask,
    /// When the session began.
    SessionStart,
}

/// How several turns make the verdict of one unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Score {
    /// One miss makes the whole a miss.
    AnyMiss,
    /// The mean of the waits must be within the limit; a turn that was not answered waited as long as the cap, and
    /// without a cap for ever. Of turns and messages, which have one wait each, the figure of the pack is the mean
    /// itself instead of a rate.
    MeanWait,
    /// The first turn decides.
    FirstAnswer,
}

/// What becomes of a kind of unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Treatment {
    /// Judged like any other.
    #[default]
    Judge,
    /// Left out of the denominator.
    Exclude,
    /// Counts as answered in time.
    Answered,
    /// Counts as a miss, once its limit has passed.
    Miss,
    /// Judged like any other, in a rate of its own.
    Separate,
}

/// How sure the reading of a rule is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Confidence {
    /// Not said.
    #[default]
    Unknown,
    /// The marketplace's own page says so.
    Official,
    /// Several independent accounts agree.
    Several,
    /// One account says so.
    Single,
}

/// A rule pack that makes sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulePack {
    /// Its name.
    pub id: String,
    /// Its version, from 1.
    pub version: u32,
    /// What it says, in a sentence.
    pub description: String,
    /// What it counts.
    pub unit: Unit,
    /// How long an answer may take; exactly so long still passes.
    pub limit: Span,
    /// The part of the local day that is judged.
    pub window: Window,
    /// Local days that are not judged at all, each once, in order.
    pub holidays: Vec<Day>,
    /// Which moment window, holidays and days go by.
    pub judge_time: JudgeTime,
    /// Whether only what the buyer said after the robot had given the conversation to people is judged.
    pub after_handover: bool,
    /// Whose words count, each once, in the order of the contract.
    pub countable: Vec<Actor>,
    /// Whether small talk is no answer.
    pub min_content: bool,
    /// How several turns make the verdict of one unit; `None` = as is usual for the unit, see [`RulePack::score`].
    pub score: Option<Score>,
    /// What becomes of units that a robot which answers by itself dealt with alone.
    pub robot_only: Treatment,
    /// What becomes of units that were never assigned. To be separate, it is enough that nobody was on duty when they
    /// were asked: the buyer left a message.
    pub unassigned: Treatment,
    /// What becomes of units in which one of `self_service_actors` said something of content to the question, and
    /// the buyer asked nothing more. An answer that counts, in time, goes before.
    pub self_service: Treatment,
    /// Canned replies, FAQ cards, or both, each once; none of them countable.
    pub self_service_actors: Vec<Actor>,
    /// The kinds of conversation that are left out, each once, in the order of [`Mark::ALL`].
    pub exclusions: Vec<Mark>,
    /// How long after its end a buyer's session is taken up again by a new question, as the same unit; exactly so long
    /// still is. `None` = only as the desk itself does.
    pub rejoin_within: Option<Span>,
    /// Longest wait of a turn that means count.
    pub cap: Option<Span>,
    /// The days a figure is made of.
    pub lookback: Lookback,
    /// Whether those days end with the day before the figure's.
    pub until_yesterday: bool,
    /// How much days weigh by their age, the newest first; empty = all alike.
    pub recency_weights: Vec<RecencyWeight>,
    /// Fewest units that make a figure; with fewer it is `default_basis_points`.
    pub min_volume: u32,
    /// The figure in basis points where there are too few units; `None` = none.
    pub default_basis_points: Option<u32>,
    /// The rate to reach, in basis points; 0 = none published.
    pub target_basis_points: u32,
    /// What follows below which rate.
    pub targets: Vec<Target>,
    /// Where the rule was read.
    pub source: String,
    /// How sure that reading is.
    pub confidence: Confidence,
    /// Set when local weekends leave the clock: the time on Monday by which weekend questions must be answered.
    pub weekend_answer_by: Option<ClockTime>,
    /// First local day the rule holds, when known.
    pub valid_from: Option<Day>,
}

impl RulePack {
    /// How several turns make the verdict of one unit: as the pack says, or else as is usual for the unit.
    #[must_use]
    pub fn score(&self) -> Score {
        let usual = if self.unit == Unit::Session { Score::FirstAnswer } else { Score::AnyMiss };
        self.score.unwrap_or(usual)
    }

    /// Whether the figure is a mean wait instead of a rate.
    #[must_use]
    pub fn is_mean(&self) -> bool {
        self.score() == Score::MeanWait && matches!(self.unit, Unit::Turn | Unit::Message)
    }

    /// The mean wait of some units, rounded down to the microsecond; `None` without data, or where the figure is a rate.
    #[must_use]
    pub fn mean(&self, parts: &Parts) -> Option<Span> {
        let mean = i128::from(parts.wait_sum.micros()).checked_div(parts.counted.into());
        mean.filter(|_| self.is_mean()).and_then(|mean| i64::try_from(mean).ok()).map(Span::from_micros)
    }

    /// Whether a unit's verdict depends on the mean of its turns.
    fn judges_means(&self) -> bool {
        self.score() == Score::MeanWait && !self.is_mean()
    }
}
