//! How a batch is stored: without reading where everything it needs to know is remembered, by PostgreSQL in one statement;
//! or else in a transaction that reads what is not.

use std::collections::BTreeMap;
use std::sync::Arc;

use fenliu_domain::desk::Head;
use fenliu_domain::desk::event::{Event, Payload, Seq};
use fenliu_domain::ids::{EventId, ShopId};
use fenliu_proto::event::to_proto;
use fenliu_runtime::sql::{Database, Guard, Rows, filled_up, write_guarded};
use prost::Message;
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseBackend, DatabaseTransaction, DbErr, EntityTrait, QueryFilter,
    QuerySelect,
};

use super::Disposal;
use super::ledger::{Ledger, LogHead};
use crate::history::plan::{ShopPlan, Verdict};
use crate::history::projection::ConversationRecord;
use crate::history::rows::log_head::{self, LOG_HEAD};
use crate::history::rows::{event, message_body, shop_head};
use crate::history::{Fault, projection, uuid};

/// Moves the log's head from where the writer knows it to be.
const MOVE_LOG_HEAD: &str = "UPDATE log_head SET position = $1, event_id = $2 \
    WHERE id = 1 AND position = $3 AND event_id IS NOT DISTINCT FROM $4";
const MOVE_SHOP_HEADS: &str =
    "ON CONFLICT (shop_id) DO UPDATE SET seq = excluded.seq, event_id = excluded.event_id";
/// A content that is there already stays.
const KEEP_BODIES: &str = "ON CONFLICT (event_id) DO NOTHING";

/// A committed batch.
#[derive(Debug)]
pub(super) struct Stored {
    /// Position of the last event of all.
    pub(super) position: i64,
    /// Tail by tail: stored, or a fork.
    pub(super) fits: Vec<bool>,
}

/// Stores what of the batch fits, all of it or nothing. `told` is the last position anybody told of. After an error
/// nothing is remembered.
pub(super) async fn commit(
    database: &Database,
    ledger: &mut Ledger,
    told: i64,
    batch: Arc<Vec<Disposal>>,
) -> Result<Stored, Fault> {
    let mut known = std::mem::take(ledger);
    let unmoved = known.head().is_some_and(|head| head.position >= told);
    let is_one_statement = database.backend() == DatabaseBackend::Postgres;
    if unmoved
        && is_one_statement
        && let Some(stored) = at_once(database.writer(), &mut known, &batch).await?
    {
        *ledger = known;
        return Ok(stored);
    }
    let stored = database.transaction(move |txn| {
        Box::pin(async move {
            if unmoved
                && !is_one_statement
                && let Some(stored) = at_once(txn, &mut known, &batch).await?
            {
                return Ok((stored, known));
            }
            store(txn, known, &batch).await
        })
    });
    let (stored, known) = stored.await?;
    *ledger = known;
    Ok(stored)
}

/// What of a batch is to be stored.
struct Plan {
    shops: BTreeMap<ShopId, ShopPlan>,
    fits: Vec<Verdict>,
}

impl Plan {
    /// The shops' heads must be known.
    fn of(ledger: &Ledger, batch: &[Disposal]) -> Self {
        let mut shops = BTreeMap::new();
        let fits = batch.iter().map(|disposal| {
            let plan = shops.entry(disposal.shop).or_insert_with(|| ledger.plan(disposal.shop));
            plan.add(&disposal.tail)
        });
        let fits = fits.collect();
        Self { shops, fits }
    }

    fn fresh(&self) -> Vec<Arc<Event>> {
        self.shops.values().flat_map(|plan| plan.fresh().iter().cloned()).collect()
    }

    fn moved(&self) -> impl Iterator<Item = (ShopId, Head)> {
        let moved = self.shops.iter().filter(|(_, plan)| !plan.fresh().is_empty());
        moved.filter_map(|(shop, plan)| Some((*shop, plan.head()?)))
    }
}

