//! Files into ImportEvents, batch by batch, while they are still being read.

use std::collections::BTreeMap;

use anyhow::Context;
use fenliu_domain::day::Zone;
use fenliu_domain::time::Timestamp;
use fenliu_proto::analytics::v1::import_service_client::ImportServiceClient;
use fenliu_proto::analytics::v1::{ImportEventsRequest, ImportEventsResponse, ImportedEvent};
use fenliu_proto::convert::timestamp;
use fenliu_runtime::channel::Outgoing;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::shops::Shops;
use super::{events, retelling};
use crate::cli::ImportArgs;
use crate::rates::Days;
use crate::reading::{Reading, progress_over};
use crate::recorded::{Conversation, Format};
use crate::target::refused;

/// Most events of one request, as the contract bounds it.
const MAX_EVENTS: usize = 1_000;
/// Batches that may wait between the reader, the shops and the wire.
const MAX_BATCHES_AHEAD: usize = 4;

/// What was sent, and where it went.
#[derive(Clone, Debug, Default)]
pub(super) struct Sent {
    /// What the files held.
    pub(super) reading: Reading,
    /// The shops it went into, by the log's name for them.
    pub(super) shops: BTreeMap<String, ShopSent>,
    /// Events stored.
    pub(super) imported: u64,
    /// Events that had been stored before.
    pub(super) repeated: u64,
}

/// What went into one shop.
#[derive(Clone, Debug)]
pub(super) struct ShopSent {
    /// Its id.
    pub(super) id: String,
    /// Its name.
    pub(super) display_name: String,
    /// The shop's local days its conversations began or asked something on.
    pub(super) days: Days,
}

/// From the first to the last moment that decides which days something counts for.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    from: Timestamp,
    to: Timestamp,
}

/// One shop's batch, by the log's name for it.
struct Batch {
    shop: String,
    stretch: Stretch,
    events: Vec<ImportedEvent>,
}

/// Reads the files and sends what they hold.
pub(super) async fn send(args: &ImportArgs, channel: &Outgoing) -> anyhow::Result<Sent> {
    let known = retelling::shops(args.format, &args.files)?;
    let mut shops = Shops::new(channel, args.format, args.shop.as_deref(), known).await?;
    let (read, mut batches) = mpsc::channel(MAX_BATCHES_AHEAD);
    let reader = tokio::task::spawn_blocking({
        let args = args.clone();
        move || Reader::new(&args, read).read_all(&args)
    });
    let (wire, requests) = mpsc::channel(MAX_BATCHES_AHEAD);
    let mut client = ImportServiceClient::new(channel.clone());
    let call = client.import_events(ReceiverStream::new(requests));
    let mut sent = Sent::default();
    let forward = async {
        while let Some(batch) = batches.recv().await {
            let request = sent.place(&mut shops, args.format, batch).await?;
            if wire.send(request).await.is_err() {
                break;
            }
        }
        drop(wire);
        // A reader that still has batches finds nobody to take them, and stops.
        drop(batches);
        anyhow::Ok(())
    };
    let (answer, forwarded) = tokio::join!(call, forward);
    // What the service refused says more than what failed because of it.
    let answer = answer.map_err(refused);
    let reading = reader.await.context("the reader panicked")?;
    forwarded?;
    let ImportEventsResponse { imported, repeated } = answer?.into_inner();
    Ok(Sent { reading: reading?, imported, repeated, ..sent })
}

impl Sent {
    async fn place(
        &mut self,
        shops: &mut Shops,
        format: Format,
        batch: Batch,
    ) -> anyhow::Result<ImportEventsRequest> {
        let shop = shops.find(&batch.shop).await?;
        let source = retelling::source(format, &batch.shop);
        anyhow::ensure!(
            batch.shop != shop.shop_id,
            "the file is the history of {} itself, which its analytics follows already; import it into another shop",
            shop.shop_id
        );
        let days = batch.stretch.days(Zone::parse(&shop.time_zone)?)?;
        let known = self.shops.entry(batch.shop).or_insert_with(|| ShopSent {
            id: shop.shop_id.clone(),
            display_name: shop.display_name.clone(),
            days,
        });
        known.days = Days { first: known.days.first.min(days.first), last: known.days.last.max(days.last) };
        Ok(ImportEventsRequest {
            shop_id: shop.shop_id,
            source,
            time_zone: shop.time_zone,
            events: batch.events,
            orders: Vec::new(),
        })
    }
}

