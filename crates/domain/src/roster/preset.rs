//! Ready-made templates, as data: what shops usually work.

use crate::day::ClockTime;
use crate::roster::shift::{Shift, Template};

/// A set of templates under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// What it is called.
    pub name: &'static str,
    /// What it is for, in a sentence.
    pub meaning: &'static str,
    /// The name, start and end of each template.
    shifts: &'static [(&'static str, ClockTime, ClockTime)],
}

/// The sets there are.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "day",
        meaning: "One long day shift, 08:30 to 20:30.",
        shifts: &[("day", clock(8, 30), clock(20, 30))],
    },
    Preset {
        name: "three_shifts",
        meaning: "Three shifts of eight hours around the clock.",
        shifts: &[
            ("night", clock(0, 0), clock(8, 0)),
            ("early", clock(8, 0), clock(16, 0)),
            ("late", clock(16, 0), clock(24, 0)),
        ],
    },
    Preset {
        name: "morning_afternoon_evening",
        meaning: "Three shifts of five hours through the usual service window, 08:00 to 23:00.",
        shifts: &[
            ("morning", clock(8, 0), clock(13, 0)),
            ("afternoon", clock(13, 0), clock(18, 0)),
            ("evening", clock(18, 0), clock(23, 0)),
        ],
    },
];

impl Preset {
    /// Its templates, for a plan to begin with.
    #[must_use]
    pub fn templates(&self) -> Vec<Template> {
        let template = |(name, start, end): &(&str, ClockTime, ClockTime)| Template {
            name: (*name).to_owned(),
            shift: Shift::new(*start, *end),
        };
        self.shifts.iter().map(template).collect()
    }
}

const fn clock(hours: u16, minutes: u16) -> ClockTime {
    match ClockTime::from_minutes(hours * 60 + minutes) {
        Some(clock) => clock,
        // The compiler evaluates this table, so a wrong entry does not build.
        None => panic!("a preset has a time the clock does not show"),
    }
}
