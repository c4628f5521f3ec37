//! Alerts: from what the history says to what somebody should hear of now.
//!
//! The follower tells [`Floors`] what every batch moved, once it is stored; where that is not what they stand on, as after a
//! start, they are put together anew of what is stored. `ticker` looks at them at every tick of the platform's clock,
//! and `slow` at the facts of the last hours and days, which are dearer to read. What a tick makes of a shop's alerts is
//! stored in one transaction, from exactly the version it came of, so that nothing is raised twice and what was raised is
//! there after any end. `webhook` and those who watch read the changes by position.
//!
//! Invariant: what is too old ([`Pulse`]) raises and resolves nothing but the alert that says so.

mod pulse;
mod slow;
mod ticker;
mod webhook;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fenliu_domain::alert::{Floor, Rules, Seen, seen};
use fenliu_domain::ids::ShopId;
use fenliu_domain::time::{Span, Timestamp};
use tokio::sync::watch;

pub(crate) use self::pulse::Pulse;
pub(crate) use self::ticker::Ticker;
pub(crate) use self::webhook::begin as begin_webhook;

use crate::packs::PackByShop;
use crate::storage::{Cursor, Moved, Watch};

/// A conversation whose buyer was not heard of for so long is no longer among those that wait or occupy anybody.
const FORGOTTEN_AFTER: Span = Span::from_hours(72);

/// The floors of all shops. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Floors {
    inner: Arc<Mutex<Inner>>,
    packs: PackByShop,
    pub(crate) pulse: Pulse,
    /// Counts up whenever alerts may have changed.
    news: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Inner {
    at: Option<Cursor>,
    shops: BTreeMap<ShopId, Shop>,
}

/// One shop's floor.
#[derive(Debug, Default)]
struct Shop {
    floor: Floor,
    /// When something last moved on it.
    moved_at: Timestamp,
}

impl Floors {
    /// No floor yet; an answer is owed by these packs.
    pub(crate) fn new(packs: PackByShop, pulse: Pulse) -> Self {
        let inner = Arc::default();
        Self { inner, packs, pulse, news: watch::Sender::new(0) }
    }

    /// What they want to be told of the conversations of a batch.
    pub(crate) fn watch(&self, now: Timestamp) -> Watch {
        Watch { packs: self.packs.clone(), since: now - FORGOTTEN_AFTER }
    }

    /// Whether they stand where the history has been worked in up to.
    pub(crate) fn stand_at(&self, cursor: &Cursor) -> bool {
        self.lock().at.as_ref() == Some(cursor)
    }

    /// These are the floors.
    pub(crate) fn replace(&self, at: Cursor, floors: BTreeMap<ShopId, Floor>, now: Timestamp) {
        let shop = |(shop, floor)| (shop, Shop { floor, moved_at: now });
        *self.lock() = Inner { at: Some(at), shops: floors.into_iter().map(shop).collect() };
    }

    /// Takes in what a batch moved.
    pub(crate) fn take_in(&self, until: Cursor, moved: Moved, now: Timestamp) {
        let mut inner = self.lock();
        inner.at = Some(until);
        for (shop, hours) in moved.hours {
            inner.of(shop, now).floor.serve(hours);
        }
        for (shop, name, agent) in moved.agents {
            inner.of(shop, now).floor.seat(name, agent);
        }
        for (shop, conversation, talk) in moved.talks {
            inner.of(shop, now).floor.stand(&conversation, talk);
        }
    }

    /// Who wants to hear when alerts may have changed.
    pub(crate) fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    fn tell(&self) {
        self.news.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// When something last moved in each shop, as far as this replica knows.
    pub(crate) fn moved(&self) -> Vec<(ShopId, Timestamp)> {
        self.lock().shops.iter().map(|(shop, of)| (*shop, of.moved_at)).collect()
    }

    /// What every floor shows now, when what is known is so old, and when something last moved on it.
    fn look(&self, behind: Span, now: Timestamp, rules: &Rules) -> Vec<(ShopId, Seen, Timestamp)> {
        let inner = self.lock();
        let look = |(shop, of): (&ShopId, &Shop)| (*shop, seen(&of.floor, behind, now, rules), of.moved_at);
        inner.shops.iter().map(look).collect()
    }

    /// Forgets conversations nobody was heard of in for too long.
    fn let_go(&self, now: Timestamp) {
        self.lock().shops.values_mut().for_each(|shop| shop.floor.let_go(now - FORGOTTEN_AFTER));
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn of(&mut self, shop: ShopId, now: Timestamp) -> &mut Shop {
        let of = self.shops.entry(shop).or_default();
        of.moved_at = now;
        of
    }
}
