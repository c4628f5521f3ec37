//! What a report says of one pack, as programs read it.

use fenliu_domain::day::Zone;
use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::analytics::v1::{Blame, Miss, RateParts, Unit};
use fenliu_proto::common::v1::Actor;
use fenliu_proto::convert::{span, timestamp};
use serde::{Serialize, Serializer};

use crate::rates::Judged;
use crate::table::hundredths;
use crate::words::{Lang, Words};

/// A shop under one pack.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PackSheet {
    /// The pack's name.
    pub rule_pack: String,
    /// Its version.
    pub version: u32,
    /// What it says.
    pub description: String,
    /// What it counts.
    pub unit: &'static str,
    /// Its target in percent; `null` when none is published.
    pub target: Option<f64>,
    /// The same in basis points.
    #[serde(skip)]
    basis_points: Option<u32>,
    /// The counts of everything.
    pub total: Parts,
    /// The counts by local day.
    pub days: Vec<(String, Parts)>,
    /// The counts by local hour of opening.
    pub hours: Vec<Parts>,
    /// The longest misses.
    pub misses: Vec<MissLine>,
    /// Position in the history up to which it was seen.
    pub position: i64,
}

/// Counts of units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Parts {
    /// Units that count.
    pub counted: u64,
    /// Of them, answered.
    pub answered: u64,
    /// Of them, within the limit.
    pub within_limit: u64,
    /// Of them, answered late.
    pub missed_late: u64,
    /// Of them, never answered.
    pub missed_unanswered: u64,
    /// Units whose limit has not passed yet.
    pub pending: u64,
    /// Units left out, for whatever reason.
    pub excluded: u64,
    /// In percent with two decimals; `null` without data.
    pub rate: Option<f64>,
}

/// One miss.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MissLine {
    /// The conversation.
    pub conversation: String,
    /// The buyer.
    pub buyer_id: String,
    /// The message that waited.
    pub message: String,
    /// When it was asked, in the shop's time.
    pub asked: String,
    /// When an answer was due, in the shop's time.
    pub due: String,
    /// When the answer came, in the shop's time; `null` when none did.
    pub answered: Option<String>,
    /// Who gave it; `null` when nobody did.
    #[serde(serialize_with = "who")]
    pub answered_by: Option<Actor>,
    /// The agent who bears it; empty when nobody was assigned.
    pub agent: String,
    /// How long it waited.
    pub waited_seconds: f64,
    /// The same, exactly.
    #[serde(skip)]
    pub waited: Span,
    /// Where the time went, longest first.
    pub blame: Vec<BlameLine>,
}

/// One part of a wait.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BlameLine {
    /// Where the time went.
    #[serde(serialize_with = "whither")]
    pub where_to: Place,
    /// How much.
    pub seconds: f64,
    /// The same, exactly.
    #[serde(skip)]
    pub length: Span,
}

/// Where the time of a wait can go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The queue.
    Queue,
    /// The agent asked.
    Agent,
    /// The robot.
    Robot,
    /// Nobody was on duty.
    NobodyOnDuty,
    /// Further agents, after a transfer.
    AfterTransfer,
}

impl Place {
    /// What people call it.
    pub(crate) const fn told(self, words: &Words) -> &'static str {
        match self {
            Self::Queue => words.misses.in_queue,
            Self::Agent => words.misses.with_agent,
            Self::Robot => words.misses.with_robot,
            Self::NobodyOnDuty => words.misses.nobody_on_duty,
            Self::AfterTransfer => words.misses.after_transfer,
        }
    }
}

/// Programs read the English words, whatever the language of a report.
fn who<S: Serializer>(actor: &Option<Actor>, serializer: S) -> Result<S::Ok, S::Error> {
    actor.map(|actor| Lang::En.words().actor(actor)).serialize(serializer)
}

fn whither<S: Serializer>(place: &Place, serializer: S) -> Result<S::Ok, S::Error> {
    place.told(Lang::En.words()).serialize(serializer)
}

impl PackSheet {
    /// What one pack says.
    ///
    /// # Errors
    /// When analytics tells a time or zone that cannot be.
    pub fn new(name: &str, judged: &Judged, misses: &[Miss]) -> anyhow::Result<Self> {
        let pack = judged.rule_pack.clone().unwrap_or_default();
        let zone = Zone::parse(&judged.time_zone).unwrap_or(Zone::UTC);
        let unit = pack.unit();
        Ok(Self {
            rule_pack: name.to_owned(),
            version: pack.version,
            unit: unit.as_str_name(),
            basis_points: Some(pack.target_basis_points).filter(|target| *target > 0),
            target: (pack.target_basis_points > 0).then(|| f64::from(pack.target_basis_points) / 100.0),
            description: pack.description,
            total: Parts::of(&judged.total),
            days: judged.days.iter().map(|(day, parts)| (day.clone(), Parts::of(parts))).collect(),
            hours: judged.hours.iter().map(Parts::of).collect(),
            misses: misses.iter().map(|miss| MissLine::of(miss, zone)).collect::<Result<_, _>>()?,
            position: judged.position,
        })
    }

