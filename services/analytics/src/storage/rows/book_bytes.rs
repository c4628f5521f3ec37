//! What a day came to as bytes: Protocol Buffers messages of this service alone. Fields are only ever added; what a field
//! means changes with the print of the books, which has them made anew.

use std::collections::{BTreeMap, HashMap};

use fenliu_domain::day::Day;
use fenliu_domain::pack::{AgentParts, Parts, Report, Waits};
use fenliu_domain::sketch::Sketch;
use fenliu_domain::time::{Span, Timestamp};
use prost::Message;

use super::Place;
use crate::arrivals::{Arrivals, MINUTE};
use crate::storage::Fault;

#[derive(Clone, PartialEq, Message)]
struct DayCounts {
    #[prost(message, optional, tag = "1")]
    units: Option<PartCounts>,
    #[prost(message, optional, tag = "2")]
    separate: Option<PartCounts>,
    #[prost(message, repeated, tag = "3")]
    hours: Vec<HourCounts>,
    #[prost(message, repeated, tag = "4")]
    agents: Vec<AgentCounts>,
    #[prost(message, optional, tag = "5")]
    waits: Option<WaitSketch>,
    #[prost(message, optional, tag = "6")]
    first_waits: Option<WaitSketch>,
}

#[derive(Clone, PartialEq, Message)]
struct HourCounts {
    #[prost(uint32, tag = "1")]
    hour: u32,
    #[prost(message, optional, tag = "2")]
    units: Option<PartCounts>,
}

#[derive(Clone, PartialEq, Message)]
struct AgentCounts {
    #[prost(string, tag = "1")]
    agent: String,
    #[prost(message, optional, tag = "2")]
    units: Option<PartCounts>,
    #[prost(int64, tag = "3")]
    wait_sum_us: i64,
}

#[derive(Clone, PartialEq, Message)]
struct WaitSketch {
    #[prost(bytes = "vec", tag = "1")]
    answered: Vec<u8>,
    #[prost(uint64, tag = "2")]
    unanswered: u64,
}

/// Waits in microseconds, the shortest first, each as what it exceeds the one before by.
#[derive(Clone, PartialEq, Message)]
struct EachWait {
    #[prost(uint64, repeated, tag = "1")]
    steps: Vec<u64>,
}

/// Minutes in which conversations came, in order: of the first how many minutes it is after 1970, of each other how many after
/// the one before; and how many came in each.
#[derive(Clone, PartialEq, Message)]
struct ArrivalCounts {
    #[prost(sint64, repeated, tag = "1")]
    steps: Vec<i64>,
    #[prost(uint64, repeated, tag = "2")]
    counts: Vec<u64>,
}

#[derive(Clone, PartialEq, Message)]
struct PartCounts {
    #[prost(uint64, tag = "1")]
    counted: u64,
    #[prost(uint64, tag = "2")]
    answered: u64,
    #[prost(uint64, tag = "3")]
    within_limit: u64,
    #[prost(uint64, tag = "4")]
    missed_late: u64,
    #[prost(uint64, tag = "5")]
    missed_unanswered: u64,
    #[prost(uint64, tag = "6")]
    pending: u64,
    #[prost(uint64, tag = "7")]
    excluded_robot_only: u64,
    #[prost(uint64, tag = "8")]
    excluded_unassigned: u64,
    #[prost(uint64, tag = "9")]
    excluded_outside_window: u64,
    #[prost(uint64, tag = "10")]
    excluded_before_handover: u64,
    #[prost(uint64, tag = "11")]
    excluded_self_served: u64,
    #[prost(uint64, tag = "12")]
    excluded_blocked: u64,
    #[prost(uint64, tag = "13")]
    excluded_reported: u64,
    #[prost(uint64, tag = "14")]
    excluded_shop_initiated: u64,
    #[prost(uint64, tag = "15")]
    excluded_holiday_mode: u64,
    #[prost(int64, tag = "16")]
    wait_sum_us: i64,
}

/// The counts of a day, and sketches of its waits. Its report must be of that day alone, without misses.
pub(crate) fn counts(report: &Report) -> Vec<u8> {
    let hours = (0..).zip(&report.hours).filter(|(_, parts)| **parts != Parts::default());
    let agent = |(agent, counts): (&String, &AgentParts)| AgentCounts {
        agent: agent.clone(),
        units: Some(PartCounts::of(&counts.parts)),
        wait_sum_us: counts.wait_sum.micros(),
    };
    let counts = DayCounts {
        units: report.days.values().next().map(PartCounts::of),
        separate: report.separate_days.values().next().map(PartCounts::of),
        hours: hours.map(|(hour, parts)| HourCounts { hour, units: Some(PartCounts::of(parts)) }).collect(),
        agents: report.agents.iter().map(agent).collect(),
        waits: Some(WaitSketch::of(&report.waits)),
        first_waits: Some(WaitSketch::of(&report.first_waits)),
    };
    counts.encode_to_vec()
}

