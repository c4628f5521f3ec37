//! A running service with its clients, and short ways to say what a test wants.
//!
//! The database is a SQLite file, or, when `FENLIU_TEST_POSTGRES` holds the URL of a PostgreSQL whose user may
//! create databases, a new database there for each house. So one suite proves both.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fenliu_accounts::Config;
use fenliu_domain::problem::Reason;
use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::accounts::v1::account_service_client::AccountServiceClient;
use fenliu_proto::accounts::v1::directory_service_client::DirectoryServiceClient;
use fenliu_proto::accounts::v1::shop_service_client::ShopServiceClient;
use fenliu_proto::status::{reason_of, refusal};
use fenliu_runtime::clock::{Clock, VirtualClock};
use fenliu_runtime::lifecycle::{Drained, Lifecycle};
use fenliu_runtime::platform::Platform;
use fenliu_runtime::server::{ServerConfig, ServerOptions, serve};
use fenliu_runtime::sql::DatabaseConfig;
use sea_orm::ConnectionTrait;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tonic::transport::{Channel, Endpoint};
use tonic::{Response, Status};
use tonic_types::StatusExt;

/// 2026-03-01T00:00:00Z.
const START: Timestamp = Timestamp::from_micros_clamped(1_772_323_200_000_000);

/// The service of one database file, and clients of it.
pub(crate) struct House {
    pub(crate) shops: ShopServiceClient<Channel>,
    pub(crate) accounts: AccountServiceClient<Channel>,
    pub(crate) directory: DirectoryServiceClient<Channel>,
    clock: VirtualClock,
    lifecycle: Lifecycle,
    server: JoinHandle<Drained>,
    data: Data,
    sub_accounts_per_shop: u32,
    starts: u64,
}

/// Where a house keeps what it knows.
struct Data {
    url: String,
    /// Deletes a SQLite file in the end; a PostgreSQL is the tester's own to throw away.
    _files: TempDir,
}

impl House {
    /// A service without any shop.
    pub(crate) async fn open() -> Self {
        Self::with_sub_accounts(10_000).await
    }

    /// The same, with room for so many sub-accounts in a shop.
    pub(crate) async fn with_sub_accounts(limit: u32) -> Self {
        let data = Data::create().await;
        let clock = VirtualClock::new(START);
        Self::start(data, clock, limit, 1).await
    }

    async fn start(data: Data, clock: VirtualClock, sub_accounts_per_shop: u32, starts: u64) -> Self {
        let lifecycle = Lifecycle::new();
        let platform = Platform::simulated(&clock, starts, lifecycle.clone())
            .with_page_tokens(fenliu_runtime::page::PageTokens::new([7; 32]));
        let auth = platform.auth.clone();
        let service = fenliu_accounts::start(config(&data.url, sub_accounts_per_shop), platform).await;
        let service = service.expect("the service starts");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("the port");
        let options = ServerOptions {
            config: ServerConfig {
                insecure_no_auth: true,
                default_deadline_ms: 60_000,
                ..ServerConfig::default()
            },
            descriptor_set: fenliu_proto::DESCRIPTOR_SET,
            refuse: refusal,
            lifecycle: lifecycle.clone(),
            auth,
        };
        let server = tokio::spawn(async move {
            serve(listener, vec![service], options).await.expect("the server serves until it drains")
        });
        let channel = channel(address);
        Self {
            shops: ShopServiceClient::new(channel.clone()),
            accounts: AccountServiceClient::new(channel.clone()),
            directory: DirectoryServiceClient::new(channel),
            clock,
            lifecycle,
            server,
            data,
            sub_accounts_per_shop,
            starts,
        }
    }

    /// The same house after its process has ended and another one has begun.
    pub(crate) async fn restart(self) -> Self {
        let Self {
            shops,
            accounts,
            directory,
            clock,
            lifecycle,
            server,
            data,
            sub_accounts_per_shop,
            starts,
        } = self;
        // A server drains when its clients have hung up.
        drop((shops, accounts, directory));
        lifecycle.soft().cancel();
        server.await.expect("the server ends");
        Self::start(data, clock, sub_accounts_per_shop, starts + 1).await
    }

    /// Begins to shut down.
    pub(crate) fn drain(&self) {
        self.lifecycle.soft().cancel();
    }

    /// Lets time pass.
    pub(crate) async fn pass(&self, span: Span) {
        self.clock.advance_to(self.clock.now() + span).await;
    }

