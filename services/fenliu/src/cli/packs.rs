//! `fenliu packs` and `fenliu compare`: what can be asked for.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{ClientArgs, TargetArgs};
use crate::words::Lang;

/// How to run `fenliu packs`.
#[derive(Clone, Debug, Args)]
pub struct PacksArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: PacksCommand,
    /// Which fenliu to ask, and as whom.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// What can be done with rule packs.
#[derive(Clone, Debug, Subcommand)]
pub enum PacksCommand {
    /// List the packs fenliu ships, those for all shops and the shop's own.
    List(AllShopsArgs),
    /// Show what a pack says.
    Show(ShowPackArgs),
    /// Keep a pack: a data file like those fenliu ships, with its source, confidence and valid_from.
    Put(PutPackArgs),
}

/// Whether all shops are meant.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct AllShopsArgs {
    /// Leave the shop's own aside; what is put is for all shops. This takes a token of the platform.
    #[arg(long, conflicts_with = "shop")]
    pub all_shops: bool,
}

/// Which pack to show.
#[derive(Clone, Debug, Args)]
pub struct ShowPackArgs {
    /// Its name.
    #[arg(value_name = "PACK")]
    pub pack: String,
    /// Its version; without it the one in force.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub version: Option<u32>,
    /// The local day, YYYY-MM-DD, on which it is in force; without it today.
    #[arg(long, value_name = "DAY", conflicts_with = "version")]
    pub on: Option<String>,
    /// Whose.
    #[command(flatten)]
    pub whose: AllShopsArgs,
}

/// Which pack to keep.
#[derive(Clone, Debug, Args)]
pub struct PutPackArgs {
    /// The file, TOML.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Whose.
    #[command(flatten)]
    pub whose: AllShopsArgs,
}

/// How to run `fenliu compare`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "With neither --connect nor --data-dir, the fenliu-data directory here is used.")]
pub struct CompareArgs {
    /// The shop, shp_….
    #[arg(long, value_name = "SHOP")]
    pub shop: String,
    /// The first period, such as 2026-04-01..2026-04-14: two local days, both included.
    #[arg(long, value_name = "DAYS")]
    pub before: String,
    /// The second period, which begins after the first one ends.
    #[arg(long, value_name = "DAYS")]
    pub after: String,
    /// The rule pack to judge both by.
    #[arg(long, value_name = "PACK")]
    pub pack: String,
    /// The language of what is told; --json has none.
    #[arg(long, value_enum, default_value_t)]
    pub lang: Lang,
    /// Which fenliu to ask.
    #[command(flatten)]
    pub target: TargetArgs,
}
