//! A stand-in for dispatch that tells an invented history over real gRPC, and the service that follows it.

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fenliu_analytics::Config;
use fenliu_domain::time::Span;
use fenliu_proto::analytics::v1 as analytics;
use fenliu_proto::analytics::v1::get_reply_rate_request::Pack;
use fenliu_proto::analytics::v1::reply_rate_service_client::ReplyRateServiceClient;
use fenliu_proto::common::v1::Actor;
use fenliu_proto::dispatch::v1 as dispatch;
use fenliu_proto::dispatch::v1::history_service_server::{HistoryService, HistoryServiceServer};
use fenliu_proto::history::v1 as history;
use fenliu_proto::history::v1::event::Payload;
use fenliu_proto::status::refusal;
use fenliu_runtime::channel;
use fenliu_runtime::lifecycle::Lifecycle;
use fenliu_runtime::platform::Platform;
use fenliu_runtime::server::{ServerConfig, ServerOptions, serve};
use fenliu_runtime::sql::DatabaseConfig;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt, stream};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status, async_trait};

/// As the service has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Events of a conversation, and turns of the buyer in it.
pub const STORY: usize = 8;
/// Between two looks whether all is worked in.
const PAUSE: Span = Span::from_micros(50_000);
/// 1 May 2026 in UTC, in seconds since 1970.
pub const START: i64 = 1_777_593_600;

/// How long something took, by the wall and by the processor.
#[derive(Clone, Copy)]
pub struct Took {
    pub wall: Duration,
    pub cpu: Duration,
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the wall")]
pub async fn timed<T>(work: impl Future<Output = T>) -> (T, Took) {
    let (start, before) = (Instant::now(), processor_time());
    let done = work.await;
    (done, Took { wall: start.elapsed(), cpu: processor_time().saturating_sub(before) })
}

/// What this process has used so far, in the kernel's clock ticks of 10 ms.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux tells");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 = [11, 12].iter().filter_map(|field| fields.get(*field)?.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// The messages of a history, from its first.
pub type Telling = Arc<dyn Fn() -> BoxStream<'static, dispatch::FollowEventsResponse> + Send + Sync>;

/// A dispatch that tells one history and no more.
struct StandIn(Telling);

/// Begins to tell a history; where.
pub async fn stand_in(telling: Telling) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("the port");
    let server = Server::builder().add_service(HistoryServiceServer::new(StandIn(telling)));
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    format!("http://{address}")
}

#[async_trait]
impl HistoryService for StandIn {
    type FollowEventsStream =
        Pin<Box<dyn Stream<Item = Result<dispatch::FollowEventsResponse, Status>> + Send>>;

    async fn list_events(
        &self,
        _: Request<dispatch::ListEventsRequest>,
    ) -> Result<Response<dispatch::ListEventsResponse>, Status> {
        Err(Status::unimplemented("nobody here asks for lists"))
    }

    async fn follow_events(
        &self,
        _: Request<dispatch::FollowEventsRequest>,
    ) -> Result<Response<Self::FollowEventsStream>, Status> {
        let told = (self.0)().map(Ok);
        Ok(Response::new(Box::pin(told.chain(stream::pending()))))
    }
}

/// Lets the service follow until it has worked in the event at this position; gives a way to ask it.
pub async fn follow(address: &str, file: &Path, last: i64, lifecycle: &Lifecycle) -> Channel {
    let platform = Platform::system(lifecycle.clone());
    let clock = platform.clock.clone();
    let channel = service(address, file, platform).await;
    let mut rates = ReplyRateServiceClient::new(channel.clone());
    // A day nothing happened on is answered at once.
    let request = rate_request(&shop(0), "taobao-3min", "2020-01-01", "2020-01-01");
    loop {
        match rates.get_reply_rate(request.clone()).await {
            Ok(rate) if rate.get_ref().position >= last => return channel,
            _ => clock.sleep_until(clock.now() + PAUSE).await,
        }
    }
}

pub fn rate_request(shop: &str, pack: &str, start: &str, end: &str) -> analytics::GetReplyRateRequest {
    analytics::GetReplyRateRequest {
        shop_id: shop.into(),
        pack: Some(Pack::RulePackId(pack.into())),
        start_date: start.into(),
        end_date: end.into(),
        ..Default::default()
    }
}

async fn service(address: &str, file: &Path, platform: Platform) -> Channel {
    let history = channel::connect_lazy(address.parse().expect("a URI"));
    let config = Config::at(DatabaseConfig::at(format!("sqlite://{}", file.display())));
    let (auth, lifecycle) = (platform.auth.clone(), platform.lifecycle.clone());
    let service = fenliu_analytics::start(config, platform, history.clone(), history)
        .await
        .expect("the service starts");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("the port");
    let options = ServerOptions {
        config: ServerConfig { insecure_no_auth: true, ..ServerConfig::default() },
        descriptor_set: fenliu_proto::DESCRIPTOR_SET,
        refuse: refusal,
        lifecycle,
        auth,
    };
    tokio::spawn(serve(listener, vec![service], options));
    Endpoint::from_shared(format!("http://{address}"))
        .expect("a URI")
        .timeout(Duration::from_secs(600))
        .connect_lazy()
}

pub fn shop(number: u128) -> String {
    format!("shp_{:032x}", number + 1)
}

/// One event of the story of a conversation.
pub fn event(shop: u128, conversation: usize, step: usize, at: usize, seconds: i64) -> dispatch::StoredEvent {
    let position = i64::try_from(at).unwrap_or(i64::MAX) + 1;
    let time = prost_types::Timestamp { seconds: START + seconds, nanos: 0 };
    dispatch::StoredEvent {
        position,
        event: Some(history::Event {
            shop_id: self::shop(shop),
            seq: u64::try_from(at).unwrap_or_default(),
            event_id: format!("evt_{position:032x}"),
            conversation_id: format!("cnv_{conversation:032x}"),
            occurred_time: Some(time),
            recorded_time: Some(time),
            payload: Some(payload(conversation, step)),
            ..Default::default()
        }),
    }
}

fn payload(conversation: usize, step: usize) -> Payload {
    let message_id = format!("msg_{:032x}", conversation * STORY + step);
    let agent_id = format!("agt_{:032x}", conversation % 2_000);
    match step {
        0 => Payload::ConversationOpened(history::ConversationOpened {
            buyer_id: format!("buyer {}", conversation % 30_000),
            priority: 100,
            ..Default::default()
        }),
        2 => Payload::Assigned(history::Assigned {
            agent_id,
            reason: history::AssignReason::Strategy.into(),
            ring: 1,
            ..Default::default()
        }),
        3 | 6 => Payload::ReplySent(history::ReplySent {
            message_id,
            actor: Actor::Human.into(),
            agent_id,
            ..Default::default()
        }),
        7 => Payload::Closed(history::Closed {
            by: history::CloseActor::Agent.into(),
            agent_id,
            ..Default::default()
        }),
        _ => Payload::MessageReceived(history::MessageReceived { message_id, ..Default::default() }),
    }
}
