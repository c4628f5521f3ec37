//! When something of which shop is due next.

use std::collections::{BTreeSet, HashMap};

use fenliu_domain::ids::ShopId;
use fenliu_domain::time::Timestamp;

/// One due time per shop, in order.
#[derive(Debug, Default)]
pub(super) struct DueIndex {
    by_time: BTreeSet<(Timestamp, ShopId)>,
    by_shop: HashMap<ShopId, Timestamp>,
}

impl DueIndex {
    /// Sets a shop's due time; `None` = nothing is due.
    pub(super) fn set(&mut self, shop: ShopId, due: Option<Timestamp>) {
        let before = match due {
            Some(at) => self.by_shop.insert(shop, at),
            None => self.by_shop.remove(&shop),
        };
        if before == due {
            return;
        }
        if let Some(before) = before {
            self.by_time.remove(&(before, shop));
        }
        if let Some(at) = due {
            self.by_time.insert((at, shop));
        }
    }

    /// Shops due by `now`, the longest due first.
    pub(super) fn until(&self, now: Timestamp, limit: usize) -> Vec<ShopId> {
        self.by_time.iter().take_while(|(at, _)| *at <= now).take(limit).map(|(_, shop)| *shop).collect()
    }
}
