//! Chance without a generator: numbers that follow from what they are asked about, with integers only, so that every
//! machine and every engine draws the same.

/// Binary digits a logarithm is worked out to.
const DIGITS: u32 = 24;
/// ln 2 in units of 2⁻³².
const LN_2: u128 = 2_977_044_472;

/// A number that looks random and follows from these three: the finisher of SplitMix64 (Steele, Lea, Flood 2014) over
/// each in turn.
pub(super) fn mixed(seed: u64, agent: u128, nonce: u64) -> u64 {
    let low = (agent & u128::from(u64::MAX)) as u64;
    let high = (agent >> 64) as u64;
    [low, high, nonce].iter().fold(finish(seed), |mixed, part| finish(mixed ^ part))
}

const fn finish(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// The exponential distribution with this mean at a random number: −mean · ln((random + 1) ÷ 2⁶⁴). At least 1.
pub(super) fn exponential(random: u64, mean: u64) -> u64 {
    let lag = u128::from(minus_log2(random));
    let drawn = (lag * LN_2 * u128::from(mean)) >> (32 + DIGITS);
    u64::try_from(drawn).unwrap_or(u64::MAX).max(1)
}

/// −log₂((random + 1) ÷ 2⁶⁴) in units of 2⁻²⁴, digit by digit: squaring a number of [1, 2) doubles its logarithm, and
/// each time it passes 2 there is another binary digit.
fn minus_log2(random: u64) -> u64 {
    let Some(number) = random.checked_add(1) else { return 0 };
    let whole = number.ilog2();
    // The mantissa in units of 2⁻³².
    let mut mantissa = ((u128::from(number) << 32) >> whole) as u64;
    let mut digits = 0_u64;
    for _ in 0..DIGITS {
        mantissa = ((u128::from(mantissa) * u128::from(mantissa)) >> 32) as u64;
        digits <<= 1;
        if mantissa >> 33 != 0 {
            mantissa >>= 1;
            digits |= 1;
        }
    }
    (64 << DIGITS) - ((u64::from(whole) << DIGITS) | digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_those_of_floating_point() {
        for random in [0, 1, 2, 3, 1_000, 1 << 40, u64::MAX / 3, u64::MAX - 1] {
            let expected = 64.0 - (random as f64 + 1.0).log2();
            let got = minus_log2(random) as f64 / f64::from(1 << DIGITS);
            assert!((got - expected).abs() < 1e-6, "{random}: {got} is not {expected}");
        }
        assert_eq!(minus_log2(u64::MAX), 0);
    }

    /// The published sequence of SplitMix64 from 1234567: every machine draws the same.
    #[test]
    fn numbers_are_those_of_splitmix64() {
        let from =
            |step: u64| finish(1_234_567_u64.wrapping_add(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(step)));
        assert_eq!([0, 1].map(from), [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
        let (low, high, nonce) = (5, 9, 3);
        let mixed_by_hand = finish(finish(finish(finish(7) ^ low) ^ high) ^ nonce);
        assert_eq!(mixed(7, (u128::from(high) << 64) | u128::from(low), nonce), mixed_by_hand);
    }

    #[test]
    fn another_seed_agent_or_nonce_is_another_number() {
        let high = 1_u128 << 64;
        let known =
            [(7, 1, 0), (8, 1, 0), (7, 2, 0), (7, high, 0), (7, high + 1, 0), (7, 2 * high, 0), (7, 1, 1)];
        let mut drawn: Vec<_> =
            known.iter().map(|(seed, agent, nonce)| mixed(*seed, *agent, *nonce)).collect();
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn.len(), known.len());
    }

    #[test]
    fn draws_have_the_mean_and_the_spread_of_the_exponential_distribution() {
        let draws: Vec<f64> = (0..100_000).map(|n| exponential(mixed(7, 1, n), 1 << 20) as f64).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64 / f64::from(1 << 20);
        let beyond_two_means = draws.iter().filter(|draw| **draw > 2.0 * f64::from(1 << 20)).count();
        assert!((mean - 1.0).abs() < 0.015, "{mean}");
        let share = beyond_two_means as f64 / draws.len() as f64;
        assert!((share - (-2.0_f64).exp()).abs() < 0.005, "{share}");
    }
}
