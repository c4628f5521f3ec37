//! How fast a history becomes facts: events come over real gRPC from a stand-in for dispatch and end in a SQLite file with
//! `synchronous=FULL`, as they do when a service that was away follows from the beginning. Beside it, in the same run, the
//! floor: the same stream decoded and thrown away, and rows of the same bytes inserted, with nothing of ours.
//! `cargo bench -p fenliu-analytics --bench history`; processor time holds the stand-in, which runs in the same process.

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
use fenliu_proto::dispatch::v1::history_service_client::HistoryServiceClient;
use fenliu_proto::dispatch::v1::history_service_server::{HistoryService, HistoryServiceServer};
use fenliu_proto::history::v1 as history;
use fenliu_proto::history::v1::event::Payload;
use fenliu_proto::status::refusal;
use fenliu_runtime::channel;
use fenliu_runtime::lifecycle::Lifecycle;
use fenliu_runtime::platform::Platform;
use fenliu_runtime::server::{ServerConfig, ServerOptions, serve};
use fenliu_runtime::sql::DatabaseConfig;
use futures::{Stream, StreamExt, stream};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sea_orm::sqlx::{self, Connection, QueryBuilder, Row, Sqlite};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status, async_trait};

const SHOPS: u128 = 100;
const CONVERSATIONS: usize = 100_000;
/// Events of a conversation.
const STORY: usize = 8;
/// Conversations that go on at the same time.
const AT_ONCE: usize = 500;
/// Events of a message of the stream, as dispatch sends them.
const MESSAGE_EVENTS: usize = 500;
/// Rows of one insertion of the floor.
const ROWS: usize = 1_000;
/// Between two looks whether all is worked in.
const PAUSE: Span = Span::from_micros(20_000);
/// 1 May 2026 in UTC, in seconds since 1970.
const START: i64 = 1_777_593_600;

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(measure());
}

async fn measure() {
    let messages = Arc::new(messages());
    let events = messages.iter().map(|message| message.events.len()).sum::<usize>();
    let last = messages.last().and_then(|message| message.events.last()).map_or(0, |event| event.position);
    let address = stand_in(messages).await;
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("facts.db");

    let decoded = timed(decode(&address, events)).await;
    print_line("floor: decoded", events, decoded);
    let facts = timed(follow(&address, &file, last)).await;
    let inserted = timed(insert(&file, &directory.path().join("floor.db"))).await;
    print_line("floor: the same rows inserted", events, inserted);
    let floor = Took { wall: decoded.wall + inserted.wall, cpu: decoded.cpu + inserted.cpu };
    print_line("floor, both", events, floor);
    print_line("history to facts", events, facts);
    println!(
        "to the floor: {:.2} of its events a second, {:.2} times its processor time",
        floor.wall.as_secs_f64() / facts.wall.as_secs_f64(),
        facts.cpu.as_secs_f64() / floor.cpu.as_secs_f64()
    );
}

#[derive(Clone, Copy)]
struct Took {
    wall: Duration,
    cpu: Duration,
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the wall")]
async fn timed(work: impl Future<Output = ()>) -> Took {
    let (start, before) = (Instant::now(), processor_time());
    work.await;
    Took { wall: start.elapsed(), cpu: processor_time().saturating_sub(before) }
}

/// What this process has used so far, in the kernel's clock ticks of 10 ms.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux tells");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 = [11, 12].iter().filter_map(|field| fields.get(*field)?.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn print_line(what: &str, events: usize, Took { wall, cpu }: Took) {
    let events = events as f64;
    println!(
        "{what:<32} {:>9.0} events/s  {:>6.2} µs of processor time each",
        events / wall.as_secs_f64(),
        cpu.as_secs_f64() * 1e6 / events
    );
}

/// Reads the whole stream.
async fn decode(address: &str, events: usize) {
    let mut client = HistoryServiceClient::connect(address.to_owned()).await.expect("it is there");
    let mut stream =
        client.follow_events(dispatch::FollowEventsRequest::default()).await.expect("it tells").into_inner();
    let mut seen = 0;
    while seen < events {
        seen += stream.message().await.expect("whole").expect("it goes on").events.len();
    }
}

