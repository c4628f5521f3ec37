//! What this service keeps, in SQLite or PostgreSQL.
//!
//! Two streams come in and both end in the same facts, a row per conversation. The history is
//! followed: [`Store::follow`] folds a batch of it into the facts of the conversations and of the agents it touches and
//! moves the cursor, in one transaction. What an agent was, had or did is a row for each event that ended it. Imports are logged: [`Store::import`] appends what is new to the log of its source and makes the
//! facts of the conversations it touches anew from their whole log, so that late, repeated and out-of-order records end
//! in the same facts; orders of buyers are logged beside them ([`Store::fold_with_orders`]). Rates read the facts of one shop on one state of the store ([`Store::tally`]), and so does
//! whatever else is made of whole conversations ([`Store::fold`]), and of agents ([`Store::fold_with_agents`]). What past
//! days came to is kept ([`Store::report`], [`Store::arrivals`], [`Store::cards`]). What alerts need to know of agents and hours is written
//! with the facts ([`Store::floors`]). Facts that another
//! version of the fold made are made anew when the store is opened: those of imports then and there, those of the history by
//! following it from the beginning. Beside facts lie packs of one's own, which are kept once and never changed
//! ([`Store::put_pack`]).
//!
//! Invariants: rows never leave this module; facts of the history and the cursor change together, and only from exactly
//! the place the batch begins after; every row of a shop is found through its shop; conversations of the history and of
//! each source have keys of their own, so that neither overwrites the other's.

mod agents;
mod alerts;
mod books;
mod changes;
mod facts;
mod fault;
mod history;
mod import;
mod memory;
mod migrations;
mod orders;
mod own_packs;
mod reading;
mod recent;
mod remake;
mod rows;
mod written;

use std::sync::Arc;

use fenliu_domain::exchange::Happening;
use fenliu_domain::time::Timestamp;
use fenliu_runtime::sql::{Database, DatabaseConfig, OpenError};
use tokio::sync::Mutex;

pub(crate) use self::agents::Told;
pub(crate) use self::alerts::{Delivery, Kept, Listing, Moved, Watch};
pub(crate) use self::books::{Cards, CardsAsked, Whose};
pub(crate) use self::changes::Unkept;
pub(crate) use self::fault::Fault;
pub(crate) use self::history::{Batch, Step};
pub(crate) use self::import::{Imported, ImportedBatch, Record};
pub(crate) use self::migrations::Migrator;
pub(crate) use self::orders::{Order, OrderFold};
pub(crate) use self::own_packs::Put;
pub(crate) use self::reading::{AgentFold, ExchangeCursor, Fold, Folded, Listed, Tallied};
pub(crate) use self::written::Written;

use self::recent::Recent;
use self::rows::log_cursor;

/// The source of the history's own conversations: none, and no import may be called so.
pub(crate) const HISTORY: &str = "";

/// Which version of the fold, and of the bytes it is kept in, this service has. Whoever changes what the same history or
/// imports end in counts it up.
pub(crate) const FACTS_VERSION: i32 = 3;

/// Names one conversation in the facts. In order of shop, so that whoever locks several rows does so in one order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) shop: String,
    pub(crate) source: String,
    pub(crate) conversation: String,
}

/// How far the history has been worked in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// Position of the last event; 0 before the first.
    pub(crate) position: i64,
    /// Its id; empty before the first.
    pub(crate) event_id: String,
}

/// The way to everything that is kept. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    db: Database,
    recent: Arc<Mutex<Recent>>,
}

impl Store {
    /// Opens the database and brings its schema up to date.
    ///
    /// # Errors
    /// When the database cannot be reached, lacks the durability that is promised, or cannot be migrated.
    pub(crate) async fn open(config: &DatabaseConfig) -> Result<Self, OpenError> {
        let db = Database::open_migrated::<Migrator>(config).await?;
        Ok(Self { db, recent: Arc::default() })
    }

    /// Makes all facts anew if another version of the fold made them.
    pub(crate) async fn bring_up_to_date(&self) -> Result<(), Fault> {
        remake::bring_up_to_date(&self.db).await
    }

