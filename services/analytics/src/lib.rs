//! The analytics service: how fast each shop answered, under each marketplace's own rules, with proof.
//!
//! Two streams come in. `follower` asks dispatch for the history after its stored cursor; `recorded` puts its events
//! into the words of `fenliu_domain::exchange`. ImportEvents brings what other systems recorded; `imported` puts it into
//! the same words. `storage` folds both into facts, a row per conversation, without verdicts. A
//! question for a rate reads the facts of the days it is about and lets `fenliu_domain::pack` judge them by one of
//! `packs` or by a pack of the caller's own. Orders that imports bring lie beside the facts, for `feedback` to count who asked
//! and went on to order. `compliance` feeds its days to the pack's consequences, and `budget` says what
//! a target leaves of today. `evaluation` puts two packs side by side, and `feedback` two periods, with what buyers said.
//! What past days came to is kept, and `keeper` works it out before anybody asks. A question
//! for demand counts the same conversations by when they were opened: `demand`.
//! Agents have facts of their own, a row for each event that ended something; `scorecards` puts both together, day by day,
//! with the duty that `duty` asks accounts for.
//! `scores` makes of the same how fast and how well each agent answers, and tells dispatch.
//! `alerts` looks at all shops again and again, and says what somebody should hear of now.
//!
//! Invariants
//! - Facts are a pure function of the history and of the imports: replayed from any position, in any batches, imported in
//!   any order, they are the same rows.
//! - The cursor moves in the same transaction as the facts it stands for, so nothing is counted twice or left out.
//! - Facts hold no verdict: every rate says as of which moment and up to which position it was judged.
//! - Every query starts from one shop; rows never leave `storage`. Time comes from the [`Platform`].
//! - Dispatch never waits for this service: it is read from, and asked again when it was away.
//! - What only accounts knows may be missing from an answer, and never fails it.

mod alerts;
mod arrivals;
mod budget;
mod call;
pub mod cli;
mod compliance;
pub mod config;
mod demand;
mod duty;
mod evaluation;
mod feedback;
mod follower;
mod grpc;
mod heard;
mod imported;
mod keeper;
mod packs;
mod recorded;
mod scorecards;
mod scores;
mod storage;

use anyhow::Context;
use fenliu_domain::access::{Permission, Permissions};
use fenliu_domain::pack::RulePack;
use fenliu_domain::time::Span;
use fenliu_proto::accounts::v1::roster_service_client::RosterServiceClient;
use fenliu_proto::dispatch::v1::history_service_client::HistoryServiceClient;
use fenliu_runtime::channel::{Outgoing, Uri, connect_lazy};
use fenliu_runtime::platform::Platform;
use fenliu_runtime::process::{self, Contract};
use fenliu_runtime::server::Service;
use fenliu_runtime::sql::{DatabaseConfig, Migrated};

pub use self::config::Config;

use self::alerts::{Floors, Pulse, Ticker};
use self::duty::Rosters;
use self::follower::Follower;
use self::keeper::Keeper;
use self::packs::Packs;
use self::scores::{Scorer, Scores};
use self::storage::Store;

/// The rule packs fenliu ships, in order of their names.
///
/// # Errors
/// When one of them is not what it should be: a defect of the build.
pub fn shipped_packs() -> anyhow::Result<Vec<RulePack>> {
    Ok(Packs::shipped()?.all().cloned().collect())
}

/// The rule pack in a data file such as those fenliu ships.
///
/// # Errors
/// When a key is unknown or missing, or a value is out of its bounds; the error names it.
pub fn read_pack(text: &str) -> anyhow::Result<RulePack> {
    packs::read(text)
}

/// What the service needs of others: to follow the history of dispatch and the trust of accounts, and to see who is on duty.
pub const OWN_PERMISSIONS: Permissions =
    Permissions::of(&[Permission::PlatformHistory, Permission::PlatformDirectory, Permission::RostersRead]);

