//! Moments and spans, in microseconds.

use std::fmt;
use std::ops::{Add, Sub};

/// A moment in UTC: microseconds since 1970-01-01T00:00:00Z, between the years 0001 and 9999.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A length of time in microseconds; negative when it points backwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(i64);

impl Timestamp {
    /// 0001-01-01T00:00:00Z.
    pub const MIN: Self = Self(-62_135_596_800_000_000);
    /// 9999-12-31T23:59:59.999999Z.
    pub const MAX: Self = Self(253_402_300_799_999_999);

    /// The moment so many microseconds after 1970, or `None` outside the years 0001 to 9999.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Option<Self> {
        if micros >= Self::MIN.0 && micros <= Self::MAX.0 { Some(Self(micros)) } else { None }
    }

    /// The moment so many microseconds after 1970, moved to the nearest end when it lies outside the years
    /// 0001 to 9999.
    #[must_use]
    pub const fn from_micros_clamped(micros: i64) -> Self {
        if micros < Self::MIN.0 {
            Self::MIN
        } else if micros > Self::MAX.0 {
            Self::MAX
        } else {
            Self(micros)
        }
    }

    /// Microseconds since 1970.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The span from `earlier` to this moment; negative when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0 - earlier.0)
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// So many microseconds.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// So many milliseconds; saturates.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// So many seconds; saturates.
    #[must_use]
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// So many minutes; saturates.
    #[must_use]
    pub const fn from_mins(minutes: i64) -> Self {
        Self::from_secs(minutes.saturating_mul(60))
    }

    /// So many hours; saturates.
    #[must_use]
    pub const fn from_hours(hours: i64) -> Self {
        Self::from_mins(hours.saturating_mul(60))
    }

    /// Microseconds.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Seconds, with fractions; for people and statistics, never for comparing with a limit.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "spans of centuries still keep microseconds in 53 bits")]
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl Add<Span> for Timestamp {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self::from_micros_clamped(self.0.saturating_add(span.0))
    }
}

impl Sub<Span> for Timestamp {
    type Output = Self;
    fn sub(self, span: Span) -> Self {
        Self::from_micros_clamped(self.0.saturating_sub(span.0))
    }
}

impl Add for Span {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Span {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC, with as many fractional digits as it takes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match chrono::DateTime::from_timestamp_micros(self.0) {
            Some(time) => f.write_str(&time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)),
            None => write!(f, "{} µs", self.0),
        }
    }
}

impl fmt::Display for Span {
    /// For people: `95 s`, `3 min 20 s`, `2 h 5 min`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / 1_000_000;
        match seconds {
            0..=119 if self.0 % 1_000_000 != 0 && seconds < 10 => write!(f, "{:.1} s", self.seconds()),
            0..=119 => write!(f, "{seconds} s"),
            120..=7_199 if seconds % 60 == 0 => write!(f, "{} min", seconds / 60),
            120..=7_199 => write!(f, "{} min {} s", seconds / 60, seconds % 60),
            7_200.. => write!(f, "{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
            _ => write!(f, "-{}", Self(-self.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_outside_the_years_1_to_9999_is_none() {
        assert_eq!(Timestamp::from_micros(i64::MAX), None);
        assert_eq!(Timestamp::from_micros(i64::MIN), None);
        assert_eq!(Timestamp::from_micros(0).map(Timestamp::micros), Some(0));
    }

    #[test]
    fn adding_past_the_end_stays_at_the_end() {
        assert_eq!(Timestamp::MAX + Span::from_hours(1), Timestamp::MAX);
        assert_eq!(Timestamp::MIN - Span::from_hours(i64::MAX), Timestamp::MIN);
    }

    #[test]
    fn moments_and_spans_read_well() {
        assert_eq!(Timestamp::from_micros_clamped(1_500_000).to_string(), "1970-01-01T00:00:01.500Z");
        for (span, text) in [
            (Span::from_millis(1_500), "1.5 s"),
            (Span::from_secs(95), "95 s"),
            (Span::from_secs(200), "3 min 20 s"),
            (Span::from_mins(3), "3 min"),
            (Span::from_mins(125), "2 h 5 min"),
            (Span::from_secs(-5), "-5 s"),
        ] {
            assert_eq!(span.to_string(), text);
        }
    }
}
