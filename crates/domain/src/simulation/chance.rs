//! Seeded chance: the same seed, purpose and number give the same draws, whoever else draws what.
//!
//! The generator is `SplitMix64` (Steele, Lea and Flood, *Fast splittable pseudorandom number generators*, OOPSLA 2014),
//! written out because a seed's meaning must not change with a library's version and the domain depends on none.

/// The step between states: 2⁶⁴ ÷ the golden ratio, odd.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// What draws are for. Each purpose has streams of its own, so that one that draws more does not move the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// When buyers come.
    Arrivals,
    /// Whom a buyer comes for.
    Kind,
    /// How many messages a buyer sends.
    Messages,
    /// How long answers take.
    Handling,
    /// How long a buyer thinks.
    Think,
    /// How long a buyer waits.
    Patience,
}

/// A stream of draws.
#[derive(Clone, Debug)]
pub(super) struct Chance {
    state: u64,
}

/// `SplitMix64`'s output function: neighbouring states give unrelated numbers.
const fn mixed(state: u64) -> u64 {
    let a = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let b = (a ^ (a >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    b ^ (b >> 31)
}

impl Chance {
    /// The stream of a seed for one purpose of one buyer, by their number.
    pub(super) const fn new(seed: u64, purpose: Purpose, buyer: u64) -> Self {
        let of_purpose = mixed(seed.wrapping_add(STEP.wrapping_mul(1 + purpose as u64)));
        Self { state: mixed(of_purpose.wrapping_add(STEP.wrapping_mul(1 + buyer))) }
    }

    const fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        mixed(self.state)
    }

    /// A number from 0 up to, but without, 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exactly what a double holds")]
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// An exponentially distributed number with this mean, by inversion.
    pub(super) fn exponential(&mut self, mean: f64) -> f64 {
        // 1 − unit lies above 0, so the logarithm is finite.
        -mean * (1.0 - self.unit()).ln()
    }

    /// A whole number from 1, geometrically distributed with this mean, by inversion; 1 when the mean is at most 1.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "casts saturate; it is not negative"
    )]
    pub(super) fn geometric(&mut self, mean: f64) -> u32 {
        let draw = (1.0 - self.unit()).ln();
        if mean <= 1.0 {
            return 1;
        }
        let goes_on = (1.0 - 1.0 / mean).ln();
        ((draw / goes_on) as u32).saturating_add(1)
    }

    /// A lognormally distributed number with this mean and this coefficient of variation (deviation ÷ mean): the
    /// exponential of a normal number of variance σ² = ln(1 + cv²) and mean ln(mean) − σ²/2.
    pub(super) fn lognormal(&mut self, mean: f64, variation: f64) -> f64 {
        let variance = variation.mul_add(variation, 1.0).ln();
        mean * variance.sqrt().mul_add(self.normal(), -variance / 2.0).exp()
    }

    /// A normally distributed number with mean 0 and deviation 1 (Box and Muller 1958; the second of the pair is not
    /// used, so that every draw costs two units).
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWS: u32 = 200_000;

    fn moments(draw: impl Fn(&mut Chance) -> f64) -> (f64, f64) {
        let mut chance = Chance::new(1, Purpose::Handling, 0);
        let draws: Vec<f64> = (0..DRAWS).map(|_| draw(&mut chance)).collect();
        let mean = draws.iter().sum::<f64>() / f64::from(DRAWS);
        let variance = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / f64::from(DRAWS);
        (mean, variance.sqrt())
    }

    fn check((mean, deviation): (f64, f64), expected: (f64, f64)) {
        assert!((mean / expected.0 - 1.0).abs() < 0.02, "mean {mean}, not {}", expected.0);
        assert!((deviation / expected.1 - 1.0).abs() < 0.03, "deviation {deviation}, not {}", expected.1);
    }

    #[test]
    fn the_generator_is_the_published_one() {
        let mut chance = Chance { state: 1_234_567 };
        assert_eq!(
            [chance.next(), chance.next(), chance.next()],
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn purposes_and_buyers_do_not_share_their_draws() {
        let first = |seed, purpose, buyer| Chance::new(seed, purpose, buyer).next();
        let draws = [
            first(1, Purpose::Handling, 0),
            first(1, Purpose::Handling, 1),
            first(1, Purpose::Think, 0),
            first(2, Purpose::Handling, 0),
        ];
        let distinct: std::collections::BTreeSet<_> = draws.iter().collect();
        assert_eq!(distinct.len(), draws.len());
    }

    #[test]
    fn draws_have_the_mean_and_the_deviation_they_were_asked_for() {
        check(moments(|chance| chance.exponential(30.0)), (30.0, 30.0));
        check(moments(|chance| chance.lognormal(30.0, 0.5)), (30.0, 15.0));
        // A geometric number from 1 with mean m has variance m (m − 1).
        check(moments(|chance| f64::from(chance.geometric(6.0))), (6.0, 30.0_f64.sqrt()));
    }

    #[test]
    fn whoever_sends_one_message_on_average_sends_one() {
        let mut chance = Chance::new(1, Purpose::Messages, 0);
        assert!((0..1_000).all(|_| chance.geometric(1.0) == 1));
    }
}
