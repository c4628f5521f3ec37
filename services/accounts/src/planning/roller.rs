//! What happens by time alone: duty is told further ahead, and sanctions that have ended are lifted.
//!
//! One task per process waits for the earliest moment at which something is due, or for a commit that may have moved
//! it. Replicas may all do so: whoever comes second finds nothing to do.

use std::collections::BTreeMap;

use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::problem::Problem;
use fenliu_domain::time::{Span, Timestamp};
use fenliu_runtime::clock::SharedClock;
use fenliu_runtime::platform::Platform;

use super::telling::{TOLD_AT_LEAST, retell_some};
use crate::discipline;
use crate::storage::{Change, Fault, Store};

/// Most members whose duty is rolled on in one transaction, so that other changes get their turn between.
const MEMBERS_AT_ONCE: u64 = 64;
/// Shortest time between two rounds. Whoever works more stretches than are told at once is told more with each.
const ROUND_PAUSE: Span = Span::from_mins(10);
/// How soon what failed is tried again.
const RETRY_AFTER: Span = Span::from_secs(1);
/// How long nothing may be due before it is looked again.
const LONGEST_WAIT: Span = Span::from_hours(1);

struct Roller {
    store: Store,
    clock: SharedClock,
    /// When the next round of rolling may begin.
    next_round: Timestamp,
}

/// Does what is due by time, until the platform drains.
pub(crate) fn roll(store: Store, platform: &Platform) {
    let (clock, soft) = (platform.clock.clone(), platform.lifecycle.soft());
    let mut commits = store.commits();
    let mut roller = Roller { store, clock: clock.clone(), next_round: Timestamp::MIN };
    platform.lifecycle.spawn(async move {
        while !soft.is_cancelled() {
            // Whatever is committed from here on wakes the wait below.
            commits.borrow_and_update();
            let wake = match roller.run_due().await {
                Ok(next) => next.min(clock.now() + LONGEST_WAIT),
                Err(problem) => {
                    tracing::warn!(%problem, "what is due by time could not be done; trying again");
                    clock.now() + RETRY_AFTER
                }
            };
            tokio::select! {
                () = clock.sleep_until(wake) => {}
                woken = commits.changed() => if woken.is_err() { return },
                () = soft.cancelled() => return,
            }
        }
    });
}

impl Roller {
    /// Does everything that is due, and says when the next thing will be.
    async fn run_due(&mut self) -> Result<Timestamp, Problem> {
        let next_end = discipline::end_sanctions(&self.store, self.clock.now()).await?;
        let next_roll = self.roll_on().await?;
        Ok(next_end.unwrap_or(Timestamp::MAX).min(next_roll.unwrap_or(Timestamp::MAX)))
    }

    /// Tells the duty of everybody further ahead who is told too little, and says when somebody next will be.
    async fn roll_on(&mut self) -> Result<Option<Timestamp>, Problem> {
        let now = self.clock.now();
        let earliest = self.store.first_duty_through().await.map_err(Fault::into_problem)?;
        let Some(due) = earliest.map(|through| (through - TOLD_AT_LEAST).max(self.next_round)) else {
            return Ok(None);
        };
        if now <= due {
            // What reaches exactly far enough is due in the next moment.
            return Ok(Some(due + Span::from_micros(1)));
        }
        let mut after = None;
        loop {
            let told_to = now + TOLD_AT_LEAST;
            let some = self.store.told_too_little(told_to, after, MEMBERS_AT_ONCE).await;
            let some = some.map_err(Fault::into_problem)?;
            let Some(last) = some.last().copied() else { break };
            after = Some(last);
            self.store
                .by_itself(|mut change| Box::pin(async move { retell_each(&mut change, some).await }))
                .await?;
        }
        self.next_round = now + ROUND_PAUSE;
        Ok(Some(self.next_round + Span::from_micros(1)))
    }
}

async fn retell_each(change: &mut Change<'_>, members: Vec<(ShopId, AgentId)>) -> Result<(), Fault> {
    let mut shops: BTreeMap<ShopId, Vec<AgentId>> = BTreeMap::new();
    for (shop, agent) in members {
        shops.entry(shop).or_default().push(agent);
    }
    for (shop, agents) in shops {
        retell_some(change, shop, &agents).await?;
    }
    Ok(())
}
