//! The command line of the service's own binary.

use clap::{Parser, Subcommand};
use fenliu_runtime::cli::{MigrateArgs, ServiceArgs, say};
use fenliu_runtime::telemetry;

use crate::Config;

/// Judges how fast each shop answered, under each marketplace's own rules.
///
/// Every key of the configuration can also be set in the environment: `FENLIU_SERVER__LISTEN` is `server.listen`.
#[derive(Clone, Debug, Parser)]
#[command(name = "fenliu-analytics", version)]
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
}

/// Does what the command line asks for: serves, unless it names a command.
///
/// # Errors
/// What keeps it from being done, in words for whoever typed it.
pub async fn run(flags: Flags) -> anyhow::Result<()> {
    let ServiceArgs { config, listen, insecure_no_auth } = flags.service;
    let config = Config::load(config, listen, insecure_no_auth)?;
    let telemetry = telemetry::start(&config.telemetry, "fenliu-analytics")?;
    let end = match flags.command {
        None => crate::run(config).await,
        Some(Command::Migrate(args)) => migrate(&config, args).await,
    };
    telemetry.shutdown().await;
    end
}

async fn migrate(config: &Config, args: MigrateArgs) -> anyhow::Result<()> {
    Ok(say(crate::migrate(&config.database, args.check).await?.told()?)?)
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
