//! Packs of one's own, which are never changed, and the answers to requests that put them.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::schema::{big_integer, blob, text};
use sea_orm_migration::sea_orm::DbErr;
use sea_orm_migration::sea_orm::sea_query::{Index, Table, TableCreateStatement};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use super::m0001_facts::create;

/// See the module.
pub(crate) struct Migration;

/// The tables, in the order in which they can be created.
const TABLES: [&str; 3] = ["rule_pack_shelf", "rule_pack", "request_memory"];

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0005_rule_packs"
    }
}

#[async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [rule_pack_shelf(), rule_pack(), request_memory()] {
            create(manager, table).await?;
        }
        let by_time =
            Index::create().name("request_memory_time").table("request_memory").col("time").to_owned();
        manager.create_index(by_time).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES.into_iter().rev() {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn rule_pack_shelf() -> TableCreateStatement {
    Table::create()
        .table("rule_pack_shelf")
        .col(text("shop_id").primary_key())
        .col(big_integer("versions"))
        .to_owned()
}

fn rule_pack() -> TableCreateStatement {
    Table::create()
        .table("rule_pack")
        .col(text("shop_id"))
        .col(text("rule_pack_id"))
        .col(big_integer("version"))
        .col(blob("pack"))
        .col(big_integer("put_us"))
        .primary_key(Index::create().col("shop_id").col("rule_pack_id").col("version"))
        .to_owned()
}

fn request_memory() -> TableCreateStatement {
    Table::create()
        .table("request_memory")
        .col(text("caller"))
        .col(text("request_id"))
        .col(text("rpc"))
        .col(blob("body_hash"))
        .col(blob("answer"))
        .col(big_integer("time"))
        .primary_key(Index::create().col("caller").col("request_id"))
        .to_owned()
}
