//! Works out beforehand what past days came to under the packs fenliu ships, and for each agent, so that the first report of a
//! month is as quick as the next.
//!
//! Whatever is asked for is worked out and kept by [`Store::report`] and [`Store::cards`] themselves; the keeper only asks
//! first, for each day of a shop whose facts have changed since it last did, once the day lies so far back that little of it
//! can still change. It rests between two rounds as long as the last one took, so that it never takes more than half of a core.
//!
//! Invariant: no answer depends on it. Cut off, it goes on with the days it had not got to.

use fenliu_domain::day::{DayRange, Zone};
use fenliu_domain::time::Span;
use fenliu_runtime::clock::SharedClock;
use tokio_util::sync::CancellationToken;

use crate::packs::Packs;
use crate::storage::{CardsAsked, Fault, Store, Unkept, Whose};

/// Days of shops of one round.
const DAYS_AT_ONCE: u64 = 50;
/// How many days ago a day is, by universal time, before it is worked out: the longest limit fenliu ships has then passed,
/// over a weekend too.
const AGE: u32 = 5;
/// Shortest rest between two rounds.
const SHORTEST_REST: Span = Span::from_secs(1);
/// Rest when there was nothing to do, or the store did not answer.
const LONG_REST: Span = Span::from_mins(10);

/// See the module.
#[derive(Debug)]
pub(crate) struct Keeper {
    pub(crate) store: Store,
    pub(crate) packs: Packs,
    pub(crate) clock: SharedClock,
    /// Falls when it is to stop.
    pub(crate) stop: CancellationToken,
}

impl Keeper {
    /// Works until it is told to stop.
    pub(crate) async fn run(self) {
        while !self.stop.is_cancelled() {
            let began = self.clock.now();
            let rest = match self.round().await {
                Ok(0) => LONG_REST,
                Ok(_) => self.clock.now().since(began).max(SHORTEST_REST),
                Err(fault) => {
                    tracing::warn!(%fault, "what past days came to could not be worked out");
                    LONG_REST
                }
            };
            let until = self.clock.now() + rest;
            tokio::select! {
                () = self.clock.sleep_until(until) => {}
                () = self.stop.cancelled() => return,
            }
        }
    }

    /// Works out some days; how many.
    pub(crate) async fn round(&self) -> Result<usize, Fault> {
        let before = Zone::UTC.day_of(self.clock.now()).minus(AGE);
        let days = self.store.unkept(before, DAYS_AT_ONCE).await?;
        let mut worked = 0;
        for day in &days {
            if self.stop.is_cancelled() {
                break;
            }
            match self.keep(day).await {
                Ok(()) => worked += 1,
                // Nothing is known of the shop any more, so there is nothing to work out.
                Err(Fault::Refused(_)) => self.store.kept(day).await?,
                Err(fault) => {
                    tracing::warn!(shop = %day.shop, day = %day.day, %fault, "a day could not be worked out");
                }
            }
        }
        Ok(worked)
    }

    async fn keep(&self, unkept: &Unkept) -> Result<(), Fault> {
        let day = unkept.day;
        for pack in self.packs.all() {
            let report =
                self.store.report(unkept.shop, pack.clone(), self.clock.now(), move |_| DayRange::only(day));
            report.await?;
        }
        let zone = self.store.zone(unkept.shop).await?;
        let asked = CardsAsked {
            shop: unkept.shop,
            zone,
            days: day..=day,
            by_shift: false,
            shipped: self.packs.all().cloned().collect(),
            wanted_packs: (0..self.packs.all().count()).collect(),
            as_of: self.clock.now(),
            duty: Vec::new(),
            whose: Whose::Nobody,
        };
        // Where the zone has changed since, so has the day, and it comes up again.
        self.store.cards(asked).await?;
        self.store.kept(unkept).await
    }
}
