//! Seeded chance: the same seed gives the same draws, on every machine and at every run.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};

/// A source of draws. The generator is named, so that another version of a library cannot change what a seed means.
#[derive(Clone, Debug)]
pub struct Chance(Xoshiro256PlusPlus);

impl Chance {
    /// The source of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// A source of its own for one purpose, so that more draws for one purpose do not change those for another.
    #[must_use]
    pub fn for_purpose(seed: u64, purpose: u64) -> Self {
        /// Spreads neighbouring purposes over all 64 bits (Weyl's constant, 2^64 ÷ the golden ratio).
        const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
        Self::new(seed ^ purpose.wrapping_add(1).wrapping_mul(SPREAD))
    }

    /// A number from 0 up to, but without, 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exactly what a double holds")]
    pub fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// True with this probability.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A whole number below `count`; 0 when there is nothing to choose from. The bias of this way (multiply and
    /// shift) is below 2^-32 for the counts in use.
    pub fn below(&mut self, count: usize) -> usize {
        let product = u128::from(self.0.next_u64()) * (count as u128);
        usize::try_from(product >> 64).unwrap_or(0)
    }

    /// An exponentially distributed number with this mean.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        // 1 − unit lies above 0, so the logarithm is finite.
        -mean * (1.0 - self.unit()).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_means_the_same_for_ever() {
        let mut chance = Chance::new(7);
        let draws: Vec<usize> = (0..6).map(|_| chance.below(1_000)).collect();
        assert_eq!(draws, [55, 172, 717, 427, 963, 465]);
    }

    #[test]
    fn purposes_do_not_share_their_draws() {
        assert_ne!(Chance::for_purpose(1, 0).below(1 << 30), Chance::for_purpose(1, 1).below(1 << 30));
    }

    #[test]
    fn draws_have_the_mean_they_were_asked_for() {
        let mut chance = Chance::new(1);
        let mean = (0..20_000).map(|_| chance.exponential(30.0)).sum::<f64>() / 20_000.0;
        assert!((mean - 30.0).abs() < 1.0, "{mean}");
        assert!((0..1_000).all(|_| chance.below(3) < 3));
        assert_eq!(chance.below(0), 0);
    }
}
