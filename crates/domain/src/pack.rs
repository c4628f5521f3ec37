//! Rule packs: how each marketplace counts answers, as data, and the one judge that reads them.
//!
//! A [`Draft`] is what a file or a caller says; [`Draft::check`] makes a [`RulePack`] of it or names every field that
//! is wrong. A [`Tally`] then takes in conversations (see [`crate::exchange`]), one at a time and in any order, and
//! ends in a [`Report`]: units, verdicts, rates with their parts, and every miss with its proof.
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

use crate::day::{ClockTime, Day, Window, Zone};
use crate::message::Actor;
use crate::problem::{Problem, Reason, Violation};
use crate::time::{Span, Timestamp};

mod place;
mod tally;
mod turn;

pub use place::Place;
pub use tally::{AgentParts, Parts, Report, ResponseTimes, Tally};
pub use turn::{Blame, Miss, Verdict};

#[cfg(test)]
mod tests;

/// Longest limit a pack may set.
pub const MAX_LIMIT: Span = Span::from_hours(30 * 24);
/// Shortest limit a pack may set.
pub const MIN_LIMIT: Span = Span::from_secs(1);
/// Longest name of a pack, in bytes.
pub const MAX_ID_BYTES: usize = 64;
/// 100 % in basis points.
pub const WHOLE: u32 = 10_000;
/// Weeks the longest limit can stretch over when weekends leave the clock, with one to spare.
const MAX_WEEKS: u32 = 8;
/// Days from Monday to Saturday.
const SATURDAY: u32 = 5;

/// What a pack counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// One buyer on one local day; one late turn makes it a miss.
    BuyerDay,
    /// One conversation, judged by its first turn; it counts for the local day it was opened on.
    Session,
    /// One run of questions up to its answer.
    Turn,
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
    /// Counts as a miss.
    Miss,
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

/// A rule pack as somebody wrote it down, not yet checked. Field by field as in `fenliu.analytics.v1.RulePack`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// Its name.
    pub rule_pack_id: String,
    /// Its version, from 1.
    pub version: u32,
    /// What it says, in a sentence.
    pub description: String,
    /// What it counts; `None` is refused.
    pub unit: Option<Unit>,
    /// How long an answer may take.
    pub limit: Span,
    /// Start of the window, `HH:MM`; empty = 00:00.
    pub window_start: String,
    /// End of the window, `HH:MM`; empty = 24:00.
    pub window_end: String,
    /// Whose words count.
    pub countable_actors: Vec<Actor>,
    /// Whether small talk is no answer.
    pub min_content: bool,
    /// What becomes of units that a robot which answers by itself dealt with alone.
    pub robot_only: Treatment,
    /// What becomes of units that were never assigned.
    pub unassigned: Treatment,
    /// Target in basis points; 0 = none.
    pub target_basis_points: u32,
    /// Where the rule was read.
    pub source: String,
    /// How sure that reading is.
    pub confidence: Confidence,
    /// Whether local weekends leave the clock.
    pub weekend_pause: bool,
    /// `HH:MM` on Monday by which weekend questions must be answered; read only with `weekend_pause`.
    pub weekend_answer_by: String,
    /// First local day the rule holds, `YYYY-MM-DD`; empty = not known.
    pub valid_from: String,
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
    /// Whose words count, each once, in the order of the contract.
    pub countable: Vec<Actor>,
    /// Whether small talk is no answer.
    pub min_content: bool,
    /// What becomes of units that a robot which answers by itself dealt with alone.
    pub robot_only: Treatment,
    /// What becomes of units that were never assigned.
    pub unassigned: Treatment,
    /// Target in basis points; 0 = none published.
    pub target_basis_points: u32,
    /// Where the rule was read.
    pub source: String,
    /// How sure that reading is.
    pub confidence: Confidence,
    /// Set when local weekends leave the clock: the time on Monday by which weekend questions must be answered.
    pub weekend_answer_by: Option<ClockTime>,
    /// First local day the rule holds, when known.
    pub valid_from: Option<Day>,
}

