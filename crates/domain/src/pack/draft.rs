//! A rule pack as somebody wrote it down, and what is wrong with it.

use super::{
    Confidence, JudgeTime, Lookback, MAX_CONSEQUENCE_DAYS, MAX_HOLIDAYS, MAX_ID_BYTES, MAX_LIMIT, MAX_REJOIN,
    MAX_TARGETS, MAX_WEIGHT, MIN_LIMIT, RecencyWeight, RulePack, Score, Target, Treatment, Unit, WHOLE,
};
use crate::day::{ClockTime, Day, MalformedTime, Window};
use crate::exchange::Mark;
use crate::message::Actor;
use crate::problem::{Problem, Reason, Violation};
use crate::time::Span;

mod keeping;

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
    /// Local days that are not judged, `YYYY-MM-DD`; at most [`MAX_HOLIDAYS`].
    pub holidays: Vec<String>,
    /// Which moment window, holidays and days go by.
    pub judge_time: JudgeTime,
    /// Whether only what the buyer said after the robot had given the conversation to people is judged.
    pub after_handover: bool,
    /// Whose words count.
    pub countable_actors: Vec<Actor>,
    /// Whether small talk is no answer.
    pub min_content: bool,
    /// How several turns make the verdict of one unit; `None` = as is usual for the unit.
    pub score: Option<Score>,
    /// What becomes of units that a robot which answers by itself dealt with alone.
    pub robot_only: Treatment,
    /// What becomes of units that were never assigned.
    pub unassigned: Treatment,
    /// What becomes of units that canned replies or FAQ cards settled.
    pub self_service: Treatment,
    /// Which of the two can settle a unit.
    pub self_service_actors: Vec<Actor>,
    /// The kinds of conversation that are left out.
    pub exclusions: Vec<Mark>,
    /// How long after its end a session is taken up again; zero = only as the desk itself does.
    pub rejoin_within: Span,
    /// Longest wait that means count; zero = none.
    pub cap: Span,
    /// The days a figure is made of.
    pub lookback: Lookback,
    /// Whether those days end with the day before the figure's.
    pub until_yesterday: bool,
    /// How much days weigh by their age; empty = all alike.
    pub recency_weights: Vec<RecencyWeight>,
    /// Fewest units that make a figure; 0 = any.
    pub min_volume: u32,
    /// The figure where there are too few; `None` = none.
    pub default_basis_points: Option<u32>,
    /// Target in basis points; 0 = none.
    pub target_basis_points: u32,
    /// What follows below which rate.
    pub targets: Vec<Target>,
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

impl Draft {
    /// Makes a pack of the draft.
    ///
    /// # Errors
    /// `RULE_PACK_INVALID`, naming every field that is out of its bounds.
    pub fn check(self) -> Result<RulePack, Problem> {
        let mut faults = Faults::default();
        self.check_measure(&mut faults);
        self.check_actors(&mut faults);
        self.check_score(&mut faults);
        self.check_figure(&mut faults);
        let window = self.read_window(&mut faults);
        let holidays = self.read_holidays(&mut faults);
        let weekend_answer_by = self.read_weekend(&mut faults);
        let valid_from = faults.parse_day(&self.valid_from, "valid_from");
        let (Some(unit), Some(window), true) = (self.unit, window, faults.0.is_empty()) else {
            return Err(faults.into_problem(&self.rule_pack_id));
        };
        let among = |named: &[Actor]| Actor::ALL.into_iter().filter(|actor| named.contains(actor)).collect();
        Ok(RulePack {
            id: self.rule_pack_id,
            version: self.version.max(1),
            description: self.description,
            unit,
            limit: self.limit,
            window,
            holidays,
            judge_time: self.judge_time,
            after_handover: self.after_handover,
            countable: among(&self.countable_actors),
            min_content: self.min_content,
            score: self.score,
            robot_only: self.robot_only,
            unassigned: self.unassigned,
            self_service: self.self_service,
            self_service_actors: among(&self.self_service_actors),
            exclusions: Mark::ALL.into_iter().filter(|mark| self.exclusions.contains(mark)).collect(),
            rejoin_within: Some(self.rejoin_within).filter(|within| *within > Span::ZERO),
            cap: Some(self.cap).filter(|cap| *cap > Span::ZERO),
            lookback: self.lookback,
            until_yesterday: self.until_yesterday,
            recency_weights: self.recency_weights,
            min_volume: self.min_volume,
            default_basis_points: self.default_basis_points,
            target_basis_points: self.target_basis_points,
            targets: self.targets,
            source: self.source,
            confidence: self.confidence,
            weekend_answer_by,
            valid_from,
        })
    }