    /// A shop whose main account has this login name.
    pub(crate) async fn shop(&mut self, main_login_name: &str) -> proto::Shop {
        let created = self.shops.create_shop(new_shop(main_login_name)).await;
        created.expect("the shop is created").into_inner().shop.expect("the answer holds the shop")
    }

    /// A sub-account of the shop.
    pub(crate) async fn agent(&mut self, shop: &proto::Shop, login_name: &str) -> proto::SubAccount {
        let created = self.accounts.create_sub_account(new_agent(shop, login_name)).await;
        created.expect("the account is created").into_inner().sub_account.expect("the answer holds it")
    }

    /// The account as it is now.
    pub(crate) async fn read(&mut self, agent: &proto::SubAccount) -> proto::SubAccount {
        let request =
            proto::GetSubAccountRequest { shop_id: agent.shop_id.clone(), agent_id: agent.agent_id.clone() };
        let read = self.accounts.get_sub_account(request).await.expect("the account is there");
        read.into_inner().sub_account.expect("the answer holds the account")
    }
}

impl Data {
    async fn create() -> Self {
        let files = tempfile::tempdir().expect("a directory for the database");
        let url = match std::env::var("FENLIU_TEST_POSTGRES") {
            Ok(server) => new_postgres_database(&server).await,
            Err(_) => format!("sqlite://{}", files.path().join("accounts.db").display()),
        };
        Self { url, _files: files }
    }
}

/// Creates a database on the server behind `url`, and gives its own URL.
async fn new_postgres_database(url: &str) -> String {
    static CREATED: AtomicUsize = AtomicUsize::new(0);
    let number = CREATED.fetch_add(1, Ordering::Relaxed);
    let name = format!("fenliu_accounts_{}_{number}", std::process::id());
    let server = sea_orm::Database::connect(url).await.expect("FENLIU_TEST_POSTGRES is a PostgreSQL");
    server.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("it may create databases");
    let (server, _) = url.rsplit_once('/').expect("the URL names a database");
    format!("{server}/{name}")
}

fn config(url: &str, sub_accounts_per_shop: u32) -> Config {
    let mut config = Config::at(DatabaseConfig::at(url));
    config.limits.sub_accounts_per_shop = sub_accounts_per_shop;
    config
}

fn channel(address: SocketAddr) -> Channel {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address is a URI");
    endpoint.connect_timeout(Duration::from_secs(5)).connect_lazy()
}

/// A request for a shop that says only what it must.
pub(crate) fn new_shop(main_login_name: &str) -> proto::CreateShopRequest {
    proto::CreateShopRequest {
        display_name: format!("shop of {main_login_name}"),
        main_account_login_name: main_login_name.into(),
        ..Default::default()
    }
}

/// A request for a sub-account that says only what it must.
pub(crate) fn new_agent(shop: &proto::Shop, login_name: &str) -> proto::CreateSubAccountRequest {
    proto::CreateSubAccountRequest {
        shop_id: shop.shop_id.clone(),
        login_name: login_name.into(),
        ..Default::default()
    }
}

/// A request to change these fields of an account.
pub(crate) fn change(agent: &proto::SubAccount, paths: &[&str]) -> proto::UpdateSubAccountRequest {
    proto::UpdateSubAccountRequest {
        shop_id: agent.shop_id.clone(),
        agent_id: agent.agent_id.clone(),
        sub_account: Some(agent.clone()),
        update_mask: mask(paths),
        ..Default::default()
    }
}

/// A field mask.
pub(crate) fn mask(paths: &[&str]) -> Option<prost_types::FieldMask> {
    Some(prost_types::FieldMask { paths: paths.iter().map(ToString::to_string).collect() })
}

/// The status of a call that must be refused, after checking its reason.
#[track_caller]
pub(crate) fn refused<T>(result: Result<Response<T>, Status>, reason: Reason) -> Status {
    let Err(status) = result else { panic!("expected {}, but it succeeded", reason.name()) };
    assert_eq!(reason_of(&status), Some(reason), "{status:?}");
    status
}

/// Checks that a call was refused for exactly these fields.
#[track_caller]
pub(crate) fn refused_fields<T>(result: Result<Response<T>, Status>, reason: Reason, fields: &[&str]) {
    let status = refused(result, reason);
    let details = status.get_error_details();
    let violations = details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
    let named: Vec<_> = violations.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(named, fields, "{status:?}");
}
