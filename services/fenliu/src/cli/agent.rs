//! `fenliu agent`: what can be asked for.

use clap::{Args, Subcommand};

use super::{ClientArgs, PasswordArgs};

/// How to run `fenliu agent`.
#[derive(Clone, Debug, Args)]
pub struct AgentArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: AgentCommand,
    /// Which fenliu to ask, and as whom.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// What can be done with agents. Whoever is meant is named by login name or by id, agt_….
#[derive(Clone, Debug, Subcommand)]
pub enum AgentCommand {
    /// Create a sub-account; it works for its shop at once.
    Create(CreateAgentArgs),
    /// List who works for the shop, and how.
    List(ListAgentsArgs),
    /// Show one of them, and how they work for the shop.
    Show(WhoArgs),
    /// Change somebody's name, and how they work for the shop.
    Update(UpdateAgentArgs),
    /// Let another shop's account work for this shop (--shop), too.
    Bind(BindArgs),
    /// Print a code with which another shop may bind an account of this shop, for 24 hours.
    Code(WhoArgs),
    /// End the work of another shop's account for this shop.
    Unbind(HandOverArgs),
    /// Keep an account from signing in and working; nothing of it is lost.
    Disable(WhoArgs),
    /// Let a disabled account sign in and work again.
    Enable(WhoArgs),
    /// Delete an account for good; its login name stays taken.
    Delete(HandOverArgs),
    /// Set somebody else's password; their sessions end.
    ResetPassword(ResetPasswordArgs),
}

/// How somebody works for a shop.
#[derive(Clone, Debug, Default, Args)]
pub struct TermsArgs {
    /// A role: owner, manager, supervisor, agent or one of the shop's own; may be given several times. Without it
    /// agent.
    #[arg(long, value_name = "ROLE")]
    pub role: Vec<String>,
    /// A group to answer for; may be given several times. Without it the default group.
    #[arg(long, value_name = "GROUP")]
    pub group: Vec<String>,
    /// Conversations held at once; 0 takes transfers only. Without it 200.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..=10_000))]
    pub capacity: Option<i32>,
    /// The highest capacity they may set for themselves.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..=10_000))]
    pub ceiling: Option<i32>,
    /// Never full: neither capacity nor ceiling bounds them.
    #[arg(long)]
    pub unlimited: bool,
    /// Share in weighted strategies.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..=1_000))]
    pub weight: Option<i32>,
    /// The account on a marketplace that this one answers as, such as pinduoduo:8812.
    #[arg(long, value_name = "PLATFORM:ACCOUNT")]
    pub external: Option<String>,
}

/// How to create a sub-account.
#[derive(Clone, Debug, Args)]
pub struct CreateAgentArgs {
    /// The name to sign in with, unique among all shops.
    #[arg(value_name = "LOGIN")]
    pub login: String,
    /// The name people see; without it the login name.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// How they work for the shop.
    #[command(flatten)]
    pub terms: TermsArgs,
    /// They cannot sign in until a password is set with `fenliu agent reset-password`.
    #[arg(long, conflicts_with = "password_stdin")]
    pub no_password: bool,
    /// Where their password comes from.
    #[command(flatten)]
    pub password: PasswordArgs,
}

/// Whom to list.
#[derive(Clone, Debug, Default, Args)]
pub struct ListAgentsArgs {
    /// Only those who answer for this group.
    #[arg(long, value_name = "GROUP", default_value = "")]
    pub group: String,
    /// Only those who have this role.
    #[arg(long, value_name = "ROLE", default_value = "")]
    pub role: String,
}

/// What to change of somebody; what is not named stays.
#[derive(Clone, Debug, Args)]
pub struct UpdateAgentArgs {
    /// Who.
    #[command(flatten)]
    pub who: WhoArgs,
    /// The name people see; it is changed at the account's home.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// How they work for the shop.
    #[command(flatten)]
    pub terms: TermsArgs,
    /// Bound by capacity and ceiling again.
    #[arg(long, conflicts_with = "unlimited")]
    pub limited: bool,
    /// They answer as no account on a marketplace any more.
    #[arg(long, conflicts_with = "external")]
    pub no_external: bool,
}

/// How to bind an account to this shop.
#[derive(Clone, Debug, Args)]
#[command(group = clap::ArgGroup::new("proof").required(true).args(["from", "code"]))]
pub struct BindArgs {
    /// Who, with --from.
    #[arg(long, value_name = "AGENT", requires = "from")]
    pub agent: Option<String>,
    /// The account's home, shp_…, when you may manage both shops.
    #[arg(long, value_name = "SHOP", requires = "agent")]
    pub from: Option<String>,
    /// The code that the account's home gave out with `fenliu agent code`.
    #[arg(long, value_name = "CODE", conflicts_with = "agent")]
    pub code: Option<String>,
    /// How they work for this shop.
    #[command(flatten)]
    pub terms: TermsArgs,
}

/// Who is meant.
#[derive(Clone, Debug, Args)]
pub struct WhoArgs {
    /// Login name or id, agt_….
    #[arg(value_name = "AGENT")]
    pub agent: String,
}

/// Who is meant, and what becomes of their conversations.
#[derive(Clone, Debug, Args)]
pub struct HandOverArgs {
    /// Who.
    #[command(flatten)]
    pub who: WhoArgs,
    /// Give the conversations they hold back to the queue; else it is refused while they hold any.
    #[arg(long)]
    pub hand_over: bool,
}

/// How to set a password.
#[derive(Clone, Debug, Args)]
pub struct ResetPasswordArgs {
    /// Whose.
    #[command(flatten)]
    pub who: WhoArgs,
    /// Where the new password comes from.
    #[command(flatten)]
    pub password: PasswordArgs,
}
