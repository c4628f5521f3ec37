//! Alerts: what the history says of agents and hours, what the alerts of a shop go on from, the alerts and their changes,
//! silences, and how far a webhook has been told.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::schema::{big_integer, big_integer_null, blob, boolean, text};
use sea_orm_migration::sea_orm::sea_query::{Index, Table, TableCreateStatement};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use super::m0001_facts;

/// See the module.
pub(crate) struct Migration;

/// The tables, in the order in which they are created.
const TABLES: [&str; 7] =
    ["alert_agent", "alert_hours", "alert_memory", "alert", "alert_change", "alert_silence", "alert_webhook"];

/// The few that are open.
const OPEN: &str = "CREATE INDEX alert_open ON alert (shop_id, number) WHERE resolved_us IS NULL";
/// Those that are old enough to go.
const OLD: &str = "CREATE INDEX alert_resolved ON alert (resolved_us) WHERE resolved_us IS NOT NULL";
/// The same of their changes.
const OLD_CHANGES: &str = "CREATE INDEX alert_change_at ON alert_change (at_us)";

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0004_alerts"
    }
}

#[async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [agent(), hours(), memory(), alert(), change(), silence(), webhook()] {
            m0001_facts::create(manager, table).await?;
        }
        for index in [OPEN, OLD, OLD_CHANGES] {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES.into_iter().rev() {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn of_shop(name: &'static str, key: &'static str) -> TableCreateStatement {
    Table::create()
        .table(name)
        .col(text("shop_id"))
        .primary_key(Index::create().col("shop_id").col(key))
        .to_owned()
}

fn agent() -> TableCreateStatement {
    of_shop("alert_agent", "agent_id").col(text("agent_id")).col(text("state")).to_owned()
}

fn hours() -> TableCreateStatement {
    Table::create()
        .table("alert_hours")
        .col(text("shop_id").primary_key())
        .col(text("service_start"))
        .col(text("service_end"))
        .to_owned()
}

fn memory() -> TableCreateStatement {
    Table::create()
        .table("alert_memory")
        .col(text("shop_id").primary_key())
        .col(big_integer("version"))
        .col(big_integer("position"))
        .col(text("state"))
        .to_owned()
}

fn alert() -> TableCreateStatement {
    of_shop("alert", "number")
        .col(big_integer("number"))
        .col(text("kind"))
        .col(big_integer("raised_us"))
        .col(big_integer_null("resolved_us"))
        .col(blob("alert"))
        .to_owned()
}

fn change() -> TableCreateStatement {
    of_shop("alert_change", "position")
        .col(big_integer("position"))
        .col(big_integer("at_us"))
        .col(boolean("told"))
        .col(blob("change"))
        .to_owned()
}

fn silence() -> TableCreateStatement {
    of_shop("alert_silence", "kind")
        .col(text("kind"))
        .col(big_integer("since_us"))
        .col(big_integer("until_us"))
        .col(text("silenced_by"))
        .col(text("reason"))
        .to_owned()
}

fn webhook() -> TableCreateStatement {
    Table::create()
        .table("alert_webhook")
        .col(text("shop_id").primary_key())
        .col(big_integer("position"))
        .col(big_integer("attempts"))
        .col(big_integer("next_us"))
        .to_owned()
}
