//! Tables and bars for people who read a terminal.

use std::fmt;

/// Widest bar, in characters.
pub const BAR_WIDTH: usize = 24;

/// On which side of its column a cell stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// A table with a header. Numbers stand on the right, words on the left.
#[derive(Clone, Debug)]
pub struct Table {
    header: Vec<(Side, String)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows. A title that begins with `>` stands on the right, and so do the cells below it.
    #[must_use]
    pub fn new(titles: &[&str]) -> Self {
        let column = |title: &&str| match title.strip_prefix('>') {
            Some(title) => (Side::Right, title.to_owned()),
            None => (Side::Left, (*title).to_owned()),
        };
        Self { header: titles.iter().map(column).collect(), rows: Vec::new() }
    }

    /// Adds a row; cells beyond the header are left out, missing ones are empty.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().take(self.header.len()).collect());
    }

    /// True without rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn widths(&self) -> Vec<usize> {
        let cell = |row: &Vec<String>, column: usize| row.get(column).map_or(0, |cell| width(cell));
        let of = |(column, (_, title)): (usize, &(Side, String))| {
            self.rows.iter().map(|row| cell(row, column)).fold(width(title), usize::max)
        };
        self.header.iter().enumerate().map(of).collect()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        let titles: Vec<&str> = self.header.iter().map(|(_, title)| title.as_str()).collect();
        let mut line = |cells: &[&str]| {
            let mut text = String::new();
            for (column, (&(side, _), &full)) in self.header.iter().zip(&widths).enumerate() {
                let cell = cells.get(column).copied().unwrap_or_default();
                let pad = " ".repeat(full.saturating_sub(width(cell)));
                let (before, after) =
                    if side == Side::Right { (pad.as_str(), "") } else { ("", pad.as_str()) };
                text.extend([if column > 0 { "  " } else { "" }, before, cell, after]);
            }
            writeln!(f, "{}", text.trim_end())
        };
        line(&titles)?;
        for row in &self.rows {
            line(&row.iter().map(String::as_str).collect::<Vec<_>>())?;
        }
        Ok(())
    }
}

/// A bar for a part of a whole, at most `full` characters long and exact to an eighth of one. A part above the whole
/// fills the bar; nothing is an empty text.
#[must_use]
pub fn bar(part: u64, whole: u64, full: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if whole == 0 {
        return String::new();
    }
    let eighths = u128::from(part.min(whole)) * (full as u128) * 8 / u128::from(whole);
    let (blocks, rest) =
        (usize::try_from(eighths / 8).unwrap_or(full), usize::try_from(eighths % 8).unwrap_or(0));
    format!("{}{}", "█".repeat(blocks), EIGHTHS[rest])
}

/// A share in percent with two decimals, rounded half up; `–` without data.
#[must_use]
pub fn percent(part: u64, whole: u64) -> String {
    match hundredths(part, whole) {
        Some(hundredths) => format!("{}.{:02} %", hundredths / 100, hundredths % 100),
        None => "–".to_owned(),
    }
}

/// A share in hundredths of a percent, rounded half up; `None` without data.
#[must_use]
pub fn hundredths(part: u64, whole: u64) -> Option<u64> {
    let (part, whole) = (u128::from(part), u128::from(whole));
    let rounded = (part * 20_000 + whole).checked_div(2 * whole)?;
    u64::try_from(rounded).ok()
}

/// How many columns of a terminal a text takes: East Asian characters take two, combining marks none.
#[must_use]
pub fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

fn char_width(c: char) -> usize {
    match u32::from(c) {
        0x0300..=0x036F | 0x200B..=0x200F | 0xFE00..=0xFE0F => 0,
        0x1100..=0x115F
        | 0x2E80..=0xA4CF
        | 0xAC00..=0xD7A3
        | 0xF900..=0xFAFF
        | 0xFE30..=0xFE6F
        | 0xFF00..=0xFF60
        | 0xFFE0..=0xFFE6
        | 0x1_F300..=0x1_FAFF
        | 0x2_0000..=0x3_FFFD => 2,
        _ => 1,
    }
}

/// A text cut to a width, with `…` where something is missing.
#[must_use]
pub fn cut(text: &str, full: usize) -> String {
    if width(text) <= full {
        return text.to_owned();
    }
    let mut room = full.saturating_sub(1);
    let mut short = String::new();
    for c in text.chars() {
        let Some(left) = room.checked_sub(char_width(c)) else { break };
        room = left;
        short.push(c);
    }
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stand_below_their_titles_whatever_the_script() {
        let mut table = Table::new(&["agent", ">calls", "load"]);
        table.row(["小红".into(), "12".into(), bar(1, 2, 4)]);
        table.row(["MICHAL".into(), "1704".into(), bar(9, 8, 4)]);
        table.row(["nobody".into()]);
        insta::assert_snapshot!(table.to_string(), @r"
        agent   calls  load
        小红       12  ██
        MICHAL   1704  ████
        nobody
        ");
    }

    #[test]
    fn bars_are_exact_to_an_eighth() {
        for (part, whole, text) in [
            (0, 8, ""),
            (1, 8, "▏"),
            (7, 8, "▉"),
            (8, 8, "█"),
            (100, 8, "█"),
            (1, 0, ""),
            (u64::MAX, u64::MAX, "█"),
        ] {
            assert_eq!(bar(part, whole, 1), text, "{part} of {whole}");
        }
    }

    #[test]
    fn shares_are_rounded_half_up_and_nothing_is_no_share() {
        assert_eq!(percent(25_667, 31_094), "82.55 %");
        assert_eq!(percent(26_110, 30_140), "86.63 %");
        assert_eq!(percent(1, 8), "12.50 %");
        assert_eq!(percent(0, 0), "–");
        assert_eq!(hundredths(1, 20_000), Some(1));
    }

    #[test]
    fn a_cut_text_says_so_and_fits() {
        assert_eq!(cut("一二三四", 5), "一二…");
        assert_eq!(cut("abcd", 4), "abcd");
    }
}
