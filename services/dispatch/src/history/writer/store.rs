//! The writer's transaction.

use std::collections::BTreeMap;
use std::sync::Arc;

use fenliu_domain::desk::Head;
use fenliu_domain::desk::event::{Event, Payload, Seq};
use fenliu_domain::ids::{EventId, ShopId};
use fenliu_proto::event::to_proto;
use fenliu_runtime::sql::{Database, filled_up, insert_all};
use prost::Message;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter};

use super::Disposal;
use crate::history::plan::{ShopPlan, Verdict};
use crate::history::rows::log_head::{self, LOG_HEAD};
use crate::history::rows::{event, message_body, shop_head};
use crate::history::{Fault, projection, uuid};

/// A committed batch.
#[derive(Debug)]
pub(super) struct Stored {
    /// Position of the last event of all.
    pub(super) position: i64,
    /// Tail by tail: stored, or a fork.
    pub(super) fits: Vec<bool>,
}

/// Stores what of the batch fits, in one transaction.
pub(super) async fn commit(database: &Database, batch: Arc<Vec<Disposal>>) -> Result<Stored, Fault> {
    database.transaction(move |txn| Box::pin(async move { store(txn, &batch).await })).await
}

async fn store(txn: &DatabaseTransaction, batch: &[Disposal]) -> Result<Stored, Fault> {
    // The log's head first, so that whoever commits first has the lower positions; the shops' heads only then, in
    // a statement of their own, so that they are read as they are after the wait for the lock.
    let before = take_log_head(txn).await?;
    let mut plans = shop_plans(txn, batch).await?;
    let mut fits = Vec::with_capacity(batch.len());
    for disposal in batch {
        fits.push(admit(txn, &mut plans, disposal).await?);
    }
    let fresh: Vec<Arc<Event>> = plans.values().flat_map(|plan| plan.fresh().iter().cloned()).collect();
    let position = before + i64::try_from(fresh.len()).map_err(too_large)?;
    insert_events(txn, before, &fresh).await?;
    insert_bodies(txn, batch, &fits).await?;
    move_heads(txn, &plans).await?;
    projection::project(txn, &fresh).await?;
    if position > before {
        set_log_head(txn, position).await?;
    }
    Ok(Stored { position, fits })
}

fn too_large(error: std::num::TryFromIntError) -> Fault {
    Fault::Store(DbErr::Custom(error.to_string()))
}

async fn take_log_head(txn: &DatabaseTransaction) -> Result<i64, Fault> {
    let rows = log_head::Entity::update_many()
        .col_expr(log_head::Column::Position, Expr::col(log_head::Column::Position))
        .filter(log_head::Column::Id.eq(LOG_HEAD))
        .exec_with_returning(txn)
        .await?;
    let head = rows.first().ok_or_else(|| Fault::corrupt("log_head", "id", LOG_HEAD, "is missing"))?;
    Ok(head.position)
}

async fn set_log_head(txn: &DatabaseTransaction, position: i64) -> Result<(), Fault> {
    log_head::Entity::update_many()
        .col_expr(log_head::Column::Position, Expr::val(position))
        .filter(log_head::Column::Id.eq(LOG_HEAD))
        .exec(txn)
        .await?;
    Ok(())
}

type Plans = BTreeMap<ShopId, ShopPlan>;

async fn shop_plans(txn: &DatabaseTransaction, batch: &[Disposal]) -> Result<Plans, Fault> {
    let mut plans: Plans = batch.iter().map(|disposal| (disposal.shop, ShopPlan::new(None))).collect();
    let shops: Vec<_> = plans.keys().map(|shop| uuid(shop.bits())).collect();
    let heads =
        shop_head::Entity::find().filter(shop_head::Column::ShopId.is_in(filled_up(shops))).all(txn).await?;
    for row in heads {
        let seq = u64::try_from(row.seq)
            .map_err(|_| Fault::corrupt("shop_head", "seq", row.shop_id, "is negative"))?;
        let head = Head { seq: Seq(seq), event: EventId::from_bits(row.event_id.as_u128()) };
        plans.insert(ShopId::from_bits(row.shop_id.as_u128()), ShopPlan::new(Some(head)));
    }
    Ok(plans)
}

async fn admit(txn: &DatabaseTransaction, plans: &mut Plans, disposal: &Disposal) -> Result<bool, Fault> {
    let Some(plan) = plans.get_mut(&disposal.shop) else { return Ok(false) };
    match (plan.add(&disposal.tail), disposal.tail.last()) {
        (Verdict::Fits, _) => Ok(true),
        (Verdict::EndsBelow, Some(last)) => is_stored(txn, last).await,
        (Verdict::EndsBelow | Verdict::Fork, _) => Ok(false),
    }
}

async fn is_stored(txn: &DatabaseTransaction, of: &Event) -> Result<bool, Fault> {
    let row = event::Entity::find()
        .filter(event::Column::ShopId.eq(uuid(of.shop.bits())))
        .filter(event::Column::Seq.eq(i64::try_from(of.seq.0).map_err(too_large)?))
        .one(txn)
        .await?;
    Ok(row.is_some_and(|row| row.event_id == uuid(of.id.bits())))
}

async fn insert_events(txn: &DatabaseTransaction, before: i64, events: &[Arc<Event>]) -> Result<(), Fault> {
    let rows = events.iter().zip(before + 1..).map(|(event, position)| row(event, position));
    Ok(insert_all(txn, rows.collect::<Result<Vec<_>, _>>()?, "").await?)
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

/// Contents of events that are stored now or were before; a content that is there already stays.
async fn insert_bodies(txn: &DatabaseTransaction, batch: &[Disposal], fits: &[bool]) -> Result<(), Fault> {
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
    Ok(insert_all(txn, rows, "ON CONFLICT (event_id) DO NOTHING").await?)
}

async fn move_heads(txn: &DatabaseTransaction, plans: &Plans) -> Result<(), Fault> {
    let mut rows = Vec::new();
    for (shop, plan) in plans.iter().filter(|(_, plan)| !plan.fresh().is_empty()) {
        let Some(head) = plan.head() else { continue };
        rows.push(shop_head::ActiveModel {
            shop_id: Set(uuid(shop.bits())),
            seq: Set(i64::try_from(head.seq.0).map_err(too_large)?),
            event_id: Set(uuid(head.event.bits())),
        });
    }
    let overwrite = "ON CONFLICT (shop_id) DO UPDATE SET seq = excluded.seq, event_id = excluded.event_id";
    Ok(insert_all(txn, rows, overwrite).await?)
}
