//! The "Anonymous Bank" call log (Guedj and Mandelbaum, Technion, 1999): 17 tab-separated columns a call.
//!
//! A call becomes a conversation: it is opened when the caller enters the voice menu, asked when they join the
//! queue (or are put through at once), answered when a person picks up, closed when they hang up.

use std::collections::BTreeMap;
use std::io::{self, BufRead};

use chrono::{NaiveDate, NaiveTime, TimeZone};
use fenliu_domain::time::{Span, Timestamp};

use super::lines::{Line, Lines};
use super::{Conversation, Format, Happening, Malformed, Repairs, Row, What, name};

const COLUMNS: usize = 17;
/// What the header line calls the columns. Rows are read by place, so a header that says anything else is refused
/// before any row is taken for what it is not.
const HEADER: [&str; COLUMNS] = [
    "vru+line",
    "call_id",
    "customer_id",
    "priority",
    "type",
    "date",
    "vru_entry",
    "vru_exit",
    "vru_time",
    "q_start",
    "q_exit",
    "q_time",
    "outcome",
    "ser_start",
    "ser_exit",
    "ser_time",
    "server",
];
/// Longest wait or service that can be meant; a longer one is a slip of the pen.
const MAX_SECONDS: i64 = 7 * 24 * 3_600;
/// The server column of a call nobody, or nobody known, took.
const NO_SERVER: &str = "NO_SERVER";
/// Callers of this priority wait as if they had come 90 seconds earlier.
const VIP_PRIORITY: i64 = 2;

/// Reads the log line by line.
pub(super) struct Reader<R> {
    lines: Lines<R>,
    /// How often each key has come, so that two calls that share one stay two.
    keys: BTreeMap<String, u32>,
}

impl<R: BufRead> Reader<R> {
    /// Reads the header line; the rows follow. An empty file has neither.
    ///
    /// # Errors
    /// `InvalidData` with the column that is not what the rows are read by; whatever reading fails with.
    pub(super) fn open(input: R) -> io::Result<Self> {
        let mut lines = Lines::new(input);
        if let Some((_, line)) = lines.next()? {
            check_header(&line).map_err(|why| io::Error::new(io::ErrorKind::InvalidData, why))?;
        }
        Ok(Self { lines, keys: BTreeMap::new() })
    }

    fn row(&mut self, number: u64, line: Line) -> Row {
        let malformed = |why: String| Row::Malformed(Malformed { line: number, why });
        let Line::Whole(bytes) = line else {
            return malformed(format!("longer than {} bytes", super::MAX_LINE_BYTES));
        };
        let Ok(text) = std::str::from_utf8(&bytes) else {
            return malformed("not UTF-8".to_owned());
        };
        match call(text) {
            Ok(Some(call)) => Row::Conversation(self.numbered(call)),
            Ok(None) => Row::NotOffered,
            Err(why) => malformed(why),
        }
    }

    fn numbered(&mut self, mut call: Conversation) -> Conversation {
        let count = self.keys.entry(call.key.clone()).or_default();
        *count += 1;
        if *count > 1 {
            call.key = format!("{}#{count}", call.key);
            call.repairs.repeated_key = true;
        }
        call
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = io::Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.lines.next_filled().transpose()?;
        Some(next.map(|(number, line)| self.row(number, line)))
    }
}

/// Checks the names of the columns; letter case and spaces around a name do not matter.
fn check_header(line: &Line) -> Result<(), String> {
    let bytes = match line {
        Line::Whole(bytes) => bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes),
        Line::TooLong => {
            return Err(format!("longer than {} bytes, expected the header", super::MAX_LINE_BYTES));
        }
    };
    let text = String::from_utf8_lossy(bytes);
    let mut found = text.trim_end().split('\t').map(str::trim);
    for (place, expected) in (1..).zip(HEADER) {
        let name = found.next().unwrap_or_default();
        if !name.eq_ignore_ascii_case(expected) {
            return Err(format!("column {place} of the header is {}, expected {expected}", quoted(name)));
        }
    }
    found.next().map_or(Ok(()), |extra| Err(format!("the header has a column too many: {}", quoted(extra))))
}

