//! Which days of a shop have facts that were written, so that what was made of those days before is known to be old.
//!
//! Whoever writes facts counts the version of every local day of the conversations they write, of what they were and of what
//! they became, in the same transaction. What is made of a day's facts keeps the version it was made of.
//!
//! Facts of agents come in order of time, and what an agent is goes on until something else is told. So whoever writes some
//! counts, once for a shop, the day of the earliest; old is then whatever was made of that day or a later one.

use std::collections::{BTreeMap, BTreeSet};

use fenliu_domain::day::{Day, Zone};
use fenliu_domain::exchange::Session;
use fenliu_domain::ids::ShopId;
use fenliu_domain::time::Timestamp;
use fenliu_runtime::sql::Rows;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, LockType, OnConflict};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::reading::zone_in;
use super::rows::shop_day::WrittenOf;
use super::rows::{shop, shop_day};
use super::{Fault, Store};
use crate::imported::{EARLIEST, LATEST};

/// Shops of one statement.
const SHOPS_AT_ONCE: usize = 5_000;

/// How many days further the date of a moment may be in another zone: zones are at most 26 hours apart.
const FARTHEST: u32 = 2;

/// The zones of shops' days, which stay as they are until the transaction ends.
#[derive(Debug, Default)]
pub(super) struct Zones(BTreeMap<String, Zone>);

/// The days whose facts are written.
#[derive(Debug)]
pub(super) struct Changes {
    zones: Zones,
    days: BTreeMap<String, BTreeMap<Day, WrittenOf>>,
}

/// A day of a shop whose facts changed since it was worked out beforehand.
#[derive(Clone, Debug)]
pub(crate) struct Unkept {
    pub(crate) shop: ShopId,
    pub(crate) day: Day,
    version: i64,
}

impl Store {
    /// Some of the days before one that have to be worked out, the earliest first.
    pub(crate) async fn unkept(&self, before: Day, limit: u64) -> Result<Vec<Unkept>, Fault> {
        let rows = shop_day::Entity::find()
            .filter(Expr::col(shop_day::Column::KeptVersion).lt(Expr::col(shop_day::Column::Version)))
            .filter(shop_day::Column::Date.lt(before.to_string()))
            .order_by_asc(shop_day::Column::Date)
            .order_by_asc(shop_day::Column::ShopId)
            .limit(limit)
            .all(self.db.reader())
            .await?;
        rows.iter()
            .map(|row| Ok(Unkept { shop: row.shop()?, day: row.day()?, version: row.version }))
            .collect()
    }

    /// Notes that a day was worked out.
    pub(crate) async fn kept(&self, day: &Unkept) -> Result<(), Fault> {
        shop_day::Entity::update_many()
            .col_expr(shop_day::Column::KeptVersion, Expr::value(day.version))
            .filter(shop_day::Column::ShopId.eq(day.shop.to_string()))
            .filter(shop_day::Column::Date.eq(day.day.to_string()))
            .exec(self.db.writer())
            .await?;
        Ok(())
    }
}

impl Zones {
    /// Those of these shops. Their rows are locked against whoever gives one another zone, in order.
    pub(super) async fn of(txn: &DatabaseTransaction, shops: &BTreeSet<&str>) -> Result<Self, Fault> {
        Self::locked(txn, shops, LockType::Share).await
    }

    async fn locked(
        txn: &DatabaseTransaction,
        shops: &BTreeSet<&str>,
        lock: LockType,
    ) -> Result<Self, Fault> {
        let mut zones = BTreeMap::new();
        let shops: Vec<_> = shops.iter().copied().collect();
        for shops in shops.chunks(SHOPS_AT_ONCE) {
            let rows = shop::Entity::find()
                .filter(shop::Column::ShopId.is_in(shops.iter().copied()))
                .order_by_asc(shop::Column::ShopId)
                .lock(lock)
                .all(txn)
                .await?;
            for row in rows {
                let zone = zone_in(&row)?;
                zones.insert(row.shop_id, zone);
            }
        }
        Ok(Self(zones))
    }

    fn zone(&self, shop: &str) -> Zone {
        self.0.get(shop).copied().unwrap_or(Zone::UTC)
    }
}

impl Changes {
    pub(super) const fn new(zones: Zones) -> Self {
        Self { zones, days: BTreeMap::new() }
    }

