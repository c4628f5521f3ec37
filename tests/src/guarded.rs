//! All three services behind one guarded port, with a key of our own: so a story can call as whomever it likes, and
//! call every RPC there is, also with bytes that no client would send.

pub mod answers;
pub mod furnish;
pub mod reads;
pub mod samples;
pub mod things;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use bytes::{Buf, BufMut, Bytes};
use fenliu_domain::access::{BuiltInRole, Caller, Permissions, Subject};
use fenliu_domain::ids::{AgentId, ServiceId, ShopId};
use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::accounts::v1::account_service_client::AccountServiceClient;
use fenliu_proto::accounts::v1::shop_service_client::ShopServiceClient;
use fenliu_proto::accounts::v1::{CreateShopRequest, CreateSubAccountRequest};
use fenliu_runtime::auth::Authenticator;
use fenliu_runtime::auth::token::{Claims, SigningKey};
use fenliu_runtime::channel::{Outgoing, TokenSource, connect_lazy};
use fenliu_runtime::clock::{Clock, VirtualClock};
use fenliu_runtime::lifecycle::{Drained, Lifecycle};
use fenliu_runtime::platform::Platform;
use fenliu_runtime::server::{ServeError, ServerConfig, ServerOptions, serve};
use fenliu_runtime::sql::DatabaseConfig;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::metadata::MetadataValue;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status, Streaming};

/// How long tokens of the stories are valid.
const TOKEN_LIFE: Span = Span::from_hours(1);
/// How long one call may take to be answered.
const CALL_LIMIT: Duration = Duration::from_secs(20);

/// When time stands still: noon of Monday, 2 March 2026, in Shanghai.
const STILL: Timestamp = Timestamp::from_micros_clamped(1_772_424_000_000_000);

fn in_memory(_service: &str) -> DatabaseConfig {
    DatabaseConfig::at("sqlite::memory:")
}

/// The services, and the key their tokens are signed with.
#[derive(Debug)]
pub struct Guarded {
    address: SocketAddr,
    channel: Channel,
    /// Signs what the server takes for valid.
    pub key: SigningKey,
    /// What time it is there.
    pub now: Timestamp,
    /// Moves the time, where it does not move by itself.
    clock: Option<VirtualClock>,
    lifecycle: Lifecycle,
    served: Option<JoinHandle<Result<Drained, ServeError>>>,
}

/// A shop with a main account and an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// The shop.
    pub shop: ShopId,
    /// Its main account.
    pub owner: AgentId,
    /// One of its agents.
    pub agent: AgentId,
    /// Another one.
    pub colleague: AgentId,
}

impl Guarded {
    /// Starts everything on stores that live in memory.
    ///
    /// # Errors
    /// When a service cannot be started.
    pub async fn start() -> anyhow::Result<Self> {
        let lifecycle = Lifecycle::new();
        Self::start_on(in_memory, Platform::system(lifecycle.clone()), lifecycle).await
    }

    /// The same, in a world whose time stands still: so nothing happens there but what is asked for, and two equal
    /// questions have equal answers.
    ///
    /// # Errors
    /// When a service cannot be started.
    pub async fn start_still() -> anyhow::Result<Self> {
        let (clock, lifecycle) = (VirtualClock::new(STILL), Lifecycle::new());
        let platform = Platform::simulated(&clock, 1, lifecycle.clone());
        let mut guarded = Self::start_on(in_memory, platform, lifecycle).await?;
        guarded.clock = Some(clock);
        Ok(guarded)
    }

    /// Starts everything on stores of its own in a directory.
    ///
    /// # Errors
    /// When a service cannot be started.
    pub async fn start_in(directory: &Path) -> anyhow::Result<Self> {
        let file = |service: &str| directory.join(format!("{service}.db"));
        let store = |service: &str| DatabaseConfig::at(format!("sqlite://{}", file(service).display()));
        let lifecycle = Lifecycle::new();
        Self::start_on(store, Platform::system(lifecycle.clone()), lifecycle).await
    }

