//! Who is cut off: accounts and dispatch as two servers that know each other over the wire alone, on a clock that
//! stands still, so that nothing that happens here waits for time to pass.

use std::net::SocketAddr;
use std::time::Duration;

use fenliu_accounts::config::AuthConfig;
use fenliu_domain::access::Permissions;
use fenliu_domain::problem::Reason;
use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::accounts::v1 as accounts;
use fenliu_proto::accounts::v1::account_service_client::AccountServiceClient;
use fenliu_proto::accounts::v1::auth_service_client::AuthServiceClient;
use fenliu_proto::accounts::v1::binding_service_client::BindingServiceClient;
use fenliu_proto::accounts::v1::sanction_service_client::SanctionServiceClient;
use fenliu_proto::accounts::v1::shop_service_client::ShopServiceClient;
use fenliu_proto::common::v1::Presence;
use fenliu_proto::dispatch::v1 as dispatch;
use fenliu_proto::dispatch::v1::Availability;
use fenliu_proto::dispatch::v1::inbox_service_client::InboxServiceClient;
use fenliu_proto::dispatch::v1::presence_service_client::PresenceServiceClient;
use fenliu_proto::status::{reason_of, refusal};
use fenliu_runtime::channel::{Outgoing, TokenSource, connect_lazy};
use fenliu_runtime::clock::{Clock, VirtualClock};
use fenliu_runtime::lifecycle::Lifecycle;
use fenliu_runtime::platform::Platform;
use fenliu_runtime::server::{ServerConfig, ServerOptions, Service, serve};
use fenliu_runtime::sql::DatabaseConfig;
use tokio::net::TcpListener;
use tonic::Streaming;

/// 2026-03-01T00:00:00Z.
const START: Timestamp = Timestamp::from_micros_clamped(1_772_323_200_000_000);
/// How long news may take by the wall, on a machine that is busy with other tests.
const LIMIT: Duration = Duration::from_secs(30);
/// How long one look may take until the clock is moved on for whoever waits by it to try again.
const LOOK: Duration = Duration::from_secs(3);
const PASSWORD: &str = "teapot-over-kettle";
const NEXT_PASSWORD: &str = "vR7!pond-lamp";

/// Accounts with one shop, and dispatch.
struct Apart {
    clock: VirtualClock,
    accounts: Outgoing,
    dispatch: Outgoing,
    admin: String,
    shop_id: String,
    /// Both end with it.
    lifecycles: [Lifecycle; 2],
}

/// Somebody who is signed in, and follows her inbox.
struct Worker {
    agent_id: String,
    token: String,
    inbox: Streaming<dispatch::WatchInboxResponse>,
}

impl Apart {
    async fn open() -> Self {
        let clock = VirtualClock::new(START);
        let lifecycles = [Lifecycle::new(), Lifecycle::new()];
        let [here, there] =
            [1, 2].map(|seed| Platform::simulated(&clock, seed, lifecycles[usize::from(seed == 2)].clone()));
        let auth = AuthConfig { password_memory_kib: 8, password_passes: 1, ..AuthConfig::default() };
        let store = DatabaseConfig::at("sqlite::memory:");
        let config = fenliu_accounts::Config { auth, ..fenliu_accounts::Config::at(store.clone()) };
        let started = fenliu_accounts::start(config, here.clone(), None).await.expect("accounts start");
        let admin = started.issuer.internal("the tests' admin", Permissions::all()).await.expect("a token");
        let accounts = channel(listen(started.service, &here).await);
        let known = showing(&accounts, &admin);
        there.lifecycle.spawn(fenliu_trust::follow(known.clone(), there.clone(), None));
        let service =
            fenliu_dispatch::start(fenliu_dispatch::Config::at(store), there.clone(), known.clone(), None);
        let dispatch = channel(listen(service.await.expect("dispatch starts"), &there).await);
        let request = accounts::CreateShopRequest {
            display_name: "Tea House".into(),
            main_account_login_name: "owner".into(),
            ..Default::default()
        };
        let opened = ShopServiceClient::new(known).create_shop(request).await.expect("opened").into_inner();
        let shop_id = opened.shop.expect("the answer holds the shop").shop_id;
        Self { clock, accounts, dispatch, admin, shop_id, lifecycles }
    }

