//! A replica of dispatch in a process of its own, which is started again whenever it ends.

use std::fs::OpenOptions;
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;

use super::signal::{self, Signal};
use crate::clock;

/// How soon a process that ended is started again.
const RESTART_INTERVAL: Duration = Duration::from_millis(100);
/// SIGKILL.
const KILLED: i32 = 9;

/// How a replica is run.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) binary: PathBuf,
    pub(crate) listen: SocketAddr,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) log: PathBuf,
}

/// A replica.
#[derive(Debug)]
pub(crate) struct Replica {
    setting: Setting,
    /// The program it is the next time it starts.
    binary: Mutex<PathBuf>,
    process: Mutex<Option<Child>>,
    wanted: AtomicBool,
    starts: AtomicU64,
    /// How often it was killed by a signal.
    killed: AtomicU64,
    /// How often it ended by itself with an error.
    failed: AtomicU64,
}

impl Replica {
    /// Starts it, and again whenever it ends.
    pub(crate) fn keep(setting: Setting) -> Arc<Self> {
        let replica = Arc::new(Self {
            binary: Mutex::new(setting.binary.clone()),
            setting,
            process: Mutex::default(),
            wanted: AtomicBool::new(true),
            starts: AtomicU64::default(),
            killed: AtomicU64::default(),
            failed: AtomicU64::default(),
        });
        let kept = Arc::downgrade(&replica);
        tokio::spawn(async move {
            while let Some(replica) = kept.upgrade() {
                if let Err(error) = replica.look_after() {
                    eprintln!("a replica cannot be started: {error:#}");
                }
                drop(replica);
                clock::pass(RESTART_INTERVAL).await;
            }
        });
        replica
    }

    fn lock(&self) -> MutexGuard<'_, Option<Child>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look_after(&self) -> anyhow::Result<()> {
        let mut process = self.lock();
        if let Some(ended) = process.as_mut().map(Child::try_wait).transpose()?.flatten() {
            *process = None;
            if ended.signal() == Some(KILLED) {
                self.killed.fetch_add(1, Ordering::Relaxed);
            } else if !ended.success() {
                self.failed.fetch_add(1, Ordering::Relaxed);
            }
        }
        if process.is_none() && self.wanted.load(Ordering::Relaxed) {
            *process = Some(self.spawn()?);
            self.starts.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    fn spawn(&self) -> anyhow::Result<Child> {
        let Setting { listen, environment, log, .. } = &self.setting;
        let binary = self.binary();
        let log = OpenOptions::new().create(true).append(true).open(log).context("it cannot log")?;
        Command::new(&binary)
            .args(["--insecure-no-auth", "--listen", &listen.to_string()])
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .with_context(|| binary.display().to_string())
    }

    /// The program it is the next time it starts.
    pub(crate) fn binary(&self) -> PathBuf {
        self.binary.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From its next start on it is another program.
    pub(crate) fn become_another(&self, binary: PathBuf) {
        *self.binary.lock().unwrap_or_else(PoisonError::into_inner) = binary;
    }

    /// Where it writes what it has to say.
    pub(crate) fn log(&self) -> &Path {
        &self.setting.log
    }

    /// Whether it is started again whenever it ends.
    pub(crate) fn want(&self, wanted: bool) {
        self.wanted.store(wanted, Ordering::Relaxed);
    }

    /// The process it is now.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.lock().as_ref().map(Child::id)
    }

    /// Tells its process something. Whether there is one.
    pub(crate) fn tell(&self, signal: Signal) -> anyhow::Result<bool> {
        // Held, so that the process is not waited for and its number given to another one.
        let process = self.lock();
        let Some(pid) = process.as_ref().map(Child::id) else { return Ok(false) };
        signal::tell(&[pid], signal)?;
        Ok(true)
    }

    /// How often it was killed by a signal so far.
    pub(crate) fn killed(&self) -> u64 {
        self.killed.load(Ordering::Relaxed)
    }

    /// How often it ended by itself with an error so far.
    pub(crate) fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    pub(crate) fn starts(&self) -> u64 {
        self.starts.load(Ordering::Relaxed)
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        if let Some(process) = self.lock().as_mut() {
            // It may have ended before; there is nobody to tell.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
