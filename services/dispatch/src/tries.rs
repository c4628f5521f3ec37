//! How often somebody who was lost is tried again.

use fenliu_domain::problem::{Kind, Problem};
use fenliu_domain::time::Span;

/// Longest pause between two tries, as a multiple of the first.
const MAX_BACK_OFF: i64 = 20;

/// Tries to follow somebody: ever less often, until one gets on.
#[derive(Debug)]
pub(crate) struct Tries {
    /// After the first.
    pause: Span,
    failed: i64,
}

impl Tries {
    pub(crate) const fn new(pause: Span) -> Self {
        Self { pause, failed: 0 }
    }

    /// Notes the end of a try, which `got_on` or did not. Whether it is to be told: the first is, and those that come when the
    /// pause has become the longest.
    pub(crate) fn ended(&mut self, got_on: bool) -> bool {
        self.failed = if got_on { 1 } else { (self.failed + 1).min(MAX_BACK_OFF) };
        self.failed == 1 || self.failed == MAX_BACK_OFF
    }

    /// How long to wait before the next.
    pub(crate) const fn pause(&self) -> Span {
        Span::from_micros(self.pause.micros() * self.failed)
    }
}

/// Whether a refusal may pass by itself.
pub(crate) const fn may_pass(problem: &Problem) -> bool {
    matches!(problem.reason.kind(), Kind::Unavailable | Kind::Exhausted | Kind::Deadline | Kind::Internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_until_a_try_gets_on_and_the_log_is_spared() {
        let mut tries = Tries::new(Span::from_secs(1));
        let told: Vec<_> = (0..30).filter(|_| tries.ended(false)).collect();
        assert_eq!(told, [&[0][..], &(19..30).collect::<Vec<_>>()].concat());
        assert_eq!(tries.pause(), Span::from_secs(20));
        assert!(tries.ended(true));
        assert_eq!(tries.pause(), Span::from_secs(1));
    }
}
