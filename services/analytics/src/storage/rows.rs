//! The rows as they lie in SQL, and their way in and out of the words of the domain.
//!
//! Nothing outside `storage` sees a row. A value that no longer reads is corruption and is reported with its table,
//! column and row, never guessed.

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
mod bytes;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod conversation;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod facts_version;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod imported_event;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod log_cursor;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod page;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod shop;

use std::fmt::Display;

use fenliu_domain::time::Timestamp;

use super::Fault;

/// Where a value was read, to say so when it makes no sense.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) table: &'static str,
    pub(super) column: &'static str,
    pub(super) row: &'a str,
}

impl Place<'_> {
    pub(super) fn corrupt(self, why: impl Display) -> Fault {
        let Self { table, column, row } = self;
        Fault::Corrupt { table, column, row: row.to_owned(), why: why.to_string() }
    }

    pub(super) fn time(self, micros: i64) -> Result<Timestamp, Fault> {
        Timestamp::from_micros(micros).ok_or_else(|| self.corrupt("a time is outside the years 1 to 9999"))
    }
}
