//! A running service that asks who calls, with passwords that cost little.

use std::path::Path;
use std::time::Duration;

use fenliu_accounts::config::{AuthConfig, Limits};
use fenliu_accounts::{Config, Evaluations, Issuer};
use fenliu_domain::access::Permissions;
use fenliu_domain::problem::Reason;
use fenliu_domain::time::Span;
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::accounts::v1::account_service_client::AccountServiceClient;
use fenliu_proto::accounts::v1::audit_service_client::AuditServiceClient;
use fenliu_proto::accounts::v1::auth_service_client::AuthServiceClient;
use fenliu_proto::accounts::v1::binding_service_client::BindingServiceClient;
use fenliu_proto::accounts::v1::roster_service_client::RosterServiceClient;
use fenliu_proto::accounts::v1::sanction_service_client::SanctionServiceClient;
use fenliu_proto::accounts::v1::shop_service_client::ShopServiceClient;
use fenliu_proto::status::{reason_of, refusal};
use fenliu_runtime::channel::{Outgoing, TokenSource, connect_lazy};
use fenliu_runtime::clock::{Clock, VirtualClock};
use fenliu_runtime::lifecycle::{Drained, Lifecycle};
use fenliu_runtime::platform::Platform;
use fenliu_runtime::server::{ServerConfig, ServerOptions, serve};
use fenliu_runtime::sql::ScratchDatabase;
use sea_orm::ConnectionTrait;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tonic::{Response, Status};

use crate::house::{START, config, new_agent, new_shop};

/// How long news may take to travel within a process.
const LIMIT: Duration = Duration::from_secs(30);
/// A password that nobody refuses.
pub(crate) const PASSWORD: &str = "teapot-over-kettle";

/// The service of one database, and what its process holds.
pub(crate) struct Guarded {
    pub(crate) clock: VirtualClock,
    pub(crate) evaluations: Evaluations,
    pub(crate) issuer: Issuer,
    /// A token with every permission.
    pub(crate) admin: String,
    channel: Outgoing,
    lifecycle: Lifecycle,
    server: JoinHandle<Drained>,
    data: ScratchDatabase,
    starts: u64,
}

/// What must come within a bounded time.
pub(crate) async fn within<F: Future>(wait: F) -> F::Output {
    tokio::time::timeout(LIMIT, wait).await.expect("it comes within a bounded time")
}

/// What hashing costs in tests, so many times.
pub(crate) fn cheap(passes: u32) -> AuthConfig {
    AuthConfig { password_memory_kib: 8, password_passes: passes, ..AuthConfig::default() }
}

impl Guarded {
    pub(crate) async fn open() -> Self {
        Self::start(ScratchDatabase::create("accounts").await, VirtualClock::new(START), cheap(1), 1).await
    }

    async fn start(data: ScratchDatabase, clock: VirtualClock, auth: AuthConfig, starts: u64) -> Self {
        let lifecycle = Lifecycle::new();
        let platform = Platform::simulated(&clock, starts, lifecycle.clone());
        let authenticator = platform.auth.clone();
        let config = Config { auth, ..config(&data.url, Limits::default()) };
        let started = fenliu_accounts::start(config, platform, None).await.expect("the service starts");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("the port");
        let options = ServerOptions {
            config: ServerConfig { default_deadline_ms: 60_000, ..ServerConfig::default() },
            descriptor_set: fenliu_proto::DESCRIPTOR_SET,
            refuse: refusal,
            lifecycle: lifecycle.clone(),
            auth: authenticator,
        };
        let service = started.service;
        let server = tokio::spawn(async move {
            serve(listener, vec![service], options).await.expect("the server serves until it drains")
        });
        let admin = started.issuer.internal("the tests' admin", Permissions::all()).await.expect("a token");
        let channel = connect_lazy(format!("http://{address}").parse().expect("a URI"));
        let (evaluations, issuer) = (started.evaluations, started.issuer);
        Self { clock, evaluations, issuer, admin, channel, lifecycle, server, data, starts }
    }

    /// The same house in another process, with passwords that cost so many passes.
    pub(crate) async fn restart(self, passes: u32) -> Self {
        let (data, clock, starts) = self.close().await;
        Self::start(data, clock, cheap(passes), starts + 1).await
    }

    /// The same database, after the process has ended.
    async fn close(self) -> (ScratchDatabase, VirtualClock, u64) {
        let Self { clock, channel, lifecycle, server, data, starts, .. } = self;
        // A server drains when its clients have hung up.
        drop(channel);
        lifecycle.soft().cancel();
        server.await.expect("the server ends");
        (data, clock, starts)
    }

    /// The key sets of two replicas that begin at the same time, on a schema without a key.
    pub(crate) async fn two_at_once() -> [Vec<proto::JsonWebKey>; 2] {
        let (data, clock, _) = Self::open().await.close().await;
        let database = sea_orm::Database::connect(&data.url).await.expect("the database");
        database.execute_unprepared("DELETE FROM signing_key").await.expect("no key is left");
        let start = |seed| Self::start(data.shared(), clock.clone(), cheap(1), seed);
        let (first, second) = tokio::join!(start(2), start(3));
        [first.keys().await, second.keys().await]
    }

    /// Lets time pass.
    pub(crate) async fn pass(&self, span: Span) {
        self.clock.advance_to(self.clock.now() + span).await;
    }

    /// A channel whose calls show this token; an empty one is not shown.
    fn showing(&self, token: &str) -> Outgoing {
        match token {
            "" => self.channel.clone(),
            token => self.channel.clone().with_token(TokenSource::fixed(token).expect("a token")),
        }
    }

