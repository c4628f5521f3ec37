//! Makes the scores, again and again.

use std::collections::{BTreeMap, BTreeSet};

use fenliu_domain::agent_facts::Fact;
use fenliu_domain::day::{DayRange, Zone};
use fenliu_domain::desk::strategy::Score;
use fenliu_domain::exchange::Conversation;
use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::roster::Stretch;
use fenliu_domain::scorecard::{Books, Question, SCORED_DAYS};
use fenliu_domain::time::{Span, Timestamp};
use fenliu_runtime::clock::SharedClock;
use tokio_util::sync::CancellationToken;

use super::Scores;
use crate::alerts::Floors;
use crate::storage::{AgentFold, Fault, Fold, HISTORY, Store, Written};

/// Which part of the time at most goes into making scores: one of so many.
const SHARE: i64 = 2;

/// Makes the scores of all shops.
#[derive(Debug)]
pub(crate) struct Scorer {
    pub(crate) store: Store,
    /// Say in which shops something moved, and whether the history has been caught up with.
    pub(crate) floors: Floors,
    pub(crate) scores: Scores,
    /// From one round to the next.
    pub(crate) every: Span,
    /// How old what is known may be.
    pub(crate) lag: Span,
    pub(crate) clock: SharedClock,
    /// Falls when it is to stop.
    pub(crate) stop: CancellationToken,
    pub(crate) seen: Seen,
}

/// What was seen of each shop when it was looked at last.
#[derive(Debug, Default)]
pub(crate) struct Seen(BTreeMap<ShopId, Look>);

/// One look at a shop.
#[derive(Debug)]
struct Look {
    at: Timestamp,
    /// `None` = it failed.
    written: Option<Written>,
}

/// The books of a shop, and whom its history knows.
struct Fed {
    books: Books,
    as_of: Timestamp,
    known: BTreeSet<AgentId>,
}

impl Scorer {
    /// Makes scores until it is told to stop.
    pub(crate) async fn run(mut self) {
        loop {
            let next = self.clock.now() + self.every;
            if self.stop.run_until_cancelled(self.clock.sleep_until(next)).await.is_none() {
                return;
            }
            Box::pin(self.round()).await;
        }
    }

    /// Looks at the shops in which something may be new, those not looked at for the longest first, as far as there is time.
    async fn round(&mut self) {
        let began = self.clock.now();
        if self.floors.pulse.behind(began) > self.lag {
            return;
        }
        let time = Span::from_micros(self.every.micros() / SHARE);
        for shop in self.due(began) {
            if self.stop.is_cancelled() || self.clock.now().since(began) > time {
                return;
            }
            if let Err(fault) = Box::pin(self.look_at(shop, began)).await {
                tracing::warn!(%shop, error = %fault, "scores of a shop cannot be made; trying again with the next round");
                self.seen.0.insert(shop, Look { at: began, written: None });
            }
        }
    }

    fn due(&self, now: Timestamp) -> Vec<ShopId> {
        let due = |(shop, moved_at): (ShopId, Timestamp)| {
            let look = self.seen.0.get(&shop);
            look.is_none_or(|look| look.may_be_old(moved_at, now)).then_some((look.map(|look| look.at), shop))
        };
        let mut shops: Vec<_> = self.floors.moved().into_iter().filter_map(due).collect();
        shops.sort_unstable();
        shops.into_iter().map(|(_, shop)| shop).collect()
    }

    async fn look_at(&mut self, shop: ShopId, now: Timestamp) -> Result<(), Fault> {
        let written = self.store.written(shop, move |zone| days(zone, now)).await?;
        let before = self.seen.0.get(&shop).and_then(|look| look.written.as_ref());
        if before.is_none_or(|before| !before.is_same(&written)) {
            let scores = self.made(shop, now).await?;
            let changed = self.scores.take_in(shop, scores);
            tracing::debug!(%shop, changed, "made the scores of a shop");
        }
        self.seen.0.insert(shop, Look { at: now, written: Some(written) });
        Ok(())
    }

    /// The score of everybody the shop's history knows.
    async fn made(&self, shop: ShopId, as_of: Timestamp) -> Result<BTreeMap<AgentId, Score>, Fault> {
        let begin = move |zone: Zone| {
            let range = days(zone, as_of);
            let today = zone.day_of(as_of);
            let days = range.first.unwrap_or(today)..=today;
            let question = Question { zone, days, shifts: Vec::new(), packs: Vec::new(), as_of };
            Ok((range, Fed { books: Books::new(question), as_of, known: BTreeSet::new() }))
        };
        let Fed { books, known, .. } = self.store.fold_with_agents(shop, begin).await?.fold;
        let mut scores = books.finish().scores();
        for agent in known {
            scores.entry(agent).or_default();
        }
        Ok(scores)
    }
}

/// The days scores are made of.
fn days(zone: Zone, now: Timestamp) -> DayRange {
    let today = zone.day_of(now);
    DayRange { first: Some(today.minus(SCORED_DAYS - 1)), last: Some(today) }
}

impl Look {
    /// Whether the scores of a shop may be others now: something moved since, or its days are others.
    fn may_be_old(&self, moved_at: Timestamp, now: Timestamp) -> bool {
        let Some(written) = &self.written else { return true };
        moved_at >= self.at || days(written.zone, now) != written.range
    }
}

impl Fold for Fed {
    fn add(&mut self, conversation: &Conversation) {
        self.books.add(conversation);
    }

    fn add_of(&mut self, source: &str, conversation: &Conversation) {
        if source == HISTORY {
            self.add(conversation);
        }
    }
}

impl AgentFold for Fed {
    fn reach(&self) -> Option<(Stretch, Timestamp)> {
        Some((self.books.whole()?, self.as_of))
    }

    fn learn(&mut self, fact: &Fact) {
        match fact {
            // How the time was spent bears on no score; that it was makes somebody known.
            Fact::Presence { agent, .. } | Fact::Capacity { agent, .. } => drop(self.known.insert(*agent)),
            Fact::Held { .. }
            | Fact::Assigned { .. }
            | Fact::Transferred { .. }
            | Fact::Declined { .. }
            | Fact::Rated { .. }
            | Fact::Closed { .. } => self.books.learn(fact),
        }
    }
}
