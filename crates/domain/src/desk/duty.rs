//! Whether an agent is on duty: a roster as the directory tells it, and what it says at one moment.
//!
//! A roster speaks of the next hours only. Whoever it says nothing about is on duty, and so is everybody once what
//! is known of it has run out: a lost directory must not close the shop.

use crate::problem::Problem;
use crate::time::Timestamp;

/// Most windows of duty one entry has.
pub const MAX_DUTY_WINDOWS: usize = 32;

/// An agent's roster for the next hours, as the directory tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duty {
    /// When the agent is on duty; in order, apart from each other, at most [`MAX_DUTY_WINDOWS`].
    pub windows: Vec<DutyWindow>,
    /// Up to when the roster is known, not included; from then on the agent counts as on duty.
    pub through: Timestamp,
}

/// A time of duty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DutyWindow {
    /// Its first moment.
    pub start: Timestamp,
    /// The first moment after it.
    pub end: Timestamp,
}

/// What a roster says of an agent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DutyState {
    /// True = on duty.
    pub on_duty: bool,
    /// Until when that holds by what is known of the roster; `None` = no end of it is known.
    pub until: Option<Timestamp>,
}

impl Default for DutyState {
    /// Without a roster everybody is on duty.
    fn default() -> Self {
        Self { on_duty: true, until: None }
    }
}

impl Duty {
    /// Brings a roster into the one form that compares equal: windows in order, those that touch or overlap made
    /// one, nothing beyond what is known.
    ///
    /// # Errors
    /// INVALID_REQUEST naming the field when there are too many windows, or one ends before it begins.
    pub(super) fn normalise(&mut self) -> Result<(), Problem> {
        if self.windows.len() > MAX_DUTY_WINDOWS {
            return Err(Problem::field("duty.windows", format!("must be at most {MAX_DUTY_WINDOWS}")));
        }
        if self.windows.iter().any(|window| window.start >= window.end) {
            return Err(Problem::field("duty.windows", "must each end after they begin"));
        }
        self.windows.sort_by_key(|window| window.start);
        let mut apart: Vec<DutyWindow> = Vec::with_capacity(self.windows.len());
        for window in self.windows.iter().filter(|window| window.start < self.through) {
            let end = window.end.min(self.through);
            match apart.last_mut() {
                Some(last) if window.start <= last.end => last.end = last.end.max(end),
                _ => apart.push(DutyWindow { start: window.start, end }),
            }
        }
        self.windows = apart;
        Ok(())
    }

    /// What the roster says at this moment, and until when.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> DutyState {
        if now >= self.through {
            return DutyState::default();
        }
        match self.windows.iter().find(|window| now < window.end) {
            // Duty that lasts as long as the roster is known goes on after it.
            Some(window) if window.start <= now => {
                DutyState { on_duty: true, until: Some(window.end).filter(|end| *end < self.through) }
            }
            Some(window) => DutyState { on_duty: false, until: Some(window.start) },
            None => DutyState { on_duty: false, until: Some(self.through) },
        }
    }
}
