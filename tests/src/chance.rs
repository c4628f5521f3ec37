//! Seeded chance: a story that fails can be told again with the seed it printed.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};

/// The variable that gives a story its seed.
pub const SEED_VARIABLE: &str = "FENLIU_SEED";

/// The seed to use: that of `FENLIU_SEED`, else 1.
///
/// # Panics
/// When the variable holds no number.
#[must_use]
pub fn seed() -> u64 {
    match std::env::var(SEED_VARIABLE) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{SEED_VARIABLE} must be a number, not {text:?}")),
        Err(_) => 1,
    }
}

/// Tells a story with the seed of [`seed`], which is printed first.
///
/// # Panics
/// When the story ends in an error; the words name the seed.
pub async fn tell<S: Future<Output = anyhow::Result<()>>>(story: impl FnOnce(u64) -> S) {
    let seed = seed();
    println!("{SEED_VARIABLE}={seed}");
    if let Err(error) = story(seed).await {
        panic!("with {SEED_VARIABLE}={seed}: {error:?}");
    }
}

/// A source of draws.
#[derive(Clone, Debug)]
pub struct Chance(Xoshiro256PlusPlus);

impl Chance {
    /// The source of this seed for one purpose, such as the number of a caller.
    #[must_use]
    pub fn new(seed: u64, purpose: u64) -> Self {
        /// Spreads neighbouring purposes over all 64 bits (Weyl's constant, 2^64 ÷ the golden ratio).
        const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
        Self(Xoshiro256PlusPlus::seed_from_u64(seed ^ purpose.wrapping_add(1).wrapping_mul(SPREAD)))
    }

    /// A whole number below `count`; 0 when there is nothing to choose from.
    pub fn below(&mut self, count: usize) -> usize {
        let product = u128::from(self.0.next_u64()) * (count as u128);
        usize::try_from(product >> 64).unwrap_or(0)
    }

    /// One of these, or `None` when there is none.
    pub fn of<'a, T>(&mut self, things: &'a [T]) -> Option<&'a T> {
        things.get(self.below(things.len()))
    }
}
