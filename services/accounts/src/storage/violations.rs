//! Violations, and how far the history has been read for them.
//!
//! They take no version of the directory, and so no turn at its head: nobody waits while the history is caught up with.

use std::collections::BTreeSet;

use fenliu_domain::ids::AgentId;
use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::time::Timestamp;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, Select,
};

use super::rows::violation::{Column, Entity, row};
use super::rows::{history_cursor, shop};
use super::{Fault, Store, Tenant};
use crate::discipline::Violation;

/// A place in dispatch's history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// Position of the last event read; 0 before the first.
    pub(crate) position: i64,
    /// Its id; empty before the first.
    pub(crate) event_id: String,
}

/// Which of a shop's violations are shown; `None` = all.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ViolationFilter {
    pub(crate) agent: Option<AgentId>,
    /// Only those after this moment.
    pub(crate) since: Option<Timestamp>,
}

impl Store {
    /// How far the history has been read.
    pub(crate) async fn history_cursor(&self) -> Result<Cursor, Fault> {
        let row = history_cursor::Entity::find_by_id(history_cursor::ONLY).one(self.db.reader()).await?;
        let missing = || Fault::Corrupt {
            table: "history_cursor",
            column: "id",
            row: history_cursor::ONLY.to_string(),
            why: "the row is missing".into(),
        };
        row.map(|row| Cursor { position: row.position, event_id: row.event_id }).ok_or_else(missing)
    }

    /// Stores what the history told of between two places, once; violations of shops nobody knows here are left out.
    ///
    /// # Errors
    /// STORE_UNAVAILABLE when somebody else has read on meanwhile, or the database does not answer.
    pub(crate) async fn record_violations(
        &self,
        after: Cursor,
        until: Cursor,
        found: Vec<Violation>,
    ) -> Result<(), Fault> {
        let work = self.db.transaction(move |txn| {
            Box::pin(async move {
                move_cursor(txn, Some(&after), &until).await?;
                insert(txn, found).await
            })
        });
        work.await
    }

    /// Forgets all violations, to read the history anew from its beginning.
    pub(crate) async fn forget_violations(&self) -> Result<(), Fault> {
        let work = self.db.transaction(move |txn| {
            Box::pin(async move {
                Entity::delete_many().exec(txn).await?;
                move_cursor(txn, None, &Cursor::default()).await
            })
        });
        work.await
    }
}

impl<C: ConnectionTrait> Tenant<'_, C> {
    /// The violations stored before the one with this number (0 = the latest), newest first, at most `limit`.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND.
    pub(crate) async fn violations_before(
        &self,
        filter: &ViolationFilter,
        number: i64,
        limit: u64,
    ) -> Result<Vec<Violation>, Fault> {
        self.shop().await?;
        let mut violations = self.violations(filter);
        if number > 0 {
            violations = violations.filter(Column::Number.lt(number));
        }
        let rows = violations.order_by_desc(Column::Number).limit(limit).all(self.connection()).await?;
        rows.into_iter().map(Violation::try_from).collect()
    }

    /// The violations that happened last, latest first, at most `limit`.
    pub(crate) async fn latest_violations(
        &self,
        filter: &ViolationFilter,
        limit: u64,
    ) -> Result<Vec<Violation>, Fault> {
        let latest = self.violations(filter).order_by_desc(Column::Time).order_by_desc(Column::Number);
        let rows = latest.limit(limit).all(self.connection()).await?;
        rows.into_iter().map(Violation::try_from).collect()
    }

    /// How many violations of somebody happened after this moment.
    pub(crate) async fn count_violations(&self, agent: AgentId, since: Timestamp) -> Result<u32, Fault> {
        let filter = ViolationFilter { agent: Some(agent), since: Some(since) };
        let count = self.violations(&filter).count(self.connection()).await?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    fn violations(&self, filter: &ViolationFilter) -> Select<Entity> {
        let mut violations = Entity::find().filter(Column::ShopId.eq(self.shop_id().to_string()));
        if let Some(agent) = filter.agent {
            violations = violations.filter(Column::AgentId.eq(agent.to_string()));
        }
        if let Some(since) = filter.since {
            violations = violations.filter(Column::Time.gt(since.micros()));
        }
        violations
    }
}

/// Moves the cursor, from `after` alone when there is one.
async fn move_cursor(txn: &DatabaseTransaction, after: Option<&Cursor>, until: &Cursor) -> Result<(), Fault> {
    use history_cursor::{Column, Entity};

    let mut moved = Entity::update_many()
        .col_expr(Column::Position, Expr::value(until.position))
        .col_expr(Column::EventId, Expr::value(until.event_id.as_str()));
    if let Some(after) = after {
        moved = moved
            .filter(Column::Position.eq(after.position))
            .filter(Column::EventId.eq(after.event_id.as_str()));
    }
    if moved.exec(txn).await?.rows_affected == 1 {
        return Ok(());
    }
    let words = "another replica has read the history on; go on from its place";
    Err(Problem::new(Reason::StoreUnavailable, words).into())
}

async fn insert(txn: &DatabaseTransaction, found: Vec<Violation>) -> Result<(), Fault> {
    let named: BTreeSet<String> = found.iter().map(|violation| violation.shop.to_string()).collect();
    let known: Vec<String> = shop::Entity::find()
        .select_only()
        .column(shop::Column::ShopId)
        .filter(shop::Column::ShopId.is_in(named))
        .into_tuple()
        .all(txn)
        .await?;
    let known: BTreeSet<String> = known.into_iter().collect();
    let rows: Vec<_> =
        found.iter().filter(|violation| known.contains(&violation.shop.to_string())).map(row).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let once = OnConflict::column(Column::EventId).do_nothing().to_owned();
    Entity::insert_many(rows).on_conflict(once).exec_without_returning(txn).await?;
    Ok(())
}
