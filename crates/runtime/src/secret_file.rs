//! Files with secrets: readable by their owner only, and whole whenever they are there.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Makes the file with these bytes, unless it is there: then it stays as it is, whoever made it. Processes that make
/// one file at the same time end up with the bytes of one of them.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = draft(path);
    let written = write(&draft, bytes).and_then(|()| fs::hard_link(&draft, path));
    // It may never have been there; the first error says more.
    let _ = fs::remove_file(&draft);
    match written {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        written => written,
    }
}

/// Makes the file with these bytes, in the place of one that is there.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = draft(path);
    let written = write(&draft, bytes).and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        // It may never have been there; the first error says more.
        let _ = fs::remove_file(&draft);
    }
    written
}

/// The name under which this process writes before the file gets its own.
fn draft(path: &Path) -> PathBuf {
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}", std::process::id()));
    PathBuf::from(draft)
}

fn write(draft: &Path, bytes: &[u8]) -> io::Result<()> {
    // Left behind by a process of this number that was killed just then.
    let _ = fs::remove_file(draft);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(draft)?;
    file.write_all(bytes)?;
    file.sync_all()
}
