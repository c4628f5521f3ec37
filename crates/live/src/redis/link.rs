//! The way to Redis: one pipelined connection for scripts, another for what other replicas announce.

use futures::{Stream, StreamExt};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, FromRedisValue, RedisError, Script, ToRedisArgs};

use super::{RedisConfig, keys};

/// The channel on which replicas tell each other what they stored.
const NEWS: &str = "fl:news";

/// The connection that scripts run on. Clones share it; it comes back by itself when it is lost.
#[derive(Clone)]
pub(super) struct Link {
    client: Client,
    connection: ConnectionManager,
}

/// A script's call, as its keys and arguments are put together.
pub(super) struct Call<'s>(redis::ScriptInvocation<'s>);

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

impl Link {
    pub(super) async fn connect(config: &RedisConfig) -> Result<Self, RedisError> {
        let client = Client::open(config.url.as_str())?;
        let timeouts = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(config.connect_timeout))
            .set_response_timeout(Some(config.response_timeout))
            .set_max_delay(config.response_timeout);
        let connection = client.get_connection_manager_with_config(timeouts).await?;
        Ok(Self { client, connection })
    }

    /// How many shards one call may touch.
    pub(super) const fn shards_a_call(&self) -> usize {
        keys::SHARDS as usize
    }

    /// Runs a script, loading it where Redis does not know it. A call that timed out may still run later; every script
    /// is safe to run late.
    pub(super) async fn run<T: FromRedisValue>(&self, call: &Call<'_>) -> Result<T, RedisError> {
        call.0.invoke_async(&mut self.connection.clone()).await
    }

    /// Runs a plain command.
    pub(super) async fn query<T: FromRedisValue>(&self, command: &redis::Cmd) -> Result<T, RedisError> {
        command.query_async(&mut self.connection.clone()).await
    }

    /// Tells all replicas.
    pub(super) async fn publish(&self, news: &[u8]) -> Result<(), RedisError> {
        redis::cmd("PUBLISH").arg(NEWS).arg(news).query_async(&mut self.connection.clone()).await
    }

    /// What replicas tell from now on, until the connection is lost.
    pub(super) async fn subscribe(&self) -> Result<impl Stream<Item = Vec<u8>> + use<>, RedisError> {
        let mut listener = self.client.get_async_pubsub().await?;
        listener.subscribe(NEWS).await?;
        Ok(listener.into_on_message().map(|message| message.get_payload_bytes().to_vec()))
    }
}
