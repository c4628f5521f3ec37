//! Followers of the directory: each reads on from its own version, whenever something was committed.
//!
//! Nothing is queued for a follower; it asks the store when it is ready for more. So a slow one costs nothing,
//! a fast one hears of a commit at once, and one that comes back with its last version misses nothing.

use std::sync::Arc;

use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::time::Span;
use fenliu_runtime::platform::Platform;
use futures::Stream;
use futures::stream::try_unfold;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::storage::{DirectoryPage, Fault, Store};

#[cfg(test)]
mod tests;

/// Most followers at once; each replica of dispatch is one.
pub(crate) const MAX_FOLLOWERS: usize = 256;

/// Lets others follow the directory. Clones are the same directory.
#[derive(Clone)]
pub(crate) struct Directory {
    store: Store,
    soft: CancellationToken,
    places: Arc<Semaphore>,
}

/// Where one follower is.
struct Follower {
    store: Store,
    soft: CancellationToken,
    commits: watch::Receiver<u64>,
    through: i64,
    /// Nothing was sent yet, so even an empty page is news: it says that there is nothing.
    fresh: bool,
    _place: OwnedSemaphorePermit,
}

impl Directory {
    /// A directory on this store; streams end when the platform's lifecycle does.
    pub(crate) fn new(store: Store, platform: &Platform) -> Self {
        Self { store, soft: platform.lifecycle.soft(), places: Arc::new(Semaphore::new(MAX_FOLLOWERS)) }
    }

    /// Everything that changed after a version, in pages, then each change as it is committed.
    ///
    /// # Errors
    /// OVERLOADED when as many follow as may; HISTORY_REWOUND when the directory never had this version. The
    /// stream itself ends with DRAINING or STORE_UNAVAILABLE.
    pub(crate) async fn watch(
        &self,
        after: i64,
    ) -> Result<impl Stream<Item = Result<DirectoryPage, Problem>> + Send + use<>, Problem> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| crowded())?;
        let head = self.store.directory_head().await.map_err(Fault::into_problem)?;
        if after > head {
            return Err(rewound(after, head));
        }
        let follower = Follower {
            store: self.store.clone(),
            soft: self.soft.clone(),
            commits: self.store.commits(),
            through: after,
            fresh: true,
            _place: place,
        };
        Ok(try_unfold(follower, |mut follower| async move {
            let page = follower.next().await?;
            Ok(Some((page, follower)))
        }))
    }
}

impl Follower {
    /// The next page with anything in it, or the very first one.
    async fn next(&mut self) -> Result<DirectoryPage, Problem> {
        loop {
            if self.soft.is_cancelled() {
                return Err(draining());
            }
            // Whatever is committed from here on wakes the wait below, also while the page is being read.
            self.commits.borrow_and_update();
            let page = self.store.directory_after(self.through).await.map_err(Fault::into_problem)?;
            if page.head < self.through {
                return Err(rewound(self.through, page.head));
            }
            self.through = page.through;
            if std::mem::take(&mut self.fresh) || !page.entries.is_empty() {
                return Ok(page);
            }
            self.wait().await?;
        }
    }

    async fn wait(&mut self) -> Result<(), Problem> {
        tokio::select! {
            changed = self.commits.changed() => changed.map_err(|_| draining()),
            () = self.soft.cancelled() => Err(draining()),
        }
    }
}

/// Notices the commits of other replicas on the same PostgreSQL, and wakes our followers for them, every
/// `interval` until the platform drains. A SQLite file has one process, which needs no such thing.
pub(crate) fn poll(store: Store, platform: &Platform, interval: Span) {
    let (clock, soft) = (platform.clock.clone(), platform.lifecycle.soft());
    platform.lifecycle.spawn(async move {
        let mut seen = None;
        loop {
            tokio::select! {
                () = clock.sleep_until(clock.now() + interval) => {}
                () = soft.cancelled() => return,
            }
            match store.directory_head().await {
                Ok(head) if seen.replace(head) != Some(head) => store.announce(),
                Ok(_) => {}
                // Followers that cannot read end by themselves; this is only the watch on other replicas.
                Err(fault) => tracing::warn!(%fault, "cannot see what other replicas committed"),
            }
        }
    });
}

fn crowded() -> Problem {
    let words = format!("{MAX_FOLLOWERS} follow the directory, as many as may; try another replica");
    Problem::new(Reason::Overloaded, words).with("limit", MAX_FOLLOWERS).retry_after(Span::from_secs(5))
}

fn draining() -> Problem {
    let advice = "the server is shutting down; follow another one from the last version you applied";
    Problem::new(Reason::Draining, advice)
}

fn rewound(after: i64, head: i64) -> Problem {
    let words = format!(
        "the directory is at version {head} and never was at {after}: it was restored from a backup; \
         follow it from 0"
    );
    Problem::new(Reason::HistoryRewound, words).with("after_version", after).with("head", head)
}
