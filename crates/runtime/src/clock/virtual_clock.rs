//! A clock that stands still until somebody moves it.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fenliu_domain::time::Timestamp;
use futures::future::BoxFuture;
use tokio::sync::{oneshot, watch};

use super::Clock;

/// How long, by the wall, a woken sleeper may take before the clock moves on without it. Reaching it means that
/// the sleeper waits for something that only a later moment brings.
const SETTLE_LIMIT: Duration = Duration::from_secs(5);

/// How many turns the other tasks of the runtime get after a sleeper woke whose end nobody can observe.
const SETTLE_TURNS: usize = 64;

tokio::task_local! {
    /// Counts the sleeps of the task it belongs to; it closes when that task ends.
    static SLEEPS: watch::Sender<u64>;
}

/// A clock that moves only by [`advance_to`](VirtualClock::advance_to). Clones show the same time.
#[derive(Clone, Debug)]
pub struct VirtualClock {
    state: Arc<Mutex<State>>,
    /// Held by whoever moves the clock, so that two movers take turns.
    moving: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug)]
struct State {
    now: Timestamp,
    next_number: u64,
    /// By deadline, then in the order in which they lay down.
    sleepers: BTreeMap<(Timestamp, u64), Sleeper>,
}

#[derive(Debug)]
struct Sleeper {
    wake: oneshot::Sender<()>,
    /// Closes when the sleep is over and its future gone.
    up: oneshot::Receiver<()>,
    /// Changes when the sleeper's task sleeps again, closes when that task ends; `None` for a task that was not
    /// spawned through [`Lifecycle::spawn`](crate::lifecycle::Lifecycle::spawn).
    next_sleep: Option<watch::Receiver<u64>>,
}

/// A sleep in progress; dropping it takes the sleeper off the list.
struct Bed {
    state: Arc<Mutex<State>>,
    key: (Timestamp, u64),
    alarm: oneshot::Receiver<()>,
    _up: oneshot::Sender<()>,
}

impl VirtualClock {
    /// A clock that shows `start` until it is moved.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        let state = State { now: start, next_number: 0, sleepers: BTreeMap::new() };
        Self { state: Arc::new(Mutex::new(state)), moving: Arc::default() }
    }

    /// Moves the clock to `moment`, stopping at every deadline on the way: each sleeper is woken at exactly its
    /// own time, in the order of deadlines (those with the same one in the order in which they fell asleep), and
    /// the next one only when the one before sleeps again or its task has ended. A sleep that falls due on the
    /// way because of that is honoured too. A moment in the past leaves the clock where it is.
    ///
    /// That a task has ended can only be seen of tasks spawned through
    /// [`Lifecycle::spawn`](crate::lifecycle::Lifecycle::spawn); after any other sleeper the clock moves on once
    /// that one has woken and the runtime had a few turns. A woken sleeper that waits for something else is
    /// waited for at most five seconds by the wall, and a warning is logged.
    pub async fn advance_to(&self, moment: Timestamp) {
        let _turn = self.moving.lock().await;
        while let Some(sleeper) = self.next_due(moment) {
            settle(sleeper).await;
        }
        let mut state = self.lock();
        state.now = state.now.max(moment);
    }

    /// The earliest moment anybody sleeps towards; `None` when nobody sleeps.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.lock().sleepers.keys().next().map(|(deadline, _)| *deadline)
    }

    /// How many sleep on this clock now.
    #[must_use]
    pub fn sleepers(&self) -> usize {
        self.lock().sleepers.len()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the next sleeper due by `moment` off the list and moves the clock to its deadline.
    fn next_due(&self, moment: Timestamp) -> Option<Sleeper> {
        let mut state = self.lock();
        let first = state.sleepers.first_entry().filter(|first| first.key().0 <= moment)?;
        let ((deadline, _), sleeper) = first.remove_entry();
        state.now = state.now.max(deadline);
        Some(sleeper)
    }

    /// Puts the calling task to bed; `None` when the moment has come already.
    fn lie_down(&self, moment: Timestamp) -> Option<Bed> {
        let mut state = self.lock();
        if moment <= state.now {
            return None;
        }
        let key = (moment, state.next_number);
        state.next_number += 1;
        let (wake, alarm) = oneshot::channel();
        let (up_sender, up) = oneshot::channel();
        let next_sleep = SLEEPS
            .try_with(|sleeps| {
                sleeps.send_modify(|count| *count += 1);
                sleeps.subscribe()
            })
            .ok();
        state.sleepers.insert(key, Sleeper { wake, up, next_sleep });
        Some(Bed { state: Arc::clone(&self.state), key, alarm, _up: up_sender })
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.lock().now
    }

    fn sleep_until(&self, moment: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            match self.lie_down(moment) {
                // The alarm only fails when the clock itself is gone, and then no moment will ever come.
                Some(mut bed) => drop((&mut bed.alarm).await),
                // A loop over past moments still lets others run.
                None => tokio::task::yield_now().await,
            }
        })
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).sleepers.remove(&self.key);
    }
}

