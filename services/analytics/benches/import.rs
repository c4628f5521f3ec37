//! How fast a month of conversations becomes facts, and a rate: through real gRPC over loopback into a SQLite file with
//! `synchronous=FULL`, as the command line's import does it. `cargo bench -p fenliu-analytics`.

use std::time::{Duration, Instant};

use fenliu_analytics::Config;
use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::get_reply_rate_request::Pack;
use fenliu_proto::analytics::v1::import_service_client::ImportServiceClient;
use fenliu_proto::analytics::v1::imported_event::Payload;
use fenliu_proto::analytics::v1::reply_rate_service_client::ReplyRateServiceClient;
use fenliu_proto::convert::to_timestamp;
use fenliu_proto::status::refusal;
use fenliu_runtime::channel;
use fenliu_runtime::lifecycle::Lifecycle;
use fenliu_runtime::platform::Platform;
use fenliu_runtime::server::{ServerConfig, ServerOptions, serve};
use fenliu_runtime::sql::DatabaseConfig;
use tokio::net::TcpListener;
use tonic::transport::{Channel, Endpoint};

/// As many conversations as the bank's January has, of four events each.
const CONVERSATIONS: u32 = 30_000;
/// As many as fit a request.
const BATCH: usize = 1_000;
const SHOP: &str = "shp_00000000000000000000000000000001";

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(measure());
}

async fn measure() {
    let directory = tempfile::tempdir().expect("a directory");
    let channel = service(&format!("sqlite://{}/facts.db", directory.path().display())).await;
    let batches = month();
    let events = u64::from(CONVERSATIONS) * 4;
    let mut imports = ImportServiceClient::new(channel.clone());
    let (stored, took) = timed(imports.import_events(tokio_stream::iter(batches.clone()))).await;
    assert_eq!(stored.expect("imported").into_inner().imported, events);
    report("import, new", events, took);
    let (stored, took) = timed(imports.import_events(tokio_stream::iter(batches))).await;
    assert_eq!(stored.expect("imported").into_inner().repeated, events);
    report("import, repeated", events, took);
    let mut rates = ReplyRateServiceClient::new(channel);
    for pack in ["pinduoduo-3min-human", "taobao-3min", "tiktok-us-24h"] {
        let chosen = Some(Pack::RulePackId(pack.into()));
        let request = proto::GetReplyRateRequest { shop_id: SHOP.into(), pack: chosen, ..Default::default() };
        let (rate, took) = timed(rates.get_reply_rate(request)).await;
        let total = rate.expect("a rate").into_inner().total.expect("a total");
        println!("{pack}: {} of {} in {took:?}", total.within_limit, total.counted);
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the wall")]
async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let start = Instant::now();
    let done = work.await;
    (done, start.elapsed())
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn report(what: &str, events: u64, took: Duration) {
    println!("{what}: {events} events in {took:?}, {:.0} events/s", events as f64 / took.as_secs_f64());
}

async fn service(url: &str) -> Channel {
    let lifecycle = Lifecycle::new();
    let nowhere = channel::connect_lazy("http://127.0.0.1:1".parse().expect("a URI"));
    let config = Config::at(DatabaseConfig::at(url));
    let platform = Platform::system(lifecycle.clone());
    let auth = platform.auth.clone();
    let service = fenliu_analytics::start(config, platform, nowhere.clone(), nowhere).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("the port");
    let options = ServerOptions {
        config: ServerConfig {
            insecure_no_auth: true,
            default_deadline_ms: 600_000,
            ..ServerConfig::default()
        },
        descriptor_set: fenliu_proto::DESCRIPTOR_SET,
        refuse: refusal,
        lifecycle,
        auth,
    };
    tokio::spawn(serve(listener, vec![service.expect("the service starts")], options));
    Endpoint::from_shared(format!("http://{address}")).expect("a URI").connect_lazy()
}

/// A month of conversations, one after the other: opened, asked, answered after 0 to 299 seconds, closed.
fn month() -> Vec<proto::ImportEventsRequest> {
    let start = Timestamp::from_micros_clamped(1_777_564_800_000_000);
    let events: Vec<_> = (0..CONVERSATIONS).flat_map(|number| conversation(start, number)).collect();
    let batch = |events: &[proto::ImportedEvent]| proto::ImportEventsRequest {
        shop_id: SHOP.into(),
        source: "bench".into(),
        time_zone: "Asia/Shanghai".into(),
        events: events.to_vec(),
        orders: Vec::new(),
    };
    events.chunks(BATCH).map(batch).collect()
}

fn conversation(start: Timestamp, number: u32) -> [proto::ImportedEvent; 4] {
    let asked = start + Span::from_secs(i64::from(number) * 86);
    let wait = i64::from(number.wrapping_mul(2_654_435_761) % 300);
    let event = |order: u32, after: i64, payload: Payload| proto::ImportedEvent {
        record_id: format!("call {number} {order}"),
        conversation: format!("call {number}"),
        occurred_time: Some(to_timestamp(asked + Span::from_secs(after))),
        order,
        recorded_time: None,
        payload: Some(payload),
    };
    let buyer_id = format!("buyer {}", number % 9_000);
    let agent = format!("agent {}", number % 40);
    [
        event(0, 0, Payload::Opened(proto::ImportedOpening { buyer_id, ..Default::default() })),
        event(1, 0, Payload::Message(proto::ImportedMessage::default())),
        event(2, wait, Payload::Reply(proto::ImportedReply { agent, ..Default::default() })),
        event(3, wait + 200, Payload::Closed(proto::ImportedClosing::default())),
    ]
}
