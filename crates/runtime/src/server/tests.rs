//! The server and its layers, end to end over loopback.

use fenliu_domain::problem::Reason;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};

use self::probe::{Probe, Running, ask, ask_with, reason, start, watch};
use super::{ServeError, ServerConfig, check_loopback};
use crate::channel::Outgoing;
use crate::lifecycle::Drained;

mod admission;
mod gate;
mod probe;

const ASK: &str = "/fenliu.test.v1.Probe/Ask";

async fn running() -> Running {
    start(ServerConfig::default(), Probe::default()).await
}

async fn health(channel: Outgoing, service: &str) -> Result<i32, Status> {
    let request = HealthCheckRequest { service: service.into() };
    HealthClient::new(channel).check(request).await.map(|response| response.into_inner().status)
}

fn check(outcome: Result<String, Status>, code: Code, expected: Reason) {
    let status = outcome.expect_err("must be refused");
    assert_eq!((status.code(), reason(&status)), (code, Some(expected)), "{status:?}");
}

#[tokio::test]
async fn a_call_is_answered() {
    assert_eq!(running().await.ask("hello").await.unwrap(), "hello");
}

#[tokio::test]
async fn a_panic_is_internal_and_the_server_lives_on() {
    let running = running().await;
    let channel = running.channel();
    check(ask(channel.clone(), "panic").await, Code::Internal, Reason::Internal);
    assert_eq!(ask(channel, "hello").await.unwrap(), "hello");
}

#[tokio::test]
async fn a_panicking_stream_ends_with_internal() {
    let mut stream = watch(running().await.channel(), "panic", &[]).await.unwrap();
    // The first message may be lost with the panic: tonic looks for a second one before it sends.
    let status = loop {
        if let Err(status) = stream.message().await {
            break status;
        }
    };
    assert_eq!((status.code(), reason(&status)), (Code::Internal, Some(Reason::Internal)));
}

#[tokio::test]
async fn methods_nobody_serves_are_unimplemented_with_a_reason() {
    let running = running().await;
    for path in
        ["/fenliu.test.v1.Probe/Unserved", "/fenliu.test.v1.Probe/Nonsense", "/no.such.Service/Ask", "/x"]
    {
        let outcome = ask_with(running.channel(), path, "hello", &[]).await;
        check(outcome, Code::Unimplemented, Reason::MethodNotFound);
    }
}

#[tokio::test]
async fn a_bare_status_of_a_handler_is_a_defect() {
    check(running().await.ask("bare").await, Code::Internal, Reason::Internal);
}

#[tokio::test]
async fn a_message_too_large_is_refused_and_one_at_the_limit_is_not() {
    let config = ServerConfig { max_message_bytes: 1_024, ..ServerConfig::default() };
    let running = start(config, Probe::default()).await;
    // Three bytes are the field's tag and length.
    let longest = "x".repeat(1_024 - 3);
    assert_eq!(running.ask(&longest).await.unwrap(), longest);
    let outcome = running.ask(&"x".repeat(1_024 - 2)).await;
    check(outcome, Code::ResourceExhausted, Reason::MessageTooLarge);
}

#[tokio::test]
async fn ten_megabytes_are_refused_by_default() {
    let outcome = running().await.ask(&"x".repeat(10_000_000)).await;
    check(outcome, Code::ResourceExhausted, Reason::MessageTooLarge);
}

#[tokio::test]
async fn the_default_deadline_ends_a_call() {
    let config = ServerConfig { default_deadline_ms: 30, ..ServerConfig::default() };
    let running = start(config, Probe::default()).await;
    check(running.ask("hang").await, Code::DeadlineExceeded, Reason::DeadlineExceeded);
}

