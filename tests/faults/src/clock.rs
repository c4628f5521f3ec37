//! Time since the run began, and waiting for conditions.

use std::time::{Duration, Instant};

/// How often a condition is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// Measures from when it was started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watch(Instant);

impl Watch {
    #[expect(clippy::disallowed_methods, reason = "faults last for their time on the wall")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn now(self) -> Duration {
        self.0.elapsed()
    }

    /// Waits until so long after the start.
    pub(crate) async fn until(self, moment: Duration) {
        tokio::time::sleep(moment.saturating_sub(self.now())).await;
    }
}

/// Lets some time pass.
pub(crate) async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

/// Waits until it is so, no longer than the limit.
pub(crate) async fn wait_for(
    limit: Duration,
    what: &str,
    mut is_so: impl AsyncFnMut() -> bool,
) -> anyhow::Result<()> {
    let watch = Watch::start();
    while !is_so().await {
        anyhow::ensure!(watch.now() < limit, "in {limit:?} it does not come to be: {what}");
        pass(LOOK_INTERVAL).await;
    }
    Ok(())
}
