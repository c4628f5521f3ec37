//! Orders as an order system can write them down: one JSON object a line.
//!
//! `services/fenliu/formats.md` is its description for people. An order is written by the JSON mapping of protobuf with the
//! names of the contract (`fenliu.analytics.v1.ImportedOrder`), so that the comments there hold here, too.
//!
//! Invariants: a line that cannot be read, or that the service would refuse, is named with its column or field, and the
//! reading goes on; a line holds at most [`MAX_LINE_BYTES`], and no more than one is in memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use anyhow::Context;
use fenliu_proto::analytics::v1::ImportedOrder;
use fenliu_proto::validate::validate;
use prost_reflect::MessageDescriptor;

use super::lines::{Line, Lines};
use super::{ByteCounter, Counted, MAX_LINE_BYTES};
use crate::contract;

/// What the format is called on the command line, and the source of what is imported from it.
pub const FORMAT: &str = "orders-jsonl";

/// The orders of a file, in its order, each with its line from 1, or what is wrong with that line.
pub struct Orders<R> {
    kind: MessageDescriptor,
    lines: Lines<R>,
}

impl<R: BufRead> Orders<R> {
    /// Those of a text, by the contract this fenliu was built with.
    ///
    /// # Errors
    /// When that cannot be read: a defect of the build.
    pub fn of(input: R) -> anyhow::Result<Self> {
        Ok(Self { kind: contract::kind("fenliu.analytics.v1.ImportedOrder")?, lines: Lines::new(input) })
    }

    fn read(&self, line: Line) -> Result<ImportedOrder, String> {
        let order = line.text(MAX_LINE_BYTES).and_then(|text| contract::read(&self.kind, &text))?;
        validate(&order).map_err(|problem| problem.to_string())?;
        Ok(order)
    }
}

impl<R: BufRead> Iterator for Orders<R> {
    type Item = io::Result<(u64, Result<ImportedOrder, String>)>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.lines.next_filled().transpose()?;
        Some(next.map(|(number, line)| (number, self.read(line))))
    }
}

/// Opens a file and tells `counter` how far the reading has come.
///
/// # Errors
/// When it cannot be opened.
pub fn open(path: &Path, counter: ByteCounter) -> anyhow::Result<Orders<BufReader<Counted>>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    Orders::of(BufReader::new(Counted { file, counter }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(u64, Result<ImportedOrder, String>)> {
        let orders = Orders::of(text.as_bytes()).expect("the contract has orders");
        orders.map(|order| order.expect("memory does not fail")).collect()
    }

    #[test]
    fn an_order_is_read_with_the_names_of_the_contract() {
        let text = concat!(
            r#"{"record_id":"20260504-17","buyer_id":"小李","placed_time":"2026-05-04T14:03:00+08:00","agent":"lan"}"#,
            "\n\r\n",
            r#"{"record_id":"18","buyer_id":"b","placed_time":"2026-05-04T06:03:00.5Z"}"#,
        );
        let seconds = 1_777_874_580;
        let order = |record_id: &str, buyer_id: &str, nanos, agent: &str| ImportedOrder {
            record_id: record_id.into(),
            buyer_id: buyer_id.into(),
            placed_time: Some(prost_types::Timestamp { seconds, nanos }),
            agent: agent.into(),
        };
        let expected = [(1, order("20260504-17", "小李", 0, "lan")), (3, order("18", "b", 500_000_000, ""))];
        assert_eq!(read(text), expected.map(|(line, order)| (line, Ok(order))));
    }

    #[test]
    fn a_line_that_is_none_is_named_and_the_next_one_is_read() {
        let good = r#"{"record_id":"1","buyer_id":"b","placed_time":"2026-05-04T06:03:00Z"}"#;
        let huge = format!(r#"{{"record_id":"{}"}}"#, "x".repeat(MAX_LINE_BYTES));
        for (wrong, why) in [
            ("[]", "expected a map"),
            (r#"{"record_id":"1","buyer":"b"}"#, "buyer"),
            (r#"{"record_id":"1","buyer_id":"b"}"#, "placed_time"),
            (r#"{"record_id":"1","buyer_id":"b","placed_time":"yesterday"}"#, "column"),
            (r#"{"record_id":"1","buyer_id":"","placed_time":"2026-05-04T06:03:00Z"}"#, "buyer_id"),
            (&huge, "longer than 65536 bytes"),
        ] {
            let found = read(&format!("{wrong}\n{good}\n"));
            let Some((1, Err(told))) = found.first() else { panic!("{wrong} was read: {found:?}") };
            assert!(told.contains(why), "{told}");
            assert!(matches!(&found[1..], [(2, Ok(_))]), "{found:?}");
        }
    }
}
