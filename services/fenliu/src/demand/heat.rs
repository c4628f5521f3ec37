//! A week drawn for a terminal: a line for each weekday, a column for each half hour, the darker the more buyers come.
//!
//! A shade stands for a quarter of the busiest half hour of the week, so that the shape of a week is seen whatever its
//! size; the legend says what each is worth. Nobody is a blank, and so different from few.
//!
//! Invariants: the drawing is a function of its data; without colours it says all.

use std::fmt;

/// What a half hour in which nobody comes is drawn as.
const NOBODY: char = ' ';
/// The shades, each with the part of the busiest half hour it reaches up to.
const SHADES: [(char, f64); 4] = [('░', 0.25), ('▒', 0.5), ('▓', 0.75), ('█', 1.0)];
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
    /// What the weekday is called, in at most three characters.
    pub name: &'static str,
    /// Buyers to expect in each half hour from 00:00 on; none when there was no such day.
    pub means: Vec<f64>,
}

impl HeatMap {
    /// Buyers to expect in the busiest half hour; nothing when nobody comes.
    fn busiest(&self) -> Option<f64> {
        let means = self.rows.iter().flat_map(|row| &row.means).copied();
        Some(means.fold(0.0, f64::max)).filter(|busiest| *busiest > 0.0)
    }
}

impl fmt::Display for HeatMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(busiest) = self.busiest() else { return Ok(()) };
        let hours: String = (0..24).step_by(2).map(|hour| format!("{hour:02}  ")).collect();
        writeln!(f, "{MARGIN}{hours}   a day")?;
        for Row { name, means } in &self.rows {
            if means.is_empty() {
                writeln!(f, "{name:<3}  no such day")?;
                continue;
            }
            let columns: String = means.iter().map(|mean| shade(*mean, busiest)).collect();
            writeln!(f, "{name:<3}  {columns} {:>7.1}", means.iter().sum::<f64>())?;
        }
        let worth = SHADES.map(|(shade, part)| format!("{shade} up to {:.1}", busiest * part));
        writeln!(f, "{MARGIN}blank: nobody; in a half hour of one day {}", worth.join(", "))
    }
}

/// The shade of a half hour beside the busiest one.
fn shade(mean: f64, busiest: f64) -> char {
    if mean <= 0.0 {
        return NOBODY;
    }
    let reached = SHADES.iter().find(|(_, part)| mean <= busiest * part);
    reached.map_or('█', |(shade, _)| *shade)
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
