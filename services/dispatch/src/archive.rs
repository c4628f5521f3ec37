//! What is old goes into an archive and comes back: the commands `archive`, `unarchive` and `refold`.
//!
//! [`archive`] writes whole ranges of the history into files, reads them back, and only then removes them, each range in one
//! transaction with the note of where it lies. It removes only what no desk needs to be rebuilt, and nothing a repeated
//! request may still ask for. [`unarchive`] puts the ranges back, so that a follower may begin from zero; [`refold`] folds
//! every desk from the archive and then the history, and compares it with the desk that serves. What was said
//! (`message_body`) stays where it is: contents have a life of their own.

mod files;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use fenliu_domain::day::{Day, Zone};
use fenliu_domain::desk::Desk;
use fenliu_domain::desk::event::Event;
use fenliu_domain::desk::memory::MEMORY_SPAN;
use fenliu_domain::ids::{EventId, ShopId};
use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::dispatch::v1::StoredEvent;
use fenliu_proto::event::from_proto;
use fenliu_runtime::sql::Database;
use serde::Serialize;

pub use self::files::ArchivedFile;
use self::files::{Directory, Events};
use crate::Config;
use crate::history::partitions::Range;
use crate::history::retention::Gone;
use crate::history::{Fault, History, Migrator, Stored};

/// How old an event must at least be: a day in which requests are repeated, and an hour for clocks that differ.
const MIN_AGE: Span = Span::from_hours(MEMORY_SPAN_HOURS + 1);
const MEMORY_SPAN_HOURS: i64 = 24;
const _: () = assert!(MEMORY_SPAN.micros() == Span::from_hours(MEMORY_SPAN_HOURS).micros());
/// Events put back at once.
const PAGE: usize = 500;
/// Shops that a refusal names.
const NAMED: usize = 5;

/// What is archived: all whole ranges before here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// Before this position.
    Position(i64),
    /// Recorded before this moment.
    Moment(Timestamp),
}

impl std::str::FromStr for Before {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(position) = text.parse() {
            return Ok(Self::Position(position));
        }
        let day: Day = text.parse().map_err(|_| {
            format!(
                "{text:?} is neither a position, such as 20000001, nor a day (in UTC), such as 2026-01-31"
            )
        })?;
        Ok(Self::Moment(Zone::UTC.start_of(day)))
    }
}

/// What to archive, and where to.
#[derive(Clone, Debug)]
pub struct Archiving {
    /// Up to where.
    pub before: Before,
    /// The archive's directory.
    pub to: PathBuf,
    /// Whether desks whose last snapshot is too old are snapshotted first.
    pub snapshot: bool,
    /// The time now.
    pub now: Timestamp,
}

/// What an archive command did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The files that were written, put back or read, in order.
    pub files: Vec<ArchivedFile>,
    /// Events in them.
    pub events: u64,
    /// Desks that were compared.
    pub desks: u64,
}

impl Report {
    fn add(&mut self, file: ArchivedFile) {
        self.events += file.events;
        self.files.push(file);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for file in &self.files {
            writeln!(f, "{}: positions {} to {}", file.file, file.first_position, file.last_position)?;
        }
        write!(f, "{} files, {} events", self.files.len(), self.events)?;
        if self.desks > 0 {
            write!(f, "; {} desks are the same", self.desks)?;
        }
        Ok(())
    }
}

/// Writes what is old into files, reads them back, and removes it from the history.
///
/// # Errors
/// Each leaves the history as it was, but for whole ranges that were archived before it: when something younger than a day
/// would go; when a shop could not be rebuilt afterwards (its name is told, and what to do); when a file cannot be written
/// or is not read back as what it was written from; or when the store fails.
pub async fn archive(config: &Config, what: &Archiving) -> anyhow::Result<Report> {
    let history = open(config).await?;
    let directory = Directory::open(&what.to, true)?;
    let mut report = Report::default();
    for range in ranges(&history, config.history.range_events, what).await? {
        cover(&history, range, what).await?;
        let file = write(&history, &directory, range).await?;
        let last_event = verify(&directory, &file)?;
        directory.name(file.clone())?;
        let gone = Gone { range, last_event, file: file.file.clone(), sha256: file.sha256.clone() };
        history.remove(gone, what.now.micros()).await?;
        tracing::info!(%range, file = file.file, "a range of the history lies in the archive");
        report.add(file);
    }
    Ok(report)
}

