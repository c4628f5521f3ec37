//! `fenliu sanction`: what can be asked for.

use clap::{Args, Subcommand};

use super::ClientArgs;

/// How to run `fenliu sanction`.
#[derive(Clone, Debug, Args)]
pub struct SanctionArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: SanctionCommand,
    /// Which fenliu to ask, and as whom.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// What can be done about who misbehaves.
#[derive(Clone, Debug, Subcommand)]
pub enum SanctionCommand {
    /// Mute an agent: they cannot reply and get nothing new.
    Mute(ImposeArgs),
    /// Ban an agent: they cannot sign in or work.
    Ban(ImposeArgs),
    /// Lift a sanction before its end.
    Lift(LiftArgs),
    /// List sanctions, newest first.
    List(ListSanctionsArgs),
    /// Count an agent's violations and say which sanction the shop's ladder suggests.
    Suggest(SuggestArgs),
    /// List what agents said and should not have, newest first.
    Violations(ViolationsArgs),
}

/// How to impose a sanction.
#[derive(Clone, Debug, Args)]
pub struct ImposeArgs {
    /// Login name or id, agt_….
    #[arg(value_name = "AGENT")]
    pub agent: String,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// What shows it, such as conversation ids or a link.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub evidence: String,
    /// For how long: 30m, 12h, 3d, 2w, from a minute to 366 days. Without it until it is lifted.
    #[arg(long = "for", value_name = "LENGTH", value_parser = crate::moments::length)]
    pub length: Option<fenliu_domain::time::Span>,
}

/// What to lift.
#[derive(Clone, Debug, Args)]
pub struct LiftArgs {
    /// The sanction, snc_…, or the agent whose only sanction in force it is.
    #[arg(value_name = "SANCTION")]
    pub sanction: String,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// What to list.
#[derive(Clone, Debug, Default, Args)]
pub struct ListSanctionsArgs {
    /// Only this agent's: login name or id, agt_….
    #[arg(long, value_name = "AGENT")]
    pub agent: Option<String>,
    /// Only those in force.
    #[arg(long)]
    pub in_force: bool,
}

/// Whom it is about.
#[derive(Clone, Debug, Args)]
pub struct SuggestArgs {
    /// Login name or id, agt_….
    #[arg(value_name = "AGENT")]
    pub agent: String,
}

/// What to list.
#[derive(Clone, Debug, Args)]
pub struct ViolationsArgs {
    /// Only this agent's: login name or id, agt_….
    #[arg(long, value_name = "AGENT")]
    pub agent: Option<String>,
}
