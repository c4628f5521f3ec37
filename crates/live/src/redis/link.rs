//! The way to Redis: one pipelined connection for scripts, another for what other replicas announce.

use std::sync::{Arc, Mutex, PoisonError};

use futures::{Stream, StreamExt};
use redis::aio::{ConnectionManager, ConnectionManagerConfig, MultiplexedConnection};
use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::ClusterConnection;
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, Cmd, FromRedisValue, RedisError, Script, ScriptInvocation,
    TlsCertificates, TlsMode, ToRedisArgs,
};

use super::address::Address;
use super::{ConnectError, RedisConfig, keys};

/// The channel on which replicas tell each other what they stored.
const NEWS: &str = "fl:news";
/// How a certificate begins in PEM.
const CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// The connection that scripts run on. Clones share it; it comes back by itself when it is lost.
#[derive(Clone)]
pub(super) enum Link {
    /// One server.
    One(Box<One>),
    /// A Cluster, and the nodes it was found by.
    Cluster { nodes: Vec<Client>, connection: ClusterConnection },
    /// Whichever server Sentinels say.
    Watched(Arc<Watched>),
}

/// One server.
#[derive(Clone)]
pub(super) struct One {
    client: Client,
    connection: ConnectionManager,
}

/// The server that Sentinels name. It is asked for anew whenever the one before is lost or serves no more.
pub(super) struct Watched {
    sentinels: tokio::sync::Mutex<SentinelClient>,
    connection: Mutex<Option<MultiplexedConnection>>,
    timeouts: AsyncConnectionConfig,
}

/// A script's call, as its keys and arguments are put together.
pub(super) struct Call<'s>(ScriptInvocation<'s>);

impl<'s> Call<'s> {
    pub(super) fn of(script: &'s Script) -> Self {
        Self(script.prepare_invoke())
    }

    pub(super) fn key(mut self, key: &str) -> Self {
        self.0.key(key);
        self
    }

    pub(super) fn keys(mut self, keys: &[String]) -> Self {
        for key in keys {
            self.0.key(key);
        }
        self
    }

    pub(super) fn arg(mut self, arg: impl ToRedisArgs) -> Self {
        self.0.arg(arg);
        self
    }

    pub(super) fn args<A: ToRedisArgs>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        for arg in args {
            self.0.arg(arg);
        }
        self
    }
}

/// Those whose word is taken for who Redis is, where they are named; else they are those this machine trusts.
fn trusted(config: &RedisConfig) -> Result<Option<TlsCertificates>, ConnectError> {
    let Some(path) = &config.ca_file else { return Ok(None) };
    if !config.url.starts_with("rediss") {
        return Err(ConnectError::Address("certificates are of use with TLS only: expected rediss"));
    }
    let wrong = |error: String| ConnectError::Certificates { path: path.clone(), error };
    let pem = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    if !pem.windows(CERTIFICATE.len()).any(|part| part == CERTIFICATE) {
        return Err(wrong("it holds no certificate in PEM".to_owned()));
    }
    Ok(Some(TlsCertificates { client_tls: None, root_cert: Some(pem) }))
}

/// The way to a server at this URL.
fn client(url: &str, trusted: Option<&TlsCertificates>) -> Result<Client, RedisError> {
    trusted.map_or_else(|| Client::open(url), |trusted| Client::build_with_tls(url, trusted.clone()))
}

impl Link {
    pub(super) async fn connect(config: &RedisConfig) -> Result<Self, ConnectError> {
        let trusted = trusted(config)?;
        match Address::parse(&config.url).map_err(ConnectError::Address)? {
            Address::One(url) => {
                let client = client(&url, trusted.as_ref())?;
                let timeouts = ConnectionManagerConfig::new()
                    .set_connection_timeout(Some(config.connect_timeout))
                    .set_response_timeout(Some(config.response_timeout))
                    .set_max_delay(config.response_timeout);
                let connection = client.get_connection_manager_with_config(timeouts).await?;
                Ok(Self::One(Box::new(One { client, connection })))
            }
            Address::Cluster(nodes) => {
                let mut cluster = ClusterClientBuilder::new(nodes.iter().map(String::as_str))
                    .connection_timeout(config.connect_timeout)
                    .response_timeout(config.response_timeout);
                if let Some(trusted) = &trusted {
                    cluster = cluster.certs(trusted.clone());
                }
                let connection = cluster.build()?.get_async_connection().await?;
                let open = |url: &String| client(url, trusted.as_ref());
                let nodes = nodes.iter().map(open).collect::<Result<_, _>>()?;
                Ok(Self::Cluster { nodes, connection })
            }
            Address::Sentinel { nodes, name, credentials, tls } => {
                let open = |url: &String| Ok(client(url, None)?.get_connection_info().addr().clone());
                let nodes = nodes.iter().map(open).collect::<Result<Vec<_>, RedisError>>()?;
                let mut sentinels = SentinelClientBuilder::new(nodes, name, SentinelServerType::Master)?;
                if let Some((user, password)) = credentials {
                    sentinels = sentinels.set_client_to_redis_password(password);
                    if !user.is_empty() {
                        sentinels = sentinels.set_client_to_redis_username(user);
                    }
                }
                if tls {
                    sentinels = sentinels.set_client_to_redis_tls_mode(TlsMode::Secure);
                }
                if let Some(trusted) = trusted {
                    sentinels = sentinels
                        .set_client_to_redis_certificates(trusted.clone())
                        .set_client_to_sentinel_certificates(trusted);
                }
                let timeouts = AsyncConnectionConfig::new()
                    .set_connection_timeout(Some(config.connect_timeout))
                    .set_response_timeout(Some(config.response_timeout));
                let sentinels = tokio::sync::Mutex::new(sentinels.build()?);
                let watched = Watched { sentinels, connection: Mutex::default(), timeouts };
                watched.connection().await?;
                Ok(Self::Watched(Arc::new(watched)))
            }
        }
    }

