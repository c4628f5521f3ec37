//! The dispatch service: presence, routing, conversations, and the history of all that happened.
//!
//! A request comes in through `grpc`, which parses it into a command (every bad field named at once) and makes one
//! call to `desks`: the live desk proposes, the history's writer stores, and only then is the caller answered from
//! the stored events. `directory` follows accounts, `scores` follows analytics, and `sweeper` does what is due; all make the same call. Reads
//! of what is live ask the live desk; everything else is read from the history.
//!
//! Invariants
//! - An acknowledged effect is stored: an answer is made of a command's stored events only.
//! - The history only grows, as the database itself sees to.
//! - A command takes effect in one place, `desks::Desks::run`; no handler knows the store or the live desk's state.
//! - Bodies never enter the live desk, logs or traces.
//! - Time and ids come from the [`Platform`]; nothing here reads a clock.

pub mod archive;
mod attempts;
mod call;
pub mod cli;
pub mod config;
mod desks;
mod directory;
mod grpc;
mod history;
mod scores;
mod sweeper;
mod tries;
mod without;

use std::sync::Arc;

use anyhow::Context;
use fenliu_domain::access::{Permission, Permissions};
use fenliu_live::{ConnectError, EmbeddedDesks, LiveDesk, RedisDesks};
use fenliu_runtime::channel::{Outgoing, Uri, connect_lazy};
use fenliu_runtime::platform::Platform;
use fenliu_runtime::process::{self, Contract};
use fenliu_runtime::server::Service;
use fenliu_runtime::sql::{Database, Migrated};

pub use self::config::{Config, HistoryConfig, LiveConfig};

use self::attempts::Attempts;
use self::desks::Desks;
use self::history::partitions::Partitions;
use self::history::writer::Writer;
use self::history::{History, Migrator};

/// What the service needs of others: to follow the directory and the trust of accounts, and the scores of analytics.
pub const OWN_PERMISSIONS: Permissions =
    Permissions::of(&[Permission::PlatformDirectory, Permission::ReportsRead]);

/// Opens the history, brings its schema up to date, begins to follow accounts and to sweep, and returns the
/// service, ready to be served. The scores of `analytics` are followed too, where there is one; it may be away. Of `config`,
/// the server and telemetry sections and the addresses of others are left to whoever serves it.
///
/// # Errors
/// When the database cannot be opened, lacks the durability that is promised, or cannot be migrated.
pub async fn start(
    config: Config,
    platform: Platform,
    accounts: Outgoing,
    analytics: Option<Outgoing>,
) -> anyhow::Result<Service> {
    let database = Database::open_migrated::<Migrator>(&config.database).await?;
    let partitions = Partitions::new(database.clone(), config.history.range_events);
    sweeper::make_partitions(&partitions).await;
    let live = live(&config.live, &platform).await?;
    let writer = Writer::start(database.clone(), live.clone(), &platform.lifecycle).await?;
    let desks = Desks::new(live, writer, History::new(database), platform.clone());
    platform.lifecycle.spawn(directory::follow(desks.clone(), accounts, config.directory.retry_interval()));
    if let Some(analytics) = analytics {
        let follow = scores::follow(desks.clone(), analytics, config.scores.retry_interval());
        platform.lifecycle.spawn(follow);
    }
    platform.lifecycle.spawn(sweeper::sweep(desks.clone(), partitions, config.sweeper));
    Ok(grpc::service(desks))
}

/// Brings the schema of the database up to date, and makes the partitions that will be needed; or, to `check`, says what
/// the schema lacks and changes nothing.
///
/// # Errors
/// When the database cannot be opened or migrated, or a newer binary has been here.
pub async fn migrate(config: &Config, check: bool) -> anyhow::Result<Migrated> {
    let mut migrated = fenliu_runtime::sql::migrate::<Migrator>(&config.database, check).await?;
    if !check {
        let database = Database::open(&config.database).await?;
        let made = Partitions::new(database.clone(), config.history.range_events).keep_ahead().await?;
        migrated.applied.extend(made.into_iter().map(|table| format!("partition {table}")));
        database.close().await?;
    }
    Ok(migrated)
}

/// The live desks: in a Redis that replicas share, or in this process.
async fn live(config: &LiveConfig, platform: &Platform) -> anyhow::Result<Arc<dyn LiveDesk>> {
    let Some(redis) = config.redis() else { return Ok(Arc::new(EmbeddedDesks::new())) };
    let desks = RedisDesks::connect(redis, Arc::new(Attempts), platform.ids.next_bits()).await;
    let key = match &desks {
        Err(ConnectError::Certificates { .. }) => "live.redis_ca_file",
        _ => "live.redis_url",
    };
    Ok(Arc::new(desks.with_context(|| format!("configuration key {key}"))?))
}

/// The service in a process of its own: listens, starts it, and serves it until SIGTERM or SIGINT.
///
/// # Errors
/// When an address or the database is refused, the server fails, or a background task panicked.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let contract =
        Contract { descriptor_set: fenliu_proto::DESCRIPTOR_SET, refuse: fenliu_proto::status::refusal };
    let peer = config
        .directory
        .address
        .parse()
        .context("directory.address must be an address such as http://127.0.0.1:50051")?;
    let scores = Some(&config.scores.address).filter(|address| !address.is_empty());
    let scores: Option<Uri> = scores
        .map(|address| address.parse())
        .transpose()
        .context("scores.address must be empty or an address such as http://127.0.0.1:50053")?;
    let server = config.server.clone();
    process::run("the dispatch service", server, contract, |platform| async move {
        let accounts = config.auth.proving(connect_lazy(peer), &platform)?;
        if !config.server.insecure_no_auth {
            let trust = fenliu_trust::follow(accounts.clone(), platform.clone(), config.auth.cache());
            platform.lifecycle.spawn(trust);
        }
        let analytics = scores.map(|peer| config.auth.proving(connect_lazy(peer), &platform)).transpose()?;
        start(config, platform, accounts, analytics).await
    })
    .await
}
