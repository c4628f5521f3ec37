//! The schema, step by step; a released step is never changed.

mod m0001_history;
mod m0002_append_only;
mod m0003_log_head_event;
mod m0004_partitions;
mod m0005_archive;
mod m0006_narrow_indexes;

use sea_orm_migration::{MigrationTrait, MigratorTrait};

/// All steps in order.
pub(crate) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_history::Migration),
            Box::new(m0002_append_only::Migration),
            Box::new(m0003_log_head_event::Migration),
            Box::new(m0004_partitions::Migration),
            Box::new(m0005_archive::Migration),
            Box::new(m0006_narrow_indexes::Migration),
        ]
    }
}
