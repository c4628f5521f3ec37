//! A PostgreSQL of this run's own, which can be killed and started again.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};

use super::signal::{self, Signal};
use crate::clock;

/// Connections it takes: few enough that all of them can be taken.
const MAX_CONNECTIONS: u32 = 60;
/// How long it may take to start, also after a crash.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How long those who waited for its first process may take to notice that it has gone.
const END_LIMIT: Duration = Duration::from_secs(20);
/// How long an administrator waits for a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// A PostgreSQL.
#[derive(Clone, Debug)]
pub(crate) struct Postgres {
    /// Where its programs are.
    pub(crate) programs: PathBuf,
    /// Its data.
    pub(crate) data: PathBuf,
    /// Whom it runs as, where that is not us: it refuses to be root.
    pub(crate) user: Option<String>,
    pub(crate) port: u16,
}

impl Postgres {
    pub(crate) fn url(&self, port: u16) -> String {
        format!("postgres://fenliu@127.0.0.1:{port}/postgres")
    }

    /// What it writes about itself.
    pub(crate) fn log(&self) -> PathBuf {
        self.data.with_file_name("log")
    }

    /// Its first process.
    pub(crate) fn pid(&self) -> Option<u32> {
        let text = std::fs::read_to_string(self.data.join("postmaster.pid")).ok()?;
        let pid = text.lines().next()?.trim().parse().ok()?;
        signal::is_there(pid).then_some(pid)
    }

    /// All its processes, the first one first.
    pub(crate) fn processes(&self) -> anyhow::Result<Vec<u32>> {
        let first = self.pid().context("PostgreSQL does not run")?;
        Ok([vec![first], signal::children(first)].concat())
    }

    /// Starts it, unless it runs.
    pub(crate) async fn start(&self) -> anyhow::Result<()> {
        if self.pid().is_some() {
            return Ok(());
        }
        let sockets = self.data.parent().context("its data lies nowhere")?.display();
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories={sockets} -c max_connections={MAX_CONNECTIONS}",
            self.port
        );
        let log = self.log();
        let log = log.to_str().context("its log lies nowhere")?;
        let limit = START_LIMIT.as_secs().to_string();
        let arguments = ["-l", log, "-w", "-t", &limit, "-o", &options, "start"];
        // While processes of the one before are there, it does not start.
        clock::wait_for(START_LIMIT, "PostgreSQL starts", async || self.control(&arguments).await.is_ok())
            .await
    }

    /// A program that is run by whoever it runs as.
    pub(crate) fn by_its_user(&self, program: impl AsRef<OsStr>) -> Command {
        let Some(user) = &self.user else { return Command::new(program) };
        let mut command = Command::new("runuser");
        command.args(["-u", user, "--"]).arg(program);
        command
    }

    /// Writes a schema into a file, as it is at one moment while everything goes on.
    pub(crate) async fn back_up(&self, schema: &str, file: &Path) -> anyhow::Result<()> {
        let mut dump = Command::new(self.programs.join("pg_dump"));
        dump.args(["--format=custom", "--schema", schema, "--file"]).arg(file).arg(self.url(self.port));
        done(dump).await
    }

    /// Puts a schema that was written into a file in the place of the one there is.
    pub(crate) async fn put_back(&self, schema: &str, file: &Path) -> anyhow::Result<()> {
        let drop = format!("DROP SCHEMA {schema} CASCADE");
        self.connect().await?.execute_unprepared(&drop).await?;
        let mut restore = Command::new(self.programs.join("pg_restore"));
        restore.arg("--exit-on-error").arg("--dbname").arg(self.url(self.port)).arg(file);
        done(restore).await
    }

    async fn control(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let mut command = self.by_its_user(self.programs.join("pg_ctl"));
        command.arg("-D").arg(&self.data).args(arguments);
        command.current_dir(self.data.parent().context("its data lies nowhere")?);
        done(command).await
    }

    /// Tells its first process something, and waits until it has ended with all it started.
    pub(crate) async fn end(&self, signal: Signal) -> anyhow::Result<()> {
        let processes = self.processes()?;
        signal::tell(&processes[..1], signal)?;
        let gone = async || !processes.iter().any(|pid| signal::is_there(*pid));
        clock::wait_for(END_LIMIT, "PostgreSQL ends", gone).await
    }

    /// A connection of an administrator's, past all links.
    pub(crate) async fn connect(&self) -> anyhow::Result<DatabaseConnection> {
        self.connect_within(CONNECT_LIMIT).await
    }

    /// The same, if it is made in so long.
    pub(crate) async fn connect_within(&self, limit: Duration) -> anyhow::Result<DatabaseConnection> {
        let mut options = ConnectOptions::new(self.url(self.port));
        options.max_connections(1).connect_timeout(limit).acquire_timeout(limit);
        options.sqlx_logging(false);
        Ok(Database::connect(options).await?)
    }
}

/// Runs a program that says nothing to its end.
async fn done(mut command: Command) -> anyhow::Result<()> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let told = format!("{command:?}");
    let ended = tokio::task::spawn_blocking(move || command.status()).await??;
    ensure!(ended.success(), "{told} ended with {ended}");
    Ok(())
}
