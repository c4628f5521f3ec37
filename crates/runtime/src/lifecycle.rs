//! How a process ends: softly, then hard, always within a stated time.
//!
//! Two tokens tell everybody what is going on. When the *soft* one falls, nobody takes new work: the server
//! refuses new calls, ends its streams and lets calls in flight finish; followers and sweepers stop. Whoever
//! *serves* calls in flight (a writer with a queue, say) must go on until its queue is closed, or those calls
//! could never end. When the *hard* one falls, everything stops where it is.
//!
//! Background tasks are spawned through [`Lifecycle::spawn`], so that the drain knows them, the hard token ends
//! them, and a panic in one of them is not lost: a process that has lost an organ drains and is started anew.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::FutureExt;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock;

/// How long a drain may take unless configured otherwise.
pub const DRAIN_LIMIT: Duration = Duration::from_secs(20);

/// How long tasks have to notice the hard token before they are left behind.
const ABORT_LIMIT: Duration = Duration::from_secs(1);

/// The shared end of everything in a process. Clones are the same lifecycle.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    soft: CancellationToken,
    hard: CancellationToken,
    tracker: TaskTracker,
    failed: Arc<AtomicBool>,
}

/// How a drain went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Every task ended by itself.
    Clean,
    /// The limit passed; this many tasks had to be aborted.
    Cut {
        /// Tasks that still ran when the limit passed.
        tasks: usize,
    },
}

impl Lifecycle {
    /// A lifecycle that has just begun.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Falls when no new work may begin.
    #[must_use]
    pub fn soft(&self) -> CancellationToken {
        self.soft.clone()
    }

    /// Falls when everything must stop at once.
    #[must_use]
    pub fn hard(&self) -> CancellationToken {
        self.hard.clone()
    }

    /// Knows every task that the drain waits for.
    #[must_use]
    pub fn tracker(&self) -> TaskTracker {
        self.tracker.clone()
    }

    /// True once a background task has panicked; such a process should exit with an error.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.failed.load(Ordering::SeqCst)
    }

    /// Runs `work` in the background until it ends or the hard token falls. When it panics, the panic is logged
    /// and the soft token falls: better to be started anew than to limp on without it.
    pub fn spawn<F>(&self, work: F) -> JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let lifecycle = self.clone();
        self.tracker.spawn(clock::followed(async move {
            let end = AssertUnwindSafe(lifecycle.hard.run_until_cancelled(work)).catch_unwind().await;
            if end.is_err() {
                tracing::error!("a background task panicked; draining so that the process is started anew");
                lifecycle.failed.store(true, Ordering::SeqCst);
                lifecycle.soft.cancel();
            }
        }))
    }

    /// Ends everything: the soft token falls at once, the hard one after `limit` unless all tracked tasks have
    /// ended before. Returns at most a second after the limit.
    pub async fn drain(&self, limit: Duration) -> Drained {
        self.soft.cancel();
        self.tracker.close();
        if tokio::time::timeout(limit, self.tracker.wait()).await.is_ok() {
            self.hard.cancel();
            return Drained::Clean;
        }
        let tasks = self.tracker.len();
        tracing::warn!(tasks, ?limit, "the drain took too long; aborting what is left");
        self.hard.cancel();
        if tokio::time::timeout(ABORT_LIMIT, self.tracker.wait()).await.is_err() {
            tracing::error!(tasks = self.tracker.len(), "tasks ignore the abort and are left behind");
        }
        Drained::Cut { tasks }
    }
}

/// Lets the soft token fall on the first SIGTERM or SIGINT, and the hard one on the second. The watch itself is
/// not tracked: it lasts as long as the process.
///
/// # Errors
/// When the handlers cannot be installed.
pub fn shutdown_on_signals(lifecycle: &Lifecycle) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (soft, hard) = (lifecycle.soft(), lifecycle.hard());
    tokio::spawn(async move {
        for (token, meaning) in [(soft, "draining; once more aborts"), (hard, "aborting")] {
            let name = tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            };
            tracing::info!(signal = name, "{meaning}");
            token.cancel();
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_drain_is_clean_when_tasks_heed_the_soft_token() {
        let lifecycle = Lifecycle::new();
        let soft = lifecycle.soft();
        lifecycle.spawn(async move { soft.cancelled().await });
        assert_eq!(lifecycle.drain(DRAIN_LIMIT).await, Drained::Clean);
        assert!(lifecycle.hard().is_cancelled());
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_does_not_end_is_cut_at_the_limit() {
        let lifecycle = Lifecycle::new();
        let task = lifecycle.spawn(std::future::pending());
        let before = tokio::time::Instant::now();
        assert_eq!(lifecycle.drain(DRAIN_LIMIT).await, Drained::Cut { tasks: 1 });
        assert_eq!(before.elapsed(), DRAIN_LIMIT);
        task.await.expect("the hard token ended it");
    }

    #[tokio::test]
    async fn a_panicking_task_makes_the_process_drain() {
        let lifecycle = Lifecycle::new();
        lifecycle.spawn(async { panic!("on purpose") });
        lifecycle.soft().cancelled().await;
        assert!(lifecycle.failed());
        assert_eq!(lifecycle.drain(DRAIN_LIMIT).await, Drained::Clean);
    }

    #[tokio::test]
    async fn dropping_the_handle_of_a_task_does_not_end_it() {
        let lifecycle = Lifecycle::new();
        let (sender, receiver) = tokio::sync::oneshot::channel();
        drop(lifecycle.spawn(async move {
            let _ = sender.send(5);
        }));
        assert_eq!(receiver.await, Ok(5));
    }

    /// Sends this process a signal.
    fn signal(name: &str) {
        let script = format!("kill -{name} $PPID");
        assert!(std::process::Command::new("sh").args(["-c", &script]).status().unwrap().success());
    }

    #[tokio::test]
    async fn the_first_signal_drains_and_the_second_aborts() {
        let lifecycle = Lifecycle::new();
        shutdown_on_signals(&lifecycle).unwrap();
        signal("TERM");
        lifecycle.soft().cancelled().await;
        assert!(!lifecycle.hard().is_cancelled());
        signal("INT");
        lifecycle.hard().cancelled().await;
    }
}
