//! The alerts of shops, what they go on from, and the silences.

use std::collections::BTreeMap;

use fenliu_domain::alert::{Change, Kind, Memory, Open, Silence, What};
use fenliu_domain::ids::ShopId;
use fenliu_domain::time::Timestamp;
use fenliu_proto::alert::{from_alert, to_alert, to_change};
use fenliu_proto::analytics::v1 as proto;
use prost::Message;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::{ROWS_AT_ONCE, shop_id};
use crate::storage::reading::zone_of;
use crate::storage::rows::{Place, alert, alert_change, alert_memory, alert_silence, alert_state};
use crate::storage::{Fault, Store};

/// What the alerts of a shop go on from, and which version of that it is; 0 = nothing was kept yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) version: i64,
    pub(crate) memory: Memory,
}

/// Which alerts are listed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listing {
    /// Only these kinds; empty = all.
    pub(crate) kinds: Vec<Kind>,
    pub(crate) open_only: bool,
    /// Only those with a smaller number.
    pub(crate) before: Option<u64>,
    pub(crate) limit: u64,
}

impl Store {
    /// What the alerts of a shop go on from; silences are not among it.
    pub(crate) async fn alert_memory(&self, shop: ShopId) -> Result<Kept, Fault> {
        self.db.snapshot(move |txn| Box::pin(async move { read_memory(txn, &shop.to_string()).await })).await
    }

    /// Keeps what a tick made of a shop's alerts, if nobody else has meanwhile; whether that was so.
    pub(crate) async fn keep_alerts(
        &self,
        shop: ShopId,
        kept: Kept,
        changes: Vec<Change>,
    ) -> Result<bool, Fault> {
        self.db
            .transaction(move |txn| {
                Box::pin(async move { keep(txn, &shop.to_string(), &kept, &changes).await })
            })
            .await
    }

    /// The silences in force at a moment, by shop.
    pub(crate) async fn all_silences(
        &self,
        now: Timestamp,
    ) -> Result<BTreeMap<ShopId, BTreeMap<Kind, Silence>>, Fault> {
        let rows = alert_silence::Entity::find().filter(alert_silence::Column::UntilUs.gt(now.micros()));
        let mut silences: BTreeMap<ShopId, BTreeMap<Kind, Silence>> = BTreeMap::new();
        for row in rows.all(self.db.reader()).await? {
            silences.entry(shop_id(&row.shop_id)?).or_default().extend([read_silence(row)?]);
        }
        Ok(silences)
    }

    /// The silences of a shop in force at a moment.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND.
    pub(crate) async fn silences(
        &self,
        shop: ShopId,
        now: Timestamp,
    ) -> Result<BTreeMap<Kind, Silence>, Fault> {
        zone_of(self.db.reader(), shop).await?;
        let rows = of_shop(shop).filter(alert_silence::Column::UntilUs.gt(now.micros()));
        rows.all(self.db.reader()).await?.into_iter().map(read_silence).collect()
    }

    /// Silences a kind.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND.
    pub(crate) async fn silence(&self, shop: ShopId, kind: Kind, silence: Silence) -> Result<(), Fault> {
        zone_of(self.db.reader(), shop).await?;
        let row = alert_silence::ActiveModel {
            shop_id: Set(shop.to_string()),
            kind: Set(kind.name().to_owned()),
            since_us: Set(silence.since.micros()),
            until_us: Set(silence.until.micros()),
            silenced_by: Set(silence.by),
            reason: Set(silence.reason),
        };
        let replaced = [
            alert_silence::Column::SinceUs,
            alert_silence::Column::UntilUs,
            alert_silence::Column::SilencedBy,
            alert_silence::Column::Reason,
        ];
        let replace = OnConflict::columns([alert_silence::Column::ShopId, alert_silence::Column::Kind])
            .update_columns(replaced)
            .to_owned();
        alert_silence::Entity::insert(row)
            .on_conflict(replace)
            .exec_without_returning(self.db.writer())
            .await?;
        Ok(())
    }

