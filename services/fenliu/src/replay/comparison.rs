//! What came of a replay, beside what was recorded.

use std::fmt;

use fenliu_domain::day::Zone;
use fenliu_domain::time::Span;
use serde::Serialize;

use super::calls::Call;
use super::office::Fate;
use crate::reading::Reading;
use crate::table::{BAR_WIDTH, Table, bar, hundredths, percent};

/// How long an answer may take to count.
pub const LIMIT: Span = Span::from_secs(180);

/// One side of the comparison.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Side {
    /// Calls answered.
    pub answered: u64,
    /// Calls given up.
    pub abandoned: u64,
    /// Calls that still waited when the log ended.
    pub waiting: u64,
    /// Calls answered within the limit.
    pub within_limit: u64,
    /// Those of all offered, in percent with two decimals.
    pub rate: f64,
    /// Mean wait of the answered.
    pub mean_wait_seconds: f64,
    /// Half of the answered waited at most so long.
    pub p50_wait_seconds: f64,
    /// 90 % of the answered waited at most so long.
    pub p90_wait_seconds: f64,
    /// 99 % of the answered waited at most so long.
    pub p99_wait_seconds: f64,
    /// Mean wait of those who gave up.
    pub mean_wait_abandoned_seconds: f64,
}

/// One local hour of the day, over all days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Hour {
    /// Calls opened in this hour.
    pub offered: u64,
    /// Of them, answered within the limit as recorded.
    pub recorded_within_limit: u64,
    /// Of them, answered within the limit at our desk.
    pub our_within_limit: u64,
}

/// Both sides and the hours.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Calls offered: the same on both sides.
    pub offered: u64,
    /// As recorded.
    pub recorded: Side,
    /// At our desk.
    pub ours: Side,
    /// By local hour of opening, 24 of them.
    pub by_hour: Vec<Hour>,
}

/// The answer of `fenliu replay`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// What the files held.
    #[serde(flatten)]
    pub reading: Reading,
    /// The seed.
    pub seed: u64,
    /// Calls an agent could hold at once.
    pub capacity: u32,
    /// How many agents the log names.
    pub agents: usize,
    /// How many days of work they did together.
    pub duties: usize,
    /// Half of the callers would wait longer than this, as estimated.
    pub median_patience_seconds: f64,
    /// What came of it.
    #[serde(flatten)]
    pub comparison: Comparison,
}

impl Comparison {
    /// Counts both sides of the same calls.
    #[must_use]
    pub fn of(calls: &[Call], fates: &[Fate], zone: Zone) -> Self {
        let recorded: Vec<Fate> = calls
            .iter()
            .map(|call| match call.recorded.answered {
                true => Fate::Answered(call.recorded.waited),
                false => Fate::Abandoned(call.recorded.waited),
            })
            .collect();
        let mut by_hour = vec![Hour::default(); 24];
        for (call, (theirs, ours)) in calls.iter().zip(recorded.iter().zip(fates)) {
            if let Some(hour) = by_hour.get_mut(zone.local(call.opened).hour()) {
                hour.offered += 1;
                hour.recorded_within_limit += u64::from(in_time(theirs));
                hour.our_within_limit += u64::from(in_time(ours));
            }
        }
        Self { offered: calls.len() as u64, recorded: Side::of(&recorded), ours: Side::of(fates), by_hour }
    }
}

const fn in_time(fate: &Fate) -> bool {
    matches!(fate, Fate::Answered(wait) if wait.micros() <= LIMIT.micros())
}

