//! Who failed to sign in lately: counted in a small transaction of its own, so that it is stored before the password is
//! looked at, and all replicas see it.

use fenliu_domain::problem::Problem;
use fenliu_domain::time::Timestamp;
use sea_orm::sea_query::{Expr, OnConflict, Query};
use sea_orm::{DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter, QuerySelect};

use super::rows::login_attempt::{self, Column, Entity};
use super::{Fault, Store};
use crate::entrance::{Counted, Tally};

impl Store {
    /// Counts an attempt under all of these keys, always in this order, or under none of them.
    ///
    /// # Errors
    /// What the counting refuses; STORE_UNAVAILABLE.
    pub(crate) async fn count_attempt(&self, counted: Vec<Counted>) -> Result<(), Problem> {
        let now = self.clock.now();
        let done = self.db.transaction(move |txn| {
            Box::pin(async move {
                for one in &counted {
                    let tally = locked(txn, &one.key).await?.attempt(one.rule, now)?;
                    store(txn, &one.key, tally).await?;
                }
                Ok::<(), Fault>(())
            })
        });
        done.await.map_err(Fault::into_problem)
    }

    /// Takes an attempt back that succeeded.
    ///
    /// # Errors
    /// STORE_UNAVAILABLE.
    pub(crate) async fn forgive_attempt(&self, counted: Vec<Counted>) -> Result<(), Problem> {
        let done = self.db.transaction(move |txn| {
            Box::pin(async move {
                for one in &counted {
                    let tally = locked(txn, &one.key).await?.forgiven(one.rule);
                    store(txn, &one.key, tally).await?;
                }
                Ok::<(), Fault>(())
            })
        });
        done.await.map_err(Fault::into_problem)
    }

    /// Forgets everything that was counted under a key.
    ///
    /// # Errors
    /// STORE_UNAVAILABLE.
    pub(crate) async fn forget_attempts(&self, counted: Counted) -> Result<(), Problem> {
        let done = self.db.transaction(move |txn| {
            Box::pin(async move {
                locked(txn, &counted.key).await?;
                store(txn, &counted.key, Tally::default()).await
            })
        });
        done.await.map_err(Fault::into_problem)
    }

    /// Forgets those who last failed before this moment, at most `limit`; says how many it forgot.
    pub(crate) async fn prune_attempts(&self, before: Timestamp, limit: u64) -> Result<u64, Fault> {
        let oldest = Query::select()
            .column(Column::Key)
            .from(Entity)
            .and_where(Expr::col(Column::LastTime).lt(before.micros()))
            .limit(limit)
            .to_owned();
        let pruned = Entity::delete_many().filter(Expr::col(Column::Key).in_subquery(oldest));
        Ok(pruned.exec(self.db.writer()).await?.rows_affected)
    }
}

/// The tally under a key, which nobody else changes before the transaction ends.
async fn locked(txn: &DatabaseTransaction, key: &str) -> Result<Tally, Fault> {
    // On PostgreSQL only a row that is there can be locked; SQLite has one writer anyway.
    let there = OnConflict::column(Column::Key).do_nothing().to_owned();
    let empty = login_attempt::row(key, Tally::default());
    Entity::insert(empty).on_conflict(there).exec_without_returning(txn).await?;
    let row = Entity::find_by_id(key.to_owned()).lock_exclusive().one(txn).await?;
    row.map_or_else(|| Ok(Tally::default()), Tally::try_from)
}

async fn store(txn: &DatabaseTransaction, key: &str, tally: Tally) -> Result<(), Fault> {
    Entity::update(login_attempt::row(key, tally)).exec(txn).await?;
    Ok(())
}
