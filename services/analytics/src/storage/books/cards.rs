//! Everybody's cards: sheets of days, which add up ([`Binder`]).
//!
//! A day has one book of the shop, which names the agents of whom there was anything, and a row for each of them, written
//! together. So a page of a list reads the rows of the agents on it, however many the shop has.
//!
//! Sheets are of the usual shifts and of all packs fenliu ships; a question without shifts, or by some of the packs, is
//! answered from the same. Who is on duty is no part of them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;

use fenliu_domain::agent_facts::Fact;
use fenliu_domain::day::{Day, DayRange, Zone};
use fenliu_domain::exchange::Conversation;
use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::pack::RulePack;
use fenliu_domain::roster::Stretch;
use fenliu_domain::scorecard::{Binder, DailyBooks, DaySheet, Question, Report, Shift};
use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::rule_pack::to_proto;
use fenliu_runtime::sql::Rows;
use prost::Message;
use rustc_hash::FxHashSet;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use sha2::{Digest, Sha256};

use super::{Book, Fresh, Kept, missing, range_of};
use crate::storage::history::cursor;
use crate::storage::reading::{feed_days, zone_of};
use crate::storage::rows::card_bytes::There;
use crate::storage::rows::{Place, card_bytes, day_book, day_card, shop_day};
use crate::storage::{AgentFold, Fault, Fold, Store, agents};

/// The books of cards under the empty name; those of arrivals have 0.
const VERSION_OF_NAME: u32 = 1;
/// Which version of the cards made a book; to be counted up as that of rates.
const PRINT: u8 = 1;
/// Bytes of a print.
const PRINT_BYTES: usize = 16;
/// Days that are read before what they came to is kept.
const READ_AT_ONCE: usize = 2;
/// Agents of one statement.
const AGENTS_AT_ONCE: usize = 500;

/// What cards are asked for.
#[derive(Clone, Debug)]
pub(crate) struct CardsAsked {
    pub(crate) shop: ShopId,
    /// The zone that the days are meant in.
    pub(crate) zone: Zone,
    pub(crate) days: RangeInclusive<Day>,
    /// Whether the usual shifts have figures of their own.
    pub(crate) by_shift: bool,
    /// All that sheets are of.
    pub(crate) shipped: Arc<[RulePack]>,
    /// The places of those wanted among them.
    pub(crate) wanted_packs: Vec<usize>,
    pub(crate) as_of: Timestamp,
    /// Who is on duty when.
    pub(crate) duty: Vec<(AgentId, Stretch)>,
    pub(crate) whose: Whose,
}

/// Whose cards are wanted beside the shop's.
#[derive(Clone, Debug)]
pub(crate) enum Whose {
    /// Nobody's.
    Nobody,
    /// One agent's.
    One(String),
    /// Those of so many agents after one, in order of names; after the empty name = from the first.
    After(String, usize),
}

/// Cards.
#[derive(Debug)]
pub(crate) struct Cards {
    /// The shop's and those wanted, as far as there are any.
    pub(crate) report: Report,
    /// Everybody who has a card.
    pub(crate) names: BTreeSet<String>,
    pub(crate) position: i64,
}

/// The days of a range on which there may be anything.
struct Days {
    book: Book,
    versions: BTreeMap<Day, i64>,
    kept: BTreeMap<Day, KeptDay>,
}

/// A day that was kept.
struct KeptDay {
    /// Without agents.
    sheet: DaySheet,
    /// In order of names.
    agents: Vec<There>,
}

/// A day that was read, and of what.
struct Read {
    day: Day,
    version: i64,
    sheet: DaySheet,
}

/// What is to be kept of days that were read.
#[derive(Default)]
struct ToKeep {
    days: Vec<day_book::ActiveModel>,
    cards: Vec<day_card::ActiveModel>,
}

impl Whose {
    /// Which of these names are meant.
    pub(crate) fn of<'n>(&self, names: &'n BTreeSet<String>) -> BTreeSet<&'n str> {
        match self {
            Self::Nobody => BTreeSet::new(),
            Self::One(name) => names.get(name).map(String::as_str).into_iter().collect(),
            Self::After(after, size) => {
                let rest = names.iter().filter(|name| after.is_empty() || *name > after);
                rest.take(*size).map(String::as_str).collect()
            }
        }
    }
}