/// The report of a day, with its waits as sketches. Its agents are not in it: they are added to those of other days at
/// once, since a month of a large shop has tens of thousands of them.
pub(crate) fn read_counts(
    place: Place<'_>,
    day: Day,
    holds_from: Timestamp,
    bytes: &[u8],
    agents: &mut HashMap<String, AgentParts>,
) -> Result<Report, Fault> {
    let counts = DayCounts::decode(bytes).map_err(|why| place.corrupt(why))?;
    let mut report = Report {
        total: counts.units.as_ref().map(PartCounts::read).unwrap_or_default(),
        days: of_day(day, counts.units.as_ref()),
        separate_days: of_day(day, counts.separate.as_ref()),
        waits: WaitSketch::read(counts.waits, place)?,
        first_waits: WaitSketch::read(counts.first_waits, place)?,
        holds_from,
        ..Report::default()
    };
    for HourCounts { hour, units } in counts.hours {
        let hour = usize::try_from(hour).ok().and_then(|hour| report.hours.get_mut(hour));
        *hour.ok_or_else(|| place.corrupt("an hour is beyond 23"))? = units.unwrap_or_default().read();
    }
    for AgentCounts { agent, units, wait_sum_us } in counts.agents {
        let parts = units.unwrap_or_default().read();
        agents.entry(agent).or_default().add(&AgentParts { parts, wait_sum: Span::from_micros(wait_sum_us) });
    }
    Ok(report)
}

/// How long every turn waited; empty where there are too many.
pub(crate) fn each_wait(waits: &Waits) -> Vec<u8> {
    let mut each: Vec<_> = waits.each().unwrap_or_default().iter().map(|wait| wait.micros()).collect();
    each.sort_unstable();
    let before = std::iter::once(0).chain(each.iter().copied());
    let steps = each.iter().zip(before).map(|(wait, before)| wait.abs_diff(before)).collect();
    EachWait { steps }.encode_to_vec()
}

/// The waits of turns, each by itself, where a sketch of them was known.
pub(crate) fn read_each_wait(place: Place<'_>, bytes: &[u8], sketched: &Waits) -> Result<Waits, Fault> {
    let steps = EachWait::decode(bytes).map_err(|why| place.corrupt(why))?.steps;
    let mut waited = 0_u64;
    let mut each = Vec::with_capacity(steps.len());
    for step in steps {
        waited = waited.saturating_add(step);
        let micros = i64::try_from(waited).map_err(|_| place.corrupt("a wait is longer than can be"))?;
        each.push(Span::from_micros(micros));
    }
    if each.len() as u64 != sketched.answered() {
        return Err(place.corrupt("there are not as many waits as were counted"));
    }
    Ok(Waits::of(each, sketched.unanswered()))
}

/// When conversations came on a day.
pub(crate) fn arrivals(arrivals: &Arrivals) -> Vec<u8> {
    let mut before = 0;
    let step = |(minute, _): (Timestamp, u64)| {
        let number = minute.micros() / MINUTE;
        number - std::mem::replace(&mut before, number)
    };
    let steps = arrivals.minutes().map(step).collect();
    ArrivalCounts { steps, counts: arrivals.minutes().map(|(_, count)| count).collect() }.encode_to_vec()
}

/// Adds when conversations came on a day to what is known of others.
pub(crate) fn read_arrivals(place: Place<'_>, bytes: &[u8], all: &mut Arrivals) -> Result<(), Fault> {
    let ArrivalCounts { steps, counts } = ArrivalCounts::decode(bytes).map_err(|why| place.corrupt(why))?;
    let mut minute = 0_i64;
    for (step, count) in steps.into_iter().zip(counts) {
        minute = minute.saturating_add(step);
        all.add(place.time(minute.saturating_mul(MINUTE))?, count);
    }
    Ok(())
}

fn of_day(day: Day, counts: Option<&PartCounts>) -> BTreeMap<Day, Parts> {
    counts.map(|counts| (day, counts.read())).into_iter().collect()
}

impl WaitSketch {
    fn of(waits: &Waits) -> Self {
        Self { answered: waits.sketch().encode(), unanswered: waits.unanswered() }
    }

    fn read(kept: Option<Self>, place: Place<'_>) -> Result<Waits, Fault> {
        let Self { answered, unanswered } = kept.ok_or_else(|| place.corrupt("a sketch is missing"))?;
        let answered = Sketch::decode(&answered).map_err(|why| place.corrupt(format!("a sketch {why}")))?;
        Ok(Waits::sketched(answered, unanswered))
    }
}

impl PartCounts {
    const fn of(parts: &Parts) -> Self {
        Self {
            counted: parts.counted,
            answered: parts.answered,
            within_limit: parts.within_limit,
            missed_late: parts.missed_late,
            missed_unanswered: parts.missed_unanswered,
            pending: parts.pending,
            excluded_robot_only: parts.excluded_robot_only,
            excluded_unassigned: parts.excluded_unassigned,
            excluded_outside_window: parts.excluded_outside_window,
            excluded_before_handover: parts.excluded_before_handover,
            excluded_self_served: parts.excluded_self_served,
            excluded_blocked: parts.excluded_blocked,
            excluded_reported: parts.excluded_reported,
            excluded_shop_initiated: parts.excluded_shop_initiated,
            excluded_holiday_mode: parts.excluded_holiday_mode,
            wait_sum_us: parts.wait_sum.micros(),
        }
    }

    const fn read(&self) -> Parts {
        Parts {
            counted: self.counted,
            answered: self.answered,
            within_limit: self.within_limit,
            missed_late: self.missed_late,
            missed_unanswered: self.missed_unanswered,
            pending: self.pending,
            excluded_robot_only: self.excluded_robot_only,
            excluded_unassigned: self.excluded_unassigned,
            excluded_outside_window: self.excluded_outside_window,
            excluded_before_handover: self.excluded_before_handover,
            excluded_self_served: self.excluded_self_served,
            excluded_blocked: self.excluded_blocked,
            excluded_reported: self.excluded_reported,
            excluded_shop_initiated: self.excluded_shop_initiated,
            excluded_holiday_mode: self.excluded_holiday_mode,
            wait_sum: Span::from_micros(self.wait_sum_us),
        }
    }
}