/// The response headers of a call that hangs, read by a client that has no timer of its own: tonic's would end
/// the call before the server's answer is there.
async fn hang(client: h2::client::SendRequest<bytes::Bytes>, timeout: &'static str) -> http::HeaderMap {
    let request = http::Request::post(format!("http://localhost{ASK}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("grpc-timeout", timeout)
        .body(())
        .unwrap();
    let (response, mut body) = client.ready().await.unwrap().send_request(request, false).unwrap();
    // On a busy machine the answer is there before the message is sent, and the stream closed.
    drop(body.send_data(bytes::Bytes::from_static(b"\0\0\0\0\x06\x0a\x04hang"), true));
    response.await.unwrap().headers().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_callers_deadline_is_always_answered_and_never_as_cancelled() {
    let running = running().await;
    let stream = TcpStream::connect(running.address).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let calls = (0..300).map(|_| hang(client.clone(), "3m"));
    for headers in futures::future::join_all(calls).await {
        let status = Status::from_header_map(&headers).unwrap();
        assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
        assert_eq!(reason(&status), Some(Reason::DeadlineExceeded));
    }
}

#[tokio::test]
async fn a_callers_deadline_is_granted_up_to_the_maximum() {
    let config = ServerConfig { max_deadline_ms: 20, ..ServerConfig::default() };
    let running = start(config, Probe::default()).await;
    let outcome = ask_with(running.channel(), ASK, "hang", &[("grpc-timeout", "1H")]).await;
    check(outcome, Code::DeadlineExceeded, Reason::DeadlineExceeded);
}

#[tokio::test]
async fn a_deadline_that_is_none_is_refused() {
    let running = running().await;
    for timeout in ["abc", "-5S"] {
        let outcome = ask_with(running.channel(), ASK, "hello", &[("grpc-timeout", timeout)]).await;
        check(outcome, Code::InvalidArgument, Reason::InvalidRequest);
    }
}

#[tokio::test]
async fn outgoing_calls_get_what_is_left_of_the_deadline() {
    let last = running().await;
    let probe = Probe { next: Some(last.channel()), ..Probe::default() };
    let first = start(ServerConfig::default(), probe).await;
    let headers = [("grpc-timeout", "50S")];
    let left = ask_with(first.channel(), ASK, "relay remaining", &headers).await.unwrap();
    let left: i64 = left.parse().unwrap();
    let expected = 5_001..=50_000;
    assert!(expected.contains(&left), "{left} ms are left of the caller's fifty seconds, not of five");
}

#[tokio::test]
async fn a_stream_has_no_deadline_unless_its_caller_gives_one() {
    let config = ServerConfig { default_deadline_ms: 1, max_deadline_ms: 50, ..ServerConfig::default() };
    let running = start(config, Probe::default()).await;
    let mut endless = watch(running.channel(), "endless", &[]).await.unwrap();
    assert_eq!(endless.message().await.unwrap().unwrap().service, "first");
    let mut bounded = watch(running.channel(), "endless", &[("grpc-timeout", "1H")]).await.unwrap();
    assert_eq!(bounded.message().await.unwrap().unwrap().service, "first");
    let status = bounded.message().await.unwrap_err();
    assert_eq!((status.code(), reason(&status)), (Code::DeadlineExceeded, Some(Reason::DeadlineExceeded)));
    let still_open = futures::FutureExt::now_or_never(endless.message());
    assert!(still_open.is_none(), "fifty times the default later the endless one is open");
}

#[tokio::test]
async fn calls_beyond_the_limit_are_shed_but_health_is_not() {
    let config = ServerConfig { max_concurrent_requests: 1, ..ServerConfig::default() };
    let probe = Probe::default();
    let running = start(config, probe.clone()).await;
    let channel = running.channel();
    let first = tokio::spawn(ask(channel.clone(), "gate"));
    probe.arrived.notified().await;
    check(ask(channel.clone(), "hello").await, Code::ResourceExhausted, Reason::Overloaded);
    assert_eq!(health(channel.clone(), "").await.unwrap(), 1);
    probe.gate.notify_one();
    assert_eq!(first.await.unwrap().unwrap(), "passed");
    assert_eq!(ask(channel, "hello").await.unwrap(), "hello");
}

#[tokio::test]
async fn streams_have_places_of_their_own_until_they_end() {
    let config = ServerConfig { max_open_streams: 1, ..ServerConfig::default() };
    let running = start(config, Probe::default()).await;
    let open = watch(running.channel(), "endless", &[]).await.unwrap();
    let status = watch(running.channel(), "endless", &[]).await.map(drop).unwrap_err();
    assert_eq!((status.code(), reason(&status)), (Code::ResourceExhausted, Some(Reason::Overloaded)));
    assert_eq!(running.ask("hello").await.unwrap(), "hello");
    drop(open);
    while watch(running.channel(), "endless", &[]).await.is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn every_service_and_the_whole_are_healthy_and_others_unknown() {
    let running = running().await;
    for service in ["", "fenliu.test.v1.Probe"] {
        assert_eq!(health(running.channel(), service).await.unwrap(), 1);
    }
    let status = health(running.channel(), "no.such.Service").await.unwrap_err();
    assert_eq!((status.code(), reason(&status)), (Code::NotFound, Some(Reason::ServiceNotFound)));
}

async fn reflected(running: &Running) -> Result<Vec<String>, Status> {
    let message_request = Some(MessageRequest::ListServices(String::new()));
    let request = ServerReflectionRequest { host: String::new(), message_request };
    let asked = futures::stream::iter([request]);
    let mut client = ServerReflectionClient::new(running.channel());
    let mut answers = client.server_reflection_info(asked).await?.into_inner();
    let Some(ServerReflectionResponse { message_response: Some(answer), .. }) = answers.message().await?
    else {
        panic!("an answer was expected");
    };
    let MessageResponse::ListServicesResponse(list) = answer else { panic!("a list was expected") };
    Ok(list.service.into_iter().map(|service| service.name).collect())
}

#[tokio::test]
async fn reflection_lists_the_services_and_can_be_switched_off() {
    let names = reflected(&running().await).await.unwrap();
    for expected in ["fenliu.test.v1.Probe", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"] {
        assert!(names.iter().any(|name| name == expected), "{names:?}");
    }
    let config = ServerConfig { reflection: false, ..ServerConfig::default() };
    let status = reflected(&start(config, Probe::default()).await).await.unwrap_err();
    assert_eq!((status.code(), reason(&status)), (Code::Unimplemented, Some(Reason::MethodNotFound)));
}

#[tokio::test]
async fn a_drain_ends_streams_and_lets_calls_in_flight_finish() {
    let probe = Probe::default();
    let running = start(ServerConfig::default(), probe.clone()).await;
    let channel = running.channel();
    let mut stream = watch(channel.clone(), "endless", &[]).await.unwrap();
    assert_eq!(stream.message().await.unwrap().unwrap().service, "first");
    let in_flight = tokio::spawn(ask(channel.clone(), "gate"));
    probe.arrived.notified().await;
    running.lifecycle.soft().cancel();
    let status = stream.message().await.unwrap_err();
    assert_eq!((status.code(), reason(&status)), (Code::Unavailable, Some(Reason::Draining)));
    probe.gate.notify_one();
    assert_eq!(in_flight.await.unwrap().unwrap(), "passed");
    assert_eq!(running.server.await.unwrap().unwrap(), Drained::Clean);
    assert!(TcpStream::connect(running.address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn whoever_watches_health_sees_not_serving_before_the_end() {
    let running = running().await;
    let request = HealthCheckRequest { service: "fenliu.test.v1.Probe".into() };
    let mut statuses = HealthClient::new(running.channel()).watch(request).await.unwrap().into_inner();
    assert_eq!(statuses.message().await.unwrap().unwrap().status, 1);
    running.lifecycle.soft().cancel();
    assert_eq!(statuses.message().await.unwrap().unwrap().status, 2);
    assert_eq!(reason(&statuses.message().await.unwrap_err()), Some(Reason::Draining));
    assert_eq!(running.server.await.unwrap().unwrap(), Drained::Clean);
}

#[tokio::test]
async fn a_silent_connection_and_a_hanging_call_cannot_hold_up_the_drain() {
    let config = ServerConfig { drain_limit_ms: 50, ..ServerConfig::default() };
    let probe = Probe::default();
    let running = start(config, probe.clone()).await;
    let mut silent = TcpStream::connect(running.address).await.unwrap();
    let hanging = tokio::spawn(ask(running.channel(), "gate"));
    probe.arrived.notified().await;
    running.lifecycle.soft().cancel();
    running.server.await.unwrap().unwrap();
    check(hanging.await.unwrap(), Code::Unavailable, Reason::Draining);
    let mut rest = Vec::new();
    // Whatever the server still said, the connection has an end.
    drop(silent.read_to_end(&mut rest).await);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_never_says_anything_is_closed() {
    let running = running().await;
    let mut silent = TcpStream::connect(running.address).await.unwrap();
    let mut rest = Vec::new();
    drop(silent.read_to_end(&mut rest).await);
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_a_place() {
    let config = ServerConfig { max_connections: 1, ..ServerConfig::default() };
    let running = start(config, Probe::default()).await;
    let first = running.channel();
    assert_eq!(ask(first.clone(), "hello").await.unwrap(), "hello");
    let mut second = Box::pin(running.ask("second"));
    assert!(futures::poll!(&mut second).is_pending());
    assert_eq!(ask(first.clone(), "still here").await.unwrap(), "still here");
    drop(first);
    assert_eq!(second.await.unwrap(), "second");
}

#[tokio::test]
async fn a_call_continues_its_callers_trace() {
    use opentelemetry::trace::TracerProvider;
    use tracing_subscriber::layer::SubscriberExt;

    let provider = opentelemetry_sdk::trace::SdkTracerProvider::builder().build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    // For the whole process: tests on other threads may be the first to reach the span's place in the code, and
    // it would then be switched off for a subscriber of this thread alone.
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).unwrap();
    let last = running().await;
    let probe = Probe { next: Some(last.channel()), ..Probe::default() };
    let first = start(ServerConfig::default(), probe).await;
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let parent = format!("00-{trace}-b7ad6b7169203331-01");
    let headers = [("traceparent", parent.as_str())];
    let seen = ask_with(first.channel(), ASK, "relay trace", &headers).await.unwrap();
    assert!(seen.contains(trace) && !seen.contains("b7ad6b7169203331"), "{seen}");
}

#[test]
fn only_loopback_addresses_are_listened_on_while_nobody_is_asked_for_a_token() {
    for address in ["127.0.0.1:1", "127.8.0.1:1", "[::1]:1"] {
        assert!(check_loopback(address.parse().unwrap(), true).is_ok());
    }
    for address in ["0.0.0.0:1", "[::]:1", "10.0.0.1:1"] {
        let address = address.parse().unwrap();
        assert!(matches!(check_loopback(address, true), Err(ServeError::NotLoopback(_))));
        assert!(check_loopback(address, false).is_ok());
    }
}
