//! Where an export is written, and from which event on.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;

use crate::recorded::fenliu_jsonl::{Header, MAX_EVENT_BYTES};

/// Bytes looked at together from the end of a file on.
const BLOCK: u64 = 64 * 1024;

/// A file whose lines up to some event are written.
pub(super) struct Place {
    /// The seq of the last event that is written; before the first, the seq after which the file begins.
    pub(super) after: u64,
    /// Where the next line goes.
    pub(super) out: Box<dyn Write + Send>,
}

/// Writes the first line.
pub(super) fn begin(header: &Header, out: &mut impl Write) -> anyhow::Result<()> {
    let line = serde_json::to_string(header)?;
    writeln!(out, "{line}").and_then(|()| out.flush()).context("cannot write")
}

impl Place {
    /// A new file, with its first line.
    pub(super) fn create(path: &Path, header: &Header) -> anyhow::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).open(path);
        let mut file = match file {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => anyhow::bail!(
                "{} is there already; name another file, or go on with it with --resume",
                path.display()
            ),
            other => other.with_context(|| format!("cannot make {}", path.display()))?,
        };
        begin(header, &mut file)?;
        Ok(Self { after: header.after_seq, out: Box::new(file) })
    }

    /// A file that an export of the same began: behind its last whole line. What there is of a further one goes. A file
    /// that is not there, or has no first line yet, begins anew.
    pub(super) fn resume(path: &Path, header: &Header) -> anyhow::Result<Self> {
        let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = open.with_context(|| format!("cannot open {}", path.display()))?;
        let found =
            found(&mut file, header).with_context(|| format!("cannot go on with {}", path.display()))?;
        file.set_len(found.end).and_then(|()| file.seek(SeekFrom::End(0)))?;
        if found.end == 0 {
            begin(header, &mut file)?;
        }
        Ok(Self { after: found.after, out: Box::new(file) })
    }
}

/// How far a file has come.
struct Found {
    after: u64,
    /// Where its last whole line ends.
    end: u64,
}

fn found(file: &mut File, header: &Header) -> anyhow::Result<Found> {
    let longest = MAX_EVENT_BYTES as u64 + 1;
    let mut first = Vec::new();
    BufReader::new(&*file).take(longest).read_until(b'\n', &mut first)?;
    if first.pop() != Some(b'\n') {
        // Nothing but the beginning of a first line is taken for one that was cut off.
        let whole = serde_json::to_vec(header)?;
        anyhow::ensure!(whole.starts_with(&first) || first.is_empty(), "its first line is another one");
        return Ok(Found { after: header.after_seq, end: 0 });
    }
    let known = Header::parse(std::str::from_utf8(&first).unwrap_or_default())
        .map_err(|why| anyhow::anyhow!("{why}"))?;
    // The shop may have got another name since.
    let begun = Header { display_name: known.display_name.clone(), ..header.clone() };
    anyhow::ensure!(
        known == begun,
        "it was begun for another shop, range or place: its first line is {}",
        String::from_utf8_lossy(&first)
    );
    let end = line_end(file, file.metadata()?.len())?;
    let header_end = first.len() as u64 + 1;
    if end <= header_end {
        return Ok(Found { after: header.after_seq, end: header_end });
    }
    let start = line_end(file, end - 1)?;
    anyhow::ensure!(end - start <= longest, "its last line is longer than {MAX_EVENT_BYTES} bytes");
    let mut last = vec![0; usize::try_from(end - start)?];
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(&mut last)?;
    let last: Numbered = serde_json::from_slice(&last).context("its last line is no event")?;
    Ok(Found { after: last.seq, end })
}

/// What tells how far an export has come.
#[derive(Deserialize)]
struct Numbered {
    seq: u64,
}

/// The place after the last line feed before a place; 0 when there is none.
fn line_end(file: &mut File, before: u64) -> io::Result<u64> {
    let mut to = before;
    let mut block = Vec::new();
    while to > 0 {
        let from = to.saturating_sub(BLOCK);
        block.resize(usize::try_from(to - from).unwrap_or(0), 0);
        file.seek(SeekFrom::Start(from))?;
        file.read_exact(&mut block)?;
        if let Some(at) = block.iter().rposition(|byte| *byte == b'\n') {
            return Ok(from + at as u64 + 1);
        }
        to = from;
    }
    Ok(0)
}
