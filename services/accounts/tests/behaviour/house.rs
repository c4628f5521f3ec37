//! A running service with its clients, and short ways to say what a test wants.
//!
//! The database is a SQLite file, or, when `FENLIU_TEST_POSTGRES` holds the URL of a PostgreSQL whose user may
//! create databases, a new database there for each house. So one suite proves both.

use std::net::SocketAddr;
use std::time::Duration;

use fenliu_accounts::Config;
use fenliu_accounts::config::{DirectoryConfig, Limits};
use fenliu_domain::problem::Reason;
use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::accounts::v1::account_service_client::AccountServiceClient;
use fenliu_proto::accounts::v1::audit_service_client::AuditServiceClient;
use fenliu_proto::accounts::v1::binding_service_client::BindingServiceClient;
use fenliu_proto::accounts::v1::directory_service_client::DirectoryServiceClient;
use fenliu_proto::accounts::v1::role_service_client::RoleServiceClient;
use fenliu_proto::accounts::v1::roster_service_client::RosterServiceClient;
use fenliu_proto::accounts::v1::sanction_service_client::SanctionServiceClient;
use fenliu_proto::accounts::v1::shop_service_client::ShopServiceClient;
use fenliu_proto::status::{reason_of, refusal};
use fenliu_runtime::clock::{Clock, VirtualClock};
use fenliu_runtime::lifecycle::{Drained, Lifecycle};
use fenliu_runtime::platform::Platform;
use fenliu_runtime::server::{ServerConfig, ServerOptions, serve};
use fenliu_runtime::sql::{DatabaseConfig, ScratchDatabase};
use sea_orm::ConnectionTrait;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tonic::transport::{Channel, Endpoint};
use tonic::{Response, Status};
use tonic_types::StatusExt;

/// How often a house on PostgreSQL looks for what other replicas did: every hour.
const POLL_INTERVAL_MS: u32 = 3_600_000;

/// 2026-03-01T00:00:00Z.
pub(crate) const START: Timestamp = Timestamp::from_micros_clamped(1_772_323_200_000_000);

/// The service of one database file, and clients of it.
pub(crate) struct House {
    pub(crate) shops: ShopServiceClient<Channel>,
    pub(crate) accounts: AccountServiceClient<Channel>,
    pub(crate) bindings: BindingServiceClient<Channel>,
    pub(crate) roles: RoleServiceClient<Channel>,
    pub(crate) rosters: RosterServiceClient<Channel>,
    pub(crate) sanctions: SanctionServiceClient<Channel>,
    pub(crate) audit: AuditServiceClient<Channel>,
    pub(crate) directory: DirectoryServiceClient<Channel>,
    clock: VirtualClock,
    lifecycle: Lifecycle,
    server: JoinHandle<Drained>,
    data: ScratchDatabase,
    limits: Limits,
    starts: u64,
}

impl House {
    /// A service without any shop.
    pub(crate) async fn open() -> Self {
        Self::with_limits(|_| {}).await
    }

    /// The same, with room for so many sub-accounts in a shop.
    pub(crate) async fn with_sub_accounts(limit: u32) -> Self {
        Self::with_limits(|limits| limits.sub_accounts_per_shop = limit).await
    }

    /// The same, with other limits than the default.
    pub(crate) async fn with_limits(set: impl FnOnce(&mut Limits)) -> Self {
        let mut limits = Limits::default();
        set(&mut limits);
        Self::start(ScratchDatabase::create("accounts").await, VirtualClock::new(START), limits, 1).await
    }

    /// What a binary says that is to open the schema of a newer one.
    pub(crate) async fn refusal_of_a_newer_schema() -> String {
        let data = ScratchDatabase::create("accounts").await;
        let start = || async {
            let clock = VirtualClock::new(START);
            let platform = Platform::simulated(&clock, 1, Lifecycle::new());
            fenliu_accounts::start(config(&data.url, Limits::default()), platform, None).await
        };
        start().await.expect("the schema is made");
        let database = sea_orm::Database::connect(&data.url).await.expect("the database");
        let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_from_the_future', 0)";
        database.execute_unprepared(newer).await.expect("a step of the future");
        let Err(refusal) = start().await else { panic!("the schema of a newer binary is opened") };
        format!("{refusal:#}")
    }

