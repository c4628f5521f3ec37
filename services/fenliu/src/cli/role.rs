//! `fenliu role`: what can be asked for.

use clap::{Args, Subcommand};
use fenliu_domain::access::Permission;

use super::ClientArgs;
use super::record::permission;

/// How to run `fenliu role`.
#[derive(Clone, Debug, Args)]
pub struct RoleArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: RoleCommand,
    /// Which fenliu to ask, and as whom.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// What can be done with roles.
#[derive(Clone, Debug, Subcommand)]
pub enum RoleCommand {
    /// List the shop's roles and what they permit: the four that every shop has, then its own.
    List,
    /// List every permission that a role can hold.
    Permissions,
    /// Create a role of the shop's own.
    Create(CreateRoleArgs),
    /// Change what a role of the shop's own permits; whoever has it gets new tokens.
    Update(UpdateRoleArgs),
    /// Delete a role of the shop's own that nobody has.
    Delete(RoleNameArgs),
    /// Give agents a role, beside those they have.
    Grant(GrantArgs),
    /// Take a role away from agents.
    Withdraw(GrantArgs),
}

/// Which role.
#[derive(Clone, Debug, Args)]
pub struct RoleNameArgs {
    /// Its name.
    #[arg(value_name = "ROLE")]
    pub role: String,
}

/// How to create a role.
#[derive(Clone, Debug, Args)]
pub struct CreateRoleArgs {
    /// Which.
    #[command(flatten)]
    pub name: RoleNameArgs,
    /// What it permits, such as desk.work; may be given several times.
    #[arg(long, value_name = "PERMISSION", required = true, value_parser = permission)]
    pub permission: Vec<Permission>,
}

/// What a role shall permit.
#[derive(Clone, Debug, Args)]
#[command(group = clap::ArgGroup::new("changes").required(true).multiple(true).args(["permission", "add", "remove"]))]
pub struct UpdateRoleArgs {
    /// Which.
    #[command(flatten)]
    pub name: RoleNameArgs,
    /// What it permits, and nothing else; may be given several times.
    #[arg(long, value_name = "PERMISSION", value_parser = permission, conflicts_with_all = ["add", "remove"])]
    pub permission: Vec<Permission>,
    /// What it permits as well; may be given several times.
    #[arg(long, value_name = "PERMISSION", value_parser = permission)]
    pub add: Vec<Permission>,
    /// What it no longer permits; may be given several times.
    #[arg(long, value_name = "PERMISSION", value_parser = permission)]
    pub remove: Vec<Permission>,
}

/// Who gets or loses a role.
#[derive(Clone, Debug, Args)]
pub struct GrantArgs {
    /// Which.
    #[command(flatten)]
    pub name: RoleNameArgs,
    /// Login names or ids, agt_….
    #[arg(value_name = "AGENT", required = true)]
    pub agents: Vec<String>,
}
