//! Shifts: working periods of a local day, and the named ones.

use std::fmt;
use std::str::FromStr;

use crate::day::{ClockTime, Day, Window, Zone};
use crate::login_name::cannot_be_seen;
use crate::time::Timestamp;

/// Most planned breaks of one shift.
pub const MAX_BREAKS: usize = 8;
/// Longest name of a template or rotation, in characters.
pub const MAX_NAME_CHARS: usize = 64;
/// Minutes of one clock day.
const DAY_MINUTES: u32 = 24 * 60;

/// A working period of a local day, 班次: at most 24 hours of the clock.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shift {
    /// When it starts, before 24:00.
    pub start: ClockTime,
    /// When it ends. An end at or before the start is one of the next day; 24:00 is allowed, and 00:00–24:00 is the
    /// whole day.
    pub end: ClockTime,
    /// Planned breaks: inside the shift, none over another, at most [`MAX_BREAKS`]. In a shift over midnight, one
    /// that starts before the shift's start is one of the next day.
    pub breaks: Vec<Window>,
}

/// A shift with a name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Template {
    /// 1 to [`MAX_NAME_CHARS`] characters that can be seen, unique in its plan, and nothing a cell of the
    /// spreadsheet would read as something else: `off`, hours, a `+`, or a formula.
    pub name: String,
    /// When it is worked.
    pub shift: Shift,
}

/// Why a text is no shift.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedShift {
    /// It has another form.
    #[error("must be hours such as 08:30-20:30, with breaks as 08:30-20:30/12:00-13:00")]
    Form,
    /// It has the form, but contradicts itself.
    #[error("{0}")]
    Sense(&'static str),
}

impl Shift {
    /// The shift without breaks from `start` to `end`.
    #[must_use]
    pub const fn new(start: ClockTime, end: ClockTime) -> Self {
        Self { start, end, breaks: Vec::new() }
    }

    /// Its hours without the breaks, such as `08:30-20:30`; what a shift without a name is called.
    #[must_use]
    pub fn hours(&self) -> String {
        format!("{}-{}", self.start, self.end)
    }

    /// Its length on the clock, in minutes: more than none, at most a day.
    #[must_use]
    pub fn minutes(&self) -> u32 {
        length(self.start, self.end)
    }

    /// The moments at which the shift of this local day starts and ends; the same when the zone skipped all of it.
    pub(super) fn moments(&self, zone: Zone, day: Day) -> (Timestamp, Timestamp) {
        let start = u32::from(self.start.minutes());
        (moment(zone, day, start), moment(zone, day, start + self.minutes()))
    }

    /// The moments at which the breaks of this local day's shift start and end.
    pub(super) fn break_moments(
        &self,
        zone: Zone,
        day: Day,
    ) -> impl Iterator<Item = (Timestamp, Timestamp)> + '_ {
        self.breaks.iter().map(move |rest| {
            let start = u32::from(self.start.minutes()) + self.offset(*rest);
            (moment(zone, day, start), moment(zone, day, start + length(rest.start(), rest.end())))
        })
    }

    /// What is wrong with it: field and what was expected.
    pub(super) fn faults(&self) -> Vec<(String, &'static str)> {
        let mut faults = Vec::new();
        if self.start == ClockTime::DAY_END {
            faults.push(("start".to_owned(), "must be before 24:00; use 00:00 of the next day"));
        }
        if self.breaks.len() > MAX_BREAKS {
            faults.push(("breaks".to_owned(), "must be at most 8"));
        }
        let mut spans = Vec::new();
        for (index, rest) in self.breaks.iter().take(MAX_BREAKS).enumerate() {
            let start = self.offset(*rest);
            let end = start + length(rest.start(), rest.end());
            if end > self.minutes() {
                faults.push((format!("breaks[{index}]"), "must lie inside the shift"));
            } else if spans.iter().any(|(from, to)| start < *to && *from < end) {
                faults.push((format!("breaks[{index}]"), "must not overlap another break"));
            }
            spans.push((start, end));
        }
        faults
    }

    /// Minutes of the clock from the shift's start to this break's.
    fn offset(&self, rest: Window) -> u32 {
        (u32::from(rest.start().minutes()) + DAY_MINUTES - u32::from(self.start.minutes())) % DAY_MINUTES
    }
}

/// Minutes of the clock from `start` to the next `end`.
fn length(start: ClockTime, end: ClockTime) -> u32 {
    let (start, end) = (u32::from(start.minutes()), u32::from(end.minutes()));
    if end > start { end - start } else { DAY_MINUTES + end - start }
}

/// The moment a day's clock, running on over midnight, shows so many minutes.
fn moment(zone: Zone, day: Day, minutes: u32) -> Timestamp {
    let clock = u16::try_from(minutes % DAY_MINUTES).ok().and_then(ClockTime::from_minutes);
    zone.at(day.plus(minutes / DAY_MINUTES), clock.unwrap_or(ClockTime::MIDNIGHT))
}

/// What is wrong with a name, if anything.
pub(super) fn name_fault(name: &str) -> Option<&'static str> {
    if name.is_empty() || name.chars().nth(MAX_NAME_CHARS).is_some() {
        return Some("must have 1 to 64 characters");
    }
    if name.chars().any(cannot_be_seen) || name.trim() != name {
        return Some("must have no white space at its ends and only characters that can be seen");
    }
    let formula = name.starts_with(['=', '-', '@', '\'']);
    if name.eq_ignore_ascii_case("off") || name.contains('+') || formula || resembles_hours(name) {
        return Some(
            "must not be \"off\" or hours, hold a +, or begin with =, -, @ or ', which a cell reads otherwise",
        );
    }
    None
}

/// Whether a text can only be meant as hours, rightly or wrongly written.
pub(super) fn resembles_hours(text: &str) -> bool {
    text.contains(':') && text.chars().all(|c| c.is_ascii_digit() || ":-/ ".contains(c))
}

impl fmt::Display for Shift {
    /// Its hours, then each break after a slash: `08:30-20:30/12:00-13:00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.start, self.end)?;
        self.breaks.iter().try_for_each(|rest| write!(f, "/{}-{}", rest.start(), rest.end()))
    }
}

impl FromStr for Shift {
    type Err = MalformedShift;
    fn from_str(text: &str) -> Result<Self, MalformedShift> {
        let mut parts = text.split('/').map(|part| {
            let (start, end) = part.split_once('-')?;
            Some((start.trim().parse::<ClockTime>().ok()?, end.trim().parse::<ClockTime>().ok()?))
        });
        let (start, end) = parts.next().flatten().ok_or(MalformedShift::Form)?;
        // One more than allowed is enough to see that there are too many.
        let breaks = parts.take(MAX_BREAKS + 1).map(|part| {
            let (start, end) = part.ok_or(MalformedShift::Form)?;
            Window::new(start, end).ok_or(MalformedShift::Sense("must have breaks that are not empty"))
        });
        let shift = Self { start, end, breaks: breaks.collect::<Result<_, _>>()? };
        match shift.faults().first() {
            None => Ok(shift),
            Some((field, expected)) if field == "start" => Err(MalformedShift::Sense(expected)),
            Some((field, _)) if field == "breaks" => Err(MalformedShift::Sense("must have at most 8 breaks")),
            Some(_) => {
                Err(MalformedShift::Sense("must have breaks inside the shift that do not overlap each other"))
            }
        }
    }
}
