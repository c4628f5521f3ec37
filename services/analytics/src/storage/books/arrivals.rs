//! When conversations came.

use fenliu_domain::day::{DayRange, Zone};
use fenliu_domain::ids::ShopId;
use fenliu_domain::time::Timestamp;

use super::{Book, Fresh, missing, range_of, versions};
use crate::arrivals::Arrivals;
use crate::storage::history::cursor;
use crate::storage::reading::{feed_days, zone_of};
use crate::storage::rows::{Place, book_bytes};
use crate::storage::{Fault, Folded, Store};

/// Which version of the count made a book; to be counted up as that of rates.
const PRINT: u8 = 1;

impl Store {
    /// When conversations came on a range of days, which may depend on the zone of the shop's days.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND.
    pub(crate) async fn arrivals<F>(&self, shop: ShopId, range: F) -> Result<Folded<Arrivals>, Fault>
    where
        F: FnOnce(Zone) -> DayRange + Send + 'static,
    {
        let answer = self.db.snapshot(move |txn| {
            Box::pin(async move {
                let position = cursor(txn).await?.position;
                let zone = zone_of(txn, shop).await?;
                let book = Book { shop, zone, name: String::new(), version: 0, print: vec![PRINT] };
                let versions = versions(txn, shop, range(zone), false).await?;
                let mut all = Arrivals::default();
                let kept = book.kept(txn, &versions, Timestamp::MAX).await?;
                for (day, kept) in &kept {
                    let day = day.to_string();
                    book_bytes::read_arrivals(Place::of_book("counts", &day), &kept.counts, &mut all)?;
                }
                let mut fresh = Vec::new();
                for days in missing(&versions, &kept) {
                    let mut read = Arrivals::default();
                    feed_days(txn, shop, range_of(&days), zone, &mut read).await?;
                    let mut read = read.by_day(zone);
                    for day in days {
                        let arrivals = read.remove(&day).unwrap_or_default();
                        let version = versions.get(&day).copied().unwrap_or_default();
                        // Time alone changes nothing in it.
                        let holds_from = Timestamp::MIN;
                        let counts = book_bytes::arrivals(&arrivals);
                        let (waits, first_waits) = (Vec::new(), Vec::new());
                        fresh.push(book.row(Fresh { day, version, holds_from, counts, waits, first_waits }));
                        arrivals.minutes().for_each(|(minute, count)| all.add(minute, count));
                    }
                }
                Ok::<_, Fault>((Folded { fold: all, position, zone }, fresh))
            })
        });
        let (folded, fresh) = answer.await?;
        self.keep(fresh).await;
        Ok(folded)
    }
}
