//! What past days came to, kept so that a month need not be read conversation by conversation.
//!
//! What is asked of several days is the sum of what each came to. A day's is kept with the version of the facts it was made
//! of ([`super::changes`]), the zone of the day, what tells the question, and the moment from which on time alone changes
//! nothing in it. It is used again as long as all of that still is so; any other day is read, and kept in its turn once it
//! holds.
//!
//! Invariant: nobody can tell from an answer whether a day was kept or read.

mod arrivals;
mod cards;
mod rates;

pub(crate) use self::cards::{Cards, CardsAsked, Whose};

use std::collections::BTreeMap;

use fenliu_domain::day::{Day, DayRange, Zone};
use fenliu_domain::ids::ShopId;
use fenliu_domain::time::Timestamp;
use fenliu_runtime::sql::Rows;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    Select,
};

use super::rows::{Place, day_book, shop_day};
use super::{Fault, Store};

/// Days of one statement.
const DAYS_AT_ONCE: usize = 1_000;

/// What days of a shop came to under one question.
#[derive(Clone, Debug)]
struct Book {
    shop: ShopId,
    zone: Zone,
    /// The question: a pack by its name, or empty for what is asked without one.
    name: String,
    version: u32,
    /// What tells the question from others of the same name and version.
    print: Vec<u8>,
}

/// What was kept of a day.
struct Kept {
    holds_from: Timestamp,
    counts: Vec<u8>,
}

/// What is to be kept of a day that was read.
struct Fresh {
    day: Day,
    version: i64,
    holds_from: Timestamp,
    counts: Vec<u8>,
    waits: Vec<u8>,
    first_waits: Vec<u8>,
}

impl Store {
    /// Keeps days. Of those that cannot be kept, whoever asks next reads the facts once more.
    async fn keep(&self, fresh: Vec<day_book::ActiveModel>) {
        if fresh.is_empty() {
            return;
        }
        let kept = self.db.transaction(move |txn| {
            Box::pin(async move { Ok::<_, Fault>(Rows::of(fresh, day_book::OVERWRITE)?.insert(txn).await?) })
        });
        if let Err(fault) = kept.await {
            tracing::warn!(%fault, "what days came to could not be kept");
        }
    }
}

/// How often the facts of each day of a range were written, of the days on which there are any; `with_day_before` counts what
/// was written of the day before each as well.
pub(super) async fn versions(
    txn: &DatabaseTransaction,
    shop: ShopId,
    range: DayRange,
    with_day_before: bool,
) -> Result<BTreeMap<Day, i64>, Fault> {
    let first = range.first.map(|first| if with_day_before { first.minus(1) } else { first });
    let mut rows = shop_day::Entity::find().filter(shop_day::Column::ShopId.eq(shop.to_string()));
    if let Some(first) = first {
        rows = rows.filter(shop_day::Column::Date.gte(first.to_string()));
    }
    if let Some(last) = range.last {
        rows = rows.filter(shop_day::Column::Date.lte(last.to_string()));
    }
    rows = rows.filter(shop_day::Column::Version.gt(0));
    let mut written = BTreeMap::new();
    for row in rows.order_by_asc(shop_day::Column::Date).all(txn).await? {
        written.insert(row.day()?, row.version);
    }
    let version = |day: Day| {
        let before = written.get(&day.minus(1)).filter(|_| with_day_before);
        written.get(&day).copied().unwrap_or_default() + before.copied().unwrap_or_default()
    };
    let within = written.keys().filter(|day| range.contains(**day));
    Ok(within.map(|day| (*day, version(*day))).collect())
}

/// The days that are not kept, days in a row together.
fn missing<T>(versions: &BTreeMap<Day, i64>, kept: &BTreeMap<Day, T>) -> Vec<Vec<Day>> {
    let missing: Vec<_> = versions.keys().filter(|day| !kept.contains_key(day)).copied().collect();
    missing.chunk_by(|day, next| day.plus(1) == *next).map(<[Day]>::to_vec).collect()
}

/// The range that some days in a row are.
fn range_of(days: &[Day]) -> DayRange {
    DayRange { first: days.first().copied(), last: days.last().copied() }
}

impl Book {
    fn rows(&self, days: &[Day]) -> Select<day_book::Entity> {
        day_book::Entity::find()
            .filter(day_book::Column::ShopId.eq(self.shop.to_string()))
            .filter(day_book::Column::Pack.eq(&self.name))
            .filter(day_book::Column::PackVersion.eq(i64::from(self.version)))
            .filter(day_book::Column::Date.is_in(days.iter().map(ToString::to_string)))
    }

    /// The days that were kept and still hold.
    async fn kept(
        &self,
        txn: &DatabaseTransaction,
        versions: &BTreeMap<Day, i64>,
        as_of: Timestamp,
    ) -> Result<BTreeMap<Day, Kept>, Fault> {
        let days: Vec<_> = versions.keys().copied().collect();
        let mut kept = BTreeMap::new();
        for days in days.chunks(DAYS_AT_ONCE) {
            let rows = self
                .rows(days)
                .filter(day_book::Column::Print.eq(self.print.clone()))
                .filter(day_book::Column::Zone.eq(self.zone.name()))
                .filter(day_book::Column::HoldsFromUs.lte(as_of.micros()))
                .select_only()
                .columns([
                    day_book::Column::Date,
                    day_book::Column::Version,
                    day_book::Column::HoldsFromUs,
                    day_book::Column::Counts,
                ])
                .into_tuple::<(String, i64, i64, Vec<u8>)>();
            for (date, version, holds_from, counts) in rows.all(txn).await? {
                let place = Place::of_book("date", &date);
                let day = place.day(&date)?;
                if versions.get(&day) == Some(&version) {
                    kept.insert(day, Kept { holds_from: place.time(holds_from)?, counts });
                }
            }
        }
        Ok(kept)
    }

    fn row(&self, fresh: Fresh) -> day_book::ActiveModel {
        let Fresh { day, version, holds_from, counts, waits, first_waits } = fresh;
        day_book::ActiveModel {
            shop_id: Set(self.shop.to_string()),
            pack: Set(self.name.clone()),
            pack_version: Set(self.version.into()),
            date: Set(day.to_string()),
            print: Set(self.print.clone()),
            zone: Set(self.zone.name().to_owned()),
            version: Set(version),
            holds_from_us: Set(holds_from.micros()),
            counts: Set(counts),
            waits: Set(waits),
            first_waits: Set(first_waits),
        }
    }
}
