//! A rule pack as it lies in a file. See `packs/pinduoduo-3min-human.toml` for what each key means.

use anyhow::anyhow;
use fenliu_domain::exchange::Mark;
use fenliu_domain::message::Actor;
use fenliu_domain::pack::{
    Confidence, Consequence, Draft, JudgeTime, Lookback, RecencyWeight, RulePack, Score, Target, Treatment,
    Unit,
};
use fenliu_domain::time::Span;
use serde::Deserialize;

const UNITS: [(&str, Unit); 4] = [
    ("buyer_day", Unit::BuyerDay),
    ("session", Unit::Session),
    ("turn", Unit::Turn),
    ("message", Unit::Message),
];
const SCORES: [(&str, Option<Score>); 4] = [
    ("usual", None),
    ("any_miss", Some(Score::AnyMiss)),
    ("mean_wait", Some(Score::MeanWait)),
    ("first_answer", Some(Score::FirstAnswer)),
];
const JUDGE_TIMES: [(&str, JudgeTime); 2] =
    [("ask", JudgeTime::Ask), ("session_start", JudgeTime::SessionStart)];
const ACTORS: [(&str, Actor); 5] = [
    ("human", Actor::Human),
    ("assist_robot", Actor::AssistRobot),
    ("full_robot", Actor::FullRobot),
    ("auto_reply", Actor::AutoReply),
    ("faq_card", Actor::FaqCard),
];
const TREATMENTS: [(&str, Treatment); 5] = [
    ("judge", Treatment::Judge),
    ("exclude", Treatment::Exclude),
    ("answered", Treatment::Answered),
    ("miss", Treatment::Miss),
    ("separate", Treatment::Separate),
];
const MARKS: [(&str, Mark); 4] = [
    ("blocked", Mark::Blocked),
    ("reported", Mark::Reported),
    ("shop_initiated", Mark::ShopInitiated),
    ("holiday_mode", Mark::HolidayMode),
];
const LOOKBACKS: [(&str, Lookback); 5] = [
    ("day", Lookback::Day),
    ("3d", Lookback::Days3),
    ("7d", Lookback::Days7),
    ("30d", Lookback::Days30),
    ("90d", Lookback::Days90),
];
const CONFIDENCES: [(&str, Confidence); 4] = [
    ("unknown", Confidence::Unknown),
    ("official", Confidence::Official),
    ("several", Confidence::Several),
    ("single", Confidence::Single),
];

/// The pack in a file.
///
/// # Errors
/// When a key is unknown or missing, or a value is out of its bounds; the error names it.
pub(crate) fn read(text: &str) -> anyhow::Result<RulePack> {
    let file: File = toml::from_str(text)?;
    Ok(file.into_draft()?.check()?)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    rule_pack_id: String,
    version: u32,
    description: String,
    unit: String,
    #[serde(default = "usual")]
    score: String,
    limit_seconds: u32,
    #[serde(default)]
    cap_seconds: u32,
    #[serde(default)]
    window_start: String,
    #[serde(default)]
    window_end: String,
    #[serde(default)]
    holidays: Vec<String>,
    #[serde(default = "ask")]
    judge_time: String,
    #[serde(default)]
    after_handover: bool,
    #[serde(default)]
    rejoin_within_seconds: u32,
    countable_actors: Vec<String>,
    #[serde(default)]
    min_content: bool,
    robot_only: String,
    unassigned: String,
    #[serde(default = "judge")]
    self_service: String,
    #[serde(default)]
    self_service_actors: Vec<String>,
    #[serde(default)]
    exclusions: Vec<String>,
    #[serde(default = "day")]
    lookback: String,
    #[serde(default)]
    until_yesterday: bool,
    #[serde(default)]
    recency_weights: Vec<WeightEntry>,
    #[serde(default)]
    min_volume: u32,
    default_basis_points: Option<u32>,
    target_basis_points: u32,
    #[serde(default)]
    targets: Vec<TargetEntry>,
    #[serde(default)]
    weekend_pause: bool,
    #[serde(default)]
    weekend_answer_by: String,
    #[serde(default)]
    valid_from: String,
    source: String,
    confidence: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WeightEntry {
    newest_days: u32,
    weight: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TargetEntry {
    below_basis_points: u32,
    #[serde(default)]
    above_units: u32,
    consequence: String,
    days: Option<u32>,
    good_days: Option<u32>,
}

fn usual() -> String {
    "usual".to_owned()
}

fn ask() -> String {
    "ask".to_owned()
}

fn judge() -> String {
    "judge".to_owned()
}

fn day() -> String {
    "day".to_owned()
}

/// What a name of a table stands for.
fn named<T: Copy>(table: &[(&str, T)], name: &str, key: &str) -> anyhow::Result<T> {
    table.iter().find(|(known, _)| *known == name).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<_> = table.iter().map(|(known, _)| *known).collect();
        anyhow!("{key} must be one of {}, not {name:?}", names.join(", "))
    })
}

