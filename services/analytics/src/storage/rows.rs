//! The rows as they lie in SQL, and their way in and out of the words of the domain.
//!
//! Nothing outside `storage` sees a row. A value that no longer reads is corruption and is reported with its table,
//! column and row, never guessed.

mod agent_bytes;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod agent_fact;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod agent_hold;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod agent_state;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod alert;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod alert_agent;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod alert_change;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod alert_hours;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod alert_memory;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod alert_silence;
pub(crate) mod alert_state;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod alert_webhook;
pub(crate) mod book_bytes;
mod bytes;
pub(crate) mod card_bytes;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod conversation;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod day_book;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod day_card;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod facts_version;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod imported_event;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod imported_order;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod log_cursor;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod page;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod request_memory;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod rule_pack;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod rule_pack_shelf;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod shop;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod shop_day;

use std::fmt::Display;

use fenliu_domain::day::Day;
use fenliu_domain::time::Timestamp;

use super::Fault;

/// Where a value was read, to say so when it makes no sense.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) table: &'static str,
    pub(super) column: &'static str,
    pub(super) row: &'a str,
}

impl<'a> Place<'a> {
    /// A column of a conversation.
    pub(super) const fn of_conversation(column: &'static str, name: &'a str) -> Self {
        Self { table: "conversation", column, row: name }
    }

    /// A column of what a day came to.
    pub(super) const fn of_book(column: &'static str, date: &'a str) -> Self {
        Self { table: "day_book", column, row: date }
    }

    pub(super) fn corrupt(self, why: impl Display) -> Fault {
        let Self { table, column, row } = self;
        Fault::Corrupt { table, column, row: row.to_owned(), why: why.to_string() }
    }

    pub(super) fn day(self, date: &str) -> Result<Day, Fault> {
        date.parse().map_err(|why| self.corrupt(why))
    }

    pub(super) fn time(self, micros: i64) -> Result<Timestamp, Fault> {
        Timestamp::from_micros(micros).ok_or_else(|| self.corrupt("a time is outside the years 1 to 9999"))
    }
}
