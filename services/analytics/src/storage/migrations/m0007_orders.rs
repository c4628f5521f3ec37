//! What buyers ordered, as other systems report it.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::schema::{big_integer, text};
use sea_orm_migration::sea_orm::DbErr;
use sea_orm_migration::sea_orm::sea_query::{Index, Table, TableCreateStatement};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use super::m0001_facts::{create, index};

/// See the module.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0007_orders"
    }
}

#[async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, imported_order()).await?;
        let placed = ["shop_id", "placed_us", "source", "record_id"];
        manager.create_index(index("imported_order_placed", "imported_order", &placed)).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("imported_order").to_owned()).await
    }
}

fn imported_order() -> TableCreateStatement {
    Table::create()
        .table("imported_order")
        .col(text("shop_id"))
        .col(text("source"))
        .col(text("record_id"))
        .col(text("buyer_id"))
        .col(big_integer("placed_us"))
        .col(text("agent"))
        .primary_key(Index::create().col("shop_id").col("source").col("record_id"))
        .to_owned()
}
