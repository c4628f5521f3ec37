//! A running service with its clients, and short ways to say what a test wants.
//!
//! The database is a SQLite file, or, when `FENLIU_TEST_POSTGRES` holds the URL of a PostgreSQL whose user may
//! create databases, a new database there for each house. Live desks are in the process, or, when `FENLIU_TEST_REDIS` is
//! set, in a Redis of each house's own. So one suite proves all of them.

use std::net::SocketAddr;
use std::time::Duration;

use fenliu_dispatch::Config;
use fenliu_domain::time::{Span, Timestamp};
use fenliu_live::ScratchRedis;
use fenliu_proto::accounts::v1::DirectoryAgent;
use fenliu_proto::accounts::v1::directory_entry::Entry;
use fenliu_proto::common::v1::Presence;
use fenliu_proto::dispatch::v1 as proto;
use fenliu_proto::dispatch::v1::board_service_client::BoardServiceClient;
use fenliu_proto::dispatch::v1::conversation_service_client::ConversationServiceClient;
use fenliu_proto::dispatch::v1::history_service_client::HistoryServiceClient;
use fenliu_proto::dispatch::v1::inbox_service_client::InboxServiceClient;
use fenliu_proto::dispatch::v1::policy_service_client::PolicyServiceClient;
use fenliu_proto::dispatch::v1::presence_service_client::PresenceServiceClient;
use fenliu_proto::dispatch::v1::queue_service_client::QueueServiceClient;
use fenliu_proto::dispatch::v1::reception_service_client::ReceptionServiceClient;
use fenliu_proto::dispatch::v1::routing_service_client::RoutingServiceClient;
use fenliu_proto::history::v1 as history;
use fenliu_proto::status::refusal;
use fenliu_runtime::channel::connect_lazy;
use fenliu_runtime::clock::{Clock, VirtualClock};
use fenliu_runtime::lifecycle::{Drained, Lifecycle};
use fenliu_runtime::platform::Platform;
use fenliu_runtime::server::{ServerConfig, ServerOptions, serve};
use fenliu_runtime::sql::{DatabaseConfig, ScratchDatabase};
use sea_orm::DatabaseConnection;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tonic::transport::{Channel, Endpoint};

use super::directory::Directory;
use super::words::{close, message, reply, set_presence};

/// 2026-03-01T00:00:00Z.
pub(crate) const START: Timestamp = Timestamp::from_micros_clamped(1_772_323_200_000_000);
/// How long something that must come true may take by the wall.
const PATIENCE: Duration = Duration::from_secs(20);
/// After so long without news the directory counts as lost.
const LOST_AFTER: Duration = Duration::from_secs(3);

/// The clients of one server.
#[derive(Clone)]
pub(crate) struct Clients {
    pub(crate) presence: PresenceServiceClient<Channel>,
    pub(crate) reception: ReceptionServiceClient<Channel>,
    pub(crate) conversations: ConversationServiceClient<Channel>,
    pub(crate) queue: QueueServiceClient<Channel>,
    pub(crate) board: BoardServiceClient<Channel>,
    pub(crate) inbox: InboxServiceClient<Channel>,
    pub(crate) history: HistoryServiceClient<Channel>,
    pub(crate) policy: PolicyServiceClient<Channel>,
    pub(crate) routing: RoutingServiceClient<Channel>,
}

/// The service of one database, its clients and its directory.
pub(crate) struct House {
    pub(crate) to: Clients,
    pub(crate) directory: Directory,
    pub(crate) clock: VirtualClock,
    pub(crate) redis: Option<ScratchRedis>,
    replicas: Vec<Replica>,
    pub(crate) data: ScratchDatabase,
    interval_ms: u32,
    /// Events of a range of the history.
    range_events: u32,
    /// Where scores are told, if anywhere.
    analytics: Option<SocketAddr>,
    starts: u64,
}

/// One process of the service, were it not in the test's own.
struct Replica {
    lifecycle: Lifecycle,
    server: JoinHandle<Drained>,
}

impl Replica {
    /// Ends it as a signal does. It drains when its clients have hung up.
    async fn end(self) {
        self.lifecycle.soft().cancel();
        assert_eq!(self.server.await.expect("the server ends"), Drained::Clean, "nothing had to be cut");
        assert!(!self.lifecycle.failed(), "no background task panicked");
    }
}

/// Everything of a shop that can be asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Everything {
    pub(crate) agents: Vec<proto::Agent>,
    pub(crate) queue: proto::Queue,
    pub(crate) conversations: Vec<proto::Conversation>,
    pub(crate) events: Vec<proto::StoredEvent>,
    pub(crate) policy: proto::GetPolicyResponse,
}