/// Stores a batch without reading anything, unless something about it must be read first, or somebody else has stored
/// something. PostgreSQL needs no transaction around it.
async fn at_once(
    connection: &impl ConnectionTrait,
    ledger: &mut Ledger,
    batch: &[Disposal],
) -> Result<Option<Stored>, Fault> {
    if !ledger.unknown_shops(batch).is_empty() {
        return Ok(None);
    }
    let plan = Plan::of(ledger, batch);
    let fresh = plan.fresh();
    if fresh.is_empty()
        || plan.fits.contains(&Verdict::EndsBelow)
        || !ledger.unknown_conversations(&fresh).is_empty()
    {
        return Ok(None);
    }
    let fits: Vec<_> = plan.fits.iter().map(|verdict| *verdict == Verdict::Fits).collect();
    write(connection, ledger, batch, plan, fits, &fresh).await
}

/// Stores a batch in a transaction.
async fn store(
    txn: &DatabaseTransaction,
    ledger: Ledger,
    batch: &[Disposal],
) -> Result<(Stored, Ledger), Fault> {
    // The log's head first, so that whoever commits first has the lower positions; the shops' heads only then, in
    // a statement of their own, so that they are read as they are after the wait for the lock.
    let mut ledger = ledger.at(take_log_head(txn).await?);
    read_shop_heads(txn, &mut ledger, batch).await?;
    let plan = Plan::of(&ledger, batch);
    let mut fits = Vec::with_capacity(batch.len());
    for (disposal, verdict) in batch.iter().zip(&plan.fits) {
        fits.push(match (verdict, disposal.tail.last()) {
            (Verdict::Fits, _) => true,
            (Verdict::EndsBelow, Some(last)) => is_stored(txn, last).await?,
            (Verdict::EndsBelow | Verdict::Fork, _) => false,
        });
    }
    let fresh = plan.fresh();
    let unknown = ledger.unknown_conversations(&fresh);
    projection::read_of(txn, unknown).await?.into_iter().for_each(|record| ledger.learn_conversation(record));
    let stored = write(txn, &mut ledger, batch, plan, fits, &fresh).await?;
    let moved = || Fault::corrupt("log_head", "position", LOG_HEAD, "moved although it is locked");
    Ok((stored.ok_or_else(moved)?, ledger))
}

/// Writes what was planned, and remembers it; `None` when the log's head is elsewhere.
async fn write(
    connection: &impl ConnectionTrait,
    ledger: &mut Ledger,
    batch: &[Disposal],
    plan: Plan,
    fits: Vec<bool>,
    fresh: &[Arc<Event>],
) -> Result<Option<Stored>, Fault> {
    let before = ledger.head().unwrap_or_default();
    let after = LogHead {
        position: before.position + i64::try_from(fresh.len()).map_err(too_large)?,
        event: fresh.last().map(|event| event.id).or(before.event),
    };
    let records = projection::fold(|id| ledger.conversation(id).cloned(), fresh);
    let tables = vec![
        event_rows(before.position, fresh)?,
        body_rows(batch, &fits)?,
        shop_head_rows(plan.moved())?,
        Rows::of(records.iter().map(ConversationRecord::to_row).collect::<Vec<_>>(), projection::OVERWRITE)?,
    ];
    let id = |event: Option<EventId>| event.map(|event| uuid(event.bits()));
    let values =
        vec![after.position.into(), id(after.event).into(), before.position.into(), id(before.event).into()];
    let guard = Guard { update: MOVE_LOG_HEAD, values };
    if !write_guarded(connection, guard, tables).await? {
        return Ok(None);
    }
    ledger.advance(after, plan.moved(), records);
    Ok(Some(Stored { position: after.position, fits }))
}

fn too_large(error: std::num::TryFromIntError) -> Fault {
    Fault::Store(DbErr::Custom(error.to_string()))
}

async fn take_log_head(txn: &DatabaseTransaction) -> Result<LogHead, Fault> {
    let row = log_head::Entity::find_by_id(LOG_HEAD).lock_exclusive().one(txn).await?;
    let row = row.ok_or_else(|| Fault::corrupt("log_head", "id", LOG_HEAD, "is missing"))?;
    let event = row.event_id.map(|id| EventId::from_bits(id.as_u128()));
    Ok(LogHead { position: row.position, event })
}

