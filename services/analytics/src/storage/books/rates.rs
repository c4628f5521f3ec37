//! How a shop answered under a pack: reports of days, which add up ([`Report::add`]).

use std::collections::{BTreeMap, HashMap};

use fenliu_domain::day::{Day, DayRange, Zone};
use fenliu_domain::ids::ShopId;
use fenliu_domain::pack::{DailyTallies, MAX_EXACT_WAITS, Report, RulePack, Waits};
use fenliu_domain::time::Timestamp;
use fenliu_proto::rule_pack::to_proto;
use prost::Message;
use sea_orm::{DatabaseTransaction, QuerySelect};
use sha2::{Digest, Sha256};

use super::{Book, DAYS_AT_ONCE, Fresh, Kept, missing, range_of, versions};
use crate::storage::history::cursor;
use crate::storage::reading::{feed_days, zone_of};
use crate::storage::rows::{Place, book_bytes, day_book};
use crate::storage::{Fault, Store, Tallied};

/// Which version of the judge made a book. Whoever changes what the same facts come to under the same pack, or the bytes
/// it is kept in, counts it up.
const JUDGE_VERSION: u8 = 1;
/// Bytes of a print.
const PRINT_BYTES: usize = 16;

/// Days that are read before what they came to is kept.
const READ_AT_ONCE: usize = 2;

/// By which pack rates are asked for, over which days, as of when.
#[derive(Clone)]
struct Asked {
    pack: RulePack,
    range: DayRange,
    as_of: Timestamp,
    book: Book,
}

/// A day that was read, of what it was read, and what it came to.
struct Read {
    day: Day,
    version: i64,
    report: Report,
}

/// The days of a range on which there is anything.
struct Days {
    /// How often the facts of each were written.
    versions: BTreeMap<Day, i64>,
    /// What was kept of them.
    kept: BTreeMap<Day, Kept>,
}

/// What a range came to, and what is to be kept of it.
type Answer = (Tallied, Vec<day_book::ActiveModel>);

/// Which turns' waits.
#[derive(Clone, Copy)]
enum Turns {
    All,
    First,
}

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
        let first = self.db.snapshot(move |txn| {
            Box::pin(async move {
                let zone = zone_of(txn, shop).await?;
                let (name, version, print) = (pack.id.clone(), pack.version, print(&pack));
                let book = Book { shop, zone, name, version, print };
                let asked = Asked { pack, range: range(zone), as_of, book };
                let kept = asked.kept(txn).await?;
                let many = asked.worth_keeping(&kept);
                let few = many.len() <= READ_AT_ONCE;
                let answer = if few { Some(asked.answer(txn, kept).await?) } else { None };
                Ok::<_, Fault>((asked, many, answer))
            })
        });
        let (asked, many, answer) = first.await?;
        if let Some((tallied, fresh)) = answer {
            self.keep(fresh).await;
            return Ok(tallied);
        }
        // Many days are read and kept a few at a time, so that whoever gives up and asks again finds those that were.
        for days in many.chunks(READ_AT_ONCE) {
            self.answer(Asked { range: range_of(days), ..asked.clone() }).await?;
        }
        self.answer(asked).await
    }

    async fn answer(&self, asked: Asked) -> Result<Tallied, Fault> {
        let answer = self.db.snapshot(move |txn| {
            Box::pin(async move {
                let kept = asked.kept(txn).await?;
                asked.answer(txn, kept).await
            })
        });
        let (tallied, fresh) = answer.await?;
        self.keep(fresh).await;
        Ok(tallied)
    }
}

fn print(pack: &RulePack) -> Vec<u8> {
    let digest = Sha256::new().chain_update([JUDGE_VERSION]);
    let digest = digest.chain_update(to_proto(pack).encode_to_vec()).finalize();
    digest.into_iter().take(PRINT_BYTES).collect()
}

