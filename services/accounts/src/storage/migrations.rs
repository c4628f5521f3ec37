//! The schema, step by step; a step that was released is never changed.

mod m0001_shops_and_accounts;
mod m0002_sign_in;
mod m0003_rosters;
mod m0004_sanctions;
mod m0005_append_only;

use sea_orm_migration::{MigrationTrait, MigratorTrait};

/// Brings a database up to date.
pub(crate) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_shops_and_accounts::Migration),
            Box::new(m0002_sign_in::Migration),
            Box::new(m0003_rosters::Migration),
            Box::new(m0004_sanctions::Migration),
            Box::new(m0005_append_only::Migration),
        ]
    }
}
