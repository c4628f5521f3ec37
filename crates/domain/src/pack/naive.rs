//! A second judge, as naive as can be, for tests: one loop over what happened, no exchanges, no facts kept, and no code
//! in common with the judge of this crate. On random histories the two must agree, for every pack.
//!
//! It knows one zone, which is always eight hours ahead ([`ZONE`]), and counts days and micros by itself. [`listen`]
//! hears what happened turn by turn, [`units`] makes units and counts of it, [`stories`] makes the histories.

use std::collections::BTreeMap;

use super::{Parts, RulePack, Treatment, Unit, Verdict};
use crate::day::Day;
use crate::exchange::Happening;

mod listen;
pub mod stories;
mod units;

/// The zone whose clock it reads.
pub const ZONE: &str = "Asia/Shanghai";

const DAY_SECONDS: i64 = 86_400;
const DAY_MICROS: i64 = DAY_SECONDS * 1_000_000;
const AHEAD_MICROS: i64 = 8 * 3_600 * 1_000_000;

/// What it counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The counts by local day.
    pub days: BTreeMap<Day, Parts>,
    /// Those of units that have a rate of their own.
    pub separate_days: BTreeMap<Day, Parts>,
}

/// The counts of some stories, each one conversation from its opening on, in order, as of a moment in microseconds.
#[must_use]
pub fn count(pack: &RulePack, as_of: i64, stories: &[Vec<Happening>]) -> Counts {
    let mut counts = Counts::default();
    let Some(epoch) = Day::new(1970, 1, 1) else { return counts };
    for unit in units::units(pack, as_of, stories) {
        let day = epoch.plus(u32::try_from(unit.day).unwrap_or(u32::MAX));
        let days = if unit.separate { &mut counts.separate_days } else { &mut counts.days };
        let wait = if unit.separate { 0 } else { unit.wait };
        days.entry(day).or_default().count_with(unit.verdict, crate::time::Span::from_micros(wait));
    }
    counts
}

fn clock_micros(text: &str) -> i64 {
    let number = |part: &str| part.parse::<i64>().unwrap_or(0);
    let (hours, minutes) = text.split_once(':').unwrap_or((text, "0"));
    (number(hours) * 60 + number(minutes)) * 60_000_000
}

const fn local_micros(at: i64) -> i64 {
    (at + AHEAD_MICROS).rem_euclid(DAY_MICROS)
}

const fn local_day(at: i64) -> i64 {
    (at + AHEAD_MICROS).div_euclid(DAY_MICROS)
}

const fn start_of(day: i64) -> i64 {
    day * DAY_MICROS - AHEAD_MICROS
}

fn is_inside(pack: &RulePack, at: i64) -> bool {
    let [start, end] = [pack.window.start(), pack.window.end()].map(|clock| clock_micros(&clock.to_string()));
    let now = local_micros(at);
    let in_window = if start < end { start <= now && now < end } else { start <= now || now < end };
    let on = |holiday: &Day| Day::new(1970, 1, 1).map(|epoch| epoch.days_until(*holiday));
    in_window && !pack.holidays.iter().any(|holiday| on(holiday) == Some(local_day(at)))
}

/// Steps through the days one by one. 1970-01-01 was a Thursday.
fn due(pack: &RulePack, asked: i64) -> i64 {
    let Some(by) = pack.weekend_answer_by else { return asked + pack.limit.micros() };
    let is_weekend = |day: i64| matches!((day + 3).rem_euclid(7), 5 | 6);
    let mut day = local_day(asked);
    if is_weekend(day) {
        while is_weekend(day) {
            day += 1;
        }
        return start_of(day) + clock_micros(&by.to_string());
    }
    let (mut from, mut left) = (asked, pack.limit.micros());
    loop {
        let room = if is_weekend(day) { 0 } else { start_of(day + 1) - from };
        if left <= room {
            return from + left;
        }
        left -= room;
        day += 1;
        from = start_of(day);
    }
}

fn by_time(pack: &RulePack, as_of: i64, answer: Option<i64>, asked: i64) -> Verdict {
    match answer {
        Some(answer) if answer <= due(pack, asked) => Verdict::Met,
        Some(_) => Verdict::MissedLate,
        None if as_of <= due(pack, asked) => Verdict::Pending,
        None => Verdict::MissedUnanswered,
    }
}

fn treat(treatment: Treatment, left_out: Verdict, by_time: Verdict) -> Verdict {
    match (treatment, by_time) {
        (Treatment::Exclude, _) => left_out,
        (Treatment::Answered, _) => Verdict::Met,
        (Treatment::Miss, Verdict::Met | Verdict::MissedLate | Verdict::MissedUnanswered) => {
            Verdict::MissedUnanswered
        }
        _ => by_time,
    }
}

/// Whether a robot's word can end a turn there.
fn splits(pack: &RulePack) -> bool {
    pack.robot_only != Treatment::Judge && pack.unit != Unit::Session
}
