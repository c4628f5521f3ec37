//! Facts that another version of the fold made are made anew.

use fenliu_runtime::sql::Database;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};

use super::rows::facts_version;
use super::{FACTS_VERSION, Fault, history, import};

/// Does so if need be. Cut off, it begins anew the next time; two that do it at once end in the same facts.
pub(super) async fn bring_up_to_date(db: &Database) -> Result<(), Fault> {
    let made_by = version(db.reader()).await?;
    if made_by == FACTS_VERSION {
        return Ok(());
    }
    tracing::info!(made_by, now = FACTS_VERSION, "all facts are made anew");
    db.transaction(|txn| {
        Box::pin(async move {
            history::forget(txn).await?;
            import::forget_facts(txn).await
        })
    })
    .await?;
    let mut after = None;
    loop {
        let next = db.transaction(move |txn| Box::pin(import::remake(txn, after))).await?;
        let Some(last) = next else { break };
        tracing::info!(shop = %last.shop, source = %last.source, conversation = %last.conversation, "facts of imports are made anew up to here");
        after = Some(last);
    }
    facts_version::Entity::update_many()
        .col_expr(facts_version::Column::Version, Expr::value(FACTS_VERSION))
        .filter(facts_version::Column::Id.eq(facts_version::ID))
        .exec(db.writer())
        .await?;
    Ok(())
}

async fn version(db: &impl ConnectionTrait) -> Result<i32, Fault> {
    let row = facts_version::Entity::find_by_id(facts_version::ID).one(db).await?;
    let missing =
        || Fault::Database(DbErr::RecordNotFound("facts_version has no row 1; restore the database".into()));
    row.map(|row| row.version).ok_or_else(missing)
}
