//! A roster drawn for a terminal: a block for each day, a bar for each agent, and gaps that nobody overlooks.
//!
//! A column is half an hour of the day as it really passes: where clocks change, a day has 46 or 50 columns, and the
//! ruler above them says what the clock shows. Whoever works part of a column has a half block there; a planned
//! break shows wherever it touches a column, and so does a gap.
//!
//! Invariants: the drawing is a function of its data; without colours it says the same.

use std::collections::BTreeMap;

use fenliu_domain::day::{Day, Window, Zone};
use fenliu_domain::time::{Span, Timestamp};

use crate::moments::{clock_of, named, told};
use crate::table::{cut, width};

mod columns;

use self::columns::Columns;

/// Widest name of an agent.
const MAX_NAME: usize = 20;
/// Between the names and the columns, and behind them.
const MARGIN: &str = "  ";

/// Everything that is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// Says what it is, in a line.
    pub title: String,
    /// The shop's zone.
    pub zone: Zone,
    /// When the shop serves.
    pub service: Option<Window>,
    /// The days, each a block.
    pub days: Vec<Day>,
    /// Who is on duty when, in any order.
    pub bars: Vec<Bar>,
    /// Where too few are on duty.
    pub gaps: Vec<Gap>,
    /// Where everybody on duty may be on break at once.
    pub risks: Vec<Risk>,
}

/// A half-open stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// It begins then.
    pub start: Timestamp,
    /// It has ended then.
    pub end: Timestamp,
}

/// Somebody is on duty.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Who, as people call them; agents of one name share a line.
    pub who: String,
    /// When.
    pub when: Stretch,
    /// The shift, and why they work it where that is not the roster.
    pub shift: String,
    /// Planned breaks.
    pub breaks: Vec<Stretch>,
}

/// Too few are on duty.
#[derive(Clone, Debug, PartialEq)]
pub struct Gap {
    /// The day of the service window.
    pub day: Day,
    /// When.
    pub when: Stretch,
    /// How many are on duty, at the least.
    pub on_duty: i32,
    /// How many should be.
    pub needed: i32,
}

/// Everybody on duty may be on break at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Risk {
    /// The day of the service window.
    pub day: Day,
    /// When.
    pub when: Stretch,
    /// Who is on duty, as people call them.
    pub who: Vec<String>,
}

/// Whether it is drawn in colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// For files, pipes and tests.
    Plain,
    /// For a terminal.
    Colours,
}

impl Stretch {
    /// From then up to then.
    #[must_use]
    pub const fn new(start: Timestamp, end: Timestamp) -> Self {
        Self { start, end }
    }

    /// Whether both have a moment in common.
    #[must_use]
    pub fn touches(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// Whether all of the other lies within it.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }
}

impl Paint {
    fn alarm(self, text: &str) -> String {
        self.with("1;31", text)
    }

    fn warning(self, text: &str) -> String {
        self.with("33", text)
    }

    fn quiet(self, text: &str) -> String {
        self.with("2", text)
    }

    fn heading(self, text: &str) -> String {
        self.with("1", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Colours if text.trim().is_empty() => text.to_owned(),
            Self::Colours => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }
}

/// Draws it.
#[must_use]
pub fn draw(chart: &Chart, paint: Paint) -> String {
    let label = chart.bars.iter().map(|bar| width(&bar.who).min(MAX_NAME));
    let days = chart.days.iter().map(|day| width(&named(*day)));
    let pen = Pen { chart, paint, label: label.chain(days).max().unwrap_or(0) };
    let mut text = format!("{}\n", paint.heading(&chart.title));
    for day in &chart.days {
        text.push('\n');
        text.push_str(&pen.day(*day));
    }
    text.push('\n');
    text.push_str(&pen.sum());
    text
}

/// Draws the days of one chart.
struct Pen<'a> {
    chart: &'a Chart,
    paint: Paint,
    /// Columns of the terminal that the names take.
    label: usize,
}

impl Pen<'_> {
    fn day(&self, day: Day) -> String {
        let columns = Columns::of(day, self.chart.zone);
        let mut text = String::new();
        let ruler = self.line(&named(day), &columns.ruler(), "");
        text.push_str(&self.paint.heading(ruler.trim_end()));
        text.push('\n');
        if columns.is_empty() {
            text.push_str("the calendar skips this day\n");
            return text;
        }
        let service = self.service(day, &columns);
        text.push_str(&self.paint.quiet(self.line("service", &columns.service(&service), "").trim_end()));
        text.push('\n');
        let here: Vec<_> = self.chart.bars.iter().filter(|bar| bar.when.touches(columns.whole())).collect();
        for (who, bars) in by_person(&here) {
            text.push_str(self.line(&cut(who, MAX_NAME), &columns.bars(&bars), &shifts(&bars)).trim_end());
            text.push('\n');
        }
        if here.is_empty() {
            text.push_str("nobody works\n");
        }
        let counts = columns.counts(&here, &service);
        text.push_str(&self.paint.quiet(self.line("on duty", &counts, "").trim_end()));
        text.push('\n');
        self.faults(day, &columns, &mut text);
        let passes = columns.whole().end.since(columns.whole().start);
        if passes != Span::from_hours(24) {
            text.push_str(&format!("clocks change: this day has {}\n", told(passes)));
        }
        text
    }

