//! The audit log only grows.

use fenliu_runtime::sql::{make_append_only, make_changeable};
use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::sea_orm::DbErr;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

/// See the module.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0005_append_only"
    }
}

#[async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        make_append_only(manager, "audit_entry", "number").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        make_changeable(manager, "audit_entry").await
    }
}
