//! One builder for every server: listener in, services in, everything that is the same for all of them added
//! once.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use fenliu_domain::problem::Problem;
use futures::FutureExt;
use futures::future::FusedFuture;
use serde::Deserialize;
use tokio::net::TcpListener;
use tonic::Status;
use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tower::Layer;

use self::connections::Ends;
use crate::auth::{Authenticator, Guard, Rules, RulesError};
use crate::config::bounded;
use crate::layers::{self, Limits, Methods};
use crate::lifecycle::{Drained, Lifecycle};
use crate::page::{KeyFileError, PageTokens};
use crate::platform::Platform;

mod connections;

/// The largest message a service takes, in bytes, unless configured otherwise. The layers enforce the configured
/// limit on every call; services need not repeat it.
pub const MAX_MESSAGE_BYTES: usize = 1 << 20;

/// How long calls that were cut off at the end of the drain have to hear so.
const ANSWER_LIMIT: Duration = Duration::from_millis(250);

/// How long connections have to notice that they are cut.
const ABORT_LIMIT: Duration = Duration::from_secs(1);

/// The `[server]` section; `server.default.toml` says what each key means.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// Address and port to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Ask nobody who they are: every caller may do everything. Only loopback addresses are listened on then.
    pub insecure_no_auth: bool,
    /// Serve gRPC reflection.
    pub reflection: bool,
    /// Connections held open at once; further ones wait to be accepted.
    #[serde(deserialize_with = "bounded::<_, _, 1, 1_000_000>")]
    pub max_connections: usize,
    /// Unary calls at once over all connections.
    #[serde(deserialize_with = "bounded::<_, _, 1, 1_000_000>")]
    pub max_concurrent_requests: usize,
    /// Streams open at once over all connections.
    #[serde(deserialize_with = "bounded::<_, _, 1, 1_000_000>")]
    pub max_open_streams: usize,
    /// Calls and streams at once on one connection.
    #[serde(deserialize_with = "bounded::<_, _, 1, 100_000>")]
    pub max_concurrent_streams: u32,
    /// Milliseconds a unary call may take when its caller gives no deadline.
    #[serde(deserialize_with = "bounded::<_, _, 1, 600_000>")]
    pub default_deadline_ms: u64,
    /// The longest deadline a caller is granted, in milliseconds.
    #[serde(deserialize_with = "bounded::<_, _, 1, 86_400_000>")]
    pub max_deadline_ms: u64,
    /// The largest message taken from a caller, in bytes; at most 4 MiB, tonic's own bound.
    #[serde(deserialize_with = "bounded::<_, _, 1_024, 4_194_304>")]
    pub max_message_bytes: usize,
    /// Milliseconds of silence after which a connection is asked for a sign of life.
    #[serde(deserialize_with = "bounded::<_, _, 100, 3_600_000>")]
    pub keepalive_interval_ms: u64,
    /// Milliseconds after which it is closed when none has come.
    #[serde(deserialize_with = "bounded::<_, _, 100, 3_600_000>")]
    pub keepalive_timeout_ms: u64,
    /// Milliseconds that calls and tasks in flight may take to end.
    #[serde(deserialize_with = "bounded::<_, _, 0, 600_000>")]
    pub drain_limit_ms: u64,
    /// File with the key of page tokens; made when it is not there. Empty: a key of this process only.
    pub page_key_file: PathBuf,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 50_051)),
            insecure_no_auth: false,
            reflection: true,
            max_connections: 10_000,
            max_concurrent_requests: 1_024,
            max_open_streams: 4_096,
            max_concurrent_streams: 512,
            default_deadline_ms: 5_000,
            max_deadline_ms: 60_000,
            max_message_bytes: MAX_MESSAGE_BYTES,
            keepalive_interval_ms: 20_000,
            keepalive_timeout_ms: 10_000,
            drain_limit_ms: 20_000,
            page_key_file: PathBuf::new(),
        }
    }
}