fn redis_is_wanted() -> bool {
    std::env::var_os("FENLIU_TEST_REDIS").is_some()
}

impl House {
    /// A service that sweeps every quarter of a second; every second where each sweep asks a Redis.
    pub(crate) async fn open() -> Self {
        Self::sweeping_every(if redis_is_wanted() { 1_000 } else { 250 }).await
    }

    /// The same, sweeping so often, so that a day passes quickly.
    pub(crate) async fn sweeping_every(interval_ms: u32) -> Self {
        let redis = if redis_is_wanted() { Some(ScratchRedis::start(&[]).await) } else { None };
        Self::of(redis, interval_ms, Config::at(DatabaseConfig::default()).history.range_events).await
    }

    /// One whose history lies in ranges of so many events.
    pub(crate) async fn with_ranges_of(range_events: u32) -> Self {
        let redis = if redis_is_wanted() { Some(ScratchRedis::start(&[]).await) } else { None };
        Self::of(redis, 1_000, range_events).await
    }

    /// One that shares a Redis with others.
    pub(crate) async fn sharing() -> Self {
        let range_events = Config::at(DatabaseConfig::default()).history.range_events;
        Self::of(Some(ScratchRedis::start(&[]).await), 250, range_events).await
    }

    async fn of(redis: Option<ScratchRedis>, interval_ms: u32, range_events: u32) -> Self {
        let (data, directory) = (ScratchDatabase::create("dispatch").await, Directory::open().await);
        let clock = VirtualClock::new(START);
        // Nobody listens there before the first replica does.
        let to = Clients::of(channel(SocketAddr::from(([127, 0, 0, 1], 1))));
        let mut house = Self {
            to,
            directory,
            clock,
            redis,
            replicas: Vec::new(),
            data,
            interval_ms,
            range_events,
            analytics: None,
            starts: 0,
        };
        house.to = house.another().await;
        house
    }

    /// How its services are configured.
    pub(crate) fn config(&self) -> Config {
        let mut config = Config::at(self.data.config());
        config.sweeper.interval_ms = self.interval_ms;
        config.history.range_events = self.range_events;
        config
    }

    /// Starts another replica on the same stores, and gives its clients.
    pub(crate) async fn another(&mut self) -> Clients {
        self.starts += 1;
        let lifecycle = Lifecycle::new();
        let platform = Platform::simulated(&self.clock, self.starts, lifecycle.clone())
            .with_page_tokens(fenliu_runtime::page::PageTokens::new([7; 32]));
        let auth = platform.auth.clone();
        let mut config = self.config();
        config.live.redis_url = self.redis.as_ref().map(ScratchRedis::url).unwrap_or_default();
        // The clock is the test's own.
        config.live.max_skew_ms = 0;
        let accounts = connect_lazy(format!("http://{}", self.directory.address).parse().expect("a URI"));
        let analytics = self
            .analytics
            .map(|address| connect_lazy(format!("http://{address}").parse().expect("an address is a URI")));
        let asleep = self.clock.sleepers();
        let service = fenliu_dispatch::start(config, platform, accounts, analytics).await;
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
        self.replicas.push(Replica { lifecycle, server });
        // The first sweep is over when the sweeper sleeps, and so does whoever waits for a directory that is lost;
        // before that, time would pass them by.
        let sleepers = asleep + 1 + usize::from(self.directory.is_lost());
        within(async {
            while self.clock.sleepers() < sleepers {
                tokio::task::yield_now().await;
            }
        })
        .await;
        Clients::of(channel(address))
    }

    /// The same house after its processes have ended and another one has begun.
    pub(crate) async fn restart(mut self) -> Self {
        self.to = Clients::of(channel(SocketAddr::from(([127, 0, 0, 1], 1))));
        for replica in self.replicas.drain(..) {
            replica.end().await;
        }
        self.to = self.another().await;
        self
    }

    /// The same house, following the scores that are told there.
    pub(crate) async fn restart_following(mut self, analytics: SocketAddr) -> Self {
        self.analytics = Some(analytics);
        self.restart().await
    }

    /// The same house on another database.
    pub(crate) async fn restart_on(mut self, data: ScratchDatabase) -> Self {
        // The one before is thrown away once nobody uses it.
        let before = std::mem::replace(&mut self.data, data);
        let house = self.restart().await;
        drop(before);
        house
    }