async fn open(config: &Config) -> anyhow::Result<History> {
    Ok(History::new(Database::open_migrated::<Migrator>(&config.database).await?))
}

/// The ranges to archive, in order.
async fn ranges(history: &History, size: u32, what: &Archiving) -> anyhow::Result<Vec<Range>> {
    let (before, until) = match what.before {
        Before::Position(position) => (position, what.now - MIN_AGE),
        Before::Moment(moment) if history.is_split() => (i64::MAX, moment),
        Before::Moment(moment) => (history.first_since(moment).await?, moment),
    };
    ensure!(
        until <= what.now - MIN_AGE,
        "--before must be at least {} hours ago: what is younger is needed to recognise repeated requests",
        MEMORY_SPAN_HOURS + 1
    );
    let mut old = Vec::new();
    let mut next = history.gone_until().await? + 1;
    for range in history.ranges_before(before, size).await? {
        ensure!(
            range.first == next,
            "the history has positions {range}, and none from {next} on before them"
        );
        next = range.last + 1;
        let last = history.within(range, range.last - 1).await?;
        let recorded = last.first().map(recorded).transpose()?;
        match (recorded, what.before) {
            (Some(recorded), _) if recorded < until => old.push(range),
            // A partition that is being filled is not asked for by a day.
            (_, Before::Moment(_)) => break,
            _ => bail!(
                "positions {range} hold events younger than {} hours, or none at the end; name an earlier position",
                MEMORY_SPAN_HOURS + 1
            ),
        }
    }
    Ok(old)
}

fn recorded(stored: &Stored) -> anyhow::Result<Timestamp> {
    Ok(crate::history::reader::parse(stored)?.recorded)
}

/// Makes sure that every desk can be rebuilt without a range.
async fn cover(history: &History, range: Range, what: &Archiving) -> anyhow::Result<()> {
    if what.snapshot {
        for shop in history.uncovered(range).await? {
            history.snapshot(shop, what.now).await?;
        }
    }
    let uncovered = history.uncovered(range).await?;
    let named: Vec<_> = uncovered.iter().take(NAMED).map(ShopId::to_string).collect();
    ensure!(
        uncovered.is_empty(),
        "positions {range} are still needed to rebuild {} of {} shops, whose last snapshot is older; run again with \
         --snapshot, which takes new ones first",
        named.join(", "),
        uncovered.len()
    );
    for shop in history.shops().await? {
        // A snapshot that does not read would be found out too late.
        history.fold(shop).await.with_context(|| format!("the desk of {shop} cannot be rebuilt"))?;
    }
    Ok(())
}

async fn write(history: &History, directory: &Directory, range: Range) -> anyhow::Result<ArchivedFile> {
    let mut writing = directory.begin(range)?;
    let mut after = range.first - 1;
    loop {
        let page = history.within(range, after).await?;
        ensure!(!page.is_empty() || after == range.last, "position {} is missing in the history", after + 1);
        if page.is_empty() {
            return writing.end();
        }
        for stored in page {
            let Stored { position, event } = stored;
            ensure!(position == after + 1, "position {} is missing in the history", after + 1);
            after = position;
            writing.add(&StoredEvent { position, event: Some(event) })?;
        }
    }
}

