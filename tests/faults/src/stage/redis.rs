//! The Redis that replicas share, and another one that can take its place.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use fenliu_live::ScratchRedis;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue};

/// How long an answer to an administrator may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// Both servers.
#[derive(Debug)]
pub(crate) struct Servers {
    /// The one that counts.
    pub(crate) first: ScratchRedis,
    /// The one that can take its place.
    pub(crate) second: ScratchRedis,
}

impl Servers {
    pub(crate) async fn start() -> Self {
        // Whoever is told to follow gets its copy at once.
        let options = ["--repl-diskless-sync-delay", "0"];
        Self { first: ScratchRedis::start(&options).await, second: ScratchRedis::start(&options).await }
    }

    pub(crate) fn exchange(&mut self) {
        std::mem::swap(&mut self.first, &mut self.second);
    }
}

pub(crate) fn address_of(server: &ScratchRedis) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], server.port()))
}

/// A connection of an administrator's, past all links.
pub(crate) async fn connect(port: u16) -> anyhow::Result<MultiplexedConnection> {
    let client = Client::open(format!("redis://127.0.0.1:{port}"))?;
    let config = AsyncConnectionConfig::new().set_response_timeout(Some(ANSWER_LIMIT));
    client.get_multiplexed_async_connection_with_config(&config).await.context("Redis cannot be reached")
}

/// Asks something over a connection of its own.
pub(crate) async fn ask<T: FromRedisValue>(port: u16, command: &Cmd) -> anyhow::Result<T> {
    let mut connection = connect(port).await?;
    command.query_async(&mut connection).await.with_context(|| format!("Redis refuses {:?}", words(command)))
}

fn words(command: &Cmd) -> String {
    String::from_utf8_lossy(&command.get_packed_command()).replace("\r\n", " ")
}

/// A command of these words.
pub(crate) fn command(text: &str) -> Cmd {
    let mut words = text.split_whitespace();
    let mut command = redis::cmd(words.next().unwrap_or_default());
    words.for_each(|word| {
        command.arg(word);
    });
    command
}

/// The keys of this pattern.
pub(crate) async fn keys(port: u16, pattern: &str) -> anyhow::Result<Vec<String>> {
    ask(port, redis::cmd("KEYS").arg(pattern)).await
}

/// The file that it keeps what it holds in.
pub(crate) async fn dump_of(port: u16) -> anyhow::Result<PathBuf> {
    let told: Vec<String> = ask(port, &command("CONFIG GET dir")).await?;
    Ok(PathBuf::from(told.last().context("it says no directory")?).join("dump.rdb"))
}
