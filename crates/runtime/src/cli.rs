//! What the command lines of the services' own binaries have in common.

use std::fmt::Display;
use std::io::{self, Write, stdout};
use std::path::PathBuf;

use clap::Args;

/// How a service is configured, over its defaults and its environment.
#[derive(Clone, Debug, Args)]
pub struct ServiceArgs {
    /// A TOML file with what differs from the defaults.
    #[arg(long, global = true, value_name = "FILE", env = "FENLIU_CONFIG")]
    pub config: Option<PathBuf>,
    /// Address and port to listen on.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// Ask nobody who they are: whoever reaches the address may do everything. Loopback addresses only.
    #[arg(long)]
    pub insecure_no_auth: bool,
}

/// How to bring a schema up to date.
#[derive(Clone, Copy, Debug, Args)]
pub struct MigrateArgs {
    /// Change nothing: say what is missing, and end with 1 when something is.
    #[arg(long)]
    pub check: bool,
}

/// Says what a command did, on standard output.
///
/// # Errors
/// When nobody can be told any more.
pub fn say(done: impl Display) -> io::Result<()> {
    writeln!(stdout(), "{done}")
}