/// Opens the store, brings its schema up to date, begins to follow the history of `dispatch`, and returns the service,
/// ready to be served. Dispatch may be away, and so may `accounts`, which says who was on duty. Of `config`, the server,
/// telemetry, dispatch and accounts sections are left to whoever serves it.
///
/// # Errors
/// When a rule pack is not what it should be, or the database cannot be opened, lacks the durability that is promised,
/// or cannot be migrated.
pub async fn start(
    config: Config,
    platform: Platform,
    dispatch: Outgoing,
    accounts: Outgoing,
) -> anyhow::Result<Service> {
    let packs = Packs::shipped()?;
    let store = Store::open(&config.database).await.context("the analytics database cannot be used")?;
    store.bring_up_to_date().await.context("the facts cannot be made anew")?;
    let floors = alert(&config, &store, &packs, &platform)?;
    let follower = Follower {
        store: store.clone(),
        dispatch: HistoryServiceClient::new(dispatch),
        clock: platform.clock.clone(),
        floors: floors.clone(),
        config: config.follower,
        stop: platform.lifecycle.soft(),
    };
    platform.lifecycle.spawn(follower.run());
    let scores = begin_scoring(&config, &store, &floors, &platform);
    let (clock, stop) = (platform.clock.clone(), platform.lifecycle.soft());
    platform.lifecycle.spawn(Keeper { store: store.clone(), packs: packs.clone(), clock, stop }.run());
    let rosters = Rosters(RosterServiceClient::new(accounts));
    Ok(grpc::service(store, packs, rosters, (floors, scores), platform))
}

/// Begins to make scores, if any are wanted.
fn begin_scoring(config: &Config, store: &Store, floors: &Floors, platform: &Platform) -> Scores {
    let scores = Scores::new();
    let scorer = Scorer {
        store: store.clone(),
        floors: floors.clone(),
        scores: scores.clone(),
        every: config.scoring.every(),
        lag: config.alerts.lag(),
        clock: platform.clock.clone(),
        stop: platform.lifecycle.soft(),
        seen: scores::Seen::default(),
    };
    if config.scoring.enabled {
        platform.lifecycle.spawn(scorer.run());
    }
    scores
}

/// Begins to look for what somebody should hear of, and to tell them.
fn alert(config: &Config, store: &Store, packs: &Packs, platform: &Platform) -> anyhow::Result<Floors> {
    let rules = config.alerts.rules()?;
    let packs = config.alerts.packs(packs)?;
    // Until the history has been caught up with, what is known counts as too old.
    let pulse = Pulse::new(platform.clock.now() - rules.lag - Span::from_secs(1));
    let floors = Floors::new(packs.clone(), pulse);
    let times = (config.alerts.every(), config.alerts.keep());
    let ticker = Ticker::new(store.clone(), floors.clone(), rules, packs, times);
    platform.lifecycle.spawn(ticker.run(platform.clock.clone(), platform.lifecycle.soft()));
    alerts::begin_webhook(&config.webhook, store, &floors, platform)?;
    Ok(floors)
}

/// Brings the schema of the database up to date; or, to `check`, says what it lacks and changes nothing.
///
/// # Errors
/// When the database cannot be opened or migrated, or a newer binary has been here.
pub async fn migrate(database: &DatabaseConfig, check: bool) -> anyhow::Result<Migrated> {
    Ok(fenliu_runtime::sql::migrate::<storage::Migrator>(database, check).await?)
}

/// The service in a process of its own: listens, starts it, and serves it until SIGTERM or SIGINT.
///
/// # Errors
/// When an address or the database is refused, the server fails, or a background task panicked.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let contract =
        Contract { descriptor_set: fenliu_proto::DESCRIPTOR_SET, refuse: fenliu_proto::status::refusal };
    let dispatch = address(&config.dispatch.address, "dispatch.address")?;
    let accounts = address(&config.accounts.address, "accounts.address")?;
    let server = config.server.clone();
    process::run("the analytics service", server, contract, |platform| async move {
        let dispatch = config.auth.proving(connect_lazy(dispatch), &platform)?;
        let accounts = config.auth.proving(connect_lazy(accounts), &platform)?;
        if !config.server.insecure_no_auth {
            let trust = fenliu_trust::follow(accounts.clone(), platform.clone(), config.auth.cache());
            platform.lifecycle.spawn(trust);
        }
        start(config, platform, dispatch, accounts).await
    })
    .await
}

fn address(text: &str, key: &str) -> anyhow::Result<Uri> {
    text.parse().with_context(|| format!("{key} must be an address such as http://127.0.0.1:50051"))
}
