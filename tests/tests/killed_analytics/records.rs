//! What another system recorded of the same shops, dealt out so that the records of a conversation come apart.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::imported_event::Payload;
use fenliu_tests::chance::Chance;
use fenliu_tests::clients::Clients;
use fenliu_tests::load::Shop;
use futures::stream;
use tokio::task::JoinSet;
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
/// How far the records of a conversation are spread, in conversations.
const NEIGHBOURS: usize = 6;
/// How many import at the same time.
const IMPORTERS: usize = 3;
/// Orders of a request.
const ORDERS_AT_ONCE: usize = 5;

/// Requests to import.
#[derive(Clone, Debug)]
pub(crate) struct Records {
    batches: Arc<Vec<proto::ImportEventsRequest>>,
    /// Which of them were acknowledged.
    acknowledged: Arc<Vec<AtomicBool>>,
}

/// Some who send them at the same time, each until one is not answered.
#[derive(Debug)]
pub(crate) struct Importers {
    records: Records,
    before: usize,
    tasks: JoinSet<Status>,
}

impl Records {
    /// Draws so many conversations of each shop.
    pub(crate) fn draw(shops: &[Shop], conversations: usize, chance: &mut Chance) -> Self {
        let mut batches = Vec::new();
        for shop in shops {
            let records =
                apart((0..conversations).map(|number| conversation(number, chance)).collect(), chance);
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
        let acknowledged = batches.iter().map(|_| AtomicBool::new(false)).collect();
        Self { batches: Arc::new(batches), acknowledged: Arc::new(acknowledged) }
    }

    /// Whether there are any that were not acknowledged.
    pub(crate) fn is_any_left(&self) -> bool {
        self.next(0).is_some()
    }

    /// The first that was not acknowledged, of those after so many such.
    fn next(&self, after: usize) -> Option<usize> {
        let left = self.acknowledged.iter().enumerate().filter(|(_, done)| !done.load(Ordering::Relaxed));
        left.map(|(at, _)| at).nth(after)
    }

    fn acknowledged(&self) -> usize {
        self.acknowledged.iter().filter(|done| done.load(Ordering::Relaxed)).count()
    }

    async fn import(&self, at: usize, clients: &mut Clients) -> Result<(), Status> {
        import(clients, &self.batches[at]).await?;
        self.acknowledged[at].store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Imports one more, if there is one left.
    pub(crate) async fn import_one(&self, clients: &mut Clients) -> Result<(), Status> {
        match self.next(0) {
            Some(at) => self.import(at, clients).await,
            None => Ok(()),
        }
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

    /// Begins to import what is left, and in between, and for ever after, what was imported before.
    pub(crate) fn keep_importing(&self, clients: &Clients, chance: &mut Chance) -> Importers {
        let mut tasks = JoinSet::new();
        for _ in 0..IMPORTERS {
            let (records, mut clients) = (self.clone(), clients.clone());
            let mut chance = Chance::new(chance.below(usize::MAX) as u64, 0);
            tasks.spawn(async move {
                loop {
                    let next = records.next(chance.below(IMPORTERS)).filter(|_| chance.below(4) > 0);
                    let at = next.unwrap_or_else(|| chance.below(records.batches.len()));
                    if let Err(status) = records.import(at, &mut clients).await {
                        return status;
                    }
                }
            });
        }
        Importers { records: self.clone(), before: self.acknowledged(), tasks }
    }
}

impl Importers {
    /// How many further requests were acknowledged since they began.
    pub(crate) fn acknowledged(&self) -> usize {
        self.records.acknowledged() - self.before
    }

    /// Whether one of them got no answer already; why.
    pub(crate) fn failed(&mut self) -> Option<Status> {
        self.tasks.try_join_next().and_then(Result::ok)
    }

    /// Waits until none of them gets an answer any more.
    pub(crate) async fn end(mut self) -> anyhow::Result<()> {
        while let Some(ended) = self.tasks.join_next().await {
            ended?;
        }
        Ok(())
    }
}

/// The records of all conversations, those of each spread over those of its neighbours, so that some of it comes late and some
/// conversations are never touched again.
fn apart(conversations: Vec<Vec<proto::ImportedEvent>>, chance: &mut Chance) -> Vec<proto::ImportedEvent> {
    let mut placed: Vec<_> = conversations
        .into_iter()
        .enumerate()
        .flat_map(|(number, records)| records.into_iter().map(move |record| (number, record)))
        .map(|(number, record)| (number + chance.below(NEIGHBOURS), record))
        .collect();
    placed.sort_by_key(|(place, _)| *place);
    placed.into_iter().map(|(_, record)| record).collect()
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
