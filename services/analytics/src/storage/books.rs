//! What past days came to, kept so that a month need not be read conversation by conversation.
//!
//! A report of several days is the sum of those of each ([`Report::add`]). The report of a day under a pack is kept with
//! the version of the day's facts it was made of ([`super::changes`]), the zone of the day, what tells the pack, and the
//! moment from which on time alone changes nothing in it. It is used again as long as all of that still is so; any other
//! day is read, and kept in its turn once it holds.
//!
//! Invariant: nobody can tell from an answer whether a day was kept or read.

use std::collections::BTreeMap;

use fenliu_domain::day::{Day, DayRange, Zone};
use fenliu_domain::ids::ShopId;
use fenliu_domain::pack::{DailyTallies, MAX_EXACT_WAITS, Report, RulePack, Waits};
use fenliu_domain::time::Timestamp;
use fenliu_proto::rule_pack::to_proto;
use fenliu_runtime::sql::Rows;
use prost::Message;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    Select,
};
use sha2::{Digest, Sha256};

use super::history::cursor;
use super::reading::{feed_days, zone_of};
use super::rows::{Place, book_bytes, day_book, shop_day};
use super::{Fault, Store, Tallied};

/// Which version of the judge made a book. Whoever changes what the same facts come to under the same pack, or the bytes
/// it is kept in, counts it up.
const BOOKS_VERSION: u8 = 1;
/// Bytes of a print.
const PRINT_BYTES: usize = 16;
/// Days of one statement.
const DAYS_AT_ONCE: usize = 1_000;

/// Of which shop rates are asked, by which pack, over which days, as of when.
#[derive(Clone, Debug)]
struct Asked {
    shop: ShopId,
    zone: Zone,
    pack: RulePack,
    range: DayRange,
    as_of: Timestamp,
}

/// A day that was read, of what it was read, and what it came to.
struct Read {
    day: Day,
    version: i64,
    report: Report,
}

/// Which turns' waits.
#[derive(Clone, Copy)]
enum Turns {
    All,
    First,
}

/// Days that were kept, by day.
type Kept = BTreeMap<Day, Report>;

impl Store {
    /// What a range of days, which may depend on the zone of the shop's days, came to under a pack, without misses.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND.
    pub(crate) async fn report<F>(
        &self,
        shop: ShopId,
        pack: RulePack,
        as_of: Timestamp,
        range: F,
    ) -> Result<Tallied, Fault>
    where
        F: FnOnce(Zone) -> DayRange + Send + 'static,
    {
        let answer = self.db.snapshot(move |txn| {
            Box::pin(async move {
                let zone = zone_of(txn, shop).await?;
                Asked { shop, zone, range: range(zone), pack, as_of }.answer(txn).await
            })
        });
        let (tallied, fresh) = answer.await?;
        if !fresh.is_empty() {
            let kept = self.db.transaction(move |txn| {
                Box::pin(
                    async move { Ok::<_, Fault>(Rows::of(fresh, day_book::OVERWRITE)?.insert(txn).await?) },
                )
            });
            // Whoever asks next reads those days once more.
            if let Err(fault) = kept.await {
                tracing::warn!(%shop, %fault, "what days came to could not be kept");
            }
        }
        Ok(tallied)
    }
}

impl Asked {
    async fn answer(
        &self,
        txn: &DatabaseTransaction,
    ) -> Result<(Tallied, Vec<day_book::ActiveModel>), Fault> {
        let position = cursor(txn).await?.position;
        let versions = self.versions(txn).await?;
        let mut kept = self.kept(txn, &versions).await?;
        let missing: Vec<_> = versions.keys().filter(|day| !kept.contains_key(day)).copied().collect();
        let read = self.read(txn, &versions, &missing).await?;
        self.load_waits(txn, &mut kept, &read).await?;
        let mut report = Report::default();
        kept.values().chain(read.iter().map(|read| &read.report)).for_each(|day| report.add(day));
        let fresh = read.iter().filter(|read| read.report.holds_from <= self.as_of);
        let fresh = fresh.map(|read| self.row(read)).collect();
        Ok((Tallied { report, position, zone: self.zone }, fresh))
    }

    /// The versions of the days of the range on which there is anything.
    async fn versions(&self, txn: &DatabaseTransaction) -> Result<BTreeMap<Day, i64>, Fault> {
        // A session that is taken up again may have ended the day before.
        let looks_back = self.pack.rejoin_within.is_some();
        let first = self.range.first.map(|first| if looks_back { first.minus(1) } else { first });
        let mut rows = shop_day::Entity::find().filter(shop_day::Column::ShopId.eq(self.shop.to_string()));
        if let Some(first) = first {
            rows = rows.filter(shop_day::Column::Date.gte(first.to_string()));
        }
        if let Some(last) = self.range.last {
            rows = rows.filter(shop_day::Column::Date.lte(last.to_string()));
        }
        let mut written = BTreeMap::new();
        for row in rows.order_by_asc(shop_day::Column::Date).all(txn).await? {
            written.insert(row.day()?, row.version);
        }
        let version = |day: Day| {
            let before = written.get(&day.minus(1)).filter(|_| looks_back);
            written.get(&day).copied().unwrap_or_default() + before.copied().unwrap_or_default()
        };
        let within = written.keys().filter(|day| self.range.contains(**day));
        Ok(within.map(|day| (*day, version(*day))).collect())
    }

