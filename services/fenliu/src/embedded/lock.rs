//! One process at a time uses a data directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use anyhow::Context;

/// Name of the lock file within the directory. The operating system forgets the lock with the process that holds it,
/// however that one ends, so the file may stay.
const LOCK_FILE: &str = "fenliu.lock";
/// Longest holder's note that is read.
const MAX_NOTE_BYTES: u64 = 64;

/// The right to use a data directory; given back when dropped.
#[derive(Debug)]
pub(crate) struct DirectoryLock {
    _file: File,
}

impl DirectoryLock {
    /// Takes the directory for this process.
    pub(crate) fn take(directory: &Path) -> anyhow::Result<Self> {
        let path = directory.join(LOCK_FILE);
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .with_context(|| format!("cannot open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => anyhow::bail!(
                "{} is in use by another fenliu (process {}); ask that one with --connect, or use another directory",
                directory.display(),
                holder(&mut file),
            ),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
        // The note is for people only: a lock without one holds as well.
        let noted = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| write!(file, "{}", std::process::id()));
        noted.with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { _file: file })
    }
}

fn holder(file: &mut File) -> String {
    let mut note = String::new();
    let read = file.take(MAX_NOTE_BYTES).read_to_string(&mut note);
    if read.is_ok() && !note.is_empty() { note } else { "unknown".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_one_user_at_a_time() {
        let directory = tempfile::tempdir().expect("a directory");
        let first = DirectoryLock::take(directory.path()).expect("free");
        let refused = DirectoryLock::take(directory.path()).expect_err("taken").to_string();
        assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
        drop(first);
        assert!(DirectoryLock::take(directory.path()).is_ok());
    }
}
