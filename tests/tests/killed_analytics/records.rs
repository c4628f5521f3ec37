//! What another system recorded of the same shops, dealt out so that the records of a conversation come apart.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::imported_event::Payload;
use fenliu_tests::chance::Chance;
use fenliu_tests::clients::Clients;
use fenliu_tests::load::Shop;
use futures::stream;
use tokio::task::JoinHandle;
use tonic::Status;

/// The first local day of the records, and the last: long past, so that what these days came to is kept.
pub(crate) const DAYS: (&str, &str) = ("2024-03-01", "2024-03-20");
/// 2024-03-01 in the zone of the records, in seconds since 1970.
const START: i64 = 1_709_222_400;
/// How many days there are.
const DAY_COUNT: usize = 20;
const DAY_SECONDS: usize = 86_400;
/// One conversation of so many has so many questions that its exchanges lie on more than one page.
const LONG_EVERY: usize = 20;
const LONG_QUESTIONS: usize = 100;
/// Records of a request: few, so that a process can be killed between many.
const AT_ONCE: usize = 40;
/// Orders of a request.
const ORDERS_AT_ONCE: usize = 5;

/// Requests to import, in the order in which they are sent.
#[derive(Debug)]
pub(crate) struct Records {
    batches: Arc<Vec<proto::ImportEventsRequest>>,
    /// How many of them, from the first, were acknowledged.
    acknowledged: Arc<AtomicUsize>,
}

/// Somebody who sends them, one after the other, until one is not answered.
#[derive(Debug)]
pub(crate) struct Importer {
    acknowledged: Arc<AtomicUsize>,
    before: usize,
    task: JoinHandle<Status>,
}

impl Records {
    /// Draws so many conversations of each shop.
    pub(crate) fn draw(shops: &[Shop], conversations: usize, chance: &mut Chance) -> Self {
        let mut batches = Vec::new();
        for shop in shops {
            let mut records: Vec<_> =
                (0..conversations).flat_map(|number| conversation(number, chance)).collect();
            shuffle(&mut records, chance);
            for (number, records) in records.chunks(AT_ONCE).enumerate() {
                batches.push(proto::ImportEventsRequest {
                    shop_id: shop.id.clone(),
                    source: "before us".to_owned(),
                    time_zone: "Asia/Shanghai".to_owned(),
                    events: records.to_vec(),
                    orders: (0..ORDERS_AT_ONCE).map(|order| self::order(number, order, chance)).collect(),
                });
            }
        }
        shuffle(&mut batches, chance);
        Self { batches: Arc::new(batches), acknowledged: Arc::default() }
    }

    fn count(&self) -> usize {
        self.batches.len()
    }

    /// Whether there are any that were not acknowledged.
    pub(crate) fn is_any_left(&self) -> bool {
        self.acknowledged.load(Ordering::Relaxed) < self.count()
    }

