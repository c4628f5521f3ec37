//! A replica's clock, which can be made to step.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// A clock. What `tests/faults/clock.c` makes of it is read by the replica whenever it asks what time it is.
#[derive(Debug)]
pub(crate) struct Clock {
    /// Where it stands by how many seconds it is off.
    file: PathBuf,
}

impl Clock {
    /// One that is right.
    pub(crate) fn right(file: &Path) -> anyhow::Result<Self> {
        std::fs::write(file, 0_i64.to_ne_bytes()).with_context(|| file.display().to_string())?;
        Ok(Self { file: file.to_owned() })
    }

    /// It is off by so many seconds from now on; by none, it is right.
    pub(crate) fn step(&self, seconds: i64) -> anyhow::Result<()> {
        // In place, since the replica has the file in its memory, where it must never be shorter.
        let mut file = OpenOptions::new().write(true).open(&self.file).context("there is no clock")?;
        file.write_all(&seconds.to_ne_bytes()).context("the clock cannot be set")
    }

    /// What makes a process go by it, by way of this library.
    pub(crate) fn environment(&self, library: &Path) -> [(String, String); 2] {
        let told = |path: &Path| path.display().to_string();
        [("LD_PRELOAD".to_owned(), told(library)), ("FAULTS_CLOCK".to_owned(), told(&self.file))]
    }
}
