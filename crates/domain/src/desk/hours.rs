//! When the shop serves: its policy's hours, made ready to be asked.

use super::policy::ShopHours;
use crate::day::{ClockTime, Window, Zone};
use crate::time::Timestamp;

/// A shop's service window in its own zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ServiceHours {
    zone: Zone,
    window: Window,
}

impl ServiceHours {
    /// `None` where the hours cannot be read: then no moment is within them.
    pub(super) fn of(hours: &ShopHours) -> Option<Self> {
        let clock = |text: &str| text.parse::<ClockTime>().ok();
        let window = Window::new(clock(&hours.service_start)?, clock(&hours.service_end)?)?;
        Some(Self { zone: Zone::parse(&hours.time_zone).ok()?, window })
    }

    /// Whether the shop serves at this moment.
    pub(super) fn contain(self, at: Timestamp) -> bool {
        self.window.contains(self.zone.local(at))
    }

    /// When the window this moment lies in ends.
    pub(super) fn end(self, at: Timestamp) -> Timestamp {
        let day = self.zone.day_of(at);
        self.zone.at(day, self.window.end())
    }
}
