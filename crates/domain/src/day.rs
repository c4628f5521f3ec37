//! Local days: what a shop calls "today", in its own IANA zone.
//!
//! A [`Zone`] turns moments into [`LocalTime`]s and back; a [`Day`] is a calendar date; a [`Window`] is a half-open
//! part of the clock's day such as 08:00–23:00. Days here are the shop's: where clocks change, a day has 23 or
//! 25 hours, midnight may be missing, and a whole date may be (Samoa, 30 December 2011).
//!
//! Invariants: a moment has exactly one local time; `start_of(day)` is the first moment that reads that date, and a
//! time the clock skips means the moment it skips to; of a time that comes twice, the first is meant.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use chrono::{
    DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone, Timelike,
};
use chrono_tz::Tz;

use crate::problem::{Problem, Reason, Violation};
use crate::time::Timestamp;

#[cfg(test)]
mod tests;

/// Microseconds of one minute.
const MINUTE: i64 = 60_000_000;
/// Minutes of one clock day.
const DAY_MINUTES: u16 = 24 * 60;
/// Longest stretch of local time a zone ever skipped, in minutes: one whole date.
const LONGEST_GAP_MINUTES: i64 = 25 * 60;

/// An IANA time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Zone(Tz);

/// A calendar date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(NaiveDate);

/// What a shop's calendar and clock show at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime {
    /// The date.
    pub day: Day,
    /// Microseconds since the clock showed 00:00, below 86,400,000,000.
    micros: i64,
}

/// A time of the clock in whole minutes, 00:00 to 24:00.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClockTime(u16);

/// A half-open part of the clock's day: the start is inside, the end is not. One that ends before it starts runs
/// over midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    start: ClockTime,
    end: ClockTime,
}

/// A range of days, both ends included; an end that is `None` is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayRange {
    /// The first day.
    pub first: Option<Day>,
    /// The last day.
    pub last: Option<Day>,
}

/// Why a text is no day or clock time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be {expected}")]
pub struct MalformedTime {
    /// The form that was expected.
    pub expected: &'static str,
}

impl Zone {
    /// Universal time, for shops that named no zone.
    pub const UTC: Self = Self(Tz::UTC);

    /// The zone of this IANA name.
    ///
    /// # Errors
    /// `TIME_ZONE_INVALID` when the IANA database has no such zone.
    pub fn parse(name: &str) -> Result<Self, Problem> {
        name.parse().map(Self).map_err(|_| {
            let violation = Violation {
                field: "time_zone".into(),
                expected: "must be an IANA time zone such as Asia/Shanghai".into(),
            };
            let message =
                format!("time_zone {name:?} is not in the IANA database; use one such as Asia/Shanghai");
            let problem = Problem::new(Reason::TimeZoneInvalid, message).with("time_zone", name);
            Problem { violations: vec![violation], ..problem }
        })
    }

    /// Its IANA name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// What calendar and clock show at this moment.
    #[must_use]
    pub fn local(self, at: Timestamp) -> LocalTime {
        let naive = self.naive(at);
        let seconds = i64::from(naive.time().num_seconds_from_midnight());
        LocalTime {
            day: Day(naive.date()),
            micros: seconds * 1_000_000 + i64::from(naive.nanosecond() / 1_000),
        }
    }

    /// The date at this moment.
    #[must_use]
    pub fn day_of(self, at: Timestamp) -> Day {
        Day(self.naive(at).date())
    }

    /// Every date a moment between two can have, both included; where clocks change between them, perhaps one more.
    #[must_use]
    pub fn days_between(self, from: Timestamp, until: Timestamp) -> RangeInclusive<Day> {
        let (first, last) = (self.naive(from), self.naive(until));
        let elapsed = TimeDelta::microseconds(until.since(from).micros());
        // Put back over midnight, the clock may have shown a later date than at the end, or an earlier than at the start.
        let lowest = last.checked_sub_signed(elapsed).map_or(first, |local| local.min(first));
        let highest = first.checked_add_signed(elapsed).map_or(last, |local| local.max(last));
        Day(lowest.date())..=Day(highest.date())
    }

    /// The first moment of a day; of a date the calendar skipped, the moment it skipped to.
    #[must_use]
    pub fn start_of(self, day: Day) -> Timestamp {
        self.at(day, ClockTime::MIDNIGHT)
    }

    /// The moment a day's clock shows this time: the first when it does so twice, the end of the gap when it
    /// never does.
    #[must_use]
    pub fn at(self, day: Day, clock: ClockTime) -> Timestamp {
        let midnight = day.0.and_time(NaiveTime::MIN);
        let local = midnight + TimeDelta::minutes(i64::from(clock.0));
        match self.0.from_local_datetime(&local).earliest() {
            Some(moment) => Timestamp::from_micros_clamped(moment.timestamp_micros()),
            None => self.after_gap(local),
        }
    }

    fn naive(self, at: Timestamp) -> NaiveDateTime {
        // Every Timestamp lies within the years 1 to 9999, which chrono can hold; 1970 stands in for the impossible.
        let utc = DateTime::from_timestamp_micros(at.micros()).unwrap_or_default().naive_utc();
        utc + TimeDelta::seconds(i64::from(self.0.offset_from_utc_datetime(&utc).fix().local_minus_utc()))
    }