impl ServerConfig {
    /// How long calls and tasks in flight may take to end.
    #[must_use]
    pub const fn drain_limit(&self) -> Duration {
        Duration::from_millis(self.drain_limit_ms)
    }

    /// The platform with page tokens under the configured key, if one is configured.
    ///
    /// # Errors
    /// [`ServeError::PageKey`].
    pub fn keyed(&self, platform: Platform) -> Result<Platform, ServeError> {
        if self.page_key_file.as_os_str().is_empty() {
            return Ok(platform);
        }
        let tokens = PageTokens::from_file(&self.page_key_file).map_err(ServeError::PageKey)?;
        Ok(platform.with_page_tokens(tokens))
    }

    const fn limits(&self) -> Limits {
        Limits {
            requests: self.max_concurrent_requests,
            streams: self.max_open_streams,
            message_bytes: self.max_message_bytes,
            default_deadline: Duration::from_millis(self.default_deadline_ms),
            max_deadline: Duration::from_millis(self.max_deadline_ms),
        }
    }
}

/// What a service hands over to be served.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its gRPC services.
    pub routes: Routes,
    /// Their full names, such as `fenliu.dispatch.v1.QueueService`, for health and reflection.
    pub names: &'static [&'static str],
}

/// How to serve.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// Limits and switches.
    pub config: ServerConfig,
    /// The encoded `FileDescriptorSet` of the whole contract, imports included.
    pub descriptor_set: &'static [u8],
    /// Turns a refusal into a status with its details.
    pub refuse: fn(Problem) -> Status,
    /// When to stop.
    pub lifecycle: Lifecycle,
    /// Verifies tokens; not asked when [`ServerConfig::insecure_no_auth`] is set.
    pub auth: Authenticator,
}