    /// Somebody who works for the shop, is signed in, and follows her inbox at dispatch.
    async fn worker(&self, name: &str) -> Worker {
        let request = accounts::CreateSubAccountRequest {
            shop_id: self.shop_id.clone(),
            login_name: name.into(),
            password: PASSWORD.into(),
            ..Default::default()
        };
        let created = AccountServiceClient::new(self.administered()).create_sub_account(request).await;
        let agent_id = created.expect("created").into_inner().sub_account.expect("she is there").agent_id;
        let token = self.login(name, PASSWORD).await;
        let request = dispatch::WatchInboxRequest {
            shop_id: self.shop_id.clone(),
            agent_id: agent_id.clone(),
            after_position: None,
        };
        let mut inboxes = InboxServiceClient::new(showing(&self.dispatch, &token));
        let inbox = self.at_last(async || inboxes.watch_inbox(request.clone()).await.ok()).await.into_inner();
        Worker { agent_id, token, inbox }
    }

    async fn login(&self, name: &str, password: &str) -> String {
        let request = accounts::LoginRequest {
            login_name: name.into(),
            password: password.into(),
            ..Default::default()
        };
        let answer = AuthServiceClient::new(self.accounts.clone()).login(request).await.expect("signed in");
        answer.into_inner().tokens.expect("tokens").access_token
    }

    fn administered(&self) -> Outgoing {
        showing(&self.accounts, &self.admin)
    }

    /// Waits until something is there. Whoever has lost the other server for a moment waits by the clock, which then
    /// must go on.
    async fn at_last<T>(&self, mut look: impl AsyncFnMut() -> Option<T>) -> T {
        let found = async {
            loop {
                let found = async {
                    loop {
                        if let Some(found) = look().await {
                            return found;
                        }
                        tokio::task::yield_now().await;
                    }
                };
                if let Ok(found) = tokio::time::timeout(LOOK, found).await {
                    return found;
                }
                self.clock.advance_to(self.clock.now() + Span::from_secs(1)).await;
            }
        };
        tokio::time::timeout(LIMIT, found).await.expect("it comes within a bounded time")
    }

    /// An agent on the board of dispatch.
    async fn on_board(&self, worker: &Worker) -> Option<dispatch::Agent> {
        let (shop_id, agent_id) = (self.shop_id.clone(), worker.agent_id.clone());
        let mut presence = PresenceServiceClient::new(showing(&self.dispatch, &self.admin));
        let read = presence.get_agent(dispatch::GetAgentRequest { shop_id, agent_id }).await.ok()?;
        read.into_inner().agent
    }

    async fn set_online(&self, worker: &Worker) {
        let request = dispatch::SetPresenceRequest {
            shop_id: self.shop_id.clone(),
            agent_id: worker.agent_id.clone(),
            presence: Presence::Online.into(),
            ..Default::default()
        };
        let mut presence = PresenceServiceClient::new(showing(&self.dispatch, &worker.token));
        self.at_last(async || presence.set_presence(request.clone()).await.ok()).await;
    }

    async fn ban(&self, agent_id: &str) {
        let request = accounts::BanAgentRequest {
            shop_id: self.shop_id.clone(),
            agent_id: agent_id.into(),
            reason: "fraud".into(),
            ..Default::default()
        };
        SanctionServiceClient::new(self.administered()).ban_agent(request).await.expect("banned");
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        for lifecycle in &self.lifecycles {
            lifecycle.soft().cancel();
        }
    }
}

impl Worker {
    /// Waits until her inbox ends, and says why.
    async fn cut_off(&mut self) -> Option<Reason> {
        let end = async {
            loop {
                match self.inbox.message().await {
                    Ok(Some(_)) => {}
                    Ok(None) => panic!("the stream ends without a reason"),
                    Err(status) => return reason_of(&status),
                }
            }
        };
        tokio::time::timeout(LIMIT, end).await.expect("she is cut off")
    }
}

/// Serves a service on a free port, until its platform drains.
async fn listen(service: Service, platform: &Platform) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("the port");
    let options = ServerOptions {
        config: ServerConfig { default_deadline_ms: 60_000, ..ServerConfig::default() },
        descriptor_set: fenliu_proto::DESCRIPTOR_SET,
        refuse: refusal,
        lifecycle: platform.lifecycle.clone(),
        auth: platform.auth.clone(),
    };
    tokio::spawn(serve(listener, vec![service], options));
    address
}

fn channel(address: SocketAddr) -> Outgoing {
    connect_lazy(format!("http://{address}").parse().expect("a URI"))
}

fn showing(channel: &Outgoing, token: &str) -> Outgoing {
    channel.clone().with_token(TokenSource::fixed(token).expect("a token"))
}

