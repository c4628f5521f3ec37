//! What happens by itself: timers go off, heartbeats lapse, tails nobody stored are stored, desks are snapshotted, and the
//! history gets room.
//!
//! Desks that are not loaded have no timers, so every shop's desk is loaded at the start, and looked for now and
//! then: one that forked is dropped, and its shop may stay quiet.

use fenliu_domain::desk::command::Command;
use fenliu_domain::ids::ShopId;
use fenliu_domain::problem::Problem;
use fenliu_domain::time::{Span, Timestamp};
use fenliu_live::Lapsed;
use futures::stream::{self, StreamExt};

use crate::config::SweeperConfig;
use crate::desks::{Call, Desks, drift};
use crate::history::partitions::Partitions;
use crate::history::snapshots::SNAPSHOT_EVERY;

/// Most shops ticked, or agents lapsed, in one sweep; the rest comes with the next.
const SWEEP_LIMIT: usize = 1_000;
/// Shops or agents handled side by side.
const AT_ONCE: usize = 64;
/// Fewest agents whose lapsing at once can be a mass lapse.
const MASS_LAPSE_MIN: usize = 20;
/// How long a mass lapse is taken for a fault.
const MASS_LAPSE_PAUSE: Span = Span::from_mins(10);
/// Desks that nobody has are looked for once in so many sweeps: every five seconds unless configured otherwise.
const RECOVERY_PERIOD: u64 = 20;
/// Desks loaded side by side: callers wait for the same store.
const LOADED_AT_ONCE: usize = 8;
/// Desks to snapshot and to compare, and partitions to make, are looked for once in so many sweeps.
const UPKEEP_PERIOD: u64 = 240;

/// Sweeps until the server shuts down.
pub(crate) async fn sweep(desks: Desks, partitions: Partitions, config: SweeperConfig) {
    let platform = desks.platform().clone();
    let soft = platform.lifecycle.soft();
    load_all(&desks).await;
    let mut silence = Silence::default();
    for round in 1_u64.. {
        let now = platform.clock.now();
        run_due(&desks, now).await;
        run_lapsed(&desks, now, config.mass_lapse_percent, &mut silence).await;
        if round.is_multiple_of(RECOVERY_PERIOD) {
            load_all(&desks).await;
        }
        if round.is_multiple_of(UPKEEP_PERIOD) {
            snapshot_all(&desks, now).await;
            drift::check_some(&desks).await;
            make_partitions(&partitions).await;
        }
        tokio::select! {
            () = soft.cancelled() => return,
            () = platform.clock.sleep_until(now + config.interval()) => {}
        }
    }
}

/// Makes the partitions that the history will need. When that fails there is time to try again, and then the default
/// partition.
pub(crate) async fn make_partitions(partitions: &Partitions) {
    match partitions.keep_ahead().await {
        Ok(made) if made.is_empty() => {}
        Ok(made) => tracing::info!(?made, "the history has room for more events"),
        Err(error) => tracing::error!(
            %error,
            "the history's next partition could not be made; it is tried again, or let somebody who may change tables \
             run fenliu-dispatch migrate"
        ),
    }
}

/// Loads every desk that no replica has. Nobody may ever touch its shop again, and its timers would sleep: after a Redis was
/// lost, all shops come back this way.
pub(crate) async fn load_all(desks: &Desks) {
    let shops = match desks.history().shops().await {
        Ok(shops) => shops,
        Err(error) => {
            return tracing::error!(%error, "it is not known which desks to load; each is on first touch");
        }
    };
    let missing = desks.live().missing(&shops).await;
    if missing.len() > 1 {
        tracing::info!(desks = missing.len(), "loading desks that nobody has");
    }
    let soft = desks.platform().lifecycle.soft();
    let loads = stream::iter(missing).take_until(soft.cancelled()).map(|shop| async move {
        if let Err(problem) = desks.expect(shop).await {
            tracing::error!(%shop, %problem, "a desk could not be loaded");
        }
    });
    loads.buffer_unordered(LOADED_AT_ONCE).count().await;
}

async fn run_due(desks: &Desks, now: Timestamp) {
    let due = desks.live().due(now, SWEEP_LIMIT).await;
    let ticks = due.into_iter().map(|shop| async move {
        desks.store_tail(shop).await;
        run(desks, shop, Command::Tick).await
    });
    side_by_side(ticks).await;
}

