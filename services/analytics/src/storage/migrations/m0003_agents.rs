//! What agents were, had and did: a row for each event that ended something, and where they and the conversations they hold
//! stand. It is made of the history, from its beginning, when the service starts.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::schema::{big_integer, big_integer_null, blob, integer, text};
use sea_orm_migration::sea_orm::sea_query::{Index, Table, TableCreateStatement};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use super::m0001_facts;

/// See the module.
pub(crate) struct Migration;

/// The tables.
const TABLES: [&str; 3] = ["agent_fact", "agent_hold", "agent_state"];

/// The few that lasted a day or longer are found by their end.
const LASTING: &str = "CREATE INDEX agent_fact_lasting \
    ON agent_fact (shop_id, lasting_ends_us, position) WHERE lasting_ends_us IS NOT NULL";

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0003_agents"
    }
}

#[async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [agent_fact(), agent_hold(), agent_state()] {
            m0001_facts::create(manager, table).await?;
        }
        manager.get_connection().execute_unprepared(LASTING).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

/// In order of time within a shop.
fn agent_fact() -> TableCreateStatement {
    Table::create()
        .table("agent_fact")
        .col(text("shop_id"))
        .col(big_integer("ends_us"))
        .col(big_integer("position"))
        .col(big_integer("begins_us"))
        .col(big_integer_null("lasting_ends_us"))
        .col(blob("facts"))
        .primary_key(Index::create().col("shop_id").col("ends_us").col("position"))
        .to_owned()
}

fn agent_hold() -> TableCreateStatement {
    Table::create()
        .table("agent_hold")
        .col(text("shop_id"))
        .col(text("conversation"))
        .col(text("agent_id"))
        .col(integer("reason"))
        .col(big_integer("since_us"))
        .primary_key(Index::create().col("shop_id").col("conversation"))
        .to_owned()
}

fn agent_state() -> TableCreateStatement {
    Table::create()
        .table("agent_state")
        .col(text("shop_id"))
        .col(text("agent_id"))
        .col(blob("state"))
        .primary_key(Index::create().col("shop_id").col("agent_id"))
        .to_owned()
}
