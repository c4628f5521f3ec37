//! Reading facts: all that bears on some days of a shop, and the list of its exchanges.

use std::collections::BTreeMap;

use fenliu_domain::day::{DayRange, Zone};
use fenliu_domain::exchange::{Conversation, Exchange};
use fenliu_domain::ids::ShopId;
use fenliu_domain::pack::{Report, Tally};
use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::time::{Span, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::facts::{all_exchanges, exchange_key, sessions};
use super::history::cursor;
use super::rows::session::LASTING;
use super::rows::{exchange, session, shop};
use super::{Fault, Key, Store};

/// Conversations read at a time, so that a month of a busy shop never lies in memory whole.
const CONVERSATIONS_AT_ONCE: u64 = 2_000;
/// How much further than its midnights a day may reach where clocks are put back over midnight.
const SLACK: Span = Span::from_hours(3);

/// What a tally made of a shop's facts, and of which state of them.
#[derive(Debug)]
pub(crate) struct Tallied {
    /// The rates.
    pub(crate) report: Report,
    /// How far the history had been worked in.
    pub(crate) position: i64,
    /// The zone of the shop's days.
    pub(crate) zone: Zone,
}

/// The exchange a page ends with; the next begins after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExchangeCursor {
    pub(crate) asked_us: i64,
    pub(crate) source: String,
    pub(crate) conversation: String,
    pub(crate) number: i64,
}

/// One exchange in a list.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) cursor: ExchangeCursor,
    pub(crate) buyer: String,
    pub(crate) exchange: Exchange,
}

impl Store {
    /// Feeds every conversation that bears on `range` to the tally `begin` makes in the shop's zone, all on one state of
    /// the store.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND.
    pub(crate) async fn tally<F>(&self, shop: ShopId, range: DayRange, begin: F) -> Result<Tallied, Fault>
    where
        F: FnOnce(Zone) -> Tally + Send + 'static,
    {
        self.db
            .snapshot(move |txn| {
                Box::pin(async move {
                    let position = cursor(txn).await?.position;
                    let zone = zone_of(txn, shop).await?;
                    let mut tally = begin(zone);
                    let reach = Reach::of(range, zone);
                    for lasting in [false, true] {
                        feed(txn, &shop.to_string(), reach, lasting, &mut tally).await?;
                    }
                    Ok(Tallied { report: tally.finish(), position, zone })
                })
            })
            .await
    }

    /// The exchanges of a shop after one, oldest first, at most `limit`.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND.
    pub(crate) async fn exchanges(
        &self,
        shop: ShopId,
        after: Option<ExchangeCursor>,
        limit: u64,
    ) -> Result<Vec<Listed>, Fault> {
        self.db
            .snapshot(move |txn| {
                Box::pin(async move {
                    zone_of(txn, shop).await?;
                    list(txn, &shop.to_string(), after, limit).await
                })
            })
            .await
    }
}

/// The zone of a shop's days: its policy's, else the one its import named, else universal time.
async fn zone_of(db: &impl ConnectionTrait, shop: ShopId) -> Result<Zone, Fault> {
    let row = shop::Entity::find_by_id(shop.to_string()).one(db).await?;
    let row = row.ok_or_else(|| {
        let message = format!("nothing is known of shop {shop}; it has neither a history nor imports here");
        Problem::new(Reason::ShopNotFound, message).with("shop_id", shop)
    })?;
    let Some(name) = row.policy_zone.or(row.import_zone) else { return Ok(Zone::UTC) };
    Zone::parse(&name).map_err(|why| Fault::Corrupt {
        table: "shop",
        column: "policy_zone",
        row: row.shop_id,
        why: why.to_string(),
    })
}

/// The moments a range of days spans, with some to spare at both ends.
#[derive(Clone, Copy)]
struct Reach {
    from: Timestamp,
    until: Timestamp,
}

impl Reach {
    fn of(range: DayRange, zone: Zone) -> Self {
        let from = range.first.map_or(Timestamp::MIN, |day| zone.start_of(day) - SLACK);
        let until = range.last.map_or(Timestamp::MAX, |day| zone.start_of(day.plus(1)) + SLACK);
        Self { from, until }
    }
}

