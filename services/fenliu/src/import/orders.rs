//! Orders into ImportEvents, batch by batch, while they are still being read.

use std::fmt;

use anyhow::Context;
use fenliu_proto::accounts::v1::shop_service_client::ShopServiceClient;
use fenliu_proto::accounts::v1::{GetShopRequest, Shop};
use fenliu_proto::analytics::v1::import_service_client::ImportServiceClient;
use fenliu_proto::analytics::v1::{ImportEventsRequest, ImportEventsResponse, ImportedOrder};
use fenliu_runtime::channel::Outgoing;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::cli::ImportArgs;
use crate::reading::{Reading, progress_over};
use crate::recorded::orders_jsonl;
use crate::target::{asking, refused};

/// Most orders of one request, as the contract bounds it.
const MAX_ORDERS: usize = 1_000;
/// Requests that may wait between the reader and the wire.
const MAX_BATCHES_AHEAD: usize = 4;

/// What is said when no shop is named: there is none to make of orders alone.
const NO_SHOP: &str = "orders are of a shop that is there already; name it with --shop";

/// What became of orders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Told {
    /// The format of the files.
    format: &'static str,
    /// The shop they went into.
    shop_id: String,
    /// Its name.
    display_name: String,
    /// What the files held.
    #[serde(flatten)]
    reading: Reading,
    /// Orders stored by this import.
    orders_imported: u64,
    /// Orders that had been stored before.
    orders_repeated: u64,
}

/// Checks what can be checked before anybody is asked.
///
/// # Errors
/// When no shop is named, or a pack is.
pub(super) fn check(args: &ImportArgs) -> anyhow::Result<()> {
    anyhow::ensure!(args.shop.is_some(), NO_SHOP);
    anyhow::ensure!(args.pack.is_none(), "no pack judges orders; leave --pack out");
    Ok(())
}

/// Reads the files and sends the orders they hold into the shop that is named.
pub(super) async fn run(args: &ImportArgs, channel: &Outgoing) -> anyhow::Result<Told> {
    let shop = args.shop.clone().context(NO_SHOP)?;
    let asked =
        ShopServiceClient::new(channel.clone()).get_shop(asking(GetShopRequest { shop_id: shop })).await;
    let shop = asked.map_err(refused)?.into_inner().shop.context("accounts left out the shop")?;
    let (wire, requests) = mpsc::channel(MAX_BATCHES_AHEAD);
    let reader = tokio::task::spawn_blocking({
        let (args, shop) = (args.clone(), shop.clone());
        move || Reader { shop, orders: Vec::new(), wire }.read_all(&args)
    });
    let mut client = ImportServiceClient::new(channel.clone());
    let answer = client.import_events(ReceiverStream::new(requests)).await;
    // What the service refused says more than what failed because of it.
    let answer = answer.map_err(refused);
    let reading = reader.await.context("the reader panicked")?;
    let ImportEventsResponse { imported, repeated } = answer?.into_inner();
    Ok(Told {
        format: args.format.name(),
        shop_id: shop.shop_id,
        display_name: shop.display_name,
        reading: reading?,
        orders_imported: imported,
        orders_repeated: repeated,
    })
}

/// Reads files into requests, on a thread of its own.
struct Reader {
    shop: Shop,
    orders: Vec<ImportedOrder>,
    wire: mpsc::Sender<ImportEventsRequest>,
}

impl Reader {
    fn read_all(mut self, args: &ImportArgs) -> anyhow::Result<Reading> {
        let mut reading = Reading::default();
        let progress = progress_over(&args.files, "importing");
        for file in &args.files {
            let counted = progress.clone();
            for row in orders_jsonl::open(file, Box::new(move |bytes| counted.advance(bytes)))? {
                let (line, order) = row.with_context(|| format!("cannot read {}", file.display()))?;
                self.orders.extend(reading.count_any(file, line, order.map(Some)));
                if self.orders.len() == MAX_ORDERS {
                    self.put()?;
                }
            }
        }
        if !self.orders.is_empty() {
            self.put()?;
        }
        progress.finish();
        Ok(reading)
    }

    fn put(&mut self) -> anyhow::Result<()> {
        let request = ImportEventsRequest {
            shop_id: self.shop.shop_id.clone(),
            source: orders_jsonl::FORMAT.to_owned(),
            time_zone: self.shop.time_zone.clone(),
            events: Vec::new(),
            orders: std::mem::take(&mut self.orders),
        };
        self.wire.blocking_send(request).map_err(|_| anyhow::anyhow!("nobody takes what is read any more"))
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for note in self.reading.notes() {
            writeln!(f, "{note}")?;
        }
        let Self { orders_imported, orders_repeated, display_name, shop_id, .. } = self;
        writeln!(f, "{orders_imported} orders stored, {orders_repeated} had been stored before")?;
        writeln!(f, "into {display_name} ({shop_id})")
    }
}
