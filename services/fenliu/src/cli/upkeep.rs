//! What is asked for to keep the stores of a fenliu in order.

use std::path::PathBuf;

use clap::Args;

use fenliu_dispatch::cli::{ArchiveArgs as Archiving, FromArgs};
use fenliu_runtime::cli::MigrateArgs as Migrating;

use super::DEFAULT_DATA_DIR;
use crate::config::ServerFlags;

/// Which stores to work on. It is done past any fenliu that runs on them.
#[derive(Clone, Debug, Args)]
pub struct StoreArgs {
    /// Directory of the embedded stores; no fenliu may be running on it.
    #[arg(long, value_name = "DIR", env = "FENLIU_DATA_DIR", default_value = DEFAULT_DATA_DIR)]
    pub data_dir: PathBuf,
    /// The PostgreSQL that keeps everything, as for `fenliu up`. FENLIU_DATABASE__URL keeps a password out of process lists.
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    /// Configuration file, TOML.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl StoreArgs {
    /// What of it says the same as keys of the configuration.
    #[must_use]
    pub fn flags(&self) -> ServerFlags<'_> {
        ServerFlags { database: self.database.as_deref(), ..ServerFlags::default() }
    }
}

/// How to run `fenliu migrate`.
#[derive(Clone, Debug, Args)]
#[group(skip)]
pub struct MigrateArgs {
    /// Whether to change anything.
    #[command(flatten)]
    pub what: Migrating,
    /// Which stores.
    #[command(flatten)]
    pub stores: StoreArgs,
}

/// How to run `fenliu archive`.
#[derive(Clone, Debug, Args)]
#[group(skip)]
pub struct ArchiveArgs {
    /// What, and where to.
    #[command(flatten)]
    pub what: Archiving,
    /// Which stores.
    #[command(flatten)]
    pub stores: StoreArgs,
}

/// How to run `fenliu unarchive` and `fenliu refold`.
#[derive(Clone, Debug, Args)]
pub struct UnarchiveArgs {
    /// Which archive.
    #[command(flatten)]
    pub archive: FromArgs,
    /// Which stores.
    #[command(flatten)]
    pub stores: StoreArgs,
}
