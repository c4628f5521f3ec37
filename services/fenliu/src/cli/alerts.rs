//! `fenliu alerts`: what can be asked for.

use clap::Args;
use fenliu_domain::alert::Kind;

use super::ClientArgs;

/// How to run `fenliu alerts`.
#[derive(Clone, Debug, Args)]
pub struct AlertsArgs {
    /// Show what is open now, and then every change as it happens, a line each, until interrupted.
    #[arg(long, conflicts_with_all = ["open", "limit"])]
    pub watch: bool,
    /// Only those that are open.
    #[arg(long)]
    pub open: bool,
    /// Only alerts of this kind, such as queue_waiting; may be given several times.
    #[arg(long, value_name = "KIND", value_parser = kind)]
    pub kind: Vec<Kind>,
    /// Most alerts to show, the one raised last first.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub limit: u32,
    /// Which fenliu to ask, and as whom.
    #[command(flatten)]
    pub client: ClientArgs,
}

fn kind(name: &str) -> Result<Kind, String> {
    let names = || Kind::ALL.map(Kind::name).join(", ");
    Kind::named(name).ok_or_else(|| format!("{name:?} is no kind of alert; there are {}", names()))
}