    /// Begins to shut down.
    pub(crate) fn drain(&self) {
        for replica in &self.replicas {
            replica.lifecycle.soft().cancel();
        }
    }

    /// Lets time pass.
    pub(crate) async fn pass(&self, span: Span) {
        self.clock.advance_to(self.clock.now() + span).await;
    }

    /// A way into the store past the service.
    pub(crate) async fn store(&self) -> DatabaseConnection {
        sea_orm::Database::connect(&self.data.url).await.expect("the store can be opened once more")
    }

    /// A shop that the service knows.
    pub(crate) async fn shop(&mut self, number: u128) -> String {
        let shop = self.directory.shop(number);
        let request = proto::GetQueueRequest { shop_id: shop.clone() };
        let mut queue = self.to.queue.clone();
        self.until_told(async || queue.get_queue(request.clone()).await.is_ok()).await;
        shop
    }

    /// An agent that the service knows, not there yet.
    pub(crate) async fn agent(&mut self, shop: &str, number: u128, capacity: u32) -> String {
        let account = self.directory.account(shop, number, capacity);
        self.hire(shop, account).await
    }

    /// An agent of one group, who is online.
    pub(crate) async fn online_in(&mut self, shop: &str, number: u128, capacity: u32, group: &str) -> String {
        let mut account = self.directory.account(shop, number, capacity);
        account.groups = vec![group.to_owned()];
        let agent = self.hire(shop, account).await;
        self.set(shop, &agent, Presence::Online).await;
        agent
    }

    async fn hire(&mut self, shop: &str, account: DirectoryAgent) -> String {
        let agent = account.agent_id.clone();
        self.directory.tell(Entry::Agent(account));
        let request = proto::GetAgentRequest { shop_id: shop.into(), agent_id: agent.clone() };
        let mut presence = self.to.presence.clone();
        self.until_told(async || presence.get_agent(request.clone()).await.is_ok()).await;
        agent
    }

    /// Waits until the service knows what the directory tells. On a busy machine it may have lost the directory for a
    /// moment; it then waits by the clock of the test before it tries again, so that clock must go on.
    pub(crate) async fn until_told(&self, mut known: impl AsyncFnMut() -> bool) {
        within(async {
            loop {
                let told = async { while !known().await {} };
                if tokio::time::timeout(LOST_AFTER, told).await.is_ok() {
                    return;
                }
                self.pass(Span::from_secs(1)).await;
            }
        })
        .await;
    }

    /// An agent who is online.
    pub(crate) async fn online(&mut self, shop: &str, number: u128, capacity: u32) -> String {
        let agent = self.agent(shop, number, capacity).await;
        self.set(shop, &agent, Presence::Online).await;
        agent
    }

    pub(crate) async fn set(&mut self, shop: &str, agent: &str, presence: Presence) -> proto::Agent {
        let set = self.to.presence.set_presence(set_presence(shop, agent, presence)).await;
        set.expect("the presence is set").into_inner().agent.expect("the answer holds the agent")
    }

    pub(crate) async fn read_agent(&mut self, shop: &str, agent: &str) -> proto::Agent {
        let request = proto::GetAgentRequest { shop_id: shop.into(), agent_id: agent.into() };
        let read = self.to.presence.get_agent(request).await.expect("the agent is there");
        read.into_inner().agent.expect("the answer holds the agent")
    }

    pub(crate) async fn beat(&mut self, shop: &str, agent: &str) {
        let request = proto::HeartbeatRequest {
            shop_id: shop.into(),
            agent_id: agent.into(),
            session_id: "phone".into(),
        };
        self.to.presence.heartbeat(request).await.expect("the heartbeat is taken");
    }

    /// A buyer says something.
    pub(crate) async fn says(&mut self, shop: &str, buyer: &str) -> proto::ReceiveMessageResponse {
        let said = self.to.reception.receive_message(message(shop, buyer, "hello")).await;
        said.expect("the message is taken").into_inner()
    }

    /// An agent answers.
    pub(crate) async fn answers(&mut self, shop: &str, agent: &str, conversation: &str) {
        let sent = self.to.conversations.reply(reply(shop, agent, conversation, "hello")).await;
        sent.expect("the reply is sent");
    }

    /// The buyer ends a conversation.
    pub(crate) async fn ends(&mut self, shop: &str, conversation: &str) {
        let request = close(shop, conversation, history::CloseActor::Buyer);
        self.to.conversations.close_conversation(request).await.expect("the conversation ends");
    }