impl Side {
    fn of(fates: &[Fate]) -> Self {
        let mut answered: Vec<Span> = Vec::new();
        let mut abandoned: Vec<Span> = Vec::new();
        for fate in fates {
            match fate {
                Fate::Answered(wait) => answered.push(*wait),
                Fate::Abandoned(wait) => abandoned.push(*wait),
                Fate::Waiting => {}
            }
        }
        answered.sort_unstable();
        let within_limit = fates.iter().filter(|fate| in_time(fate)).count() as u64;
        Self {
            answered: answered.len() as u64,
            abandoned: abandoned.len() as u64,
            waiting: (fates.len() - answered.len() - abandoned.len()) as u64,
            within_limit,
            rate: rate(within_limit, fates.len() as u64),
            mean_wait_seconds: mean(&answered),
            p50_wait_seconds: nearest_rank(&answered, 50),
            p90_wait_seconds: nearest_rank(&answered, 90),
            p99_wait_seconds: nearest_rank(&answered, 99),
            mean_wait_abandoned_seconds: mean(&abandoned),
        }
    }
}

/// Percent with two decimals; 0 without data.
#[expect(clippy::cast_precision_loss, reason = "at most 10,000")]
fn rate(part: u64, whole: u64) -> f64 {
    hundredths(part, whole).unwrap_or(0) as f64 / 100.0
}

#[expect(clippy::cast_precision_loss, reason = "for people; a mean needs no exact sum")]
fn mean(waits: &[Span]) -> f64 {
    if waits.is_empty() {
        return 0.0;
    }
    waits.iter().map(|wait| wait.seconds()).sum::<f64>() / waits.len() as f64
}

fn nearest_rank(sorted: &[Span], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(rank).map_or(0.0, |wait| wait.seconds())
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for note in self.reading.notes() {
            writeln!(f, "{note}")?;
        }
        writeln!(
            f,
            "{} agents, {} days of work; each holds at most {}; half of the callers would wait longer than {:.0} s; seed {}\n",
            self.agents, self.duties, self.capacity, self.median_patience_seconds, self.seed
        )?;
        self.sides(f)?;
        writeln!(
            f,
            "\nanswered within {LIMIT}, by local hour of calling (upper bar: recorded, lower bar: our desk)\n"
        )?;
        writeln!(f, "{}", self.hours())?;
        writeln!(
            f,
            "The log tells of no breaks: here everybody works from their first to their last call of the day, so our \
             desk\nhas more people than the recorded one had. Calls it ascribes to nobody are handled by those it names."
        )
    }
}

impl Outcome {
    fn sides(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Comparison { offered, recorded, ours, .. } = &self.comparison;
        let mut table = Table::new(&["", ">recorded", ">our desk"]);
        let mut count =
            |what: &str, of: fn(&Side) -> String| table.row([what.into(), of(recorded), of(ours)]);
        count("answered", |side| side.answered.to_string());
        count("abandoned", |side| side.abandoned.to_string());
        count("still waiting at the end", |side| side.waiting.to_string());
        count("answered within 180 s", |side| side.within_limit.to_string());
        count("… of all offered", |side| format!("{:.2} %", side.rate));
        count("mean wait of the answered", |side| format!("{:.1} s", side.mean_wait_seconds));
        count("half waited at most", |side| format!("{:.0} s", side.p50_wait_seconds));
        count("90 % waited at most", |side| format!("{:.0} s", side.p90_wait_seconds));
        count("99 % waited at most", |side| format!("{:.0} s", side.p99_wait_seconds));
        count("mean wait of those who left", |side| format!("{:.1} s", side.mean_wait_abandoned_seconds));
        writeln!(f, "{offered} calls offered, on both sides\n")?;
        write!(f, "{table}")
    }

    fn hours(&self) -> Table {
        let mut table = Table::new(&[">hour", ">offered", ">recorded", ">our desk", ""]);
        for (hour, counts) in self.comparison.by_hour.iter().enumerate().filter(|(_, hour)| hour.offered > 0)
        {
            let Hour { offered, recorded_within_limit, our_within_limit } = *counts;
            table.row([
                format!("{hour:02}"),
                offered.to_string(),
                percent(recorded_within_limit, offered),
                percent(our_within_limit, offered),
                bar(recorded_within_limit, offered, BAR_WIDTH),
            ]);
            let empty = String::new;
            table.row([empty(), empty(), empty(), empty(), bar(our_within_limit, offered, BAR_WIDTH)]);
        }
        table
    }
}

#[cfg(test)]
mod tests;
