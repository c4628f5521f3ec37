//! Scores: how fast and how well each agent has been answering, told to whoever shares out conversations by it.
//!
//! `scorer` makes them of the facts of the last days, shop by shop, away from all calls, and only where facts were written
//! or a day has begun. [`Scores`] holds what is told: a score changes when it is off by a twentieth of itself
//! ([`Score::is_like`]), so that nobody is told of noise. Whoever watches reads changes by their number when they are ready;
//! nothing is queued, and of an agent whose score changed twice meanwhile they get the later one.
//!
//! Invariants: a call never waits for scores to be made; nothing is made of a history that has not been caught up with;
//! agents of whom nothing is known in those days have the neutral score, so that what was told of them before ends.

mod scorer;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fenliu_domain::desk::strategy::Score;
use fenliu_domain::ids::{AgentId, ShopId};
use tokio::sync::watch;

pub(crate) use self::scorer::{Scorer, Seen};

/// Most agents whose scores are held, of all shops; the scores of others are left out.
const MAX_SCORES: usize = 1_000_000;

/// The score of every agent. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Scores {
    inner: Arc<Mutex<Inner>>,
    /// The number of the last change.
    news: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Inner {
    scores: BTreeMap<(ShopId, AgentId), Told>,
    /// Whose score each change was, but for those that were overtaken by a later one.
    changes: BTreeMap<u64, (ShopId, AgentId)>,
    /// The number of the last change; 0 before the first.
    last: u64,
}

#[derive(Clone, Copy, Debug)]
struct Told {
    score: Score,
    change: u64,
}

/// The score of an agent of a shop.
pub(crate) type AgentScore = (ShopId, AgentId, Score);

/// Some changes, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) scores: Vec<AgentScore>,
    /// The number of the last change looked at.
    pub(crate) until: u64,
    /// Whether there may be more.
    pub(crate) full: bool,
}

impl Scores {
    /// Nobody's yet.
    pub(crate) fn new() -> Self {
        Self { inner: Arc::default(), news: watch::Sender::new(0) }
    }

    /// Who wants to hear when scores have changed.
    pub(crate) fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// The changes after one, of one shop or of all, at most `limit`.
    pub(crate) fn after(&self, change: u64, shop: Option<ShopId>, limit: usize) -> Page {
        let inner = self.lock();
        let mut page = Page { scores: Vec::new(), until: inner.last, full: false };
        for (number, (of, agent)) in inner.changes.range(change.saturating_add(1)..) {
            if shop.is_some_and(|shop| shop != *of) {
                continue;
            }
            if let Some(told) = inner.scores.get(&(*of, *agent)) {
                page.scores.push((*of, *agent, told.score));
            }
            if page.scores.len() >= limit {
                (page.until, page.full) = (*number, *number < inner.last);
                break;
            }
        }
        page
    }

    /// Takes in the scores of a shop; agents it names no more have the neutral one. How many changed.
    fn take_in(&self, shop: ShopId, scores: BTreeMap<AgentId, Score>) -> usize {
        let mut inner = self.lock();
        let every = (shop, AgentId::from_bits(0))..=(shop, AgentId::from_bits(u128::MAX));
        let known: Vec<_> = inner.scores.range(every).map(|((_, agent), _)| *agent).collect();
        let gone = known.into_iter().filter(|agent| !scores.contains_key(agent));
        let gone: Vec<_> = gone.map(|agent| (agent, Score::default())).collect();
        let all = scores.into_iter().chain(gone);
        let changed = all.filter(|(agent, score)| inner.tell(shop, *agent, *score)).count();
        let last = inner.last;
        drop(inner);
        if changed > 0 {
            self.news.send_replace(last);
        }
        changed
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Whether it is news.
    fn tell(&mut self, shop: ShopId, agent: AgentId, score: Score) -> bool {
        let known = self.scores.get(&(shop, agent)).copied();
        let is_news = known.map_or(self.scores.len() < MAX_SCORES, |known| !score.is_like(known.score));
        if is_news {
            self.last += 1;
            self.scores.insert((shop, agent), Told { score, change: self.last });
            self.changes.insert(self.last, (shop, agent));
            if let Some(before) = known {
                self.changes.remove(&before.change);
            }
        }
        is_news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOP: ShopId = ShopId::from_bits(1);
    const OTHER: ShopId = ShopId::from_bits(2);
    const ANN: AgentId = AgentId::from_bits(1);
    const BEN: AgentId = AgentId::from_bits(2);

    fn score(speed_permille: u32) -> Score {
        Score { speed_permille, ..Score::default() }
    }

    fn speeds(page: &Page) -> Vec<(ShopId, AgentId, u32)> {
        page.scores.iter().map(|(shop, agent, score)| (*shop, *agent, score.speed_permille)).collect()
    }

    #[test]
    fn a_watcher_sees_all_scores_and_then_the_latest_of_those_that_changed() {
        let scores = Scores::new();
        scores.take_in(SHOP, BTreeMap::from([(ANN, score(800)), (BEN, score(1_200))]));
        scores.take_in(OTHER, BTreeMap::from([(ANN, score(900))]));
        let first = scores.after(0, None, 10);
        assert_eq!(speeds(&first), [(SHOP, ANN, 800), (SHOP, BEN, 1_200), (OTHER, ANN, 900)]);
        assert_eq!((first.until, first.full), (3, false));
        scores.take_in(SHOP, BTreeMap::from([(ANN, score(700)), (BEN, score(1_200))]));
        scores.take_in(SHOP, BTreeMap::from([(ANN, score(600)), (BEN, score(1_200))]));
        let next = scores.after(first.until, None, 10);
        assert_eq!(speeds(&next), [(SHOP, ANN, 600)]);
        assert_eq!(scores.after(next.until, None, 10).scores, []);
        assert_eq!(speeds(&scores.after(0, Some(OTHER), 10)), [(OTHER, ANN, 900)]);
    }

    #[test]
    fn pages_hold_so_many_and_lose_none() {
        let scores = Scores::new();
        scores.take_in(SHOP, (0..7).map(|agent| (AgentId::from_bits(agent), score(800))).collect());
        let (mut seen, mut after) = (Vec::new(), 0);
        for (count, full) in [(3, true), (3, true), (1, false)] {
            let page = scores.after(after, None, 3);
            assert_eq!((page.scores.len(), page.full), (count, full));
            seen.extend(page.scores.iter().map(|(_, agent, _)| *agent));
            after = page.until;
        }
        assert_eq!(seen, (0..7).map(AgentId::from_bits).collect::<Vec<_>>());
    }

    #[test]
    fn noise_is_told_to_nobody_and_who_is_gone_is_neutral() {
        let scores = Scores::new();
        scores.take_in(OTHER, BTreeMap::from([(ANN, score(2_000))]));
        assert_eq!(scores.take_in(SHOP, BTreeMap::from([(ANN, score(1_000)), (BEN, score(800))])), 2);
        let news = scores.news();
        for speed in [1_030, 1_049, 960] {
            assert_eq!(scores.take_in(SHOP, BTreeMap::from([(ANN, score(speed)), (BEN, score(800))])), 0);
        }
        assert!(!news.has_changed().expect("it is open"));
        assert_eq!(scores.take_in(SHOP, BTreeMap::from([(ANN, score(1_050))])), 2);
        assert!(news.has_changed().expect("it is open"));
        assert_eq!(speeds(&scores.after(3, None, 10)), [(SHOP, ANN, 1_050), (SHOP, BEN, 1_000)]);
    }
}
