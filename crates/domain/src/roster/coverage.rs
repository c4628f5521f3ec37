//! Coverage: where too few are on duty inside the service window, and where all who are have a break.
//!
//! One sweep over the moments at which somebody begins or ends makes a list of levels; each day's service window is
//! then read off it.

use std::ops::RangeInclusive;

use crate::day::{Day, Window, Zone};
use crate::problem::Problem;
use crate::roster::resolve::{Duty, MAX_RANGE_DAYS, by_agent, on_duty};
use crate::roster::shift::Shift;
use crate::roster::stretch::{Stretch, within};
use crate::time::Timestamp;

/// A stretch of the service window with too few on duty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The local day the service window begins on.
    pub day: Day,
    /// Its first moment.
    pub start: Timestamp,
    /// The first moment after it.
    pub end: Timestamp,
    /// The fewest that are on duty in it.
    pub on_duty: u32,
    /// How many are needed.
    pub needed: u32,
}

/// A stretch of the service window in which everybody on duty, be it one, has a planned break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EveryoneOnBreak {
    /// The local day the service window begins on.
    pub day: Day,
    /// Its first moment.
    pub start: Timestamp,
    /// The first moment after it.
    pub end: Timestamp,
    /// The most that are on duty in it; 1 means that somebody alone is to take a break.
    pub on_duty: u32,
}

/// What is missing; each list by start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Where too few are on duty. Longest possible, but each within one day's service window.
    pub gaps: Vec<Gap>,
    /// Where nobody is left while others rest.
    pub everyone_on_break: Vec<EveryoneOnBreak>,
}

/// How the service windows of these local days are staffed. `duty` must have been resolved for all of them.
///
/// A service window may run over midnight; it belongs to the day it begins on.
///
/// # Errors
/// `INVALID_REQUEST` naming `last_day` when the days are in the wrong order or more than [`MAX_RANGE_DAYS`].
pub fn coverage(
    zone: Zone,
    service: Window,
    min_on_duty: u32,
    duty: &Duty,
    days: &RangeInclusive<Day>,
) -> Result<Coverage, Problem> {
    let length = u32::try_from(days.start().days_until(*days.end()) + 1)
        .ok()
        .filter(|length| (1..=MAX_RANGE_DAYS).contains(length))
        .ok_or_else(|| {
            let expected =
                format!("must be the first day or later, and {MAX_RANGE_DAYS} days in all at most");
            Problem::field("last_day", expected)
        })?;
    let levels = levels(duty);
    let hours = Shift::new(service.start(), service.end());
    let mut coverage = Coverage::default();
    for day in (0..length).map(|offset| days.start().plus(offset)) {
        let (start, end) = hours.moments(zone, day);
        if let Some(open) = Stretch::new(start, end) {
            coverage.read_day(day, open, min_on_duty, &levels);
        }
    }
    Ok(coverage)
}

impl Coverage {
    fn read_day(&mut self, day: Day, open: Stretch, needed: u32, levels: &[Level]) {
        let too_few = runs(open, levels, |level| level.on_duty < needed);
        self.gaps.extend(too_few.into_iter().map(
            |Run { stretch: Stretch { start, end }, fewest, .. }| Gap {
                day,
                start,
                end,
                on_duty: fewest,
                needed,
            },
        ));
        let resting = runs(open, levels, |level| level.on_duty > 0 && level.on_break == level.on_duty);
        let everyone = resting.into_iter().map(|Run { stretch: Stretch { start, end }, most, .. }| {
            EveryoneOnBreak { day, start, end, on_duty: most }
        });
        self.everyone_on_break.extend(everyone);
    }
}

/// How many are on duty, and how many of them on break, from a moment up to the next level's.
#[derive(Clone, Copy, Debug)]
struct Level {
    from: Timestamp,
    on_duty: u32,
    on_break: u32,
}

/// Levels of one kind that follow each other.
struct Run {
    stretch: Stretch,
    fewest: u32,
    most: u32,
}

/// The levels from the beginning of time on.
fn levels(duty: &Duty) -> Vec<Level> {
    // Each step changes (on duty, on break) by one up or down.
    let mut steps: Vec<(Timestamp, i32, i32)> = Vec::new();
    let duties = on_duty(&duty.windows);
    let breaks = by_agent(duty.breaks.iter().map(|rest| (rest.agent, rest.start, rest.end)));
    for (agent, stretches) in &duties {
        let resting = breaks.get(agent).map_or(&[][..], Vec::as_slice);
        for stretch in stretches {
            steps.extend([(stretch.start, 1, 0), (stretch.end, -1, 0)]);
            steps.extend(within(*stretch, resting).flat_map(|rest| [(rest.start, 0, 1), (rest.end, 0, -1)]));
        }
    }
    steps.sort_unstable();
    let mut level = Level { from: Timestamp::MIN, on_duty: 0, on_break: 0 };
    let mut levels = Vec::with_capacity(steps.len() + 1);
    for (at, duty, rest) in steps {
        if at > level.from {
            levels.push(level);
        }
        // At one moment ends come before beginnings, but each ended what had begun, so neither falls below none.
        level = Level {
            from: at,
            on_duty: level.on_duty.saturating_add_signed(duty),
            on_break: level.on_break.saturating_add_signed(rest),
        };
    }
    levels.push(level);
    levels
}

/// The longest stretches inside `open` on which every level is of the kind asked for.
fn runs(open: Stretch, levels: &[Level], of_kind: impl Fn(&Level) -> bool) -> Vec<Run> {
    let first = levels.partition_point(|level| level.from <= open.start).saturating_sub(1);
    let mut runs: Vec<Run> = Vec::new();
    for (index, level) in levels.iter().enumerate().skip(first).take_while(|(_, level)| level.from < open.end)
    {
        let until = levels.get(index + 1).map_or(Timestamp::MAX, |next| next.from);
        let Some(stretch) = Stretch::new(level.from, until).and_then(|stretch| stretch.clip(open)) else {
            continue;
        };
        if !of_kind(level) {
            continue;
        }
        match runs.last_mut() {
            Some(run) if run.stretch.end == stretch.start => {
                run.stretch.end = stretch.end;
                run.fewest = run.fewest.min(level.on_duty);
                run.most = run.most.max(level.on_duty);
            }
            _ => runs.push(Run { stretch, fewest: level.on_duty, most: level.on_duty }),
        }
    }
    runs
}
