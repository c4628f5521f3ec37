//! Rule packs in and out: what a caller says is a draft for the domain to check, and a pack is told whole.

use fenliu_domain::exchange::Mark;
use fenliu_domain::pack::{
    Confidence, Consequence, Draft, JudgeTime, Lookback, RecencyWeight, RulePack, Score, Target, Treatment,
    Unit,
};
use fenliu_domain::problem::Problem;
use fenliu_domain::time::Span;

use crate::analytics::v1 as proto;
use crate::convert::{span, to_span};
use crate::words::Word;

#[cfg(test)]
mod tests;

/// The draft of a pack.
///
/// # Errors
/// INVALID_REQUEST naming the field of a duration that is none, or of a number that no enum knows.
pub fn draft(pack: proto::RulePack) -> Result<Draft, Problem> {
    let unit = if pack.unit == 0 { None } else { Some(Unit::parse(pack.unit, "unit")?) };
    let score = if pack.score == 0 { None } else { Some(Score::parse(pack.score, "score")?) };
    let lookback = Lookback::parse_or(pack.lookback, Lookback::Day, "lookback")?;
    let judge_time = JudgeTime::parse_or(pack.judge_time, JudgeTime::Ask, "judge_time")?;
    let weights = pack.recency_weights.iter();
    let weights = weights.map(|step| RecencyWeight { newest_days: step.newest_days, weight: step.weight });
    Ok(Draft {
        unit,
        score,
        lookback,
        judge_time,
        recency_weights: weights.collect(),
        limit: duration(pack.limit_duration.as_ref(), "limit_duration")?,
        rejoin_within: duration(pack.rejoin_within_duration.as_ref(), "rejoin_within_duration")?,
        cap: duration(pack.cap_duration.as_ref(), "cap_duration")?,
        confidence: Confidence::parse_or(pack.confidence, Confidence::Unknown, "confidence")?,
        countable_actors: words(&pack.countable_actors, "countable_actors")?,
        self_service_actors: words(&pack.self_service_actors, "self_service_actors")?,
        exclusions: words(&pack.exclusions, "exclusions")?,
        robot_only: Treatment::parse_or(pack.robot_only, Treatment::Judge, "robot_only")?,
        unassigned: Treatment::parse_or(pack.unassigned, Treatment::Judge, "unassigned")?,
        self_service: Treatment::parse_or(pack.self_service, Treatment::Judge, "self_service")?,
        targets: pack.targets.iter().map(target).collect::<Result<_, _>>()?,
        rule_pack_id: pack.rule_pack_id,
        version: pack.version,
        description: pack.description,
        window_start: pack.window_start,
        window_end: pack.window_end,
        holidays: pack.holidays,
        after_handover: pack.after_handover,
        min_content: pack.min_content,
        until_yesterday: pack.until_yesterday,
        min_volume: pack.min_volume,
        default_basis_points: pack.default_basis_points,
        target_basis_points: pack.target_basis_points,
        source: pack.source,
        weekend_pause: pack.weekend_pause,
        weekend_answer_by: pack.weekend_answer_by,
        valid_from: pack.valid_from,
    })
}

/// A pack, every field of it.
#[must_use]
pub fn to_proto(pack: &RulePack) -> proto::RulePack {
    let weight =
        |step: &RecencyWeight| proto::RecencyWeight { newest_days: step.newest_days, weight: step.weight };
    proto::RulePack {
        rule_pack_id: pack.id.clone(),
        version: pack.version,
        description: pack.description.clone(),
        unit: pack.unit.number(),
        limit_duration: Some(to_span(pack.limit)),
        window_start: pack.window.start().to_string(),
        window_end: pack.window.end().to_string(),
        holidays: pack.holidays.iter().map(ToString::to_string).collect(),
        judge_time: pack.judge_time.number(),
        after_handover: pack.after_handover,
        countable_actors: numbers(&pack.countable),
        min_content: pack.min_content,
        score: pack.score.map_or(0, Score::number),
        robot_only: pack.robot_only.number(),
        unassigned: pack.unassigned.number(),
        self_service: pack.self_service.number(),
        self_service_actors: numbers(&pack.self_service_actors),
        exclusions: numbers(&pack.exclusions),
        rejoin_within_duration: pack.rejoin_within.map(to_span),
        cap_duration: pack.cap.map(to_span),
        lookback: pack.lookback.number(),
        until_yesterday: pack.until_yesterday,
        recency_weights: pack.recency_weights.iter().map(weight).collect(),
        min_volume: pack.min_volume,
        default_basis_points: pack.default_basis_points,
        target_basis_points: pack.target_basis_points,
        targets: pack.targets.iter().map(to_target).collect(),
        source: pack.source.clone(),
        confidence: pack.confidence.number(),
        weekend_pause: pack.weekend_answer_by.is_some(),
        weekend_answer_by: pack.weekend_answer_by.map(|clock| clock.to_string()).unwrap_or_default(),
        valid_from: pack.valid_from.map(|day| day.to_string()).unwrap_or_default(),
        // Whose it is does not lie in the pack.
        origin: proto::RulePackOrigin::Unspecified.into(),
    }
}

