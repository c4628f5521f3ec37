//! Which ranges of the history lie in an archive, and not here any more.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::schema::{big_integer, string, uuid};
use sea_orm_migration::sea_orm::DbErr;
use sea_orm_migration::sea_orm::sea_query::Table;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

/// See the module.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0005_archive"
    }
}

#[async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("archived_range")
            .col(big_integer("first_position").primary_key())
            .col(big_integer("last_position"))
            .col(uuid("last_event_id"))
            .col(string("file"))
            .col(string("sha256"))
            .col(big_integer("archived_time"))
            .to_owned();
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("archived_range").to_owned()).await
    }
}