/// The columns of one line, each of the kind it must be.
struct Columns<'a> {
    line: &'a str,
    call: String,
    customer: String,
    priority: i64,
    kind: String,
    date: NaiveDate,
    menu_entry: NaiveTime,
    queue_start: NaiveTime,
    queue_seconds: i64,
    outcome: Outcome,
    service_start: NaiveTime,
    service_seconds: i64,
    server: &'a str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Agent,
    Hang,
    Phantom,
}

/// Parses a line; `None` for a call that was not offered to the agents.
fn call(text: &str) -> Result<Option<Conversation>, String> {
    let columns = columns(text)?;
    let queued = columns.queue_seconds > 0;
    let offered = match columns.outcome {
        Outcome::Phantom => false,
        Outcome::Agent => true,
        Outcome::Hang => queued,
    };
    if offered { conversation(&columns, queued).map(Some) } else { Ok(None) }
}

fn conversation(columns: &Columns<'_>, queued: bool) -> Result<Conversation, String> {
    let asked_at = if queued { columns.queue_start } else { columns.service_start };
    let next_day = asked_at < columns.menu_entry;
    let day = if next_day { columns.date.succ_opt() } else { Some(columns.date) };
    let day = day.ok_or("date is the last there is")?;
    let opened = moment(columns.date, columns.menu_entry)?;
    let asked = moment(day, asked_at)?;
    let answered = asked + Span::from_secs(columns.queue_seconds.max(0));
    let key = name(&format!("{}-{}@{opened}", columns.line.trim(), columns.call), "vru+line")?;
    let buyer = match columns.customer.as_str() {
        "0" => name(&format!("anonymous-{key}"), "call_id")?,
        customer => customer.to_owned(),
    };
    Ok(Conversation {
        shop: String::new(),
        buyer,
        key,
        group: columns.kind.clone(),
        vip: columns.priority == VIP_PRIORITY,
        opened,
        happenings: happenings(columns, asked, answered)?,
        repairs: Repairs {
            next_day,
            negative_duration: columns.queue_seconds < 0 || columns.service_seconds < 0,
            repeated_key: false,
        },
    })
}

/// What followed the question. A caller who hung up although the log names somebody (they were called back, it
/// seems) was never answered, and is still that agent's.
fn happenings(
    columns: &Columns<'_>,
    asked: Timestamp,
    answered: Timestamp,
) -> Result<Vec<Happening>, String> {
    let agent = match columns.server.trim() {
        "" | NO_SERVER => None,
        server => Some(name(server, "server")?),
    };
    let mut happenings = vec![Happening { at: asked, what: What::Asked }];
    if let Some(agent) = &agent {
        happenings.push(Happening { at: answered, what: What::Assigned(agent.clone()) });
    }
    let abandoned = columns.outcome == Outcome::Hang;
    let service = if abandoned { 0 } else { columns.service_seconds.max(0) };
    if !abandoned {
        happenings.push(Happening { at: answered, what: What::Answered(agent) });
    }
    let closed = answered + Span::from_secs(service);
    happenings.push(Happening { at: closed, what: What::Closed { abandoned } });
    Ok(happenings)
}

fn columns(text: &str) -> Result<Columns<'_>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let parts: Vec<&str> = text.split('\t').take(COLUMNS + 1).collect();
    let &[
        line,
        call,
        customer,
        priority,
        kind,
        date,
        menu_entry,
        menu_exit,
        menu_time,
        queue_start,
        queue_exit,
        queue_time,
        outcome,
        service_start,
        service_exit,
        service_time,
        server,
    ] = parts.as_slice()
    else {
        let count = text.split('\t').count();
        return Err(format!("has {count} columns, expected {COLUMNS}"));
    };
    // Times that mean nothing here are still read: a line damaged anywhere is not to be trusted elsewhere.
    time(menu_exit, "vru_exit")?;
    time(queue_exit, "q_exit")?;
    time(service_exit, "ser_exit")?;
    number(menu_time, "vru_time")?;
    Ok(Columns {
        line,
        call: name(call, "call_id")?,
        // Kept as text: the log holds ids that a spreadsheet has rounded, such as 6.02E+11.
        customer: name(customer, "customer_id")?,
        priority: number(priority, "priority")?,
        kind: kind_name(kind)?,
        date: day(date)?,
        menu_entry: time(menu_entry, "vru_entry")?,
        queue_start: time(queue_start, "q_start")?,
        queue_seconds: duration(queue_time, "q_time")?,
        outcome: outcome_of(outcome)?,
        service_start: time(service_start, "ser_start")?,
        service_seconds: duration(service_time, "ser_time")?,
        server,
    })
}