    async fn start(data: ScratchDatabase, clock: VirtualClock, limits: Limits, starts: u64) -> Self {
        let lifecycle = Lifecycle::new();
        let platform = Platform::simulated(&clock, starts, lifecycle.clone())
            .with_page_tokens(fenliu_runtime::page::PageTokens::new([7; 32]));
        let auth = platform.auth.clone();
        let service = fenliu_accounts::start(config(&data.url, limits), platform, None).await;
        let service = service.expect("the service starts").service;
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
            bindings: BindingServiceClient::new(channel.clone()),
            roles: RoleServiceClient::new(channel.clone()),
            rosters: RosterServiceClient::new(channel.clone()),
            sanctions: SanctionServiceClient::new(channel.clone()),
            audit: AuditServiceClient::new(channel.clone()),
            directory: DirectoryServiceClient::new(channel),
            clock,
            lifecycle,
            server,
            data,
            limits,
            starts,
        }
    }

    /// The same house after its process has ended and another one has begun.
    pub(crate) async fn restart(self) -> Self {
        let Self {
            shops,
            accounts,
            bindings,
            roles,
            rosters,
            sanctions,
            audit,
            directory,
            clock,
            lifecycle,
            server,
            data,
            limits,
            starts,
        } = self;
        // A server drains when its clients have hung up.
        drop((shops, accounts, bindings, roles, rosters, sanctions, audit, directory));
        lifecycle.soft().cancel();
        server.await.expect("the server ends");
        Self::start(data, clock, limits, starts + 1).await
    }

    /// Begins to shut down.
    pub(crate) fn drain(&self) {
        self.lifecycle.soft().cancel();
    }

    /// What time it is.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
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

    /// How an account works for a shop now.
    pub(crate) async fn binding(&mut self, shop: &proto::Shop, agent: &proto::SubAccount) -> proto::Binding {
        let request =
            proto::GetBindingRequest { shop_id: shop.shop_id.clone(), agent_id: agent.agent_id.clone() };
        let read = self.bindings.get_binding(request).await.expect("they work there");
        read.into_inner().binding.expect("the answer holds the binding")
    }

    /// Binds an account to another shop than its home.
    pub(crate) async fn bind(
        &mut self,
        agent: &proto::SubAccount,
        shop: &proto::Shop,
        terms: proto::BindingTerms,
    ) -> Result<Response<proto::BindAgentResponse>, Status> {
        let request = proto::CreateBindingCodeRequest {
            shop_id: agent.shop_id.clone(),
            agent_id: agent.agent_id.clone(),
            ..Default::default()
        };
        let code =
            self.bindings.create_binding_code(request).await.expect("a code").into_inner().binding_code;
        let request = proto::BindAgentRequest {
            shop_id: shop.shop_id.clone(),
            binding_code: code,
            terms: Some(terms),
            ..Default::default()
        };
        self.bindings.bind_agent(request).await
    }

    /// Ends an account's work for a shop that is not its home.
    pub(crate) async fn unbind(
        &mut self,
        shop: &proto::Shop,
        agent: &proto::SubAccount,
        hand_over: bool,
    ) -> Result<Response<proto::UnbindAgentResponse>, Status> {
        let (shop_id, agent_id) = (shop.shop_id.clone(), agent.agent_id.clone());
        let request = proto::UnbindAgentRequest { shop_id, agent_id, hand_over, ..Default::default() };
        self.bindings.unbind_agent(request).await
    }

    /// Disables an account.
    pub(crate) async fn disable(&mut self, agent: &proto::SubAccount) -> proto::SubAccount {
        let (shop_id, agent_id) = (agent.shop_id.clone(), agent.agent_id.clone());
        let request = proto::DisableSubAccountRequest { shop_id, agent_id, ..Default::default() };
        let disabled = self.accounts.disable_sub_account(request).await.expect("disabled").into_inner();
        disabled.sub_account.expect("the answer holds it")
    }

    /// Enables an account.
    pub(crate) async fn enable(&mut self, agent: &proto::SubAccount) -> proto::SubAccount {
        let (shop_id, agent_id) = (agent.shop_id.clone(), agent.agent_id.clone());
        let request = proto::EnableSubAccountRequest { shop_id, agent_id, ..Default::default() };
        let enabled = self.accounts.enable_sub_account(request).await.expect("enabled").into_inner();
        enabled.sub_account.expect("the answer holds it")
    }

    /// Deletes an account.
    pub(crate) async fn delete(
        &mut self,
        agent: &proto::SubAccount,
        hand_over: bool,
    ) -> Result<Response<proto::DeleteSubAccountResponse>, Status> {
        let (shop_id, agent_id) = (agent.shop_id.clone(), agent.agent_id.clone());
        let request = proto::DeleteSubAccountRequest { shop_id, agent_id, hand_over, ..Default::default() };
        self.accounts.delete_sub_account(request).await
    }

    /// What the audit log has done to a target, oldest first.
    pub(crate) async fn done_to(&mut self, shop: &proto::Shop, target: &str) -> Vec<String> {
        let request = proto::ListAuditEntriesRequest {
            shop_id: shop.shop_id.clone(),
            target: target.into(),
            page_size: 500,
            ..Default::default()
        };
        let listed = self.audit.list_audit_entries(request).await.expect("listed").into_inner();
        listed.entries.into_iter().rev().map(|entry| entry.action).collect()
    }
}

pub(crate) fn config(url: &str, limits: Limits) -> Config {
    // On PostgreSQL other replicas are looked for, by a clock that tests move by months.
    let directory = DirectoryConfig { poll_interval_ms: POLL_INTERVAL_MS };
    Config { limits, directory, ..Config::at(DatabaseConfig::at(url)) }
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

/// A request to change these terms of a binding.
pub(crate) fn change_terms(
    binding: &proto::Binding,
    terms: proto::BindingTerms,
    paths: &[&str],
) -> proto::UpdateBindingRequest {
    proto::UpdateBindingRequest {
        shop_id: binding.shop_id.clone(),
        agent_id: binding.agent_id.clone(),
        terms: Some(terms),
        update_mask: mask(paths),
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
