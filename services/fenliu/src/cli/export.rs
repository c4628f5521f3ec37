//! `fenliu export`: what can be asked for.

use std::path::PathBuf;

use clap::Args;

use super::TargetArgs;

/// How to run `fenliu export`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "With neither --connect nor --data-dir, the fenliu-data directory here is used.\nThe format is \
                        that of fenliu import --format fenliu-jsonl: a line that says whose history it is, then one \
                        event a line."
)]
pub struct ExportArgs {
    /// The shop, shp_….
    #[arg(long, value_name = "SHOP")]
    pub shop: String,
    /// The file to write; - is standard output.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// First local day, YYYY-MM-DD, by when events were recorded; without it from the first event on.
    #[arg(long, value_name = "DAY")]
    pub from: Option<String>,
    /// Last local day, YYYY-MM-DD, included; without it to the last event.
    #[arg(long, value_name = "DAY")]
    pub to: Option<String>,
    /// Only events after this number (seq) of the shop's.
    #[arg(long, value_name = "SEQ", default_value_t = 0)]
    pub after: u64,
    /// Go on after the last whole line of a file that an earlier export of the same began, instead of a new one.
    #[arg(long)]
    pub resume: bool,
    /// Which fenliu to ask.
    #[command(flatten)]
    pub target: TargetArgs,
}