impl Asked {
    /// The versions of the days on which there is anything. A session that is taken up again may have ended the day before.
    async fn versions(&self, txn: &DatabaseTransaction) -> Result<BTreeMap<Day, i64>, Fault> {
        versions(txn, self.book.shop, self.range, self.pack.rejoin_within.is_some()).await
    }

    /// The days there are, and what was kept of them.
    async fn kept(&self, txn: &DatabaseTransaction) -> Result<Days, Fault> {
        let versions = self.versions(txn).await?;
        let kept = self.book.kept(txn, &versions, self.as_of).await?;
        Ok(Days { versions, kept })
    }

    /// The days that are to be read, and kept: of one whose limits have not passed nothing would hold.
    fn worth_keeping(&self, days: &Days) -> Vec<Day> {
        let limit = self.pack.limit.max(self.pack.cap.unwrap_or_default());
        let over = self.book.zone.day_of(self.as_of - limit);
        missing(&days.versions, &days.kept).concat().into_iter().filter(|day| *day < over).collect()
    }

    async fn answer(&self, txn: &DatabaseTransaction, days: Days) -> Result<Answer, Fault> {
        let position = cursor(txn).await?.position;
        let Days { versions, kept: known } = days;
        let mut kept = BTreeMap::new();
        let mut agents = HashMap::new();
        for (day, known) in known {
            let date = day.to_string();
            let place = Place::of_book("counts", &date);
            let report = book_bytes::read_counts(place, day, known.holds_from, &known.counts, &mut agents)?;
            kept.insert(day, report);
        }
        let read = self.read(txn, &versions, &missing(&versions, &kept)).await?;
        self.load_waits(txn, &mut kept, &read).await?;
        let mut report = Report::default();
        kept.values().chain(read.iter().map(|read| &read.report)).for_each(|day| report.add(day));
        for (agent, counts) in &agents {
            report.agents.entry(agent.clone()).or_default().add(counts);
        }
        let holds = read.iter().filter(|read| read.report.holds_from <= self.as_of);
        let fresh = holds.map(|read| self.book.row(read.fresh())).collect();
        Ok((Tallied { report, position, zone: self.book.zone }, fresh))
    }

    /// Reads days conversation by conversation.
    async fn read(
        &self,
        txn: &DatabaseTransaction,
        versions: &BTreeMap<Day, i64>,
        missing: &[Vec<Day>],
    ) -> Result<Vec<Read>, Fault> {
        let Book { shop, zone, .. } = self.book;
        let mut read = Vec::new();
        for days in missing {
            let mut tallies = DailyTallies::new(&self.pack, zone, self.as_of, days.iter().copied());
            feed_days(txn, shop, range_of(days), zone, &mut tallies).await?;
            read.extend(tallies.finish().map(|(day, report)| {
                let version = versions.get(&day).copied().unwrap_or_default();
                Read { day, version, report }
            }));
        }
        Ok(read)
    }

    /// Puts the waits of kept days in place of their sketches, where those of all days together are few enough.
    async fn load_waits(
        &self,
        txn: &DatabaseTransaction,
        kept: &mut BTreeMap<Day, Report>,
        read: &[Read],
    ) -> Result<(), Fault> {
        for of in [Turns::All, Turns::First] {
            let days = kept.values().chain(read.iter().map(|read| &read.report));
            if days.map(|report| of.waits(report).answered()).sum::<u64>() > MAX_EXACT_WAITS as u64 {
                continue;
            }
            let days: Vec<_> = kept.keys().copied().collect();
            for days in days.chunks(DAYS_AT_ONCE) {
                let rows = self.book.rows(days).select_only().columns([day_book::Column::Date, of.column()]);
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
}

impl Read {
    fn fresh(&self) -> Fresh {
        let Self { day, version, report } = self;
        Fresh {
            day: *day,
            version: *version,
            holds_from: report.holds_from,
            counts: book_bytes::counts(report),
            waits: book_bytes::each_wait(&report.waits),
            first_waits: book_bytes::each_wait(&report.first_waits),
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
