//! How many buyers who asked went on to order: inquiry conversion, 询单转化率.
//!
//! Its unit is a buyer on a local day: it counts when the buyer asked something on that day, in whichever conversations and
//! however often. It is converted when the same buyer placed an order after the first question of the day and before the end
//! of the next local day, as the marketplaces' own figure of the next day (次日) has it. So whoever asks shortly before midnight
//! has a day left to order, and one order converts the day it was placed on and the day before, where the buyer asked on
//! both.
//!
//! A day counts once the next one is over: of an earlier moment only those are known who order at once.
//!
//! Invariants: neither the order of conversations nor that of orders matters, and what comes twice changes nothing; no order
//! makes the share lower; a buyer nobody named is nobody's unit.

use std::collections::BTreeMap;

use crate::day::{Day, DayRange, Zone};
use crate::exchange::Conversation;
use crate::proportion::Proportion;
use crate::time::Timestamp;

#[cfg(test)]
mod tests;

/// How many days after the one a buyer asked on the time to order ends.
const DAYS_TO_ORDER: u32 = 2;

/// Who asked on which days, and who of them ordered.
#[derive(Clone, Debug)]
pub struct Inquiries {
    zone: Zone,
    range: DayRange,
    as_of: Timestamp,
    buyers: BTreeMap<Box<str>, BTreeMap<Day, Inquiry>>,
}

/// A buyer on a day.
#[derive(Clone, Copy, Debug)]
struct Inquiry {
    first_asked: Timestamp,
    converted: bool,
}

impl Inquiries {
    /// Of the days of a range in this zone, as known at this moment.
    #[must_use]
    pub const fn new(zone: Zone, range: DayRange, as_of: Timestamp) -> Self {
        Self { zone, range, as_of, buyers: BTreeMap::new() }
    }

    /// Takes in what was asked in a conversation. All conversations come before the first order.
    pub fn add(&mut self, conversation: &Conversation) {
        let buyer = conversation.session.buyer.as_str();
        if buyer.is_empty() {
            return;
        }
        let asks = conversation
            .exchanges
            .iter()
            .flat_map(|exchange| exchange.asks.iter().chain(&exchange.further_asks));
        for ask in asks {
            let day = self.zone.day_of(ask.at);
            if self.range.contains(day) && self.time_to_order_ends(day) <= self.as_of {
                self.ask(buyer, day, ask.at);
            }
        }
    }

    fn ask(&mut self, buyer: &str, day: Day, at: Timestamp) {
        let days = match self.buyers.get_mut(buyer) {
            Some(days) => days,
            None => self.buyers.entry(buyer.into()).or_default(),
        };
        let inquiry = days.entry(day).or_insert(Inquiry { first_asked: at, converted: false });
        inquiry.first_asked = inquiry.first_asked.min(at);
    }

    /// Takes in an order: who placed it, and when.
    pub fn order(&mut self, buyer: &str, placed: Timestamp) {
        let Some(days) = self.buyers.get_mut(buyer) else { return };
        let placed_on = self.zone.day_of(placed);
        for (_, inquiry) in days.range_mut(placed_on.minus(DAYS_TO_ORDER - 1)..=placed_on) {
            inquiry.converted |= inquiry.first_asked < placed;
        }
    }

    /// The moments between which orders matter: from the first, before the second; an end that is `None` is open.
    #[must_use]
    pub fn orders_between(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        let from = self.range.first.map(|day| self.zone.start_of(day));
        (from, self.range.last.map(|day| self.time_to_order_ends(day)))
    }

    /// Buyers on days who ordered, of all who asked; `None` when nobody did.
    #[must_use]
    pub fn conversion(&self) -> Option<Proportion> {
        let all = || self.buyers.values().flat_map(BTreeMap::values);
        let converted = all().filter(|inquiry| inquiry.converted).count();
        Proportion::new(converted as u64, all().count() as u64)
    }

    fn time_to_order_ends(&self, day: Day) -> Timestamp {
        self.zone.start_of(day.plus(DAYS_TO_ORDER))
    }
}