/// Wakes a sleeper and waits until it sleeps again or has ended.
async fn settle(sleeper: Sleeper) {
    let Sleeper { wake, up, next_sleep } = sleeper;
    if wake.send(()).is_err() {
        return;
    }
    let settled = tokio::time::timeout(SETTLE_LIMIT, async {
        let Err(_closed) = up.await else { return };
        match next_sleep {
            Some(mut sleeps) => drop(sleeps.changed().await),
            None => yield_turns().await,
        }
    });
    if settled.await.is_err() {
        tracing::warn!(limit = ?SETTLE_LIMIT, "a woken sleeper neither sleeps again nor ends; the clock moves on");
    }
}

async fn yield_turns() {
    for _ in 0..SETTLE_TURNS {
        tokio::task::yield_now().await;
    }
}

/// Lets virtual clocks follow the task that runs `work`: they see when it sleeps again and when it ends.
pub(crate) async fn followed<F: Future>(work: F) -> F::Output {
    SLEEPS.scope(watch::Sender::new(0), work).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use fenliu_domain::time::Span;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros_clamped(0) + Span::from_secs(seconds)
    }

    /// Spawns a loop that sleeps `every` so many seconds, `times` times, and notes name and time after each.
    fn sleeper(
        clock: &VirtualClock,
        log: &Arc<Mutex<Vec<(char, i64)>>>,
        (name, every, times): (char, i64, usize),
    ) -> tokio::task::JoinHandle<()> {
        let (clock, log) = (clock.clone(), Arc::clone(log));
        tokio::spawn(followed(async move {
            for _ in 0..times {
                clock.sleep_until(clock.now() + Span::from_secs(every)).await;
                tokio::task::yield_now().await;
                log.lock().unwrap().push((name, clock.now().since(at(0)).micros() / 1_000_000));
            }
        }))
    }

    async fn asleep(clock: &VirtualClock, count: usize) {
        while clock.sleepers() < count {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn sleepers_wake_in_the_order_of_their_deadlines_at_exactly_their_times() {
        for _ in 0..50 {
            let (clock, log) = (VirtualClock::new(at(0)), Arc::default());
            let _slow = sleeper(&clock, &log, ('s', 5, 2));
            asleep(&clock, 1).await;
            let _quick = sleeper(&clock, &log, ('q', 2, 9));
            asleep(&clock, 2).await;
            clock.advance_to(at(11)).await;
            let expected = vec![('q', 2), ('q', 4), ('s', 5), ('q', 6), ('q', 8), ('s', 10), ('q', 10)];
            assert_eq!(*log.lock().unwrap(), expected);
            assert_eq!(clock.now(), at(11));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_sleeper_that_ends_does_not_hold_the_clock_up() {
        let (clock, log) = (VirtualClock::new(at(0)), Arc::default());
        let task = sleeper(&clock, &log, ('x', 1, 1));
        asleep(&clock, 1).await;
        let before = tokio::time::Instant::now();
        clock.advance_to(at(2)).await;
        assert_eq!(before.elapsed(), Duration::ZERO, "the settle limit was not needed");
        task.await.unwrap();
        assert_eq!(*log.lock().unwrap(), vec![('x', 1)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_sleeper_that_hangs_holds_the_clock_up_no_longer_than_the_limit() {
        let clock = VirtualClock::new(at(0));
        let hung = clock.clone();
        let _task = tokio::spawn(followed(async move {
            hung.sleep_until(at(1)).await;
            std::future::pending::<()>().await;
        }));
        asleep(&clock, 1).await;
        let before = tokio::time::Instant::now();
        clock.advance_to(at(2)).await;
        assert_eq!(before.elapsed(), SETTLE_LIMIT);
    }

    #[tokio::test]
    async fn a_sleep_given_up_is_forgotten() {
        let clock = VirtualClock::new(at(0));
        tokio::select! {
            biased;
            () = clock.sleep_until(at(9)) => panic!("nobody moved the clock"),
            () = std::future::ready(()) => {}
        }
        assert_eq!(clock.sleepers(), 0);
        assert_eq!(clock.next_deadline(), None);
    }

    #[tokio::test]
    async fn the_clock_never_runs_backwards() {
        let clock = VirtualClock::new(at(10));
        clock.advance_to(at(5)).await;
        assert_eq!(clock.now(), at(10));
    }
}