impl Store {
    /// Cards from what days came to; `None` when the zone of the shop's days is another than that meant.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND.
    pub(crate) async fn cards(&self, asked: CardsAsked) -> Result<Option<Cards>, Fault> {
        let first = self.db.snapshot(move |txn| {
            Box::pin(async move {
                let Some(days) = asked.days_in(txn).await? else { return Ok(None) };
                let many = asked.worth_keeping(&days);
                let few = many.len() <= READ_AT_ONCE;
                let answer = if few { Some(asked.answer(txn, days).await?) } else { None };
                Ok::<_, Fault>(Some((asked, many, answer)))
            })
        });
        let Some((asked, many, answer)) = first.await? else { return Ok(None) };
        if let Some((cards, fresh)) = answer {
            self.keep_cards(fresh).await;
            return Ok(Some(cards));
        }
        // Many days are read and kept a few at a time, so that whoever gives up and asks again finds those that were.
        for days in many.chunks(READ_AT_ONCE) {
            let (Some(first), Some(last)) = (days.first(), days.last()) else { continue };
            let part = CardsAsked { days: *first..=*last, whose: Whose::Nobody, ..asked.clone() };
            self.answer_cards(part).await?;
        }
        self.answer_cards(asked).await
    }

    async fn answer_cards(&self, asked: CardsAsked) -> Result<Option<Cards>, Fault> {
        let answer = self.db.snapshot(move |txn| {
            Box::pin(async move {
                let Some(days) = asked.days_in(txn).await? else { return Ok(None) };
                asked.answer(txn, days).await.map(Some)
            })
        });
        let Some((cards, fresh)) = answer.await? else { return Ok(None) };
        self.keep_cards(fresh).await;
        Ok(Some(cards))
    }

    /// Keeps days, each with all its rows. What cannot be kept is read once more by whoever asks next.
    async fn keep_cards(&self, fresh: ToKeep) {
        if fresh.days.is_empty() {
            return;
        }
        let kept = self.db.transaction(move |txn| {
            Box::pin(async move {
                // Whoever comes second waits here, and then writes over all of it.
                Rows::of(fresh.days, day_book::OVERWRITE)?.insert(txn).await?;
                if !fresh.cards.is_empty() {
                    Rows::of(fresh.cards, day_card::OVERWRITE)?.insert(txn).await?;
                }
                Ok::<_, Fault>(())
            })
        });
        if let Err(fault) = kept.await {
            tracing::warn!(%fault, "what days came to for agents could not be kept");
        }
    }
}

fn print(shipped: &[RulePack]) -> Vec<u8> {
    let mut digest = Sha256::new().chain_update([PRINT]);
    for pack in shipped {
        digest.update(to_proto(pack).encode_length_delimited_to_vec());
    }
    for Shift { name, window } in Shift::usual() {
        digest.update(format!("{name} {}-{}\n", window.start(), window.end()));
    }
    digest.finalize().into_iter().take(PRINT_BYTES).collect()
}

/// How often the facts that bear on each day were written, of the days on which there may be anything. A day bears what
/// was written of its conversations and of those of the day before, which may go on, and of all that agents did up to its end.
async fn versions(
    txn: &DatabaseTransaction,
    shop: ShopId,
    days: RangeInclusive<Day>,
    today: Day,
) -> Result<BTreeMap<Day, i64>, Fault> {
    let rows = shop_day::Entity::find()
        .filter(shop_day::Column::ShopId.eq(shop.to_string()))
        .filter(shop_day::Column::Date.lte(days.end().to_string()))
        .order_by_asc(shop_day::Column::Date);
    let (mut of_agents, mut of_talks) = (BTreeMap::new(), BTreeMap::new());
    let mut sum = 0;
    for row in rows.all(txn).await? {
        let day = row.day()?;
        sum += row.agents_version;
        of_agents.insert(day, sum);
        of_talks.insert(day, row.version);
    }
    let mut versions = BTreeMap::new();
    let mut day = *days.start();
    while day <= *days.end() {
        // What agents are goes on until now; a conversation may say of itself that it was opened later.
        let begun = day <= today.plus(1);
        let of_agents = of_agents.range(..=day).next_back().map(|(_, sum)| *sum).filter(|_| begun);
        let of_talks = [day, day.minus(1)].iter().filter_map(|day| of_talks.get(day)).sum::<i64>();
        let version = of_agents.unwrap_or_default() + of_talks;
        if version > 0 {
            versions.insert(day, version);
        }
        day = day.plus(1);
    }
    Ok(versions)
}

impl KeptDay {
    /// Whether there was anything of an agent.
    fn names(&self, agent: &str) -> bool {
        self.agents.binary_search_by(|there| there.agent.as_str().cmp(agent)).is_ok()
    }
}

