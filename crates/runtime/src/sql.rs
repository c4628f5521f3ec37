//! One way to a SQL store, whether SQLite or PostgreSQL.
//!
//! A [`Database`] has a *writer* and a *reader*. For a SQLite file the writer is one connection, since SQLite
//! has one writer at a time anyway and waiting in our queue beats waiting on its lock; readers are a pool that
//! sees committed states only and cannot write. In-memory SQLite is one connection for both, and PostgreSQL one
//! pool for both.
//!
//! # Invariants
//! - An acknowledged write is on disk: every connection asserts its durability settings when it is opened
//!   (SQLite: WAL with `synchronous=FULL`; PostgreSQL: `fsync` on, `synchronous_commit` not off), and a store
//!   that cannot promise it is refused.
//! - A transaction always ends. [`Database::transaction`] runs it in a task of its own: a caller that is
//!   cancelled half-way, as tonic does with handlers whose client has gone, leaves no transaction behind.
//! - The URL, which may hold a password, is never logged; statements are not logged either.

use std::fmt;
use std::time::Duration;

use sea_orm::{DatabaseBackend, DatabaseConnection, DbErr};
use serde::Deserialize;

use crate::config::bounded;

mod append_only;
mod bulk;
mod migration;
mod open;
#[cfg(feature = "testing")]
mod scratch;
mod transaction;

pub use self::append_only::{make_append_only, make_changeable};
pub use self::bulk::{Guard, Rows, filled_up, write_guarded};
pub use self::migration::{Migrated, migrate};
#[cfg(feature = "testing")]
pub use self::scratch::ScratchDatabase;
pub use self::transaction::Work;

/// Why a store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It cannot be opened, or is not what it must be; these words say why, and what to do.
    #[error("{0}")]
    Refused(String),
    /// It failed.
    #[error(transparent)]
    Store(#[from] DbErr),
}

/// How to reach and use a store.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseConfig {
    /// `sqlite://path` (created when missing), `sqlite::memory:`, or `postgres://user:password@host/database`.
    pub url: String,
    /// PostgreSQL: the schema of the tables, made when it is not there; empty = the connection's own, usually `public`.
    /// Services that share a database have one each.
    pub schema: String,
    /// Readers of a SQLite file, or all connections to a PostgreSQL; 1 to 1000.
    #[serde(deserialize_with = "bounded::<_, _, 1, 1_000>")]
    pub max_connections: u32,
    /// Milliseconds a caller waits for a free connection.
    #[serde(deserialize_with = "bounded::<_, _, 1, 600_000>")]
    pub acquire_timeout_ms: u64,
    /// SQLite: milliseconds a statement waits for another process's lock.
    #[serde(deserialize_with = "bounded::<_, _, 0, 600_000>")]
    pub busy_timeout_ms: u64,
    /// PostgreSQL: milliseconds a statement may run.
    #[serde(deserialize_with = "bounded::<_, _, 1, 3_600_000>")]
    pub statement_timeout_ms: u64,
    /// PostgreSQL: milliseconds a statement may wait for a lock.
    #[serde(deserialize_with = "bounded::<_, _, 1, 3_600_000>")]
    pub lock_timeout_ms: u64,
    /// PostgreSQL: milliseconds a transaction may sit idle before the server ends it.
    #[serde(deserialize_with = "bounded::<_, _, 1, 3_600_000>")]
    pub idle_in_transaction_timeout_ms: u64,
    /// Whether a service that starts brings the schema up to date; otherwise it refuses to start on one that is not.
    pub migrate: bool,
}

impl DatabaseConfig {
    /// The defaults with this URL.
    #[must_use]
    pub fn at(url: impl Into<String>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }

    fn acquire_timeout(&self) -> Duration {
        Duration::from_millis(self.acquire_timeout_ms)
    }
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self {
            url: String::new(),
            schema: String::new(),
            max_connections: 8,
            acquire_timeout_ms: 3_000,
            busy_timeout_ms: 5_000,
            statement_timeout_ms: 10_000,
            lock_timeout_ms: 3_000,
            idle_in_transaction_timeout_ms: 2_000,
            migrate: true,
        }
    }
}

impl fmt::Debug for DatabaseConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.url.split(':').next().unwrap_or_default();
        f.debug_struct("DatabaseConfig")
            .field("scheme", &scheme)
            .field("max_connections", &self.max_connections)
            .finish_non_exhaustive()
    }
}

/// An open store. Clones share its connections.
#[derive(Clone, Debug)]
pub struct Database {
    writer: DatabaseConnection,
    reader: DatabaseConnection,
}

impl Database {
    /// Opens the store and proves its durability settings. A missing SQLite file is created, its directory is not.
    ///
    /// # Errors
    /// When the store cannot be reached, the URL is neither SQLite's nor PostgreSQL's, or the store does not
    /// promise to keep what it acknowledges.
    pub async fn open(config: &DatabaseConfig) -> Result<Self, OpenError> {
        open::open(config, open::Absent::Made).await
    }

    /// For writes. Outside of a transaction each statement commits by itself.
    #[must_use]
    pub const fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// For reads of what is committed. On a SQLite file it refuses to write.
    #[must_use]
    pub const fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// Which kind of store this is.
    #[must_use]
    pub fn backend(&self) -> DatabaseBackend {
        self.writer.get_database_backend()
    }

    /// Closes all connections, after those in use have been given back. SQLite then folds its write-ahead log
    /// into the file.
    ///
    /// # Errors
    /// When the store reports one while closing.
    pub async fn close(self) -> Result<(), DbErr> {
        self.reader.close().await?;
        self.writer.close().await
    }
}

#[cfg(test)]
mod tests;
