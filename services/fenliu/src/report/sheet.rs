//! The report as people and programs read it.

use std::fmt;

use fenliu_domain::day::Zone;
use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::accounts::v1::Shop;
use fenliu_proto::analytics::v1::{Blame, Miss, RateParts, Unit};
use fenliu_proto::common::v1::Actor;
use fenliu_proto::convert::{span, timestamp};
use serde::Serialize;

use crate::packs::units;
use crate::rates::Judged;
use crate::table::{BAR_WIDTH, Table, bar, hundredths, percent};

/// A report on one shop.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sheet {
    /// The shop.
    pub shop_id: String,
    /// Its name.
    pub display_name: String,
    /// Its IANA zone.
    pub time_zone: String,
    /// By pack.
    pub packs: Vec<PackSheet>,
}

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
    pub answered_by: Option<&'static str>,
    /// The agent who bears it; empty when nobody was assigned.
    pub agent: String,
    /// How long it waited.
    pub waited_seconds: f64,
    /// The same for people.
    #[serde(skip)]
    pub waited: String,
    /// Where the time went, longest first.
    pub blame: Vec<BlameLine>,
}

/// One part of a wait.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BlameLine {
    /// Where the time went.
    pub where_to: &'static str,
    /// How much.
    pub seconds: f64,
    /// The same for people.
    #[serde(skip)]
    pub told: String,
}

impl Sheet {
    /// Puts the report together.
    #[must_use]
    pub fn new(shop: Shop, packs: Vec<PackSheet>) -> Self {
        Self { shop_id: shop.shop_id, display_name: shop.display_name, time_zone: shop.time_zone, packs }
    }
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
            target: (pack.target_basis_points > 0).then(|| f64::from(pack.target_basis_points) / 100.0),
            description: pack.description,
            total: Parts::of(&judged.total),
            days: judged.days.iter().map(|(day, parts)| (day.clone(), Parts::of(parts))).collect(),
            hours: judged.hours.iter().map(Parts::of).collect(),
            misses: misses.iter().map(|miss| MissLine::of(miss, zone)).collect::<Result<_, _>>()?,
            position: judged.position,
        })
    }

    fn unit(&self) -> &'static str {
        units(Unit::from_str_name(self.unit).unwrap_or(Unit::Unspecified))
    }
}

impl Parts {
    #[expect(clippy::cast_precision_loss, reason = "at most 10,000")]
    fn of(parts: &RateParts) -> Self {
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
            answered_by: answered.is_some().then(|| actor(miss.reply_actor())),
            answered,
            agent: miss.agent.clone(),
            waited_seconds: waited.seconds(),
            waited: waited.to_string(),
            blame: miss.blame.as_ref().map_or_else(|| Ok(Vec::new()), blame)?,
        })
    }

    /// The miss in two lines.
    #[must_use]
    pub fn told(&self, number: usize, name_of: impl Fn(&str) -> String) -> String {
        let outcome = match (&self.answered, self.answered_by) {
            (Some(at), Some(by)) => format!("answered by {by} at {at}"),
            _ => "never answered".to_owned(),
        };
        let agent =
            if self.agent.is_empty() { "nobody was assigned".to_owned() } else { name_of(&self.agent) };
        let parts: Vec<String> =
            self.blame.iter().map(|part| format!("{} {}", part.told, part.where_to)).collect();
        format!(
            "{number:>3}. {} waited {}: asked {}, due {}, {outcome}\n     {agent}; {}\n",
            self.buyer_id,
            self.waited,
            self.asked,
            self.due,
            parts.join(", ")
        )
    }
}

const fn actor(actor: Actor) -> &'static str {
    match actor {
        Actor::Human | Actor::Unspecified => "a person",
        Actor::AssistRobot => "an assisting robot",
        Actor::FullRobot => "a robot",
        Actor::AutoReply => "an auto reply",
        Actor::FaqCard => "an FAQ card",
    }
}

fn length(duration: Option<&prost_types::Duration>) -> anyhow::Result<Span> {
    Ok(duration.map_or(Ok(Span::ZERO), |duration| span(duration, "duration"))?)
}

fn blame(blame: &Blame) -> anyhow::Result<Vec<BlameLine>> {
    let parts = [
        (&blame.queued_duration, "in the queue"),
        (&blame.with_agent_duration, "with the agent"),
        (&blame.with_robot_duration, "with the robot"),
        (&blame.nobody_on_duty_duration, "with nobody on duty"),
        (&blame.after_transfer_duration, "after a transfer"),
    ];
    let mut lines = Vec::new();
    for (duration, where_to) in parts {
        let length = length(duration.as_ref())?;
        if length > Span::ZERO {
            lines.push((length, BlameLine { where_to, seconds: length.seconds(), told: length.to_string() }));
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

impl fmt::Display for Sheet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} ({}), times in {}", self.display_name, self.shop_id, self.time_zone)?;
        self.packs.iter().try_for_each(|pack| write!(f, "\n{pack}"))
    }
}

impl fmt::Display for PackSheet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { counted, within_limit, missed_late, missed_unanswered, pending, excluded, .. } =
            self.total;
        let target = self.target.map_or_else(String::new, |target| format!(", target {target:.2} %"));
        writeln!(f, "{} v{}: {}{target}", self.rule_pack, self.version, percent(within_limit, counted))?;
        writeln!(f, "  {}", self.description)?;
        writeln!(
            f,
            "  {within_limit} of {counted} {} in time; {missed_late} late, {missed_unanswered} never answered; \
             {pending} still open, {excluded} left out",
            self.unit()
        )?;
        if counted == 0 {
            return writeln!(f, "  no data");
        }
        writeln!(f, "\n{}", day_table(&self.days))?;
        write!(f, "{}", hour_table(&self.hours))?;
        if !self.misses.is_empty() {
            writeln!(f, "\nthe longest waits that were missed")?;
        }
        let mut misses = self.misses.iter().zip(1..);
        misses.try_for_each(|(miss, number)| write!(f, "{}", miss.told(number, str::to_owned)))
    }
}

fn day_table(days: &[(String, Parts)]) -> Table {
    let mut table = Table::new(&["day", ">counted", ">in time", ">rate", ""]);
    for (day, parts) in days.iter().filter(|(_, parts)| parts.counted > 0) {
        table.row([
            day.clone(),
            parts.counted.to_string(),
            parts.within_limit.to_string(),
            percent(parts.within_limit, parts.counted),
            bar(parts.within_limit, parts.counted, BAR_WIDTH),
        ]);
    }
    table
}

fn hour_table(hours: &[Parts]) -> Table {
    let busiest = hours.iter().map(|parts| parts.counted).max().unwrap_or(0);
    let mut table = Table::new(&[">hour", ">counted", ">rate", "counted"]);
    for (hour, parts) in hours.iter().enumerate().filter(|(_, parts)| parts.counted > 0) {
        table.row([
            format!("{hour:02}"),
            parts.counted.to_string(),
            percent(parts.within_limit, parts.counted),
            bar(parts.counted, busiest, BAR_WIDTH),
        ]);
    }
    table
}

#[cfg(test)]
mod tests;
