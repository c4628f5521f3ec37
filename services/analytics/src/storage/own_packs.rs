//! Packs of one's own: kept once, never changed, read by name.

use std::collections::BTreeMap;

use fenliu_domain::ids::ShopId;
use fenliu_domain::pack::RulePack;
use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::time::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
};

use super::reading::zone_of;
use super::rows::{rule_pack, rule_pack_shelf, shop};
use super::{Fault, Store, memory};
use crate::call::Call;
use crate::packs::{Origin, Own, Owned};

/// Most versions of packs that a shop may have, and all shops together of theirs.
const MAX_VERSIONS: i64 = 200;
/// The shop of packs that are for all shops.
const ALL_SHOPS: &str = "";

/// A pack to be kept, for a shop or, without one, for all shops.
#[derive(Clone, Debug)]
pub(crate) struct Put {
    pub(crate) call: Call,
    pub(crate) shop: Option<ShopId>,
    pub(crate) pack: RulePack,
    /// What is answered when it is kept.
    pub(crate) answer: Vec<u8>,
    pub(crate) now: Timestamp,
}

impl Store {
    /// Keeps a version of a pack, unless the same request has done so before; returns the answer to the first.
    ///
    /// # Errors
    /// REQUEST_ID_REUSED, SHOP_NOT_FOUND, RULE_PACK_VERSION_TAKEN, RULE_PACK_LIMIT.
    pub(crate) async fn put_pack(&self, put: Put) -> Result<Vec<u8>, Fault> {
        self.db.transaction(move |txn| Box::pin(keep(txn, put))).await
    }

    /// Every version of the packs of these names, a shop's own or else those for all shops.
    pub(crate) async fn packs_named(&self, shop: Option<ShopId>, names: Vec<String>) -> Result<Own, Fault> {
        self.db
            .snapshot(move |txn| {
                Box::pin(async move {
                    let mut own = Own::default();
                    if let Some(shop) = known(txn, shop).await? {
                        own.zone = zone_of(txn, shop).await?;
                    }
                    for name in names {
                        let versions = versions_of(txn, shop, &name).await?;
                        own.by_name.insert(name, versions);
                    }
                    Ok(own)
                })
            })
            .await
    }

    /// Every version of every pack for all shops, and of a shop's own.
    pub(crate) async fn own_packs(&self, shop: Option<ShopId>) -> Result<Vec<Owned>, Fault> {
        self.db
            .snapshot(move |txn| {
                Box::pin(async move {
                    let rows = rule_pack::Entity::find()
                        .filter(rule_pack::Column::ShopId.is_in(scopes(shop)))
                        .all(txn)
                        .await?;
                    rows.iter().map(owned).collect()
                })
            })
            .await
    }
}

/// Those for all shops, and the shop's own.
fn scopes(shop: Option<ShopId>) -> Vec<String> {
    let own = shop.map(|shop| shop.to_string());
    std::iter::once(ALL_SHOPS.to_owned()).chain(own).collect()
}

fn owned(row: &rule_pack::Model) -> Result<Owned, Fault> {
    let origin = if row.shop_id == ALL_SHOPS { Origin::AllShops } else { Origin::Shop };
    Ok(Owned { pack: row.read()?, origin })
}

/// A shop nothing is known of has no zone yet.
async fn known(txn: &DatabaseTransaction, shop: Option<ShopId>) -> Result<Option<ShopId>, Fault> {
    let Some(shop) = shop else { return Ok(None) };
    let row = shop::Entity::find_by_id(shop.to_string()).one(txn).await?;
    Ok(row.map(|_| shop))
}

async fn versions_of(
    txn: &DatabaseTransaction,
    shop: Option<ShopId>,
    name: &str,
) -> Result<Vec<Owned>, Fault> {
    let rows = rule_pack::Entity::find()
        .filter(rule_pack::Column::ShopId.is_in(scopes(shop)))
        .filter(rule_pack::Column::RulePackId.eq(name))
        .order_by_asc(rule_pack::Column::Version)
        .all(txn)
        .await?;
    let mut by_origin: BTreeMap<Origin, Vec<Owned>> = BTreeMap::new();
    for row in &rows {
        let owned = owned(row)?;
        by_origin.entry(owned.origin).or_default().push(owned);
    }
    // A shop's own come last, and hide the others.
    Ok(by_origin.pop_last().map(|(_, versions)| versions).unwrap_or_default())
}

async fn keep(txn: &DatabaseTransaction, put: Put) -> Result<Vec<u8>, Fault> {
    let Put { call, shop, pack, answer, now } = put;
    if let Some(shop) = shop {
        zone_of(txn, shop).await?;
    }
    let scope = shop.map_or_else(|| ALL_SHOPS.to_owned(), |shop| shop.to_string());
    let versions = lock(txn, &scope).await?;
    if let Some(first) = memory::recall(txn, &call, now).await? {
        return Ok(first);
    }
    let key = (scope.clone(), pack.id.clone(), i64::from(pack.version));
    match rule_pack::Entity::find_by_id(key).one(txn).await? {
        Some(row) if row.read()? == pack => {}
        Some(_) => return Err(taken(&pack).into()),
        None if versions >= MAX_VERSIONS => return Err(full(shop).into()),
        None => {
            let row = rule_pack::row(&scope, &pack, now.micros());
            rule_pack::Entity::insert(row).exec_without_returning(txn).await?;
            count(txn, &scope).await?;
        }
    }
    memory::remember(txn, call, answer.clone(), now).await?;
    Ok(answer)
}

/// Locks the shelf, so that two who put something on it do so one after the other; how many versions lie there.
async fn lock(txn: &impl ConnectionTrait, scope: &str) -> Result<i64, Fault> {
    let row = rule_pack_shelf::ActiveModel { shop_id: Set(scope.to_owned()), versions: Set(0) };
    let as_it_is = OnConflict::column(rule_pack_shelf::Column::ShopId)
        .value(
            rule_pack_shelf::Column::Versions,
            Expr::col((rule_pack_shelf::Entity, rule_pack_shelf::Column::Versions)),
        )
        .to_owned();
    rule_pack_shelf::Entity::insert(row).on_conflict(as_it_is).exec_without_returning(txn).await?;
    let row = rule_pack_shelf::Entity::find_by_id(scope).one(txn).await?;
    Ok(row.map_or(0, |row| row.versions))
}

async fn count(txn: &DatabaseTransaction, scope: &str) -> Result<(), Fault> {
    rule_pack_shelf::Entity::update_many()
        .col_expr(rule_pack_shelf::Column::Versions, Expr::col(rule_pack_shelf::Column::Versions).add(1_i64))
        .filter(rule_pack_shelf::Column::ShopId.eq(scope))
        .exec(txn)
        .await?;
    Ok(())
}

fn taken(pack: &RulePack) -> Problem {
    let RulePack { id, version, .. } = pack;
    let message = format!(
        "rule pack {id:?} has a version {version} that says something else, and what is kept is never changed; \
         give a change a new version"
    );
    Problem::new(Reason::RulePackVersionTaken, message)
        .with("rule_pack_id", id)
        .with("rule_pack_version", version)
}

fn full(shop: Option<ShopId>) -> Problem {
    let whose = shop.map_or_else(|| "all shops have".to_owned(), |shop| format!("shop {shop} has"));
    let message = format!("{whose} {MAX_VERSIONS} versions of rule packs, which is the most there may be");
    Problem::new(Reason::RulePackLimit, message).with("limit", MAX_VERSIONS)
}
