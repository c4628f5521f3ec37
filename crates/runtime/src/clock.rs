//! The only place where time comes from.
//!
//! Everything that asks for the time or waits for a moment takes a [`SharedClock`]. In production that is the
//! [`SystemClock`]; simulations, replays and tests hand in a [`VirtualClock`] and move it themselves, so that a
//! day passes in a second and two runs see the same moments in the same order.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fenliu_domain::time::{Span, Timestamp};
use futures::future::BoxFuture;

pub use self::virtual_clock::VirtualClock;

mod virtual_clock;

pub(crate) use self::virtual_clock::followed;

/// The longest a [`SystemClock`] sleeps before it looks at the wall clock again, so that a step of the wall
/// clock, forth or back, delays nobody by more than this.
const LONGEST_NAP: Duration = Duration::from_secs(1);

/// Something that knows what time it is and can wait for a moment.
pub trait Clock: Send + Sync + fmt::Debug {
    /// This moment.
    fn now(&self) -> Timestamp;

    /// Waits until the clock shows `moment` or later; at once when it already does. A wall clock that is set back
    /// meanwhile prolongs no wait: that ends when so much time has passed as was left when it began. Dropping the
    /// future gives the wait up.
    fn sleep_until(&self, moment: Timestamp) -> BoxFuture<'_, ()>;
}

/// The clock that everybody in a process shares.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's wall clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl SystemClock {
    /// The wall clock, ready to be shared.
    #[must_use]
    pub fn shared() -> SharedClock {
        Arc::new(Self)
    }
}

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where the wall clock enters; everyone else is handed it"
    )]
    fn now(&self) -> Timestamp {
        let micros = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_micros()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |micros| -micros),
        };
        Timestamp::from_micros_clamped(micros)
    }

    fn sleep_until(&self, moment: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(wait(moment, || self.now()))
    }
}

/// Waits until a clock shows a moment, or, where it has been set back, until as much time has passed by the machine's
/// monotonic clock.
async fn wait(moment: Timestamp, now: impl Fn() -> Timestamp) {
    let left = || duration(moment.since(now()));
    // The two clocks do not run quite alike, so what is less than a nap is no step.
    let most = left() + LONGEST_NAP;
    let began = tokio::time::Instant::now();
    loop {
        let left = left().min(most.saturating_sub(began.elapsed()));
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(LONGEST_NAP)).await;
    }
}

/// The span as the standard library's duration; nothing when it points backwards.
#[must_use]
pub fn duration(span: Span) -> Duration {
    Duration::from_micros(u64::try_from(span.micros()).unwrap_or(0))
}

/// The standard library's duration as a span; saturates.
#[must_use]
pub fn span(duration: Duration) -> Span {
    Span::from_micros(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_shows_this_century() {
        let start_of_2020 = Timestamp::from_micros_clamped(1_577_836_800_000_000);
        assert!(SystemClock.now() > start_of_2020);
    }

    #[tokio::test]
    async fn a_moment_already_past_is_not_waited_for() {
        SystemClock.sleep_until(SystemClock.now() - Span::from_hours(1)).await;
    }

    #[tokio::test]
    async fn the_system_clock_never_wakes_early() {
        let moment = SystemClock.now() + Span::from_millis(3);
        SystemClock.sleep_until(moment).await;
        assert!(SystemClock.now() >= moment);
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_steps_keeps_nobody_waiting() {
        let began = tokio::time::Instant::now();
        let passed = |since: tokio::time::Instant| span(since.elapsed());
        for step in [Span::from_hours(-1), Span::from_hours(1)] {
            let since = tokio::time::Instant::now();
            let moment = Timestamp::default() + passed(began) + Span::from_secs(10);
            let now = || {
                let stepped = if passed(since) > Span::from_secs(3) { step } else { Span::ZERO };
                Timestamp::default() + passed(began) + stepped
            };
            wait(moment, now).await;
            assert!(
                since.elapsed() <= Duration::from_secs(10) + LONGEST_NAP,
                "{step}: {:?}",
                since.elapsed()
            );
        }
    }

    #[test]
    fn a_backward_span_is_no_duration() {
        assert_eq!(duration(Span::from_secs(-1)), Duration::ZERO);
        assert_eq!(span(duration(Span::from_millis(1_500))), Span::from_millis(1_500));
    }
}
