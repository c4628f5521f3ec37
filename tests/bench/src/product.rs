//! dispatch in a process of its own, with a directory of invented shops, and what callers ask of it.

use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, ensure};
use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_proto::accounts::v1 as directory;
use fenliu_proto::accounts::v1::directory_entry::Entry;
use fenliu_proto::accounts::v1::directory_service_server::{DirectoryService, DirectoryServiceServer};
use fenliu_proto::common::v1::{Content, MessageKind, Presence};
use fenliu_proto::dispatch::v1 as proto;
use fenliu_proto::dispatch::v1::conversation_service_client::ConversationServiceClient;
use fenliu_proto::dispatch::v1::presence_service_client::PresenceServiceClient;
use fenliu_proto::dispatch::v1::reception_service_client::ReceptionServiceClient;
use fenliu_proto::history::v1::CloseActor;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use tokio::net::TcpListener;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Server};
use tonic::{Request, Response, Status};

use crate::floor::Stores;
use crate::load::Call;

/// Connections of the callers.
const CHANNELS: usize = 4;
/// Conversations of each shop that messages and replies are about.
pub(crate) const STANDING: usize = 20;
/// Callers that set a shop up.
const SETTERS: usize = 32;
/// How long the product may take to begin.
const PATIENCE: Duration = Duration::from_secs(60);
/// How much longer for each shop.
const PATIENCE_FOR_SHOP: Duration = Duration::from_millis(100);

/// Shops of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) shops: usize,
    pub(crate) agents: usize,
}

/// What callers ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mix {
    /// A buyer nobody knows: a conversation, and an agent for it.
    New,
    /// Another message of a buyer who has an agent.
    Message,
    /// An agent's reply.
    Reply,
    /// An agent ends one conversation and gets the next from the queue.
    Close,
    /// A console says that its agent is there.
    Heartbeat,
}

/// A dispatch that runs.
pub(crate) struct Product {
    process: Child,
    channels: Vec<Channel>,
    size: Size,
    standing: Arc<Vec<Standing>>,
}

/// A conversation that an agent has.
struct Standing {
    shop: usize,
    buyer: String,
    conversation: String,
    agent: String,
}

