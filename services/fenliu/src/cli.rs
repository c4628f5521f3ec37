//! The command line: what can be asked for, and how.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::ServerFlags;
use crate::recorded::Format;
use crate::words::Lang;

pub mod agent;
pub mod alerts;
pub mod export;
pub mod packs;
pub mod record;
pub mod role;
pub mod roster;
pub mod sanction;
pub mod scorecards;
pub mod shop;
pub mod simulate;
pub mod upkeep;
pub mod usage;

use self::agent::AgentArgs;
use self::alerts::AlertsArgs;
use self::export::ExportArgs;
use self::packs::{CompareArgs, PacksArgs};
use self::record::{AuditArgs, TokenArgs};
use self::role::RoleArgs;
use self::roster::RosterArgs;
use self::sanction::SanctionArgs;
use self::scorecards::ScorecardsArgs;
use self::shop::{ChangePasswordArgs, LoginArgs, ShopArgs};
use self::simulate::SimulateArgs;
use self::upkeep::{ArchiveArgs, MigrateArgs, UnarchiveArgs};

/// Where `fenliu up` keeps its data unless told otherwise.
pub const DEFAULT_DATA_DIR: &str = "fenliu-data";

/// A reception desk for online shops: who answers which buyer, and how fast they did.
#[derive(Clone, Debug, Parser)]
#[command(name = "fenliu", version, arg_required_else_help = true, max_term_width = 100)]
pub struct Cli {
    /// Answer in JSON, on standard output; a failure is {"error":{"reason":…,"message":…}} there.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Run everything in this process, with its data in one directory.
    Up(UpArgs),
    /// Bring the stores up to date for this version, or check whether they are.
    Migrate(MigrateArgs),
    /// Write old ranges of the history into files, and remove them from the store.
    Archive(ArchiveArgs),
    /// Put everything that was archived back into the store.
    Unarchive(UnarchiveArgs),
    /// Fold every desk from the archive and then the history, and compare.
    Refold(UnarchiveArgs),
    /// Watch a shop through an evening peak, in under a minute.
    Demo(DemoArgs),
    /// Read a recorded log into analytics, and show how fast its shop answered.
    Import(ImportArgs),
    /// Write a shop's history into a file of JSON lines, which import reads.
    Export(ExportArgs),
    /// Send a recorded log's traffic through our own desk, and compare.
    Replay(ReplayArgs),
    /// Let invented or recorded buyers meet our desk; compare strategies, policies and rosters.
    Simulate(SimulateArgs),
    /// Show how fast a shop answered, by the rules of one or several marketplaces.
    Report(ReportArgs),
    /// Show when a shop's buyers come: the peaks of each weekday, and a heat map of the week.
    Demand(DemandArgs),
    /// Compare two periods of a shop: what changed, and how sure that is.
    Compare(CompareArgs),
    /// Show how each agent did, by shift: time online, responses, what stands out.
    Scorecards(ScorecardsArgs),
    /// Sign in to a fenliu; the commands below then need no address and no token.
    Login(LoginArgs),
    /// Sign out; the session's tokens are void.
    Logout,
    /// Show who is signed in, where, and what they may do.
    Whoami(ClientArgs),
    /// Change your own password; whatever else is signed in as you is signed out.
    Password(ChangePasswordArgs),
    /// Create, show and change shops.
    Shop(ShopArgs),
    /// Create, show, change, bind and end the people who answer for a shop.
    Agent(AgentArgs),
    /// Name sets of permissions, and give them to agents.
    Role(RoleArgs),
    /// Say who works when, see it drawn as a week, and find the gaps.
    Roster(RosterArgs),
    /// Show the rule packs there are, and keep packs of your own.
    Packs(PacksArgs),
    /// Mute and ban, and see what for.
    Sanction(SanctionArgs),
    /// Show what somebody should hear of now, and follow it.
    Alerts(AlertsArgs),
    /// Show who changed what.
    Audit(AuditArgs),
    /// Issue, list and revoke the tokens of programs.
    Token(TokenArgs),
}

/// How to run `fenliu up`.
#[derive(Clone, Debug, Args)]
pub struct UpArgs {
    /// Directory of the embedded stores, of keys and of tokens; made when it is not there. One process at a time uses it.
    #[arg(long, value_name = "DIR", env = "FENLIU_DATA_DIR", default_value = DEFAULT_DATA_DIR)]
    pub data_dir: PathBuf,
    /// Address to listen on, 127.0.0.1:50050 unless configured otherwise; port 0 takes a free one, and the address
    /// printed is the real one.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// The PostgreSQL that keeps everything, such as postgres://user@host/database, instead of SQLite files in the data
    /// directory; each service has a schema of its own there. FENLIU_DATABASE__URL keeps a password out of process lists.
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    /// The Redis that holds the live desks, such as redis://host:6379, instead of this process. FENLIU_LIVE__REDIS_URL keeps
    /// a password out of process lists.
    #[arg(long, value_name = "URL")]
    pub redis: Option<String>,
    /// Configuration file, TOML.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Ask nobody who they are: whoever reaches the address may do everything. Loopback addresses only.
    #[arg(long)]
    pub insecure_no_auth: bool,
}