    /// Ends the silence of a kind; the one that was in force.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND.
    pub(crate) async fn lift(
        &self,
        shop: ShopId,
        kind: Kind,
        now: Timestamp,
    ) -> Result<Option<Silence>, Fault> {
        let lifted = self.silences(shop, now).await?.remove(&kind);
        alert_silence::Entity::delete_many()
            .filter(alert_silence::Column::ShopId.eq(shop.to_string()))
            .filter(alert_silence::Column::Kind.eq(kind.name()))
            .exec(self.db.writer())
            .await?;
        Ok(lifted)
    }

    /// The alerts of a shop, the one raised last first.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND.
    pub(crate) async fn alerts(&self, shop: ShopId, listing: Listing) -> Result<Vec<proto::Alert>, Fault> {
        zone_of(self.db.reader(), shop).await?;
        let Listing { kinds, open_only, before, limit } = listing;
        let of_kind = if kinds.is_empty() {
            Condition::all()
        } else {
            Condition::all().add(alert::Column::Kind.is_in(kinds.iter().map(|kind| kind.name())))
        };
        let is_open = if open_only {
            Condition::all().add(alert::Column::ResolvedUs.is_null())
        } else {
            Condition::all()
        };
        let before = before.map_or(i64::MAX, whole);
        let rows = alert::Entity::find()
            .filter(alert::Column::ShopId.eq(shop.to_string()))
            .filter(alert::Column::Number.lt(before))
            .filter(of_kind)
            .filter(is_open)
            .order_by_desc(alert::Column::Number)
            .limit(limit);
        rows.all(self.db.reader()).await?.iter().map(read_alert).collect()
    }

    /// Forgets what was over before a moment, and changes from before it.
    pub(crate) async fn forget_alerts(&self, before: Timestamp) -> Result<(), Fault> {
        let before = before.micros();
        let old = alert::Entity::delete_many().filter(alert::Column::ResolvedUs.lt(before));
        old.exec(self.db.writer()).await?;
        let changes = alert_change::Entity::delete_many().filter(alert_change::Column::AtUs.lt(before));
        changes.exec(self.db.writer()).await?;
        let silences = alert_silence::Entity::delete_many().filter(alert_silence::Column::UntilUs.lt(before));
        silences.exec(self.db.writer()).await?;
        Ok(())
    }
}

/// A number that a column of SQL holds; there are never so many that it does not.
pub(super) fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn of_shop(shop: ShopId) -> sea_orm::Select<alert_silence::Entity> {
    alert_silence::Entity::find().filter(alert_silence::Column::ShopId.eq(shop.to_string()))
}

fn read_silence(row: alert_silence::Model) -> Result<(Kind, Silence), Fault> {
    let place = Place { table: "alert_silence", column: "kind", row: &row.shop_id };
    let kind = Kind::named(&row.kind).ok_or_else(|| place.corrupt(format!("no kind {:?}", row.kind)))?;
    let (since, until) = (place.time(row.since_us)?, place.time(row.until_us)?);
    Ok((kind, Silence { until, since, by: row.silenced_by, reason: row.reason }))
}

fn read_alert(row: &alert::Model) -> Result<proto::Alert, Fault> {
    let place = Place { table: "alert", column: "alert", row: &row.shop_id };
    proto::Alert::decode(row.alert.as_slice()).map_err(|why| place.corrupt(why))
}

/// The open alerts of a shop, in the order they were raised.
pub(super) async fn open_alerts(db: &impl ConnectionTrait, shop: &str) -> Result<Vec<proto::Alert>, Fault> {
    let rows = alert::Entity::find()
        .filter(alert::Column::ShopId.eq(shop))
        .filter(alert::Column::ResolvedUs.is_null())
        .order_by_asc(alert::Column::Number);
    rows.all(db).await?.iter().map(read_alert).collect()
}

