//! Sanctions, the violations they come from, ladders, and how far the history has been read.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::schema::{big_integer, big_integer_null, integer, json, text, text_null};
use sea_orm_migration::sea_orm::DbErr;
use sea_orm_migration::sea_orm::sea_query::{
    ForeignKey, ForeignKeyAction, ForeignKeyCreateStatement, Index, IndexCreateStatement, Query, Table,
    TableCreateStatement,
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

/// See the module.
pub(crate) struct Migration;

/// The tables, in the order in which they can be created.
const TABLES: [&str; 4] = ["sanction", "violation", "sanction_ladder", "history_cursor"];

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0004_sanctions"
    }
}

#[async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [sanction(), violation(), sanction_ladder(), history_cursor()] {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        let cursor = Query::insert()
            .into_table("history_cursor")
            .columns(["id", "position", "event_id"])
            .values_panic([1_i32.into(), 0_i64.into(), "".into()])
            .to_owned();
        manager.execute(cursor).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES.into_iter().rev() {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn sanction() -> TableCreateStatement {
    Table::create()
        .table("sanction")
        .col(text("sanction_id").primary_key())
        .col(text("shop_id"))
        .col(text("agent_id"))
        .col(big_integer("number"))
        .col(big_integer("version"))
        .col(text("kind"))
        .col(text("reason"))
        .col(text("evidence"))
        .col(big_integer("start_time"))
        .col(big_integer("end_time"))
        .col(text("author"))
        .col(big_integer_null("lift_time"))
        .col(text_null("lifted_by"))
        .col(text_null("lift_reason"))
        .foreign_key(&mut of_shop("sanction_shop_id", "sanction"))
        .to_owned()
}

fn violation() -> TableCreateStatement {
    Table::create()
        .table("violation")
        .col(big_integer("number").primary_key().auto_increment())
        .col(text("event_id"))
        .col(text("shop_id"))
        .col(text("agent_id"))
        .col(text("conversation_id"))
        .col(text("words"))
        .col(big_integer("time"))
        .foreign_key(&mut of_shop("violation_shop_id", "violation"))
        .to_owned()
}

fn sanction_ladder() -> TableCreateStatement {
    Table::create()
        .table("sanction_ladder")
        .col(text("shop_id").primary_key())
        .col(big_integer("version"))
        .col(big_integer("window_days"))
        .col(json("rungs"))
        .foreign_key(&mut of_shop("sanction_ladder_shop_id", "sanction_ladder"))
        .to_owned()
}

fn history_cursor() -> TableCreateStatement {
    Table::create()
        .table("history_cursor")
        .col(integer("id").primary_key())
        .col(big_integer("position"))
        .col(text("event_id"))
        .to_owned()
}

/// Belongs to a shop, which may not go before.
fn of_shop(name: &str, from: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(name)
        .from(from, "shop_id")
        .to("shop", "shop_id")
        .on_delete(ForeignKeyAction::Restrict)
        .to_owned()
}

/// The unique one makes an event one violation. The others find things.
fn indexes() -> Vec<IndexCreateStatement> {
    let index = |name: &'static str, table: &'static str, columns: &[&'static str]| {
        let mut index = Index::create().name(name).table(table).to_owned();
        for column in columns {
            index.col(*column);
        }
        index
    };
    vec![
        index("violation_event_id", "violation", &["event_id"]).unique().to_owned(),
        index("violation_of_shop", "violation", &["shop_id", "number"]),
        index("violation_of_agent", "violation", &["shop_id", "agent_id", "time"]),
        index("sanction_of_shop", "sanction", &["shop_id", "number"]).unique().to_owned(),
        index("sanction_of_agent", "sanction", &["shop_id", "agent_id", "end_time"]),
    ]
}