/// Logs off whose heartbeats stopped, unless so many did that it is taken for a fault.
async fn run_lapsed(desks: &Desks, now: Timestamp, mass_lapse_percent: u8, silence: &mut Silence) {
    let lapsed = desks.live().lapsed(now, SWEEP_LIMIT).await;
    if silence.holds(is_mass_lapse(&lapsed, mass_lapse_percent), now) {
        return;
    }
    let lapses = lapsed.agents.into_iter().map(|(shop, agent)| run(desks, shop, Command::Lapse { agent }));
    side_by_side(lapses).await;
}

/// A mass lapse: since when it lasts.
#[derive(Debug, Default)]
struct Silence {
    since: Option<Timestamp>,
}

impl Silence {
    /// Whether nobody is logged off now. A fault of the network passes; agents who are still silent after
    /// [`MASS_LAPSE_PAUSE`] have gone, and must not be given buyers for ever.
    fn holds(&mut self, mass: bool, now: Timestamp) -> bool {
        if !mass {
            self.since = None;
            return false;
        }
        if self.since.is_none() {
            tracing::error!(
                pause = %MASS_LAPSE_PAUSE,
                "so many agents fell silent at once that the network or the clock must be at fault; nobody is logged \
                 off until fewer are silent, or the pause is over"
            );
        }
        now.since(*self.since.get_or_insert(now)) < MASS_LAPSE_PAUSE
    }
}

/// Runs commands side by side, so that their commits are shared and one shop's wait is not every shop's. A store
/// that refuses them all is one line in the log.
async fn side_by_side(commands: impl Iterator<Item = impl Future<Output = Result<(), Problem>>>) {
    let refused = stream::iter(commands).buffer_unordered(AT_ONCE).filter_map(async |end| end.err());
    let refused: Vec<_> = refused.collect().await;
    if let Some(problem) = refused.first() {
        tracing::warn!(refused = refused.len(), %problem, "what was due could not be done; it is tried again");
    }
}

async fn run(desks: &Desks, shop: ShopId, command: Command) -> Result<(), Problem> {
    let call = Call { shop, request: None, traceparent: None, command, body: None };
    desks.run(call).await.map(|_| ())
}

/// Whether those who have lapsed are the first of many. Nobody has to be held as long as nobody has lapsed.
fn is_mass_lapse(lapsed: &Lapsed, percent: u8) -> bool {
    let silent = lapsed.silent;
    let many = silent >= MASS_LAPSE_MIN && silent * 100 > lapsed.watched * usize::from(percent);
    many && !lapsed.agents.is_empty()
}

/// Snapshots every desk that has moved far enough since its last one.
async fn snapshot_all(desks: &Desks, now: Timestamp) {
    let history = desks.history();
    let shops = match history.outgrown(SNAPSHOT_EVERY).await {
        Ok(shops) => shops,
        Err(error) => return tracing::warn!(%error, "desks could not be snapshotted; it is tried again"),
    };
    for shop in shops {
        if let Err(error) = history.snapshot(shop, now).await {
            tracing::warn!(%shop, %error, "a desk could not be snapshotted; it is tried again");
        }
    }
}

#[cfg(test)]
mod tests {
    use fenliu_domain::ids::AgentId;

    use super::*;

    #[test]
    fn a_mass_lapse_is_taken_for_a_fault_for_ten_minutes_and_no_longer() {
        let mut silence = Silence::default();
        let at = |minutes| Timestamp::default() + Span::from_mins(minutes);
        assert!(silence.holds(true, at(0)));
        assert!(silence.holds(true, at(9)));
        assert!(!silence.holds(true, at(10)), "they have gone");
        assert!(!silence.holds(true, at(11)), "the rest of them too");
        assert!(!silence.holds(false, at(12)));
        assert!(silence.holds(true, at(13)), "the next one is another");
    }

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
        let nobody_yet = Lapsed { agents: Vec::new(), ..lapsed(21, 21) };
        assert!(!is_mass_lapse(&nobody_yet, 50), "a beat that is late is no lapse");
    }
}
