//! The key of page tokens in a file, so that tokens outlive the process that made them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::PageTokens;
use crate::clock::SystemClock;
use crate::ids::IdSource;
use crate::secret_file;

/// Bytes of a key.
const KEY_BYTES: usize = 32;

/// Why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It cannot be read or made.
    #[error("cannot use the page key file {0}")]
    Io(PathBuf, #[source] io::Error),
    /// It holds something else than a key.
    #[error(
        "the page key file {0} has {1} bytes, a key has {KEY_BYTES}; name another file, or delete this one to have \
         a new key made (page tokens given so far are then refused)"
    )]
    NoKey(PathBuf, usize),
}

impl PageTokens {
    /// Tokens under the key in this file of 32 bytes. A file that is not there is made, with a key nobody can
    /// guess and for its owner's eyes only; its directory is not. Processes that make one file at the same time
    /// end up with one key.
    ///
    /// # Errors
    /// When the file can neither be read nor made, or holds no key.
    pub fn from_file(path: &Path) -> Result<Self, KeyFileError> {
        let failed = |error| KeyFileError::Io(path.to_owned(), error);
        let bytes = match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = IdSource::system(SystemClock::shared()).next_key();
                secret_file::create(path, &key).and_then(|()| fs::read(path)).map_err(failed)?
            }
            read => read.map_err(failed)?,
        };
        let key = bytes.as_slice().try_into();
        key.map(Self::new).map_err(|_| KeyFileError::NoKey(path.to_owned(), bytes.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("page.key");
        let token = PageTokens::from_file(&path).unwrap().seal(b"s", b"5");
        assert_eq!(PageTokens::from_file(&path).unwrap().open(b"s", &token).unwrap(), b"5");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "no draft is left behind");
    }

    #[test]
    fn every_file_made_has_a_key_of_its_own() {
        let directory = tempfile::tempdir().unwrap();
        let token = PageTokens::from_file(&directory.path().join("a")).unwrap().seal(b"s", b"5");
        assert!(PageTokens::from_file(&directory.path().join("b")).unwrap().open(b"s", &token).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_can_read_the_key() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("page.key");
        PageTokens::from_file(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_holds_no_key_is_named_and_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("page.key");
        fs::write(&path, b"short").unwrap();
        let error = PageTokens::from_file(&path).unwrap_err().to_string();
        assert!(error.contains("page.key has 5 bytes"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"short");
    }

    #[test]
    fn a_missing_directory_is_an_error() {
        assert!(PageTokens::from_file(Path::new("/nowhere/page.key")).is_err());
    }
}
