//! What a conversation can turn out to be that some marketplaces leave out of their rates.

use crate::time::Timestamp;

/// A kind of conversation that a rule pack may leave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// The shop has blocked the buyer.
    Blocked,
    /// It was reported, for advertising, harassment or fraud.
    Reported,
    /// A person of the shop spoke first, not the buyer.
    ShopInitiated,
    /// The shop was in holiday mode: it had told the marketplace that it would not answer.
    HolidayMode,
}

/// Since when a conversation is of each kind; `None` = it is not, as far as the source says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// See [`Mark::Blocked`].
    pub blocked_at: Option<Timestamp>,
    /// See [`Mark::Reported`].
    pub reported_at: Option<Timestamp>,
    /// See [`Mark::ShopInitiated`].
    pub shop_initiated_at: Option<Timestamp>,
    /// See [`Mark::HolidayMode`].
    pub holiday_mode_at: Option<Timestamp>,
}

impl Mark {
    /// Every mark there is.
    pub const ALL: [Self; 4] = [Self::Blocked, Self::Reported, Self::ShopInitiated, Self::HolidayMode];
}

impl Marks {
    /// Since when it bears a mark.
    #[must_use]
    pub const fn at(&self, mark: Mark) -> Option<Timestamp> {
        match mark {
            Mark::Blocked => self.blocked_at,
            Mark::Reported => self.reported_at,
            Mark::ShopInitiated => self.shop_initiated_at,
            Mark::HolidayMode => self.holiday_mode_at,
        }
    }

    /// Marks it; of several times the earliest stays.
    pub(super) fn set(&mut self, mark: Mark, at: Timestamp) {
        let since = match mark {
            Mark::Blocked => &mut self.blocked_at,
            Mark::Reported => &mut self.reported_at,
            Mark::ShopInitiated => &mut self.shop_initiated_at,
            Mark::HolidayMode => &mut self.holiday_mode_at,
        };
        *since = Some(since.map_or(at, |known| known.min(at)));
    }
}