/// Lets the service follow until it has worked in the last event.
async fn follow(address: &str, file: &Path, last: i64) {
    let lifecycle = Lifecycle::new();
    let platform = Platform::system(lifecycle.clone());
    let clock = platform.clock.clone();
    let channel = service(address, file, platform).await;
    let mut rates = ReplyRateServiceClient::new(channel);
    // A day nothing happened on is answered at once.
    let request = analytics::GetReplyRateRequest {
        shop_id: shop(0),
        pack: Some(Pack::RulePackId("taobao-3min".into())),
        start_date: "2020-01-01".into(),
        end_date: "2020-01-01".into(),
        ..Default::default()
    };
    loop {
        match rates.get_reply_rate(request.clone()).await {
            Ok(rate) if rate.get_ref().position >= last => break,
            _ => clock.sleep_until(clock.now() + PAUSE).await,
        }
    }
    lifecycle.drain(Duration::from_secs(5)).await;
}

async fn service(address: &str, file: &Path, platform: Platform) -> Channel {
    let history = channel::connect_lazy(address.parse().expect("a URI"));
    let config = Config::at(DatabaseConfig::at(format!("sqlite://{}", file.display())));
    let (auth, lifecycle) = (platform.auth.clone(), platform.lifecycle.clone());
    let service = fenliu_analytics::start(config, platform, history.clone(), history).await;
    let service = service.expect("the service starts");
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
    Endpoint::from_shared(format!("http://{address}")).expect("a URI").connect_lazy()
}

/// Inserts rows of the same keys and bytes as the service made.
async fn insert(file: &Path, copy: &Path) {
    let options = |file: &Path| {
        SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .pragma("journal_mode", "WAL")
            .pragma("synchronous", "FULL")
    };
    let mut made = SqliteConnection::connect_with(&options(file)).await.expect("the service's file");
    let mut floor = SqliteConnection::connect_with(&options(copy)).await.expect("a file");
    let table = "CREATE TABLE conversation (shop TEXT, name TEXT, facts BLOB, PRIMARY KEY (shop, name)) WITHOUT ROWID";
    sqlx::raw_sql(table).execute(&mut floor).await.expect("a table");
    let rows = sqlx::query("SELECT shop_id, conversation, facts FROM conversation");
    let rows = rows.fetch_all(&mut made).await.expect("rows");
    for rows in rows.chunks(ROWS) {
        let mut insertion = QueryBuilder::<Sqlite>::new("INSERT INTO conversation ");
        insertion.push_values(rows, |mut values, row| {
            let (shop, name, facts): (String, String, Vec<u8>) = (row.get(0), row.get(1), row.get(2));
            values.push_bind(shop).push_bind(name).push_bind(facts);
        });
        insertion.build().execute(&mut floor).await.expect("inserted");
    }
}

/// The whole history in messages, its conversations in each other's midst.
fn messages() -> Vec<dispatch::FollowEventsResponse> {
    let mut events = Vec::with_capacity(CONVERSATIONS * STORY);
    for group in 0..CONVERSATIONS / AT_ONCE {
        for step in 0..STORY {
            for number in group * AT_ONCE..(group + 1) * AT_ONCE {
                events.push(event(number, step, events.len()));
            }
        }
    }
    let message = |events: &[dispatch::StoredEvent]| dispatch::FollowEventsResponse {
        events: events.to_vec(),
        caught_up: false,
    };
    events.chunks(MESSAGE_EVENTS).map(message).collect()
}

fn shop(number: usize) -> String {
    format!("shp_{:032x}", number as u128 % SHOPS + 1)
}

fn event(conversation: usize, step: usize, at: usize) -> dispatch::StoredEvent {
    let position = i64::try_from(at).unwrap_or(i64::MAX) + 1;
    let seconds = START + i64::try_from(conversation / AT_ONCE * 600 + step * 40).unwrap_or_default();
    let time = prost_types::Timestamp { seconds, nanos: 0 };
    dispatch::StoredEvent {
        position,
        event: Some(history::Event {
            shop_id: shop(conversation),
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
        2 => Payload::Assigned(history::Assigned { agent_id, ..Default::default() }),
        3 | 6 => Payload::ReplySent(history::ReplySent {
            message_id,
            actor: Actor::Human.into(),
            agent_id,
            ..Default::default()
        }),
        7 => Payload::Closed(history::Closed { by: history::CloseActor::Agent.into(), ..Default::default() }),
        _ => Payload::MessageReceived(history::MessageReceived { message_id, ..Default::default() }),
    }
}

/// A dispatch that tells one history and no more.
struct StandIn(Arc<Vec<dispatch::FollowEventsResponse>>);

async fn stand_in(messages: Arc<Vec<dispatch::FollowEventsResponse>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("the port");
    let server = Server::builder().add_service(HistoryServiceServer::new(StandIn(messages)));
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
        let messages = self.0.clone();
        let told =
            stream::iter(0..messages.len()).map(move |at| Ok(messages.get(at).cloned().unwrap_or_default()));
        Ok(Response::new(Box::pin(told.chain(stream::pending()))))
    }
}