    /// How many shards one call may touch.
    pub(super) const fn shards_a_call(&self) -> usize {
        match self {
            Self::One(_) | Self::Watched(_) => keys::SHARDS as usize,
            Self::Cluster { .. } => 1,
        }
    }

    /// Runs a script, loading it where Redis does not know it. A call that timed out may still run later; every script
    /// is safe to run late.
    pub(super) async fn run<T: FromRedisValue>(&self, call: &Call<'_>) -> Result<T, RedisError> {
        match self {
            Self::One(one) => call.0.invoke_async(&mut one.connection.clone()).await,
            Self::Cluster { connection, .. } => call.0.invoke_async(&mut connection.clone()).await,
            Self::Watched(watched) => {
                let mut connection = watched.connection().await?;
                watched.expect(call.0.invoke_async(&mut connection).await)
            }
        }
    }

    /// Runs a plain command.
    pub(super) async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisError> {
        match self {
            Self::One(one) => command.query_async(&mut one.connection.clone()).await,
            Self::Cluster { connection, .. } => command.query_async(&mut connection.clone()).await,
            Self::Watched(watched) => {
                let mut connection = watched.connection().await?;
                watched.expect(command.query_async(&mut connection).await)
            }
        }
    }

    /// Tells all replicas; a Cluster passes it on to all its nodes.
    pub(super) async fn publish(&self, news: &[u8]) -> Result<(), RedisError> {
        self.query(redis::cmd("PUBLISH").arg(NEWS).arg(news)).await
    }

    /// What replicas tell from now on, until the connection is lost.
    pub(super) async fn subscribe(&self) -> Result<impl Stream<Item = Vec<u8>> + use<>, RedisError> {
        let mut listener = self.any_server().await?.get_async_pubsub().await?;
        listener.subscribe(NEWS).await?;
        Ok(listener.into_on_message().map(|message| message.get_payload_bytes().to_vec()))
    }

    /// What each server that is known by name says of itself.
    pub(super) async fn info(&self) -> Result<Vec<String>, RedisError> {
        let servers = match self {
            Self::Cluster { nodes, .. } => nodes.clone(),
            _ => vec![self.any_server().await?],
        };
        let mut told = Vec::with_capacity(servers.len());
        for server in servers {
            let mut connection = server.get_multiplexed_async_connection().await?;
            told.push(redis::cmd("INFO").arg("everything").query_async(&mut connection).await?);
        }
        Ok(told)
    }

    /// A server that hears what any of them is told.
    async fn any_server(&self) -> Result<Client, RedisError> {
        match self {
            Self::One(one) => Ok(one.client.clone()),
            Self::Cluster { nodes, .. } => {
                let mut found = Err(RedisError::from(std::io::Error::from(std::io::ErrorKind::NotFound)));
                for node in nodes {
                    match node.get_multiplexed_async_connection().await {
                        Ok(_) => return Ok(node.clone()),
                        Err(error) => found = Err(error),
                    }
                }
                found
            }
            Self::Watched(watched) => watched.sentinels.lock().await.async_get_client().await,
        }
    }
}

impl Watched {
    async fn connection(&self) -> Result<MultiplexedConnection, RedisError> {
        if let Some(connection) = self.current().clone() {
            return Ok(connection);
        }
        let mut sentinels = self.sentinels.lock().await;
        // Somebody else may have found it meanwhile.
        if let Some(connection) = self.current().clone() {
            return Ok(connection);
        }
        let client = sentinels.async_get_client().await?;
        let connection = client.get_multiplexed_async_connection_with_config(&self.timeouts).await?;
        *self.current() = Some(connection.clone());
        Ok(connection)
    }

    /// Lets go of a server that is lost, or is the one that counts no more.
    fn expect<T>(&self, answer: Result<T, RedisError>) -> Result<T, RedisError> {
        if let Err(error) = &answer
            && (error.is_io_error() || error.is_unrecoverable_error() || error.code() == Some("READONLY"))
        {
            *self.current() = None;
        }
        answer
    }

    fn current(&self) -> std::sync::MutexGuard<'_, Option<MultiplexedConnection>> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
