//! Where a store of a test lies: in a SQLite file, or, when `FENLIU_TEST_POSTGRES` holds the URL of a PostgreSQL whose
//! user may create databases, in a new database there for each place.

use std::sync::atomic::{AtomicUsize, Ordering};

use fenliu_runtime::sql::DatabaseConfig;
use sea_orm::ConnectionTrait;
use tempfile::TempDir;

/// Such a place.
pub(crate) struct Place {
    pub(crate) url: String,
    /// Deletes a SQLite file in the end; a PostgreSQL is the tester's own to throw away.
    _files: TempDir,
}

impl Place {
    pub(crate) async fn create() -> Self {
        let files = tempfile::tempdir().expect("a directory for the database");
        let url = match std::env::var("FENLIU_TEST_POSTGRES") {
            Ok(server) => new_postgres_database(&server).await,
            Err(_) => format!("sqlite://{}", files.path().join("accounts.db").display()),
        };
        Self { url, _files: files }
    }

    pub(crate) fn config(&self) -> DatabaseConfig {
        DatabaseConfig::at(&self.url)
    }
}

/// Creates a database on the server behind `url`, and gives its own URL.
async fn new_postgres_database(url: &str) -> String {
    static CREATED: AtomicUsize = AtomicUsize::new(0);
    let number = CREATED.fetch_add(1, Ordering::Relaxed);
    let name = format!("fenliu_accounts_store_{}_{number}", std::process::id());
    let server = sea_orm::Database::connect(url).await.expect("FENLIU_TEST_POSTGRES is a PostgreSQL");
    server.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("it may create databases");
    let (server, _) = url.rsplit_once('/').expect("the URL names a database");
    format!("{server}/{name}")
}