    fn print(&self) -> Vec<u8> {
        let digest = Sha256::new().chain_update([BOOKS_VERSION]);
        let digest = digest.chain_update(to_proto(&self.pack).encode_to_vec()).finalize();
        digest.into_iter().take(PRINT_BYTES).collect()
    }

    fn rows(&self, days: &[Day]) -> Select<day_book::Entity> {
        day_book::Entity::find()
            .filter(day_book::Column::ShopId.eq(self.shop.to_string()))
            .filter(day_book::Column::Pack.eq(&self.pack.id))
            .filter(day_book::Column::PackVersion.eq(i64::from(self.pack.version)))
            .filter(day_book::Column::Date.is_in(days.iter().map(ToString::to_string)))
    }

    /// The days that were kept and still hold, with sketches of their waits.
    async fn kept(&self, txn: &DatabaseTransaction, versions: &BTreeMap<Day, i64>) -> Result<Kept, Fault> {
        let days: Vec<_> = versions.keys().copied().collect();
        let mut kept = Kept::new();
        for days in days.chunks(DAYS_AT_ONCE) {
            let rows = self
                .rows(days)
                .filter(day_book::Column::Print.eq(self.print()))
                .filter(day_book::Column::Zone.eq(self.zone.name()))
                .filter(day_book::Column::HoldsFromUs.lte(self.as_of.micros()))
                .select_only()
                .columns([
                    day_book::Column::Date,
                    day_book::Column::Version,
                    day_book::Column::HoldsFromUs,
                    day_book::Column::Counts,
                ])
                .into_tuple::<(String, i64, i64, Vec<u8>)>();
            for (date, version, holds_from, counts) in rows.all(txn).await? {
                let place = Place::of_book("counts", &date);
                let day = place.day(&date)?;
                if versions.get(&day) == Some(&version) {
                    let holds_from = place.time(holds_from)?;
                    kept.insert(day, book_bytes::read_counts(place, day, holds_from, &counts)?);
                }
            }
        }
        Ok(kept)
    }

    /// Puts the waits of kept days in place of their sketches, where those of all days together are few enough.
    async fn load_waits(
        &self,
        txn: &DatabaseTransaction,
        kept: &mut Kept,
        read: &[Read],
    ) -> Result<(), Fault> {
        for of in [Turns::All, Turns::First] {
            let days = kept.values().chain(read.iter().map(|read| &read.report));
            if days.map(|report| of.waits(report).answered()).sum::<u64>() > MAX_EXACT_WAITS as u64 {
                continue;
            }
            let days: Vec<_> = kept.keys().copied().collect();
            for days in days.chunks(DAYS_AT_ONCE) {
                let rows = self.rows(days).select_only().columns([day_book::Column::Date, of.column()]);
                for (date, bytes) in rows.into_tuple::<(String, Vec<u8>)>().all(txn).await? {
                    let place = Place::of_book("waits", &date);
                    if let Some(report) = kept.get_mut(&place.day(&date)?) {
                        let sketched = of.waits_mut(report);
                        *sketched = book_bytes::read_each_wait(place, &bytes, sketched)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Reads days conversation by conversation.
    async fn read(
        &self,
        txn: &DatabaseTransaction,
        versions: &BTreeMap<Day, i64>,
        missing: &[Day],
    ) -> Result<Vec<Read>, Fault> {
        let mut read = Vec::new();
        // Days in a row are read in one pass.
        for days in missing.chunk_by(|day, next| day.plus(1) == *next) {
            let Some((first, last)) = days.first().zip(days.last()) else { continue };
            let range = DayRange { first: Some(*first), last: Some(*last) };
            let mut tallies = DailyTallies::new(&self.pack, self.zone, self.as_of, days.iter().copied());
            feed_days(txn, self.shop, range, self.zone, &mut tallies).await?;
            read.extend(tallies.finish().map(|(day, report)| {
                let version = versions.get(&day).copied().unwrap_or_default();
                Read { day, version, report }
            }));
        }
        Ok(read)
    }

    fn row(&self, read: &Read) -> day_book::ActiveModel {
        let Read { day, version, report } = read;
        day_book::ActiveModel {
            shop_id: Set(self.shop.to_string()),
            pack: Set(self.pack.id.clone()),
            pack_version: Set(self.pack.version.into()),
            date: Set(day.to_string()),
            print: Set(self.print()),
            zone: Set(self.zone.name().to_owned()),
            version: Set(*version),
            holds_from_us: Set(report.holds_from.micros()),
            counts: Set(book_bytes::counts(report)),
            waits: Set(book_bytes::each_wait(&report.waits)),
            first_waits: Set(book_bytes::each_wait(&report.first_waits)),
        }
    }
}

impl Turns {
    const fn column(self) -> day_book::Column {
        match self {
            Self::All => day_book::Column::Waits,
            Self::First => day_book::Column::FirstWaits,
        }
    }

    const fn waits(self, report: &Report) -> &Waits {
        match self {
            Self::All => &report.waits,
            Self::First => &report.first_waits,
        }
    }

    const fn waits_mut(self, report: &mut Report) -> &mut Waits {
        match self {
            Self::All => &mut report.waits,
            Self::First => &mut report.first_waits,
        }
    }
}
