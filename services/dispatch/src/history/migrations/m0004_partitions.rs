//! On a PostgreSQL the events lie in partitions, each a range of positions; SQLite keeps one table.
//!
//! What is stored becomes the first partition as it lies: nothing is copied and its indexes are kept. PostgreSQL reads it
//! through once, to see that every position is in the range, and nobody reads or writes events meanwhile: about a second
//! for ten million of them, when they are in memory.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, Statement};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

/// See the module.
pub(crate) struct Migration;

/// What each event is found by, within a shop.
const INDEXES: [(&str, &str, &str); 4] = [
    ("by_conversation", "shop_id, conversation_id, seq", "conversation_id"),
    ("by_inbox", "shop_id, inbox_agent_id, position", "inbox_agent_id"),
    ("by_request", "shop_id, caller, request_id", "request_id"),
    ("by_delivery", "shop_id, channel, external_message_id", "external_message_id"),
];

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0004_partitions"
    }
}

#[async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        if manager.get_database_backend() != DatabaseBackend::Postgres {
            return Ok(());
        }
        connection.execute_unprepared("LOCK TABLE event IN ACCESS EXCLUSIVE MODE").await?;
        let head = "SELECT coalesce(max(position), 0) FROM event";
        let head = connection.query_one_raw(Statement::from_string(DatabaseBackend::Postgres, head)).await?;
        let head: i64 = head.map_or(Ok(0), |row| row.try_get_by_index(0))?;
        connection.execute_unprepared(&split(head)).await.map(drop)
    }

    /// A table in partitions serves whoever knows one table.
    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Ok(())
    }
}

/// Makes the events up to this position the first partition of a table that takes their place.
fn split(head: i64) -> String {
    let old = format!("event_p1_{head}");
    let trigger = |table: &str| {
        format!(
            "CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION event_append_only();\n"
        )
    };
    let mut sql = format!(
        "ALTER TABLE event RENAME TO {old};
        ALTER INDEX event_pkey RENAME TO {old}_pkey;
        ALTER INDEX event_by_shop_seq RENAME TO {old}_by_shop_seq;\n"
    );
    for (name, _, _) in INDEXES {
        sql += &format!("ALTER INDEX event_{name} RENAME TO {old}_{name};\n");
    }
    sql += &format!(
        "CREATE TABLE event (LIKE {old} INCLUDING DEFAULTS, PRIMARY KEY (position)) PARTITION BY RANGE (position);\n"
    );
    for (name, columns, set) in INDEXES {
        sql += &format!("CREATE INDEX event_{name} ON event ({columns}) WHERE {set} IS NOT NULL;\n");
    }
    sql += &trigger("event");
    // Whoever may use the table may go on doing so.
    sql += &format!(
        "DO $$ DECLARE one record; BEGIN
            FOR one IN SELECT a.privilege_type AS may, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS who
                FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = '{old}'::regclass
            LOOP EXECUTE 'GRANT ' || one.may || ' ON event TO ' || one.who; END LOOP;
        END $$;\n"
    );
    sql += &if head > 0 {
        format!("ALTER TABLE event ATTACH PARTITION {old} FOR VALUES FROM (1) TO ({});\n", head + 1)
    } else {
        format!("DROP TABLE {old};\n")
    };
    sql += "CREATE TABLE event_default PARTITION OF event DEFAULT;
        CREATE UNIQUE INDEX event_default_by_shop_seq ON event_default (shop_id, seq);\n";
    sql += &trigger("event_default");
    sql
}
