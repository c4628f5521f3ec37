//! What days came to for each agent, and which days have facts of agents that were written since.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::schema::{big_integer, blob, text};
use sea_orm_migration::sea_orm::DbErr;
use sea_orm_migration::sea_orm::sea_query::{Index, Table, TableCreateStatement};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use super::m0001_facts::create;

/// See the module.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0008_cards"
    }
}

#[async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let agents_version = big_integer("agents_version").default(0).to_owned();
        let counted = Table::alter().table("shop_day").add_column(agents_version).to_owned();
        manager.alter_table(counted).await?;
        create(manager, day_card()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("day_card").to_owned()).await?;
        manager.alter_table(Table::alter().table("shop_day").drop_column("agents_version").to_owned()).await
    }
}

/// The days of an agent lie together: who asks for some agents of a month reads no others.
fn day_card() -> TableCreateStatement {
    Table::create()
        .table("day_card")
        .col(text("shop_id"))
        .col(text("agent"))
        .col(text("date"))
        .col(blob("whole"))
        .col(blob("shifts"))
        .primary_key(Index::create().col("shop_id").col("agent").col("date"))
        .to_owned()
}
