//! `fenliu audit` and `fenliu token`: what can be asked for.

use clap::{Args, Subcommand};
use fenliu_domain::access::Permission;

use super::ClientArgs;

/// How to run `fenliu audit`.
#[derive(Clone, Debug, Args)]
pub struct AuditArgs {
    /// Only what was done to this agent or by them: login name or id, agt_….
    #[arg(long, value_name = "AGENT")]
    pub agent: Option<String>,
    /// Show the log of the platform instead of a shop's. This takes a token of the platform.
    #[arg(long, conflicts_with_all = ["agent", "shop"])]
    pub platform: bool,
    /// Most entries to show, newest first.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub limit: u32,
    /// Which fenliu to ask, and as whom.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// How to run `fenliu token`.
#[derive(Clone, Debug, Args)]
pub struct TokenArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: TokenCommand,
    /// Which fenliu to ask, and as whom.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// What can be done with the tokens of programs.
#[derive(Clone, Debug, Subcommand)]
pub enum TokenCommand {
    /// Issue a token. It is shown this once.
    Issue(IssueArgs),
    /// List tokens, without the tokens themselves.
    List(ListTokensArgs),
    /// Make a token void.
    Revoke(RevokeArgs),
}

/// Whether a token is the platform's.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct PlatformArgs {
    /// It is for the platform and so for every shop. This takes a token of the platform.
    #[arg(long, conflicts_with = "shop")]
    pub platform: bool,
}

/// How to issue a token.
#[derive(Clone, Debug, Args)]
pub struct IssueArgs {
    /// What the program is, for people who read the list.
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// What it may do, such as reception.serve; may be given several times.
    #[arg(long, value_name = "PERMISSION", required = true, value_parser = permission)]
    pub permission: Vec<Permission>,
    /// Days until it expires.
    #[arg(long, value_name = "N", default_value_t = 90, value_parser = clap::value_parser!(i32).range(1..=366))]
    pub days: i32,
    /// Whether it is the platform's.
    #[command(flatten)]
    pub platform: PlatformArgs,
}

/// Which tokens to list.
#[derive(Clone, Debug, Args)]
pub struct ListTokensArgs {
    /// Whether they are the platform's.
    #[command(flatten)]
    pub platform: PlatformArgs,
}

/// Which token to revoke.
#[derive(Clone, Debug, Args)]
pub struct RevokeArgs {
    /// The program, svc_….
    #[arg(value_name = "SERVICE")]
    pub service: String,
    /// Whether it is the platform's.
    #[command(flatten)]
    pub platform: PlatformArgs,
}

pub(super) fn permission(name: &str) -> Result<Permission, String> {
    Permission::parse(name).ok_or_else(|| {
        let names: Vec<_> = Permission::ALL.iter().map(|permission| permission.name()).collect();
        format!("there is no such permission; use one of {}", names.join(", "))
    })
}
