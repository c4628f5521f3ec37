//! Reading several files of one log, keeping count of what they hold.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Serialize;

use crate::progress::Progress;
use crate::recorded::{self, Conversation, Format, Row};

/// Most malformed rows that are kept with their reasons; further ones are counted only.
pub const MAX_MALFORMED_KEPT: usize = 1_000;
/// Most malformed rows that are shown to people.
const MAX_MALFORMED_SHOWN: usize = 10;

/// What files of a log held.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// Rows read, sound or not; headers and empty lines are none.
    pub rows_read: u64,
    /// Rows that could not be read.
    pub rows_malformed: u64,
    /// Rows that were no conversation, or say nothing that is counted.
    pub rows_not_offered: u64,
    /// The first rows that could not be read, and why.
    pub malformed: Vec<MalformedRow>,
    /// What was put right to make sense of sound rows.
    pub repairs: RepairCounts,
}

/// How many rows had something put right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RepairCounts {
    /// A time of day was taken for the next day's.
    pub next_day: u64,
    /// A negative duration was taken for zero.
    pub negative_duration: u64,
    /// A key had come before and was numbered.
    pub repeated_key: u64,
}

/// A row that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MalformedRow {
    /// Its file, as it was named.
    pub file: String,
    /// Its line, from 1.
    pub line: u64,
    /// What is wrong.
    pub why: String,
}

impl Reading {
    /// Reads a file and hands on each conversation as it comes, while `progress` is told how far it has got.
    ///
    /// # Errors
    /// When a file cannot be opened or read; a malformed row is none.
    pub fn each(
        &mut self,
        format: Format,
        file: &Path,
        progress: &Progress,
        mut take: impl FnMut(Conversation) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let progress = progress.clone();
        for row in recorded::open(format, file, Box::new(move |bytes| progress.advance(bytes)))? {
            let row = row.with_context(|| format!("cannot read {}", file.display()))?;
            if let Some(conversation) = self.count(file, row) {
                take(conversation)?;
            }
        }
        Ok(())
    }

    /// Counts a row, and returns the conversation it is.
    pub fn count(&mut self, file: &Path, row: Row) -> Option<Conversation> {
        let row = match row {
            Row::NotOffered => (0, Ok(None)),
            Row::Malformed(malformed) => (malformed.line, Err(malformed.why)),
            Row::Conversation(conversation) => (0, Ok(Some(conversation))),
        };
        let conversation = self.count_any(file, row.0, row.1)?;
        let repairs = conversation.repairs;
        self.repairs.next_day += u64::from(repairs.next_day);
        self.repairs.negative_duration += u64::from(repairs.negative_duration);
        self.repairs.repeated_key += u64::from(repairs.repeated_key);
        Some(conversation)
    }

    /// Counts a row of whatever kind on a line of a file, and returns what it holds, unless that is nothing to count or
    /// cannot be read.
    pub fn count_any<T>(&mut self, file: &Path, line: u64, row: Result<Option<T>, String>) -> Option<T> {
        self.rows_read += 1;
        match row {
            Ok(None) => self.rows_not_offered += 1,
            Err(why) => {
                self.rows_malformed += 1;
                if self.malformed.len() < MAX_MALFORMED_KEPT {
                    self.malformed.push(MalformedRow { file: file.display().to_string(), line, why });
                }
            }
            Ok(Some(held)) => return Some(held),
        }
        None
    }

    /// What people should know of the reading, a line each.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let mut notes = vec![format!(
            "{} rows read, {} of them no conversation, {} malformed",
            self.rows_read, self.rows_not_offered, self.rows_malformed
        )];
        let shown = self.malformed.iter().take(MAX_MALFORMED_SHOWN);
        notes.extend(shown.map(|row| format!("skipped {}:{}: {}", row.file, row.line, row.why)));
        let rest = self.rows_malformed.saturating_sub(MAX_MALFORMED_SHOWN as u64);
        if rest > 0 {
            notes.push(format!("skipped {rest} more; --json names up to {MAX_MALFORMED_KEPT} of them"));
        }
        for (count, what) in [
            (self.repairs.next_day, "times of day earlier than the one before, taken for the next day's"),
            (self.repairs.negative_duration, "negative durations, taken for zero"),
            (self.repairs.repeated_key, "keys that had come before, numbered"),
        ] {
            if count > 0 {
                notes.push(format!("{count} {what}"));
            }
        }
        notes
    }
}

/// A progress bar over all bytes of these files.
#[must_use]
pub fn progress_over(files: &[PathBuf], what: &str) -> Progress {
    let size = |file: &PathBuf| std::fs::metadata(file).map_or(0, |metadata| metadata.len());
    Progress::bytes(files.iter().map(size).sum(), what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded::Malformed;

    #[test]
    fn malformed_rows_are_all_counted_and_the_first_ones_named() {
        let mut reading = Reading::default();
        for line in 1..=1_500 {
            let malformed = Malformed { line, why: "has 3 columns, expected 17".into() };
            assert_eq!(reading.count(Path::new("march.txt"), Row::Malformed(malformed)), None);
        }
        assert_eq!((reading.rows_malformed, reading.malformed.len()), (1_500, MAX_MALFORMED_KEPT));
        let notes = reading.notes();
        assert_eq!(notes[1], "skipped march.txt:1: has 3 columns, expected 17");
        assert_eq!(
            notes.last().map(String::as_str),
            Some("skipped 1490 more; --json names up to 1000 of them")
        );
    }
}
