//! The archive as it lies in a directory: a file for each range, and a manifest that names them.
//!
//! A file holds `fenliu.dispatch.v1.StoredEvent`s as FollowEvents tells them, in order of position, each after its length as
//! a varint, gzipped. `manifest.json` names each file with its first and last position, how many events it has and its
//! SHA-256. Both are written beside their place, synced and then renamed, so what has a name is whole.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use fenliu_proto::dispatch::v1::StoredEvent;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use prost::Message;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::history::partitions::Range;

/// The version of this layout.
const VERSION: u32 = 1;
const MANIFEST: &str = "manifest.json";
/// Most bytes of one event; none that is stored is larger.
const EVENT_BYTES: u64 = 16 << 20;
/// Most bytes of a manifest: a million ranges.
const MANIFEST_BYTES: u64 = 256 << 20;

/// One file of the archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchivedFile {
    /// Position of its first event.
    pub first_position: i64,
    /// Position of its last event.
    pub last_position: i64,
    /// How many events it holds.
    pub events: u64,
    /// Its name in the directory.
    pub file: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Manifest {
    version: u32,
    files: Vec<ArchivedFile>,
}

/// An archive in a directory.
#[derive(Clone, Debug)]
pub(super) struct Directory(PathBuf);

impl Directory {
    /// Opens the archive in a directory, which is made when it is not there and it is to be written.
    pub(super) fn open(place: &Path, write: bool) -> anyhow::Result<Self> {
        if write {
            std::fs::create_dir_all(place).with_context(|| format!("cannot make {}", place.display()))?;
        }
        ensure!(place.is_dir(), "there is no archive at {}: that is no directory", place.display());
        let directory = Self(place.to_owned());
        directory.files()?;
        Ok(directory)
    }

    /// The files, in order of position; each follows the one before.
    pub(super) fn files(&self) -> anyhow::Result<Vec<ArchivedFile>> {
        let path = self.0.join(MANIFEST);
        let mut text = String::new();
        match File::open(&path) {
            Ok(file) => {
                let read = file.take(MANIFEST_BYTES).read_to_string(&mut text);
                read.with_context(|| format!("cannot read {}", path.display()))?;
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error).with_context(|| format!("cannot open {}", path.display())),
        }
        let manifest: Manifest =
            serde_json::from_str(&text).with_context(|| format!("{} is no manifest", path.display()))?;
        ensure!(
            manifest.version == VERSION,
            "{} is of version {}; this binary knows version {VERSION}: use the binary that wrote it",
            path.display(),
            manifest.version
        );
        Ok(manifest.files)
    }

    /// Names a file that is there, in the place of one of the same range.
    pub(super) fn name(&self, file: ArchivedFile) -> anyhow::Result<()> {
        let mut files = self.files()?;
        files.retain(|known| known.first_position != file.first_position);
        files.push(file);
        files.sort_by_key(|file| file.first_position);
        for pair in files.windows(2) {
            ensure!(
                pair[0].last_position < pair[1].first_position,
                "{} and {} hold the same positions; write into another directory",
                pair[0].file,
                pair[1].file
            );
        }
        let text = serde_json::to_vec_pretty(&Manifest { version: VERSION, files })?;
        let mut out = BufWriter::new(File::create(self.beside(MANIFEST))?);
        out.write_all(&text)?;
        self.put(MANIFEST, out)
    }

    /// Begins a file for a range.
    pub(super) fn begin(&self, range: Range) -> anyhow::Result<Writing> {
        let name = format!("events-{:020}-{:020}.pb.gz", range.first, range.last);
        let beside = self.beside(&name);
        let out = File::create(&beside).with_context(|| format!("cannot write {}", beside.display()))?;
        let zip = GzEncoder::new(BufWriter::new(out), Compression::default());
        Ok(Writing { directory: self.clone(), range, name, zip, events: 0 })
    }

    /// Where a file is written before it has its name.
    fn beside(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.new"))
    }

