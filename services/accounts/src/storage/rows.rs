//! The rows as they lie in SQL, and their way in and out of the words of this service.
//!
//! Nothing outside `storage` sees a row. What a row holds was checked before it was written; a value that no
//! longer reads is corruption and is reported with its table, column and row, never guessed.

#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod account;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod audit_entry;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod binding;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod directory_head;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod history_cursor;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod login_attempt;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod refresh_token;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod request_memory;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod revocation;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod role;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod roster_draft;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod roster_exception;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod roster_version;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod sanction;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod sanction_ladder;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod service_token;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod session;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod shop;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod shop_group;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod signing_key;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(crate) mod violation;

use std::fmt::Display;
use std::str::FromStr;

use fenliu_domain::problem::Problem;
use fenliu_domain::roster::Plan;
use fenliu_domain::time::Timestamp;
use fenliu_proto::accounts::v1 as proto;
use prost::Message;

use super::Fault;
use crate::planning::wire;

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

    fn number<T: TryFrom<i64>>(self, column: &'static str, number: i64) -> Result<T, Fault> {
        T::try_from(number).map_err(|_| self.corrupt(column, "is out of its bounds"))
    }

    fn time(self, column: &'static str, micros: i64) -> Result<Timestamp, Fault> {
        Timestamp::from_micros(micros).ok_or_else(|| self.corrupt(column, "is outside the years 1 to 9999"))
    }
}

/// The plan in bytes of `fenliu.accounts.v1.Roster`.
fn plan_of_bytes(place: Place<'_>, bytes: &[u8]) -> Result<Plan, Fault> {
    let roster = proto::Roster::decode(bytes).map_err(|error| place.corrupt("contents", error))?;
    wire::stored_plan(&roster).map_err(|violations| place.corrupt("contents", Problem::invalid(violations)))
}

/// Between the items of a list in one text; a control character, which no name holds.
const SEPARATOR: char = '\u{1f}';

/// A list in one text, each item between two separators, so that SQL can find an item by itself.
fn to_list(items: &[String]) -> String {
    let mut text = String::new();
    for item in items {
        text.push(SEPARATOR);
        text.push_str(item);
    }
    if !items.is_empty() {
        text.push(SEPARATOR);
    }
    text
}

/// The items of such a text.
pub(super) fn from_list(text: &str) -> Vec<String> {
    text.split(SEPARATOR).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// An item as it stands in a list.
pub(super) fn listed(item: &str) -> String {
    to_list(&[item.to_owned()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_keeps_its_items_and_shows_each_between_separators() {
        for list in
            [vec![], vec!["a".to_owned()], vec!["a b".to_owned(), "%_'".to_owned(), "早班".to_owned()]]
        {
            let text = to_list(&list);
            assert_eq!(from_list(&text), list);
            assert!(list.iter().all(|item| text.contains(&listed(item))));
            assert!(!text.contains(&listed("b")));
        }
    }
}