    pub(crate) fn auth(&self, token: &str) -> AuthServiceClient<Outgoing> {
        AuthServiceClient::new(self.showing(token))
    }

    pub(crate) fn accounts(&self, token: &str) -> AccountServiceClient<Outgoing> {
        AccountServiceClient::new(self.showing(token))
    }

    pub(crate) fn bindings(&self, token: &str) -> BindingServiceClient<Outgoing> {
        BindingServiceClient::new(self.showing(token))
    }

    pub(crate) fn rosters(&self, token: &str) -> RosterServiceClient<Outgoing> {
        RosterServiceClient::new(self.showing(token))
    }

    pub(crate) fn sanctions(&self, token: &str) -> SanctionServiceClient<Outgoing> {
        SanctionServiceClient::new(self.showing(token))
    }

    pub(crate) fn audit(&self, token: &str) -> AuditServiceClient<Outgoing> {
        AuditServiceClient::new(self.showing(token))
    }

    /// What the log of a shop, or that of the platform, has of a target, oldest first.
    pub(crate) async fn done_to(&self, shop_id: &str, target: &str) -> Vec<proto::AuditEntry> {
        let request = proto::ListAuditEntriesRequest {
            shop_id: shop_id.into(),
            target: target.into(),
            page_size: 500,
            ..Default::default()
        };
        let listed = self.audit(&self.admin).list_audit_entries(request).await.expect("listed").into_inner();
        listed.entries.into_iter().rev().collect()
    }

    /// Binds an account to another shop than its home, as an agent.
    pub(crate) async fn bind(&self, agent: &proto::SubAccount, shop: &proto::Shop) {
        let mut bindings = self.bindings(&self.admin);
        let request = proto::CreateBindingCodeRequest {
            shop_id: agent.shop_id.clone(),
            agent_id: agent.agent_id.clone(),
            ..Default::default()
        };
        let code = bindings.create_binding_code(request).await.expect("a code").into_inner().binding_code;
        let request = proto::BindAgentRequest {
            shop_id: shop.shop_id.clone(),
            binding_code: code,
            ..Default::default()
        };
        bindings.bind_agent(request).await.expect("bound");
    }

    /// A shop whose owner signs in with this name and [`PASSWORD`].
    pub(crate) async fn shop(&self, owner: &str) -> proto::Shop {
        let request = proto::CreateShopRequest { main_account_password: PASSWORD.into(), ..new_shop(owner) };
        let created = ShopServiceClient::new(self.showing(&self.admin)).create_shop(request).await;
        created.expect("the shop is created").into_inner().shop.expect("the answer holds the shop")
    }

    /// A sub-account that signs in with this name and [`PASSWORD`].
    pub(crate) async fn agent(&self, shop: &proto::Shop, name: &str) -> proto::SubAccount {
        let request = proto::CreateSubAccountRequest { password: PASSWORD.into(), ..new_agent(shop, name) };
        let created = self.accounts(&self.admin).create_sub_account(request).await;
        created.expect("the account is created").into_inner().sub_account.expect("the answer holds it")
    }

    /// An attempt to sign in at home.
    pub(crate) async fn try_login(
        &self,
        name: &str,
        password: &str,
    ) -> Result<Response<proto::LoginResponse>, Status> {
        let request =
            proto::LoginRequest { login_name: name.into(), password: password.into(), ..Default::default() };
        self.auth("").login(request).await
    }

    /// The tokens of somebody with [`PASSWORD`].
    pub(crate) async fn login(&self, name: &str) -> proto::Tokens {
        let answer = self.try_login(name, PASSWORD).await.expect("the name and the password are right");
        answer.into_inner().tokens.expect("the answer holds tokens")
    }

    /// An attempt to trade a refresh token.
    pub(crate) async fn refresh(&self, token: &str) -> Result<Response<proto::RefreshResponse>, Status> {
        self.auth("")
            .refresh(proto::RefreshRequest { refresh_token: token.into(), ..Default::default() })
            .await
    }

    /// Disables or enables an account, as the admin.
    pub(crate) async fn enable(&self, agent: &proto::SubAccount, enabled: bool) {
        let (shop_id, agent_id) = (agent.shop_id.clone(), agent.agent_id.clone());
        let mut accounts = self.accounts(&self.admin);
        let request_id = String::new();
        if enabled {
            let request = proto::EnableSubAccountRequest { request_id, shop_id, agent_id };
            accounts.enable_sub_account(request).await.expect("it is enabled");
        } else {
            let request = proto::DisableSubAccountRequest { request_id, shop_id, agent_id };
            accounts.disable_sub_account(request).await.expect("it is disabled");
        }
    }

    pub(crate) async fn keys(&self) -> Vec<proto::JsonWebKey> {
        let keys = self.auth("").get_key_set(proto::GetKeySetRequest {}).await;
        keys.expect("anybody may ask").into_inner().keys
    }

    /// Whom a token speaks for.
    pub(crate) async fn caller(&self, token: &str) -> Result<Response<proto::GetCallerResponse>, Status> {
        self.auth(token).get_caller(proto::GetCallerRequest {}).await
    }

    /// Waits until a token is refused for this reason.
    pub(crate) async fn refused_at_last(&self, token: &str, reason: Reason) {
        let refused = async {
            loop {
                let answer = self.caller(token).await;
                if answer.is_err_and(|status| reason_of(&status) == Some(reason)) {
                    return;
                }
            }
        };
        within(refused).await;
    }

    /// Makes sure of a bootstrap file, and gives the token in it.
    pub(crate) async fn bootstrap(&self, file: &Path) -> String {
        self.issuer.bootstrap(file).await.expect("the file can be written");
        std::fs::read_to_string(file).expect("the file is there").trim().to_owned()
    }
}