fn kind_name(text: &str) -> Result<String, String> {
    /// Longest group name the contract takes.
    const MAX_GROUP_BYTES: usize = 64;
    let kind = name(text, "type")?;
    if kind.len() > MAX_GROUP_BYTES {
        return Err(format!("type is longer than {MAX_GROUP_BYTES} bytes"));
    }
    Ok(kind)
}

fn outcome_of(text: &str) -> Result<Outcome, String> {
    match text.trim() {
        "AGENT" => Ok(Outcome::Agent),
        "HANG" => Ok(Outcome::Hang),
        "PHANTOM" => Ok(Outcome::Phantom),
        other => Err(format!("outcome is {}, expected AGENT, HANG or PHANTOM", quoted(other))),
    }
}

fn number(text: &str, column: &str) -> Result<i64, String> {
    text.trim().parse().map_err(|_| format!("{column} is {}, expected a whole number", quoted(text)))
}

fn duration(text: &str, column: &str) -> Result<i64, String> {
    let seconds = number(text, column)?;
    if (-MAX_SECONDS..=MAX_SECONDS).contains(&seconds) {
        return Ok(seconds);
    }
    Err(format!("{column} is {seconds} seconds, more than a week"))
}

fn time(text: &str, column: &str) -> Result<NaiveTime, String> {
    let impossible = || format!("{column} is {}, expected a time of day H:MM:SS", quoted(text));
    let mut parts = text.trim().split(':').map(two_digits);
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(Some(hour)), Some(Some(minute)), Some(Some(second)), None) => {
            NaiveTime::from_hms_opt(hour, minute, second).ok_or_else(impossible)
        }
        _ => Err(impossible()),
    }
}

fn day(text: &str) -> Result<NaiveDate, String> {
    let impossible = || format!("date is {}, expected a day YYMMDD", quoted(text));
    let text = text.trim();
    if text.len() != 6 || !text.is_ascii() {
        return Err(impossible());
    }
    let part = |from: usize| two_digits(&text[from..from + 2]).ok_or_else(impossible);
    let short_year = i32::try_from(part(0)?).map_err(|_| impossible())?;
    let year = if short_year < 70 { 2_000 + short_year } else { 1_900 + short_year };
    NaiveDate::from_ymd_opt(year, part(2)?, part(4)?).ok_or_else(impossible)
}

fn two_digits(text: &str) -> Option<u32> {
    let digits = matches!(text.len(), 1 | 2) && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// The moment of a local time of day. Of two (the clock was put back) the first, and of none (it was put
/// forward) the one an hour later by the clock.
fn moment(date: NaiveDate, time: NaiveTime) -> Result<Timestamp, String> {
    let local = date.and_time(time);
    let zone = Format::AnonymousBank.zone();
    let found = zone.from_local_datetime(&local).earliest().or_else(|| {
        let later = local.checked_add_signed(chrono::TimeDelta::hours(1))?;
        zone.from_local_datetime(&later).earliest()
    });
    found
        .and_then(|found| Timestamp::from_micros(found.timestamp_micros()))
        .ok_or_else(|| format!("{local} is no time of {zone}"))
}

/// A short quotation of what was found.
fn quoted(text: &str) -> String {
    let mut short: String = text.chars().take(24).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}

#[cfg(test)]
mod tests;