impl CardsAsked {
    /// The days there are, and what was kept of them.
    async fn days_in(&self, txn: &DatabaseTransaction) -> Result<Option<Days>, Fault> {
        let Self { shop, zone, as_of, .. } = *self;
        if zone_of(txn, shop).await? != zone {
            return Ok(None);
        }
        let print = print(&self.shipped);
        let book = Book { shop, zone, name: String::new(), version: VERSION_OF_NAME, print };
        let versions = versions(txn, shop, self.days.clone(), zone.day_of(as_of)).await?;
        let mut kept = BTreeMap::new();
        for (day, Kept { holds_from, counts }) in book.kept(txn, &versions, as_of).await? {
            let date = day.to_string();
            let place = Place::of_book("counts", &date);
            let (sheet, agents) = card_bytes::read_day(place, holds_from, &counts)?;
            let holds = |place: &usize| sheet.misses_hold_from.get(*place).is_some_and(|from| *from <= as_of);
            if self.wanted_packs.iter().all(holds) {
                kept.insert(day, KeptDay { sheet, agents });
            }
        }
        Ok(Some(Days { book, versions, kept }))
    }

    /// The days that are to be read, and kept: of one that is not over nothing would hold.
    fn worth_keeping(&self, days: &Days) -> Vec<Day> {
        let today = self.zone.day_of(self.as_of);
        missing(&days.versions, &days.kept).concat().into_iter().filter(|day| *day < today).collect()
    }

    async fn answer(&self, txn: &DatabaseTransaction, days: Days) -> Result<(Cards, ToKeep), Fault> {
        let position = cursor(txn).await?.position;
        let read = self.read(txn, &days).await?;
        let mut binder = Binder::new(&self.question(), self.wanted_packs.clone());
        let mut on_duty = BTreeSet::new();
        for (agent, stretch) in &self.duty {
            on_duty.insert(agent.to_string());
            binder.schedule(*agent, [*stretch]);
        }
        let mut add = |day: Day, sheet: &DaySheet| {
            binder.add_shop(day, &sheet.shop);
            binder.add_ratings(sheet.ratings.iter().copied());
            binder.add_strays(sheet.strays.iter().cloned());
        };
        days.kept.iter().for_each(|(day, kept)| add(*day, &kept.sheet));
        read.iter().for_each(|read| add(read.day, &read.sheet));
        let mut names = self.names(&days, &read);
        for there in days.kept.values().flat_map(|kept| &kept.agents) {
            if on_duty.contains(&there.agent) {
                binder.meet(&there.agent, &there.read(Place::of_book("counts", &there.agent))?);
            }
        }
        for (name, entry) in read.iter().flat_map(|read| &read.sheet.agents) {
            if on_duty.contains(name) {
                binder.meet(name, &entry.there);
            }
        }
        names.append(&mut binder.named());
        let wanted = self.whose.of(&names);
        for Read { day, sheet, .. } in &read {
            let of_wanted = sheet.agents.iter().filter(|(name, _)| wanted.contains(name.as_str()));
            of_wanted.for_each(|(name, entry)| binder.add_agent(*day, name, entry));
        }
        self.add_kept(txn, &days.kept, &wanted, &mut binder).await?;
        let report = binder.finish(|name| wanted.contains(name));
        let fresh = self.fresh(&days.book, &read);
        Ok((Cards { report, names, position }, fresh))
    }

    /// Everybody of whom there is anything. A month of a large shop names its agents tens of thousands of times.
    fn names(&self, days: &Days, read: &[Read]) -> BTreeSet<String> {
        let packs = &self.wanted_packs;
        let kept = days.kept.values().flat_map(|kept| &kept.agents).filter(|there| there.is_of(packs));
        let mut names: FxHashSet<&str> = kept.map(|there| there.agent.as_str()).collect();
        let read = read.iter().flat_map(|read| &read.sheet.agents).filter(|(_, entry)| entry.is_of(packs));
        names.extend(read.map(|(name, _)| name.as_str()));
        names.into_iter().map(str::to_owned).collect()
    }

    fn question(&self) -> Question {
        let Self { zone, as_of, .. } = *self;
        let shifts = if self.by_shift { Shift::usual() } else { Vec::new() };
        Question { zone, days: self.days.clone(), shifts, packs: Vec::new(), as_of }
    }

