//! Parts of the day, and the moments they are made of.

use std::ops::RangeInclusive;

use crate::day::{ClockTime, Day, Window, Zone};
use crate::roster::{PRESETS, Preset, Stretch, Template};
use crate::time::Timestamp;

/// A named part of every local day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shift {
    /// What it is called.
    pub name: String,
    /// When it is. One over midnight is two parts of each day, after midnight and before.
    pub window: Window,
}

/// The moments of some local days, and of each shift on them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slots {
    /// All of them first, then each shift; sorted, disjoint.
    slots: Vec<Vec<Stretch>>,
}

impl Shift {
    /// Morning, afternoon and evening, as the roster's preset of that name has them: 08:00, 13:00, 18:00, 23:00.
    #[must_use]
    pub fn usual() -> Vec<Self> {
        let preset = PRESETS.iter().find(|preset| preset.name == "morning_afternoon_evening");
        let templates = preset.map(Preset::templates).unwrap_or_default();
        let shift = |template: Template| {
            let window = Window::new(template.shift.start, template.shift.end)?;
            Some(Self { name: template.name, window })
        };
        templates.into_iter().filter_map(shift).collect()
    }
}

impl Slots {
    /// The moments of these days up to a moment.
    #[must_use]
    pub fn new(zone: Zone, days: &RangeInclusive<Day>, shifts: &[Shift], until: Timestamp) -> Self {
        let whole = Stretch::new(zone.start_of(*days.start()), zone.start_of(days.end().plus(1)).min(until));
        let mut slots = vec![Vec::from_iter(whole)];
        for shift in shifts {
            let mut stretches = Vec::new();
            let mut day = *days.start();
            while day <= *days.end() {
                stretches.extend(parts(zone, day, shift.window).filter_map(|part| part.clip(whole?)));
                day = day.plus(1);
            }
            slots.push(stretches);
        }
        Self { slots }
    }

    /// How many there are: the whole and each shift.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is no moment in any of them.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.iter().all(Vec::is_empty)
    }

    /// The places of those that a moment lies in, the whole being 0.
    pub fn of(&self, at: Timestamp) -> impl Iterator<Item = usize> + '_ {
        let holds = move |stretches: &[Stretch]| {
            let next = stretches.partition_point(|stretch| stretch.end <= at);
            stretches.get(next).is_some_and(|stretch| stretch.start <= at)
        };
        self.slots.iter().enumerate().filter(move |(_, slot)| holds(slot)).map(|(place, _)| place)
    }

    /// The stretches of one.
    #[must_use]
    pub fn stretches(&self, place: usize) -> &[Stretch] {
        self.slots.get(place).map_or(&[], Vec::as_slice)
    }

    /// The whole.
    #[must_use]
    pub fn whole(&self) -> Option<Stretch> {
        self.stretches(0).first().copied()
    }
}

/// The parts of a local day that lie in a window.
fn parts(zone: Zone, day: Day, window: Window) -> impl Iterator<Item = Stretch> {
    let (from, until) = (zone.start_of(day), zone.start_of(day.plus(1)));
    let at = |clock: ClockTime| zone.at(day, clock).clamp(from, until);
    let (start, end) = (at(window.start()), at(window.end()));
    let both = if window.start() < window.end() {
        [Stretch::new(start, end), None]
    } else {
        [Stretch::new(from, end), Stretch::new(start, until)]
    };
    both.into_iter().flatten()
}
