//! The columns of one day, and what is drawn into them.

use std::collections::BTreeSet;

use fenliu_domain::day::{Day, Zone};
use fenliu_domain::time::{Span, Timestamp};

use super::{Bar, Stretch};

/// What a column stands for.
const COLUMN: Span = Span::from_mins(30);
/// Columns of an hour.
const HOUR: usize = 2;
/// Every so many hours the ruler says which it is.
const LABEL_EVERY: usize = 2;
/// Most of one digit that a column of its hour can show.
const MAX_DIGIT: usize = 9;
/// Most that is shown at all.
const MAX_COUNT: usize = 999;
/// Most columns: the longest days are a little over two of the clock's, where a zone crossed the date line.
const MAX_COLUMNS: usize = 100;

/// The columns of a day.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    day: Day,
    zone: Zone,
    all: Vec<Stretch>,
}

impl Columns {
    pub(super) fn of(day: Day, zone: Zone) -> Self {
        let (mut from, end) = (zone.start_of(day), zone.start_of(day.plus(1)));
        let mut all = Vec::new();
        while from < end && all.len() < MAX_COLUMNS {
            let to = (from + COLUMN).min(end);
            all.push(Stretch::new(from, to));
            from = to;
        }
        Self { day, zone, all }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// All of them together.
    pub(super) fn whole(&self) -> Stretch {
        let start = self.zone.start_of(self.day);
        Stretch::new(start, self.all.last().map_or(start, |last| last.end))
    }

    /// Says above some columns which hour begins there.
    pub(super) fn ruler(&self) -> String {
        let hour = |column: &Stretch| self.zone.local(column.start).hour();
        let mut ruler = String::new();
        for (place, column) in self.all.iter().enumerate() {
            let begins = place == 0 || hour(column) != hour(&self.all[place - 1]);
            // After a change of clocks the next label may come too early to have room.
            if begins && hour(column) % LABEL_EVERY == 0 && ruler.len() <= place {
                ruler.push_str(&" ".repeat(place - ruler.len()));
                ruler.push_str(&format!("{:02}", hour(column)));
            }
        }
        let rest = self.all.len().saturating_sub(ruler.len());
        if self.is_empty() { ruler } else { format!("{ruler}{}24", " ".repeat(rest)) }
    }

    /// The service window as a line with ends.
    pub(super) fn service(&self, service: &[Stretch]) -> String {
        let inside = |column: &Stretch| service.iter().any(|part| part.touches(*column));
        let draw = |(place, column): (usize, &Stretch)| {
            let before = place > 0 && inside(&self.all[place - 1]);
            let after = self.all.get(place + 1).is_some_and(inside);
            match (inside(column), before, after) {
                (false, _, _) => ' ',
                (true, false, _) => '├',
                (true, true, false) => '┤',
                (true, true, true) => '─',
            }
        };
        self.all.iter().enumerate().map(draw).collect()
    }

    /// What one person works.
    pub(super) fn bars(&self, bars: &[&Bar]) -> String {
        let draw = |column: &Stretch| {
            let on_break = bars.iter().flat_map(|bar| &bar.breaks).any(|rest| rest.touches(*column));
            let touching: Vec<_> = bars.iter().filter(|bar| bar.when.touches(*column)).collect();
            match touching.as_slice() {
                [] => ' ',
                _ if on_break => '░',
                [only] if only.when.start > column.start => '▐',
                [only] if only.when.end < column.end => '▌',
                _ => '█',
            }
        };
        self.all.iter().map(draw).collect()
    }

    /// A mark wherever one of these stretches touches a column.
    pub(super) fn marks(&self, stretches: &[Stretch], mark: char) -> String {
        let touched = |column: &Stretch| stretches.iter().any(|stretch| stretch.touches(*column));
        self.all.iter().map(|column| if touched(column) { mark } else { ' ' }).collect()
    }

    /// How many are on duty, at the least, hour by hour; every two hours when there are too many for one digit. A
    /// dot is nobody outside of the service window.
    pub(super) fn counts(&self, bars: &[&Bar], service: &[Stretch]) -> String {
        let peak = self.all.iter().map(|column| fewest(bars, *column)).max().unwrap_or(0);
        let group = if peak > MAX_DIGIT { 2 * HOUR } else { HOUR };
        let mut drawn = String::new();
        for columns in self.all.chunks(group) {
            let (Some(first), Some(last)) = (columns.first(), columns.last()) else { continue };
            let stretch = Stretch::new(first.start, last.end);
            let count = fewest(bars, stretch).min(MAX_COUNT);
            let serves = service.iter().any(|part| part.touches(stretch));
            let text = if count == 0 && !serves { "·".to_owned() } else { count.to_string() };
            drawn.push_str(&format!("{text:<width$}", width = columns.len()));
        }
        drawn
    }
}

/// The fewest people who are on duty at any moment of a stretch. Numbers change only where a bar begins or ends.
fn fewest(bars: &[&Bar], stretch: Stretch) -> usize {
    let ends = bars.iter().flat_map(|bar| [bar.when.start, bar.when.end]);
    let inside = ends.filter(|moment| stretch.start < *moment && *moment < stretch.end);
    let moments: BTreeSet<Timestamp> = inside.chain([stretch.start]).collect();
    let on_duty = |moment: Timestamp| {
        let there = bars.iter().filter(|bar| bar.when.start <= moment && moment < bar.when.end);
        there.map(|bar| bar.who.as_str()).collect::<BTreeSet<_>>().len()
    };
    moments.into_iter().map(on_duty).min().unwrap_or(0)
}