impl Draft {
    /// Makes a pack of the draft.
    ///
    /// # Errors
    /// `RULE_PACK_INVALID`, naming every field that is out of its bounds.
    pub fn check(self) -> Result<RulePack, Problem> {
        let mut faults = Faults::default();
        faults.unless(is_name(&self.rule_pack_id), "rule_pack_id", "must be 1 to 64 printable bytes");
        faults.unless(
            (MIN_LIMIT..=MAX_LIMIT).contains(&self.limit),
            "limit_duration",
            "must be 1 second to 30 days",
        );
        faults.unless(!self.countable_actors.is_empty(), "countable_actors", "must name at least one");
        let only_robots = self.countable_actors.iter().all(|actor| *actor == Actor::FullRobot);
        let robots_count = matches!(self.robot_only, Treatment::Judge | Treatment::Answered);
        faults.unless(
            self.countable_actors.is_empty() || !only_robots || robots_count,
            "countable_actors",
            "must name somebody besides full_robot when what robots dealt with alone is left out or a miss",
        );
        faults.unless(self.target_basis_points <= WHOLE, "target_basis_points", "must be at most 10000");
        faults.unless(self.unit.is_some(), "unit", "must be set");
        let start = faults.parse(&self.window_start, "window_start", ClockTime::MIDNIGHT);
        let end = faults.parse(&self.window_end, "window_end", ClockTime::DAY_END);
        let window = Window::new(start, end);
        faults.unless(window.is_some(), "window_end", "must not be the same as window_start");
        let answer_by = self.weekend_pause.then_some(self.weekend_answer_by.as_str());
        faults.unless(answer_by != Some(""), "weekend_answer_by", "must be set with weekend_pause");
        let answer_by = answer_by.map(|text| faults.parse(text, "weekend_answer_by", ClockTime::DAY_END));
        let valid_from = faults.parse_day(&self.valid_from);
        let countable =
            Actor::ALL.into_iter().filter(|actor| self.countable_actors.contains(actor)).collect();
        let (Some(unit), Some(window), true) = (self.unit, window, faults.0.is_empty()) else {
            return Err(faults.into_problem(&self.rule_pack_id));
        };
        Ok(RulePack {
            id: self.rule_pack_id,
            version: self.version.max(1),
            description: self.description,
            unit,
            limit: self.limit,
            window,
            countable,
            min_content: self.min_content,
            robot_only: self.robot_only,
            unassigned: self.unassigned,
            target_basis_points: self.target_basis_points,
            source: self.source,
            confidence: self.confidence,
            weekend_answer_by: answer_by,
            valid_from,
        })
    }
}

fn is_name(text: &str) -> bool {
    (1..=MAX_ID_BYTES).contains(&text.len()) && !text.chars().any(char::is_control)
}

/// The fields of a draft that are out of bounds.
#[derive(Default)]
struct Faults(Vec<Violation>);

impl Faults {
    fn unless(&mut self, fine: bool, field: &str, expected: &str) {
        if !fine {
            self.0.push(Violation { field: field.into(), expected: expected.into() });
        }
    }

    fn parse(&mut self, text: &str, field: &str, empty: ClockTime) -> ClockTime {
        if text.is_empty() {
            return empty;
        }
        text.parse().unwrap_or_else(|malformed: crate::day::MalformedTime| {
            self.unless(false, field, &malformed.to_string());
            empty
        })
    }

    fn parse_day(&mut self, text: &str) -> Option<Day> {
        let day = text.parse().ok();
        self.unless(text.is_empty() || day.is_some(), "valid_from", "must be a date such as 2026-01-31");
        day
    }

    fn into_problem(self, id: &str) -> Problem {
        let fields: Vec<_> = self.0.iter().map(|v| format!("{} {}", v.field, v.expected)).collect();
        let message = format!("the rule pack cannot be used: {}", fields.join("; "));
        let problem = Problem::new(Reason::RulePackInvalid, message).with("rule_pack_id", id.escape_debug());
        Problem { violations: self.0, ..problem }
    }
}

impl RulePack {
    /// The last moment an answer to a question of `asked` is in time.
    #[must_use]
    pub fn due(&self, zone: Zone, asked: Timestamp) -> Timestamp {
        match self.weekend_answer_by {
            Some(answer_by) => self.due_without_weekends(zone, asked, answer_by),
            None => asked + self.limit,
        }
    }

    /// Saturdays and Sundays leave the clock: what is asked then is due on Monday at `answer_by`, and a limit that
    /// reaches into them goes on on Monday at 00:00.
    fn due_without_weekends(&self, zone: Zone, asked: Timestamp, answer_by: ClockTime) -> Timestamp {
        let day = zone.day_of(asked);
        let weekday = day.days_from_monday();
        if weekday >= SATURDAY {
            return zone.at(day.plus(7 - weekday), answer_by);
        }
        let (mut from, mut left) = (asked, self.limit);
        for week in 0..MAX_WEEKS {
            let saturday = day.plus(SATURDAY - weekday + 7 * week);
            let room = zone.start_of(saturday).since(from);
            if left <= room {
                return from + left;
            }
            left = left - room;
            from = zone.start_of(saturday.plus(2));
        }
        from
    }
}