/// Reads a file back: every position of its range, each event behind its predecessor. Gives the last event.
fn verify(directory: &Directory, file: &ArchivedFile) -> anyhow::Result<EventId> {
    let mut heads: BTreeMap<ShopId, Event> = BTreeMap::new();
    let mut last = None;
    let mut count = 0;
    for stored in directory.read(file)? {
        let (_, event) = domain(stored?)?;
        if let Some(head) = heads.get(&event.shop) {
            let follows = event.predecessor == Some(head.id) && event.seq == head.seq.next();
            ensure!(follows, "{}: event {} of {} does not follow", file.file, event.seq.0, event.shop);
        }
        last = Some(event.id);
        count += 1;
        heads.insert(event.shop, event);
    }
    ensure!(count == file.events, "{} holds {count} events, and not {}", file.file, file.events);
    last.with_context(|| format!("{} is empty", file.file))
}

fn domain(stored: StoredEvent) -> anyhow::Result<(i64, Event)> {
    let event = stored.event.context("an event is missing")?;
    Ok((stored.position, from_proto(&event)?))
}

/// Puts archived ranges back into the history, the last one first.
///
/// # Errors
/// When a file is missing or damaged, or the store fails; ranges that were put back before stay.
pub async fn unarchive(config: &Config, from: &std::path::Path) -> anyhow::Result<Report> {
    let history = open(config).await?;
    let directory = Directory::open(from, false)?;
    let files = directory.files()?;
    let mut report = Report::default();
    while let Some(gone) = history.last_gone().await? {
        let file = find(&files, &gone)?;
        let mut events = directory.read(&file)?;
        history.put_back(gone.range, move || page(&mut events)).await?;
        report.add(file);
    }
    report.files.reverse();
    Ok(report)
}

/// The file that holds a range.
fn find(files: &[ArchivedFile], gone: &Gone) -> anyhow::Result<ArchivedFile> {
    let file = files.iter().find(|file| file.file == gone.file && file.sha256 == gone.sha256);
    let Gone { range, file: name, sha256, .. } = gone;
    file.cloned().with_context(|| {
        format!("positions {range} lie in {name} with the SHA-256 {sha256}, which this archive does not name")
    })
}

fn page(events: &mut Events) -> Result<Vec<(i64, Event)>, Fault> {
    let page = events.take(PAGE).map(|stored| domain(stored?)).collect::<anyhow::Result<Vec<_>>>();
    page.map_err(|error| Fault::corrupt("archive", "event", "file", format!("{error:#}")))
}

/// Folds every desk from the first event on, first the archive's and then the history's, and compares it with the one that
/// is rebuilt from snapshot and history.
///
/// # Errors
/// When a file is missing or damaged, an event does not follow, or a desk differs: the shop is named.
pub async fn refold(config: &Config, from: &std::path::Path) -> anyhow::Result<Report> {
    let history = open(config).await?;
    let directory = Directory::open(from, false)?;
    let until = history.gone_until().await?;
    let mut desks: BTreeMap<ShopId, Desk> = BTreeMap::new();
    let mut report = Report::default();
    let files = directory.files()?.into_iter().filter(|file| file.last_position <= until);
    for file in files {
        for stored in directory.read(&file)? {
            replay(&mut desks, &domain(stored?)?.1)?;
        }
        report.add(file);
    }
    let mut after = until;
    loop {
        let page = history.after(after).await?;
        let Some(last) = page.last() else { break };
        after = last.position;
        for stored in &page {
            replay(&mut desks, &crate::history::reader::parse(stored)?)?;
            report.events += 1;
        }
    }
    for (shop, desk) in desks {
        let rebuilt = history.fold(shop).await?.and_then(|desk| desk.snapshot());
        ensure!(rebuilt == desk.snapshot(), "the desk of {shop} differs from what its events make of it");
        report.desks += 1;
    }
    Ok(report)
}

fn replay(desks: &mut BTreeMap<ShopId, Desk>, event: &Event) -> anyhow::Result<()> {
    let desk = desks.entry(event.shop).or_insert_with(|| Desk::new(event.shop));
    desk.replay(event).with_context(|| format!("event {} of {} does not follow", event.seq.0, event.shop))
}