    async fn start_on(
        store: impl Fn(&str) -> DatabaseConfig,
        platform: Platform,
        lifecycle: Lifecycle,
    ) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let now = platform.clock.now();
        let key = SigningKey { kid: "story".to_owned(), seed: platform.ids.next_key() };
        let auth = Authenticator::new(platform.clock.clone());
        auth.set_keys(vec![key.public()]);
        let channel = Endpoint::from_shared(format!("http://{address}"))?.timeout(CALL_LIMIT).connect_lazy();
        let mut guarded =
            Self { address, channel, key, now, clock: None, lifecycle: lifecycle.clone(), served: None };
        let inside = guarded.outgoing(&guarded.token(&guarded.platform(Permissions::all())))?;
        let accounts = fenliu_accounts::Config::at(store("accounts"));
        let dispatch = fenliu_dispatch::Config::at(store("dispatch"));
        let analytics = fenliu_analytics::Config::at(store("analytics"));
        let services = vec![
            fenliu_accounts::start(accounts, platform.clone(), Some(inside.clone())).await?.service,
            fenliu_dispatch::start(dispatch, platform.clone(), inside.clone(), Some(inside.clone())).await?,
            fenliu_analytics::start(analytics, platform, inside.clone(), inside).await?,
        ];
        let options = ServerOptions {
            config: ServerConfig::default(),
            descriptor_set: fenliu_proto::DESCRIPTOR_SET,
            refuse: fenliu_proto::status::refusal,
            lifecycle,
            auth,
        };
        guarded.served = Some(tokio::spawn(serve(listener, services, options)));
        Ok(guarded)
    }

    /// Moves a time that stands still on by a second.
    async fn nudge(&self) {
        self.pass(Span::from_secs(1)).await;
    }

    /// Moves a time that stands still on; where it moves by itself, nothing happens. Tokens last an hour.
    pub async fn pass(&self, span: Span) {
        if let Some(clock) = &self.clock {
            clock.advance_to(clock.now() + span).await;
        }
    }

    /// Ends everything, and waits until it has ended.
    ///
    /// # Errors
    /// When the server failed.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.lifecycle.soft().cancel();
        if let Some(served) = self.served.take() {
            served.await??;
        }
        Ok(())
    }

    /// A shop with its people, made by the platform.
    ///
    /// # Errors
    /// When accounts refuses.
    pub async fn tenant(&self, name: &str) -> anyhow::Result<Tenant> {
        let platform = self.outgoing(&self.token(&self.platform(Permissions::all())))?;
        let request = CreateShopRequest {
            display_name: format!("shop of {name}"),
            main_account_login_name: name.to_owned(),
            ..CreateShopRequest::default()
        };
        let opened = ShopServiceClient::new(platform.clone()).create_shop(request).await?.into_inner();
        let shop = opened.shop.context("no shop")?;
        let hire = async |login_name: String| {
            let request = CreateSubAccountRequest {
                shop_id: shop.shop_id.clone(),
                login_name,
                ..CreateSubAccountRequest::default()
            };
            let created = AccountServiceClient::new(platform.clone()).create_sub_account(request).await?;
            let created = created.into_inner().sub_account.context("no account")?;
            anyhow::Ok(created.agent_id.parse()?)
        };
        Ok(Tenant {
            shop: shop.shop_id.parse()?,
            owner: shop.main_account_id.parse()?,
            agent: hire(format!("agent of {name}")).await?,
            colleague: hire(format!("colleague of {name}")).await?,
        })
    }

    /// An account of a shop with a built-in role.
    #[must_use]
    pub fn with_role(&self, shop: ShopId, agent: AgentId, role: BuiltInRole) -> Caller {
        Caller {
            subject: Subject::Agent(agent),
            shop: Some(shop),
            permissions: role.permissions(),
            version: 1_000,
            expires: self.now + TOKEN_LIFE,
        }
    }

    /// A program of a shop.
    #[must_use]
    pub fn program(&self, shop: ShopId, permissions: Permissions) -> Caller {
        Caller { shop: Some(shop), ..self.platform(permissions) }
    }

    /// A program of the platform.
    #[must_use]
    pub fn platform(&self, permissions: Permissions) -> Caller {
        Caller {
            subject: Subject::Service(ServiceId::from_bits(1)),
            shop: None,
            permissions,
            version: 1,
            expires: self.now + TOKEN_LIFE,
        }
    }

    /// A valid token of this caller.
    #[must_use]
    pub fn token(&self, caller: &Caller) -> String {
        self.key.sign(&Claims { caller: caller.clone(), issued: self.now })
    }

    /// A channel that presents this token.
    ///
    /// # Errors
    /// When it cannot be presented.
    pub fn outgoing(&self, token: &str) -> anyhow::Result<Outgoing> {
        let channel = connect_lazy(format!("http://{}", self.address).parse()?);
        Ok(channel.with_token(TokenSource::fixed(token)?))
    }

    /// Calls an RPC with the bytes of a request, and hears how the call begins: its answers, or a refusal.
    ///
    /// # Errors
    /// The refusal.
    pub async fn call(
        &self,
        path: &str,
        token: Option<&str>,
        message: Vec<u8>,
    ) -> Result<Streaming<Bytes>, Status> {
        let mut request = Request::new(futures::stream::iter([Bytes::from(message)]));
        if let Some(token) = token {
            let value: MetadataValue<_> =
                format!("Bearer {token}").parse().map_err(|_| Status::internal("no header value"))?;
            request.metadata_mut().insert("authorization", value);
        }
        let path: PathAndQuery = path.parse().map_err(|_| Status::internal("no path"))?;
        let mut client = Grpc::new(self.channel.clone());
        client.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        Ok(client.streaming(request, path, RawCodec).await?.into_inner())
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.lifecycle.soft().cancel();
    }
}

/// Messages as the bytes they are.
#[derive(Clone, Copy, Debug, Default)]
struct RawCodec;

impl Codec for RawCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for RawCodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for RawCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
