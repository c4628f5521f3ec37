//! The command line of the service's own binary.

use std::io::{Write, stdout};
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use fenliu_runtime::telemetry;

use crate::Config;

/// Judges how fast each shop answered, under each marketplace's own rules.
///
/// Every key of the configuration can also be set in the environment: `FENLIU_SERVER__LISTEN` is `server.listen`.
#[derive(Clone, Debug, Parser)]
#[command(name = "fenliu-analytics", version)]
pub struct Flags {
    /// A TOML file with what differs from the defaults.
    #[arg(long, global = true, value_name = "FILE", env = "FENLIU_CONFIG")]
    pub config: Option<PathBuf>,
    /// Address and port to listen on.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// Ask nobody who they are: whoever reaches the address may do everything. Loopback addresses only.
    #[arg(long)]
    pub insecure_no_auth: bool,
    /// What to do instead of serving.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What can be done instead of serving.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Bring the schema of the database up to date, and say what was done; services may go on meanwhile.
    Migrate {
        /// Change nothing: say what is missing, and end with 1 when something is.
        #[arg(long)]
        check: bool,
    },
}

/// Does what the command line asks for: serves, unless it names a command.
///
/// # Errors
/// What keeps it from being done, in words for whoever typed it.
pub async fn run(flags: Flags) -> anyhow::Result<()> {
    let config = Config::load(flags.config, flags.listen, flags.insecure_no_auth)?;
    let telemetry = telemetry::start(&config.telemetry, "fenliu-analytics")?;
    let end = match flags.command {
        None => crate::run(config).await,
        Some(Command::Migrate { check }) => migrate(&config, check).await,
    };
    telemetry.shutdown().await;
    end
}

async fn migrate(config: &Config, check: bool) -> anyhow::Result<()> {
    let told = crate::migrate(&config.database, check).await?.told()?;
    Ok(writeln!(stdout(), "{told}")?)
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