impl Drop for Product {
    fn drop(&mut self) {
        // It is measured no more; whatever it still did is thrown away.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Product {
    /// Starts it, tells it of the shops, and has everybody come.
    pub(crate) async fn start(binary: &Path, stores: &Stores, size: Size) -> anyhow::Result<Self> {
        let directory = serve_directory(size).await?;
        let listen = free_address().await?;
        let process = Command::new(binary)
            .args(["--insecure-no-auth", "--listen", &listen.to_string()])
            .env("FENLIU_DIRECTORY__ADDRESS", format!("http://{directory}"))
            .env("FENLIU_DATABASE__URL", &stores.database)
            .env(
                "FENLIU_DATABASE__SCHEMA",
                if stores.database.starts_with("postgres") { "bench" } else { "" },
            )
            .env("FENLIU_LIVE__REDIS_URL", &stores.redis)
            .env("FENLIU_TELEMETRY__FILTER", "error")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("{} cannot be started", binary.display()))?;
        let channel =
            || Channel::from_shared(format!("http://{listen}")).map(|endpoint| endpoint.connect_lazy());
        let channels = (0..CHANNELS).map(|_| channel()).collect::<Result<Vec<_>, _>>()?;
        let mut product = Self { process, channels, size, standing: Arc::default() };
        product.bring_in_everybody().await?;
        product.standing = Arc::new(product.begin_standing().await?);
        Ok(product)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Everybody comes online, as soon as dispatch knows them.
    async fn bring_in_everybody(&self) -> anyhow::Result<()> {
        let patience = PATIENCE + PATIENCE_FOR_SHOP * u32::try_from(self.size.shops).unwrap_or(u32::MAX);
        let agents =
            (0..self.size.shops).flat_map(|shop| (0..self.size.agents).map(move |agent| (shop, agent)));
        let came = stream::iter(agents).map(|(shop, agent)| async move {
            let request = proto::SetPresenceRequest {
                shop_id: shop_id(shop),
                agent_id: agent_id(shop, agent),
                presence: Presence::Online.into(),
                ..Default::default()
            };
            let mut client = PresenceServiceClient::new(self.channels[agent % CHANNELS].clone());
            let come = async {
                while client.set_presence(request.clone()).await.is_err() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            tokio::time::timeout(patience, come).await.context("dispatch does not hear of its shops")
        });
        came.buffer_unordered(SETTERS).try_collect().await
    }

    async fn begin_standing(&self) -> anyhow::Result<Vec<Standing>> {
        let buyers = (0..STANDING).flat_map(|buyer| (0..self.size.shops).map(move |shop| (shop, buyer)));
        let begun = stream::iter(buyers).map(|(shop, buyer)| async move {
            let buyer = format!("standing-{buyer}");
            let mut client = ReceptionServiceClient::new(self.channels[shop % CHANNELS].clone());
            let answer = client.receive_message(message(shop, &buyer, &format!("s-{shop}-{buyer}"))).await?;
            let answer = answer.into_inner();
            let agent = answer.disposition.unwrap_or_default().agent_id;
            ensure!(!agent.is_empty(), "somebody is free");
            Ok(Standing { shop, buyer, conversation: answer.conversation_id, agent })
        });
        begun.buffer_unordered(SETTERS).try_collect().await
    }

    /// What callers do, again and again.
    pub(crate) fn call(&self, mix: Mix) -> Call {
        let (channels, standing, shops) = (self.channels.clone(), self.standing.clone(), self.size.shops);
        Arc::new(move |number| {
            let channel = channels[number as usize % CHANNELS].clone();
            let known = standing.clone();
            Box::pin(async move {
                let at = number as usize % known.len();
                let one = &known[at];
                match mix {
                    Mix::New => {
                        let shop = number as usize % shops;
                        say(channel, message(shop, &format!("new-{number}"), &format!("r-{number}"))).await?;
                    }
                    Mix::Message => {
                        say(channel, message(one.shop, &one.buyer, &format!("r-{number}"))).await?;
                    }
                    Mix::Reply => reply(channel, one, number).await?,
                    Mix::Close => close(channel, number as usize % shops, number).await?,
                    Mix::Heartbeat => beat(channel, one).await?,
                }
                Ok(())
            })
        })
    }
}

async fn say(
    channel: Channel,
    request: proto::ReceiveMessageRequest,
) -> anyhow::Result<proto::ReceiveMessageResponse> {
    Ok(ReceptionServiceClient::new(channel).receive_message(request).await?.into_inner())
}

async fn reply(channel: Channel, to: &Standing, number: u64) -> anyhow::Result<()> {
    let request = proto::ReplyRequest {
        request_id: format!("r-{number}"),
        shop_id: shop_id(to.shop),
        conversation_id: to.conversation.clone(),
        agent_id: to.agent.clone(),
        content: words(),
        ..Default::default()
    };
    ConversationServiceClient::new(channel).reply(request).await?;
    Ok(())
}

async fn beat(channel: Channel, of: &Standing) -> anyhow::Result<()> {
    let request = proto::HeartbeatRequest {
        shop_id: shop_id(of.shop),
        agent_id: of.agent.clone(),
        session_id: "console".into(),
    };
    PresenceServiceClient::new(channel).heartbeat(request).await?;
    Ok(())
}

/// A buyer comes and goes again: the slot is the next one's.
async fn close(channel: Channel, shop: usize, number: u64) -> anyhow::Result<()> {
    let come = message(shop, &format!("gone-{number}"), &format!("r-{number}"));
    let conversation = say(channel.clone(), come).await?.conversation_id;
    let request = proto::CloseConversationRequest {
        request_id: format!("c-{number}"),
        shop_id: shop_id(shop),
        conversation_id: conversation,
        by: CloseActor::Buyer.into(),
        ..Default::default()
    };
    ConversationServiceClient::new(channel).close_conversation(request).await?;
    Ok(())
}

fn words() -> Option<Content> {
    let text = "Is the green tea in stock, and when will it be sent?".into();
    Some(Content { kind: MessageKind::Text.into(), text, reference: String::new() })
}

fn message(shop: usize, buyer: &str, request: &str) -> proto::ReceiveMessageRequest {
    proto::ReceiveMessageRequest {
        request_id: request.into(),
        shop_id: shop_id(shop),
        buyer_id: buyer.into(),
        channel: "app".into(),
        content: words(),
        ..Default::default()
    }
}

/// Ids whose low bits, by which shops are spread, differ from shop to shop.
fn shop_id(shop: usize) -> String {
    ShopId::from_bits((1 << 80) + shop as u128 + 1).to_string()
}

fn agent_id(shop: usize, agent: usize) -> String {
    AgentId::from_bits((1 << 90) + ((shop as u128) << 20) + agent as u128).to_string()
}

/// A port that was free a moment ago.
pub(crate) async fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0").await?.local_addr()?)
}

/// A directory that tells of the shops once and then says nothing more.
struct Directory(Mutex<Option<directory::WatchDirectoryResponse>>);

#[tonic::async_trait]
impl DirectoryService for Directory {
    type WatchDirectoryStream =
        Pin<Box<BoxStream<'static, Result<directory::WatchDirectoryResponse, Status>>>>;

    async fn watch_directory(
        &self,
        _request: Request<directory::WatchDirectoryRequest>,
    ) -> Result<Response<Self::WatchDirectoryStream>, Status> {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let once = stream::iter(told.map(Ok)).chain(stream::pending()).boxed();
        Ok(Response::new(Box::pin(once)))
    }
}

async fn serve_directory(size: Size) -> anyhow::Result<SocketAddr> {
    let mut entries = Vec::new();
    let mut tell = |entry| {
        let version = entries.len() as i64 + 1;
        entries.push(directory::DirectoryEntry { version, entry: Some(entry) });
    };
    for shop in 0..size.shops {
        tell(Entry::Shop(directory::Shop {
            shop_id: shop_id(shop),
            display_name: format!("shop {shop}"),
            time_zone: "Asia/Shanghai".into(),
            service_start: "00:00".into(),
            service_end: "24:00".into(),
            ..Default::default()
        }));
        for agent in 0..size.agents {
            tell(Entry::Agent(directory::DirectoryAgent {
                agent_id: agent_id(shop, agent),
                shop_id: shop_id(shop),
                display_name: format!("agent {agent}"),
                groups: vec!["default".into()],
                capacity: 10_000,
                capacity_ceiling: 10_000,
                weight: 1,
                enabled: true,
                ..Default::default()
            }));
        }
    }
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let all = directory::WatchDirectoryResponse { entries, caught_up: true };
    let service = DirectoryServiceServer::new(Directory(Mutex::new(Some(all))));
    tokio::spawn(Server::builder().add_service(service).serve_with_incoming(TcpIncoming::from(listener)));
    Ok(address)
}
