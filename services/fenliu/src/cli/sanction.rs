//! `fenliu sanction`: what can be asked for.

use clap::{Args, Subcommand};
use fenliu_domain::time::Span;

use super::ClientArgs;
use crate::moments::length;

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
    /// Show the shop's ladder, which says how many violations suggest which sanction; or set it.
    Ladder(LadderArgs),
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
    #[arg(long = "for", value_name = "LENGTH", value_parser = length)]
    pub length: Option<Span>,
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

/// What the ladder shall be; what is not named stays.
#[derive(Clone, Debug, Default, Args)]
pub struct LadderArgs {
    /// The rungs, lowest first: violations=sanction, with its length or until it is lifted, such as 3=mute:12h or
    /// 10=ban. They replace all there are.
    #[arg(long, value_name = "N=KIND[:LENGTH]", num_args = 1.., value_parser = rung)]
    pub rungs: Vec<Rung>,
    /// No rungs: nothing is suggested any more.
    #[arg(long, conflicts_with = "rungs")]
    pub no_rungs: bool,
    /// Days after which a violation no longer counts.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i32).range(1..=366))]
    pub window: Option<i32>,
}

/// So many violations suggest this sanction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rung {
    /// So many.
    pub violations: i32,
    /// A ban; else a mute.
    pub ban: bool,
    /// For how long; `None` = until it is lifted.
    pub length: Option<Span>,
}

fn rung(text: &str) -> Result<Rung, String> {
    let wrong = || format!("{text:?} is no rung; use one such as 3=mute:12h or 10=ban");
    let (violations, sanction) = text.split_once('=').ok_or_else(wrong)?;
    let violations =
        violations.parse::<i32>().ok().filter(|violations| *violations >= 1).ok_or_else(wrong)?;
    let (kind, length) = match sanction.split_once(':') {
        Some((kind, length)) => (kind, Some(self::length(length)?)),
        None => (sanction, None),
    };
    let ban = match kind {
        "mute" => false,
        "ban" => true,
        _ => return Err(wrong()),
    };
    Ok(Rung { violations, ban, length })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rung_is_a_number_and_a_sanction() {
        let half_a_day = Some(Span::from_hours(12));
        assert_eq!(rung("3=mute:12h"), Ok(Rung { violations: 3, ban: false, length: half_a_day }));
        assert_eq!(rung("10=ban"), Ok(Rung { violations: 10, ban: true, length: None }));
        for wrong in ["", "3", "3=", "3=kick", "0=mute", "-1=ban", "x=mute", "3=mute:", "3=mute:soon"] {
            assert!(rung(wrong).is_err(), "{wrong}");
        }
    }
}
