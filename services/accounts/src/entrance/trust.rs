//! Tells whoever verifies tokens what it takes: this process itself, and those who follow over the wire.

use std::sync::Arc;

use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::time::Span;
use fenliu_runtime::platform::Platform;
use futures::Stream;
use futures::stream::try_unfold;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::storage::{Fault, Store, Trust};

/// Most followers at once; each replica of each service is one.
const MAX_FOLLOWERS: usize = 256;
/// How long after a failure the store is asked again.
const RETRY_AFTER: Span = Span::from_secs(1);

/// Lets others follow the trust. Clones are the same.
#[derive(Clone)]
pub(crate) struct TrustFollowers {
    store: Store,
    soft: CancellationToken,
    places: Arc<Semaphore>,
}

/// What one follower has heard.
struct Follower {
    trust: Changes,
    soft: CancellationToken,
    _place: OwnedSemaphorePermit,
}

/// The trust as it changes.
struct Changes {
    store: Store,
    commits: watch::Receiver<u64>,
    /// The version that was given last.
    given: Option<i64>,
}

impl TrustFollowers {
    /// Followers of this store; their streams end when the platform's lifecycle does.
    pub(crate) fn new(store: Store, platform: &Platform) -> Self {
        Self { store, soft: platform.lifecycle.soft(), places: Arc::new(Semaphore::new(MAX_FOLLOWERS)) }
    }

    /// The trust as it is, then again after each change.
    ///
    /// # Errors
    /// OVERLOADED when as many follow as may. The stream itself ends with DRAINING or STORE_UNAVAILABLE.
    pub(crate) fn watch(&self) -> Result<impl Stream<Item = Result<Trust, Problem>> + Send + use<>, Problem> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| crowded())?;
        let follower = Follower { trust: Changes::of(&self.store), soft: self.soft.clone(), _place: place };
        Ok(try_unfold(follower, |mut follower| async move {
            let trust = tokio::select! {
                biased;
                () = follower.soft.cancelled() => return Err(draining()),
                trust = follower.trust.next() => trust.map_err(Fault::into_problem)?,
            };
            Ok(Some((trust, follower)))
        }))
    }
}

impl Changes {
    fn of(store: &Store) -> Self {
        Self { store: store.clone(), commits: store.commits(), given: None }
    }

    /// The trust, as soon as it differs from what was given last.
    async fn next(&mut self) -> Result<Trust, Fault> {
        loop {
            // Whatever is committed from here on wakes the wait below, also while the trust is being read.
            self.commits.borrow_and_update();
            if self.given != Some(self.store.trust_version().await?) {
                let trust = self.store.trust().await?;
                self.given = Some(trust.version);
                return Ok(trust);
            }
            if self.commits.changed().await.is_err() {
                // The store is gone, and so nothing will ever change.
                std::future::pending::<()>().await;
            }
        }
    }
}

/// Feeds this process's own authenticator: once before it returns, then after each change until the platform drains.
///
/// # Errors
/// STORE_UNAVAILABLE when the trust cannot be read the first time.
pub(crate) async fn feed(store: &Store, platform: &Platform) -> Result<(), Problem> {
    let mut changes = Changes::of(store);
    let auth = platform.auth.clone();
    let trust = changes.next().await.map_err(Fault::into_problem)?;
    auth.set_trust(trust.keys, trust.revocations);
    auth.set_followed(true);
    let (clock, soft) = (platform.clock.clone(), platform.lifecycle.soft());
    platform.lifecycle.spawn(async move {
        loop {
            let next = tokio::select! {
                () = soft.cancelled() => return,
                next = changes.next() => next,
            };
            match next {
                Ok(trust) => auth.set_trust(trust.keys, trust.revocations),
                Err(fault) => {
                    tracing::warn!(%fault, "cannot read who is trusted; what is known holds");
                    clock.sleep_until(clock.now() + RETRY_AFTER).await;
                }
            }
        }
    });
    Ok(())
}

fn crowded() -> Problem {
    let words = format!("{MAX_FOLLOWERS} follow the trust, as many as may; try another replica");
    Problem::new(Reason::Overloaded, words).with("limit", MAX_FOLLOWERS).retry_after(Span::from_secs(5))
}

fn draining() -> Problem {
    Problem::new(Reason::Draining, "the server is shutting down; follow another one")
}
