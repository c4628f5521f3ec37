//! Indexes that cost less with each event.
//!
//! A conversation and an agent are found by their own ids, not by the shop's and theirs: new conversations come in order,
//! so their entries share pages over all shops. What is said in a conversation changes no column that its row is found by,
//! so PostgreSQL rewrites the row in the room its page has left, and no index.
//!
//! The two indexes of events are built anew, and nobody reads or writes events while all of them are read and sorted.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseBackend, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

/// See the module.
pub(crate) struct Migration;

/// What is made, and what it takes the place of.
const UP: [&str; 6] = [
    "DROP INDEX event_by_conversation",
    "CREATE INDEX event_by_conversation ON event (conversation_id, seq) WHERE conversation_id IS NOT NULL",
    "DROP INDEX event_by_inbox",
    "CREATE INDEX event_by_inbox ON event (inbox_agent_id, position) WHERE inbox_agent_id IS NOT NULL",
    "DROP INDEX conversation_by_stage",
    "CREATE INDEX conversation_by_stage ON conversation (shop_id, stage)",
];
const DOWN: [&str; 6] = [
    "DROP INDEX event_by_conversation",
    "CREATE INDEX event_by_conversation ON event (shop_id, conversation_id, seq) WHERE conversation_id IS NOT NULL",
    "DROP INDEX event_by_inbox",
    "CREATE INDEX event_by_inbox ON event (shop_id, inbox_agent_id, position) WHERE inbox_agent_id IS NOT NULL",
    "DROP INDEX conversation_by_stage",
    "CREATE INDEX conversation_by_stage ON conversation (shop_id, stage, owed_since_time)",
];
/// Room in each page for rows that change, in per cent of the page.
const ROOM: [&str; 2] =
    ["ALTER TABLE conversation SET (fillfactor = 70)", "ALTER TABLE shop_head SET (fillfactor = 50)"];
const NO_ROOM: [&str; 2] =
    ["ALTER TABLE conversation RESET (fillfactor)", "ALTER TABLE shop_head RESET (fillfactor)"];

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0006_narrow_indexes"
    }
}

#[async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, &UP, &ROOM).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, &DOWN, &NO_ROOM).await
    }
}

async fn run(manager: &SchemaManager<'_>, everywhere: &[&str], postgres: &[&str]) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let only = if manager.get_database_backend() == DatabaseBackend::Postgres { postgres } else { &[] };
    for statement in everywhere.iter().chain(only) {
        connection.execute_unprepared(statement).await?;
    }
    Ok(())
}
