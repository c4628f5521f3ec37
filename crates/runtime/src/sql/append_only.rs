//! Tables that only grow: the database itself refuses whatever would change or remove a row, whoever asks.
//!
//! Migrations use this, and a released step is never changed: what it says here stays as it is.

use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr};
use sea_orm_migration::SchemaManager;

/// Lets a table only grow from now on. `key` is its primary key, one number.
///
/// # Errors
/// When the store refuses.
pub async fn make_append_only(manager: &SchemaManager<'_>, table: &str, key: &str) -> Result<(), DbErr> {
    run(manager, &sqlite(table, key), &postgres(table)).await
}

/// Takes that back.
///
/// # Errors
/// When the store refuses.
pub async fn make_changeable(manager: &SchemaManager<'_>, table: &str) -> Result<(), DbErr> {
    let sqlite = ["updated", "deleted", "replaced"].map(|done| format!("DROP TRIGGER {table}_not_{done};"));
    let postgres = format!(
        "DROP TRIGGER {table}_append_only ON {table};
        DROP FUNCTION {table}_append_only();"
    );
    run(manager, &sqlite.concat(), &postgres).await
}

/// REPLACE deletes rows without a word to the triggers of DELETE, so a key that is taken is refused, too.
fn sqlite(table: &str, key: &str) -> String {
    let refuse = format!("BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;");
    let taken = format!("EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key})");
    format!(
        "CREATE TRIGGER {table}_not_updated BEFORE UPDATE ON {table} {refuse}
        CREATE TRIGGER {table}_not_deleted BEFORE DELETE ON {table} {refuse}
        CREATE TRIGGER {table}_not_replaced BEFORE INSERT ON {table} WHEN {taken} {refuse}"
    )
}

/// TRUNCATE has triggers of statements only; they fire for UPDATE and DELETE, too, even where no row is met.
fn postgres(table: &str) -> String {
    format!(
        "CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$;
        CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only();"
    )
}

async fn run(manager: &SchemaManager<'_>, sqlite: &str, postgres: &str) -> Result<(), DbErr> {
    let statements = match manager.get_database_backend() {
        DatabaseBackend::Postgres => postgres,
        _ => sqlite,
    };
    manager.get_connection().execute_unprepared(statements).await.map(drop)
}
