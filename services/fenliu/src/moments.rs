//! Moments, days and lengths as people type and read them.

use fenliu_domain::day::{ClockTime, Day, Zone};
use fenliu_domain::problem::Problem;
use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::convert;

use crate::report::sheet::local;

/// A calendar date and a time of the clock to the minute, as they are typed.
const TYPED: &str = "YYYY-MM-DD or YYYY-MM-DDTHH:MM";

/// Reads a length such as 30m, 12h, 3d or 2w.
///
/// # Errors
/// When it is none, or longer than 10,000 weeks.
pub fn length(text: &str) -> Result<Span, String> {
    const MAX_COUNT: i64 = 10_000;
    let wrong = || format!("{text:?} is no length; use one such as 30m, 12h, 3d or 2w");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let minutes = match unit {
        'm' => 1,
        'h' => 60,
        'd' => 24 * 60,
        'w' => 7 * 24 * 60,
        _ => return Err(wrong()),
    };
    let count: i64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    if (1..=MAX_COUNT).contains(&count) { Ok(Span::from_mins(count * minutes)) } else { Err(wrong()) }
}

/// Reads a local day.
///
/// # Errors
/// When it is none; `what` names it.
pub fn day(text: &str, what: &str) -> anyhow::Result<Day> {
    text.parse().map_err(|_| anyhow::anyhow!("{what} {text:?} is no day; use YYYY-MM-DD"))
}

/// Reads a moment by a shop's clock. A bare day means its beginning, or its end when `end` is asked for.
///
/// # Errors
/// When it is none; `what` names it.
pub fn moment(text: &str, what: &str, zone: Zone, end: bool) -> anyhow::Result<Timestamp> {
    let wrong = || anyhow::anyhow!("{what} {text:?} is no moment; use {TYPED}");
    let Some((day, clock)) = text.split_once(['T', ' ']) else {
        let day: Day = text.parse().map_err(|_| wrong())?;
        return Ok(zone.start_of(if end { day.plus(1) } else { day }));
    };
    let day: Day = day.parse().map_err(|_| wrong())?;
    let clock: ClockTime = clock.parse().map_err(|_| wrong())?;
    Ok(zone.at(day, clock))
}

/// A time of the contract.
///
/// # Errors
/// When it is absent or out of bounds; `field` names it.
pub fn timestamp(value: Option<&prost_types::Timestamp>, field: &str) -> Result<Timestamp, Problem> {
    let value = value.ok_or_else(|| Problem::field(field, "must be there"))?;
    convert::timestamp(value, field)
}

/// A moment by a shop's calendar and clock, to the minute.
#[must_use]
pub fn to_the_minute(at: Timestamp, zone: Zone) -> String {
    local(at, zone).chars().take("2026-01-31 12:00".len()).collect()
}

/// What a shop's clock shows at a moment, to the minute.
#[must_use]
pub fn clock(at: Timestamp, zone: Zone) -> String {
    to_the_minute(at, zone).split_once(' ').map(|(_, clock)| clock.to_owned()).unwrap_or_default()
}

/// What the clock of this day shows at a moment: the day's end reads 24:00, and what lies outside of the day has its
/// date before it.
#[must_use]
pub fn clock_of(day: Day, at: Timestamp, zone: Zone) -> String {
    if zone.day_of(at) == day {
        clock(at, zone)
    } else if at == zone.start_of(day.plus(1)) {
        "24:00".to_owned()
    } else {
        to_the_minute(at, zone)
    }
}

/// A moment as the contract writes it in JSON: RFC 3339 in UTC, to the second.
#[must_use]
pub fn rfc3339(at: Timestamp) -> String {
    let utc = chrono::DateTime::from_timestamp_micros(at.micros()).unwrap_or_default().naive_utc();
    format!("{}Z", utc.format("%Y-%m-%dT%H:%M:%S"))
}

/// A day with its name, such as `Mon 2026-11-23`.
#[must_use]
pub fn named(day: Day) -> String {
    const NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let name = usize::try_from(day.days_from_monday()).ok().and_then(|place| NAMES.get(place));
    format!("{} {day}", name.copied().unwrap_or_default())
}

/// A length in the largest units that tell it: `3 days`, `12 h`, `30 min`.
#[must_use]
pub fn told(length: Span) -> String {
    const MINUTE: i64 = 60_000_000;
    let minutes = length.micros() / MINUTE;
    let parts = [(minutes / 1_440, "d"), (minutes / 60 % 24, "h"), (minutes % 60, "min")];
    let parts: Vec<_> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count} {unit}")).collect();
    if parts.is_empty() { "0 min".to_owned() } else { parts.join(" ") }
}

/// The Monday of a day's week.
#[must_use]
pub fn monday_of(day: Day) -> Day {
    day.minus(day.days_from_monday())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_counts_of_one_unit() {
        for (text, minutes) in [("30m", 30), ("12h", 720), ("3d", 4_320), ("2w", 20_160)] {
            assert_eq!(length(text), Ok(Span::from_mins(minutes)), "{text}");
        }
        for wrong in ["", "3", "d", "-1d", "0h", "3y", "1.5h", "99999999999999999999d", "三d", "3天"] {
            assert!(length(wrong).is_err(), "{wrong}");
        }
        assert_eq!(told(Span::from_mins(4_320)), "3 d");
        assert_eq!(told(Span::from_mins(1_501)), "1 d 1 h 1 min");
        assert_eq!(told(Span::ZERO), "0 min");
    }

    #[test]
    fn a_bare_day_is_meant_whole() {
        let zone = Zone::parse("Asia/Shanghai").expect("a zone");
        let read = |text, end| moment(text, "--to", zone, end).map(rfc3339).expect("a moment");
        assert_eq!(read("2026-11-24", false), "2026-11-23T16:00:00Z");
        assert_eq!(read("2026-11-24", true), "2026-11-24T16:00:00Z");
        assert_eq!(read("2026-11-24T12:30", true), "2026-11-24T04:30:00Z");
        for wrong in ["", "noon", "2026-11-31", "2026-11-24T25:00", "2026-11-24T"] {
            let error = moment(wrong, "--to", zone, true).expect_err("no moment").to_string();
            assert!(error.contains("--to"), "{error}");
        }
    }

    #[test]
    fn a_days_end_reads_24_00() {
        let zone = Zone::parse("Asia/Shanghai").expect("a zone");
        let day: Day = "2026-11-24".parse().expect("a day");
        assert_eq!(clock_of(day, zone.start_of(day), zone), "00:00");
        assert_eq!(clock_of(day, zone.start_of(day.plus(1)), zone), "24:00");
        assert_eq!(clock_of(day, zone.start_of(day.plus(1)) + Span::from_mins(1), zone), "2026-11-25 00:01");
    }

    #[test]
    fn weeks_begin_on_monday() {
        let tuesday: Day = "2026-11-24".parse().expect("a day");
        assert_eq!(named(tuesday), "Tue 2026-11-24");
        assert_eq!(named(monday_of(tuesday)), "Mon 2026-11-23");
        assert_eq!(monday_of(monday_of(tuesday)), monday_of(tuesday));
    }
}
