//! Reading and writing facts, many at a time.

use std::collections::BTreeMap;

use fenliu_domain::exchange::{Exchange, Fold, Session};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, DatabaseBackend, EntityTrait, Iterable, Statement, Value};

use super::rows::{exchange, session};
use super::{Fault, Key};

/// Rows of one statement: 21 columns of 1,000 sessions stay below the 32,766 parameters SQLite takes.
const SESSIONS_AT_ONCE: usize = 1_000;
/// Rows of one statement: 9 columns of 2,000 exchanges.
const EXCHANGES_AT_ONCE: usize = 2_000;
/// Keys of one statement, of 3 parameters each.
const KEYS_AT_ONCE: usize = 5_000;

/// What was learnt of some conversations: their state, and every exchange that is new or has changed.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) sessions: Vec<(Key, Session)>,
    pub(super) exchanges: Vec<(Key, Exchange)>,
}

/// Writes facts over what was known of them.
pub(super) async fn save(db: &impl ConnectionTrait, facts: &Facts) -> Result<(), Fault> {
    for chunk in facts.sessions.chunks(SESSIONS_AT_ONCE) {
        let rows =
            chunk.iter().map(|(key, session)| session::row(key, session)).collect::<Result<Vec<_>, _>>()?;
        let columns = session::Column::iter().filter(|column| !is_session_key(column));
        let key = [session::Column::ShopId, session::Column::Source, session::Column::Conversation];
        let replace = OnConflict::columns(key).update_columns(columns).to_owned();
        session::Entity::insert_many(rows).on_conflict(replace).exec_without_returning(db).await?;
    }
    for chunk in facts.exchanges.chunks(EXCHANGES_AT_ONCE) {
        let rows = chunk
            .iter()
            .map(|(key, exchange)| exchange::row(key, exchange))
            .collect::<Result<Vec<_>, _>>()?;
        let replace = OnConflict::columns(EXCHANGE_KEY).update_columns(EXCHANGE_REST).to_owned();
        exchange::Entity::insert_many(rows).on_conflict(replace).exec_without_returning(db).await?;
    }
    Ok(())
}

const fn is_session_key(column: &session::Column) -> bool {
    matches!(column, session::Column::ShopId | session::Column::Source | session::Column::Conversation)
}

const EXCHANGE_KEY: [exchange::Column; 4] = [
    exchange::Column::ShopId,
    exchange::Column::Source,
    exchange::Column::Conversation,
    exchange::Column::Number,
];
const EXCHANGE_REST: [exchange::Column; 5] = [
    exchange::Column::AskedUs,
    exchange::Column::Asked,
    exchange::Column::Asks,
    exchange::Column::Replies,
    exchange::Column::Holdings,
];

/// The state of the folds of these conversations; those not known are missing.
pub(super) async fn folds(db: &impl ConnectionTrait, keys: &[Key]) -> Result<BTreeMap<Key, Fold>, Fault> {
    let mut folds = BTreeMap::new();
    for chunk in keys.chunks(KEYS_AT_ONCE) {
        for row in sessions(db, chunk).await? {
            folds.insert(row.key(), Fold { session: row.into_session()?, current: None });
        }
        let last = "JOIN session AS s ON s.shop_id = e.shop_id AND s.source = e.source \
                    AND s.conversation = e.conversation AND s.exchanges = e.number";
        for row in exchanges(db, chunk, last).await? {
            let key = exchange_key(&row);
            if let Some(fold) = folds.get_mut(&key) {
                fold.current = Some(row.into_exchange()?);
            }
        }
    }
    Ok(folds)
}

/// The rows of these conversations.
pub(super) async fn sessions(db: &impl ConnectionTrait, keys: &[Key]) -> Result<Vec<session::Model>, Fault> {
    let query = "SELECT s.* FROM touched AS t JOIN session AS s ON s.shop_id = t.shop AND s.source = t.source \
                 AND s.conversation = t.conversation";
    let statement = about(db.get_database_backend(), keys, query);
    Ok(session::Entity::find().from_raw_sql(statement).all(db).await?)
}

/// The rows of all exchanges of these conversations, in order within each.
pub(super) async fn all_exchanges(
    db: &impl ConnectionTrait,
    keys: &[Key],
) -> Result<Vec<exchange::Model>, Fault> {
    exchanges(db, keys, "ORDER BY e.shop_id, e.source, e.conversation, e.number").await
}

async fn exchanges(
    db: &impl ConnectionTrait,
    keys: &[Key],
    rest: &str,
) -> Result<Vec<exchange::Model>, Fault> {
    let query = "SELECT e.* FROM touched AS t JOIN exchange AS e ON e.shop_id = t.shop AND e.source = t.source \
                 AND e.conversation = t.conversation";
    let statement = about(db.get_database_backend(), keys, &format!("{query} {rest}"));
    Ok(exchange::Entity::find().from_raw_sql(statement).all(db).await?)
}

pub(super) fn exchange_key(row: &exchange::Model) -> Key {
    Key { shop: row.shop_id.clone(), source: row.source.clone(), conversation: row.conversation.clone() }
}

/// A query with the keys at hand as the table `touched(shop, source, conversation)`: one statement, answered through
/// the tables' keys, however many shops a batch is about.
fn about(backend: DatabaseBackend, keys: &[Key], query: &str) -> Statement {
    let mut values: Vec<Value> = Vec::with_capacity(keys.len() * 3);
    let mut rows = Vec::with_capacity(keys.len());
    for key in keys {
        let next = values.len() + 1;
        rows.push(match backend {
            DatabaseBackend::Postgres => format!("(${next}, ${}, ${})", next + 1, next + 2),
            _ => "(?, ?, ?)".to_owned(),
        });
        values.extend([
            key.shop.as_str().into(),
            key.source.as_str().into(),
            key.conversation.as_str().into(),
        ]);
    }
    // An empty list of rows is no SQL; this row names no conversation.
    if rows.is_empty() {
        rows.push("('', '', '')".to_owned());
    }
    let sql = format!("WITH touched(shop, source, conversation) AS (VALUES {}) {query}", rows.join(", "));
    Statement::from_sql_and_values(backend, sql, values)
}
