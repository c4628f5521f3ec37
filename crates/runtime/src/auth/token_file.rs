//! Tokens that are handed to people and programs through a file.

use std::io;
use std::path::Path;

use crate::secret_file;

/// A file that holds one token and that only its owner can read.
#[derive(Clone, Copy, Debug)]
pub struct TokenFile;

impl TokenFile {
    /// Writes the token and a line's end into the file, for its owner's eyes only. A file that is there is replaced
    /// as a whole: whoever reads it finds the old token or the new one.
    ///
    /// # Errors
    /// When the file cannot be written; its directory is not made.
    pub fn write(path: &Path, token: &str) -> io::Result<()> {
        secret_file::replace(path, format!("{token}\n").as_bytes())
    }
}