    /// What it counts.
    #[must_use]
    pub fn unit(&self) -> Unit {
        Unit::from_str_name(self.unit).unwrap_or(Unit::Unspecified)
    }

    /// Its target in basis points.
    #[must_use]
    pub fn target_basis_points(&self) -> Option<u32> {
        self.basis_points
    }
}

impl Parts {
    /// The counts of the contract.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "at most 10,000")]
    pub fn of(parts: &RateParts) -> Self {
        Self {
            counted: parts.counted,
            answered: parts.answered,
            within_limit: parts.within_limit,
            missed_late: parts.missed_late,
            missed_unanswered: parts.missed_unanswered,
            pending: parts.pending,
            excluded: excluded(parts),
            rate: hundredths(parts.within_limit, parts.counted).map(|hundredths| hundredths as f64 / 100.0),
        }
    }
}

impl Parts {
    /// Units that count against the shop.
    #[must_use]
    pub const fn missed(&self) -> u64 {
        self.missed_late + self.missed_unanswered
    }
}

/// Units left out, for whatever reason.
const fn excluded(parts: &RateParts) -> u64 {
    parts.excluded_robot_only
        + parts.excluded_unassigned
        + parts.excluded_outside_window
        + parts.excluded_before_handover
        + parts.excluded_self_served
        + parts.excluded_blocked
        + parts.excluded_reported
        + parts.excluded_shop_initiated
        + parts.excluded_holiday_mode
}

impl MissLine {
    /// A miss as it is told.
    ///
    /// # Errors
    /// When analytics tells a time that cannot be.
    pub fn of(miss: &Miss, zone: Zone) -> anyhow::Result<Self> {
        let told = |time: &Option<prost_types::Timestamp>, field: &str| -> anyhow::Result<Option<String>> {
            let time = time.as_ref().map(|time| timestamp(time, field)).transpose()?;
            Ok(time.map(|time| local(time, zone)))
        };
        let waited = length(miss.waited_duration.as_ref())?;
        let answered = told(&miss.reply_time, "reply_time")?;
        Ok(Self {
            conversation: miss.conversation.clone(),
            buyer_id: miss.buyer_id.clone(),
            message: miss.message.clone(),
            asked: told(&miss.asked_time, "asked_time")?.unwrap_or_default(),
            due: told(&miss.deadline_time, "deadline_time")?.unwrap_or_default(),
            answered_by: answered.is_some().then(|| miss.reply_actor()),
            answered,
            agent: miss.agent.clone(),
            waited_seconds: waited.seconds(),
            waited,
            blame: miss.blame.as_ref().map_or_else(|| Ok(Vec::new()), blame)?,
        })
    }
}

fn length(duration: Option<&prost_types::Duration>) -> anyhow::Result<Span> {
    Ok(duration.map_or(Ok(Span::ZERO), |duration| span(duration, "duration"))?)
}

fn blame(blame: &Blame) -> anyhow::Result<Vec<BlameLine>> {
    let parts = [
        (&blame.queued_duration, Place::Queue),
        (&blame.with_agent_duration, Place::Agent),
        (&blame.with_robot_duration, Place::Robot),
        (&blame.nobody_on_duty_duration, Place::NobodyOnDuty),
        (&blame.after_transfer_duration, Place::AfterTransfer),
    ];
    let mut lines = Vec::new();
    for (duration, where_to) in parts {
        let length = length(duration.as_ref())?;
        if length > Span::ZERO {
            lines.push((length, BlameLine { where_to, seconds: length.seconds(), length }));
        }
    }
    lines.sort_by_key(|(length, _)| std::cmp::Reverse(*length));
    Ok(lines.into_iter().map(|(_, line)| line).collect())
}

/// A moment by the shop's calendar and clock, to the second.
#[must_use]
pub fn local(time: Timestamp, zone: Zone) -> String {
    let name: chrono_tz::Tz = zone.name().parse().unwrap_or(chrono_tz::UTC);
    let utc = chrono::DateTime::from_timestamp_micros(time.micros()).unwrap_or_default();
    utc.with_timezone(&name).format("%Y-%m-%d %H:%M:%S").to_string()
}