    /// The marks below a day's bars, and the sentences that go with them.
    fn faults(&self, day: Day, columns: &Columns, text: &mut String) {
        let gaps: Vec<_> = self.chart.gaps.iter().map(|gap| gap.when).collect();
        let risks: Vec<_> = self.chart.risks.iter().map(|risk| risk.when).collect();
        let marks =
            [("GAP", columns.marks(&gaps, '!'), true), ("break risk", columns.marks(&risks, '?'), false)];
        for (label, marks, alarm) in marks.iter().filter(|(_, marks, _)| !marks.trim().is_empty()) {
            let line = self.line(label, marks, "");
            let line = line.trim_end();
            text.push_str(&if *alarm { self.paint.alarm(line) } else { self.paint.warning(line) });
            text.push('\n');
        }
        for gap in self.chart.gaps.iter().filter(|gap| gap.day == day) {
            let said = format!("gap {}: {} of {} on duty", self.when(day, gap.when), gap.on_duty, gap.needed);
            text.push_str(&self.paint.alarm(&said));
            text.push('\n');
        }
        for risk in self.chart.risks.iter().filter(|risk| risk.day == day) {
            let when = self.when(day, risk.when);
            let said = match risk.who.as_slice() {
                [only] => format!("break risk {when}: {only} is alone and may be on break"),
                all => format!("break risk {when}: {} may all be on break", all.join(", ")),
            };
            text.push_str(&self.paint.warning(&said));
            text.push('\n');
        }
    }

    /// The last lines: what the signs mean, and every gap once more.
    fn sum(&self) -> String {
        let legend = "█ on duty   ░ planned break   ! too few on duty   ? all may be on break\n";
        let mut text = self.paint.quiet(legend.trim_end());
        text.push('\n');
        let gaps = &self.chart.gaps;
        if gaps.is_empty() {
            text.push_str("no gap: the service window is covered\n");
            return text;
        }
        let all: Vec<_> =
            gaps.iter().map(|gap| format!("{} {}", named(gap.day), self.when(gap.day, gap.when))).collect();
        let count = if gaps.len() == 1 { "1 gap".to_owned() } else { format!("{} gaps", gaps.len()) };
        text.push_str(&self.paint.alarm(&format!("{count}: {}", all.join(", "))));
        text.push('\n');
        text
    }

    fn when(&self, day: Day, when: Stretch) -> String {
        let zone = self.chart.zone;
        format!("{}–{}", clock_of(day, when.start, zone), clock_of(day, when.end, zone))
    }

    /// The parts of service windows that lie in a day: its own, and the end of one that runs over midnight.
    fn service(&self, day: Day, columns: &Columns) -> Vec<Stretch> {
        let zone = self.chart.zone;
        let Some(window) = self.chart.service else { return Vec::new() };
        let of = |day: Day| {
            let last = if window.end() <= window.start() { day.plus(1) } else { day };
            Stretch::new(zone.at(day, window.start()), zone.at(last, window.end()))
        };
        [of(day.minus(1)), of(day)].into_iter().filter(|part| part.touches(columns.whole())).collect()
    }

    fn line(&self, label: &str, drawn: &str, behind: &str) -> String {
        let pad = " ".repeat(self.label.saturating_sub(width(label)));
        format!("{label}{pad}{MARGIN}{drawn}{MARGIN}{behind}")
    }
}

/// Bars of one person each, in the order in which they begin to work.
fn by_person<'a>(bars: &[&'a Bar]) -> Vec<(&'a str, Vec<&'a Bar>)> {
    let mut people: BTreeMap<&str, Vec<&Bar>> = BTreeMap::new();
    for bar in bars {
        people.entry(&bar.who).or_default().push(bar);
    }
    let mut people: Vec<_> = people.into_iter().collect();
    for (_, bars) in &mut people {
        bars.sort_by_key(|bar| bar.when.start);
    }
    people.sort_by_key(|(who, bars)| (bars.iter().map(|bar| bar.when.start).min(), *who));
    people
}

/// The names of what somebody works, each once.
fn shifts(bars: &[&Bar]) -> String {
    let mut names: Vec<&str> = bars.iter().map(|bar| bar.shift.as_str()).collect();
    names.dedup();
    names.join(" + ")
}

#[cfg(test)]
mod tests;
