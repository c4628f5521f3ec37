//! Opening pools whose every connection has proved that it keeps what it acknowledges.

use std::fs::OpenOptions;
use std::path::Path;
use std::time::Duration;

use sea_orm::DatabaseConnection;
use sea_orm::sqlx::pool::PoolOptions;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sea_orm::sqlx::{self, ConnectOptions, Connection, Postgres, Sqlite};

use super::{Database, DatabaseConfig, OpenError};

/// How long an idle connection to PostgreSQL is kept.
const IDLE_LIMIT: Duration = Duration::from_secs(600);

/// How long a connection to PostgreSQL may have been idle to be used without asking whether it is still there.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// Memory of the one connection that writes to a SQLite file, in KiB as SQLite wants it said: what it touches again and
/// again, the ends of all indexes, is not read each time. More of it costs more than it saves: SQLite goes through all of
/// it at the end of each transaction that split a page.
const WRITER_CACHE: &str = "-16384";
/// Pages of SQLite's write-ahead log after which they are carried over into the file: 32 MiB, so that a page that changes
/// again and again is carried over seldom.
const CHECKPOINT_PAGES: &str = "8192";

/// Where SQLite keeps the pages that a statement of several rows changes, to put them back if it fails half way: it would
/// write them to a temporary file otherwise.
const STATEMENT_JOURNAL: &str = "MEMORY";

/// Longest name PostgreSQL keeps whole.
const MAX_SCHEMA_BYTES: usize = 63;

/// `PRAGMA synchronous` as SQLite reports FULL; EXTRA (3) promises more.
const SQLITE_SYNCHRONOUS_FULL: i64 = 2;

/// What becomes of a SQLite file or a schema that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absent {
    /// It is made.
    Made,
    /// It is left so.
    Left,
}

/// Whether there is something to be opened: a SQLite file may be missing.
pub(super) fn is_there(config: &DatabaseConfig) -> bool {
    let file = config.url.starts_with("sqlite:") && !is_in_memory(&config.url);
    let options = file.then(|| config.url.parse::<SqliteConnectOptions>().ok()).flatten();
    options.is_none_or(|options| options.get_filename().exists())
}

pub(super) async fn open(config: &DatabaseConfig, absent: Absent) -> Result<Database, OpenError> {
    let opened = match config.url.split_once(':') {
        Some(("sqlite", _)) => open_sqlite(config).await,
        Some(("postgres" | "postgresql", _)) => open_postgres(config, absent).await,
        _ => Err(refused("expected an address that begins with sqlite: or postgres:")),
    };
    opened.map_err(|error| OpenError::Refused(told(config, &error)))
}

/// What went wrong, with the key that says where the store is and the file, where it is one. Anything else of the
/// URL may be a secret.
fn told(config: &DatabaseConfig, error: &sqlx::Error) -> String {
    let file = config.url.strip_prefix("sqlite:").map(|rest| rest.trim_start_matches("//"));
    let file = file.and_then(|rest| rest.split('?').next()).filter(|_| !is_in_memory(&config.url));
    let place = file.map(|file| format!(" (the SQLite file {file})")).unwrap_or_default();
    match error {
        sqlx::Error::Configuration(why) => format!("configuration key database.url{place}: {why}"),
        other => format!("configuration key database.url{place}: the store cannot be opened: {other}"),
    }
}

/// Makes the file, when it is not there, for its owner's eyes only: it may hold keys and what people said. SQLite gives
/// the files of its write-ahead log the same mode. A file that is there keeps its own.
fn create_for_the_owner(file: &Path) {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // What keeps it from being made will keep SQLite from opening it, and SQLite says so in its own words.
    options.open(file).ok();
}

async fn open_sqlite(config: &DatabaseConfig) -> Result<Database, sqlx::Error> {
    let options = config.url.parse::<SqliteConnectOptions>()?.disable_statement_logging().foreign_keys(true);
    if is_in_memory(&config.url) {
        let writer: DatabaseConnection = only_one(config, false).connect_with(options).await?.into();
        return Ok(Database { reader: writer.clone(), writer });
    }
    let options = options
        .busy_timeout(Duration::from_millis(config.busy_timeout_ms))
        .pragma("journal_mode", "WAL")
        .pragma("synchronous", "FULL");
    let creating = options
        .clone()
        .create_if_missing(true)
        .pragma("cache_size", WRITER_CACHE)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        .pragma("temp_store", STATEMENT_JOURNAL);
    create_for_the_owner(creating.get_filename());
    // The first connection creates the file, turns its journal into a write-ahead log, and fails at once when
    // something is wrong: a pool would try again in silence and then only say that it timed out.
    let mut first = SqliteConnection::connect_with(&creating).await?;
    prove_sqlite(&mut first, true).await?;
    first.close().await?;
    let writer = only_one(config, true).connect_with(creating).await?;
    let reader = sqlite_pool(config, true)
        .max_connections(config.max_connections)
        .connect_with(options.pragma("query_only", "ON"))
        .await?;
    Ok(Database { writer: writer.into(), reader: reader.into() })
}

fn is_in_memory(url: &str) -> bool {
    url.contains(":memory:") || url.contains("mode=memory")
}

