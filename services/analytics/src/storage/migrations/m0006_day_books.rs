//! What days came to under packs, and which days have facts that changed since.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::schema::{big_integer, blob, text};
use sea_orm_migration::sea_orm::sea_query::{Index, Table, TableCreateStatement};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use super::m0001_facts::create;

/// See the module.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0006_day_books"
    }
}

#[async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, shop_day()).await?;
        manager.get_connection().execute_unprepared(UNKEPT).await?;
        create(manager, day_book()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["day_book", "shop_day"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

/// The few days that changed since they were worked out.
const UNKEPT: &str = "CREATE INDEX shop_day_unkept ON shop_day (date, shop_id) WHERE kept_version < version";

fn shop_day() -> TableCreateStatement {
    Table::create()
        .table("shop_day")
        .col(text("shop_id"))
        .col(text("date"))
        .col(big_integer("version"))
        .col(big_integer("kept_version"))
        .primary_key(Index::create().col("shop_id").col("date"))
        .to_owned()
}

fn day_book() -> TableCreateStatement {
    Table::create()
        .table("day_book")
        .col(text("shop_id"))
        .col(text("pack"))
        .col(big_integer("pack_version"))
        .col(text("date"))
        .col(blob("print"))
        .col(text("zone"))
        .col(big_integer("version"))
        .col(big_integer("holds_from_us"))
        .col(blob("counts"))
        .col(blob("waits"))
        .col(blob("first_waits"))
        .primary_key(Index::create().col("shop_id").col("pack").col("pack_version").col("date"))
        .to_owned()
}
