//! What happens by itself: timers go off, heartbeats lapse, tails nobody stored are stored, desks are snapshotted.
//!
//! Desks that are not loaded have no timers, so every shop's desk is loaded once at the start.

use fenliu_domain::desk::command::Command;
use fenliu_domain::ids::ShopId;
use fenliu_domain::time::Timestamp;
use fenliu_live::Lapsed;
use futures::stream::{self, StreamExt};

use crate::config::SweeperConfig;
use crate::desks::{Call, Desks};
use crate::history::snapshots::SNAPSHOT_EVERY;

/// Most shops ticked, or agents lapsed, in one sweep; the rest comes with the next.
const SWEEP_LIMIT: usize = 1_000;
/// Shops or agents handled side by side.
const AT_ONCE: usize = 64;
/// Fewest agents whose lapsing at once can be a mass lapse.
const MASS_LAPSE_MIN: usize = 20;
/// Snapshots are looked for once in so many sweeps.
const SNAPSHOT_PERIOD: u64 = 240;

/// Sweeps until the server shuts down.
pub(crate) async fn sweep(desks: Desks, config: SweeperConfig) {
    let platform = desks.platform().clone();
    let soft = platform.lifecycle.soft();
    load_all(&desks).await;
    for round in 1_u64.. {
        let now = platform.clock.now();
        run_due(&desks, now).await;
        run_lapsed(&desks, now, config.mass_lapse_percent).await;
        if round.is_multiple_of(SNAPSHOT_PERIOD) {
            snapshot_all(&desks, now).await;
        }
        tokio::select! {
            () = soft.cancelled() => return,
            () = platform.clock.sleep_until(now + config.interval()) => {}
        }
    }
}

async fn load_all(desks: &Desks) {
    let shops = match desks.history().shops().await {
        Ok(shops) => shops,
        Err(error) => {
            return tracing::error!(%error, "desks could not be loaded at the start; each is on first touch");
        }
    };
    let count = shops.len();
    let soft = desks.platform().lifecycle.soft();
    for shop in shops {
        if soft.is_cancelled() {
            return;
        }
        if let Err(problem) = desks.loaded(shop).await {
            tracing::error!(%shop, %problem, "a desk could not be loaded");
        }
    }
    tracing::info!(shops = count, "desks are loaded");
}

async fn run_due(desks: &Desks, now: Timestamp) {
    let due = desks.live().due(now, SWEEP_LIMIT).await;
    // Side by side, so that their commits are shared and one shop's wait is not every shop's.
    let ticks = due.into_iter().map(|shop| async move {
        desks.store_tail(shop).await;
        run(desks, shop, Command::Tick).await;
    });
    stream::iter(ticks).buffer_unordered(AT_ONCE).collect::<()>().await;
}

async fn run_lapsed(desks: &Desks, now: Timestamp, mass_lapse_percent: u8) {
    let lapsed = desks.live().lapsed(now, SWEEP_LIMIT).await;
    if is_mass_lapse(&lapsed, mass_lapse_percent) {
        tracing::error!(
            lapsed = lapsed.silent,
            watched = lapsed.watched,
            "so many agents fell silent at once that the network or the clock must be at fault; nobody is logged off"
        );
        return;
    }
    let lapses = lapsed.agents.into_iter().map(|(shop, agent)| run(desks, shop, Command::Lapse { agent }));
    stream::iter(lapses).buffer_unordered(AT_ONCE).collect::<()>().await;
}

fn is_mass_lapse(lapsed: &Lapsed, percent: u8) -> bool {
    let silent = lapsed.silent;
    silent >= MASS_LAPSE_MIN && silent * 100 > lapsed.watched * usize::from(percent)
}

async fn run(desks: &Desks, shop: ShopId, command: Command) {
    let call = Call { shop, request: None, traceparent: None, command, body: None };
    if let Err(problem) = desks.run(call).await {
        tracing::warn!(%shop, %problem, "what was due could not be done; it is tried again");
    }
}

/// Snapshots every desk that has moved far enough since its last one.
async fn snapshot_all(desks: &Desks, now: Timestamp) {
    let history = desks.history();
    let Ok(shops) = history.shops().await else { return };
    for shop in shops {
        let moved = async {
            let head = history.head(shop).await?.map_or(0, |(seq, _)| seq);
            Ok::<_, crate::history::Fault>(head - history.snapshot_seq(shop).await?.min(head))
        };
        let taken = match moved.await {
            Ok(moved) if moved >= SNAPSHOT_EVERY => history.snapshot(shop, now).await.map(|_| ()),
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = taken {
            tracing::warn!(%shop, %error, "a desk could not be snapshotted; it is tried again");
        }
    }
}

#[cfg(test)]
mod tests {
    use fenliu_domain::ids::AgentId;

    use super::*;

    #[test]
    fn only_many_and_a_large_share_are_a_mass_lapse() {
        let lapsed = |silent, watched| Lapsed {
            agents: vec![(ShopId::from_bits(1), AgentId::from_bits(1))],
            silent,
            watched,
        };
        assert!(!is_mass_lapse(&lapsed(19, 19), 50), "a small shop may all go home");
        assert!(!is_mass_lapse(&lapsed(20, 40), 50), "half is not more than half");
        assert!(is_mass_lapse(&lapsed(21, 40), 50));
        assert!(!is_mass_lapse(&lapsed(100, 10_000), 50));
        assert!(is_mass_lapse(&lapsed(5_000, 5_000), 50), "however few of them fit into one sweep");
    }
}
