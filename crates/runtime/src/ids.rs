//! Where new ids come from: the bits of a UUIDv7, made of the clock's time and a generator that is handed in.
//!
//! A source never repeats itself and never goes back: its ids are strictly increasing as numbers, and so as
//! text, even when several fall into one millisecond or the clock steps back. The same seed and the same clock
//! give the same ids.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rand::rngs::{StdRng, SysRng};
use rand::{Rng, SeedableRng};

use crate::clock::SharedClock;

/// Bits of the millisecond in a UUIDv7.
const TIME_BITS: u32 = 48;
/// Bits after the millisecond that are ours: 12 before the variant, 62 after it.
const TAIL_BITS: u32 = 74;
/// The highest tail.
const TAIL_MAX: u128 = (1 << TAIL_BITS) - 1;
/// A fresh tail leaves its top bit free, so that counting on from it has room.
const FRESH_TAIL_MAX: u128 = TAIL_MAX >> 1;

/// Makes ids. Clones share one sequence.
#[derive(Clone)]
pub struct IdSource {
    clock: SharedClock,
    sequence: Arc<Mutex<Sequence>>,
}

struct Sequence {
    rng: StdRng,
    millis: u64,
    tail: u128,
}

impl IdSource {
    /// A source that nobody can guess, seeded by the operating system.
    #[must_use]
    pub fn system(clock: SharedClock) -> Self {
        Self::from_rng(clock, system_rng())
    }

    /// A source that gives the same ids for the same seed and the same times; for simulations and tests.
    #[must_use]
    pub fn seeded(clock: SharedClock, seed: u64) -> Self {
        Self::from_rng(clock, StdRng::seed_from_u64(seed))
    }

    fn from_rng(clock: SharedClock, rng: StdRng) -> Self {
        Self { clock, sequence: Arc::new(Mutex::new(Sequence { rng, millis: 0, tail: TAIL_MAX })) }
    }

    /// The 128 bits of a new UUIDv7 (RFC 9562), greater than every one before from this source. Its time is the
    /// clock's, or the last one's when the clock has stepped back; times before 1970 count as 1970.
    #[must_use]
    pub fn next_bits(&self) -> u128 {
        let now = u64::try_from(self.clock.now().micros() / 1_000).unwrap_or(0);
        let mut sequence = self.sequence.lock().unwrap_or_else(PoisonError::into_inner);
        sequence.step(now);
        layout(sequence.millis, sequence.tail)
    }

    /// 256 unguessable bits (of a system source), for a key that lives as long as the process.
    #[must_use]
    pub fn next_key(&self) -> [u8; 32] {
        let mut key = [0; 32];
        self.sequence.lock().unwrap_or_else(PoisonError::into_inner).rng.fill_bytes(&mut key);
        key
    }

    /// A request id for a caller that sent none: `req_` and 32 hexadecimal digits.
    #[must_use]
    pub fn next_request_id(&self) -> String {
        format!("req_{:032x}", self.next_bits())
    }
}

impl Sequence {
    /// Moves on: to a new millisecond with a fresh tail, or further in this one by a random step, so that
    /// neighbouring ids cannot be guessed from each other.
    fn step(&mut self, now: u64) {
        if now > self.millis {
            (self.millis, self.tail) = (now, self.fresh_tail());
            return;
        }
        self.tail += 1 + u128::from(self.rng.next_u32());
        if self.tail > TAIL_MAX {
            (self.millis, self.tail) = (self.millis + 1, self.fresh_tail());
        }
    }

    fn fresh_tail(&mut self) -> u128 {
        (u128::from(self.rng.next_u64()) << 64 | u128::from(self.rng.next_u64())) & FRESH_TAIL_MAX
    }
}

/// Lays millisecond and tail out around version 7 and the RFC's variant.
const fn layout(millis: u64, tail: u128) -> u128 {
    let millis = (millis as u128) & ((1 << TIME_BITS) - 1);
    let (high, low) = (tail >> 62, tail & ((1 << 62) - 1));
    millis << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low
}

#[expect(
    clippy::expect_used,
    reason = "without the system's entropy nothing that must be secret can be made"
)]
fn system_rng() -> StdRng {
    StdRng::try_from_rng(&mut SysRng).expect("the operating system gives random bytes")
}

impl fmt::Debug for IdSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdSource").field("clock", &self.clock).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, VirtualClock};
    use fenliu_domain::time::{Span, Timestamp};

    fn noon() -> VirtualClock {
        VirtualClock::new(Timestamp::from_micros_clamped(1_700_000_000_000_000))
    }

    #[test]
    fn an_id_is_a_version_7_uuid_of_the_clocks_millisecond() {
        let bits = IdSource::seeded(Arc::new(noon()), 1).next_bits();
        assert_eq!(bits >> 80, 1_700_000_000_000);
        assert_eq!(bits >> 76 & 0xf, 7);
        assert_eq!(bits >> 62 & 0b11, 0b10);
    }

    #[test]
    fn ids_only_grow_within_a_millisecond() {
        let source = IdSource::seeded(Arc::new(noon()), 7);
        let ids: Vec<_> = (0..10_000).map(|_| source.next_bits()).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
    }

    /// A clock that runs backwards by a second at every look.
    #[derive(Debug)]
    struct Backwards(Mutex<Timestamp>);

    impl Clock for Backwards {
        fn now(&self) -> Timestamp {
            let mut now = self.0.lock().unwrap();
            *now = *now - Span::from_secs(1);
            *now
        }

        fn sleep_until(&self, _: Timestamp) -> futures::future::BoxFuture<'_, ()> {
            Box::pin(std::future::ready(()))
        }
    }

    #[test]
    fn ids_grow_although_the_clock_steps_back() {
        let source = IdSource::seeded(Arc::new(Backwards(Mutex::new(noon().now()))), 7);
        let ids: Vec<_> = (0..100).map(|_| source.next_bits()).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn a_full_millisecond_spills_into_the_next() {
        let mut sequence = Sequence { rng: StdRng::seed_from_u64(1), millis: 5, tail: TAIL_MAX };
        sequence.step(5);
        assert_eq!(sequence.millis, 6);
        assert!(sequence.tail <= FRESH_TAIL_MAX);
    }

    #[test]
    fn the_same_seed_gives_the_same_ids_and_another_seed_others() {
        let ids = |seed| {
            let source = IdSource::seeded(Arc::new(noon()), seed);
            (0..5).map(|_| source.next_bits()).collect::<Vec<_>>()
        };
        assert_eq!(ids(3), ids(3));
        assert_ne!(ids(3), ids(4));
    }

    #[test]
    fn system_sources_differ() {
        let clock: SharedClock = Arc::new(noon());
        let sources = [IdSource::system(clock.clone()), IdSource::system(clock)];
        assert_ne!(sources[0].next_key(), sources[1].next_key());
    }

    #[test]
    fn a_request_id_fits_its_bound() {
        let id = IdSource::seeded(Arc::new(noon()), 1).next_request_id();
        assert_eq!(id.len(), 36);
        assert!(id.starts_with("req_"));
    }
}