    /// The zone of a shop's days.
    pub(super) fn zone(&self, shop: &str) -> Zone {
        self.zones.zone(shop)
    }

    /// Notes a conversation, as it was or as it has become.
    pub(super) fn note(&mut self, shop: &str, session: &Session) {
        let (Some(begins), Some(ends)) = (session.begins_at(), session.ends_at()) else { return };
        self.note_between(shop, begins, ends);
    }

    /// The same of one of which only this is known. What lies beyond the years that are imported bears on no day.
    pub(super) fn note_between(&mut self, shop: &str, begins: Timestamp, ends: Timestamp) {
        let (begins, ends) = (begins.clamp(EARLIEST, LATEST), ends.clamp(EARLIEST, LATEST));
        let days = self.zone(shop).days_between(begins, ends);
        let of_shop = match self.days.get_mut(shop) {
            Some(known) => known,
            None => self.days.entry(shop.to_owned()).or_default(),
        };
        let mut day = *days.start();
        while day <= *days.end() {
            of_shop.entry(day).or_default().conversations = true;
            day = day.plus(1);
        }
    }

    /// Notes that facts of agents are written, of which the earliest are of this moment.
    pub(super) fn note_agents(&mut self, shop: &str, since: Timestamp) {
        let day = self.zone(shop).day_of(since);
        self.days.entry(shop.to_owned()).or_default().entry(day).or_default().agents = true;
    }

    /// Counts the days' versions.
    pub(super) async fn save(self, txn: &DatabaseTransaction) -> Result<(), Fault> {
        if self.days.is_empty() {
            return Ok(());
        }
        let rows = self.days.iter().flat_map(|(shop, days)| {
            let row = |(day, written): (&Day, &WrittenOf)| shop_day::once_more(shop, *day, *written);
            days.iter().map(row)
        });
        let rows = rows.collect();
        Ok(Rows::of(rows, shop_day::COUNT)?.insert(txn).await?)
    }
}

/// Gives a shop's days another zone with `change`. If its days are others then, those next to each that has facts may have
/// them now: counts the versions of all of them.
pub(super) async fn rezone<F>(
    txn: &DatabaseTransaction,
    shops: &BTreeSet<&str>,
    change: F,
) -> Result<(), Fault>
where
    F: Future<Output = Result<(), Fault>>,
{
    know(txn, shops).await?;
    // Two that write the same row wait for each other here, instead of each for the other's share of it.
    let before = Zones::locked(txn, shops, LockType::Update).await?;
    change.await?;
    let after = Zones::locked(txn, shops, LockType::Update).await?;
    let mut changes = Changes::new(Zones::default());
    for shop in shops.iter().filter(|shop| before.zone(shop) != after.zone(shop)) {
        let days = shop_day::Entity::find().filter(shop_day::Column::ShopId.eq(*shop)).all(txn).await?;
        for row in days {
            let day = row.day()?;
            let around = (0..=2 * FARTHEST).map(|days| day.minus(FARTHEST).plus(days));
            let written = WrittenOf { conversations: true, agents: true };
            changes.days.entry((*shop).to_owned()).or_default().extend(around.map(|day| (day, written)));
        }
    }
    changes.save(txn).await
}

/// Sees to it that these shops have rows, which can be locked.
async fn know(txn: &DatabaseTransaction, shops: &BTreeSet<&str>) -> Result<(), Fault> {
    let row = |shop: &&str| shop::ActiveModel {
        shop_id: Set((*shop).to_owned()),
        policy_zone: Set(None),
        import_zone: Set(None),
    };
    let shops: Vec<_> = shops.iter().collect();
    for shops in shops.chunks(SHOPS_AT_ONCE) {
        let keep = OnConflict::column(shop::Column::ShopId).do_nothing().to_owned();
        let rows = shop::Entity::insert_many(shops.iter().map(|shop| row(shop)));
        rows.on_conflict(keep).exec_without_returning(txn).await?;
    }
    Ok(())
}

/// Counts every day's version: facts of any of them may be gone.
pub(super) async fn note_all(txn: &DatabaseTransaction) -> Result<(), Fault> {
    shop_day::Entity::update_many()
        .col_expr(shop_day::Column::Version, Expr::col(shop_day::Column::Version).add(1))
        .col_expr(shop_day::Column::AgentsVersion, Expr::col(shop_day::Column::AgentsVersion).add(1))
        .exec(txn)
        .await?;
    Ok(())
}