    pub(crate) async fn conversation(&mut self, shop: &str, id: &str) -> proto::Conversation {
        let request = proto::GetConversationRequest { shop_id: shop.into(), conversation_id: id.into() };
        let read = self.to.conversations.get_conversation(request).await.expect("it is there");
        read.into_inner().conversation.expect("the answer holds it")
    }

    /// The texts of a conversation, in order.
    pub(crate) async fn texts(&mut self, shop: &str, id: &str) -> Vec<String> {
        let request = proto::ListMessagesRequest {
            shop_id: shop.into(),
            conversation_id: id.into(),
            page_size: 500,
            ..Default::default()
        };
        let read = self.to.conversations.list_messages(request).await.expect("it is there").into_inner();
        let text = |message: proto::Message| message.content.map(|content| content.text).unwrap_or_default();
        read.messages.into_iter().map(text).collect()
    }

    pub(crate) async fn queue(&mut self, shop: &str) -> proto::Queue {
        let request = proto::GetQueueRequest { shop_id: shop.into() };
        let read = self.to.queue.get_queue(request).await.expect("the shop is there").into_inner();
        read.queue.expect("the answer holds the queue")
    }

    /// Every event of a shop, page by page.
    pub(crate) async fn events(&mut self, shop: &str) -> Vec<proto::StoredEvent> {
        self.events_after(shop, 0).await
    }

    /// Every event of a shop after a number, page by page.
    pub(crate) async fn events_after(&mut self, shop: &str, after_seq: u64) -> Vec<proto::StoredEvent> {
        let mut all = Vec::new();
        let mut request = proto::ListEventsRequest {
            shop_id: shop.into(),
            page_size: 500,
            after_seq,
            ..Default::default()
        };
        loop {
            let page = self.to.history.list_events(request.clone()).await.expect("listed").into_inner();
            all.extend(page.events);
            if page.next_page_token.is_empty() {
                return all;
            }
            request.page_token = page.next_page_token;
        }
    }

    /// Everything of a shop.
    pub(crate) async fn everything(&mut self, shop: &str) -> Everything {
        let agents = proto::ListAgentsRequest { shop_id: shop.into(), page_size: 500, ..Default::default() };
        let agents = self.to.presence.list_agents(agents).await.expect("listed").into_inner();
        let conversations = proto::ListConversationsRequest {
            shop_id: shop.into(),
            page_size: 500,
            stages: (1..=6).collect(),
            ..Default::default()
        };
        let conversations = self.to.conversations.list_conversations(conversations).await;
        let conversations = conversations.expect("listed").into_inner();
        assert!(conversations.next_page_token.is_empty(), "a test has few conversations");
        let policy = proto::GetPolicyRequest { shop_id: shop.into() };
        Everything {
            agents: agents.agents,
            queue: self.queue(shop).await,
            conversations: conversations.conversations,
            events: self.events(shop).await,
            policy: self.to.policy.get_policy(policy).await.expect("read").into_inner(),
        }
    }

    /// Replaces the policy by the one in force after a change.
    pub(crate) async fn change_policy(&mut self, shop: &str, change: impl FnOnce(&mut history::Policy)) {
        let request = proto::GetPolicyRequest { shop_id: shop.into() };
        let read = self.to.policy.get_policy(request).await.expect("read").into_inner();
        let mut policy = read.policy.expect("the answer holds the policy");
        change(&mut policy);
        let request = proto::UpdatePolicyRequest {
            shop_id: shop.into(),
            policy: Some(policy),
            etag: read.etag,
            ..Default::default()
        };
        self.to.policy.update_policy(request).await.expect("replaced");
    }
}

impl Clients {
    fn of(channel: Channel) -> Self {
        Self {
            presence: PresenceServiceClient::new(channel.clone()),
            reception: ReceptionServiceClient::new(channel.clone()),
            conversations: ConversationServiceClient::new(channel.clone()),
            queue: QueueServiceClient::new(channel.clone()),
            board: BoardServiceClient::new(channel.clone()),
            inbox: InboxServiceClient::new(channel.clone()),
            history: HistoryServiceClient::new(channel.clone()),
            policy: PolicyServiceClient::new(channel.clone()),
            routing: RoutingServiceClient::new(channel),
        }
    }
}

fn channel(address: SocketAddr) -> Channel {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address is a URI");
    endpoint.connect_timeout(Duration::from_secs(5)).connect_lazy()
}

/// What must come within a bounded time.
pub(crate) async fn within<F: Future>(wait: F) -> F::Output {
    tokio::time::timeout(PATIENCE, wait).await.expect("it comes within a bounded time")
}
