//! A stand-in for dispatch: a history the test writes, served over gRPC, that can be lost and come back.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use fenliu_domain::problem::{Problem, Reason};
use fenliu_proto::dispatch::v1 as proto;
use fenliu_proto::dispatch::v1::history_service_server::{HistoryService, HistoryServiceServer};
use fenliu_proto::history::v1::Event;
use fenliu_proto::status::refusal;
use futures::{Stream, StreamExt, stream};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status, async_trait};

/// Events of one message of the stream.
const MESSAGE_EVENTS: usize = 7;

/// The history, and whoever serves it at the moment.
pub(crate) struct Dispatch {
    history: History,
    pub(crate) address: SocketAddr,
    /// A runtime of its own: losing dispatch ends its connections with it, as the end of a process does.
    server: Option<Runtime>,
}

#[derive(Clone)]
struct History {
    events: Arc<Mutex<Vec<proto::StoredEvent>>>,
    grown: watch::Sender<usize>,
}

impl Dispatch {
    pub(crate) async fn start() -> Self {
        let history = History { events: Arc::default(), grown: watch::Sender::new(0) };
        let (server, address) = serve("127.0.0.1:0".parse().expect("an address"), history.clone()).await;
        Self { history, address, server: Some(server) }
    }

    /// Adds to the history and returns the position of the last event.
    pub(crate) fn record(&self, events: impl IntoIterator<Item = Event>) -> i64 {
        let mut all = self.history.events.lock().expect("not poisoned");
        for event in events {
            let position = all.last().map_or(0, |last| last.position) + 2;
            all.push(proto::StoredEvent { position, event: Some(event) });
        }
        self.history.grown.send_replace(all.len());
        all.last().map_or(0, |last| last.position)
    }

    /// Puts another history in its place, as a restore from a backup does.
    pub(crate) fn restore(&self) {
        self.history.events.lock().expect("not poisoned").clear();
        self.history.grown.send_replace(0);
    }

    /// Takes it off the net.
    pub(crate) fn lose(&mut self) {
        if let Some(server) = self.server.take() {
            server.shutdown_background();
        }
    }

    /// Brings it back.
    pub(crate) async fn come_back(&mut self) {
        let (server, _) = serve(self.address, self.history.clone()).await;
        self.server = Some(server);
    }
}

impl Drop for Dispatch {
    fn drop(&mut self) {
        self.lose();
    }
}

async fn serve(address: SocketAddr, history: History) -> (Runtime, SocketAddr) {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let routes = Server::builder().add_service(HistoryServiceServer::new(history));
    let bound = runtime.spawn(async move {
        // What served the port before may take a moment to let go of it.
        let listener = loop {
            match TcpListener::bind(address).await {
                Ok(listener) => break listener,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        let address = listener.local_addr().expect("the port");
        tokio::spawn(routes.serve_with_incoming(TcpListenerStream::new(listener)));
        address
    });
    let address = bound.await.expect("it listens");
    (runtime, address)
}

type Responses = Pin<Box<dyn Stream<Item = Result<proto::FollowEventsResponse, Status>> + Send>>;

#[async_trait]
impl HistoryService for History {
    type FollowEventsStream = Responses;

    async fn list_events(
        &self,
        _: Request<proto::ListEventsRequest>,
    ) -> Result<Response<proto::ListEventsResponse>, Status> {
        Err(Status::unimplemented("nobody here asks for lists"))
    }

    async fn follow_events(
        &self,
        request: Request<proto::FollowEventsRequest>,
    ) -> Result<Response<Responses>, Status> {
        let proto::FollowEventsRequest { after_position, after_event_id } = request.into_inner();
        let known =
            self.after(after_position - 1).into_iter().find(|stored| stored.position == after_position);
        let known_id = known.and_then(|stored| stored.event).map(|event| event.event_id).unwrap_or_default();
        if known_id != after_event_id {
            return Err(refusal(Problem::new(Reason::HistoryRewound, "the history is another one")));
        }
        let grown = self.grown.subscribe();
        let pages = stream::unfold(
            (self.clone(), after_position, grown, true),
            |(history, after, mut grown, fresh)| async move {
                loop {
                    grown.borrow_and_update();
                    let mut events = history.after(after);
                    events.truncate(MESSAGE_EVENTS);
                    if fresh || !events.is_empty() {
                        let last = events.last().map_or(after, |last| last.position);
                        let caught_up = history.after(last).is_empty();
                        let message = proto::FollowEventsResponse { events, caught_up };
                        return Some((Ok(message), (history, last, grown, false)));
                    }
                    grown.changed().await.ok()?;
                }
            },
        );
        Ok(Response::new(pages.boxed()))
    }
}

impl History {
    fn after(&self, position: i64) -> Vec<proto::StoredEvent> {
        let events = self.events.lock().expect("not poisoned");
        events.iter().filter(|stored| stored.position > position).cloned().collect()
    }
}
