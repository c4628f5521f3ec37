//! A `fenliu-analytics` in a process of its own, beside a running `fenliu up` whose history it follows.

use std::io::BufReader;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail, ensure};
use fenliu_runtime::channel::connect_lazy;

use crate::clients::Clients;
use crate::program::{Server, listening, service_binary};

/// The process. Dropping it kills it.
#[derive(Debug)]
pub struct Analytics {
    process: Child,
    address: SocketAddr,
}

impl Analytics {
    /// Starts it on a store, to follow the dispatch of a server, and waits until it listens.
    ///
    /// # Errors
    /// When it ends or does not listen within a minute.
    pub fn start(server: &Server, store_url: &str) -> anyhow::Result<Self> {
        let peer = format!("http://{}", server.address());
        let mut process = Command::new(service_binary("analytics")?)
            .env("FENLIU_SERVER__LISTEN", "127.0.0.1:0")
            .env("FENLIU_SERVER__INSECURE_NO_AUTH", "true")
            .env("FENLIU_AUTH__TOKEN_FILE", server.token_file())
            .env("FENLIU_DISPATCH__ADDRESS", &peer)
            .env("FENLIU_ACCOUNTS__ADDRESS", &peer)
            .env("FENLIU_DATABASE__URL", store_url)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot run fenliu-analytics")?;
        let log = process.stderr.take().context("its log is not piped")?;
        let mut analytics = Self { process, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        analytics.address = listening(BufReader::new(log)).context("analytics does not listen")?;
        Ok(analytics)
    }

    /// Clients of it; only those of analytics find somebody.
    ///
    /// # Errors
    /// Never, as long as addresses are URIs.
    pub fn clients(&self) -> anyhow::Result<Clients> {
        Ok(Clients::new(&connect_lazy(format!("http://{}", self.address).parse()?)))
    }

    /// Kills it at once (SIGKILL), frozen or not: it can finish nothing.
    ///
    /// # Errors
    /// When it has ended before, by itself.
    pub fn kill(mut self) -> anyhow::Result<()> {
        if let Some(status) = self.process.try_wait()? {
            bail!("analytics has ended by itself with {status}");
        }
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    /// Freezes it (SIGSTOP): its connections stay, and nobody reads what comes by them.
    ///
    /// # Errors
    /// When it cannot be told, or does not freeze.
    pub fn freeze(&self) -> anyhow::Result<()> {
        let id = self.process.id();
        let told = Command::new("sh").args(["-c", &format!("kill -STOP {id}")]).status()?;
        ensure!(told.success(), "process {id} cannot be stopped");
        // The signal is delivered before the process runs on; its state tells when.
        while !self.is_frozen()? {
            std::thread::yield_now();
        }
        Ok(())
    }

    /// Whether it does nothing because it was frozen.
    ///
    /// # Errors
    /// When it has ended.
    pub fn is_frozen(&self) -> anyhow::Result<bool> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        // The name, which may hold anything, stands in brackets.
        let (_, after) = stat.rsplit_once(") ").context("an unreadable state")?;
        ensure!(!after.starts_with(['Z', 'X']), "analytics has ended");
        Ok(after.starts_with('T'))
    }
}

impl Drop for Analytics {
    fn drop(&mut self) {
        // It may have been killed before; there is nobody to tell.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
