//! What an import tells: counts and rates as analytics worked them out, for people or as JSON.

use std::collections::BTreeMap;
use std::fmt;

use fenliu_domain::time::Span;
use fenliu_proto::analytics::v1::{Miss, RateParts, RulePack, Unit};
use fenliu_proto::convert::span;
use serde::Serialize;

use super::sending::Sent;
use crate::packs::units;
use crate::rates::{Agent, Judged, Waits, median};
use crate::reading::Reading;
use crate::recorded::Format;
use crate::table::{BAR_WIDTH, Table, bar, hundredths, percent};

/// Most agents shown to people.
const MAX_AGENTS_SHOWN: usize = 40;

/// A pack and what came of judging by it.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The pack's name.
    pub name: String,
    /// What came of it, over all shops of the log.
    pub judged: Judged,
}

impl Judgement {
    /// True when somebody gave up on a known agent.
    #[must_use]
    pub fn has_given_up_on_agents(&self) -> bool {
        let agents = &self.judged.agents;
        agents.iter().any(|(name, agent)| !name.is_empty() && agent.parts.missed_unanswered > 0)
    }
}

/// The answer of `fenliu import`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The format of the files.
    pub format: &'static str,
    /// The shops it went into.
    pub shops: Vec<ShopLine>,
    /// What the files held.
    #[serde(flatten)]
    pub reading: Reading,
    /// Events stored by this import.
    pub events_imported: u64,
    /// Events that had been stored before.
    pub events_repeated: u64,
    /// The pack that decides the counts below.
    pub rule_pack: String,
    /// What it counts: `UNIT_SESSION` and so on.
    pub unit: &'static str,
    /// How long an answer may take under it.
    pub limit_seconds: serde_json::Number,
    /// IANA zone of hours and days.
    pub time_zone: String,
    /// Units that count.
    pub offered: u64,
    /// Of them, answered, in time or not.
    pub answered: u64,
    /// Of them, never answered.
    pub abandoned: u64,
    /// Of them, answered within the limit.
    pub within_limit: u64,
    /// `within_limit` ÷ `offered` in percent, rounded to two decimals; `null` without data.
    pub rate: Option<f64>,
    /// Units by local hour of the conversation's beginning, 24 of them.
    pub by_hour: Vec<u64>,
    /// The same hours with all counts.
    pub hours: Vec<HourLine>,
    /// Units by local day.
    pub by_day: BTreeMap<String, u64>,
    /// The agents the log names.
    pub agents: BTreeMap<String, AgentLine>,
    /// Units of no agent, or of nobody known.
    pub unattributed: AgentLine,
    /// What every pack gave, the one above first.
    pub judgements: Vec<JudgementLine>,
    /// Waits of all turns and of first turns; only for logs with several turns a conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits: Option<WaitsLine>,
}

/// One shop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShopLine {
    /// Its id.
    pub shop_id: String,
    /// Its name.
    pub display_name: String,
}

/// The counts of one hour.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HourLine {
    /// The hour, 0 to 23.
    pub hour: usize,
    /// Units that count.
    pub offered: u64,
    /// Of them, answered.
    pub answered: u64,
    /// Of them, within the limit.
    pub within_limit: u64,
    /// In percent with two decimals; `null` without data.
    pub rate: Option<f64>,
}

/// The counts of one agent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AgentLine {
    /// Units counted under them.
    pub calls: u64,
    /// Of them, answered within the limit.
    pub within_limit: u64,
    /// Sum of the waits of all of them, up to the answer or to the end without one.
    pub sum_wait_seconds: serde_json::Number,
}

/// What one pack gave.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JudgementLine {
    /// The pack.
    pub rule_pack: String,
    /// What it counts.
    pub unit: &'static str,
    /// How long an answer may take.
    pub limit_seconds: serde_json::Number,
    /// Units that count.
    pub counted: u64,
    /// Of them, answered.
    pub answered: u64,
    /// Of them, within the limit.
    pub within_limit: u64,
    /// In percent with two decimals; `null` without data.
    pub rate: Option<f64>,
}

/// Waits of turns.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WaitsLine {
    /// Turns, answered or not.
    pub turns: u64,
    /// Half of the answered ones took at most so long.
    pub median_seconds: Option<f64>,
    /// First turns of conversations that were answered.
    pub first_responses: u64,
    /// Half of them took at most so long.
    pub median_first_response_seconds: Option<f64>,
}

