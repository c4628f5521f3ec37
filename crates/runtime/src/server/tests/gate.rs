//! A service that says who it thinks calls, behind the real layers, and a client that can send anything.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use fenliu_domain::access::{Caller, Permission, Permissions, Subject};
use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::problem::{Kind, Problem, Reason};
use fenliu_domain::time::{Span, Timestamp};
use futures::future::BoxFuture;
use futures::{Stream, StreamExt, TryStreamExt};
use http_body_util::{BodyExt, StreamBody};
use prost::Message;
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::codegen::http::{Request, Response};
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic::{Code, Status};
use tonic_prost::ProstCodec;
use tower::ServiceExt;

use crate::auth::Authenticator;
use crate::auth::token::{Claims, SigningKey};
use crate::channel::{Outgoing, connect_lazy};
use crate::clock::VirtualClock;
use crate::lifecycle::Lifecycle;
use crate::server::{ServerConfig, ServerOptions, Service, serve};

pub(super) const SHOP: ShopId = ShopId::from_bits(1);
pub(super) const OTHER_SHOP: ShopId = ShopId::from_bits(2);
pub(super) const ANN: AgentId = AgentId::from_bits(10);
pub(super) const BEN: AgentId = AgentId::from_bits(11);
const START: Timestamp = Timestamp::from_micros_clamped(1_780_000_000_000_000);

/// What every RPC is asked.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Asked {
    #[prost(string, tag = "1")]
    pub(super) shop_id: String,
    #[prost(string, tag = "2")]
    pub(super) agent_id: String,
}

/// What every RPC answers.
#[derive(Clone, PartialEq, Message)]
struct Told {
    #[prost(string, tag = "1")]
    text: String,
}

/// A running gate with its keys.
pub(super) struct Gate {
    pub(super) clock: VirtualClock,
    pub(super) auth: Authenticator,
    pub(super) key: SigningKey,
    pub(super) channel: Outgoing,
}

impl Gate {
    pub(super) async fn open() -> Self {
        let gate = Self::without_keys(false).await;
        gate.auth.set_keys(vec![gate.key.public()]);
        gate
    }

