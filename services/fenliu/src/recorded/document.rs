//! JSON documents that are one list: each element is a row of its own, so that one bad element spoils no other.

use serde_json::value::RawValue;

use super::{Conversation, Malformed, Row};

/// The rows of a document: one per element, in order. A document that is no JSON list is one malformed row.
pub(super) fn rows(bytes: &[u8], read: impl Fn(&str) -> Result<Conversation, String>) -> Vec<Row> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let line = line_of(&bytes[..error.valid_up_to()]);
            return vec![Row::Malformed(Malformed { line, why: "not UTF-8".to_owned() })];
        }
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let elements: Vec<&RawValue> = match serde_json::from_str(text) {
        Ok(elements) => elements,
        Err(error) => {
            let line = u64::try_from(error.line()).unwrap_or(u64::MAX);
            return vec![Row::Malformed(Malformed { line, why: format!("not a JSON list: {error}") })];
        }
    };
    let mut counter = LineCounter { text, offset: 0, line: 1 };
    elements
        .into_iter()
        .map(|element| {
            let line = counter.line_at(element.get());
            match read(element.get()) {
                Ok(conversation) => Row::Conversation(conversation),
                Err(why) => Row::Malformed(Malformed { line, why }),
            }
        })
        .collect()
}

fn line_of(before: &[u8]) -> u64 {
    1 + before.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>()
}

/// Counts lines up to each element once, from front to back.
struct LineCounter<'a> {
    text: &'a str,
    offset: usize,
    line: u64,
}

impl LineCounter<'_> {
    /// The line on which a slice of the text begins; slices are asked for in order.
    fn line_at(&mut self, part: &str) -> u64 {
        let start = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        if let Some(between) = self.text.as_bytes().get(self.offset..start) {
            self.line += line_of(between) - 1;
            self.offset = start;
        }
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_element_is_named_by_its_line_and_spoils_no_other() {
        let read = |text: &str| Err(text.to_owned());
        let rows = rows(b"[\n  1,\n\n  {\"a\":\n 2}, 3\n]", read);
        let lines: Vec<_> = rows
            .iter()
            .map(|row| match row {
                Row::Malformed(malformed) => malformed.line,
                Row::Conversation(_) | Row::NotOffered => 0,
            })
            .collect();
        assert_eq!(lines, [2, 4, 5]);
    }

    #[test]
    fn what_is_no_json_list_is_one_malformed_row() {
        for bytes in [&b""[..], b"{}", b"[1,", b"\xff[]", b"[[[["] {
            let rows = rows(bytes, |_| Err("read".to_owned()));
            assert!(matches!(rows.as_slice(), [Row::Malformed(_)]), "{bytes:?} gave {rows:?}");
        }
    }
}
