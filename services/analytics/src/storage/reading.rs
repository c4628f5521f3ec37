//! Reading facts: all that bears on some days of a shop, and the list of its exchanges.

use fenliu_domain::agent_facts::Fact;
use fenliu_domain::day::{DayRange, Zone};
use fenliu_domain::exchange::{Conversation, Exchange};
use fenliu_domain::ids::ShopId;
use fenliu_domain::pack::{DailyTallies, Report, Tally};
use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::roster::Stretch;
use fenliu_domain::time::{Span, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::agents;
use super::facts::whole;
use super::history::cursor;
use super::rows::conversation::LASTING;
use super::rows::{conversation, shop};
use super::{Fault, Key, Store};

/// Conversations read at a time, so that a month of a busy shop never lies in memory whole.
const CONVERSATIONS_AT_ONCE: u64 = 2_000;
/// Conversations read at a time for a list of exchanges.
const LISTED_AT_ONCE: u64 = 100;
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

/// Takes in a shop's conversations, one at a time and in any order.
pub(crate) trait Fold: Send + 'static {
    /// Takes in one, whole.
    fn add(&mut self, conversation: &Conversation);

    /// The same, of the history or of the source of an import.
    fn add_of(&mut self, _source: &str, conversation: &Conversation) {
        self.add(conversation);
    }

    /// How long after its end a conversation still bears on others: those of so long before its days are needed too.
    fn bears_for(&self) -> Span {
        Span::ZERO
    }
}

/// Takes in what a shop's agents were, had and did besides.
pub(crate) trait AgentFold: Fold {
    /// The stretch of time whose facts it takes in, and until when what has not ended yet is known; `None` = no facts at all.
    fn reach(&self) -> Option<(Stretch, Timestamp)>;
    /// Takes in one. What one event ended comes together and in order, events in any order.
    fn learn(&mut self, fact: &Fact);
}

impl Fold for Tally {
    fn add(&mut self, conversation: &Conversation) {
        Self::add(self, conversation);
    }

    fn bears_for(&self) -> Span {
        Self::bears_for(self)
    }
}

impl Fold for DailyTallies {
    fn add(&mut self, conversation: &Conversation) {
        Self::add(self, conversation);
    }

    fn bears_for(&self) -> Span {
        Self::bears_for(self)
    }
}

/// What a fold has taken in of a shop's facts, and of which state of them.
#[derive(Debug)]
pub(crate) struct Folded<F> {
    /// The fold, with everything in it.
    pub(crate) fold: F,
    /// How far the history had been worked in.
    pub(crate) position: i64,
    /// The zone of the shop's days.
    pub(crate) zone: Zone,
}