/// A pool of one connection that is never given up: an in-memory store lives as long as its connection.
fn only_one(config: &DatabaseConfig, durable: bool) -> PoolOptions<Sqlite> {
    sqlite_pool(config, durable).min_connections(1).max_connections(1)
}

fn sqlite_pool(config: &DatabaseConfig, durable: bool) -> PoolOptions<Sqlite> {
    PoolOptions::new()
        .acquire_timeout(config.acquire_timeout())
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .after_connect(move |connection, _| Box::pin(prove_sqlite(connection, durable)))
}

async fn prove_sqlite(connection: &mut SqliteConnection, durable: bool) -> Result<(), sqlx::Error> {
    let foreign_keys: i64 = sqlx::query_scalar("PRAGMA foreign_keys").fetch_one(&mut *connection).await?;
    let journal: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut *connection).await?;
    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut *connection).await?;
    if foreign_keys != 1 {
        return Err(refused("sqlite does not enforce foreign keys"));
    }
    if durable && (journal != "wal" || synchronous < SQLITE_SYNCHRONOUS_FULL) {
        let found = format!("sqlite runs with journal_mode={journal} and synchronous={synchronous}");
        return Err(refused(&format!("{found}; WAL and FULL (2) are needed to keep what is acknowledged")));
    }
    Ok(())
}

async fn open_postgres(config: &DatabaseConfig, absent: Absent) -> Result<Database, sqlx::Error> {
    let millis = |millis: u64| format!("{millis}ms");
    let options = config
        .url
        .parse::<PgConnectOptions>()?
        .disable_statement_logging()
        .application_name("fenliu")
        .options([
            ("statement_timeout", millis(config.statement_timeout_ms)),
            ("lock_timeout", millis(config.lock_timeout_ms)),
            ("idle_in_transaction_session_timeout", millis(config.idle_in_transaction_timeout_ms)),
        ]);
    let schema = schema_of(config)?;
    let options = match schema {
        Some(schema) => options.options([("search_path", schema)]),
        None => options,
    };
    let first = async {
        let mut first = PgConnection::connect_with(&options).await?;
        prove_postgres(&mut first).await?;
        if let Some(schema) = schema.filter(|_| absent == Absent::Made) {
            make_schema(&mut first, schema).await?;
        }
        first.close().await
    };
    tokio::time::timeout(config.acquire_timeout(), first).await.map_err(|_| sqlx::Error::PoolTimedOut)??;
    let pool = PoolOptions::<Postgres>::new()
        .max_connections(config.max_connections)
        .acquire_timeout(config.acquire_timeout())
        .idle_timeout(IDLE_LIMIT)
        .after_connect(|connection, _| Box::pin(prove_postgres(connection)))
        .test_before_acquire(false)
        .before_acquire(|connection, about| Box::pin(expect_alive(connection, about.idle_for)))
        .connect_with(options)
        .await?;
    let writer: DatabaseConnection = pool.into();
    Ok(Database { reader: writer.clone(), writer })
}

/// The schema of the tables, if it is said; its name stands in statements as it is.
fn schema_of(config: &DatabaseConfig) -> Result<Option<&str>, sqlx::Error> {
    let schema = config.schema.as_str();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let sound = schema.len() <= MAX_SCHEMA_BYTES
        && schema.starts_with(|c: char| c.is_ascii_lowercase())
        && schema.chars().all(plain);
    match schema {
        "" => Ok(None),
        _ if sound => Ok(Some(schema)),
        _ => Err(refused(
            "database.schema must be lower-case letters, digits and underscores, at most 63, beginning with a letter",
        )),
    }
}

async fn make_schema(connection: &mut PgConnection, schema: &str) -> Result<(), sqlx::Error> {
    let there = "SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = $1";
    let there: i64 = sqlx::query_scalar(there).bind(schema).fetch_one(&mut *connection).await?;
    if there == 0 {
        // Another process may be making it, too.
        let make = format!("CREATE SCHEMA IF NOT EXISTS {schema}");
        let made = sqlx::raw_sql(sqlx::AssertSqlSafe(make)).execute(&mut *connection).await;
        if let Err(error) = made
            && !error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
        {
            return Err(error);
        }
    }
    Ok(())
}

/// Asks a connection that has been idle for a while whether it still is one; a busy one is not asked each time.
async fn expect_alive(connection: &mut PgConnection, idle_for: Duration) -> Result<bool, sqlx::Error> {
    if idle_for > TRUSTED_IDLE {
        connection.ping().await?;
    }
    Ok(true)
}

async fn prove_postgres(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let commit: String = sqlx::query_scalar("SHOW synchronous_commit").fetch_one(&mut *connection).await?;
    let fsync: String = sqlx::query_scalar("SHOW fsync").fetch_one(&mut *connection).await?;
    if commit == "off" || fsync == "off" {
        let found = format!("postgresql runs with synchronous_commit={commit} and fsync={fsync}");
        return Err(refused(&format!("{found}; neither may be off, or acknowledged writes can be lost")));
    }
    Ok(())
}

fn refused(why: &str) -> sqlx::Error {
    sqlx::Error::Configuration(why.into())
}
