//! Receptions side by side: the same buyers for each, and how sure the differences are.

use super::demand::Visit;
use super::outcome::{Summary, number, share};
use super::{Reception, Recording, Scenario};
use crate::day::Zone;
use crate::pack::{Report, RulePack};
use crate::problem::Problem;
use crate::time::Span;

/// Several receptions of the same visits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// What the receptions are called.
    pub names: Vec<String>,
    /// Their figures: for each seed, one per reception, in the order of the names.
    pub by_seed: Vec<Vec<Summary>>,
}

/// A mean and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The mean.
    pub mean: f64,
    /// Half the width of its 95 % interval, by Student's t with one degree of freedom less than there are values.
    pub half_width: f64,
    /// How many values it is the mean of.
    pub count: usize,
}

/// What is asked of every course besides waits, load and occupancy.
#[derive(Clone, Debug, PartialEq)]
pub struct Measures {
    /// The time a reply may take.
    pub limit: Span,
    /// The packs that judge the conversations that began after the warm-up.
    pub packs: Vec<RulePack>,
    /// The zone their days are in.
    pub zone: Zone,
}

impl Measures {
    /// The share of replies within this limit, and no pack.
    #[must_use]
    pub const fn within(limit: Span) -> Self {
        Self { limit, packs: Vec::new(), zone: Zone::UTC }
    }
}

/// Lets each reception receive the visits of each seed, one after the other.
///
/// # Errors
/// As [`Scenario::run`].
pub fn compare(
    scenario: &Scenario,
    receptions: &[Reception],
    seeds: &[u64],
    measures: &Measures,
) -> Result<Comparison, Problem> {
    let by_seed: Result<_, _> =
        seeds.iter().map(|seed| compare_on(scenario, receptions, *seed, measures)).collect();
    let names = receptions.iter().map(|reception| reception.name.clone()).collect();
    Ok(Comparison { names, by_seed: by_seed? })
}

/// Lets each reception receive the visits of one seed. For whoever lets seeds run side by side: these are the
/// [`Comparison::by_seed`] of one.
///
/// # Errors
/// As [`Scenario::run`].
pub fn compare_on(
    scenario: &Scenario,
    receptions: &[Reception],
    seed: u64,
    measures: &Measures,
) -> Result<Vec<Summary>, Problem> {
    let visits = scenario.demand.visits(seed)?;
    receptions.iter().map(|reception| measure(scenario, reception, &visits, measures)).collect()
}

fn measure(
    scenario: &Scenario,
    reception: &Reception,
    visits: &[Visit],
    measures: &Measures,
) -> Result<Summary, Problem> {
    if measures.packs.is_empty() {
        return Ok(scenario.receive(reception, visits, &mut |_| {})?.summary(measures.limit));
    }
    let first = visits.first().map(|visit| visit.arrival.at).unwrap_or_default();
    let mut recording = Recording::since(first + scenario.warm_up);
    let outcome = scenario.receive(reception, visits, &mut |event| recording.watch(event))?;
    let as_of = scenario.until.unwrap_or(recording.latest());
    let reports = recording.judge(&measures.packs, measures.zone, as_of);
    let rate = |report: &Report| share(number(report.total.within_limit), number(report.total.counted));
    let rates = reports.iter().map(rate).collect();
    Ok(Summary { rates, ..outcome.summary(measures.limit) })
}

impl Comparison {
    /// A figure of one reception, by its place, over the seeds; `None` with fewer than two seeds that have it.
    #[must_use]
    pub fn mean(&self, of: usize, figure: impl Fn(&Summary) -> Option<f64>) -> Option<Interval> {
        let values: Vec<f64> = self.by_seed.iter().filter_map(|seed| figure(seed.get(of)?)).collect();
        Interval::of(&values)
    }

    /// How much higher a figure of one reception is than that of another on the same visits: differences seed by seed.
    /// `None` with fewer than two seeds where both have it.
    #[must_use]
    pub fn difference(
        &self,
        of: usize,
        from: usize,
        figure: impl Fn(&Summary) -> Option<f64>,
    ) -> Option<Interval> {
        let difference = |seed: &Vec<Summary>| Some(figure(seed.get(of)?)? - figure(seed.get(from)?)?);
        let values: Vec<f64> = self.by_seed.iter().filter_map(difference).collect();
        Interval::of(&values)
    }
}

