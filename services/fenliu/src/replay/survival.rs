//! How long people are willing to wait, from a log in which most were answered before they lost patience.
//!
//! The product-limit estimate of Kaplan and Meier (1958): those who were answered after a wait tell only that their
//! patience was longer, and leave the group at risk at that wait without counting as having lost it. Where the
//! longest wait of all was answered, it counts as the end of somebody's patience (Efron's correction), so that
//! nobody waits for ever.

use fenliu_domain::time::Span;

/// One wait that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// How long it was.
    pub length: Span,
    /// True when it ended because patience did, false when it was answered.
    pub lost_patience: bool,
}

/// The share of people whose patience is longer than a given wait.
#[derive(Clone, Debug, PartialEq)]
pub struct Survival {
    /// Waits at which patience was lost, ascending, each with the share whose patience is longer.
    steps: Vec<(Span, f64)>,
    longest: Span,
}

impl Survival {
    /// The estimate from these waits. Ties: patience that ends at a wait ends before an answer at the same wait.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of waits are far below 2^53")]
    pub fn estimate(waits: impl IntoIterator<Item = Wait>) -> Self {
        let mut waits: Vec<Wait> = waits.into_iter().collect();
        waits.sort_unstable_by_key(|wait| (wait.length, !wait.lost_patience));
        let longest = waits.last().map_or(Span::ZERO, |wait| wait.length);
        let mut steps = Vec::new();
        let mut share = 1.0;
        let mut at_risk = waits.len();
        for group in waits.chunk_by(|a, b| a.length == b.length) {
            let lost = group.iter().filter(|wait| wait.lost_patience).count();
            if lost > 0 {
                share *= 1.0 - lost as f64 / at_risk as f64;
                steps.push((group[0].length, share));
            }
            at_risk -= group.len();
        }
        match steps.last_mut() {
            Some(last) if last.0 == longest => last.1 = 0.0,
            _ => steps.push((longest, 0.0)),
        }
        Self { steps, longest }
    }

    /// The share whose patience is longer than `wait`, between 0 and 1.
    #[must_use]
    pub fn beyond(&self, wait: Span) -> f64 {
        let passed = self.steps.partition_point(|(at, _)| *at <= wait);
        passed.checked_sub(1).map_or(1.0, |last| self.steps[last].1)
    }

    /// The patience of somebody who is known to have waited so long, for a draw between 0 and 1 (1 excluded). Nobody
    /// is given more than the longest wait ever seen.
    #[must_use]
    pub fn patience_beyond(&self, waited: Span, draw: f64) -> Span {
        let target = self.beyond(waited) * (1.0 - draw);
        let first = self.steps.partition_point(|(at, share)| *at <= waited || *share >= target);
        self.steps.get(first).map_or(waited.max(self.longest), |(at, _)| *at)
    }

    /// The shortest wait at which at most half still have patience.
    #[must_use]
    pub fn median(&self) -> Span {
        self.steps.iter().find(|(_, share)| *share <= 0.5).map_or(self.longest, |(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Strategy, any, prop_assert, proptest};

    use super::*;

    fn waits(seen: &[(i64, bool)]) -> Vec<Wait> {
        seen.iter()
            .map(|(seconds, lost_patience)| Wait {
                length: Span::from_secs(*seconds),
                lost_patience: *lost_patience,
            })
            .collect()
    }

    #[test]
    fn the_textbook_case_comes_out() {
        // Kaplan and Meier's own small example: deaths at 0.8, 3.1, 5.4, 9.2; losses at 1.0, 2.7, 7.0, 12.1.
        let tenths = [
            (8, true),
            (31, true),
            (54, true),
            (92, true),
            (10, false),
            (27, false),
            (70, false),
            (121, false),
        ];
        let survival = Survival::estimate(waits(&tenths));
        let at = |seconds| survival.beyond(Span::from_secs(seconds));
        for (seconds, share) in [(7, 1.0), (8, 0.875), (31, 0.7), (54, 0.525), (92, 0.2625), (121, 0.0)] {
            assert!((at(seconds) - share).abs() < 1e-12, "{seconds}: {} is not {share}", at(seconds));
        }
        assert_eq!(survival.median(), Span::from_secs(92));
    }

    #[test]
    fn without_answers_it_is_the_plain_share() {
        let survival = Survival::estimate(waits(&[(10, true), (20, true), (30, true), (40, true)]));
        assert!((survival.beyond(Span::from_secs(20)) - 0.5).abs() < 1e-12);
        assert_eq!(survival.patience_beyond(Span::ZERO, 0.0), Span::from_secs(10));
        assert_eq!(survival.patience_beyond(Span::ZERO, 0.999), Span::from_secs(40));
        assert_eq!(survival.patience_beyond(Span::from_secs(20), 0.0), Span::from_secs(30));
    }

    #[test]
    fn a_log_without_waits_or_without_impatience_still_has_an_end() {
        assert_eq!(Survival::estimate([]).patience_beyond(Span::from_secs(5), 0.5), Span::from_secs(5));
        let patient = Survival::estimate(waits(&[(10, false), (90, false)]));
        assert_eq!(patient.patience_beyond(Span::from_secs(10), 0.5), Span::from_secs(90));
    }

    proptest! {
        #[test]
        fn nobody_loses_patience_before_the_wait_they_are_known_to_have_stood(
            seen in proptest::collection::vec((0i64..300, any::<bool>()), 1..60),
            draws in proptest::collection::vec((0i64..320, (0u32..1_000).prop_map(|n| f64::from(n) / 1_000.0)), 1..20),
        ) {
            let survival = Survival::estimate(waits(&seen));
            let longest = seen.iter().map(|(seconds, _)| *seconds).max().unwrap_or(0);
            for (waited, draw) in draws {
                let patience = survival.patience_beyond(Span::from_secs(waited), draw);
                prop_assert!(patience >= Span::from_secs(waited));
                prop_assert!(patience <= Span::from_secs(longest.max(waited)));
            }
        }

        #[test]
        fn patience_only_ever_shrinks(seen in proptest::collection::vec((0i64..300, any::<bool>()), 1..60)) {
            let survival = Survival::estimate(waits(&seen));
            let shares: Vec<f64> = (0..300).map(|s| survival.beyond(Span::from_secs(s))).collect();
            prop_assert!(shares.is_sorted_by(|a, b| a >= b));
            prop_assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)));
        }
    }
}