    /// Gives a file that was written beside its place its name, for good.
    fn put(&self, name: &str, out: BufWriter<File>) -> anyhow::Result<()> {
        let put = || -> anyhow::Result<()> {
            out.into_inner()?.sync_all()?;
            std::fs::rename(self.beside(name), self.0.join(name))?;
            Ok(File::open(&self.0)?.sync_all()?)
        };
        put().with_context(|| format!("cannot write {}", self.0.join(name).display()))
    }

    fn sha256(&self, name: &str) -> anyhow::Result<String> {
        let path = self.0.join(name);
        let hash = || -> std::io::Result<String> {
            let mut hash = Sha256::new();
            std::io::copy(&mut File::open(&path)?, &mut hash)?;
            Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
        };
        hash().with_context(|| format!("cannot read {}", path.display()))
    }

    /// Reads a file from its beginning, once its checksum is found right.
    ///
    /// # Errors
    /// When it is not there or not what was written.
    pub(super) fn read(&self, of: &ArchivedFile) -> anyhow::Result<Events> {
        let sha256 = self.sha256(&of.file)?;
        ensure!(
            sha256 == of.sha256,
            "{} is damaged: its SHA-256 is {sha256}, and not {}; take a copy that is whole",
            of.file,
            of.sha256
        );
        let path = self.0.join(&of.file);
        let file = File::open(&path).with_context(|| format!("cannot open {}", path.display()))?;
        let zip = BufReader::new(GzDecoder::new(BufReader::new(file)));
        Ok(Events { zip, name: of.file.clone(), next: of.first_position, last: of.last_position })
    }
}

/// A file that is being written.
pub(super) struct Writing {
    directory: Directory,
    range: Range,
    name: String,
    zip: GzEncoder<BufWriter<File>>,
    events: u64,
}

impl Writing {
    /// Writes the next event.
    pub(super) fn add(&mut self, event: &StoredEvent) -> anyhow::Result<()> {
        self.events += 1;
        let written = self.zip.write_all(&event.encode_length_delimited_to_vec());
        written.with_context(|| format!("cannot write {}", self.name))
    }

    /// Ends the file and gives it its name.
    pub(super) fn end(self) -> anyhow::Result<ArchivedFile> {
        let Self { directory, range, name, zip, events } = self;
        directory.put(&name, zip.finish()?)?;
        let sha256 = directory.sha256(&name)?;
        let Range { first: first_position, last: last_position } = range;
        Ok(ArchivedFile { first_position, last_position, events, file: name, sha256 })
    }
}

/// The events of a file: every position of its range, in order, or an error.
pub(super) struct Events {
    zip: BufReader<GzDecoder<BufReader<File>>>,
    name: String,
    next: i64,
    last: i64,
}

impl Events {
    fn one(&mut self) -> anyhow::Result<Option<StoredEvent>> {
        let Some(length) = self.length()? else {
            ensure!(self.next > self.last, "it ends before position {}", self.next);
            return Ok(None);
        };
        ensure!(length <= EVENT_BYTES, "an event of {length} bytes is too long");
        let mut bytes = vec![0; usize::try_from(length)?];
        self.zip.read_exact(&mut bytes)?;
        let stored = StoredEvent::decode(bytes.as_slice())?;
        ensure!(
            stored.position == self.next && stored.position <= self.last && stored.event.is_some(),
            "position {} stands where {} should",
            stored.position,
            self.next
        );
        self.next += 1;
        Ok(Some(stored))
    }

    /// The length that stands before an event; `None` at the end.
    fn length(&mut self) -> anyhow::Result<Option<u64>> {
        let (mut length, mut byte) = (0_u64, [0]);
        for shift in (0..64).step_by(7) {
            if self.zip.read(&mut byte)? == 0 {
                ensure!(shift == 0, "it ends within an event");
                return Ok(None);
            }
            length |= u64::from(byte[0] & 0x7f) << shift;
            if byte[0] < 0x80 {
                return Ok(Some(length));
            }
        }
        anyhow::bail!("a length has no end")
    }
}

impl Iterator for Events {
    type Item = anyhow::Result<StoredEvent>;

    fn next(&mut self) -> Option<Self::Item> {
        let one = self.one().with_context(|| format!("{} is no file of an archive", self.name));
        one.transpose()
    }
}
