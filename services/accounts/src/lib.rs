//! The accounts service: shops, their accounts, and the directory that tells other services of both.
//!
//! A request comes in through `grpc`, which parses it into what it means (every bad field named at once), makes
//! one call, and renders the result. A change is decided by `registry` inside `storage`'s one way to change
//! anything: a transaction that takes the directory's head row first, finds the answer again when the request is a
//! repetition, applies the change, and remembers the answer. After the commit, the followers that `directory`
//! serves are woken and read on.
//!
//! Invariants
//! - A login name belongs to one account of the platform, whatever its spelling: a unique key in SQL says so.
//! - Directory versions become visible in the order of their commits, so a follower with one version misses
//!   nothing; an entry is whole, so applying it twice does no harm.
//! - A request id has one effect for a day; what is remembered is stored with the effect or not at all.
//! - Rows never leave `storage`; every query about accounts starts from one shop, so an id of another shop is
//!   refused in the very words of one that does not exist.
//! - The audit log only grows, as the database itself sees to; what a shop reads there names no other shop's people.
//! - Tokens are signed here and verified everywhere; who was cut off is told within the same transaction.
//! - Time and ids come from the [`Platform`]; nothing here reads a clock.

mod account;
mod binding;
mod call;
pub mod cli;
pub mod config;
mod conversations;
mod directory;
mod discipline;
mod entrance;
mod grpc;
mod planning;
mod registry;
mod role;
mod shop;
mod storage;

use anyhow::Context as _;
use fenliu_domain::access::{Permission, Permissions};
use fenliu_runtime::channel::{Outgoing, SharedToken, TokenSource, connect_lazy};
use fenliu_runtime::platform::Platform;
use fenliu_runtime::process::{self, Contract};
use fenliu_runtime::server::Service;
use fenliu_runtime::sql::{DatabaseConfig, Migrated};

pub use self::config::Config;
pub use self::entrance::{Evaluations, Issuer};

use self::conversations::Conversations;
use self::directory::Directory;
use self::discipline::Discipline;
use self::entrance::{Entrance, KeyRing, Passwords, TrustFollowers};
use self::grpc::Context;
use self::planning::Planning;
use self::registry::Registry;
use self::storage::Store;

/// What the service itself needs of dispatch: to see who holds conversations, and to follow what happens.
pub const OWN_PERMISSIONS: Permissions =
    Permissions::of(&[Permission::DeskRead, Permission::PlatformHistory]);

/// The service, and what else the process that hosts it gets to hold.
#[derive(Debug)]
pub struct Started {
    /// Ready to be served.
    pub service: Service,
    /// Makes tokens for the process itself.
    pub issuer: Issuer,
    /// Counts how often passwords were hashed.
    pub evaluations: Evaluations,
}

/// Opens the store, brings its schema up to date, feeds the platform's authenticator from it, and returns the service,
/// ready to be served. Of `config`, the server and telemetry sections, the address of dispatch and the bootstrap token's
/// file are left to whoever serves it; `dispatch` is the way there, and without it nobody is let go whose conversations
/// would have to be looked at first.
///
/// # Errors
/// When the database cannot be opened, lacks the durability that is promised, or cannot be migrated, or when passwords
/// cannot be hashed at the configured cost.
pub async fn start(
    config: Config,
    platform: Platform,
    dispatch: Option<Outgoing>,
) -> anyhow::Result<Started> {
    let store = Store::open(&config.database, &platform).await?;
    if store.has_other_replicas() {
        directory::poll(store.clone(), &platform, config.directory.poll_interval());
    }
    planning::roll(store.clone(), &platform);
    if let Some(dispatch) = &dispatch {
        discipline::follow(store.clone(), dispatch.clone(), &platform);
    }
    let keys = KeyRing::new(store.clone(), &platform, config.auth.rotation());
    keys.tend().await?;
    entrance::feed(&store, &platform).await?;
    platform.lifecycle.spawn(keys.tend_for_good());
    let conversations = Conversations::new(dispatch);
    let registry = Registry::new(store.clone(), platform.ids.clone(), config.limits, conversations);
    let planning = Planning::new(store.clone(), platform.ids.clone());
    let discipline = Discipline::new(store.clone(), platform.ids.clone());
    let directory = Directory::new(store.clone(), &platform);
    let trust = TrustFollowers::new(store.clone(), &platform);
    let passwords = Passwords::new(&config.auth, platform.ids.clone()).await?;
    let evaluations = passwords.evaluations();
    let entrance = Entrance::new(store.clone(), passwords.clone(), &config.auth, &platform);
    let issuer = Issuer::new(store.clone(), platform.clone());
    let context = Context { registry, planning, discipline, entrance, passwords, store, platform };
    Ok(Started { service: grpc::service(context, directory, trust), issuer, evaluations })
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
/// When the address or the database is refused, the server fails, or a background task panicked.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let contract =
        Contract { descriptor_set: fenliu_proto::DESCRIPTOR_SET, refuse: fenliu_proto::status::refusal };
    let server = config.server.clone();
    let dispatch = match config.dispatch.address.as_str() {
        "" => None,
        address => Some(connect_lazy(
            address
                .parse()
                .context("dispatch.address must be empty or an address such as http://127.0.0.1:50052")?,
        )),
    };
    process::run("the accounts service", server, contract, |platform| async move {
        let bootstrap = config.auth.bootstrap_token_file.clone();
        // Dispatch is only called once there is a token to show.
        let own = SharedToken::default();
        let dispatch = dispatch.map(|dispatch| dispatch.with_token(TokenSource::shared(own.clone())));
        let started = start(config, platform, dispatch).await?;
        own.set(&started.issuer.internal("accounts", OWN_PERMISSIONS).await?)?;
        if !bootstrap.as_os_str().is_empty() {
            started.issuer.bootstrap(&bootstrap).await?;
        }
        Ok(started.service)
    })
    .await
}
