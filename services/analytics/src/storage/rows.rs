//! The rows as they lie in SQL, and their way in and out of the words of the domain.
//!
//! Nothing outside `storage` sees a row. A value that no longer reads is corruption and is reported with its table,
//! column and row, never guessed.

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
pub(crate) mod request_memory;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod rule_pack;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod rule_pack_shelf;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod shop;

use std::fmt::Display;

use fenliu_domain::time::Timestamp;

use super::Fault;

/// Where a value was read, to say so when it makes no sense.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    table: &'static str,
    column: &'static str,
    row: &'a str,
}

impl Place<'_> {
    fn corrupt(self, why: impl Display) -> Fault {
        let Self { table, column, row } = self;
        Fault::Corrupt { table, column, row: row.to_owned(), why: why.to_string() }
    }

    fn time(self, micros: i64) -> Result<Timestamp, Fault> {
        Timestamp::from_micros(micros).ok_or_else(|| self.corrupt("a time is outside the years 1 to 9999"))
    }
}
