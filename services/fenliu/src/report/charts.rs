//! Where the bars and cells of a page's charts stand.
//!
//! Measures are those of the drawing (`viewBox`), rounded to a tenth, so that a page is the same text everywhere. Colours
//! are none of it: the page's style gives them by class, for light and dark.

use crate::demand::heat::{HeatMap, level};
use crate::demand::picture::{SHADES, worth};
use crate::words::{Words, fill};

/// Space on the left of bars, for their scale.
const MARGIN: f64 = 44.0;
/// Space above bars, and below them for what they are called.
const ABOVE: f64 = 16.0;
const BELOW: f64 = 22.0;
const BARS_WIDTH: f64 = 760.0;
const BARS_HEIGHT: f64 = 180.0;
/// The part of its place that a bar takes.
const BAR_PART: f64 = 0.78;

const CELL_WIDTH: f64 = 14.0;
const ROW_HEIGHT: f64 = 20.0;
const HEAT_LEFT: f64 = 48.0;
const HEAT_TOP: f64 = 24.0;
const HEAT_RIGHT: f64 = 64.0;

/// Bars beside each other.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct BarChart {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) bars: Vec<Bar>,
    pub(super) grid: Vec<Grid>,
    pub(super) ticks: Vec<Tick>,
}

/// One bar, and the part of it that is drawn darker.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bar {
    pub(super) x: f64,
    pub(super) width: f64,
    pub(super) y: f64,
    pub(super) height: f64,
    pub(super) inner_y: f64,
    pub(super) inner_height: f64,
    pub(super) title: String,
}

/// A line across, and what it stands for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Grid {
    pub(super) y: f64,
    pub(super) label: String,
}

/// What stands below or above a place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub(super) x: f64,
    pub(super) label: String,
}

/// What a bar stands for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Value {
    pub(super) whole: f64,
    /// The part that is drawn darker.
    pub(super) part: f64,
    pub(super) title: String,
    /// What stands below; empty = nothing.
    pub(super) label: String,
}

impl BarChart {
    /// Bars for these values, on a scale from nothing to a round number.
    pub(super) fn of(values: &[Value]) -> Self {
        let top = round_up(values.iter().map(|value| value.whole).fold(0.0, f64::max));
        let (room, base) = (BARS_HEIGHT - ABOVE - BELOW, BARS_HEIGHT - BELOW);
        let place = (BARS_WIDTH - MARGIN) / count(values.len().max(1));
        let height = |value: f64| room * value / top;
        let left = |at: usize| MARGIN + place * count(at);
        let bar = |(at, value): (usize, &Value)| Bar {
            x: tenth(left(at) + place * (1.0 - BAR_PART) / 2.0),
            width: tenth(place * BAR_PART),
            y: tenth(base - height(value.whole)),
            height: tenth(height(value.whole)),
            inner_y: tenth(base - height(value.part)),
            inner_height: tenth(height(value.part)),
            title: value.title.clone(),
        };
        let tick = |(at, value): (usize, &Value)| {
            let x = tenth(left(at) + place / 2.0);
            (!value.label.is_empty()).then(|| Tick { x, label: value.label.clone() })
        };
        let grid = |part: f64| Grid { y: tenth(base - room * part), label: number(top * part) };
        Self {
            width: BARS_WIDTH,
            height: BARS_HEIGHT,
            bars: values.iter().enumerate().map(bar).collect(),
            grid: [0.0, 0.5, 1.0].map(grid).into(),
            ticks: values.iter().enumerate().filter_map(tick).collect(),
        }
    }

    /// Where the grid begins.
    pub(super) const fn left(&self) -> f64 {
        MARGIN
    }

    /// Where what is called below stands.
    pub(super) fn tick_y(&self) -> f64 {
        self.height - BELOW + 15.0
    }
}

/// A week of half hours.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct HeatChart {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) ticks: Vec<Tick>,
    pub(super) rows: Vec<HeatRow>,
    pub(super) legend: Vec<Legend>,
    /// Where the first column begins, and where the sums of the days end.
    pub(super) left: f64,
    pub(super) a_day_x: f64,
}

/// One weekday.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct HeatRow {
    pub(super) name: String,
    pub(super) y: f64,
    /// Where its words stand.
    pub(super) text_y: f64,
    pub(super) cells: Vec<Cell>,
    /// Conversations of the day; empty when there was no such day.
    pub(super) sum: String,
}

/// One half hour.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cell {
    pub(super) x: f64,
    /// 0 = nobody, up to [`SHADES`].
    pub(super) level: usize,
    pub(super) title: String,
}

/// What a level is worth.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Legend {
    pub(super) level: usize,
    pub(super) label: String,
}