impl Outcome {
    /// Puts it together. `given_up` is how long buyers waited who gave up on a known agent.
    pub(super) fn new(
        format: Format,
        sent: Sent,
        judgements: &[Judgement],
        waits: Option<&Waits>,
        given_up: BTreeMap<String, Span>,
    ) -> Self {
        let lines: Vec<JudgementLine> = judgements.iter().map(JudgementLine::of).collect();
        let first = judgements.first().map(|first| first.judged.clone()).unwrap_or_default();
        let mut agents = first.agents;
        for (name, wait) in given_up {
            let agent = agents.entry(name).or_default();
            agent.wait = agent.wait + wait;
        }
        let unattributed = AgentLine::of(&agents.remove("").unwrap_or_default());
        let total = &first.total;
        let shop =
            |shop: super::sending::ShopSent| ShopLine { shop_id: shop.id, display_name: shop.display_name };
        Self {
            format: format.name(),
            shops: sent.shops.into_values().map(shop).collect(),
            reading: sent.reading,
            events_imported: sent.imported,
            events_repeated: sent.repeated,
            rule_pack: lines.first().map(|line| line.rule_pack.clone()).unwrap_or_default(),
            unit: lines.first().map_or("", |line| line.unit),
            limit_seconds: lines
                .first()
                .map_or_else(|| seconds(Span::ZERO), |line| line.limit_seconds.clone()),
            time_zone: first.time_zone,
            offered: total.counted,
            answered: total.answered,
            abandoned: total.counted.saturating_sub(total.answered),
            within_limit: total.within_limit,
            rate: rate(total),
            by_hour: first.hours.iter().map(|hour| hour.counted).collect(),
            hours: first.hours.iter().enumerate().map(HourLine::of).collect(),
            by_day: first.days.iter().map(|(day, parts)| (day.clone(), parts.counted)).collect(),
            agents: agents.iter().map(|(name, agent)| (name.clone(), AgentLine::of(agent))).collect(),
            unattributed,
            judgements: lines,
            waits: waits.map(WaitsLine::of),
        }
    }
}

impl JudgementLine {
    fn of(judgement: &Judgement) -> Self {
        let pack = judgement.judged.rule_pack.as_ref();
        let limit = pack.and_then(|pack| pack.limit_duration.as_ref());
        let total = &judgement.judged.total;
        Self {
            rule_pack: judgement.name.clone(),
            unit: pack.map_or(Unit::Unspecified, RulePack::unit).as_str_name(),
            limit_seconds: seconds(limit.and_then(|limit| span(limit, "limit").ok()).unwrap_or_default()),
            counted: total.counted,
            answered: total.answered,
            within_limit: total.within_limit,
            rate: rate(total),
        }
    }
}

impl HourLine {
    fn of((hour, parts): (usize, &RateParts)) -> Self {
        Self {
            hour,
            offered: parts.counted,
            answered: parts.answered,
            within_limit: parts.within_limit,
            rate: rate(parts),
        }
    }
}

impl AgentLine {
    fn of(agent: &Agent) -> Self {
        Self {
            calls: agent.parts.counted,
            within_limit: agent.parts.within_limit,
            sum_wait_seconds: seconds(agent.wait),
        }
    }
}

impl WaitsLine {
    fn of(waits: &Waits) -> Self {
        Self {
            turns: waits.turns.len() as u64 + waits.unanswered,
            median_seconds: median(&waits.turns).map(Span::seconds),
            first_responses: waits.first.len() as u64,
            median_first_response_seconds: median(&waits.first).map(Span::seconds),
        }
    }
}

/// How long buyers waited who gave up on a known agent, by agent: the service counts those under the agent asked,
/// and its sums of waits hold answers only.
pub(super) fn given_up(misses: &[Miss]) -> anyhow::Result<BTreeMap<String, Span>> {
    let mut waits: BTreeMap<String, Span> = BTreeMap::new();
    for miss in misses.iter().filter(|miss| miss.reply_time.is_none() && !miss.agent.is_empty()) {
        let waited =
            miss.waited_duration.as_ref().map_or(Ok(Span::ZERO), |wait| span(wait, "waited_duration"))?;
        let sum = waits.entry(miss.agent.clone()).or_default();
        *sum = *sum + waited;
    }
    Ok(waits)
}

