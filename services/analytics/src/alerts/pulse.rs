//! How old what is known is.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fenliu_domain::time::{Span, Timestamp};

/// How far the follower is behind. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Pulse(Arc<Mutex<Beat>>);

#[derive(Debug)]
struct Beat {
    /// Whether all that exists is known, as far as the stream that is open says.
    caught_up: bool,
    /// Up to when everything is known otherwise.
    as_of: Timestamp,
}

impl Pulse {
    /// Nothing is known of anything after this moment, nor will be until the history has been caught up with.
    pub(crate) fn new(as_of: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(Beat { caught_up: false, as_of })))
    }

    /// All that exists is known.
    pub(crate) fn caught_up(&self) {
        self.beat().caught_up = true;
    }

    /// There is more than what was recorded at this moment.
    pub(crate) fn at(&self, recorded: Option<Timestamp>) {
        let mut beat = self.beat();
        beat.caught_up = false;
        beat.as_of = recorded.unwrap_or(beat.as_of);
    }

    /// Nobody tells of what happens from this moment on.
    pub(crate) fn lost(&self, now: Timestamp) {
        let mut beat = self.beat();
        beat.as_of = if beat.caught_up { now } else { beat.as_of };
        beat.caught_up = false;
    }

    /// How old what is known is.
    pub(crate) fn behind(&self, now: Timestamp) -> Span {
        let beat = self.beat();
        if beat.caught_up { Span::ZERO } else { now.since(beat.as_of).max(Span::ZERO) }
    }

    fn beat(&self) -> MutexGuard<'_, Beat> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ages_while_nobody_tells_and_not_while_there_is_nothing_to_tell() {
        let at = |seconds| Timestamp::default() + Span::from_secs(seconds);
        let pulse = Pulse::new(at(-31));
        assert_eq!(pulse.behind(at(0)), Span::from_secs(31));
        pulse.at(Some(at(-100)));
        assert_eq!(pulse.behind(at(1)), Span::from_secs(101));
        pulse.caught_up();
        assert_eq!(pulse.behind(at(500)), Span::ZERO);
        pulse.lost(at(500));
        assert_eq!(pulse.behind(at(520)), Span::from_secs(20));
        pulse.lost(at(530));
        assert_eq!(pulse.behind(at(540)), Span::from_secs(40), "it was lost before");
    }
}