impl HeatChart {
    /// The heat map of a week; `None` when nobody comes.
    pub(super) fn of(map: &HeatMap, words: &Words) -> Option<Self> {
        let busiest = map.busiest()?;
        let rows = map.rows.iter().enumerate().map(|(at, row)| {
            let y = HEAT_TOP + ROW_HEIGHT * count(at);
            let cell = |(half_hour, mean): (usize, &f64)| Cell {
                x: tenth(HEAT_LEFT + CELL_WIDTH * count(half_hour)),
                level: level(*mean, busiest, SHADES),
                title: fill(
                    words.demand.cell_title,
                    &[("day", &row.name), ("time", &clock(half_hour)), ("count", &format!("{mean:.1}"))],
                ),
            };
            HeatRow {
                name: row.name.to_owned(),
                y: tenth(y),
                text_y: tenth(y + ROW_HEIGHT - 6.0),
                cells: row.means.iter().enumerate().map(cell).collect(),
                sum: if row.means.is_empty() {
                    String::new()
                } else {
                    format!("{:.1}", row.means.iter().sum::<f64>())
                },
            }
        });
        let label = |level: usize| match level {
            0 => words.demand.nobody.to_owned(),
            level => {
                let most = format!("{:.1}", worth(level, SHADES, busiest));
                fill(words.demand.up_to, &[("count", &most)])
            }
        };
        let rows: Vec<_> = rows.collect();
        let tick =
            |hour: usize| Tick { x: HEAT_LEFT + CELL_WIDTH * 2.0 * count(hour), label: format!("{hour:02}") };
        Some(Self {
            width: HEAT_LEFT + CELL_WIDTH * 48.0 + HEAT_RIGHT,
            height: HEAT_TOP + ROW_HEIGHT * count(rows.len()) + 2.0,
            ticks: (0..24).step_by(2).map(tick).collect(),
            rows,
            legend: (0..=SHADES).map(|level| Legend { level, label: label(level) }).collect(),
            left: HEAT_LEFT,
            a_day_x: HEAT_LEFT + CELL_WIDTH * 48.0 + HEAT_RIGHT - 2.0,
        })
    }
}

/// When a half hour of the day begins.
pub(super) fn clock(half_hour: usize) -> String {
    format!("{:02}:{:02}", half_hour / 2, half_hour % 2 * 30)
}

/// The least round number that is not below a value: one digit, and noughts before or behind it; 1 for nothing.
fn round_up(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let power = 10.0_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0].map(|step| step * power);
    steps.into_iter().find(|step| value <= *step).unwrap_or(10.0 * power)
}

/// A number of a scale, without noughts behind: `2.5`, `500`, `1.5k`.
fn number(value: f64) -> String {
    let (value, unit) = if value >= 1_000.0 { (value / 1_000.0, "k") } else { (value, "") };
    let text = format!("{value:.3}");
    format!("{}{unit}", text.trim_end_matches('0').trim_end_matches('.'))
}

fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[expect(clippy::cast_precision_loss, reason = "places of a drawing")]
const fn count(many: usize) -> f64 {
    many as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demand::heat::Row;
    use crate::words::Lang;

    #[test]
    fn a_scale_ends_at_a_round_number_and_bars_fill_it_in_proportion() {
        for (value, top) in [(0.0, 1.0), (0.3, 0.3), (1.0, 1.0), (7.0, 8.0), (13.0, 20.0), (201.0, 300.0)] {
            assert!((round_up(value) - top).abs() < 1e-9, "{value}");
        }
        let value = |whole, part| Value { whole, part, title: String::new(), label: "x".into() };
        let chart = BarChart::of(&[value(10.0, 5.0), value(0.0, 0.0), value(5.0, 5.0)]);
        let heights: Vec<_> = chart.bars.iter().map(|bar| (bar.height, bar.inner_height)).collect();
        assert_eq!(heights, [(142.0, 71.0), (0.0, 0.0), (71.0, 71.0)]);
        assert!(chart.bars.iter().all(|bar| bar.y + bar.height == BARS_HEIGHT - BELOW), "on one line");
        assert!(chart.bars.iter().all(|bar| bar.x >= MARGIN && bar.x + bar.width <= BARS_WIDTH));
        assert_eq!([0.25, 500.0, 1_500.0, 20_000.0].map(number), ["0.25", "500", "1.5k", "20k"]);
        assert_eq!(chart.grid.iter().map(|grid| grid.label.as_str()).collect::<Vec<_>>(), ["0", "5", "10"]);
    }

    #[test]
    fn a_week_has_a_cell_for_each_half_hour_of_a_day_there_was() {
        let map = HeatMap {
            rows: vec![
                Row { name: "Mon", means: (0..48).map(count).collect() },
                Row { name: "Tue", means: Vec::new() },
            ],
        };
        let chart = HeatChart::of(&map, Lang::En.words()).expect("somebody comes");
        assert_eq!(chart.rows.iter().map(|row| row.cells.len()).collect::<Vec<_>>(), [48, 0]);
        assert_eq!((chart.rows[0].cells[0].level, chart.rows[0].cells[47].level), (0, SHADES));
        assert_eq!(chart.rows[0].cells[47].title, "Mon 23:30: 47.0");
        assert_eq!((chart.rows[0].sum.as_str(), chart.rows[1].sum.as_str()), ("1128.0", ""));
        assert_eq!(HeatChart::of(&HeatMap { rows: Vec::new() }, Lang::En.words()), None);
    }
}
