//! Reading the changes of alerts on, by position: for those who watch, and for the webhook.

use fenliu_domain::ids::ShopId;
use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::time::Timestamp;
use fenliu_proto::analytics::v1 as proto;
use prost::Message;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::kept::open_alerts;
use super::shop_id;
use crate::storage::reading::zone_of;
use crate::storage::rows::{Place, alert_change, alert_memory, alert_webhook};
use crate::storage::{Fault, Store};

/// How far the webhook was told of a shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub(crate) shop: ShopId,
    /// Position of the last change that was told, or given up.
    pub(crate) position: i64,
    /// How often the next one was tried.
    pub(crate) attempts: u32,
    /// When it may be tried again.
    pub(crate) next: Timestamp,
}

impl Store {
    /// What is open in a shop, and the position of its last change, of one state of the store.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND.
    pub(crate) async fn open_alerts(&self, shop: ShopId) -> Result<(Vec<proto::Alert>, i64), Fault> {
        self.db
            .snapshot(move |txn| {
                Box::pin(async move {
                    zone_of(txn, shop).await?;
                    let shop = shop.to_string();
                    Ok((open_alerts(txn, &shop).await?, last_position(txn, &shop).await?))
                })
            })
            .await
    }

    /// Refuses to go on after a position behind the last change, or before the first that is kept.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND, HISTORY_REWOUND.
    pub(crate) async fn check_alert_place(&self, shop: ShopId, after: i64) -> Result<(), Fault> {
        zone_of(self.db.reader(), shop).await?;
        let last = last_position(self.db.reader(), &shop.to_string()).await?;
        let next = self.alert_changes(shop, after, true, 1).await?;
        let is_next = next.first().is_some_and(|change| change.position == after + 1);
        if after == last || is_next {
            return Ok(());
        }
        let advice = "the changes after this position are not kept; begin again without a position";
        let problem = Problem::new(Reason::HistoryRewound, advice);
        Err(problem.with("after_position", after).with("position", last).into())
    }

    /// Changes of a shop's alerts after a position, in order; with those that are not told only if asked for.
    pub(crate) async fn alert_changes(
        &self,
        shop: ShopId,
        after: i64,
        include_quiet: bool,
        limit: u64,
    ) -> Result<Vec<proto::AlertChange>, Fault> {
        let shop = shop.to_string();
        let told = if include_quiet {
            Condition::all()
        } else {
            Condition::all().add(alert_change::Column::Told.eq(true))
        };
        let rows = alert_change::Entity::find()
            .filter(alert_change::Column::ShopId.eq(shop.as_str()))
            .filter(alert_change::Column::Position.gt(after))
            .filter(told)
            .order_by_asc(alert_change::Column::Position)
            .limit(limit);
        let place = Place { table: "alert_change", column: "change", row: &shop };
        let read = |row: alert_change::Model| {
            proto::AlertChange::decode(row.change.as_slice()).map_err(|why| place.corrupt(why))
        };
        rows.all(self.db.reader()).await?.into_iter().map(read).collect()
    }

    /// The position of the last change of a shop's alerts; 0 before the first.
    pub(crate) async fn alert_position(&self, shop: ShopId) -> Result<i64, Fault> {
        last_position(self.db.reader(), &shop.to_string()).await
    }

    /// The shops whose last change the webhook has not been told of, and how far it has.
    pub(crate) async fn undelivered(&self) -> Result<Vec<Delivery>, Fault> {
        let told = alert_webhook::Entity::find().all(self.db.reader()).await?;
        let told: std::collections::BTreeMap<_, _> =
            told.into_iter().map(|row| (row.shop_id.clone(), row)).collect();
        let mut undelivered = Vec::new();
        let last = alert_memory::Entity::find()
            .select_only()
            .columns([alert_memory::Column::ShopId, alert_memory::Column::Position])
            .into_tuple::<(String, i64)>();
        for (shop, last) in last.all(self.db.reader()).await? {
            let known = told.get(&shop);
            let place = Place { table: "alert_webhook", column: "next_us", row: &shop };
            let delivery = Delivery {
                shop: shop_id(&shop)?,
                position: known.map_or(0, |row| row.position),
                attempts: known.map_or(0, |row| u32::try_from(row.attempts).unwrap_or(u32::MAX)),
                next: known.map_or(Ok(Timestamp::MIN), |row| place.time(row.next_us))?,
            };
            undelivered.extend((delivery.position < last).then_some(delivery));
        }
        Ok(undelivered)
    }

    /// Writes down how far the webhook was told of a shop, unless it was told further.
    pub(crate) async fn delivered(&self, delivery: Delivery) -> Result<(), Fault> {
        let row = alert_webhook::ActiveModel {
            shop_id: Set(delivery.shop.to_string()),
            position: Set(delivery.position),
            attempts: Set(delivery.attempts.into()),
            next_us: Set(delivery.next.micros()),
        };
        let columns =
            [alert_webhook::Column::Position, alert_webhook::Column::Attempts, alert_webhook::Column::NextUs];
        // Another replica may have told more meanwhile.
        let known = Expr::col((alert_webhook::Entity, alert_webhook::Column::Position));
        let replace = OnConflict::column(alert_webhook::Column::ShopId)
            .update_columns(columns)
            .action_and_where(known.lte(delivery.position))
            .to_owned();
        let insert = alert_webhook::Entity::insert(row).on_conflict(replace);
        insert.exec_without_returning(self.db.writer()).await?;
        Ok(())
    }
}

async fn last_position(db: &impl ConnectionTrait, shop: &str) -> Result<i64, Fault> {
    let row = alert_memory::Entity::find_by_id(shop).one(db).await?;
    Ok(row.map_or(0, |row| row.position))
}