    /// Reads days conversation by conversation and fact by fact.
    async fn read(&self, txn: &DatabaseTransaction, days: &Days) -> Result<Vec<Read>, Fault> {
        let Self { shop, zone, as_of, .. } = *self;
        let mut read = Vec::new();
        for run in missing(&days.versions, &days.kept) {
            let range = range_of(&run);
            let books = DailyBooks::new(zone, run, &Shift::usual(), &self.shipped, as_of);
            let mut fed = Fed { books, reach: reach(zone, range, as_of), as_of };
            feed_days(txn, shop, range, zone, &mut fed).await?;
            agents::feed(txn, shop, &mut fed).await?;
            read.extend(fed.books.finish().map(|(day, sheet)| {
                let version = days.versions.get(&day).copied().unwrap_or_default();
                Read { day, version, sheet }
            }));
        }
        Ok(read)
    }

    /// Adds what kept days came to for those who are wanted.
    async fn add_kept(
        &self,
        txn: &DatabaseTransaction,
        kept: &BTreeMap<Day, KeptDay>,
        wanted: &BTreeSet<&str>,
        binder: &mut Binder,
    ) -> Result<(), Fault> {
        let names: Vec<_> = wanted.iter().copied().collect();
        let of_names = |day: &KeptDay| names.iter().filter(|name| day.names(name)).count();
        let mut expected: usize = kept.values().map(of_names).sum();
        for names in names.chunks(AGENTS_AT_ONCE) {
            let rows = day_card::Entity::find()
                .filter(day_card::Column::ShopId.eq(self.shop.to_string()))
                .filter(day_card::Column::Agent.is_in(names.iter().copied()))
                .filter(
                    day_card::Column::Date
                        .between(self.days.start().to_string(), self.days.end().to_string()),
                )
                .select_only()
                .columns([day_card::Column::Agent, day_card::Column::Date, day_card::Column::Whole]);
            let rows = if self.by_shift {
                rows.column(day_card::Column::Shifts)
                    .into_tuple::<(String, String, Vec<u8>, Vec<u8>)>()
                    .all(txn)
                    .await?
            } else {
                let rows = rows.into_tuple::<(String, String, Vec<u8>)>().all(txn).await?;
                rows.into_iter().map(|(agent, date, whole)| (agent, date, whole, Vec::new())).collect()
            };
            for (agent, date, whole, shifts) in rows {
                let place = Place { table: "day_card", column: "whole", row: &date };
                let day = place.day(&date)?;
                // A row of a day whose book is another by now, or does not name the agent, is of no account.
                if !kept.get(&day).is_some_and(|kept| kept.names(&agent)) {
                    continue;
                }
                let shifts = self.by_shift.then_some(shifts.as_slice());
                binder.add_agent(day, &agent, &card_bytes::read_entry(place, &whole, shifts)?);
                expected = expected.saturating_sub(1);
            }
        }
        if expected > 0 {
            let place = Place { table: "day_card", column: "agent", row: &self.shop.to_string() };
            return Err(place.corrupt("rows are missing that the books of their days name"));
        }
        Ok(())
    }

    fn fresh(&self, book: &Book, read: &[Read]) -> ToKeep {
        let mut fresh = ToKeep::default();
        for Read { day, version, sheet } in read.iter().filter(|read| read.sheet.holds_from <= self.as_of) {
            fresh.days.push(book.row(Fresh {
                day: *day,
                version: *version,
                holds_from: sheet.holds_from,
                counts: card_bytes::day(sheet, self.as_of),
                waits: Vec::new(),
                first_waits: Vec::new(),
            }));
            fresh.cards.extend(sheet.agents.iter().map(|(name, entry)| day_card::ActiveModel {
                shop_id: Set(self.shop.to_string()),
                agent: Set(name.clone()),
                date: Set(day.to_string()),
                whole: Set(card_bytes::whole(entry)),
                shifts: Set(card_bytes::shifts(entry)),
            }));
        }
        fresh
    }
}

/// The stretch of time of some days, up to a moment.
fn reach(zone: Zone, range: DayRange, as_of: Timestamp) -> Option<Stretch> {
    let end = zone.start_of(range.last?.plus(1)).min(as_of + Span::from_micros(1));
    Stretch::new(zone.start_of(range.first?), end)
}

/// The books of days, as the store feeds them.
struct Fed {
    books: DailyBooks,
    reach: Option<Stretch>,
    as_of: Timestamp,
}

impl Fold for Fed {
    fn add(&mut self, conversation: &Conversation) {
        self.books.add(conversation);
    }

    fn bears_for(&self) -> Span {
        self.books.bears_for()
    }
}

impl AgentFold for Fed {
    fn reach(&self) -> Option<(Stretch, Timestamp)> {
        Some((self.reach?, self.as_of))
    }

    fn learn(&mut self, fact: &Fact) {
        self.books.learn(fact);
    }
}
