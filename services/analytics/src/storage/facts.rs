//! Reading and writing the facts of conversations, many at a time.

use std::collections::BTreeMap;

use fenliu_domain::alert::Talk;
use fenliu_domain::day::Zone;
use fenliu_domain::exchange::{Conversation, Exchange, Fold, Happening, Session};
use fenliu_domain::ids::ShopId;
use fenliu_runtime::sql::Rows;
use sea_orm::sea_query::ArrayType;
use sea_orm::{
    ConnectionTrait, DatabaseBackend, DatabaseTransaction, EntityTrait, FromQueryResult, Statement, Value,
};

use super::alerts::Watch;
use super::rows::{conversation, page};
use super::{Fault, Key};

/// Keys of one statement.
const MAX_KEYS: usize = 4_096;
/// For how many keys statements of SQLite have room, of 3 parameters each: few sizes, so that each is prepared once.
const ROOMS: [usize; 6] = [4, 16, 64, 256, 1_024, MAX_KEYS];

/// One conversation as far as it has gone: all it takes to go on, and to write it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// The fold.
    fold: Fold,
    /// Exchanges before the last that are on no page yet, in order.
    finished: Vec<Exchange>,
}

/// What is to be written of conversations.
#[derive(Debug, Default)]
pub(super) struct Written {
    conversations: Vec<conversation::ActiveModel>,
    pages: Vec<page::ActiveModel>,
}

impl Facts {
    /// Takes in what happened next.
    pub(super) fn apply(&mut self, happening: Happening) {
        self.finished.extend(self.fold.apply(happening));
    }

    /// The conversation as a whole.
    pub(super) const fn session(&self) -> &Session {
        &self.fold.session
    }

    /// How the conversation stands; `None` when it has ended, or nothing was heard of its buyer for too long.
    pub(super) fn talk(&mut self, shop: ShopId, watch: &Watch, zone: Zone) -> Option<Talk> {
        let is_over = self.fold.session.closed_at.is_some();
        if is_over || self.fold.session.ends_at().is_none_or(|last| last < watch.since) {
            return None;
        }
        // The last exchange lies among the others while they are looked at.
        let Self { fold: Fold { session, current }, finished } = std::mem::take(self);
        let mut exchanges = finished;
        exchanges.extend(current);
        let conversation = Conversation { session, exchanges, ..Conversation::default() };
        let talk = Talk::of(watch.packs.of(shop), zone, &conversation);
        *self = Self::of(conversation);
        talk
    }

    /// The facts of a whole conversation.
    pub(super) fn of(conversation: Conversation) -> Self {
        let Conversation { session, mut exchanges, .. } = conversation;
        let current = exchanges.pop();
        Self { fold: Fold { session, current }, finished: exchanges }
    }

    fn read(row: &conversation::Model) -> Result<Self, Fault> {
        let (session, mut finished) = row.read()?;
        let current = finished.pop();
        Ok(Self { fold: Fold { session, current }, finished })
    }
}

impl Written {
    /// Adds a conversation, and moves the exchanges that fill a page to one.
    pub(super) fn add(&mut self, key: &Key, facts: &mut Facts) {
        while facts.finished.len() >= page::EXCHANGES {
            let full: Vec<_> = facts.finished.drain(..page::EXCHANGES).collect();
            self.pages.push(page::row(key, &full));
        }
        let Facts { fold: Fold { session, current }, finished } = facts;
        // The last exchange lies among the others while they are written.
        finished.extend(current.take());
        self.conversations.push(conversation::row(key, session, finished));
        *current = finished.pop();
    }

    /// Writes it all over what is there.
    pub(super) async fn save(self, txn: &DatabaseTransaction) -> Result<(), Fault> {
        if !self.pages.is_empty() {
            Rows::of(self.pages, page::KEEP)?.insert(txn).await?;
        }
        if !self.conversations.is_empty() {
            Rows::of(self.conversations, conversation::OVERWRITE)?.insert(txn).await?;
        }
        Ok(())
    }
}

/// One of the statements by which SQLite looks keys up.
#[derive(Clone, Copy, Debug)]
struct Piece {
    /// For how many keys it has room.
    room: usize,
    /// How many it takes.
    keys: usize,
}

impl Piece {
    /// The next when there are so many keys left. It is filled up where that less than doubles them.
    fn of(left: usize) -> Self {
        let roomy = ROOMS.into_iter().find(|room| *room >= left);
        let full = ROOMS.into_iter().rev().find(|room| *room <= left);
        match (full, roomy) {
            (Some(full), None) => Self { room: full, keys: full },
            (Some(full), Some(roomy)) if roomy >= 2 * left => Self { room: full, keys: full },
            (_, roomy) => Self { room: roomy.unwrap_or(left), keys: left },
        }
    }
}

