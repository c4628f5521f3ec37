//! Files of text that somebody names: spreadsheets, policies, rule packs.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, ensure};

/// Reads one, and no more of it than it may hold: what somebody names may be a pipe, or never end.
///
/// # Errors
/// When it cannot be read, has more than so many bytes, or is not UTF-8.
pub fn read(file: &Path, max_bytes: u64) -> anyhow::Result<String> {
    let shown = file.display();
    let mut bytes = Vec::new();
    File::open(file)
        .and_then(|opened| opened.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes))
        .with_context(|| format!("cannot read {shown}"))?;
    ensure!(bytes.len() as u64 <= max_bytes, "{shown} has more than {max_bytes} bytes");
    String::from_utf8(bytes).with_context(|| format!("{shown} is not UTF-8; save it as that"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(file: &Path, max_bytes: u64) -> String {
        format!("{:#}", read(file, max_bytes).expect_err("it is refused"))
    }

    #[test]
    fn a_file_is_read_up_to_its_bound() {
        let place = tempfile::tempdir().expect("a directory");
        let file = place.path().join("a.csv");
        std::fs::write(&file, "早班").expect("written");
        assert_eq!(read(&file, 6).expect("it fits"), "早班");
        assert!(refusal(&file, 5).ends_with("a.csv has more than 5 bytes"));
        std::fs::write(&file, [0xff]).expect("written");
        assert!(refusal(&file, 6).contains("is not UTF-8"));
        assert!(refusal(&place.path().join("nowhere"), 6).starts_with("cannot read"));
    }

    #[test]
    fn what_never_ends_is_refused() {
        assert_eq!(refusal(Path::new("/dev/zero"), 1 << 10), "/dev/zero has more than 1024 bytes");
    }
}
