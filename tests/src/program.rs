//! The `fenliu` binary: built, run, killed, run again.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{OnceLock, mpsc};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use fenliu_runtime::channel::{Outgoing, TokenSource, connect_lazy};
use fenliu_runtime::clock::SystemClock;

/// Names a `fenliu` that is built already; `tests/run` sets it.
pub const BINARY_VARIABLE: &str = "FENLIU_BINARY";
/// How long a process may take until it is ready, after a crash too.
const READY_LIMIT: Duration = Duration::from_secs(60);
/// Lines of its log that are shown when it does not become ready.
const LOG_LINES_SHOWN: usize = 20;

/// The project's root.
#[must_use]
pub fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_owned()
}

/// The `fenliu` binary: the one `FENLIU_BINARY` names, or one that cargo brings up to date first, with those of the
/// services beside it.
///
/// # Errors
/// When it cannot be built.
pub fn binary() -> anyhow::Result<&'static Path> {
    static BINARY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let found = BINARY.get_or_init(|| match std::env::var_os(BINARY_VARIABLE) {
        Some(path) => Ok(path.into()),
        None => build().map_err(|error| format!("{error:#}")),
    });
    found.as_deref().map_err(|error| anyhow::anyhow!("{error}"))
}

fn build() -> anyhow::Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .current_dir(root())
        .args(["build", "--quiet", "--workspace", "--bins"])
        .args(["--message-format", "json-render-diagnostics"])
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo")?;
    ensure!(built.status.success(), "the binaries cannot be built");
    let messages = String::from_utf8(built.stdout)?;
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
        .find(|executable| executable.file_stem().is_some_and(|name| name == "fenliu"))
        .context("cargo names no executable")
}

/// The binary of one service, beside that of `fenliu`.
///
/// # Errors
/// As [`binary`].
pub fn service_binary(service: &str) -> anyhow::Result<PathBuf> {
    Ok(binary()?.with_file_name(format!("fenliu-{service}")))
}

/// Runs `fenliu` with these arguments to its end.
///
/// # Errors
/// When it cannot be run or fails; the error holds what it said.
pub fn run(arguments: &[&str]) -> anyhow::Result<Output> {
    let output = Command::new(binary()?).args(arguments).output().context("cannot run fenliu")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "fenliu {arguments:?} ended with {}: {said}", output.status);
    Ok(output)
}

/// Runs `fenliu --json` with these arguments and reads its answer.
///
/// # Errors
/// As [`run`], and when the answer is not one JSON document.
pub fn run_json(arguments: &[&str]) -> anyhow::Result<serde_json::Value> {
    let output = run(&[&["--json"], arguments].concat())?;
    serde_json::from_slice(&output.stdout).context("the answer is no JSON")
}

/// A running `fenliu up`. Dropping it kills it.
#[derive(Debug)]
pub struct Server {
    process: Child,
    address: SocketAddr,
    token_file: PathBuf,
}

impl Server {
    /// Starts it on a free port and waits until it says that it is ready. What it logs is appended to
    /// `fenliu.log` in the directory above its data.
    ///
    /// # Errors
    /// When it ends or says nothing within a minute; the error holds the end of its log.
    pub fn start(data_dir: &Path) -> anyhow::Result<Self> {
        let log = data_dir.with_file_name("fenliu.log");
        let file = OpenOptions::new().create(true).append(true).open(&log).context("cannot write a log")?;
        let started = Self::spawn(data_dir, file);
        started.with_context(|| format!("fenliu up does not become ready; its log ends:\n{}", tail(&log)))
    }

    fn spawn(data_dir: &Path, log: File) -> anyhow::Result<Self> {
        let mut process = Command::new(binary()?)
            .args(["--json", "up", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data_dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .context("cannot run fenliu")?;
        let stdout = process.stdout.take().context("its output is not piped")?;
        let (says, said) = mpsc::sync_channel(1);
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = BufReader::new(stdout).read_line(&mut line).map(|_| line);
            // Nobody listens any more when the limit has passed.
            says.send(read).ok();
        });
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut server = Self { process, address, token_file: PathBuf::new() };
        let line = said.recv_timeout(READY_LIMIT).context("it says nothing")??;
        let ready: serde_json::Value = serde_json::from_str(&line).context("it ended")?;
        let Some(address) = ready["address"].as_str() else { bail!("it does not say where it listens") };
        server.address = address.parse()?;
        server.token_file =
            ready["token_file"].as_str().context("it does not say where its token lies")?.into();
        Ok(server)
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The number of its process.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// The file with the token that may do everything.
    #[must_use]
    pub fn token_file(&self) -> &Path {
        &self.token_file
    }

    /// A new connection to it, whose calls may do everything.
    ///
    /// # Errors
    /// When its token cannot be read.
    pub fn connect(&self) -> anyhow::Result<Outgoing> {
        let channel = connect_lazy(format!("http://{}", self.address).parse()?);
        let token = TokenSource::file("token_file", self.token_file.clone(), SystemClock::shared())?;
        Ok(channel.with_token(token))
    }

    /// Kills it at once (SIGKILL): it can finish nothing.
    ///
    /// # Errors
    /// When it has ended before, by itself.
    pub fn kill(mut self) -> anyhow::Result<()> {
        if let Some(status) = self.process.try_wait()? {
            bail!("fenliu up has ended by itself with {status}");
        }
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have been killed before; there is nobody to tell.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// The address a service logs that it listens on. Its log is read on, so that it never waits for a reader.
///
/// # Errors
/// When it says nothing of the kind within a minute; the error holds the last line it said.
pub fn listening(log: impl BufRead + Send + 'static) -> anyhow::Result<SocketAddr> {
    let (says, said) = mpsc::channel();
    std::thread::spawn(move || {
        for line in log.lines().map_while(Result::ok) {
            // Nobody listens any more once it is ready.
            says.send(line).ok();
        }
    });
    let mut before = String::new();
    loop {
        let line = said.recv_timeout(READY_LIMIT).with_context(|| format!("its log ends: {before}"))?;
        let address = line.split("127.0.0.1:").nth(1).filter(|_| line.contains("listens"));
        if let Some(rest) = address {
            let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
            return Ok(SocketAddr::from(([127, 0, 0, 1], port.parse()?)));
        }
        before = line;
    }
}

fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].join("\n")
}
