//! The rows as they lie in SQL, and their way in and out of the words of this service.
//!
//! Nothing outside `storage` sees a row. What a row holds was checked before it was written; a value that no
//! longer reads is corruption and is reported with its table, column and row, never guessed.

#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod account;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod directory_head;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod request_memory;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod shop;

use std::fmt::Display;
use std::str::FromStr;

use fenliu_domain::time::Timestamp;

use super::Fault;

/// Where a value was read, to say so when it makes no sense.
#[derive(Clone, Copy)]
struct Place<'a> {
    table: &'static str,
    row: &'a str,
}

impl Place<'_> {
    fn corrupt(self, column: &'static str, why: impl Display) -> Fault {
        Fault::Corrupt { table: self.table, column, row: self.row.to_owned(), why: why.to_string() }
    }

    fn text<T: FromStr<Err: Display>>(self, column: &'static str, text: &str) -> Result<T, Fault> {
        text.parse().map_err(|error| self.corrupt(column, error))
    }

    fn time(self, column: &'static str, micros: i64) -> Result<Timestamp, Fault> {
        Timestamp::from_micros(micros).ok_or_else(|| self.corrupt(column, "is outside the years 1 to 9999"))
    }
}