impl Interval {
    /// The 95 % interval of the mean of independent values; `None` with fewer than two.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    pub fn of(values: &[f64]) -> Option<Self> {
        let freedom = values.len().checked_sub(1).filter(|freedom| *freedom > 0)?;
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let deviation = (squares / freedom as f64).sqrt();
        Some(Self { mean, half_width: student(freedom) * deviation / count.sqrt(), count: values.len() })
    }

    /// Its lower end.
    #[must_use]
    pub fn low(self) -> f64 {
        self.mean - self.half_width
    }

    /// Its upper end.
    #[must_use]
    pub fn high(self) -> f64 {
        self.mean + self.half_width
    }

    /// Whether a value lies within.
    #[must_use]
    pub fn contains(self, value: f64) -> bool {
        (self.low()..=self.high()).contains(&value)
    }
}

/// 97.5 % points of Student's t for 1 to 10 degrees of freedom (NIST/SEMATECH e-Handbook of Statistical Methods,
/// 1.3.6.7.2).
const STUDENT: [f64; 10] = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];

/// The 97.5 % point of Student's t. From 11 degrees of freedom by its expansion in their inverse (Abramowitz and Stegun,
/// *Handbook of Mathematical Functions*, 26.7.5, to the third term), right to three decimals.
#[expect(clippy::cast_precision_loss, reason = "degrees of freedom stay far below 2^53")]
pub(crate) fn student(freedom: usize) -> f64 {
    /// The same point of the normal distribution.
    const Z: f64 = 1.959_963_985;
    if let Some(point) = freedom.checked_sub(1).and_then(|place| STUDENT.get(place)) {
        return *point;
    }
    let (square, freedom) = (Z * Z, freedom as f64);
    let first = Z * (square + 1.0) / 4.0;
    let second = Z * (5.0f64.mul_add(square, 16.0)).mul_add(square, 3.0) / 96.0;
    let third = Z * (3.0f64.mul_add(square, 19.0).mul_add(square, 17.0)).mul_add(square, -15.0) / 384.0;
    Z + first / freedom + second / freedom.powi(2) + third / freedom.powi(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_of_students_t_are_those_of_the_published_table() {
        for (freedom, point) in [
            (1, 12.706),
            (4, 2.776),
            (10, 2.228),
            (11, 2.201),
            (15, 2.131),
            (20, 2.086),
            (30, 2.042),
            (100, 1.984),
        ] {
            assert!((student(freedom) - point).abs() < 6e-4, "{freedom}: {}", student(freedom));
        }
    }

    #[test]
    fn an_interval_is_the_one_worked_out_by_hand() {
        // Values 1 to 5: mean 3, deviation √2.5, so the half width is 2.776 × √2.5 ÷ √5 = 1.963.
        let interval = Interval::of(&[1.0, 2.0, 3.0, 4.0, 5.0]).expect("five values");
        assert!((interval.mean - 3.0).abs() < 1e-12 && (interval.half_width - 1.963).abs() < 1e-3);
        assert!(interval.contains(4.9) && !interval.contains(5.0));
    }

    #[test]
    fn one_value_tells_nothing_of_how_sure_it_is() {
        assert_eq!(Interval::of(&[1.0]), None);
        assert_eq!(Interval::of(&[]), None);
    }

    #[test]
    fn differences_are_taken_seed_by_seed() {
        let summary = |share| Summary { replies_in_time: Some(share), ..Summary::default() };
        let comparison = Comparison {
            names: vec!["a".into(), "b".into()],
            by_seed: vec![vec![summary(0.1), summary(0.2)], vec![summary(0.7), summary(0.8)]],
        };
        let difference = comparison.difference(1, 0, |summary| summary.replies_in_time).expect("two seeds");
        assert!((difference.mean - 0.1).abs() < 1e-12 && difference.half_width < 1e-9);
        assert!(comparison.mean(0, |summary| summary.replies_in_time).expect("two seeds").half_width > 1.0);
    }
}
