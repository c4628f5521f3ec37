//! A directory of invented shops that both replicas follow.

use std::net::SocketAddr;
use std::pin::Pin;

use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::accounts::v1::directory_entry::Entry;
use fenliu_proto::accounts::v1::directory_service_server::{DirectoryService, DirectoryServiceServer};
use fenliu_tests::load::Shop;
use futures::stream::{self, BoxStream, StreamExt};
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

/// Shops there are.
const SHOPS: u128 = 4;
/// Agents of a shop: in all so many that their falling silent at once is taken for a fault.
const AGENTS: u128 = 8;
/// Conversations an agent may hold: few, so that there is always a queue.
pub(crate) const CAPACITY: u32 = 2;

/// The shops, as callers know them.
pub(crate) fn shops() -> Vec<Shop> {
    let agents = |shop| (0..AGENTS).map(|agent| agent_id(shop, agent).to_string()).collect();
    (0..SHOPS).map(|shop| Shop { id: shop_id(shop).to_string(), agents: agents(shop) }).collect()
}

/// Ids whose low bits, by which shops are spread, differ from shop to shop.
const fn shop_id(shop: u128) -> ShopId {
    ShopId::from_bits((1 << 80) + shop + 1)
}

const fn agent_id(shop: u128, agent: u128) -> AgentId {
    AgentId::from_bits((1 << 90) + (shop << 20) + agent)
}

fn entries() -> Vec<proto::DirectoryEntry> {
    let mut entries = Vec::new();
    let mut tell = |entry| {
        let version = entries.len() as i64 + 1;
        entries.push(proto::DirectoryEntry { version, entry: Some(entry) });
    };
    for shop in 0..SHOPS {
        tell(Entry::Shop(proto::Shop {
            shop_id: shop_id(shop).to_string(),
            display_name: format!("shop {shop}"),
            time_zone: "Asia/Shanghai".into(),
            service_start: "00:00".into(),
            service_end: "24:00".into(),
            ..Default::default()
        }));
        for agent in 0..AGENTS {
            tell(Entry::Agent(proto::DirectoryAgent {
                agent_id: agent_id(shop, agent).to_string(),
                shop_id: shop_id(shop).to_string(),
                display_name: format!("agent {agent}"),
                groups: vec!["default".into()],
                capacity: CAPACITY,
                capacity_ceiling: CAPACITY,
                weight: 1,
                enabled: true,
                ..Default::default()
            }));
        }
    }
    entries
}

/// Tells everybody who follows it of the shops, and then says nothing more.
struct Directory;

#[tonic::async_trait]
impl DirectoryService for Directory {
    type WatchDirectoryStream = Pin<Box<BoxStream<'static, Result<proto::WatchDirectoryResponse, Status>>>>;

    async fn watch_directory(
        &self,
        _request: Request<proto::WatchDirectoryRequest>,
    ) -> Result<Response<Self::WatchDirectoryStream>, Status> {
        let all = proto::WatchDirectoryResponse { entries: entries(), caught_up: true };
        Ok(Response::new(Box::pin(stream::iter([Ok(all)]).chain(stream::pending()).boxed())))
    }
}

/// Serves the directory for as long as this process lives.
pub(crate) async fn serve() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let service = DirectoryServiceServer::new(Directory);
    tokio::spawn(Server::builder().add_service(service).serve_with_incoming(TcpIncoming::from(listener)));
    Ok(address)
}