/// Whole seconds as a whole number, others with their fraction.
fn seconds(span: Span) -> serde_json::Number {
    /// Microseconds of a second.
    const SECOND: i64 = 1_000_000;
    let whole = (span.micros() % SECOND == 0).then(|| (span.micros() / SECOND).into());
    whole.or_else(|| serde_json::Number::from_f64(span.seconds())).unwrap_or_else(|| 0.into())
}

#[expect(clippy::cast_precision_loss, reason = "at most 10,000")]
fn rate(parts: &RateParts) -> Option<f64> {
    hundredths(parts.within_limit, parts.counted).map(|hundredths| hundredths as f64 / 100.0)
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for note in self.reading.notes() {
            writeln!(f, "{note}")?;
        }
        writeln!(
            f,
            "{} events stored, {} had been stored before",
            self.events_imported, self.events_repeated
        )?;
        match self.shops.as_slice() {
            [only] => writeln!(f, "into {} ({})", only.display_name, only.shop_id)?,
            several => writeln!(f, "into {} shops", several.len())?,
        }
        writeln!(f, "\n{}", self.judgement_table())?;
        if let Some(waits) = &self.waits {
            writeln!(f, "{waits}")?;
        }
        writeln!(
            f,
            "by local hour ({}) in which the conversation began\n\n{}",
            self.time_zone,
            self.hour_table()
        )?;
        write!(f, "{}", self.agent_table())
    }
}

impl fmt::Display for WaitsLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = |seconds: Option<f64>| {
            seconds.map_or_else(|| "–".to_owned(), |seconds| format!("{seconds:.0} s"))
        };
        writeln!(f, "half of {} turns were answered within {}", self.turns, told(self.median_seconds))?;
        let first = told(self.median_first_response_seconds);
        writeln!(f, "half of {} first responses took at most {first}", self.first_responses)
    }
}

impl Outcome {
    fn judgement_table(&self) -> Table {
        let mut table =
            Table::new(&["pack", ">limit", "counts", ">offered", ">answered", ">never", ">in time", ">rate"]);
        for line in &self.judgements {
            let unit = Unit::from_str_name(line.unit).unwrap_or(Unit::Unspecified);
            table.row([
                line.rule_pack.clone(),
                format!("{} s", line.limit_seconds),
                units(unit).to_owned(),
                line.counted.to_string(),
                line.answered.to_string(),
                line.counted.saturating_sub(line.answered).to_string(),
                line.within_limit.to_string(),
                percent(line.within_limit, line.counted),
            ]);
        }
        table
    }

    fn hour_table(&self) -> Table {
        let busiest = self.by_hour.iter().copied().max().unwrap_or(0);
        let mut table = Table::new(&[">hour", ">offered", ">in time", ">rate", ""]);
        for hour in self.hours.iter().filter(|hour| hour.offered > 0) {
            table.row([
                format!("{:02}", hour.hour),
                hour.offered.to_string(),
                hour.within_limit.to_string(),
                percent(hour.within_limit, hour.offered),
                bar(hour.offered, busiest, BAR_WIDTH),
            ]);
        }
        table
    }

    fn agent_table(&self) -> String {
        let mut rows: Vec<(&str, &AgentLine)> =
            self.agents.iter().map(|(name, line)| (name.as_str(), line)).collect();
        rows.sort_by(|a, b| b.1.calls.cmp(&a.1.calls).then(a.0.cmp(b.0)));
        let hidden = rows.len().saturating_sub(MAX_AGENTS_SHOWN);
        let busiest = rows.first().map_or(0, |row| row.1.calls);
        let mut table = Table::new(&["agent", ">calls", ">in time", ">rate", ">mean wait", ""]);
        for (name, line) in rows.into_iter().take(MAX_AGENTS_SHOWN) {
            table.row([
                name.to_owned(),
                line.calls.to_string(),
                line.within_limit.to_string(),
                percent(line.within_limit, line.calls),
                mean_wait(line),
                bar(line.calls, busiest, BAR_WIDTH),
            ]);
        }
        if self.unattributed.calls > 0 {
            let line = &self.unattributed;
            table.row(["(nobody known)".to_owned(), line.calls.to_string(), line.within_limit.to_string()]);
        }
        let more = if hidden > 0 { format!("and {hidden} more; --json names all\n") } else { String::new() };
        format!("{table}{more}")
    }
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn mean_wait(line: &AgentLine) -> String {
    match (line.sum_wait_seconds.as_f64(), line.calls) {
        (Some(sum), 1..) => format!("{:.1} s", sum / line.calls as f64),
        _ => "–".to_owned(),
    }
}

#[cfg(test)]
mod tests;
