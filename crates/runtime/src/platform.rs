//! What every service is handed at its start: time, ids, the end of the process, page tokens, the trust in callers.

use std::sync::Arc;

use crate::auth::Authenticator;
use crate::clock::{SharedClock, SystemClock, VirtualClock};
use crate::ids::IdSource;
use crate::lifecycle::Lifecycle;
use crate::page::PageTokens;

/// The surroundings of a service. A service reads no clock, no entropy and no signal but through these.
#[derive(Clone, Debug)]
pub struct Platform {
    /// What time it is.
    pub clock: SharedClock,
    /// New ids.
    pub ids: IdSource,
    /// When to stop, and where background tasks are spawned.
    pub lifecycle: Lifecycle,
    /// Makes and reads page tokens.
    pub page_tokens: PageTokens,
    /// Verifies callers' tokens. It trusts nobody until a service feeds it with the keys of accounts.
    pub auth: Authenticator,
}

impl Platform {
    /// The real thing: the wall clock, ids nobody can guess, and a page token key of this process's own (tokens
    /// do not outlive it; for those that shall, and for replicas that must read each other's, there is
    /// [`with_page_tokens`](Platform::with_page_tokens)).
    #[must_use]
    pub fn system(lifecycle: Lifecycle) -> Self {
        let clock = SystemClock::shared();
        let ids = IdSource::system(clock.clone());
        Self::new(clock, ids, lifecycle)
    }

    /// A world that repeats itself: everything follows from the clock that the caller moves and from `seed`.
    #[must_use]
    pub fn simulated(clock: &VirtualClock, seed: u64, lifecycle: Lifecycle) -> Self {
        let clock: SharedClock = Arc::new(clock.clone());
        let ids = IdSource::seeded(clock.clone(), seed);
        Self::new(clock, ids, lifecycle)
    }

    fn new(clock: SharedClock, ids: IdSource, lifecycle: Lifecycle) -> Self {
        let auth = Authenticator::new(clock.clone());
        Self { page_tokens: PageTokens::new(ids.next_key()), auth, clock, ids, lifecycle }
    }

    /// The same with these page tokens.
    #[must_use]
    pub fn with_page_tokens(mut self, page_tokens: PageTokens) -> Self {
        self.page_tokens = page_tokens;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fenliu_domain::time::Timestamp;

    #[test]
    fn the_same_seed_makes_the_same_world() {
        let world = || {
            let clock = VirtualClock::new(Timestamp::from_micros_clamped(0));
            let platform = Platform::simulated(&clock, 42, Lifecycle::new());
            (platform.ids.next_bits(), platform.page_tokens.seal(b"s", b"c"))
        };
        assert_eq!(world(), world());
    }
}
