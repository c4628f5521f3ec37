//! A Redis for tests, which throw it away.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use redis::Client;
use tempfile::TempDir;

use super::RedisConfig;

/// How often a port is tried that somebody else may take first.
const PORTS: usize = 20;
/// How often a server that starts is asked whether it is there, a hundredth of a second apart.
const ASKS: usize = 1_000;
/// Slots of a Redis Cluster.
const SLOTS: u16 = 16_384;

/// A Redis Cluster of three servers of a test's own.
#[derive(Debug)]
pub struct ScratchCluster {
    servers: Vec<ScratchRedis>,
}

impl ScratchCluster {
    /// Starts one, each server with a third of the slots.
    ///
    /// # Panics
    /// When it does not come up: then nothing can be tested.
    pub async fn start() -> Self {
        let mut servers = Vec::new();
        for _ in 0..3 {
            servers.push(ScratchRedis::start(&["--cluster-enabled", "yes"]).await);
        }
        let first = servers[0].port;
        for (at, server) in (0..).zip(&servers) {
            let (from, to) = (SLOTS / 3 * at, if at == 2 { SLOTS } else { SLOTS / 3 * (at + 1) });
            let mut add = redis::cmd("CLUSTER");
            add.arg("ADDSLOTS");
            for slot in from..to {
                add.arg(slot);
            }
            server.tell(&add).await;
            server.tell(redis::cmd("CLUSTER").arg("MEET").arg("127.0.0.1").arg(first)).await;
        }
        for server in &servers {
            assert!(server.joins().await, "the cluster comes up");
        }
        Self { servers }
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        let nodes: Vec<_> = self.servers.iter().map(|server| format!("127.0.0.1:{}", server.port)).collect();
        format!("redis+cluster://{}", nodes.join(","))
    }

    /// Makes it lose everything.
    pub async fn flush(&self) {
        for server in &self.servers {
            server.flush().await;
        }
    }
}

/// A Sentinel of a test's own, which watches a server under the name `main` and alone decides that it is lost.
#[cfg(test)]
#[derive(Debug)]
pub(crate) struct ScratchSentinel {
    sentinel: ScratchRedis,
}

#[cfg(test)]
impl ScratchSentinel {
    /// Starts one that watches this server, and waits until it knows the server's copies, so many of them.
    ///
    /// # Panics
    /// When it does not come to watch it: then nothing can be tested.
    pub(crate) async fn watching(server: &ScratchRedis, copies: usize) -> Self {
        let place = tempfile::tempdir().expect("a directory for a Sentinel");
        let file = place.path().join("sentinel.conf");
        let port = server.port;
        let told = format!(
            "sentinel monitor main 127.0.0.1 {port} 1\nsentinel down-after-milliseconds main 300\n\
             sentinel failover-timeout main 5000\n"
        );
        std::fs::write(&file, told).expect("a Sentinel's file is written");
        let file = file.to_str().expect("a path in UTF-8");
        let sentinel = ScratchRedis::within(&[file, "--sentinel"], place).await;
        let sentinel = Self { sentinel };
        let known = format!("slaves={copies},");
        assert!(sentinel.comes_to(async |told| told.contains(&known)).await, "it knows {copies} copies");
        sentinel
    }

    /// How a replica whose clock is the test's asks it for the server, as this user.
    pub(crate) fn config(&self, user: &str) -> RedisConfig {
        let url = format!("redis+sentinel://{user}@127.0.0.1:{}/main", self.sentinel.port);
        RedisConfig { max_skew: None, ..RedisConfig::at(&url) }
    }

    /// Waits until it has put this server in the place of the lost one.
    ///
    /// # Panics
    /// When it does not.
    pub(crate) async fn fails_over_to(&self, server: &ScratchRedis) {
        let address = format!("address=127.0.0.1:{}", server.port);
        assert!(self.comes_to(async |told| told.contains(&address)).await, "another server counts");
        let promoted = async || server.tell(&command("INFO replication")).await.contains("role:master");
        assert!(comes_true(promoted).await, "it knows that it counts");
    }

    /// Whether what it says of what it watches comes to be so.
    async fn comes_to(&self, is_so: impl AsyncFn(&str) -> bool) -> bool {
        comes_true(async || is_so(&self.sentinel.tell(&command("INFO sentinel")).await).await).await
    }
}

/// A Redis server of a test's own, on a loopback port, killed in the end. It keeps nothing unless it is told to.
#[derive(Debug)]
pub struct ScratchRedis {
    server: Child,
    port: u16,
    options: Vec<String>,
    directory: TempDir,
}

