//! When an answer is due.

use super::RulePack;
use crate::day::{ClockTime, Zone};
use crate::time::Timestamp;

/// Weeks the longest limit can stretch over when weekends leave the clock, with one to spare.
const MAX_WEEKS: u32 = 8;
/// Days from Monday to Saturday.
const SATURDAY: u32 = 5;

impl RulePack {
    /// The last moment an answer to a question of `asked` is in time.
    #[must_use]
    pub fn due(&self, zone: Zone, asked: Timestamp) -> Timestamp {
        match self.weekend_answer_by {
            Some(answer_by) => self.due_without_weekends(zone, asked, answer_by),
            None => asked + self.limit,
        }
    }

    /// Saturdays and Sundays leave the clock: what is asked then is due on Monday at `answer_by`, and a limit that
    /// reaches into them goes on on Monday at 00:00.
    fn due_without_weekends(&self, zone: Zone, asked: Timestamp, answer_by: ClockTime) -> Timestamp {
        let day = zone.day_of(asked);
        let weekday = day.days_from_monday();
        if weekday >= SATURDAY {
            return zone.at(day.plus(7 - weekday), answer_by);
        }
        let (mut from, mut left) = (asked, self.limit);
        for week in 0..MAX_WEEKS {
            let saturday = day.plus(SATURDAY - weekday + 7 * week);
            let room = zone.start_of(saturday).since(from);
            if left <= room {
                return from + left;
            }
            left = left - room;
            from = zone.start_of(saturday.plus(2));
        }
        from
    }
}