    fn check_measure(&self, faults: &mut Faults) {
        faults.unless(is_name(&self.rule_pack_id), "rule_pack_id", "must be 1 to 64 printable bytes");
        faults.unless(self.unit.is_some(), "unit", "must be set");
        faults.unless(
            (MIN_LIMIT..=MAX_LIMIT).contains(&self.limit),
            "limit_duration",
            "must be 1 second to 30 days",
        );
        let rejoins = self.rejoin_within > Span::ZERO;
        let by_first = self.score.is_none_or(|score| score == Score::FirstAnswer);
        faults.unless(
            (Span::ZERO..=MAX_REJOIN).contains(&self.rejoin_within),
            "rejoin_within_duration",
            "must be at most 24 hours",
        );
        faults.unless(
            !rejoins || (by_first && self.unit.is_none_or(|unit| unit == Unit::Session)),
            "rejoin_within_duration",
            "must be unset unless sessions are judged by their first answer",
        );
    }

    fn check_actors(&self, faults: &mut Faults) {
        faults.unless(!self.countable_actors.is_empty(), "countable_actors", "must name at least one");
        let only_robots = self.countable_actors.iter().all(|actor| *actor == Actor::FullRobot);
        let robots_count = !matches!(self.robot_only, Treatment::Exclude | Treatment::Miss);
        faults.unless(
            self.countable_actors.is_empty() || !only_robots || robots_count,
            "countable_actors",
            "must name somebody besides full_robot when what robots dealt with alone is left out or a miss",
        );
        faults.unless(self.robot_only != Treatment::Separate, "robot_only", "must not be separate");
        faults.unless(
            !matches!(self.self_service, Treatment::Separate | Treatment::Miss),
            "self_service",
            "must be exclude or answered, or not set",
        );
        let actors = &self.self_service_actors;
        faults.unless(
            actors.is_empty() == (self.self_service == Treatment::Judge),
            "self_service_actors",
            "must name at least one with self_service, and none without it",
        );
        let can = |actor: &Actor| {
            matches!(actor, Actor::AutoReply | Actor::FaqCard) && !self.countable_actors.contains(actor)
        };
        faults.unless(
            actors.iter().all(can),
            "self_service_actors",
            "must be auto_reply, faq_card or both, as far as they are not countable",
        );
    }

    fn check_score(&self, faults: &mut Faults) {
        let mean = self.score == Some(Score::MeanWait);
        let of_units = matches!(self.unit, Some(Unit::BuyerDay | Unit::Session));
        faults.unless(
            (Span::ZERO..=MAX_LIMIT).contains(&self.cap),
            "cap_duration",
            "must be at most 30 days",
        );
        faults.unless(
            mean || self.cap == Span::ZERO,
            "cap_duration",
            "must be unset unless score is mean_wait",
        );
        // Otherwise a unit that nobody answered could be within the limit.
        faults.unless(
            !mean || !of_units || self.cap <= Span::ZERO || self.cap > self.limit,
            "cap_duration",
            "must be longer than limit_duration",
        );
        faults.unless(
            !mean || of_units || self.cap > Span::ZERO,
            "cap_duration",
            "must be set where the figure is a mean: it is what an unanswered question waited",
        );
        faults.unless(
            !mean || !self.weekend_pause,
            "weekend_pause",
            "must be unset with mean_wait, whose waits are not interrupted",
        );
        faults.unless(
            !mean || !of_units || self.unassigned != Treatment::Separate,
            "unassigned",
            "must not be separate with mean_wait",
        );
    }

