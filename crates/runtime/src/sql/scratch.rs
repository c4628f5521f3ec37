//! Databases for tests, which throw them away.

use std::sync::atomic::{AtomicUsize, Ordering};

use sea_orm::{ConnectionTrait, Database};
use tempfile::TempDir;

use super::DatabaseConfig;

/// A database of a test's own: a SQLite file, or, where `FENLIU_TEST_POSTGRES` holds the URL of a PostgreSQL whose user
/// may create databases, a new database there.
#[derive(Debug)]
pub struct ScratchDatabase {
    /// Its URL.
    pub url: String,
    /// Deletes a SQLite file in the end; a PostgreSQL is the tester's own to throw away.
    _files: Option<TempDir>,
}

impl ScratchDatabase {
    /// An empty database, called after whose it is.
    ///
    /// # Panics
    /// When it cannot be made: then nothing can be tested.
    pub async fn create(whose: &str) -> Self {
        if let Ok(server) = std::env::var("FENLIU_TEST_POSTGRES") {
            return Self { url: created(&server, whose).await, _files: None };
        }
        let files = tempfile::tempdir().expect("a directory for the database");
        let url = format!("sqlite://{}", files.path().join(format!("{whose}.db")).display());
        Self { url, _files: Some(files) }
    }

    /// The same database, for another process; the first keeps it.
    #[must_use]
    pub fn shared(&self) -> Self {
        Self { url: self.url.clone(), _files: None }
    }

    /// How it is opened.
    #[must_use]
    pub fn config(&self) -> DatabaseConfig {
        DatabaseConfig::at(&self.url)
    }
}

/// Creates a database on a server, and gives its URL.
async fn created(server: &str, whose: &str) -> String {
    static CREATED: AtomicUsize = AtomicUsize::new(0);
    let number = CREATED.fetch_add(1, Ordering::Relaxed);
    let name = format!("fenliu_{whose}_{}_{number}", std::process::id());
    let connected = Database::connect(server).await.expect("FENLIU_TEST_POSTGRES is a PostgreSQL");
    connected.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("it may create databases");
    let (server, _) = server.rsplit_once('/').expect("the URL names a database");
    format!("{server}/{name}")
}
