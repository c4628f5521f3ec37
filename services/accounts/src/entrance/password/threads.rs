//! The threads that passwords are looked at on: a few of their own, which the machine serves last.
//!
//! An evaluation keeps a core busy for tens of milliseconds. At the lowest priority it has that core while nobody else
//! wants it, so that a flood of sign-ins slows sign-ins and not everybody. Threads of a shared pool could not be lowered:
//! raising them again takes a privilege.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use anyhow::Context as _;
use thread_priority::{ThreadPriority, set_current_thread_priority};

type Job = Box<dyn FnOnce() + Send>;

/// A way to the threads. They end when it is dropped, each after what it has begun.
pub(super) struct Threads(mpsc::Sender<Job>);

impl Threads {
    /// Starts so many.
    ///
    /// # Errors
    /// When the machine has no thread to give.
    pub(super) fn start(count: usize) -> anyhow::Result<Self> {
        let (jobs, waiting) = mpsc::channel::<Job>();
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..count {
            let waiting = Arc::clone(&waiting);
            let thread = std::thread::Builder::new().name("password".to_owned());
            thread.spawn(move || work(&waiting)).context("no thread for passwords can be started")?;
        }
        Ok(Self(jobs))
    }

    /// Lets a thread do this when it is its turn; false while the process ends.
    pub(super) fn run(&self, job: impl FnOnce() + Send + 'static) -> bool {
        self.0.send(Box::new(job)).is_ok()
    }
}

fn work(waiting: &Mutex<mpsc::Receiver<Job>>) {
    if let Err(error) = set_current_thread_priority(ThreadPriority::Min) {
        tracing::warn!(?error, "passwords are looked at as urgently as everything else");
    }
    loop {
        // The lock is held while waiting, so that one waits for the next job and the others for the lock.
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // Whoever waits for a job that panicked is told so by its channel; the panic itself has been logged.
        drop(catch_unwind(AssertUnwindSafe(job)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_are_done_in_order_by_one_thread_and_a_panic_ends_none() {
        let threads = Threads::start(1).unwrap();
        let (done, told) = mpsc::channel();
        for number in 0..10 {
            let done = done.clone();
            assert!(threads.run(move || {
                assert_ne!(number, 3, "on purpose");
                done.send(number).unwrap();
            }));
        }
        drop(done);
        assert_eq!(told.into_iter().collect::<Vec<_>>(), [0, 1, 2, 4, 5, 6, 7, 8, 9]);
    }
}
