//! Whether anything was written of some days of a shop since somebody last looked.

use std::collections::BTreeMap;

use fenliu_domain::day::{Day, DayRange, Zone};
use fenliu_domain::ids::ShopId;

use super::books::versions;
use super::reading::zone_of;
use super::{Fault, Store};

/// How often the facts of each of some days of a shop were written: whatever is made of these days is the same as long as
/// that is.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    /// The zone of the days.
    pub(crate) zone: Zone,
    /// Which days they were.
    pub(crate) range: DayRange,
    versions: BTreeMap<Day, i64>,
}

impl Written {
    /// Whether nothing was written since, and the days that are others now have no facts.
    pub(crate) fn is_same(&self, later: &Self) -> bool {
        (self.zone, &self.versions) == (later.zone, &later.versions)
    }
}

impl Store {
    /// How often the facts of days were written; `range` says which, in the shop's zone.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND.
    pub(crate) async fn written<R>(&self, shop: ShopId, range: R) -> Result<Written, Fault>
    where
        R: FnOnce(Zone) -> DayRange + Send + 'static,
    {
        self.db
            .snapshot(move |txn| {
                Box::pin(async move {
                    let zone = zone_of(txn, shop).await?;
                    let range = range(zone);
                    Ok(Written { zone, range, versions: versions(txn, shop, range, false).await? })
                })
            })
            .await
    }

    /// The zone of a shop's days.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND.
    pub(crate) async fn zone(&self, shop: ShopId) -> Result<Zone, Fault> {
        zone_of(self.db.reader(), shop).await
    }
}
