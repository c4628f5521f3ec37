//! How many sign-ins may fail, and how long the next one has to wait then.
//!
//! Attempts are counted per login name, whether somebody has it or not, and per source. An attempt that has to wait is
//! not counted: whoever keeps trying does not make the wait any longer for whom the name belongs to.

use fenliu_domain::login_name::LoginName;
use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::time::{Span, Timestamp};
use sha2::{Digest, Sha256};

use super::Source;

#[cfg(test)]
mod tests;

/// The first wait.
const FIRST_WAIT: Span = Span::from_secs(1);
/// The longest wait.
const LONGEST_WAIT: Span = Span::from_mins(15);

/// How one kind of key is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    /// So many failures cost no wait; with the last of them the waits begin.
    free: u32,
    /// Failures are forgotten when none has come for so long.
    memory: Span,
}

/// Failures for one login name.
const PER_NAME: Rule = Rule { free: 5, memory: Span::from_hours(24) };
/// Failures from one source.
const PER_SOURCE: Rule = Rule { free: 100, memory: Span::from_mins(15) };

/// How long anything is remembered; older tallies can be deleted.
pub(super) const REMEMBERED: Span = PER_NAME.memory;

/// What one attempt is counted under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Counted {
    /// The kind, and the SHA-256 of the name or the source.
    pub(crate) key: String,
    pub(crate) rule: Rule,
}

/// What was counted under one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) failures: u32,
    /// When the latest was.
    pub(crate) last: Timestamp,
    /// No attempt is looked at before.
    pub(crate) blocked_until: Timestamp,
}

impl Default for Tally {
    fn default() -> Self {
        Self { failures: 0, last: Timestamp::MIN, blocked_until: Timestamp::MIN }
    }
}

impl Counted {
    /// An attempt for this name. A text that is no name is counted as it is.
    pub(super) fn for_name(given: &str) -> Self {
        let name = LoginName::parse(given);
        let key = name.as_ref().map_or(given, |name| name.key());
        Self { key: format!("name:{}", hashed(key)), rule: PER_NAME }
    }

    /// An attempt from this source.
    pub(super) fn from_source(source: &Source) -> Self {
        Self { key: format!("source:{}", hashed(&source.network())), rule: PER_SOURCE }
    }
}

impl Tally {
    /// The tally after one more attempt, as if it had failed: one that succeeds is [`forgiven`](Tally::forgiven).
    ///
    /// # Errors
    /// TOO_MANY_ATTEMPTS with how long to wait, when this one is not looked at.
    pub(crate) fn attempt(self, rule: Rule, now: Timestamp) -> Result<Self, Problem> {
        if self.blocked_until > now {
            return Err(too_many(self.blocked_until.since(now)));
        }
        let before = if now.since(self.last) > rule.memory { 0 } else { self.failures };
        let failures = before.saturating_add(1);
        let wait = wait_after(failures, rule.free);
        // Who need not wait is not blocked at all: not even for those who looked at the clock a moment before.
        let blocked_until = if wait > Span::ZERO { now + wait } else { Timestamp::MIN };
        Ok(Self { failures, last: now, blocked_until })
    }

    /// The tally when its latest attempt has succeeded: for a name nothing is left, for a source all that failed.
    pub(crate) fn forgiven(self, rule: Rule) -> Self {
        if rule == PER_NAME {
            return Self { last: self.last, ..Self::default() };
        }
        let failures = self.failures.saturating_sub(1);
        let blocked_until = if failures < rule.free { Timestamp::MIN } else { self.blocked_until };
        Self { failures, blocked_until, ..self }
    }
}

/// How long the next attempt waits after so many failures: not at all after fewer than the free ones, then twice as
/// long after each.
pub(crate) fn wait_after(failures: u32, free: u32) -> Span {
    let Some(beyond) = failures.checked_sub(free) else { return Span::ZERO };
    let factor = 1_i64.checked_shl(beyond).filter(|factor| *factor > 0).unwrap_or(i64::MAX);
    let micros = FIRST_WAIT.micros().saturating_mul(factor);
    Span::from_micros(micros.min(LONGEST_WAIT.micros()))
}

fn too_many(wait: Span) -> Problem {
    let words = "too many sign-ins have failed; wait before the next one";
    Problem::new(Reason::TooManyAttempts, words).retry_after(wait)
}

fn hashed(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}