    /// Imports one more, if there is one left.
    pub(crate) async fn import_one(&self, clients: &mut Clients) -> Result<(), Status> {
        let at = self.acknowledged.load(Ordering::Relaxed);
        if let Some(batch) = self.batches.get(at) {
            import(clients, batch).await?;
            self.acknowledged.store(at + 1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Imports all that is left.
    pub(crate) async fn import_rest(&self, clients: &mut Clients) -> Result<(), Status> {
        while self.is_any_left() {
            self.import_one(clients).await?;
        }
        Ok(())
    }

    /// Imports everything into another analytics, in another order.
    pub(crate) async fn import_all_otherwise(
        &self,
        clients: &mut Clients,
        chance: &mut Chance,
    ) -> Result<(), Status> {
        let mut batches = self.batches.to_vec();
        shuffle(&mut batches, chance);
        for batch in &batches {
            import(clients, batch).await?;
        }
        Ok(())
    }

    /// Begins to import what is left, and in between, and for ever after, what was acknowledged before.
    pub(crate) fn keep_importing(&self, mut clients: Clients, mut chance: Chance) -> Importer {
        let (batches, acknowledged) = (self.batches.clone(), self.acknowledged.clone());
        let before = acknowledged.load(Ordering::Relaxed);
        let task = tokio::spawn(async move {
            loop {
                let next = acknowledged.load(Ordering::Relaxed);
                let at = if chance.below(4) == 0 { chance.below(next) } else { next };
                let batch = &batches[at.min(batches.len() - 1)];
                if let Err(status) = import(&mut clients, batch).await {
                    return status;
                }
                if at == next && next < batches.len() {
                    acknowledged.store(next + 1, Ordering::Relaxed);
                }
            }
        });
        Importer { acknowledged: self.acknowledged.clone(), before, task }
    }
}

impl Importer {
    /// How many requests were acknowledged since it began.
    pub(crate) fn acknowledged(&self) -> usize {
        self.acknowledged.load(Ordering::Relaxed) - self.before
    }

    /// Whether it got no answer already.
    pub(crate) fn is_over(&self) -> bool {
        self.task.is_finished()
    }

    /// Why it got no answer in the end.
    pub(crate) async fn end(self) -> anyhow::Result<Status> {
        Ok(self.task.await?)
    }
}

async fn import(clients: &mut Clients, batch: &proto::ImportEventsRequest) -> Result<(), Status> {
    clients.imports.import_events(stream::iter([batch.clone()])).await.map(drop)
}

/// An order of one of the buyers.
fn order(batch: usize, number: usize, chance: &mut Chance) -> proto::ImportedOrder {
    proto::ImportedOrder {
        record_id: format!("order {batch}-{number}"),
        buyer_id: buyer(chance),
        placed_time: Some(moment(chance.below(DAY_COUNT * DAY_SECONDS))),
        agent: String::new(),
    }
}

fn buyer(chance: &mut Chance) -> String {
    format!("buyer {}", chance.below(60))
}

fn moment(at: usize) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: START + i64::try_from(at).unwrap_or(i64::MAX), nanos: 0 }
}

/// A conversation of one of the days.
fn conversation(number: usize, chance: &mut Chance) -> Vec<proto::ImportedEvent> {
    let mut at = chance.below(DAY_COUNT) * DAY_SECONDS + chance.below(DAY_SECONDS - 3_600);
    let mut payloads =
        vec![Payload::Opened(proto::ImportedOpening { buyer_id: buyer(chance), ..Default::default() })];
    let is_long = number.is_multiple_of(LONG_EVERY);
    let (questions, longest_pause) = if is_long { (LONG_QUESTIONS, 20) } else { (1 + chance.below(3), 400) };
    for _ in 0..questions {
        payloads.push(Payload::Message(proto::ImportedMessage::default()));
        if chance.below(5) > 0 {
            let agent = format!("agent {}", chance.below(4));
            payloads.push(Payload::Reply(proto::ImportedReply { agent, ..Default::default() }));
        }
    }
    payloads.push(Payload::Closed(proto::ImportedClosing::default()));
    if chance.below(3) == 0 {
        let stars = u32::try_from(chance.below(5)).unwrap_or(0) + 1;
        payloads.push(Payload::Rated(proto::ImportedRating { stars }));
    }
    let event = |(step, payload)| {
        at += chance.below(longest_pause);
        proto::ImportedEvent {
            record_id: format!("record {number}-{step}"),
            conversation: format!("talk {number}"),
            occurred_time: Some(moment(at)),
            order: u32::try_from(step).unwrap_or(u32::MAX),
            payload: Some(payload),
            ..Default::default()
        }
    };
    payloads.into_iter().enumerate().map(event).collect()
}

/// Another order of the same (Fisher and Yates).
pub(crate) fn shuffle<T>(things: &mut [T], chance: &mut Chance) {
    for at in (1..things.len()).rev() {
        things.swap(at, chance.below(at + 1));
    }
}
