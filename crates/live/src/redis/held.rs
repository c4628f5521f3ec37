//! The shops whose desks this replica holds: at most so many, of which those that nobody has asked for the longest are let
//! go.

use std::collections::HashMap;
use std::sync::Arc;

use fenliu_domain::ids::ShopId;

use super::shop::Shop;

/// The shops, and how many calls there have been for any of them.
#[derive(Debug)]
pub(super) struct Held {
    shops: HashMap<ShopId, Arc<Shop>>,
    calls: u64,
    limit: usize,
}

impl Held {
    /// None yet, and never many more than `limit`.
    pub(super) fn new(limit: usize) -> Self {
        Self { shops: HashMap::new(), calls: 0, limit }
    }

    /// A shop that is held.
    pub(super) fn get(&mut self, id: ShopId) -> Option<Arc<Shop>> {
        self.calls += 1;
        let shop = self.shops.get(&id)?;
        shop.touch(self.calls);
        Some(shop.clone())
    }

    /// A shop, which is held from now on.
    pub(super) fn hold(&mut self, id: ShopId) -> Arc<Shop> {
        if let Some(shop) = self.get(id) {
            return shop;
        }
        if self.shops.len() >= self.limit {
            self.let_go();
        }
        let shop = Arc::new(Shop::new(id));
        shop.touch(self.calls);
        self.shops.insert(id, shop.clone());
        shop
    }

    /// Lets a tenth of them go, those that nobody has asked for the longest; never one that somebody is busy with.
    fn let_go(&mut self) {
        let idle = |shop: &&Arc<Shop>| Arc::strong_count(shop) == 1 && shop.lock().is_idle();
        let mut idle: Vec<_> = self.shops.values().filter(idle).map(|shop| (shop.used(), shop.id)).collect();
        idle.sort_unstable();
        idle.truncate(self.shops.len() - self.limit + self.limit.div_ceil(10));
        for (_, id) in &idle {
            self.shops.remove(id);
        }
        if idle.is_empty() {
            tracing::warn!(
                held = self.shops.len(),
                limit = self.limit,
                "all live desks that are held are busy"
            );
        }
    }

    /// Lets one go, whatever becomes of it.
    #[cfg(test)]
    pub(super) fn remove(&mut self, id: ShopId) {
        self.shops.remove(&id);
    }

    /// How many are held.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.shops.len()
    }
}
