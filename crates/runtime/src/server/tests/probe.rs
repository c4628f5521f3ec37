//! A service that does what its caller says, and a client for it. Requests and answers are the health
//! service's request, which is one text.

use std::convert::Infallible;
use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use fenliu_domain::problem::{Kind, Problem, Reason};
use futures::future::BoxFuture;
use futures::{Stream, StreamExt};
use prost::Message;
use prost_types::{
    DescriptorProto, FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, ServiceDescriptorProto,
};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tonic::body::Body;
use tonic::codegen::http::{HeaderMap, Request, Response, uri::PathAndQuery};
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest as Text;
use tonic_prost::ProstCodec;

use crate::auth::Authenticator;
use crate::channel::{Outgoing, connect_lazy};
use crate::clock::SystemClock;
use crate::layers::{deadline, inject};
use crate::lifecycle::{Drained, Lifecycle};
use crate::server::{ServeError, ServerConfig, ServerOptions, Service, serve};

/// What a running probe shares with its test.
#[derive(Clone, Debug, Default)]
pub(super) struct Probe {
    /// Notified when a handler waits at the gate.
    pub(super) arrived: Arc<Notify>,
    /// Lets one handler pass the gate.
    pub(super) gate: Arc<Notify>,
    /// Where `relay` asks on.
    pub(super) next: Option<Outgoing>,
}

/// A server in the background.
pub(super) struct Running {
    pub(super) address: SocketAddr,
    pub(super) lifecycle: Lifecycle,
    pub(super) server: JoinHandle<Result<Drained, ServeError>>,
}

impl Running {
    pub(super) fn channel(&self) -> Outgoing {
        connect_lazy(format!("http://{}", self.address).parse().unwrap())
    }

    /// Asks once over a connection of its own.
    pub(super) async fn ask(&self, command: &str) -> Result<String, Status> {
        ask(self.channel(), command).await
    }
}

pub(super) async fn start(config: ServerConfig, probe: Probe) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let lifecycle = Lifecycle::new();
    let services = vec![Service { routes: Routes::new(probe), names: &[Probe::NAME] }];
    let options = ServerOptions {
        config: ServerConfig { insecure_no_auth: true, ..config },
        descriptor_set: descriptor_set(),
        refuse,
        lifecycle: lifecycle.clone(),
        auth: Authenticator::new(SystemClock::shared()),
    };
    let server = tokio::spawn(serve(listener, services, options));
    Running { address, lifecycle, server }
}

/// Puts the reason's name where details belong.
fn refuse(problem: Problem) -> Status {
    let code = match problem.reason.kind() {
        Kind::Invalid => Code::InvalidArgument,
        Kind::NotFound => Code::NotFound,
        Kind::Exhausted => Code::ResourceExhausted,
        Kind::Unavailable => Code::Unavailable,
        Kind::Deadline => Code::DeadlineExceeded,
        Kind::Unimplemented => Code::Unimplemented,
        Kind::Internal => Code::Internal,
        Kind::Unauthenticated => Code::Unauthenticated,
        Kind::Denied => Code::PermissionDenied,
        Kind::AlreadyExists | Kind::Precondition | Kind::Aborted | Kind::OutOfRange => Code::Unknown,
    };
    Status::with_details(code, problem.message, problem.reason.name().into())
}

/// The reason that a status carries.
pub(super) fn reason(status: &Status) -> Option<Reason> {
    Reason::ALL.iter().copied().find(|reason| reason.name().as_bytes() == status.details())
}

pub(super) fn descriptor_set() -> &'static [u8] {
    let method = |name: &str, server_streaming| MethodDescriptorProto {
        name: Some(name.into()),
        input_type: Some(".fenliu.test.v1.Text".into()),
        output_type: Some(".fenliu.test.v1.Text".into()),
        server_streaming: Some(server_streaming),
        ..MethodDescriptorProto::default()
    };
    let service = ServiceDescriptorProto {
        name: Some("Probe".into()),
        method: vec![method("Ask", false), method("Watch", true), method("Unserved", false)],
        ..ServiceDescriptorProto::default()
    };
    let file = FileDescriptorProto {
        name: Some("probe.proto".into()),
        package: Some("fenliu.test.v1".into()),
        message_type: vec![DescriptorProto { name: Some("Text".into()), ..DescriptorProto::default() }],
        service: vec![service],
        ..FileDescriptorProto::default()
    };
    Box::leak(FileDescriptorSet { file: vec![file] }.encode_to_vec().into_boxed_slice())
}

