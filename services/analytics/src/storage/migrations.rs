//! The schema, step by step; a step that was released is never changed.

mod m0001_facts;
mod m0002_whole_conversations;
mod m0003_agents;
mod m0004_alerts;
mod m0005_rule_packs;
mod m0006_day_books;
mod m0007_orders;
mod m0008_cards;

use sea_orm_migration::{MigrationTrait, MigratorTrait};

/// Brings a database up to date.
pub(crate) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_facts::Migration),
            Box::new(m0002_whole_conversations::Migration),
            Box::new(m0003_agents::Migration),
            Box::new(m0004_alerts::Migration),
            Box::new(m0005_rule_packs::Migration),
            Box::new(m0006_day_books::Migration),
            Box::new(m0007_orders::Migration),
            Box::new(m0008_cards::Migration),
        ]
    }
}
