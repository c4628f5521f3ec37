//! A stand-in for accounts: a roster the test writes, of which ListDuty tells, and nothing else.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use fenliu_domain::time::Timestamp;
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::codec::ValidatingCodec;
use fenliu_proto::convert::to_timestamp;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service, http};
use tonic::server::{Grpc, NamedService};
use tonic::transport::Server;
use tonic::{Request, Response, Status};

/// The roster, and where it is served.
pub(crate) struct Accounts {
    pub(crate) address: SocketAddr,
    roster: Roster,
}

#[derive(Clone, Default)]
struct Roster {
    /// `None` = accounts says that it cannot say.
    windows: Arc<Mutex<Option<Vec<proto::DutyWindow>>>>,
}

/// The one RPC.
struct ListDuty(Roster);

impl Accounts {
    pub(crate) async fn start() -> Self {
        let roster = Roster::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("the port");
        let routes = Server::builder().add_service(roster.clone());
        tokio::spawn(routes.serve_with_incoming(TcpListenerStream::new(listener)));
        Self { address, roster }
    }

    /// Puts an agent on duty.
    pub(crate) fn schedule(&self, agent: &str, start: Timestamp, end: Timestamp) {
        let window = proto::DutyWindow {
            agent_id: agent.into(),
            start_time: Some(to_timestamp(start)),
            end_time: Some(to_timestamp(end)),
            ..Default::default()
        };
        self.roster.windows.lock().expect("not poisoned").get_or_insert_default().push(window);
    }
}

impl NamedService for Roster {
    const NAME: &'static str = "fenliu.accounts.v1.RosterService";
}

impl Service<http::Request<Body>> for Roster {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let list = ListDuty(self.clone());
        let codec = ValidatingCodec::<proto::ListDutyResponse, proto::ListDutyRequest>::default();
        Box::pin(async move { Ok(Grpc::new(codec).unary(list, request).await) })
    }
}

impl Service<Request<proto::ListDutyRequest>> for ListDuty {
    type Response = Response<proto::ListDutyResponse>;
    type Error = Status;
    type Future = BoxFuture<Self::Response, Status>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<proto::ListDutyRequest>) -> Self::Future {
        let windows = self.0.windows.lock().expect("not poisoned").clone();
        let answer = windows.map(|windows| Response::new(proto::ListDutyResponse { windows }));
        Box::pin(async move { answer.ok_or_else(|| Status::unavailable("no roster is at hand")) })
    }
}