/// Reads files into batches, on a thread of its own.
struct Reader {
    format: Format,
    batches: BTreeMap<String, Batch>,
    out: mpsc::Sender<Batch>,
}

impl Reader {
    fn new(args: &ImportArgs, out: mpsc::Sender<Batch>) -> Self {
        Self { format: args.format, batches: BTreeMap::new(), out }
    }

    fn read_all(mut self, args: &ImportArgs) -> anyhow::Result<Reading> {
        let mut reading = Reading::default();
        let progress = progress_over(&args.files, "importing");
        for file in &args.files {
            match args.format {
                Format::FenliuJsonl => {
                    retelling::each(&mut reading, file, &progress, |shop, event| self.retell(shop, event))?;
                }
                _ => reading.each(args.format, file, &progress, |conversation| self.take(conversation))?,
            }
        }
        for batch in std::mem::take(&mut self.batches).into_values() {
            self.put(batch)?;
        }
        progress.finish();
        Ok(reading)
    }

    fn take(&mut self, conversation: Conversation) -> anyhow::Result<()> {
        let stretch = self.stretch(&conversation);
        let shop = conversation.shop.clone();
        // A conversation longer than a request is cut; analytics puts it together again.
        let mut events = events::of(conversation);
        while !events.is_empty() {
            let rest = events.split_off(events.len().min(MAX_EVENTS));
            self.add(&shop, stretch, events)?;
            events = rest;
        }
        Ok(())
    }

    fn retell(&mut self, shop: &str, event: ImportedEvent) -> anyhow::Result<()> {
        let at = event.occurred_time.as_ref().context("an event is without a time")?;
        let at = timestamp(at, "occurred_time")?;
        self.add(shop, Stretch { from: at, to: at }, vec![event])
    }

    fn add(&mut self, shop: &str, stretch: Stretch, events: Vec<ImportedEvent>) -> anyhow::Result<()> {
        let full = |batch: &&Batch| batch.events.len() + events.len() > MAX_EVENTS;
        if self.batches.get(shop).filter(full).is_some()
            && let Some(batch) = self.batches.remove(shop)
        {
            self.put(batch)?;
        }
        match self.batches.get_mut(shop) {
            Some(batch) => {
                batch.stretch = batch.stretch.joined(stretch);
                batch.events.extend(events);
            }
            None => {
                self.batches.insert(shop.to_owned(), Batch { shop: shop.to_owned(), stretch, events });
            }
        }
        Ok(())
    }

    fn put(&self, batch: Batch) -> anyhow::Result<()> {
        self.out.blocking_send(batch).map_err(|_| anyhow::anyhow!("nobody takes what is read any more"))
    }

    /// What decides the days a conversation counts for: its beginning, and where turns are counted its questions.
    fn stretch(&self, conversation: &Conversation) -> Stretch {
        let begun = Stretch { from: conversation.opened, to: conversation.opened };
        if !self.format.has_turns() {
            return begun;
        }
        let moments = conversation.happenings.iter().map(|happening| happening.at);
        moments.fold(begun, |stretch, at| stretch.joined(Stretch { from: at, to: at }))
    }
}

impl Stretch {
    fn joined(self, other: Self) -> Self {
        Self { from: self.from.min(other.from), to: self.to.max(other.to) }
    }

    fn days(self, zone: Zone) -> anyhow::Result<Days> {
        let zone: chrono_tz::Tz = zone.name().parse()?;
        let day = |at: Timestamp| {
            let utc = chrono::DateTime::from_timestamp_micros(at.micros());
            utc.map(|utc| utc.with_timezone(&zone).date_naive())
        };
        Ok(Days { first: day(self.from), last: day(self.to) })
    }
}