fn duration(value: Option<&prost_types::Duration>, field: &str) -> Result<Span, Problem> {
    value.map_or(Ok(Span::ZERO), |value| span(value, field))
}

fn words<T: Word>(numbers: &[i32], field: &str) -> Result<Vec<T>, Problem> {
    numbers.iter().map(|number| T::parse(*number, field)).collect()
}

fn numbers<T: Word>(words: &[T]) -> Vec<i32> {
    words.iter().map(|word| word.number()).collect()
}

fn target(target: &proto::Target) -> Result<Target, Problem> {
    let (days, good_days) = (target.days, target.good_days);
    let consequence = match target.consequence() {
        proto::Consequence::Enforced => Consequence::Enforced,
        proto::Consequence::Restricted => Consequence::Restricted { days, good_days },
        proto::Consequence::ResourceSlot => Consequence::ResourceSlot { days },
        proto::Consequence::BlackRoom => Consequence::BlackRoom { days },
        proto::Consequence::FineDue => Consequence::FineDue,
        proto::Consequence::Unspecified => {
            return Err(Problem::field("targets", "must each have a consequence"));
        }
    };
    let (below_basis_points, above_units) = (target.below_basis_points, target.above_units);
    Ok(Target { below_basis_points, above_units, consequence })
}

fn to_target(target: &Target) -> proto::Target {
    let (consequence, days, good_days) = match target.consequence {
        Consequence::Enforced => (proto::Consequence::Enforced, 0, 0),
        Consequence::Restricted { days, good_days } => (proto::Consequence::Restricted, days, good_days),
        Consequence::ResourceSlot { days } => (proto::Consequence::ResourceSlot, days, 0),
        Consequence::BlackRoom { days } => (proto::Consequence::BlackRoom, days, 0),
        Consequence::FineDue => (proto::Consequence::FineDue, 0, 0),
    };
    proto::Target {
        below_basis_points: target.below_basis_points,
        above_units: target.above_units,
        consequence: consequence.into(),
        days,
        good_days,
    }
}

impl Word for Unit {
    const TABLE: &'static [(Self, i32)] = &[
        (Self::BuyerDay, proto::Unit::BuyerDay as i32),
        (Self::Session, proto::Unit::Session as i32),
        (Self::Turn, proto::Unit::Turn as i32),
        (Self::Message, proto::Unit::Message as i32),
    ];
}

impl Word for Score {
    const TABLE: &'static [(Self, i32)] = &[
        (Self::AnyMiss, proto::Score::AnyMiss as i32),
        (Self::MeanWait, proto::Score::MeanWait as i32),
        (Self::FirstAnswer, proto::Score::FirstAnswer as i32),
    ];
}

impl Word for JudgeTime {
    const TABLE: &'static [(Self, i32)] = &[
        (Self::Ask, proto::JudgeTime::Ask as i32),
        (Self::SessionStart, proto::JudgeTime::SessionStart as i32),
    ];
}

impl Word for Treatment {
    const TABLE: &'static [(Self, i32)] = &[
        (Self::Judge, proto::Treatment::Unspecified as i32),
        (Self::Exclude, proto::Treatment::Exclude as i32),
        (Self::Answered, proto::Treatment::Answered as i32),
        (Self::Miss, proto::Treatment::Miss as i32),
        (Self::Separate, proto::Treatment::Separate as i32),
    ];
}

impl Word for Confidence {
    const TABLE: &'static [(Self, i32)] = &[
        (Self::Unknown, proto::Confidence::Unspecified as i32),
        (Self::Official, proto::Confidence::Official as i32),
        (Self::Several, proto::Confidence::Several as i32),
        (Self::Single, proto::Confidence::Single as i32),
    ];
}

impl Word for Lookback {
    const TABLE: &'static [(Self, i32)] = &[
        (Self::Day, proto::Lookback::Day as i32),
        (Self::Days3, proto::Lookback::ThreeDays as i32),
        (Self::Days7, proto::Lookback::SevenDays as i32),
        (Self::Days30, proto::Lookback::ThirtyDays as i32),
        (Self::Days90, proto::Lookback::NinetyDays as i32),
    ];
}

impl Word for Mark {
    const TABLE: &'static [(Self, i32)] = &[
        (Self::Blocked, proto::Mark::Blocked as i32),
        (Self::Reported, proto::Mark::Reported as i32),
        (Self::ShopInitiated, proto::Mark::ShopInitiated as i32),
        (Self::HolidayMode, proto::Mark::HolidayMode as i32),
    ];
}