impl ScratchRedis {
    /// Starts one with these options of redis-server's own.
    ///
    /// # Panics
    /// When there is no redis-server, or it does not start: then nothing can be tested.
    pub async fn start(options: &[&str]) -> Self {
        Self::within(options, tempfile::tempdir().expect("a directory for Redis")).await
    }

    /// Starts one with these options, which may begin with the name of a file that has more, in this directory.
    async fn within(options: &[&str], directory: TempDir) -> Self {
        let options: Vec<_> = options.iter().map(|option| (*option).to_owned()).collect();
        for _ in 0..PORTS {
            let port = free_port();
            let mut server = run(port, &options, directory.path());
            if answers(port, &mut server).await {
                return Self { server, port, options, directory };
            }
        }
        panic!("redis-server does not start; see whether it is installed");
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Its port on the loopback.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.server.id()
    }

    /// Makes it lose everything, as somebody does who is at the wrong server.
    pub async fn flush(&self) {
        self.tell(redis::cmd("FLUSHALL").arg("SYNC")).await;
    }

    /// How it is reached by a replica whose clock is the test's.
    #[must_use]
    pub fn config(&self) -> RedisConfig {
        RedisConfig { max_skew: None, ..RedisConfig::at(&self.url()) }
    }

    /// Whether it comes to know a node for every slot.
    async fn joins(&self) -> bool {
        comes_true(async || self.tell(&command("CLUSTER INFO")).await.contains("cluster_state:ok")).await
    }

    /// A port that nobody has at this moment.
    #[cfg(test)]
    pub(crate) fn free_port() -> u16 {
        free_port()
    }

    /// Makes it a copy of another one, and waits until it has copied what there is.
    ///
    /// # Panics
    /// When it does not come to that.
    #[cfg(test)]
    pub(crate) async fn copies(&self, other: &Self) {
        self.tell(&command(&format!("REPLICAOF 127.0.0.1 {}", other.port))).await;
        let follows =
            async || self.tell(&command("INFO replication")).await.contains("master_link_status:up");
        assert!(comes_true(follows).await, "it follows");
    }

    /// Tells it something by a connection of its own, and gives the answer's text.
    async fn tell(&self, command: &redis::Cmd) -> String {
        let client = Client::open(self.url()).expect("a URL");
        let mut connection = client.get_multiplexed_async_connection().await.expect("it is there");
        let answer: redis::Value = command.query_async(&mut connection).await.expect("it is taken");
        redis::from_redis_value(answer).unwrap_or_default()
    }

    /// Kills it as kill -9 does.
    pub fn kill(&mut self) {
        // It may be gone already, which is as good.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }

    /// Starts it again on its port, with whatever it kept.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start_again(&mut self) {
        self.kill();
        self.server = run(self.port, &self.options, self.directory.path());
        assert!(answers(self.port, &mut self.server).await, "redis-server starts again");
    }
}

impl Drop for ScratchRedis {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A command of these words.
fn command(words: &str) -> redis::Cmd {
    let mut words = words.split(' ');
    let mut command = redis::cmd(words.next().unwrap_or_default());
    for word in words {
        command.arg(word);
    }
    command
}

/// Whether something comes to be so while it is looked at.
async fn comes_true(is_so: impl AsyncFn() -> bool) -> bool {
    for _ in 0..ASKS {
        if is_so().await {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a loopback port");
    listener.local_addr().expect("bound").port()
}

fn run(port: u16, options: &[String], directory: &Path) -> Child {
    // A file with more of them comes first.
    let (file, options) =
        options.split_at(usize::from(options.first().is_some_and(|it| !it.starts_with("--"))));
    Command::new("redis-server")
        .args(file)
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--dir"])
        .arg(directory)
        .args(options)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("redis-server is installed")
}

/// Whether the server comes to answer on its port. One that finds the port taken ends.
async fn answers(port: u16, server: &mut Child) -> bool {
    let client = Client::open(format!("redis://127.0.0.1:{port}")).expect("a URL");
    for _ in 0..ASKS {
        if matches!(server.try_wait(), Ok(Some(_)) | Err(_)) {
            return false;
        }
        if let Ok(mut connection) = client.get_multiplexed_async_connection().await {
            let pong: Result<String, _> = redis::cmd("PING").query_async(&mut connection).await;
            if pong.is_ok() {
                return true;
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}