    pub(super) async fn without_keys(insecure_no_auth: bool) -> Self {
        let clock = VirtualClock::new(START);
        let auth = Authenticator::new(Arc::new(clock.clone()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let services = vec![Service { routes: Routes::new(Handlers), names: &[Handlers::NAME] }];
        let options = ServerOptions {
            config: ServerConfig { insecure_no_auth, default_deadline_ms: 500, ..ServerConfig::default() },
            descriptor_set: descriptor_set(),
            refuse,
            lifecycle: Lifecycle::new(),
            auth: auth.clone(),
        };
        tokio::spawn(serve(listener, services, options));
        let key = SigningKey { kid: "k1".into(), seed: [7; 32] };
        Self { clock, auth, key, channel: channel(address) }
    }

    /// A caller in the shop who holds these permissions for a quarter of an hour.
    pub(super) fn caller(&self, agent: AgentId, permissions: &[Permission]) -> Caller {
        Caller {
            subject: Subject::Agent(agent),
            shop: Some(SHOP),
            permissions: Permissions::of(permissions),
            version: 5,
            expires: START + Span::from_mins(15),
        }
    }

    pub(super) fn token(&self, caller: Caller) -> String {
        self.key.sign(&Claims { caller, issued: START })
    }

    /// Ann's token with these permissions.
    pub(super) fn ann(&self, permissions: &[Permission]) -> String {
        self.token(self.caller(ANN, permissions))
    }

    /// Asks an RPC with a token.
    pub(super) async fn ask(&self, rpc: &str, token: &str, asked: &Asked) -> Result<String, Status> {
        let header = format!("Bearer {token}");
        self.send(rpc, &[("authorization", &header)], vec![frame(0, &asked.encode_to_vec())]).await
    }

    /// Sends these bytes with these headers, then the end.
    pub(super) async fn send(
        &self,
        rpc: &str,
        headers: &[(&str, &str)],
        pieces: Vec<Vec<u8>>,
    ) -> Result<String, Status> {
        self.send_stream(rpc, headers, futures::stream::iter(pieces)).await?.rest().await
    }

    /// Sends bytes as they come.
    pub(super) async fn send_stream(
        &self,
        rpc: &str,
        headers: &[(&str, &str)],
        pieces: impl Stream<Item = Vec<u8>> + Send + 'static,
    ) -> Result<Answer, Status> {
        let frames = pieces.map(|piece| Ok::<_, Status>(http_body::Frame::data(Bytes::from(piece))));
        let mut request = Request::post(format!("http://gate/{rpc}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::new(StreamBody::new(frames))).unwrap();
        let response = self.channel.clone().oneshot(request).await;
        let (parts, body) = response.map_err(|error| Status::unknown(error.to_string()))?.into_parts();
        match Status::from_header_map(&parts.headers) {
            Some(status) if status.code() != Code::Ok => Err(status),
            _ => Ok(Answer(body)),
        }
    }
}

/// An answer that comes in pieces.
pub(super) struct Answer(Body);

impl Answer {
    /// The next text; `None` at a good end.
    pub(super) async fn next(&mut self) -> Result<Option<String>, Status> {
        let Some(frame) = self.0.frame().await else { return Ok(None) };
        match frame?.into_data() {
            // Of a flood that fills the frame, the rest does not matter.
            Ok(data) => Ok(Some(first_of(&data).unwrap_or_default())),
            Err(frame) => {
                let status = Status::from_header_map(frame.trailers_ref().unwrap()).unwrap();
                if status.code() == Code::Ok { Ok(None) } else { Err(status) }
            }
        }
    }

    async fn rest(mut self) -> Result<String, Status> {
        let mut text = String::new();
        while let Some(next) = self.next().await? {
            text += &next;
        }
        Ok(text)
    }
}

/// The text of the message that these bytes begin with, if they do.
fn first_of(data: &[u8]) -> Option<String> {
    let (prefix, rest) = data.split_first_chunk::<5>()?;
    let length = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]) as usize;
    Some(Told::decode(rest.get(..length)?).ok()?.text)
}

/// A message with its prefix.
pub(super) fn frame(flag: u8, message: &[u8]) -> Vec<u8> {
    [&[flag][..], &(message.len() as u32).to_be_bytes(), message].concat()
}

pub(super) fn asked(shop: ShopId, agent: AgentId) -> Asked {
    Asked { shop_id: shop.to_string(), agent_id: agent.to_string() }
}

fn channel(address: SocketAddr) -> Outgoing {
    connect_lazy(format!("http://{address}").parse().unwrap())
}

/// Puts everything of a refusal where details belong, the reason's name first.
fn refuse(problem: Problem) -> Status {
    let code = match problem.reason.kind() {
        Kind::Unauthenticated => Code::Unauthenticated,
        Kind::Denied => Code::PermissionDenied,
        Kind::NotFound => Code::NotFound,
        Kind::Unavailable => Code::Unavailable,
        Kind::Unimplemented => Code::Unimplemented,
        Kind::Deadline => Code::DeadlineExceeded,
        _ => Code::InvalidArgument,
    };
    let Problem { reason, message, metadata, violations, retry_after } = problem;
    let details = format!("{} {metadata:?} {violations:?} {retry_after:?}", reason.name());
    Status::with_details(code, message, details.into())
}

/// The reason and the variables a status carries.
pub(super) fn details(status: &Status) -> &str {
    std::str::from_utf8(status.details()).unwrap()
}

/// Checks which reason was given.
#[track_caller]
pub(super) fn check(outcome: Result<String, Status>, expected: Reason) -> Status {
    let status = outcome.expect_err("must be refused");
    let reason = details(&status).split(' ').next().unwrap_or_default();
    assert_eq!(reason, expected.name(), "{status:?}");
    status
}

pub(super) fn descriptor_set() -> &'static [u8] {
    let root = env!("CARGO_MANIFEST_DIR");
    let includes = [format!("{root}/src/server/tests"), format!("{root}/../../proto")];
    let mut compiler = protox::Compiler::new(includes).unwrap();
    compiler.include_imports(true).open_file("gate.proto").unwrap();
    Box::leak(compiler.encode_file_descriptor_set().into_boxed_slice())
}

#[derive(Clone)]
struct Handlers;

impl NamedService for Handlers {
    const NAME: &'static str = "fenliu.gate.v1.Gate";
}

impl tower::Service<Request<Body>> for Handlers {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let mut grpc = tonic::server::Grpc::new(ProstCodec::<Told, Asked>::default());
        Box::pin(async move {
            Ok(match request.uri().path().rsplit('/').next() {
                Some("Watch") => grpc.server_streaming(tower::service_fn(watched), request).await,
                Some("Import") => grpc.client_streaming(tower::service_fn(imported), request).await,
                _ => grpc.unary(tower::service_fn(told), request).await,
            })
        })
    }
}

/// Says what it sees; another shop than the one there is, is missed in the words of the services.
async fn told(request: tonic::Request<Asked>) -> Result<tonic::Response<Told>, Status> {
    let caller = request.extensions().get::<Caller>().cloned();
    let carries = request.metadata().contains_key("authorization");
    let asked = request.into_inner();
    if let Ok(shop) = asked.shop_id.parse::<ShopId>()
        && shop != SHOP
    {
        let problem = Problem::new(Reason::ShopNotFound, format!("there is no shop {shop}"));
        return Err(refuse(problem.with("shop_id", shop)));
    }
    let who = caller.map_or("nobody".to_owned(), |caller| caller.subject.to_string());
    let text = format!("{who} as {:?} token {carries}", asked.agent_id);
    Ok(tonic::Response::new(Told { text }))
}

type Texts = std::pin::Pin<Box<dyn Stream<Item = Result<Told, Status>> + Send>>;

async fn watched(request: tonic::Request<Asked>) -> Result<tonic::Response<Texts>, Status> {
    let told = |text: &str| Ok(Told { text: text.to_owned() });
    let first = futures::stream::iter([told("first")]);
    let rest = match request.into_inner().agent_id.as_str() {
        "flood" => futures::stream::repeat_with(move || told("more")).boxed(),
        _ => futures::stream::pending().boxed(),
    };
    Ok(tonic::Response::new(Box::pin(first.chain(rest))))
}

async fn imported(request: tonic::Request<tonic::Streaming<Asked>>) -> Result<tonic::Response<Told>, Status> {
    let all: Vec<_> = request.into_inner().try_collect().await?;
    Ok(tonic::Response::new(Told { text: format!("{} messages", all.len()) }))
}