impl NamedService for Probe {
    const NAME: &'static str = "fenliu.test.v1.Probe";
}

impl tower::Service<Request<Body>> for Probe {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let probe = self.clone();
        let mut grpc = tonic::server::Grpc::new(ProstCodec::<Text, Text>::default());
        Box::pin(async move {
            Ok(match request.uri().path().rsplit('/').next() {
                Some("Ask") => {
                    let asked =
                        |request: tonic::Request<Text>| probe.clone().asked(request.into_inner().service);
                    grpc.unary(tower::service_fn(asked), request).await
                }
                Some("Watch") => grpc.server_streaming(tower::service_fn(watched), request).await,
                _ => Status::unimplemented("").into_http(),
            })
        })
    }
}

impl Probe {
    async fn asked(self, command: String) -> Result<tonic::Response<Text>, Status> {
        let answer = match command.as_str() {
            "panic" => panic!("on purpose"),
            "hang" => pending().await,
            "bare" => return Err(Status::failed_precondition("no reason given")),
            "gate" => {
                self.arrived.notify_one();
                self.gate.notified().await;
                "passed".to_owned()
            }
            "remaining" => deadline::remaining().map_or(-1, |left| left.as_millis() as i64).to_string(),
            "trace" => {
                let mut headers = HeaderMap::new();
                inject(&mut headers);
                headers.get("traceparent").map_or("none", |value| value.to_str().unwrap()).to_owned()
            }
            relayed if relayed.starts_with("relay ") => {
                ask(self.next.expect("a next server"), relayed.trim_start_matches("relay ")).await?
            }
            _ => command,
        };
        Ok(tonic::Response::new(Text { service: answer }))
    }
}

type Texts = std::pin::Pin<Box<dyn Stream<Item = Result<Text, Status>> + Send>>;

async fn watched(request: tonic::Request<Text>) -> Result<tonic::Response<Texts>, Status> {
    let first = futures::stream::iter([Ok(Text { service: "first".into() })]);
    let panics = request.into_inner().service == "panic";
    let rest = futures::stream::once(async move {
        assert!(!panics, "on purpose");
        pending().await
    });
    Ok(tonic::Response::new(Box::pin(first.chain(rest))))
}

pub(super) async fn ask(channel: Outgoing, command: &str) -> Result<String, Status> {
    ask_with(channel, "/fenliu.test.v1.Probe/Ask", command, &[]).await
}

/// Calls a unary method with these headers.
pub(super) async fn ask_with(
    channel: Outgoing,
    path: &'static str,
    command: &str,
    headers: &[(&'static str, &str)],
) -> Result<String, Status> {
    let mut grpc = tonic::client::Grpc::new(channel);
    grpc.ready().await.map_err(|error| Status::from_error(error.into()))?;
    let mut request = tonic::Request::new(Text { service: command.into() });
    for (name, value) in headers {
        request.metadata_mut().insert(*name, value.parse().unwrap());
    }
    let path = PathAndQuery::from_static(path);
    let response = grpc.unary(request, path, ProstCodec::<Text, Text>::default()).await?;
    Ok(response.into_inner().service)
}

pub(super) async fn watch(
    channel: Outgoing,
    command: &str,
    headers: &[(&'static str, &str)],
) -> Result<tonic::Streaming<Text>, Status> {
    let mut grpc = tonic::client::Grpc::new(channel);
    grpc.ready().await.map_err(|error| Status::from_error(error.into()))?;
    let mut request = tonic::Request::new(Text { service: command.into() });
    for (name, value) in headers {
        request.metadata_mut().insert(*name, value.parse().unwrap());
    }
    let path = PathAndQuery::from_static("/fenliu.test.v1.Probe/Watch");
    let response = grpc.server_streaming(request, path, ProstCodec::<Text, Text>::default()).await?;
    Ok(response.into_inner())
}
