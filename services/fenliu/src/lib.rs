//! fenliu in one process: all three services with embedded stores, and the command line.
//!
//! [`cli`] says what can be asked for and [`run`] does it. Every command but `replay` and `simulate` talks to a fenliu over gRPC: to
//! one that runs already, or to an [`embedded`] one that lives as long as the command. Those who set a shop up ask a
//! [`client`], as whom their [`session`] says: [`shops`], [`agents`], [`roles`], [`roster`],
//! [`sanctions`], [`own_packs`], [`record`]. [`recorded`] reads other
//! systems' logs; [`import`] sends them to analytics, [`replay`] through the production desk; [`export`] writes our own
//! history down, for [`import`] elsewhere; [`report`] tells how
//! fast a shop answered, [`demand`] when its buyers come, [`compare`] what changed, [`scorecards`] how each agent did,
//! [`alerts`] what somebody should hear of now; [`upkeep`] keeps stores in order; [`demo`] plays an evening
//! peak on a virtual clock; [`simulate`] lets invented buyers meet the desk.
//!
//! Invariants: there are no rules here, and no second way in (whatever is counted or decided is counted by analytics
//! or decided by the desk); answers go to standard output and everything else to standard error; the same seed gives
//! the same answer.

use fenliu_runtime::config::warn_of_strays;
use fenliu_runtime::telemetry;

pub mod agents;
pub mod alerts;
pub mod chance;
pub mod cli;
pub mod client;
pub mod compare;
pub mod config;
pub mod contract;
pub mod demand;
pub mod demo;
pub mod embedded;
pub mod export;
pub mod import;
pub mod listing;
pub mod moments;
pub mod output;
pub mod own_packs;
pub mod packs;
pub mod password;
pub mod people;
pub mod progress;
pub mod rates;
pub mod reading;
pub mod record;
pub mod recorded;
pub mod replay;
pub mod report;
pub mod roles;
pub mod roster;
pub mod sanctions;
pub mod scorecards;
pub mod session;
pub mod shops;
pub mod simulate;
pub mod table;
pub mod target;
pub mod text_file;
pub mod up;
pub mod upkeep;
pub mod words;

use self::cli::{Cli, ClientArgs, Command};
use self::config::Config;
use self::output::Answer;

/// Does what the command line asks for, and prints the answer.
///
/// # Errors
/// What keeps the command from being done, in words for whoever typed it.
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    let config = match &cli.command {
        Command::Up(args) => Config::of_server(args.config.clone(), args.flags())?,
        Command::Migrate(args) => Config::of_stores(&args.stores)?,
        Command::Archive(args) => Config::of_stores(&args.stores)?,
        Command::Unarchive(args) | Command::Refold(args) => Config::of_stores(&args.stores)?,
        _ => Config::of_command()?,
    };
    let telemetry = telemetry::start(&config.telemetry, "fenliu")?;
    warn_of_strays();
    let done = dispatch(cli, config).await;
    telemetry.shutdown().await;
    done
}

async fn dispatch(cli: Cli, config: Config) -> anyhow::Result<()> {
    let json = cli.json;
    let answer: Answer = match cli.command {
        Command::Up(args) => return up::up(&args, config, json).await,
        Command::Migrate(args) => upkeep::migrate(&args, &config).await?,
        Command::Archive(args) => upkeep::archive(&args, &config).await?,
        Command::Unarchive(args) => upkeep::unarchive(&args, &config).await?,
        Command::Refold(args) => upkeep::refold(&args, &config).await?,
        Command::Demo(args) => return demo::demo(&args, json).await,
        Command::Import(args) => import::import(&args).await?,
        Command::Export(args) => return export::export(&args, json).await,
        Command::Replay(args) => tokio::task::spawn_blocking(move || replay::replay(&args)).await??,
        Command::Simulate(args) => tokio::task::spawn_blocking(move || simulate::simulate(&args)).await??,
        Command::Report(args) => report::report(&args).await?,
        Command::Demand(args) => demand::demand(&args).await?,
        Command::Compare(args) => compare::compare(&args).await?,
        Command::Scorecards(args) => scorecards::scorecards(&args).await?,
        Command::Login(args) => session::login(&args).await?,
        Command::Logout => session::logout().await?,
        Command::Whoami(args) => client::with(&args, session::whoami).await?,
        Command::Password(args) => {
            let session = ClientArgs::default();
            client::with(&session, async |client| session::change_password(client, args).await).await?
        }
        Command::Shop(args) => {
            client::with(&args.client, async |client| shops::run(client, &args.command).await).await?
        }
        Command::Agent(args) => {
            client::with(&args.client, async |client| agents::run(client, &args.command).await).await?
        }
        Command::Role(args) => {
            client::with(&args.client, async |client| roles::run(client, &args.command).await).await?
        }
        Command::Roster(args) => {
            client::with(&args.client, async |client| roster::run(client, &args.command).await).await?
        }
        Command::Packs(args) => {
            client::with(&args.client, async |client| own_packs::run(client, &args.command).await).await?
        }
        Command::Sanction(args) => {
            client::with(&args.client, async |client| sanctions::run(client, &args.command).await).await?
        }
        Command::Alerts(args) => {
            let told =
                client::with(&args.client, async |client| alerts::run(client, &args, json).await).await?;
            let Some(answer) = told else { return Ok(()) };
            answer
        }
        Command::Audit(args) => {
            client::with(&args.client, async |client| record::audit(client, &args).await).await?
        }
        Command::Token(args) => {
            client::with(&args.client, async |client| record::tokens(client, &args.command).await).await?
        }
    };
    answer.print(json)
}