    /// How far the history has been worked in.
    pub(crate) async fn cursor(&self) -> Result<Cursor, Fault> {
        history::cursor(self.db.reader()).await
    }

    /// Works a batch of the history in and moves the cursor, both or neither; what moved on the floors of shops.
    ///
    /// # Errors
    /// [`Fault::Overtaken`] when the cursor is not where the batch begins: another replica was faster.
    pub(crate) async fn follow(&self, batch: Batch) -> Result<Moved, Fault> {
        // Whoever gives this up, or fails, leaves nothing remembered.
        let mut kept = self.recent.lock().await;
        let recent = std::mem::take(&mut *kept);
        let followed = self.db.transaction(move |txn| Box::pin(history::follow(txn, recent, batch))).await?;
        let (recent, moved) = followed;
        *kept = recent;
        Ok(moved)
    }

    /// Forgets everything that came from the history, to work it in from the beginning. Imports stay.
    pub(crate) async fn forget_history(&self) -> Result<(), Fault> {
        self.db.transaction(|txn| Box::pin(history::forget(txn))).await
    }

    /// Logs a batch of another system's records and orders, and makes the facts of the conversations it touches anew.
    pub(crate) async fn import(&self, batch: ImportedBatch) -> Result<Imported, Fault> {
        self.db.transaction(move |txn| Box::pin(async move { import::import(txn, batch).await })).await
    }
}

impl Cursor {
    fn of(row: log_cursor::Model) -> Self {
        Self { position: row.position, event_id: row.event_id }
    }
}

/// What happened in one conversation of the log of a source, with what puts it in order.
#[derive(Clone, Debug)]
struct Logged {
    at: Timestamp,
    rank: u32,
    record_id: String,
    happenings: Vec<Happening>,
}

/// Every row of every table as text, for tests that compare whole stores.
#[cfg(test)]
impl Store {
    pub(crate) async fn dump(&self) -> Vec<String> {
        use sea_orm::{EntityTrait, QueryOrder};

        let db = self.db.reader();
        let mut rows = Vec::new();
        let cursor = log_cursor::Entity::find().all(db).await.expect("readable");
        rows.extend(cursor.iter().map(|row| format!("{row:?}")));
        let shops = rows::shop::Entity::find().order_by_asc(rows::shop::Column::ShopId).all(db).await;
        rows.extend(shops.expect("readable").iter().map(|row| format!("{row:?}")));
        let mut facts = Vec::new();
        let events = rows::imported_event::Entity::find().all(db).await.expect("readable");
        facts.extend(events.iter().map(|row| format!("{row:?}")));
        let orders = rows::imported_order::Entity::find().all(db).await.expect("readable");
        facts.extend(orders.iter().map(|row| format!("{row:?}")));
        let conversations = rows::conversation::Entity::find().all(db).await.expect("readable");
        facts.extend(conversations.iter().map(|row| format!("{row:?}")));
        let pages = rows::page::Entity::find().all(db).await.expect("readable");
        facts.extend(pages.iter().map(|row| format!("{row:?}")));
        let of_agents = rows::agent_fact::Entity::find().all(db).await.expect("readable");
        facts.extend(of_agents.iter().map(|row| format!("{row:?}")));
        let agents = rows::agent_state::Entity::find().all(db).await.expect("readable");
        facts.extend(agents.iter().map(|row| format!("{row:?}")));
        let holds = rows::agent_hold::Entity::find().all(db).await.expect("readable");
        facts.extend(holds.iter().map(|row| format!("{row:?}")));
        let heard = rows::alert_agent::Entity::find().all(db).await.expect("readable");
        facts.extend(heard.iter().map(|row| format!("{row:?}")));
        let hours = rows::alert_hours::Entity::find().all(db).await.expect("readable");
        facts.extend(hours.iter().map(|row| format!("{row:?}")));
        facts.sort_unstable();
        rows.extend(facts);
        rows
    }
}

#[cfg(test)]
mod tests;
