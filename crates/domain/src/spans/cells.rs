//! The half hours of a local day.

use crate::day::{Day, Zone};
use crate::roster::Stretch;
use crate::time::Span;

/// Minutes of a half hour.
const MINUTES: u16 = 30;
/// Microseconds of a minute.
const MINUTE: i64 = 60_000_000;

/// One half hour of a local day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The day.
    pub day: Day,
    /// Which half hour of the clock, from 0 at 00:00 to 47 at 23:30.
    pub half_hour: usize,
    /// From when to when; half an hour, less where the clock was changed in the middle of one.
    pub stretch: Stretch,
}

/// The half hours of a local day, which they tile: 48, but 46 or 50 where the clock skips or repeats an hour. A half hour
/// of the clock that comes twice has two cells.
///
/// Zones whose offset was once no whole number of minutes get cells that are off by less than a minute.
#[must_use]
pub fn half_hours(zone: Zone, day: Day) -> Vec<Cell> {
    let end = zone.start_of(day.plus(1));
    let mut cells = Vec::new();
    let mut start = zone.start_of(day);
    while start < end {
        let minutes = zone.local(start).clock().minutes();
        let passed = i64::from(minutes % MINUTES) * MINUTE + start.micros().rem_euclid(MINUTE);
        let next = start + Span::from_micros(i64::from(MINUTES) * MINUTE - passed);
        // Next is later by definition, so this ends; at the end of time it is not, and there is nothing more.
        let Some(stretch) = Stretch::new(start, next.min(end)) else { break };
        cells.push(Cell { day, half_hour: usize::from(minutes / MINUTES), stretch });
        start = stretch.end;
    }
    cells
}