/// Why a server cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address can be reached from other machines, and nobody is asked who they are.
    #[error(
        "{0} is not a loopback address, and with server.insecure_no_auth whoever reaches it may do everything; \
         listen on 127.0.0.1 or [::1], or set server.insecure_no_auth = false"
    )]
    NotLoopback(SocketAddr),
    /// The address cannot be listened on.
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] std::io::Error),
    /// The key of page tokens cannot be had.
    #[error("configuration key server.page_key_file")]
    PageKey(#[source] KeyFileError),
    /// The descriptor set is not one.
    #[error("the descriptor set cannot be read")]
    DescriptorSet(#[from] prost::DecodeError),
    /// What the contract declares of access cannot be enforced.
    #[error("the contract's access options cannot be enforced")]
    Access(#[from] RulesError),
    /// Reflection does not take the descriptor set.
    #[error("reflection cannot use the descriptor set")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// Refuses addresses that other machines can reach when nobody is asked who they are.
///
/// # Errors
/// [`ServeError::NotLoopback`].
pub const fn check_loopback(address: SocketAddr, insecure_no_auth: bool) -> Result<(), ServeError> {
    if insecure_no_auth && !address.ip().is_loopback() {
        return Err(ServeError::NotLoopback(address));
    }
    Ok(())
}

/// Listens on the configured address, if [`check_loopback`] allows it.
///
/// # Errors
/// [`ServeError::NotLoopback`] or [`ServeError::Listen`].
pub async fn listen(config: &ServerConfig) -> Result<TcpListener, ServeError> {
    check_loopback(config.listen, config.insecure_no_auth)?;
    TcpListener::bind(config.listen).await.map_err(|error| ServeError::Listen(config.listen, error))
}

/// Serves until the lifecycle's soft token falls, then drains: health says NOT_SERVING, the listener closes,
/// new calls are refused with DRAINING, streams end, calls in flight finish, background tasks end. All of it
/// within the drain limit; past it the hard token falls and what is left is cut off (at most a second later), a
/// connection that never says anything included. Returns what became of the background tasks.
///
/// # Errors
/// When the address is refused, the descriptor set is none, or what it declares of access cannot be enforced.
pub async fn serve(
    listener: TcpListener,
    services: Vec<Service>,
    options: ServerOptions,
) -> Result<Drained, ServeError> {
    if let Ok(address) = listener.local_addr() {
        check_loopback(address, options.config.insecure_no_auth)?;
    }
    let ServerOptions { config, descriptor_set, refuse, lifecycle, auth } = options;
    let names: Vec<&str> = services.iter().flat_map(|service| service.names).copied().collect();
    let (health, health_server) = tonic_health::server::health_reporter();
    let mut routes = merged(services).add_service(health_server);
    if config.reflection {
        routes = with_reflection(routes, descriptor_set, &names)?;
    }
    let ends = Ends::default();
    let layers = layers::Context {
        refuse,
        methods: Methods::from_descriptor_set(descriptor_set)?,
        rules: Rules::from_descriptor_set(descriptor_set)?,
        guard: if config.insecure_no_auth { Guard::Off } else { Guard::On(auth) },
        limits: config.limits(),
        draining: ends.draining.clone(),
        hard: lifecycle.hard(),
    };
    set_health(&health, &names, ServingStatus::Serving).await;
    let service = layers::all(layers).layer(routes.prepare());
    let mut served = Box::pin(connections::serve(listener, service, &config, ends.clone()));
    tokio::select! {
        () = &mut served => {}
        () = lifecycle.soft().cancelled_owned() => {}
    }
    set_health(&health, &names, ServingStatus::NotServing).await;
    ends.draining.cancel();
    Ok(drain(served, &ends, &lifecycle, config.drain_limit()).await)
}

/// Waits for the calls, then for the background tasks, both within one limit. Connections are cut last, so that
/// calls that had to be given up can still be told.
async fn drain(
    served: impl Future<Output = ()> + Unpin,
    ends: &Ends,
    lifecycle: &Lifecycle,
    limit: Duration,
) -> Drained {
    let end = tokio::time::Instant::now() + limit;
    let mut served = served.fuse();
    let hard = lifecycle.hard();
    tokio::select! {
        biased;
        () = &mut served => {}
        () = tokio::time::sleep_until(end) => {}
        () = hard.cancelled() => {}
    }
    let drained = lifecycle.drain(end.saturating_duration_since(tokio::time::Instant::now())).await;
    if served.is_terminated() || tokio::time::timeout(ANSWER_LIMIT, &mut served).await.is_ok() {
        return drained;
    }
    tracing::warn!(?limit, "connections outlast the drain and are cut");
    ends.cut.cancel();
    if tokio::time::timeout(ABORT_LIMIT, &mut served).await.is_err() {
        tracing::error!("connections ignore the cut and are left behind");
    }
    drained
}

/// One router that asks each service's in turn: two routers with fallbacks of their own cannot be merged.
fn merged(services: Vec<Service>) -> Routes {
    services.into_iter().fold(Routes::default(), |others, service| {
        Routes::from(service.routes.into_axum_router().fallback_service(others.into_axum_router()))
    })
}

fn with_reflection(
    routes: Routes,
    descriptor_set: &'static [u8],
    names: &[&str],
) -> Result<Routes, tonic_reflection::server::Error> {
    let builder = |itself: &str| {
        let mut builder = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(descriptor_set)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            // So that clients that know only reflection can read the details of errors.
            .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
            .with_service_name("grpc.health.v1.Health")
            .with_service_name(itself);
        for name in names {
            builder = builder.with_service_name(*name);
        }
        builder
    };
    Ok(routes
        .add_service(builder("grpc.reflection.v1.ServerReflection").build_v1()?)
        .add_service(builder("grpc.reflection.v1alpha.ServerReflection").build_v1alpha()?))
}

async fn set_health(health: &HealthReporter, names: &[&str], status: ServingStatus) {
    for name in names.iter().chain(&[""]) {
        health.set_service_status(*name, status).await;
    }
}

#[cfg(test)]
mod tests;
