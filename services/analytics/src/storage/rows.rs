//! The rows as they lie in SQL, and their way in and out of the words of the domain.
//!
//! Nothing outside `storage` sees a row. A value that no longer reads is corruption and is reported with its table,
//! column and row, never guessed.

#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod exchange;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod imported_event;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod log_cursor;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod session;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod shop;

use std::fmt::Display;

use fenliu_domain::time::Timestamp;

use super::Fault;

/// Where a value was read, to say so when it makes no sense.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    table: &'static str,
    row: &'a str,
}

impl Place<'_> {
    fn corrupt(self, column: &'static str, why: impl Display) -> Fault {
        Fault::Corrupt { table: self.table, column, row: self.row.to_owned(), why: why.to_string() }
    }

    fn time(self, column: &'static str, micros: i64) -> Result<Timestamp, Fault> {
        Timestamp::from_micros(micros).ok_or_else(|| self.corrupt(column, "is outside the years 1 to 9999"))
    }

    fn optional_time(self, column: &'static str, micros: Option<i64>) -> Result<Option<Timestamp>, Fault> {
        micros.map(|micros| self.time(column, micros)).transpose()
    }

    fn count(self, column: &'static str, count: i64) -> Result<u32, Fault> {
        u32::try_from(count).map_err(|error| self.corrupt(column, error))
    }
}