async fn read_memory(txn: &DatabaseTransaction, shop: &str) -> Result<Kept, Fault> {
    let Some(row) = alert_memory::Entity::find_by_id(shop).one(txn).await? else {
        return Ok(Kept::default());
    };
    let place = Place { table: "alert", column: "alert", row: shop };
    let mut memory = Memory { position: row.position.unsigned_abs(), ..Memory::default() };
    for alert in open_alerts(txn, shop).await? {
        let alert = from_alert(alert).map_err(|why| place.corrupt(why))?;
        memory.open.insert(alert.topic.clone(), Open { alert, over_since: None });
    }
    alert_state::read_memory(shop, &row.state, &mut memory)?;
    Ok(Kept { version: row.version, memory })
}

async fn keep(txn: &DatabaseTransaction, shop: &str, kept: &Kept, changes: &[Change]) -> Result<bool, Fault> {
    if !move_memory(txn, shop, kept).await? {
        return Ok(false);
    }
    // Of several changes of one alert in one tick the last is the alert.
    let mut alerts: BTreeMap<u64, alert::ActiveModel> = BTreeMap::new();
    for change in changes {
        alerts.insert(change.alert.number, alert_row(shop, change));
    }
    let columns = [alert::Column::ResolvedUs, alert::Column::Alert];
    let replace = OnConflict::columns([alert::Column::ShopId, alert::Column::Number])
        .update_columns(columns)
        .to_owned();
    let alerts: Vec<_> = alerts.into_values().collect();
    for alerts in alerts.chunks(ROWS_AT_ONCE) {
        let insert = alert::Entity::insert_many(alerts.to_vec()).on_conflict(replace.clone());
        insert.exec_without_returning(txn).await?;
    }
    for changes in changes.chunks(ROWS_AT_ONCE) {
        let rows = changes.iter().map(|change| change_row(shop, change));
        alert_change::Entity::insert_many(rows).exec_without_returning(txn).await?;
    }
    Ok(true)
}

/// Writes what to go on from over the version it came of.
async fn move_memory(txn: &DatabaseTransaction, shop: &str, kept: &Kept) -> Result<bool, Fault> {
    use sea_orm::sea_query::Expr;

    let (position, state) = (whole(kept.memory.position), alert_state::memory(&kept.memory));
    if kept.version == 0 {
        let row = alert_memory::ActiveModel {
            shop_id: Set(shop.to_owned()),
            version: Set(1),
            position: Set(position),
            state: Set(state),
        };
        let keep = OnConflict::column(alert_memory::Column::ShopId).do_nothing().to_owned();
        let inserted =
            alert_memory::Entity::insert(row).on_conflict(keep).exec_without_returning(txn).await?;
        return Ok(inserted == 1);
    }
    let moved = alert_memory::Entity::update_many()
        .col_expr(alert_memory::Column::Version, Expr::value(kept.version + 1))
        .col_expr(alert_memory::Column::Position, Expr::value(position))
        .col_expr(alert_memory::Column::State, Expr::value(state))
        .filter(alert_memory::Column::ShopId.eq(shop))
        .filter(alert_memory::Column::Version.eq(kept.version))
        .exec(txn)
        .await?;
    Ok(moved.rows_affected == 1)
}

fn alert_row(shop: &str, change: &Change) -> alert::ActiveModel {
    let alert = &change.alert;
    let resolved = alert.resolved_at.filter(|_| change.what == What::Resolved);
    alert::ActiveModel {
        shop_id: Set(shop.to_owned()),
        number: Set(whole(alert.number)),
        kind: Set(alert.topic.kind.name().to_owned()),
        raised_us: Set(alert.raised_at.micros()),
        resolved_us: Set(resolved.map(Timestamp::micros)),
        alert: Set(to_alert(alert).encode_to_vec()),
    }
}

fn change_row(shop: &str, change: &Change) -> alert_change::ActiveModel {
    alert_change::ActiveModel {
        shop_id: Set(shop.to_owned()),
        position: Set(whole(change.position)),
        at_us: Set(change.at.micros()),
        told: Set(change.told),
        change: Set(to_change(change).encode_to_vec()),
    }
}
