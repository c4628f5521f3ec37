//! fenliu's own history as a text file: a line that says whose it is, then one event a line, each a JSON object.
//!
//! `services/fenliu/formats.md` is its description for people. An event is written by the JSON mapping of protobuf with
//! the names of the contract (`fenliu.history.v1.Event`), so that the comments there hold here, too. What tells
//! repeated calls apart ([`Event::request`]) and their traces is left out: nobody else has a use for it.
//!
//! Invariants: a line that cannot be read is named, with its column or field, and the reading goes on; a line holds at
//! most [`MAX_EVENT_BYTES`], and no more than one is in memory; what is written is read again as it was.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use anyhow::Context;
use fenliu_domain::day::Zone;
use fenliu_domain::ids::ShopId;
use fenliu_proto::convert::id;
use fenliu_proto::history::v1::Event;
use prost_reflect::{DynamicMessage, MessageDescriptor, SerializeOptions};
use serde::{Deserialize, Serialize};

use super::lines::{Line, Lines};
use super::{ByteCounter, Counted, unread};
use crate::contract::{self, placed};

/// What the first line says the format is.
pub const FORMAT: &str = "fenliu-jsonl";
/// The version of the format that is written, and the latest that is read.
pub const VERSION: u32 = 1;
/// Longest line that is read; a longer one is malformed and skipped. The history takes no event as long.
pub const MAX_EVENT_BYTES: usize = 4 * 1024 * 1024;

/// The first line: whose events follow, and which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Always [`FORMAT`].
    pub format: String,
    /// From 1; see [`VERSION`].
    pub version: u32,
    /// The shop, shp_….
    pub shop_id: String,
    /// Its name.
    pub display_name: String,
    /// The IANA zone of its days.
    pub time_zone: String,
    /// Only events with a greater seq follow; 0 = from the first on.
    pub after_seq: u64,
    /// Only events recorded on this local day or later follow, YYYY-MM-DD; `null` = from the first on.
    pub from: Option<String>,
    /// Only events recorded on this local day or earlier follow, YYYY-MM-DD; `null` = to the last.
    pub to: Option<String>,
}

impl Header {
    /// Reads the first line.
    ///
    /// # Errors
    /// When it is none, in words that name the field or column.
    pub fn parse(text: &str) -> Result<Self, String> {
        /// What of a header every version has.
        #[derive(Deserialize)]
        struct Named {
            format: String,
            version: u32,
        }
        let expected = "expected the first line of a file that fenliu export wrote";
        let named: Named =
            serde_json::from_str(text).map_err(|error| format!("{}; {expected}", placed(&error)))?;
        if named.format != FORMAT {
            return Err(format!("format is {:?}, expected {FORMAT:?}", named.format));
        }
        if named.version == 0 || named.version > VERSION {
            let version = named.version;
            return Err(format!(
                "version is {version}, and this fenliu reads {VERSION}; use the one that wrote it"
            ));
        }
        let header: Self = serde_json::from_str(text).map_err(|error| placed(&error))?;
        let _: ShopId = id(&header.shop_id, "shop_id").map_err(|problem| problem.to_string())?;
        Zone::parse(&header.time_zone).map_err(|problem| problem.to_string())?;
        Ok(header)
    }
}

/// Events into lines and back.
#[derive(Clone, Debug)]
pub struct Codec(MessageDescriptor);

impl Codec {
    /// A codec by the contract this fenliu was built with.
    ///
    /// # Errors
    /// When that cannot be read: a defect of the build.
    pub fn new() -> anyhow::Result<Self> {
        contract::kind("fenliu.history.v1.Event").map(Self)
    }

    /// Adds an event to a text, as a line with its end.
    ///
    /// # Errors
    /// When the event cannot be said in JSON, such as one whose time is outside the calendar.
    pub fn write(&self, event: &Event, line: &mut Vec<u8>) -> anyhow::Result<()> {
        let event = Event { request: None, traceparent: String::new(), ..event.clone() };
        let mut dynamic = DynamicMessage::new(self.0.clone());
        dynamic.transcode_from(&event)?;
        let options = SerializeOptions::new().use_proto_field_name(true).stringify_64_bit_integers(false);
        dynamic.serialize_with_options(&mut serde_json::Serializer::new(&mut *line), &options)?;
        line.push(b'\n');
        Ok(())
    }

    /// Reads an event of a shop from a line.
    ///
    /// # Errors
    /// In words that name the column, or the field.
    pub fn read(&self, text: &str, shop_id: &str) -> Result<Event, String> {
        let event: Event = contract::read(&self.0, text)?;
        match &event {
            Event { shop_id: of, .. } if of != shop_id => {
                Err(format!("shop_id is {of:?}, and the first line says {shop_id}"))
            }
            Event { seq: 0, .. } => Err("seq must be at least 1".to_owned()),
            Event { event_id, .. } if event_id.is_empty() => Err("event_id must be set".to_owned()),
            Event { payload: None, .. } => {
                Err("nothing is said to have happened, such as reply_sent".to_owned())
            }
            _ => Ok(event),
        }
    }
}

/// The events of a file, in its order, each with its line from 1, or what is wrong with that line.
pub struct Events<R> {
    header: Header,
    codec: Codec,
    lines: Lines<R>,
}

impl<R: BufRead> Events<R> {
    /// Reads the first line; the events follow.
    ///
    /// # Errors
    /// `InvalidData` when it is no first line of a file that [`VERSION`] covers; whatever reading fails with.
    pub fn open(input: R, codec: Codec) -> io::Result<Self> {
        let mut lines = Lines::up_to(input, MAX_EVENT_BYTES);
        let line = lines.next()?.map_or(Line::Whole(Vec::new()), |(_, line)| line);
        let header = line.text(MAX_EVENT_BYTES).and_then(|text| Header::parse(&text));
        let header = header.map_err(|why| io::Error::new(io::ErrorKind::InvalidData, why))?;
        Ok(Self { header, codec, lines })
    }

    /// The first line.
    pub const fn header(&self) -> &Header {
        &self.header
    }
}

impl<R: BufRead> Iterator for Events<R> {
    type Item = io::Result<(u64, Result<Event, String>)>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.lines.next_filled().transpose()?;
        Some(next.map(|(number, line)| {
            let text = line.text(MAX_EVENT_BYTES);
            (number, text.and_then(|text| self.codec.read(&text, &self.header.shop_id)))
        }))
    }
}

/// Opens a file and tells `counter` how far the reading has come.
///
/// # Errors
/// When it cannot be opened, or its first line is not that of this format.
pub fn open(path: &Path, counter: ByteCounter) -> anyhow::Result<Events<BufReader<Counted>>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let input = BufReader::new(Counted { file, counter });
    Events::open(input, Codec::new()?).map_err(|error| unread(path, error))
}

#[cfg(test)]
mod tests;
