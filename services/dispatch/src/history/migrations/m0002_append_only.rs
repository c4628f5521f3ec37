//! The history only grows; what was said lies apart, and can be erased.

use fenliu_runtime::sql::{make_append_only, make_changeable};
use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::sea_orm::DbErr;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

/// See the module.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0002_append_only"
    }
}

#[async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        make_append_only(manager, "event", "position").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        make_changeable(manager, "event").await
    }
}