/// Conversations that begin within the reach, or last into it. Those shorter than a day are found by their beginning
/// alone; the few that last longer have an index of their own.
async fn feed(
    txn: &DatabaseTransaction,
    shop: &str,
    reach: Reach,
    lasting: bool,
    tally: &mut Tally,
) -> Result<(), Fault> {
    let earliest = if lasting { Timestamp::MIN } else { reach.from - LASTING };
    let mut after: Option<(i64, String, String)> = None;
    loop {
        // Saying twice where the page begins lets SQLite start there: of the two conditions it takes the plain one.
        let from = after.as_ref().map_or(earliest.micros(), |(begins, ..)| *begins);
        let page = session::Entity::find()
            .filter(session::Column::ShopId.eq(shop))
            .filter(session::Column::Lasting.eq(lasting))
            .filter(session::Column::BeginsUs.between(from, reach.until.micros()))
            .filter(session::Column::EndsUs.gte(reach.from.micros()))
            .filter(session::Column::Exchanges.gt(0))
            .filter(after.take().map_or_else(Condition::all, is_after))
            .order_by_asc(session::Column::BeginsUs)
            .order_by_asc(session::Column::Source)
            .order_by_asc(session::Column::Conversation)
            .limit(CONVERSATIONS_AT_ONCE)
            .all(txn)
            .await?;
        after = page.last().map(|row| (row.begins_us, row.source.clone(), row.conversation.clone()));
        let full = page.len() as u64 == CONVERSATIONS_AT_ONCE;
        for conversation in whole(txn, page).await? {
            tally.add(&conversation);
        }
        if !full {
            return Ok(());
        }
    }
}

fn is_after((begins, source, conversation): (i64, String, String)) -> Condition {
    let place = [session::Column::BeginsUs, session::Column::Source, session::Column::Conversation];
    let place = Expr::tuple(place.map(|column| Expr::col((session::Entity, column))));
    let known = Expr::tuple([Expr::value(begins), Expr::value(source), Expr::value(conversation)]);
    Condition::all().add(place.gt(known))
}

/// Conversations with all their exchanges.
async fn whole(txn: &DatabaseTransaction, rows: Vec<session::Model>) -> Result<Vec<Conversation>, Fault> {
    let keys: Vec<_> = rows.iter().map(session::Model::key).collect();
    let mut exchanges: BTreeMap<Key, Vec<Exchange>> = BTreeMap::new();
    for row in all_exchanges(txn, &keys).await? {
        exchanges.entry(exchange_key(&row)).or_default().push(row.into_exchange()?);
    }
    let conversation = |(row, key): (session::Model, Key)| {
        let exchanges = exchanges.remove(&key).unwrap_or_default();
        Ok(Conversation { key: key.conversation, session: row.into_session()?, exchanges })
    };
    rows.into_iter().zip(keys).map(conversation).collect()
}

async fn list(
    txn: &DatabaseTransaction,
    shop: &str,
    after: Option<ExchangeCursor>,
    limit: u64,
) -> Result<Vec<Listed>, Fault> {
    let rows = exchange::Entity::find()
        .filter(exchange::Column::ShopId.eq(shop))
        .filter(after.map_or_else(Condition::all, is_later))
        .order_by_asc(exchange::Column::AskedUs)
        .order_by_asc(exchange::Column::Source)
        .order_by_asc(exchange::Column::Conversation)
        .order_by_asc(exchange::Column::Number)
        .limit(limit)
        .all(txn)
        .await?;
    let keys: Vec<_> = rows.iter().map(exchange_key).collect();
    let known = sessions(txn, &keys).await?;
    let buyers: BTreeMap<_, _> = known.into_iter().map(|row| (row.key(), row.buyer)).collect();
    let listed = |row: exchange::Model| {
        let buyer = buyers.get(&exchange_key(&row)).cloned().unwrap_or_default();
        let cursor = ExchangeCursor {
            asked_us: row.asked_at().micros(),
            source: row.source.clone(),
            conversation: row.conversation.clone(),
            number: row.number,
        };
        Ok(Listed { cursor, buyer, exchange: row.into_exchange()? })
    };
    rows.into_iter().map(listed).collect()
}

fn is_later(after: ExchangeCursor) -> Condition {
    let place = [
        exchange::Column::AskedUs,
        exchange::Column::Source,
        exchange::Column::Conversation,
        exchange::Column::Number,
    ];
    let place = Expr::tuple(place.map(|column| Expr::col((exchange::Entity, column))));
    let ExchangeCursor { asked_us, source, conversation, number } = after;
    let known = Expr::tuple([
        Expr::value(asked_us),
        Expr::value(source),
        Expr::value(conversation),
        Expr::value(number),
    ]);
    Condition::all().add(place.gt(known))
}
