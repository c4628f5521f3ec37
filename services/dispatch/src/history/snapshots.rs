//! Desks at an event, so that a start need not replay everything: the fold of the history itself, made off every
//! request's path and never taken from the live desk.

use std::collections::HashMap;

use fenliu_domain::desk::Desk;
use fenliu_domain::desk::event::Seq;
use fenliu_domain::desk::snapshot::Snapshot;
use fenliu_domain::ids::ShopId;
use fenliu_domain::time::Timestamp;
use fenliu_proto::event::snapshot::{from_proto, to_proto};
use fenliu_proto::history::v1 as proto;
use prost::Message;
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::reader::{History, parse};
use super::rows::desk_snapshot::{ActiveModel, Column, Entity};
use super::rows::shop_head;
use super::{Fault, uuid};

/// Events replayed at once.
const REPLAY_PAGE: u64 = 1_000;
/// A desk is snapshotted again when so many events have come since.
pub(crate) const SNAPSHOT_EVERY: u64 = 5_000;
/// Snapshots kept per shop.
const KEPT: u64 = 2;

impl History {
    /// The desk of a shop as the history tells it: its last snapshot and the events after it. `None` when
    /// nothing has happened.
    pub(crate) async fn fold(&self, shop: ShopId) -> Result<Option<Desk>, Fault> {
        self.fold_until(shop, Seq(u64::MAX)).await
    }

    /// The same up to an event; `None`, too, when the last snapshot is beyond it.
    pub(crate) async fn fold_until(&self, shop: ShopId, until: Seq) -> Result<Option<Desk>, Fault> {
        let mut desk = match self.last_snapshot(shop).await? {
            Some(snapshot) if snapshot.head.seq > until => return Ok(None),
            Some(snapshot) => Desk::restore(snapshot),
            None => Desk::new(shop),
        };
        loop {
            let page = self.events(shop, None, desk.seq().0, REPLAY_PAGE).await?;
            for stored in &page {
                let event = parse(stored)?;
                if event.seq > until {
                    return Ok(desk.head().map(|_| desk));
                }
                desk.replay(&event)
                    .map_err(|error| Fault::corrupt("event", "seq", stored.position, error))?;
            }
            if u64::try_from(page.len()).unwrap_or(0) < REPLAY_PAGE {
                return Ok(desk.head().map(|_| desk));
            }
        }
    }

    async fn last_snapshot(&self, shop: ShopId) -> Result<Option<Snapshot>, Fault> {
        let row = Entity::find()
            .filter(Column::ShopId.eq(uuid(shop.bits())))
            .order_by_desc(Column::Seq)
            .limit(1)
            .one(self.database().reader())
            .await?;
        let Some(row) = row else { return Ok(None) };
        let corrupt =
            |why: String| Fault::corrupt("desk_snapshot", "payload", format!("{shop}/{}", row.seq), why);
        let read = proto::DeskSnapshot::decode(row.payload.as_slice()).map_err(|e| corrupt(e.to_string()))?;
        from_proto(&read).map(Some).map_err(|e| corrupt(e.to_string()))
    }

    /// Shops whose history has grown by `events` or more since their last snapshot.
    pub(crate) async fn outgrown(&self, events: u64) -> Result<Vec<ShopId>, Fault> {
        let taken: Vec<(Uuid, Option<i64>)> = Entity::find()
            .select_only()
            .column(Column::ShopId)
            .column_as(Column::Seq.max(), "seq")
            .group_by(Column::ShopId)
            .into_tuple()
            .all(self.database().reader())
            .await?;
        let taken: HashMap<_, _> = taken.into_iter().collect();
        let since =
            |head: &shop_head::Model| head.seq - taken.get(&head.shop_id).copied().flatten().unwrap_or(0);
        let heads = shop_head::Entity::find().all(self.database().reader()).await?;
        let outgrown =
            heads.iter().filter(|head| u64::try_from(since(head)).is_ok_and(|since| since >= events));
        Ok(outgrown.map(|head| ShopId::from_bits(head.shop_id.as_u128())).collect())
    }

    /// Snapshots a shop as the history tells it, and drops all but the last two.
    pub(crate) async fn snapshot(&self, shop: ShopId, now: Timestamp) -> Result<Option<Seq>, Fault> {
        let Some(snapshot) = self.fold(shop).await?.and_then(|desk| desk.snapshot()) else { return Ok(None) };
        let seq = i64::try_from(snapshot.head.seq.0).unwrap_or(i64::MAX);
        let row = ActiveModel {
            shop_id: Set(uuid(shop.bits())),
            seq: Set(seq),
            event_id: Set(uuid(snapshot.head.event.bits())),
            recorded_time: Set(now.micros()),
            payload: Set(to_proto(&snapshot).encode_to_vec()),
        };
        let overwrite =
            OnConflict::columns([Column::ShopId, Column::Seq]).update_column(Column::Payload).to_owned();
        let writer = self.database().writer();
        Entity::insert(row).on_conflict(overwrite).exec_without_returning(writer).await?;
        self.drop_old_snapshots(shop).await?;
        Ok(Some(snapshot.head.seq))
    }

    async fn drop_old_snapshots(&self, shop: ShopId) -> Result<(), Fault> {
        let kept = Entity::find()
            .filter(Column::ShopId.eq(uuid(shop.bits())))
            .order_by_desc(Column::Seq)
            .limit(KEPT)
            .all(self.database().writer())
            .await?;
        let Some(oldest) = kept.last() else { return Ok(()) };
        Entity::delete_many()
            .filter(Column::ShopId.eq(uuid(shop.bits())))
            .filter(Column::Seq.lt(oldest.seq))
            .exec(self.database().writer())
            .await?;
        Ok(())
    }
}