async fn read_shop_heads(
    txn: &DatabaseTransaction,
    ledger: &mut Ledger,
    batch: &[Disposal],
) -> Result<(), Fault> {
    let unknown = ledger.unknown_shops(batch);
    if unknown.is_empty() {
        return Ok(());
    }
    let shops = filled_up(unknown.iter().map(|shop| uuid(shop.bits())).collect());
    unknown.into_iter().for_each(|shop| ledger.learn_shop(shop, None));
    let heads = shop_head::Entity::find().filter(shop_head::Column::ShopId.is_in(shops)).all(txn).await?;
    for row in heads {
        let seq = u64::try_from(row.seq)
            .map_err(|_| Fault::corrupt("shop_head", "seq", row.shop_id, "is negative"))?;
        let head = Head { seq: Seq(seq), event: EventId::from_bits(row.event_id.as_u128()) };
        ledger.learn_shop(ShopId::from_bits(row.shop_id.as_u128()), Some(head));
    }
    Ok(())
}

async fn is_stored(txn: &DatabaseTransaction, of: &Event) -> Result<bool, Fault> {
    let row = event::Entity::find()
        .filter(event::Column::ShopId.eq(uuid(of.shop.bits())))
        .filter(event::Column::Seq.eq(i64::try_from(of.seq.0).map_err(too_large)?))
        .one(txn)
        .await?;
    Ok(row.is_some_and(|row| row.event_id == uuid(of.id.bits())))
}

fn event_rows(before: i64, events: &[Arc<Event>]) -> Result<Rows, Fault> {
    let rows = events.iter().zip(before + 1..).map(|(event, position)| row(event, position));
    Ok(Rows::of(rows.collect::<Result<Vec<_>, _>>()?, "")?)
}

pub(in crate::history) fn row(of: &Event, position: i64) -> Result<event::ActiveModel, Fault> {
    let mark = of.request.as_deref();
    let delivery = match &of.payload {
        Payload::MessageReceived { channel, external: Some(external), .. } => Some((channel, external)),
        _ => None,
    };
    Ok(event::ActiveModel {
        position: Set(position),
        shop_id: Set(uuid(of.shop.bits())),
        seq: Set(i64::try_from(of.seq.0).map_err(too_large)?),
        event_id: Set(uuid(of.id.bits())),
        conversation_id: Set(of.conversation.map(|id| uuid(id.bits()))),
        kind: Set(of.payload.name().to_owned()),
        inbox_agent_id: Set(of.payload.inbox_of().map(|agent| uuid(agent.bits()))),
        caller: Set(mark.map(|mark| mark.caller.to_string())),
        request_id: Set(mark.map(|mark| mark.request_id.to_string())),
        channel: Set(delivery.map(|(channel, _)| channel.to_string())),
        external_message_id: Set(delivery.map(|(_, external)| external.to_string())),
        recorded_time: Set(of.recorded.micros()),
        payload: Set(to_proto(of).encode_to_vec()),
    })
}

/// Contents of events that are stored now or were before.
fn body_rows(batch: &[Disposal], fits: &[bool]) -> Result<Rows, Fault> {
    let mut rows = Vec::new();
    for (disposal, _) in batch.iter().zip(fits).filter(|(_, fits)| **fits) {
        rows.extend(disposal.bodies.iter().map(|content| message_body::ActiveModel {
            event_id: Set(uuid(content.event.bits())),
            shop_id: Set(uuid(disposal.shop.bits())),
            conversation_id: Set(uuid(content.conversation.bits())),
            kind: Set(content.body.kind),
            text: Set(content.body.text.clone()),
            reference: Set(content.body.reference.clone()),
        }));
    }
    Ok(Rows::of(rows, KEEP_BODIES)?)
}

fn shop_head_rows(moved: impl Iterator<Item = (ShopId, Head)>) -> Result<Rows, Fault> {
    let rows = moved.map(|(shop, head)| {
        Ok(shop_head::ActiveModel {
            shop_id: Set(uuid(shop.bits())),
            seq: Set(i64::try_from(head.seq.0).map_err(too_large)?),
            event_id: Set(uuid(head.event.bits())),
        })
    });
    Ok(Rows::of(rows.collect::<Result<Vec<_>, Fault>>()?, MOVE_SHOP_HEADS)?)
}
