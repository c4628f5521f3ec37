//! A week drawn for a terminal: a line for each weekday, a column for each half hour, the darker the more buyers come.
//!
//! A shade stands for a quarter of the busiest half hour of the week, so that the shape of a week is seen whatever its
//! size; the legend says what each is worth. Nobody is a blank, and so different from few.
//!
//! Invariants: the drawing is a function of its data; without colours it says all.

use crate::table::width;
use crate::words::{Lang, Words, fill};

/// What a half hour in which nobody comes is drawn as.
const NOBODY: char = ' ';
/// The shades, each for a quarter of the busiest half hour.
const SHADES: [char; 4] = ['░', '▒', '▓', '█'];
/// Before the columns.
const MARGIN: &str = "     ";

/// A week of half hours.
#[derive(Clone, Debug, PartialEq)]
pub struct HeatMap {
    /// The weekdays, in the order they are drawn in.
    pub rows: Vec<Row>,
}

/// The usual day of one weekday.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What the weekday is called, in at most four columns of a terminal.
    pub name: &'static str,
    /// Buyers to expect in each half hour from 00:00 on; none when there was no such day.
    pub means: Vec<f64>,
}

impl HeatMap {
    /// Buyers to expect in the busiest half hour; nothing when nobody comes.
    #[must_use]
    pub fn busiest(&self) -> Option<f64> {
        let means = self.rows.iter().flat_map(|row| &row.means).copied();
        Some(means.fold(0.0, f64::max)).filter(|busiest| *busiest > 0.0)
    }

    /// The week as lines; nothing when nobody comes.
    pub(crate) fn told(&self, words: &Words) -> String {
        let Some(busiest) = self.busiest() else { return String::new() };
        let hours: String = (0..24).step_by(2).map(|hour| format!("{hour:02}  ")).collect();
        let mut text = format!("{MARGIN}{hours}   {}\n", words.demand.a_day);
        for Row { name, means } in &self.rows {
            let pad = " ".repeat(MARGIN.len().saturating_sub(width(name)));
            if means.is_empty() {
                text.extend([name, pad.as_str(), words.demand.no_such_day, "\n"]);
                continue;
            }
            let columns: String = means.iter().map(|mean| shade(*mean, busiest)).collect();
            text.push_str(&format!("{name}{pad}{columns} {:>7.1}\n", means.iter().sum::<f64>()));
        }
        text + &legend(busiest, words)
    }
}

impl std::fmt::Display for HeatMap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.told(Lang::En.words()))
    }
}

/// What each shade is worth.
fn legend(busiest: f64, words: &Words) -> String {
    let quarters = SHADES.iter().zip([0.25, 0.5, 0.75, 1.0]);
    let worth = quarters.map(|(shade, part)| {
        let most = format!("{:.1}", busiest * part);
        format!("{shade} {}", fill(words.demand.up_to, &[("count", &most)]))
    });
    let worth: Vec<_> = worth.collect();
    let (nobody, then, legend) = (words.demand.blank, words.head.semicolon, words.demand.legend);
    format!("{MARGIN}{nobody}{then}{legend} {}\n", worth.join(words.head.comma))
}

/// Which of so many levels a half hour reaches beside the busiest one: 0 = nobody comes, 1 = somebody at all, and so on
/// up to the busiest.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a handful of levels")]
pub fn level(mean: f64, busiest: f64, levels: usize) -> usize {
    if mean <= 0.0 {
        return 0;
    }
    let reached = (1..=levels).find(|level| mean <= busiest * (*level as f64 / levels as f64));
    reached.unwrap_or(levels)
}

/// The shade of a half hour beside the busiest one.
fn shade(mean: f64, busiest: f64) -> char {
    let level = level(mean, busiest, SHADES.len());
    level.checked_sub(1).and_then(|level| SHADES.get(level)).copied().unwrap_or(NOBODY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &'static str, busy: &[(usize, f64)]) -> Row {
        let mut means = vec![0.0; 48];
        for (half_hour, mean) in busy {
            means[*half_hour] = *mean;
        }
        Row { name, means }
    }

    #[test]
    fn a_week_is_drawn_by_half_hour_and_its_shades_are_explained() {
        let office: Vec<_> = (18..36).map(|half_hour| (half_hour, 3.0)).collect();
        let evening: Vec<_> =
            (16..46).map(|half_hour| (half_hour, [1.0, 4.0, 8.0, 2.0][(half_hour - 16) / 8])).collect();
        let map = HeatMap {
            rows: vec![
                row("Mon", &office),
                row("Tue", &evening),
                Row { name: "Wed", means: Vec::new() },
                row("Thu", &[(0, 0.25), (47, 0.25)]),
                row("Fri", &[]),
            ],
        };
        insta::assert_snapshot!(map.to_string());
    }

    #[test]
    fn a_shade_ends_at_its_quarter_and_anybody_at_all_is_seen() {
        let drawn: String =
            [0.0, 0.01, 2.0, 2.01, 4.0, 4.01, 6.0, 6.01, 8.0].map(|mean| shade(mean, 8.0)).iter().collect();
        assert_eq!(drawn, " ░░▒▒▓▓██");
    }

    #[test]
    fn a_week_in_which_nobody_comes_is_not_drawn() {
        assert_eq!(HeatMap { rows: vec![row("Mon", &[])] }.to_string(), "");
        assert_eq!(HeatMap { rows: Vec::new() }.to_string(), "");
    }
}
