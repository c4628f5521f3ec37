//! The command line of the service's own binary.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use fenliu_runtime::cli::{MigrateArgs, ServiceArgs, say};
use fenliu_runtime::clock::{Clock, SystemClock};
use fenliu_runtime::telemetry;

use crate::Config;
use crate::archive::{Archiving, Before, archive, refold, unarchive};

/// Receives buyers, routes them to agents, and keeps the history of all that happened.
///
/// Every key of the configuration can also be set in the environment: `FENLIU_SERVER__LISTEN` is `server.listen`.
#[derive(Clone, Debug, Parser)]
#[command(name = "fenliu-dispatch", version)]
pub struct Flags {
    /// How it is configured.
    #[command(flatten)]
    pub service: ServiceArgs,
    /// What to do instead of serving.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What can be done instead of serving.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Bring the schema of the database up to date, and say what was done; services may go on meanwhile.
    Migrate(MigrateArgs),
    /// Write old ranges of the history into files, read them back, and remove them from the database.
    Archive(ArchiveArgs),
    /// Put everything that was archived back into the database, for a follower that begins from zero.
    Unarchive(FromArgs),
    /// Fold every desk from the archive and then the history, and compare it with what it would be rebuilt as.
    Refold(FromArgs),
}

/// What to archive, and where to.
#[derive(Clone, Debug, Args)]
pub struct ArchiveArgs {
    /// Archive whole ranges (`history.range_events`) before this position, or recorded before this day (in UTC); what is
    /// younger than 25 hours always stays.
    #[arg(long, value_name = "POSITION or DAY")]
    pub before: Before,
    /// The archive's directory; made when it is not there.
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// Snapshot desks first that could not be rebuilt otherwise.
    #[arg(long)]
    pub snapshot: bool,
}

/// Which archive to read.
#[derive(Clone, Debug, Args)]
pub struct FromArgs {
    /// The archive's directory.
    #[arg(long, value_name = "DIR")]
    pub from: PathBuf,
}

impl ArchiveArgs {
    /// What is to be archived, now.
    #[must_use]
    pub fn archiving(&self) -> Archiving {
        let (before, to, snapshot) = (self.before, self.to.clone(), self.snapshot);
        Archiving { before, to, snapshot, now: SystemClock.now() }
    }
}

/// Does what the command line asks for: serves, unless it names a command.
///
/// # Errors
/// What keeps it from being done, in words for whoever typed it.
pub async fn run(flags: Flags) -> anyhow::Result<()> {
    let ServiceArgs { config, listen, insecure_no_auth } = flags.service;
    let config = Config::load(config, listen, insecure_no_auth)?;
    let telemetry = telemetry::start(&config.telemetry, "fenliu-dispatch")?;
    let end = match flags.command {
        None => crate::run(config).await,
        Some(command) => serve_not(&config, command).await,
    };
    telemetry.shutdown().await;
    end
}

async fn serve_not(config: &Config, command: Command) -> anyhow::Result<()> {
    let told = match command {
        Command::Migrate(args) => crate::migrate(config, args.check).await?.told()?,
        Command::Archive(args) => archive(config, &args.archiving()).await?.to_string(),
        Command::Unarchive(args) => unarchive(config, &args.from).await?.to_string(),
        Command::Refold(args) => refold(config, &args.from).await?.to_string(),
    };
    Ok(say(told)?)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_makes_sense() {
        Flags::command().debug_assert();
    }
}