/// The exchange a page ends with; the next begins after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExchangeCursor {
    pub(crate) begins_us: i64,
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
        let folded = self.fold(shop, move |zone| Ok((range, begin(zone)))).await?;
        let Folded { fold, position, zone } = folded;
        Ok(Tallied { report: fold.finish(), position, zone })
    }

    /// Feeds every conversation that bears on a range of days to a fold, all in one pass over one state of the store.
    /// `begin` makes both in the shop's zone.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND, and what `begin` refuses.
    pub(crate) async fn fold<F, B>(&self, shop: ShopId, begin: B) -> Result<Folded<F>, Fault>
    where
        F: Fold,
        B: FnOnce(Zone) -> Result<(DayRange, F), Problem> + Send + 'static,
    {
        self.db.snapshot(move |txn| Box::pin(fold_in(txn, shop, begin))).await
    }

    /// The same, of a fold that takes in the facts of the shop's agents as well.
    ///
    /// # Errors
    /// As [`Store::fold`].
    pub(crate) async fn fold_with_agents<F, B>(&self, shop: ShopId, begin: B) -> Result<Folded<F>, Fault>
    where
        F: AgentFold,
        B: FnOnce(Zone) -> Result<(DayRange, F), Problem> + Send + 'static,
    {
        self.db
            .snapshot(move |txn| {
                Box::pin(async move {
                    let mut folded = fold_in(txn, shop, begin).await?;
                    agents::feed(txn, shop, &mut folded.fold).await?;
                    Ok(folded)
                })
            })
            .await
    }

    /// The exchanges of a shop after one, conversation by conversation, the one that began first first; at most `limit`.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND.
    pub(crate) async fn exchanges(
        &self,
        shop: ShopId,
        after: Option<ExchangeCursor>,
        limit: usize,
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

impl ExchangeCursor {
    /// Behind all exchanges of a conversation.
    fn behind(row: &conversation::Model) -> Self {
        let Key { source, conversation, .. } = row.key();
        Self { begins_us: row.begins_us, source, conversation, number: i64::MAX }
    }

    fn is_of(&self, key: &Key) -> bool {
        (&self.source, &self.conversation) == (&key.source, &key.conversation)
    }
}

impl Listed {
    fn of(key: &Key, begins_us: i64, buyer: &str, exchange: Exchange) -> Self {
        let Key { source, conversation, .. } = key.clone();
        let cursor = ExchangeCursor { begins_us, source, conversation, number: exchange.number.into() };
        Self { cursor, buyer: buyer.to_owned(), exchange }
    }
}

pub(super) async fn fold_in<F, B>(
    txn: &DatabaseTransaction,
    shop: ShopId,
    begin: B,
) -> Result<Folded<F>, Fault>
where
    F: Fold,
    B: FnOnce(Zone) -> Result<(DayRange, F), Problem>,
{
    let position = cursor(txn).await?.position;
    let zone = zone_of(txn, shop).await?;
    let (range, mut fold) = begin(zone)?;
    feed_days(txn, shop, range, zone, &mut fold).await?;
    Ok(Folded { fold, position, zone })
}

/// The zone of a shop's days.
///
/// # Errors
/// SHOP_NOT_FOUND.
pub(super) async fn zone_of(db: &impl ConnectionTrait, shop: ShopId) -> Result<Zone, Fault> {
    let row = shop::Entity::find_by_id(shop.to_string()).one(db).await?;
    let row = row.ok_or_else(|| {
        let message = format!("nothing is known of shop {shop}; it has neither a history nor imports here");
        Problem::new(Reason::ShopNotFound, message).with("shop_id", shop)
    })?;
    zone_in(&row)
}

/// The zone a shop's row names: its policy's, else the one its import named, else universal time.
pub(super) fn zone_in(row: &shop::Model) -> Result<Zone, Fault> {
    let Some(name) = row.policy_zone.as_ref().or(row.import_zone.as_ref()) else { return Ok(Zone::UTC) };
    Zone::parse(name).map_err(|why| Fault::Corrupt {
        table: "shop",
        column: "policy_zone",
        row: row.shop_id.clone(),
        why: why.to_string(),
    })
}

/// Feeds every conversation of a shop that bears on these days to a fold.
pub(super) async fn feed_days(
    txn: &DatabaseTransaction,
    shop: ShopId,
    range: DayRange,
    zone: Zone,
    fold: &mut impl Fold,
) -> Result<(), Fault> {
    let reach = Reach::of(range, zone, fold.bears_for());
    for found in [Found::ByBeginning, Found::ByEnd] {
        feed(txn, &shop.to_string(), reach, found, fold).await?;
    }
    Ok(())
}

/// The moments a range of days spans, with some to spare at both ends.
#[derive(Clone, Copy)]
struct Reach {
    from: Timestamp,
    until: Timestamp,
}

impl Reach {
    fn of(range: DayRange, zone: Zone, bears_for: Span) -> Self {
        let before = SLACK.max(bears_for);
        let from = range.first.map_or(Timestamp::MIN, |day| zone.start_of(day) - before);
        let until = range.last.map_or(Timestamp::MAX, |day| zone.start_of(day.plus(1)) + SLACK);
        Self { from, until }
    }
}

/// How the conversations of a reach are found: all that begin within it or less than a day before it by their beginning, and
/// the few that began before that by their end.
#[derive(Clone, Copy)]
enum Found {
    ByBeginning,
    ByEnd,
}

impl Found {
    /// The column they lie in order of.
    const fn column(self) -> conversation::Column {
        match self {
            Self::ByBeginning => conversation::Column::BeginsUs,
            Self::ByEnd => conversation::Column::LastingEndsUs,
        }
    }

    /// Those of a reach. What a page begins with is said once more as a plain bound, from which SQLite can start.
    fn within(self, reach: Reach, from: Option<i64>) -> Condition {
        let before = (reach.from - LASTING).micros();
        match self {
            Self::ByBeginning => Condition::all()
                .add(conversation::Column::BeginsUs.between(from.unwrap_or(before), reach.until.micros()))
                .add(conversation::Column::EndsUs.gte(reach.from.micros())),
            Self::ByEnd => Condition::all()
                .add(conversation::Column::LastingEndsUs.gte(from.unwrap_or(reach.from.micros())))
                .add(conversation::Column::BeginsUs.lt(before)),
        }
    }

    const fn place(self, row: &conversation::Model) -> i64 {
        match self {
            Self::ByBeginning => row.begins_us,
            Self::ByEnd => row.ends_us,
        }
    }
}

/// Feeds every conversation of a shop to a fold that reaches beyond a moment.
pub(super) async fn feed_all(
    txn: &DatabaseTransaction,
    shop: &str,
    from: Timestamp,
    fold: &mut impl Fold,
) -> Result<(), Fault> {
    let reach = Reach { from, until: Timestamp::MAX };
    for found in [Found::ByBeginning, Found::ByEnd] {
        feed(txn, shop, reach, found, fold).await?;
    }
    Ok(())
}

async fn feed(
    txn: &DatabaseTransaction,
    shop: &str,
    reach: Reach,
    found: Found,
    fold: &mut impl Fold,
) -> Result<(), Fault> {
    let mut after: Option<(i64, String, String)> = None;
    loop {
        let from = after.as_ref().map(|(place, ..)| *place);
        let page = conversation::Entity::find()
            .filter(conversation::Column::ShopId.eq(shop))
            .filter(found.within(reach, from))
            .filter(after.take().map_or_else(Condition::all, |after| is_after(found.column(), after)))
            .order_by_asc(found.column())
            .order_by_asc(conversation::Column::Source)
            .order_by_asc(conversation::Column::Conversation)
            .limit(CONVERSATIONS_AT_ONCE)
            .all(txn)
            .await?;
        after = page.last().map(|row| (found.place(row), row.source.clone(), row.conversation.clone()));
        let full = page.len() as u64 == CONVERSATIONS_AT_ONCE;
        for (key, conversation) in whole(txn, page).await? {
            fold.add_of(&key.source, &conversation);
        }
        if !full {
            return Ok(());
        }
    }
}

fn is_after(column: conversation::Column, (place, source, conversation): (i64, String, String)) -> Condition {
    let known = Expr::tuple([Expr::value(place), Expr::value(source), Expr::value(conversation)]);
    Condition::all().add(place_in(column).gt(known))
}

async fn list(
    txn: &DatabaseTransaction,
    shop: &str,
    after: Option<ExchangeCursor>,
    limit: usize,
) -> Result<Vec<Listed>, Fault> {
    let mut listed = Vec::new();
    let mut after = after;
    loop {
        let rows = conversations_from(txn, shop, after.as_ref()).await?;
        let begins: Vec<_> = rows.iter().map(|row| row.begins_us).collect();
        let next = rows.last().map(ExchangeCursor::behind).filter(|_| rows.len() as u64 == LISTED_AT_ONCE);
        for ((key, conversation), begins_us) in whole(txn, rows).await?.into_iter().zip(begins) {
            let seen = after.as_ref().filter(|after| after.is_of(&key)).map_or(0, |after| after.number);
            let buyer = &conversation.session.buyer;
            let new = conversation.exchanges.into_iter().filter(|exchange| i64::from(exchange.number) > seen);
            listed.extend(new.map(|exchange| Listed::of(&key, begins_us, buyer, exchange)));
        }
        if next.is_none() || listed.len() >= limit {
            listed.truncate(limit);
            return Ok(listed);
        }
        after = next;
    }
}

/// The conversations from the one a page ended in, in order of when they began.
async fn conversations_from(
    txn: &DatabaseTransaction,
    shop: &str,
    after: Option<&ExchangeCursor>,
) -> Result<Vec<conversation::Model>, Fault> {
    let from = after.map_or_else(Condition::all, |after| {
        let place = (after.begins_us, after.source.clone(), after.conversation.clone());
        let known = Expr::tuple([Expr::value(place.0), Expr::value(place.1), Expr::value(place.2)]);
        Condition::all()
            .add(conversation::Column::BeginsUs.gte(after.begins_us))
            .add(place_in(conversation::Column::BeginsUs).gte(known))
    });
    let rows = conversation::Entity::find()
        .filter(conversation::Column::ShopId.eq(shop))
        .filter(from)
        .order_by_asc(conversation::Column::BeginsUs)
        .order_by_asc(conversation::Column::Source)
        .order_by_asc(conversation::Column::Conversation)
        .limit(LISTED_AT_ONCE);
    Ok(rows.all(txn).await?)
}

/// A conversation's place in an order.
fn place_in(column: conversation::Column) -> Expr {
    let columns = [column, conversation::Column::Source, conversation::Column::Conversation];
    Expr::tuple(columns.map(|column| Expr::col((conversation::Entity, column))))
}
