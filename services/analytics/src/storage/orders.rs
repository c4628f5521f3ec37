//! Orders that other systems reported: logging them, and reading those that bear on some days.
//!
//! They lie beside the facts and are no part of them: nothing that is kept is made of them.

use std::collections::BTreeSet;

use fenliu_domain::day::{DayRange, Zone};
use fenliu_domain::ids::ShopId;
use fenliu_domain::problem::Problem;
use fenliu_domain::time::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::reading::fold_in;
use super::rows::{Place, imported_order};
use super::{Fault, Fold, Folded, Store};

/// Orders read at a time.
const ORDERS_AT_ONCE: u64 = 5_000;

/// An order of another system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    /// Its number there.
    pub(crate) record_id: String,
    /// Who placed it.
    pub(crate) buyer: String,
    /// When.
    pub(crate) placed: Timestamp,
    /// Whom the source gives it to; empty = nobody known.
    pub(crate) agent: String,
}

/// Takes in what a shop's buyers ordered besides.
pub(crate) trait OrderFold: Fold {
    /// From when on orders matter, and before when; an end that is `None` is open.
    fn orders_between(&self) -> (Option<Timestamp>, Option<Timestamp>);
    /// Takes in one: who placed it, and when. All conversations have come before; orders come in any order.
    fn order(&mut self, buyer: &str, placed: Timestamp);
}

impl Store {
    /// As [`Store::fold`], of a fold that takes in the shop's orders as well; and whether any was ever reported.
    ///
    /// # Errors
    /// As [`Store::fold`].
    pub(crate) async fn fold_with_orders<F, B>(
        &self,
        shop: ShopId,
        begin: B,
    ) -> Result<(Folded<F>, bool), Fault>
    where
        F: OrderFold,
        B: FnOnce(Zone) -> Result<(DayRange, F), Problem> + Send + 'static,
    {
        self.db
            .snapshot(move |txn| {
                Box::pin(async move {
                    let mut folded = fold_in(txn, shop, begin).await?;
                    let shop = shop.to_string();
                    let reported = of_shop(&shop).limit(1).one(txn).await?.is_some();
                    feed(txn, &shop, &mut folded.fold).await?;
                    Ok((folded, reported))
                })
            })
            .await
    }
}

fn of_shop(shop: &str) -> sea_orm::Select<imported_order::Entity> {
    imported_order::Entity::find().filter(imported_order::Column::ShopId.eq(shop))
}

/// Logs the orders of a batch that are new; how many. Whoever imports into a shop does so alone.
pub(super) async fn import(
    txn: &DatabaseTransaction,
    shop: &str,
    source: &str,
    orders: Vec<Order>,
) -> Result<u64, Fault> {
    let ids: Vec<_> = orders.iter().map(|order| order.record_id.as_str()).collect();
    let known = of_shop(shop)
        .select_only()
        .column(imported_order::Column::RecordId)
        .filter(imported_order::Column::Source.eq(source))
        .filter(imported_order::Column::RecordId.is_in(ids))
        .into_tuple::<String>()
        .all(txn)
        .await?;
    let mut seen: BTreeSet<String> = known.into_iter().collect();
    let fresh: Vec<_> = orders.into_iter().filter(|order| seen.insert(order.record_id.clone())).collect();
    let count = fresh.len() as u64;
    if !fresh.is_empty() {
        let rows = fresh.into_iter().map(|order| row(shop, source, order));
        imported_order::Entity::insert_many(rows).exec_without_returning(txn).await?;
    }
    Ok(count)
}

fn row(shop: &str, source: &str, order: Order) -> imported_order::ActiveModel {
    let Order { record_id, buyer, placed, agent } = order;
    imported_order::ActiveModel {
        shop_id: Set(shop.to_owned()),
        source: Set(source.to_owned()),
        record_id: Set(record_id),
        buyer_id: Set(buyer),
        placed_us: Set(placed.micros()),
        agent: Set(agent),
    }
}

/// Feeds every order of a shop that matters to a fold.
async fn feed(txn: &DatabaseTransaction, shop: &str, fold: &mut impl OrderFold) -> Result<(), Fault> {
    let columns =
        [imported_order::Column::PlacedUs, imported_order::Column::Source, imported_order::Column::RecordId];
    let (from, until) = fold.orders_between();
    let mut from = from.map(Timestamp::micros);
    let mut after: Option<imported_order::Model> = None;
    loop {
        let mut matter = Condition::all()
            .add_option(from.map(|from| imported_order::Column::PlacedUs.gte(from)))
            .add_option(until.map(|until| imported_order::Column::PlacedUs.lt(until.micros())));
        if let Some(last) = after.take() {
            let known = [Expr::value(last.placed_us), Expr::value(last.source), Expr::value(last.record_id)];
            matter = matter.add(Expr::tuple(columns.map(Expr::col)).gt(Expr::tuple(known)));
        }
        let page =
            columns.iter().fold(of_shop(shop).filter(matter), |page, column| page.order_by_asc(*column));
        let mut page = page.limit(ORDERS_AT_ONCE).all(txn).await?;
        for row in &page {
            let place = Place { table: "imported_order", column: "placed_us", row: &row.record_id };
            fold.order(&row.buyer_id, place.time(row.placed_us)?);
        }
        if (page.len() as u64) < ORDERS_AT_ONCE {
            return Ok(());
        }
        after = page.pop();
        // Said once more as a plain bound, from which SQLite can start.
        from = after.as_ref().map(|last| last.placed_us);
    }
}
