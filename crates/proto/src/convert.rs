//! Small things in and out: times, spans and ids, with errors that name the field.

use std::fmt::Display;
use std::str::FromStr;

use fenliu_domain::problem::Problem;
use fenliu_domain::time::{Span, Timestamp};

const MICROS: i64 = 1_000_000;
const NANOS_PER_MICRO: i32 = 1_000;

/// Parses a time; anything finer than a microsecond is cut off.
///
/// # Errors
/// INVALID_REQUEST when it lies outside the years 0001 to 9999 or its nanos outside 0 to 999,999,999.
pub fn timestamp(value: &prost_types::Timestamp, field: &str) -> Result<Timestamp, Problem> {
    let expected = || Problem::field(field, "must be a time between the years 0001 and 9999");
    if !(0..1_000_000_000).contains(&value.nanos) {
        let found = value.nanos;
        let expected = format!("must have nanos between 0 and 999999999, has {found}; times before 1970 too");
        return Err(Problem::field(field, expected));
    }
    value
        .seconds
        .checked_mul(MICROS)
        .and_then(|micros| micros.checked_add(i64::from(value.nanos / NANOS_PER_MICRO)))
        .and_then(Timestamp::from_micros)
        .ok_or_else(expected)
}

/// Renders a time.
#[must_use]
pub fn to_timestamp(value: Timestamp) -> prost_types::Timestamp {
    let micros = value.micros();
    prost_types::Timestamp {
        seconds: micros.div_euclid(MICROS),
        nanos: below_a_second(micros.rem_euclid(MICROS)),
    }
}

/// Parses a span; anything finer than a microsecond is cut off.
///
/// # Errors
/// INVALID_REQUEST when its parts have different signs or it is longer than 10,000 years.
pub fn span(value: &prost_types::Duration, field: &str) -> Result<Span, Problem> {
    const MAX_SECONDS: i64 = 315_576_000_000;
    let mixed = (value.seconds > 0 && value.nanos < 0) || (value.seconds < 0 && value.nanos > 0);
    if mixed
        || value.nanos.abs() >= 1_000_000_000
        || value.seconds.unsigned_abs() > MAX_SECONDS.unsigned_abs()
    {
        return Err(Problem::field(
            field,
            "must be a duration of at most 10,000 years with parts of one sign",
        ));
    }
    Ok(Span::from_micros(value.seconds * MICROS + i64::from(value.nanos / NANOS_PER_MICRO)))
}

/// Renders a span.
#[must_use]
pub fn to_span(value: Span) -> prost_types::Duration {
    let micros = value.micros();
    prost_types::Duration { seconds: micros / MICROS, nanos: below_a_second(micros % MICROS) }
}

fn below_a_second(micros: i64) -> i32 {
    i32::try_from(micros).map_or(0, |micros| micros * NANOS_PER_MICRO)
}

/// Parses an id of ours.
///
/// # Errors
/// INVALID_REQUEST naming the field and the form expected.
pub fn id<T: FromStr<Err: Display>>(text: &str, field: &str) -> Result<T, Problem> {
    text.parse().map_err(|error: T::Err| Problem::field(field, error.to_string()))
}

/// Parses an id of ours that may be left empty.
///
/// # Errors
/// As [`id`].
pub fn optional_id<T: FromStr<Err: Display>>(text: &str, field: &str) -> Result<Option<T>, Problem> {
    if text.is_empty() { Ok(None) } else { id(text, field).map(Some) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_survive_the_wire_before_and_after_1970() {
        for micros in [-1, 0, 1, 1_538_293_020_000_000, -62_135_596_800_000_000] {
            let time = Timestamp::from_micros(micros).expect("in range");
            assert_eq!(timestamp(&to_timestamp(time), "t"), Ok(time));
        }
    }

    #[test]
    fn impossible_times_are_refused_by_name() {
        for (seconds, nanos) in
            [(i64::MAX, 0), (i64::MIN, 0), (0, -1), (0, 1_000_000_000), (253_402_300_800, 0)]
        {
            let problem =
                timestamp(&prost_types::Timestamp { seconds, nanos }, "occurred_time").expect_err("bad");
            assert_eq!(problem.violations[0].field, "occurred_time");
            let nanos_are_wrong = !(0..1_000_000_000).contains(&nanos);
            let said = &problem.violations[0].expected;
            assert_eq!(said.contains(&format!("has {nanos};")), nanos_are_wrong, "{said}");
            assert_eq!(said.contains("years"), !nanos_are_wrong, "{said}");
        }
    }

    #[test]
    fn spans_of_two_signs_are_refused() {
        assert!(span(&prost_types::Duration { seconds: 1, nanos: -1 }, "d").is_err());
        assert_eq!(span(&to_span(Span::from_millis(-1_500)), "d"), Ok(Span::from_millis(-1_500)));
    }
}
