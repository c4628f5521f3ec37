//! Keeping the stores in order, past any fenliu that serves: `fenliu migrate`.

use anyhow::Context;
use fenliu_runtime::sql::{DatabaseConfig, Migrated};
use serde::Serialize;

use crate::cli::upkeep::{MigrateArgs, StoreArgs};
use crate::config::Config;
use crate::embedded::{DirectoryLock, Stores, holds_data, make_private};
use crate::output::Answer;

/// What `fenliu migrate` did to one service's store.
#[derive(Serialize)]
struct Line {
    service: &'static str,
    applied: Vec<String>,
}

/// Brings the schemas of all three services up to date, or says what they lack.
///
/// # Errors
/// When a store cannot be opened or migrated; to check, when something is missing, named service by service.
pub async fn migrate(args: &MigrateArgs, config: &Config) -> anyhow::Result<Answer> {
    let stores = Opened::of(&args.stores, config, !args.check)?;
    let mut lines = Vec::new();
    let mut wanting = Vec::new();
    for service in ["accounts", "dispatch", "analytics"] {
        let migrated = migrate_one(service, &stores.database(service)?, args.check).await;
        let Migrated { applied, missing } = migrated.with_context(|| format!("the store of {service}"))?;
        if !missing.is_empty() {
            wanting.push(format!("{service} lacks {}", missing.join(", ")));
        }
        lines.push(Line { service, applied });
    }
    anyhow::ensure!(
        wanting.is_empty(),
        "{}; run fenliu migrate without --check to apply what is missing",
        wanting.join("; ")
    );
    let text = lines.iter().map(|line| match line.applied.as_slice() {
        [] => format!("{}: the schema is up to date\n", line.service),
        applied => format!("{}: applied {}\n", line.service, applied.join(", ")),
    });
    Answer::new(&lines, text.collect())
}

async fn migrate_one(service: &str, store: &DatabaseConfig, check: bool) -> anyhow::Result<Migrated> {
    match service {
        "accounts" => fenliu_accounts::migrate(store, check).await,
        "dispatch" => fenliu_dispatch::migrate(&fenliu_dispatch::Config::at(store.clone()), check).await,
        _ => fenliu_analytics::migrate(store, check).await,
    }
}

/// The stores of a fenliu, held while they are worked on.
struct Opened<'a> {
    args: &'a StoreArgs,
    stores: Stores,
    /// Held so that no fenliu begins to serve from the directory meanwhile.
    _lock: Option<DirectoryLock>,
}

impl<'a> Opened<'a> {
    /// Takes the directory when the stores are in it, and makes it when it is to be.
    fn of(args: &'a StoreArgs, config: &Config, make: bool) -> anyhow::Result<Self> {
        let stores = Stores { database: config.database.clone(), ..Stores::default() };
        let directory = &args.data_dir;
        let embedded = config.database.url.is_empty();
        if embedded && make {
            make_private(directory)
                .with_context(|| format!("cannot make the directory {}", directory.display()))?;
        }
        let lock = embedded && (make || holds_data(directory));
        let lock = lock.then(|| DirectoryLock::take(directory)).transpose()?;
        Ok(Self { args, stores, _lock: lock })
    }

    /// The store of one service.
    fn database(&self, service: &str) -> anyhow::Result<DatabaseConfig> {
        self.stores.database(&self.args.data_dir, service)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(directory: &std::path::Path, check: bool) -> MigrateArgs {
        let stores = StoreArgs { data_dir: directory.to_owned(), database: None, config: None };
        MigrateArgs { check, stores }
    }

    #[tokio::test]
    async fn what_is_missing_is_told_without_a_change_and_then_applied_once() {
        let directory = tempfile::tempdir().expect("a directory");
        let place = directory.path().join("data");
        let config = Config::of_command().expect("defaults");
        let refused =
            migrate(&args(&place, true), &config).await.expect_err("all of it is missing").to_string();
        for part in [
            "accounts lacks m0001",
            "dispatch lacks m0001_history",
            "analytics lacks m0001",
            "fenliu migrate",
        ] {
            assert!(refused.contains(part), "{part}: {refused}");
        }
        assert!(!place.exists(), "nothing is made by looking");
        let done = migrate(&args(&place, false), &config).await.expect("applied");
        assert!(done.text().contains("dispatch: applied m0001_history, "), "{}", done.text());
        let again = migrate(&args(&place, false), &config).await.expect("nothing to do");
        assert_eq!(again.text().matches("the schema is up to date").count(), 3);
        migrate(&args(&place, true), &config).await.expect("nothing is missing");
    }
}
