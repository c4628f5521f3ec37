//! A directory as accounts serves it, whose every entry the test decides.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::accounts::v1::directory_entry::Entry;
use fenliu_proto::accounts::v1::directory_service_server::{DirectoryService, DirectoryServiceServer};
use futures::Stream;
use futures::stream::try_unfold;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

/// The directory. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Directory {
    entries: Arc<Mutex<Vec<proto::DirectoryEntry>>>,
    /// The last version, and whether the directory can be reached.
    state: watch::Sender<(i64, bool)>,
    pub(crate) address: std::net::SocketAddr,
}

impl Directory {
    /// An empty directory that listens on a free port.
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("the port");
        let directory = Self { entries: Arc::default(), state: watch::Sender::new((0, true)), address };
        let service = DirectoryServiceServer::new(directory.clone());
        tokio::spawn(Server::builder().add_service(service).serve_with_incoming(TcpIncoming::from(listener)));
        directory
    }

    /// Ends every stream and refuses new ones, until it is found again.
    pub(crate) fn lose(&self) {
        self.state.send_modify(|(_, reachable)| *reachable = false);
    }

    /// Whether it cannot be reached.
    pub(crate) fn is_lost(&self) -> bool {
        !self.state.borrow().1
    }

    /// Can be reached again.
    pub(crate) fn find(&self) {
        self.state.send_modify(|(_, reachable)| *reachable = true);
    }

    /// Tells of a shop.
    pub(crate) fn shop(&self, number: u128) -> String {
        let shop = proto::Shop {
            shop_id: ShopId::from_bits(number).to_string(),
            display_name: format!("shop {number}"),
            time_zone: "Asia/Shanghai".into(),
            service_start: "08:00".into(),
            service_end: "23:00".into(),
            ..Default::default()
        };
        let id = shop.shop_id.clone();
        self.tell(Entry::Shop(shop));
        id
    }

    /// A sub-account as it can be told of.
    pub(crate) fn account(&self, shop: &str, number: u128, capacity: u32) -> proto::DirectoryAgent {
        proto::DirectoryAgent {
            agent_id: AgentId::from_bits(number).to_string(),
            shop_id: shop.into(),
            display_name: format!("agent {number:03}"),
            groups: vec!["default".into()],
            capacity,
            capacity_ceiling: 10_000,
            weight: 1,
            enabled: true,
            ..Default::default()
        }
    }

    /// Tells of a new or changed entry.
    pub(crate) fn tell(&self, entry: Entry) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let version = i64::try_from(entries.len()).expect("few entries") + 1;
        entries.push(proto::DirectoryEntry { version, entry: Some(entry) });
        self.state.send_modify(|(last, _)| *last = version);
    }

    fn after(&self, version: i64) -> Vec<proto::DirectoryEntry> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.iter().filter(|entry| entry.version > version).cloned().collect()
    }
}

#[tonic::async_trait]
impl DirectoryService for Directory {
    type WatchDirectoryStream =
        Pin<Box<dyn Stream<Item = Result<proto::WatchDirectoryResponse, Status>> + Send>>;

    async fn watch_directory(
        &self,
        request: Request<proto::WatchDirectoryRequest>,
    ) -> Result<Response<Self::WatchDirectoryStream>, Status> {
        let state = (self.clone(), self.state.subscribe(), request.into_inner().after_version);
        let stream = try_unfold(state, async |(directory, mut news, after)| {
            let seen = news.wait_for(|(version, reachable)| *version > after || !reachable).await;
            let (version, reachable) = *seen.map_err(|_| Status::unavailable("the test ends"))?;
            if !reachable {
                return Err(Status::unavailable("the directory is lost"));
            }
            let entries = directory.after(after);
            let page = proto::WatchDirectoryResponse { entries, caught_up: true };
            Ok(Some((page, (directory, news, version))))
        });
        Ok(Response::new(Box::pin(stream)))
    }
}
