//! Keeping the stores in order, past any fenliu that serves: `fenliu migrate`, `archive`, `unarchive`, `refold`.

use anyhow::Context;
use fenliu_dispatch::archive::Report;
use fenliu_runtime::sql::{DatabaseConfig, Migrated};
use serde::Serialize;

use crate::cli::upkeep::{ArchiveArgs, MigrateArgs, StoreArgs, UnarchiveArgs};
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
    let stores = Opened::of(&args.stores, config, !args.what.check)?;
    let mut lines = Vec::new();
    let mut wanting = Vec::new();
    for service in ["accounts", "dispatch", "analytics"] {
        let migrated = migrate_one(service, &stores, args.what.check).await;
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

async fn migrate_one(service: &str, stores: &Opened<'_>, check: bool) -> anyhow::Result<Migrated> {
    match service {
        "accounts" => fenliu_accounts::migrate(&stores.database(service)?, check).await,
        "dispatch" => fenliu_dispatch::migrate(&stores.dispatch()?, check).await,
        _ => fenliu_analytics::migrate(&stores.database(service)?, check).await,
    }
}

/// Writes old ranges of the history into files, and removes them from the store.
///
/// # Errors
/// As [`fenliu_dispatch::archive::archive`].
pub async fn archive(args: &ArchiveArgs, config: &Config) -> anyhow::Result<Answer> {
    let stores = Opened::of(&args.stores, config, false)?;
    told(&fenliu_dispatch::archive::archive(&stores.dispatch()?, &args.what.archiving()).await?)
}

/// Puts everything that was archived back into the store.
///
/// # Errors
/// As [`fenliu_dispatch::archive::unarchive`].
pub async fn unarchive(args: &UnarchiveArgs, config: &Config) -> anyhow::Result<Answer> {
    let stores = Opened::of(&args.stores, config, false)?;
    told(&fenliu_dispatch::archive::unarchive(&stores.dispatch()?, &args.archive.from).await?)
}

/// Folds every desk from the archive and then the history, and compares it with what it would be rebuilt as.
///
/// # Errors
/// As [`fenliu_dispatch::archive::refold`].
pub async fn refold(args: &UnarchiveArgs, config: &Config) -> anyhow::Result<Answer> {
    let stores = Opened::of(&args.stores, config, false)?;
    told(&fenliu_dispatch::archive::refold(&stores.dispatch()?, &args.archive.from).await?)
}

fn told(report: &Report) -> anyhow::Result<Answer> {
    Answer::new(report, format!("{report}\n"))
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
        let stores =
            Stores { database: config.database.clone(), history: config.history, ..Stores::default() };
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

    /// How dispatch is configured on its store.
    fn dispatch(&self) -> anyhow::Result<fenliu_dispatch::Config> {
        let config = fenliu_dispatch::Config::at(self.database("dispatch")?);
        Ok(fenliu_dispatch::Config { history: self.stores.history, ..config })
    }
}

#[cfg(test)]
mod tests {
    use fenliu_runtime::cli::MigrateArgs as Migrating;

    use super::*;

    fn args(directory: &std::path::Path, check: bool) -> MigrateArgs {
        let stores = StoreArgs { data_dir: directory.to_owned(), database: None, config: None };
        MigrateArgs { what: Migrating { check }, stores }
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
