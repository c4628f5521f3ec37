//! Signing in: who was cut off.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::schema::{big_integer, text};
use sea_orm_migration::sea_orm::DbErr;
use sea_orm_migration::sea_orm::sea_query::{Index, Table, TableCreateStatement};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

/// See the module.
pub(crate) struct Migration;

/// The tables, in the order in which they can be created.
const TABLES: [&str; 1] = ["revocation"];

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0002_sign_in"
    }
}

#[async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(revocation()).await?;
        let index =
            Index::create().name("revocation_forget").table("revocation").col("forget_time").to_owned();
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES.into_iter().rev() {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn revocation() -> TableCreateStatement {
    Table::create()
        .table("revocation")
        .col(text("subject").primary_key())
        .col(big_integer("version"))
        .col(big_integer("forget_time"))
        .to_owned()
}