impl UpArgs {
    /// What of it says the same as keys of the configuration.
    #[must_use]
    pub fn flags(&self) -> ServerFlags<'_> {
        ServerFlags {
            listen: self.listen.as_deref(),
            database: self.database.as_deref(),
            redis: self.redis.as_deref(),
        }
    }
}

/// How to run `fenliu demo`.
#[derive(Clone, Debug, Args)]
pub struct DemoArgs {
    /// End after the story, instead of serving its data for grpcurl until interrupted.
    #[arg(long)]
    pub fast: bool,
    /// Seed of the buyers' chance; the same seed tells the same story.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
}

/// Which fenliu to ask.
#[derive(Clone, Debug, Default, Args)]
pub struct TargetArgs {
    /// Ask the fenliu that runs at this address, such as 127.0.0.1:50050.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "data_dir")]
    pub connect: Option<String>,
    /// Run an embedded fenliu on this directory while the command lasts.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// The file with the token for --connect; else FENLIU_TOKEN_FILE names one, or the session with that fenliu
    /// speaks for you.
    #[arg(long, value_name = "FILE", requires = "connect")]
    pub token_file: Option<PathBuf>,
}

/// Which running fenliu to ask, and as whom.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Which fenliu, and who")]
pub struct ClientArgs {
    /// Ask the fenliu that runs at this address, such as 127.0.0.1:50050; without it the one signed in to.
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub connect: Option<String>,
    /// The file with the token for --connect, such as fenliu-data/admin.token; else FENLIU_TOKEN_FILE names one, or
    /// the session with that fenliu speaks for you.
    #[arg(long, global = true, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// The shop, shp_…; without it the one signed in to.
    #[arg(long, global = true, value_name = "SHOP")]
    pub shop: Option<String>,
}

/// Where a password comes from. It is never an argument: those can be seen by everybody on the machine.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct PasswordArgs {
    /// Read the password from the first line of standard input, instead of asking for it.
    #[arg(long)]
    pub password_stdin: bool,
}

/// How to run `fenliu import`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "With neither --connect nor --data-dir, an embedded fenliu on a directory of its own does \
                        the work and is thrown away.\nImporting a file again changes nothing. Rows that cannot be \
                        read are named by file and line, skipped and counted."
)]
pub struct ImportArgs {
    /// Format of the files.
    #[arg(long)]
    pub format: Format,
    /// The files, read one after the other.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The shop to import into, shp_…; without it the log's own shop or shops are created, or found again.
    #[arg(long, value_name = "SHOP")]
    pub shop: Option<String>,
    /// The rule pack to judge by; without it one that suits the format.
    #[arg(long, value_name = "PACK")]
    pub pack: Option<String>,
    /// Which fenliu to ask.
    #[command(flatten)]
    pub target: TargetArgs,
}

/// How to run `fenliu replay`.
#[derive(Clone, Debug, Args)]
pub struct ReplayArgs {
    /// Format of the files; it must record handling times, as anonymous-bank does.
    #[arg(long, default_value = "anonymous-bank")]
    pub format: Format,
    /// The files, taken together as one log.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// How many conversations an agent holds at once.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub capacity: u32,
    /// Seed of what the log hides: patience of the answered, handling time of those who left.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// How to run `fenliu report`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "With neither --connect nor --data-dir, the fenliu-data directory here is used.\nOf more than 92 days, \
                        how each agent did is told of the last 92."
)]
pub struct ReportArgs {
    /// The shop, shp_….
    #[arg(long, value_name = "SHOP")]
    pub shop: String,
    /// First local day, YYYY-MM-DD; without it the first with data.
    #[arg(long, value_name = "DAY")]
    pub from: Option<String>,
    /// Last local day, YYYY-MM-DD, included; without it the last with data.
    #[arg(long, value_name = "DAY")]
    pub to: Option<String>,
    /// Rule packs to judge by; may be given several times. Without it all that fenliu ships.
    #[arg(long, value_name = "PACK")]
    pub pack: Vec<String>,
    /// How many of the worst misses to show under each pack. Listing them reads all facts of the days: 0 is quicker where
    /// there are millions.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(i32).range(0..=500))]
    pub misses: i32,
    /// Write the report as one page that can be mailed, with charts, into this file, over what it holds.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// The language of the report.
    #[arg(long, value_enum, default_value_t)]
    pub lang: Lang,
    /// Which fenliu to ask.
    #[command(flatten)]
    pub target: TargetArgs,
}

/// How to run `fenliu demand`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "With neither --connect nor --data-dir, the fenliu-data directory here is used.")]
pub struct DemandArgs {
    /// The shop, shp_….
    #[arg(long, value_name = "SHOP")]
    pub shop: String,
    /// First local day, YYYY-MM-DD; without it the first with a conversation.
    #[arg(long, value_name = "DAY")]
    pub from: Option<String>,
    /// Last local day, YYYY-MM-DD, included; without it the last with a conversation.
    #[arg(long, value_name = "DAY")]
    pub to: Option<String>,
    /// Draw the heat map into this file as SVG, over what it holds.
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Draw it as PNG.
    #[arg(long, value_name = "FILE")]
    pub png: Option<PathBuf>,
    /// Which fenliu to ask.
    #[command(flatten)]
    pub target: TargetArgs,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_makes_sense() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_reads_well() {
        insta::assert_snapshot!(Cli::command().term_width(100).render_help());
    }
}
