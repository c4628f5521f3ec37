//! Logs other systems have kept, read into one neutral form.
//!
//! A log is opened by [`open`] as a stream of [`Row`]s: conversations, rows that are no conversation, and rows
//! that cannot be read. The importer sends the conversations to analytics; the replay sends them to the desk. The history
//! of another fenliu is no log of conversations but of events: [`fenliu_jsonl`] reads it, for the importer only; and so
//! [`orders_jsonl`] reads what buyers ordered.
//! `services/fenliu/formats.md` describes the formats for people.
//!
//! Invariants: a row that cannot be read is named by file and line and the reading goes on; nothing a file
//! contains makes a reader panic; memory is bounded by [`MAX_LINE_BYTES`] (or [`fenliu_jsonl::MAX_EVENT_BYTES`]) for line
//! formats and by [`MAX_DOCUMENT_BYTES`] for JSON documents; reading the same file twice gives the same keys.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use anyhow::Context;
use fenliu_domain::time::{Span, Timestamp};

mod anonymous_bank;
mod document;
pub mod fenliu_jsonl;
mod lines;
pub mod orders_jsonl;
mod twitter_care;
mod uneed;

/// Longest line of a line format; a longer one is malformed and skipped.
pub const MAX_LINE_BYTES: usize = 64 * 1024;
/// Largest JSON document that is read.
pub const MAX_DOCUMENT_BYTES: u64 = 512 * 1024 * 1024;
/// Longest name (buyer, agent, group, key) a row may carry, as the contract bounds it.
const MAX_NAME_BYTES: usize = 128;

/// The formats there are readers for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// The call log of the Technion's "Anonymous Bank" study: one tab-separated line per call.
    AnonymousBank,
    /// IBM's Twitter customer care conversations: one JSON document.
    TwitterCare,
    /// Chinese pre-sale dialogues of U-NEED: one JSON document.
    Uneed,
    /// What `fenliu export` writes: one event of a fenliu's history a line. For import only.
    FenliuJsonl,
    /// Orders that buyers placed: one JSON object a line. For import only.
    OrdersJsonl,
}

impl Format {
    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AnonymousBank => "anonymous-bank",
            Self::TwitterCare => "twitter-care",
            Self::Uneed => "uneed",
            Self::FenliuJsonl => fenliu_jsonl::FORMAT,
            Self::OrdersJsonl => orders_jsonl::FORMAT,
        }
    }

    /// True where a conversation is several questions and answers, so that turns are what counts.
    #[must_use]
    pub const fn has_turns(self) -> bool {
        matches!(self, Self::TwitterCare | Self::Uneed | Self::FenliuJsonl)
    }

    /// The IANA zone its local times are in; UTC where the file says which.
    #[must_use]
    pub const fn zone(self) -> chrono_tz::Tz {
        match self {
            Self::AnonymousBank => chrono_tz::Asia::Jerusalem,
            Self::TwitterCare | Self::FenliuJsonl | Self::OrdersJsonl => chrono_tz::UTC,
            Self::Uneed => chrono_tz::Asia::Shanghai,
        }
    }
}

/// What one row of a log turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    /// A conversation somebody offered to the shop.
    Conversation(Conversation),
    /// A row that can be read and is no conversation: a test call, or a caller who never left the menu.
    NotOffered,
    /// A row that cannot be read.
    Malformed(Malformed),
}

/// A row that cannot be read, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Line in its file, from 1.
    pub line: u64,
    /// What is wrong, in words.
    pub why: String,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.why)
    }
}

/// One recorded conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversation {
    /// The shop it was with, where a log holds several; else empty.
    pub shop: String,
    /// The log's own key of it, the same at every reading.
    pub key: String,
    /// The buyer.
    pub buyer: String,
    /// The group of agents it was for; may be empty.
    pub group: String,
    /// True for a buyer with priority.
    pub vip: bool,
    /// When it began; the hour it counts for.
    pub opened: Timestamp,
    /// What happened in it, in order.
    pub happenings: Vec<Happening>,
    /// What the reader had to put right to make sense of the row.
    pub repairs: Repairs,
}

/// What a reader had to put right. None of it changes which rows count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repairs {
    /// A time of day was earlier than the one before it, and was taken for the next day.
    pub next_day: bool,
    /// A duration was negative, and was taken for zero.
    pub negative_duration: bool,
    /// The log holds another row with the same key before this one; this one was numbered.
    pub repeated_key: bool,
}

/// One thing that happened in a recorded conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: What,
}

/// What can happen in a recorded conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The buyer said something.
    Asked,
    /// An agent, by name, took it.
    Assigned(String),
    /// A person answered; `None` when the log does not say who.
    Answered(Option<String>),
    /// It ended.
    Closed {
        /// True when the buyer gave up waiting.
        abandoned: bool,
    },
}

impl Conversation {
    /// When the buyer first asked; `None` when nothing was asked.
    #[must_use]
    pub fn asked(&self) -> Option<Timestamp> {
        self.first(|what| matches!(what, What::Asked))
    }

    /// When somebody first answered.
    #[must_use]
    pub fn answered(&self) -> Option<Timestamp> {
        self.first(|what| matches!(what, What::Answered(_)))
    }

    /// When it ended.
    #[must_use]
    pub fn closed(&self) -> Option<Timestamp> {
        self.first(|what| matches!(what, What::Closed { .. }))
    }