fn all_named<T: Copy>(table: &[(&str, T)], names: &[String], key: &str) -> anyhow::Result<Vec<T>> {
    names.iter().map(|name| named(table, name, key)).collect()
}

impl File {
    fn into_draft(self) -> anyhow::Result<Draft> {
        let seconds = |seconds: u32| Span::from_secs(seconds.into());
        let weight =
            |step: &WeightEntry| RecencyWeight { newest_days: step.newest_days, weight: step.weight };
        Ok(Draft {
            unit: Some(named(&UNITS, &self.unit, "unit")?),
            score: named(&SCORES, &self.score, "score")?,
            limit: seconds(self.limit_seconds),
            cap: seconds(self.cap_seconds),
            judge_time: named(&JUDGE_TIMES, &self.judge_time, "judge_time")?,
            rejoin_within: seconds(self.rejoin_within_seconds),
            countable_actors: all_named(&ACTORS, &self.countable_actors, "countable_actors")?,
            robot_only: named(&TREATMENTS, &self.robot_only, "robot_only")?,
            unassigned: named(&TREATMENTS, &self.unassigned, "unassigned")?,
            self_service: named(&TREATMENTS, &self.self_service, "self_service")?,
            self_service_actors: all_named(&ACTORS, &self.self_service_actors, "self_service_actors")?,
            exclusions: all_named(&MARKS, &self.exclusions, "exclusions")?,
            lookback: named(&LOOKBACKS, &self.lookback, "lookback")?,
            recency_weights: self.recency_weights.iter().map(weight).collect(),
            targets: self.targets.iter().map(TargetEntry::target).collect::<Result<_, _>>()?,
            confidence: named(&CONFIDENCES, &self.confidence, "confidence")?,
            rule_pack_id: self.rule_pack_id,
            version: self.version,
            description: self.description,
            window_start: self.window_start,
            window_end: self.window_end,
            holidays: self.holidays,
            after_handover: self.after_handover,
            min_content: self.min_content,
            until_yesterday: self.until_yesterday,
            min_volume: self.min_volume,
            default_basis_points: self.default_basis_points,
            target_basis_points: self.target_basis_points,
            source: self.source,
            weekend_pause: self.weekend_pause,
            weekend_answer_by: self.weekend_answer_by,
            valid_from: self.valid_from,
        })
    }
}

impl TargetEntry {
    /// # Errors
    /// When the consequence is not known, or has days it does not want or lacks days it wants.
    fn target(&self) -> anyhow::Result<Target> {
        let consequence = match (self.consequence.as_str(), self.days, self.good_days) {
            ("enforced", None, None) => Consequence::Enforced,
            ("restricted", Some(days), Some(good_days)) => Consequence::Restricted { days, good_days },
            ("resource_slot", Some(days), None) => Consequence::ResourceSlot { days },
            ("black_room", Some(days), None) => Consequence::BlackRoom { days },
            ("fine_due", None, None) => Consequence::FineDue,
            (name, ..) => {
                return Err(anyhow!(
                    "targets: consequence {name:?} must be enforced or fine_due, resource_slot or black_room with \
                     days, or restricted with days and good_days"
                ));
            }
        };
        let (below_basis_points, above_units) = (self.below_basis_points, self.above_units);
        Ok(Target { below_basis_points, above_units, consequence })
    }
}
