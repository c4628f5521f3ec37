//! The pack that alerts of a shop go by.

use std::collections::BTreeMap;
use std::sync::Arc;

use fenliu_domain::ids::ShopId;
use fenliu_domain::pack::RulePack;

/// A pack for each shop: its own choice, or the one for all others. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct PackByShop {
    others: Arc<RulePack>,
    chosen: Arc<BTreeMap<ShopId, RulePack>>,
}

impl PackByShop {
    /// These shops have packs of their choice, and all others this one.
    pub(crate) fn new(others: RulePack, chosen: BTreeMap<ShopId, RulePack>) -> Self {
        Self { others: Arc::new(others), chosen: Arc::new(chosen) }
    }

    /// The pack of a shop.
    pub(crate) fn of(&self, shop: ShopId) -> &RulePack {
        self.chosen.get(&shop).unwrap_or(&self.others)
    }
}