/// Cuts somebody off by `cause`, and checks that her inbox and her token are over at once.
async fn check(apart: &Apart, name: &str, cause: impl AsyncFnOnce(&Worker)) {
    let (mut worker, other) = (apart.worker(name).await, apart.worker(&format!("{name}'s colleague")).await);
    let began = apart.clock.now();
    cause(&worker).await;
    assert_eq!(worker.cut_off().await, Some(Reason::TokenRevoked), "{name}");
    assert_eq!(apart.clock.now(), began, "no time had to pass");
    let request =
        dispatch::GetAgentRequest { shop_id: apart.shop_id.clone(), agent_id: worker.agent_id.clone() };
    let mut presence = PresenceServiceClient::new(showing(&apart.dispatch, &worker.token));
    let refused = presence.get_agent(request.clone()).await.expect_err("her token is void");
    assert_eq!(reason_of(&refused), Some(Reason::TokenRevoked), "{name}");
    let mut presence = PresenceServiceClient::new(showing(&apart.dispatch, &other.token));
    presence.get_agent(request).await.expect("nobody else is cut off");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_inbox_at_dispatch_ends_when_its_account_is_disabled_banned_or_given_another_role_or_password() {
    let apart = Apart::open().await;
    let shop_id = apart.shop_id.clone();
    check(&apart, "disabled", async |worker| {
        let request = accounts::DisableSubAccountRequest {
            shop_id: shop_id.clone(),
            agent_id: worker.agent_id.clone(),
            ..Default::default()
        };
        let mut people = AccountServiceClient::new(apart.administered());
        people.disable_sub_account(request).await.expect("disabled");
    })
    .await;
    check(&apart, "banned", async |worker| apart.ban(&worker.agent_id).await).await;
    check(&apart, "promoted", async |worker| {
        let request = accounts::UpdateBindingRequest {
            shop_id: shop_id.clone(),
            agent_id: worker.agent_id.clone(),
            terms: Some(accounts::BindingTerms { roles: vec!["supervisor".into()], ..Default::default() }),
            update_mask: Some(prost_types::FieldMask { paths: vec!["roles".into()] }),
            ..Default::default()
        };
        BindingServiceClient::new(apart.administered()).update_binding(request).await.expect("promoted");
    })
    .await;
    check(&apart, "careful", async |worker| {
        let request = accounts::ChangePasswordRequest {
            old_password: PASSWORD.into(),
            new_password: NEXT_PASSWORD.into(),
            ..Default::default()
        };
        let mut people = AccountServiceClient::new(showing(&apart.accounts, &worker.token));
        people.change_password(request).await.expect("changed");
    })
    .await;
    check(&apart, "forgetful", async |worker| {
        let request = accounts::ResetPasswordRequest {
            shop_id: shop_id.clone(),
            agent_id: worker.agent_id.clone(),
            new_password: NEXT_PASSWORD.into(),
            ..Default::default()
        };
        AccountServiceClient::new(apart.administered()).reset_password(request).await.expect("reset");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mute_and_a_ban_reach_dispatch_through_the_directory_without_any_wait() {
    let apart = Apart::open().await;
    let worker = apart.worker("ann").await;
    apart.set_online(&worker).await;
    let until = async |availability: Availability| {
        let shown = async || {
            let agent = apart.on_board(&worker).await;
            agent.filter(|agent| agent.availability() == availability)
        };
        apart.at_last(shown).await;
    };
    until(Availability::Ready).await;
    let began = apart.clock.now();
    let mute = accounts::MuteAgentRequest {
        shop_id: apart.shop_id.clone(),
        agent_id: worker.agent_id.clone(),
        reason: "rude words".into(),
        ..Default::default()
    };
    let mut sanctions = SanctionServiceClient::new(apart.administered());
    let muted = sanctions.mute_agent(mute).await.expect("muted").into_inner().sanction.expect("the mute");
    until(Availability::Muted).await;
    let lift = accounts::LiftSanctionRequest {
        shop_id: apart.shop_id.clone(),
        sanction_id: muted.sanction_id,
        reason: "she apologised".into(),
        ..Default::default()
    };
    sanctions.lift_sanction(lift).await.expect("lifted");
    until(Availability::Ready).await;
    apart.ban(&worker.agent_id).await;
    until(Availability::Banned).await;
    assert_eq!(apart.clock.now(), began, "no time had to pass");
}