    fn check_figure(&self, faults: &mut Faults) {
        let points = |points: u32| points <= WHOLE;
        faults.unless(points(self.target_basis_points), "target_basis_points", "must be at most 10000");
        faults.unless(
            self.default_basis_points.is_none_or(|default| points(default) && self.min_volume > 0),
            "default_basis_points",
            "must be at most 10000, and unset without min_volume",
        );
        let weights = &self.recency_weights;
        let days: Vec<_> = weights.iter().map(|step| step.newest_days).collect();
        faults.unless(
            days.first() != Some(&0)
                && days.is_sorted_by(|earlier, later| earlier < later)
                && days.last().is_none_or(|last| *last == self.lookback.days())
                && weights.iter().all(|step| (1..=MAX_WEIGHT).contains(&step.weight)),
            "recency_weights",
            "must be in ascending order of days, the last as many as the look-back, each weight 1 to 1000",
        );
        let expected = format!(
            "must be at most {MAX_TARGETS}, each of at most 10000 basis points and 1 to {MAX_CONSEQUENCE_DAYS} days"
        );
        let sound = self.targets.len() <= MAX_TARGETS && self.targets.iter().all(Target::is_sound);
        faults.unless(sound, "targets", &expected);
        let mean =
            self.score == Some(Score::MeanWait) && matches!(self.unit, Some(Unit::Turn | Unit::Message));
        let no_rate =
            self.target_basis_points == 0 && self.targets.is_empty() && self.default_basis_points.is_none();
        faults.unless(
            !mean || no_rate,
            "targets",
            "must be unset, with target and default, where the figure is a mean",
        );
    }

    fn read_window(&self, faults: &mut Faults) -> Option<Window> {
        let start = faults.parse(&self.window_start, "window_start", ClockTime::MIDNIGHT);
        let end = faults.parse(&self.window_end, "window_end", ClockTime::DAY_END);
        let window = Window::new(start, end);
        faults.unless(window.is_some(), "window_end", "must not be the same as window_start");
        window
    }

    fn read_holidays(&self, faults: &mut Faults) -> Vec<Day> {
        faults.unless(self.holidays.len() <= MAX_HOLIDAYS, "holidays", "must be at most 366");
        let mut days: Vec<_> =
            self.holidays.iter().take(MAX_HOLIDAYS).filter_map(|text| text.parse().ok()).collect();
        let readable = days.len() == self.holidays.len().min(MAX_HOLIDAYS);
        faults.unless(readable, "holidays", "must be dates such as 2026-01-31");
        days.sort_unstable();
        days.dedup();
        days
    }

    fn read_weekend(&self, faults: &mut Faults) -> Option<ClockTime> {
        let answer_by = self.weekend_pause.then_some(self.weekend_answer_by.as_str());
        faults.unless(answer_by != Some(""), "weekend_answer_by", "must be set with weekend_pause");
        answer_by.map(|text| faults.parse(text, "weekend_answer_by", ClockTime::DAY_END))
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
        text.parse().unwrap_or_else(|malformed: MalformedTime| {
            self.unless(false, field, &malformed.to_string());
            empty
        })
    }

    fn parse_day(&mut self, text: &str, field: &str) -> Option<Day> {
        let day = text.parse().ok();
        self.unless(text.is_empty() || day.is_some(), field, "must be a date such as 2026-01-31");
        day
    }

    fn into_problem(self, id: &str) -> Problem {
        let fields: Vec<_> = self.0.iter().map(|v| format!("{} {}", v.field, v.expected)).collect();
        let message = format!("the rule pack cannot be used: {}", fields.join("; "));
        let problem = Problem::new(Reason::RulePackInvalid, message).with("rule_pack_id", id.escape_debug());
        Problem { violations: self.0, ..problem }
    }
}
