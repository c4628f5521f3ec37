//! Cards for people who read a terminal.

use std::fmt::Display;

use super::sheet::Sheet;
use super::tables::{CardTable, Tables};
use crate::table::{Table, width};
use crate::words::{Words, fill};

/// Widest line of a legend, in columns of a terminal.
const LEGEND_WIDTH: usize = 100;

impl Sheet {
    /// The cards in words.
    pub(crate) fn told(&self, words: &Words) -> String {
        let shop: [(&str, &dyn Display); 3] =
            [("name", &self.display_name), ("id", &self.shop_id), ("zone", &self.time_zone)];
        let days = fill(words.head.from_to, &[("from", &self.first_day), ("to", &self.last_day)]);
        let head = fill(words.head.shop_line, &shop);
        format!("{head}\n{days}\n{}", self.tables_told(words, usize::MAX))
    }

    /// The tables, with at most so many agents each, and what stands out.
    pub(crate) fn tables_told(&self, words: &Words, most: usize) -> String {
        let mut text = String::new();
        if !self.schedule_known {
            text.extend([words.cards.schedule_unknown, "\n"]);
        }
        if self.agents.is_empty() {
            return text + words.cards.nobody + "\n";
        }
        let tables = Tables { sheet: self, words, most };
        let all_day = [Some(tables.all_day()), Some(tables.times()), tables.misses()];
        for table in all_day.into_iter().flatten().chain(tables.shifts()) {
            text.extend(["\n", &table.told(words)]);
        }
        let hints = tables.hints();
        if !hints.is_empty() {
            text.extend(["\n", words.cards.talk, "\n"]);
        }
        for hint in hints {
            text.extend([&hint.name, words.head.colon, &hint.said]);
            if !hint.evidence.is_empty() {
                text.extend([words.head.semicolon, &hint.evidence]);
            }
            text.push('\n');
        }
        text
    }
}

impl CardTable {
    fn told(&self, words: &Words) -> String {
        let titles: Vec<_> = self.columns.iter().map(|title| format!(">{}", title.short)).collect();
        let titles: Vec<_> =
            [words.cards.name].into_iter().chain(titles.iter().map(String::as_str)).collect();
        let mut table = Table::new(&titles);
        for row in &self.rows {
            table.row([row.name.clone()].into_iter().chain(row.cells.iter().cloned()));
        }
        let mut text = format!("{}\n{table}", self.title);
        if !self.more.is_empty() {
            text.extend([&self.more, "\n"]);
        }
        text + &wrapped(&self.legend, words.head.comma)
    }
}

/// Entries beside each other, on as many lines as they need.
fn wrapped(entries: &[String], separator: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for entry in entries {
        match lines.last_mut() {
            Some(line) if width(line) + width(separator) + width(entry) <= LEGEND_WIDTH => {
                line.extend([separator, entry]);
            }
            _ => lines.push(entry.clone()),
        }
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_legend_goes_on_with_a_new_line_where_the_last_one_is_full() {
        let entries: Vec<_> = (1..=11).map(|number| format!("{number} a-pack-of-some-name")).collect();
        let text = wrapped(&entries, ", ");
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(text.lines().all(|line| width(line) <= LEGEND_WIDTH && !line.ends_with(' ')), "{text}");
        assert_eq!(text.matches("a-pack").count(), 11);
        assert_eq!(wrapped(&[], ", "), "");
    }
}