    /// From the first question to the first answer, or to the end when there was none.
    #[must_use]
    pub fn wait(&self) -> Option<Span> {
        Some(self.answered().or_else(|| self.closed())?.since(self.asked()?))
    }

    /// From the first answer to the end.
    #[must_use]
    pub fn handling(&self) -> Option<Span> {
        Some(self.closed()?.since(self.answered()?))
    }

    /// The agent it belonged to: who answered first, or else who was given it, where the log says who.
    #[must_use]
    pub fn agent(&self) -> Option<&str> {
        self.happenings.iter().find_map(|happening| match &happening.what {
            What::Answered(agent) => agent.as_deref(),
            What::Assigned(agent) => Some(agent.as_str()),
            What::Asked | What::Closed { .. } => None,
        })
    }

    fn first(&self, wanted: impl Fn(&What) -> bool) -> Option<Timestamp> {
        self.happenings.iter().find(|happening| wanted(&happening.what)).map(|happening| happening.at)
    }
}

/// The rows of a log, in its order.
pub type Rows = Box<dyn Iterator<Item = io::Result<Row>> + Send>;

/// Told of every byte that is read, as it is read.
pub type ByteCounter = Box<dyn FnMut(u64) + Send>;

/// Opens a log and tells `counter` how far the reading has come. Line formats are read as they are consumed; JSON documents are read whole.
///
/// # Errors
/// When the file cannot be opened, has a header that names other columns, is a JSON document above
/// [`MAX_DOCUMENT_BYTES`], or is of a format that tells of events.
pub fn open(format: Format, path: &Path, counter: ByteCounter) -> anyhow::Result<Rows> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        anyhow::bail!("{} is a directory; name a file", path.display());
    }
    let file = Counted { file, counter };
    match format {
        Format::AnonymousBank => {
            let reader = anonymous_bank::Reader::open(BufReader::new(file));
            Ok(Box::new(reader.map_err(|error| unread(path, error))?))
        }
        Format::TwitterCare => Ok(rows(document::rows(&whole(file, path)?, twitter_care::conversation))),
        Format::Uneed => Ok(rows(document::rows(&whole(file, path)?, uneed::conversation))),
        Format::FenliuJsonl => {
            anyhow::bail!(
                "{} is a history of events, not a log of conversations: use fenliu import",
                path.display()
            )
        }
        Format::OrdersJsonl => {
            anyhow::bail!("{} holds orders, not conversations: use fenliu import", path.display())
        }
    }
}

/// Checks what can be checked of a log before its rows are read: that there is such a file, and its header.
///
/// # Errors
/// When there is no such file, or it has a header that names other columns.
pub fn check(format: Format, path: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(!path.is_dir(), "{} is a directory; name the files in it", path.display());
    anyhow::ensure!(path.is_file(), "there is no file {}", path.display());
    match format {
        Format::AnonymousBank => open(format, path, Box::new(|_| {})).map(drop),
        Format::FenliuJsonl => fenliu_jsonl::open(path, Box::new(|_| {})).map(drop),
        Format::TwitterCare | Format::Uneed | Format::OrdersJsonl => Ok(()),
    }
}

fn unread(path: &Path, error: io::Error) -> anyhow::Error {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::InvalidData => anyhow::anyhow!("{path}:1: {error}"),
        _ => anyhow::Error::new(error).context(format!("cannot read {path}")),
    }
}

/// A file whose reading is counted.
pub struct Counted {
    file: File,
    counter: ByteCounter,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        (self.counter)(read as u64);
        Ok(read)
    }
}

fn rows(read: Vec<Row>) -> Rows {
    Box::new(read.into_iter().map(Ok))
}

fn whole(file: Counted, path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = file.take(MAX_DOCUMENT_BYTES + 1).read_to_end(&mut bytes);
    let read = read.with_context(|| format!("cannot read {}", path.display()))?;
    let limit = usize::try_from(MAX_DOCUMENT_BYTES).unwrap_or(usize::MAX);
    anyhow::ensure!(read <= limit, "{} is larger than {MAX_DOCUMENT_BYTES} bytes", path.display());
    Ok(bytes)
}

/// A name as the contract takes it: not empty, bounded, printable.
fn name(text: &str, what: &str) -> Result<String, String> {
    let text = text.trim();
    match text {
        "" => Err(format!("{what} is empty")),
        _ if text.len() > MAX_NAME_BYTES => Err(format!("{what} is longer than {MAX_NAME_BYTES} bytes")),
        _ if text.chars().any(char::is_control) => Err(format!("{what} contains control characters")),
        _ => Ok(text.to_owned()),
    }
}

#[cfg(test)]
pub(crate) mod samples {
    //! Where the real logs lie, for tests.

    use std::path::PathBuf;

    use super::{Conversation, What};

    /// Microseconds from each first unanswered question to the next answer.
    pub(crate) fn turns(conversation: &Conversation) -> Vec<i64> {
        let mut asked = None;
        let mut waits = Vec::new();
        for happening in &conversation.happenings {
            match happening.what {
                What::Asked => {
                    asked.get_or_insert(happening.at);
                }
                What::Answered(_) => {
                    waits.extend(asked.take().map(|asked| happening.at.since(asked).micros()));
                }
                What::Assigned(_) | What::Closed { .. } => {}
            }
        }
        waits
    }

    /// The path of a real log; only tests that are ignored without the logs may ask.
    pub(crate) fn path(relative: &str) -> PathBuf {
        let root = option_env!("FENLIU_REAL_LOGS").unwrap_or_default();
        PathBuf::from(root).join(relative)
    }
}
