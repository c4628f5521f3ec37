//! What log lines carry and what never leaves.

use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use serde_json::Value;
use tonic::body::Body;
use tracing::Level;
use tracing_subscriber::layer::{Layer, SubscriberExt};

use super::{
    JsonLines, LogFormat, TelemetryConfig, TelemetryError, TelemetryGuard, exported, logged, provider,
};
use crate::auth::Authenticator;
use crate::clock::SystemClock;
use crate::lifecycle::Lifecycle;
use crate::server::{ServerConfig, ServerOptions, Service, serve};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The JSON lines that `work` logs under this filter.
fn lines_of(filter: &str, work: impl FnOnce()) -> Vec<Value> {
    let lines = Lines::default();
    let writer = lines.clone();
    let config = TelemetryConfig { filter: filter.into(), ..TelemetryConfig::default() };
    let spans = tracing_opentelemetry::layer()
        .with_tracer(SdkTracerProvider::builder().build().tracer("test"))
        .with_filter(exported());
    let json = JsonLines::new(move || writer.clone()).with_filter(logged(&config).unwrap());
    let subscriber = tracing_subscriber::registry().with(spans).with(json);
    tracing::subscriber::with_default(subscriber, work);
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_line_carries_the_trace_it_belongs_to() {
    let lines = lines_of("info", || {
        let _inside = tracing::info_span!("rpc").entered();
        tracing::info!(count = 3, name = "x\"y", "done {}", 1);
    });
    let line = &lines[0];
    assert_eq!(line["message"], "done 1");
    assert_eq!((&line["level"], &line["span"]), (&"INFO".into(), &"rpc".into()));
    assert_eq!((&line["fields"]["count"], &line["fields"]["name"]), (&3.into(), &"x\"y".into()));
    let length = |key: &str| line[key].as_str().map_or(0, str::len);
    assert_eq!((length("trace_id"), length("span_id")), (32, 16), "{line}");
}

#[test]
fn lines_of_one_span_share_a_trace_and_those_outside_have_none() {
    let lines = lines_of("info", || {
        tracing::info!("outside");
        let span = tracing::info_span!("rpc");
        span.in_scope(|| tracing::info!("one"));
        span.in_scope(|| tracing::info!("two"));
    });
    assert_eq!(lines[0].get("trace_id"), None);
    assert!(lines[1]["trace_id"].is_string());
    assert_eq!(lines[1]["trace_id"], lines[2]["trace_id"]);
}

#[test]
fn no_filter_makes_statements_or_urls_visible() {
    let lines = lines_of("trace,sqlx=trace,sea_orm=trace", || {
        tracing::info!(target: "sqlx::query", "SELECT secret");
        tracing::trace!(target: "sea_orm::driver", "postgres://secret");
        tracing::trace!(target: "fenliu_dispatch", "shown");
        tracing::warn!(target: "sqlx::pool", "shown too");
    });
    let messages: Vec<_> = lines.iter().map(|line| line["message"].as_str().unwrap()).collect();
    assert_eq!(messages, ["shown", "shown too"]);
}

#[test]
fn the_exporter_does_not_trace_itself() {
    for own in ["h2::codec", "hyper::client", "tonic::transport", "tower::buffer", "opentelemetry_sdk"] {
        assert!(!exported().would_enable(own, &Level::ERROR), "{own}");
    }
    assert!(exported().would_enable("fenliu_runtime::layers::trace", &Level::INFO));
}

#[test]
fn a_bad_filter_is_named() {
    let config = TelemetryConfig { filter: "info,=".into(), ..TelemetryConfig::default() };
    let error = logged::<tracing_subscriber::Registry>(&config).map(drop).unwrap_err();
    assert!(matches!(error, TelemetryError::Filter(_)));
    assert!(error.to_string().contains("telemetry.filter"));
}

#[tokio::test]
async fn a_bad_endpoint_is_named() {
    let endpoint = "not an address";
    let config = TelemetryConfig { otlp_endpoint: endpoint.into(), ..TelemetryConfig::default() };
    assert!(provider(&config, "test").unwrap_err().to_string().contains("telemetry.otlp_endpoint"));
}

/// Stands in for a collector: notifies for every export it is sent.
#[derive(Clone, Default)]
struct Collector(Arc<tokio::sync::Notify>);

impl tonic::server::NamedService for Collector {
    const NAME: &'static str = "opentelemetry.proto.collector.trace.v1.TraceService";
}

impl tower::Service<http::Request<Body>> for Collector {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = futures::future::BoxFuture<'static, Result<http::Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let exported = Arc::clone(&self.0);
        Box::pin(async move {
            let export = tower::service_fn(|_: tonic::Request<()>| {
                exported.notify_one();
                std::future::ready(Ok::<_, tonic::Status>(tonic::Response::new(())))
            });
            let mut grpc = tonic::server::Grpc::new(tonic_prost::ProstCodec::<(), ()>::default());
            Ok(grpc.unary(export, request).await)
        })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flush_sends_the_spans_that_have_ended() {
    let collector = Collector::default();
    let exported = Arc::clone(&collector.0);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let otlp_endpoint = format!("http://{}", listener.local_addr().unwrap());
    let options = ServerOptions {
        config: ServerConfig { insecure_no_auth: true, ..ServerConfig::default() },
        descriptor_set: &[],
        refuse: |problem| tonic::Status::unknown(problem.message),
        lifecycle: Lifecycle::new(),
        auth: Authenticator::new(SystemClock::shared()),
    };
    let service = Service { routes: tonic::service::Routes::new(collector), names: &[] };
    tokio::spawn(serve(listener, vec![service], options));
    let config = TelemetryConfig { otlp_endpoint, ..TelemetryConfig::default() };
    let guard = TelemetryGuard { provider: provider(&config, "test").unwrap(), meters: None };
    let spans = tracing_opentelemetry::layer().with_tracer(guard.provider.tracer("test"));
    let subscriber = tracing_subscriber::registry().with(spans.with_filter(super::exported()));
    tracing::subscriber::with_default(subscriber, || drop(tracing::info_span!("sent").entered()));
    guard.flush().await;
    exported.notified().await;
    guard.shutdown().await;
}

#[test]
fn formats_are_read_by_name() {
    let read = |text: &str| serde_json::from_str::<LogFormat>(text);
    assert_eq!(read("\"json\"").unwrap(), LogFormat::Json);
    assert!(read("\"xml\"").is_err());
}