/// The facts of these conversations; those not known are missing.
pub(super) async fn facts_of(db: &impl ConnectionTrait, keys: &[Key]) -> Result<BTreeMap<Key, Facts>, Fault> {
    let rows = about::<conversation::Entity>(db, keys, "conversation", "").await?;
    rows.iter().map(|row| Ok((row.key(), Facts::read(row)?))).collect()
}

/// Conversations with all their exchanges, in the order of the rows.
pub(super) async fn whole(
    db: &impl ConnectionTrait,
    rows: Vec<conversation::Model>,
) -> Result<Vec<(Key, Conversation)>, Fault> {
    let mut read = Vec::with_capacity(rows.len());
    for row in &rows {
        read.push((row.key(), row.read()?));
    }
    let is_paged = |(session, kept): &(Session, Vec<Exchange>)| {
        usize::try_from(session.exchanges).is_ok_and(|exchanges| exchanges > kept.len())
    };
    let paged: Vec<_> =
        read.iter().filter(|(_, facts)| is_paged(facts)).map(|(key, _)| key.clone()).collect();
    let mut pages: BTreeMap<Key, Vec<Exchange>> = BTreeMap::new();
    let in_order = "ORDER BY f.shop_id, f.source, f.conversation, f.number";
    for row in about::<page::Entity>(db, &paged, "conversation_page", in_order).await? {
        pages.entry(row.key()).or_default().extend(row.read()?);
    }
    let conversation = |(key, (session, kept)): (Key, (Session, Vec<Exchange>))| {
        let mut exchanges = pages.remove(&key).unwrap_or_default();
        exchanges.extend(kept);
        (key.clone(), Conversation { key: key.conversation, session, exchanges })
    };
    Ok(read.into_iter().map(conversation).collect())
}

/// The rows of these conversations in a table, which every statement finds through its key.
async fn about<E>(
    db: &impl ConnectionTrait,
    keys: &[Key],
    table: &str,
    order: &str,
) -> Result<Vec<E::Model>, Fault>
where
    E: EntityTrait,
    E::Model: FromQueryResult,
{
    let query = format!(
        "SELECT f.* FROM touched AS t JOIN {table} AS f ON f.shop_id = t.shop AND f.source = t.source \
         AND f.conversation = t.conversation {order}"
    );
    let backend = db.get_database_backend();
    let mut rows = Vec::new();
    let mut left = keys;
    while !left.is_empty() {
        let piece = Piece::of(left.len());
        let (statement, rest) = match backend {
            DatabaseBackend::Postgres => {
                let (keys, rest) = left.split_at(left.len().min(MAX_KEYS));
                (in_arrays(keys, &query), rest)
            }
            backend => {
                let (keys, rest) = left.split_at(piece.keys);
                (in_values(backend, keys, piece.room, &query), rest)
            }
        };
        rows.extend(E::find().from_raw_sql(statement).all(db).await?);
        left = rest;
    }
    Ok(rows)
}

/// The keys at hand as the table `touched(shop, source, conversation)`.
fn in_arrays(keys: &[Key], query: &str) -> Statement {
    let of = |part: fn(&Key) -> &str| {
        let texts = keys.iter().map(|key| part(key).into()).collect();
        Value::Array(ArrayType::String, Some(Box::new(texts)))
    };
    let values = [of(|key| &key.shop), of(|key| &key.source), of(|key| &key.conversation)];
    let sql = format!(
        "WITH touched(shop, source, conversation) AS (SELECT * FROM UNNEST($1::text[], $2::text[], $3::text[])) {query}"
    );
    Statement::from_sql_and_values(DatabaseBackend::Postgres, sql, values)
}

/// The same, filled up to the room there is with rows that name no conversation.
fn in_values(backend: DatabaseBackend, keys: &[Key], room: usize, query: &str) -> Statement {
    let nothing = std::iter::repeat_n("", room.saturating_sub(keys.len()) * 3);
    let texts = keys.iter().flat_map(|key| [&*key.shop, &*key.source, &*key.conversation]);
    let values: Vec<Value> = texts.chain(nothing).map(Value::from).collect();
    let rows = vec!["(?, ?, ?)"; room].join(", ");
    let sql = format!("WITH touched(shop, source, conversation) AS (VALUES {rows}) {query}");
    Statement::from_sql_and_values(backend, sql, values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_looked_up_in_few_sizes_that_are_at_least_half_full() {
        for all in 1..10_000 {
            let mut left = all;
            while left > 0 {
                let Piece { room, keys } = Piece::of(left);
                assert!(ROOMS.contains(&room) && (1..=room.min(left)).contains(&keys), "{all}");
                assert!(room < 2 * keys || left < 4, "{keys} in {room}");
                left -= keys;
            }
        }
    }
}