    /// The moment the clock skips `local`: found to the second between the minute before it that exists and the
    /// one after, since old zones skipped odd seconds.
    fn after_gap(self, local: NaiveDateTime) -> Timestamp {
        let resolved = (1..=LONGEST_GAP_MINUTES).find_map(|minutes| {
            self.0.from_local_datetime(&(local + TimeDelta::minutes(minutes))).earliest()
        });
        let Some(after) = resolved else { return Timestamp::MAX };
        let mut reached = after.timestamp();
        let mut not_yet = reached - 60;
        while reached - not_yet > 1 {
            let middle = not_yet + (reached - not_yet) / 2;
            let at = Timestamp::from_micros_clamped(middle.saturating_mul(1_000_000));
            if self.naive(at) >= local { reached = middle } else { not_yet = middle }
        }
        Timestamp::from_micros_clamped(reached.saturating_mul(1_000_000))
    }
}

impl Day {
    /// The date of this year, month and day, when there is one.
    #[must_use]
    pub fn new(year: i32, month: u32, day: u32) -> Option<Self> {
        NaiveDate::from_ymd_opt(year, month, day).map(Self)
    }

    /// The day so many days later; stays at the calendar's end.
    #[must_use]
    pub fn plus(self, days: u32) -> Self {
        Self(self.0.checked_add_days(Days::new(days.into())).unwrap_or(NaiveDate::MAX))
    }

    /// The day so many days earlier; stays at the calendar's beginning.
    #[must_use]
    pub fn minus(self, days: u32) -> Self {
        Self(self.0.checked_sub_days(Days::new(days.into())).unwrap_or(NaiveDate::MIN))
    }

    /// Days from this one to `later`; negative when that is earlier.
    #[must_use]
    pub fn days_until(self, later: Self) -> i64 {
        later.0.signed_duration_since(self.0).num_days()
    }

    /// Days since the Monday of its week: 0 on Monday, 6 on Sunday.
    #[must_use]
    pub fn days_from_monday(self) -> u32 {
        self.0.weekday().num_days_from_monday()
    }
}

impl LocalTime {
    /// The hour the clock shows, 0 to 23.
    #[must_use]
    pub fn hour(self) -> usize {
        usize::try_from(self.micros / (60 * MINUTE)).unwrap_or(0)
    }

    /// What the clock shows, with the seconds cut off: 00:00 to 23:59.
    #[must_use]
    pub fn clock(self) -> ClockTime {
        ClockTime(u16::try_from(self.micros / MINUTE).unwrap_or(0))
    }
}

impl ClockTime {
    /// 00:00.
    pub const MIDNIGHT: Self = Self(0);
    /// 24:00, the end of a day.
    pub const DAY_END: Self = Self(DAY_MINUTES);

    /// So many minutes after 00:00; `None` past 24:00.
    #[must_use]
    pub const fn from_minutes(minutes: u16) -> Option<Self> {
        if minutes <= DAY_MINUTES { Some(Self(minutes)) } else { None }
    }

    /// Minutes after 00:00, at most 1,440.
    #[must_use]
    pub const fn minutes(self) -> u16 {
        self.0
    }

    fn micros(self) -> i64 {
        i64::from(self.0) * MINUTE
    }
}

impl Window {
    /// The whole day.
    pub const ALL_DAY: Self = Self { start: ClockTime::MIDNIGHT, end: ClockTime::DAY_END };

    /// The part of the day from `start` up to `end`; `None` when it would be empty.
    #[must_use]
    pub fn new(start: ClockTime, end: ClockTime) -> Option<Self> {
        (start != end && start != ClockTime::DAY_END).then_some(Self { start, end })
    }

    /// When it starts.
    #[must_use]
    pub const fn start(self) -> ClockTime {
        self.start
    }

    /// When it ends; no longer part of it.
    #[must_use]
    pub const fn end(self) -> ClockTime {
        self.end
    }

    /// Whether the clock is inside.
    #[must_use]
    pub fn contains(self, local: LocalTime) -> bool {
        let (from_start, before_end) =
            (local.micros >= self.start.micros(), local.micros < self.end.micros());
        if self.start < self.end { from_start && before_end } else { from_start || before_end }
    }
}

impl DayRange {
    /// Just this day.
    #[must_use]
    pub const fn only(day: Day) -> Self {
        Self { first: Some(day), last: Some(day) }
    }

    /// Whether a day is in it.
    #[must_use]
    pub fn contains(self, day: Day) -> bool {
        self.first.is_none_or(|first| first <= day) && self.last.is_none_or(|last| day <= last)
    }
}

impl FromStr for Day {
    type Err = MalformedTime;
    fn from_str(text: &str) -> Result<Self, MalformedTime> {
        let malformed = MalformedTime { expected: "a date such as 2026-01-31" };
        let shaped = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        if !shaped {
            return Err(malformed);
        }
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| malformed)?;
        if day.year() < 1 { Err(malformed) } else { Ok(Self(day)) }
    }
}

impl FromStr for ClockTime {
    type Err = MalformedTime;
    fn from_str(text: &str) -> Result<Self, MalformedTime> {
        let malformed = MalformedTime { expected: "a clock time from 00:00 to 24:00" };
        let digits = |part: &str| match part.as_bytes() {
            [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => {
                Some(u16::from(tens - b'0') * 10 + u16::from(ones - b'0'))
            }
            _ => None,
        };
        let (hours, minutes) = text.split_once(':').ok_or(malformed)?;
        let (hours, minutes) = digits(hours).zip(digits(minutes)).ok_or(malformed)?;
        let total = hours * 60 + minutes;
        if minutes < 60 && total <= DAY_MINUTES { Ok(Self(total)) } else { Err(malformed) }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Display for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}
