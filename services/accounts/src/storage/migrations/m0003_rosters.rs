//! Rosters: drafts, what was published, and exceptions. Contents are bytes of protobuf, and evolve by its rules.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::schema::{big_integer, text};
use sea_orm_migration::sea_orm::DbErr;
use sea_orm_migration::sea_orm::sea_query::{
    ColumnDef, ForeignKey, ForeignKeyAction, ForeignKeyCreateStatement, Index, Table, TableCreateStatement,
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

/// See the module.
pub(crate) struct Migration;

/// The tables, in the order in which they can be created.
const TABLES: [&str; 3] = ["roster_draft", "roster_version", "roster_exception"];

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0003_rosters"
    }
}

#[async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [roster_draft(), roster_version(), roster_exception()] {
            manager.create_table(table).await?;
        }
        let indexes = [
            Index::create()
                .name("roster_exception_of_shop")
                .table("roster_exception")
                .col("shop_id")
                .col("number")
                .unique()
                .to_owned(),
            Index::create()
                .name("roster_exception_reach")
                .table("roster_exception")
                .col("shop_id")
                .col("state")
                .col("last_time")
                .to_owned(),
        ];
        for index in indexes {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES.into_iter().rev() {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn roster_draft() -> TableCreateStatement {
    Table::create()
        .table("roster_draft")
        .col(text("shop_id").primary_key())
        .col(big_integer("version"))
        .col(blob("contents"))
        .foreign_key(&mut of_shop("roster_draft_shop_id", "roster_draft"))
        .to_owned()
}

fn roster_version() -> TableCreateStatement {
    Table::create()
        .table("roster_version")
        .col(text("shop_id"))
        .col(big_integer("version"))
        .col(big_integer("publish_time"))
        .col(text("published_by"))
        .col(text("note"))
        .col(text("time_zone"))
        .col(blob("contents"))
        .primary_key(Index::create().col("shop_id").col("version"))
        .foreign_key(&mut of_shop("roster_version_shop_id", "roster_version"))
        .to_owned()
}

fn roster_exception() -> TableCreateStatement {
    Table::create()
        .table("roster_exception")
        .col(text("exception_id").primary_key())
        .col(text("shop_id"))
        .col(big_integer("number"))
        .col(text("state"))
        .col(text("waits_for"))
        .col(text("agent_ids"))
        .col(big_integer("first_time"))
        .col(big_integer("last_time"))
        .col(blob("contents"))
        .col(text("asked_by"))
        .col(text("reason"))
        .col(text("author"))
        .col(big_integer("create_time"))
        .foreign_key(&mut of_shop("roster_exception_shop_id", "roster_exception"))
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

fn blob(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).blob().not_null().to_owned()
}
