//! Looks at all floors at every tick, and stores what becomes of their alerts.

use std::collections::BTreeMap;
use std::sync::Arc;

use fenliu_domain::alert::{Change, Kind, Machine, Memory, Rules, Seen, Silence};
use fenliu_domain::ids::ShopId;
use fenliu_domain::time::{Span, Timestamp};
use fenliu_runtime::clock::SharedClock;
use tokio_util::sync::CancellationToken;

use super::Floors;
use super::slow::Slow;
use crate::packs::PackByShop;
use crate::storage::{Fault, Kept, Store};

/// How often what is old is cleared away.
const CLEARED_EVERY: Span = Span::from_hours(1);

/// Ticks.
#[derive(Debug)]
pub(crate) struct Ticker {
    store: Store,
    floors: Floors,
    rules: Arc<Rules>,
    /// From one tick to the next.
    every: Span,
    /// How long what is over is kept.
    keep: Span,
    slow: Slow,
    kept: BTreeMap<ShopId, Kept>,
    cleared_at: Timestamp,
}

impl Ticker {
    pub(crate) fn new(
        store: Store,
        floors: Floors,
        rules: Rules,
        packs: PackByShop,
        (every, keep): (Span, Span),
    ) -> Self {
        Self {
            store,
            floors,
            rules: Arc::new(rules),
            every,
            keep,
            slow: Slow::new(packs),
            kept: BTreeMap::new(),
            cleared_at: Timestamp::MIN,
        }
    }

    /// Ticks until it is told to stop.
    pub(crate) async fn run(mut self, clock: SharedClock, stop: CancellationToken) {
        loop {
            let next = clock.now() + self.every;
            if stop.run_until_cancelled(clock.sleep_until(next)).await.is_none() {
                return;
            }
            if let Err(fault) = Box::pin(self.tick(clock.now())).await {
                tracing::warn!(error = %fault, "alerts cannot be stored; trying again with the next tick");
                // What is stored is what counts.
                self.kept.clear();
            }
        }
    }

    async fn tick(&mut self, now: Timestamp) -> Result<(), Fault> {
        if now.since(self.cleared_at) >= CLEARED_EVERY {
            self.floors.let_go(now);
            self.store.forget_alerts(now - self.keep).await?;
            self.cleared_at = now;
        }
        // Another replica may have stored something to be told of.
        self.floors.tell();
        // Where another replica is ahead, its floors are the ones to go by.
        if !self.floors.stand_at(&self.store.cursor().await?) {
            return Ok(());
        }
        let behind = self.floors.pulse.behind(now);
        let is_late = behind > self.rules.lag;
        let looked = self.floors.look(behind, now, &self.rules);
        if looked.is_empty() {
            return Ok(());
        }
        if !is_late {
            let moved = looked.iter().map(|(shop, _, moved_at)| (*shop, *moved_at));
            self.slow.look(&self.store, moved, now).await;
        }
        let mut silences = self.store.all_silences(now).await?;
        for (shop, mut seen, moved_at) in looked {
            if !is_late {
                self.slow.tell(shop, moved_at, now, &mut seen);
            }
            let silences = silences.remove(&shop).unwrap_or_default();
            if let Err(fault) = self.tick_shop(shop, &seen, silences, now).await {
                tracing::warn!(%shop, error = %fault, "alerts of a shop cannot be stored; trying again with the next tick");
                self.kept.remove(&shop);
            }
        }
        Ok(())
    }

    async fn tick_shop(
        &mut self,
        shop: ShopId,
        seen: &Seen,
        silences: BTreeMap<Kind, Silence>,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let before = match self.kept.remove(&shop) {
            Some(kept) => kept,
            None => self.store.alert_memory(shop).await?,
        };
        let (changes, mut after) = ticked(&self.rules, before.memory.clone(), silences, seen, now);
        if !is_other(&before.memory, &after) {
            self.kept.insert(shop, Kept { version: before.version, memory: after });
            return Ok(());
        }
        let changed = !changes.is_empty();
        after.silences.clear();
        let kept = Kept { version: before.version, memory: after.clone() };
        if self.store.keep_alerts(shop, kept, changes).await? {
            self.kept.insert(shop, Kept { version: before.version + 1, memory: after });
        } else {
            tracing::info!(%shop, "another replica has told of the alerts; going on from there");
        }
        if changed {
            self.floors.tell();
        }
        Ok(())
    }
}

fn ticked(
    rules: &Rules,
    memory: Memory,
    silences: BTreeMap<Kind, Silence>,
    seen: &Seen,
    now: Timestamp,
) -> (Vec<Change>, Memory) {
    let mut machine = Machine::new(rules, Memory { silences, ..memory });
    let changes = machine.tick(now, seen);
    (changes, machine.into_memory())
}

/// Whether a memory differs in more than when it ticked, and in what is written elsewhere.
fn is_other(before: &Memory, after: &Memory) -> bool {
    let bare =
        |memory: &Memory| Memory { ticked_at: Timestamp::MIN, silences: BTreeMap::new(), ..memory.clone() };
    bare(before) != bare(after)
}
