//! The writer on a real store: a SQLite file, or, when `FENLIU_TEST_POSTGRES` holds the URL of a PostgreSQL whose
//! user may create databases, a new database there for each house.

mod batches;
mod fence;
mod ledger;
mod partitions;
mod projection;
mod refusal;
mod shop;
mod streams;

use std::sync::Arc;

use fenliu_domain::desk::event::Event;
use fenliu_live::{EmbeddedDesks, Epoch};
use fenliu_runtime::lifecycle::Lifecycle;
use fenliu_runtime::sql::{Database, DatabaseConfig, ScratchDatabase};
use sea_orm::ConnectionTrait;
use sea_orm_migration::MigratorTrait;

use super::{Content, Disposal, DisposeError, Writer};
use crate::history::{Body, History, Migrator};

/// A store with its writer.
pub(super) struct House {
    pub(super) database: Database,
    pub(super) history: History,
    pub(super) writer: Writer,
    place: ScratchDatabase,
}

impl House {
    pub(super) async fn open() -> Self {
        Self::before(u32::MAX).await
    }

    /// A store with the first steps of the schema only.
    async fn before(steps: u32) -> Self {
        let place = ScratchDatabase::create("history").await;
        let config = DatabaseConfig { busy_timeout_ms: 20, lock_timeout_ms: 20, ..place.config() };
        let database = Database::open(&config).await.expect("the store opens");
        Migrator::up(database.writer(), Some(steps)).await.expect("the schema is made");
        let live = Arc::new(EmbeddedDesks::new());
        let writer = Writer::start(database.clone(), live, &Lifecycle::new()).await.expect("it starts");
        Self { history: History::new(database.clone()), database, writer, place }
    }

    pub(super) async fn dispose(&self, tail: &[Arc<Event>]) -> Result<(), DisposeError> {
        self.writer.dispose(disposal(tail)).await
    }

    /// Runs a statement, as somebody who meddles with the store would.
    pub(super) async fn meddle(&self, sql: &str) {
        self.database.writer().execute_unprepared(sql).await.expect("the statement runs");
    }

    /// Everything stored, in order of positions.
    pub(super) async fn stored(&self) -> Vec<(i64, Event)> {
        let mut all: Vec<(i64, Event)> = Vec::new();
        loop {
            let after = all.last().map_or(0, |(position, _)| *position);
            let page = self.history.after(after).await.expect("readable");
            if page.is_empty() {
                return all;
            }
            let parse = |stored| crate::history::reader::parse(stored).expect("readable");
            all.extend(page.iter().map(|stored| (stored.position, parse(stored))));
        }
    }

    /// Checks that the store holds exactly these events in this order, at positions without a gap.
    pub(super) async fn holds(&self, events: &[Arc<Event>]) {
        let stored = self.stored().await;
        let positions: Vec<_> = stored.iter().map(|(position, _)| *position).collect();
        assert_eq!(positions, (1..).take(events.len()).collect::<Vec<i64>>(), "positions have no gap");
        for ((_, stored), event) in stored.iter().zip(events) {
            assert_eq!(stored, &**event);
        }
    }
}

/// A tail of one shop without content.
pub(super) fn disposal(tail: &[Arc<Event>]) -> Disposal {
    let shop = tail.first().expect("a tail has events").shop;
    Disposal { shop, epoch: Epoch(1), tail: tail.to_vec(), bodies: Vec::new() }
}

/// What was said in an event.
pub(super) fn content(event: &Event, text: &str) -> Content {
    let conversation = event.conversation.expect("something is said in a conversation");
    let body = Body { kind: 1, text: text.into(), reference: String::new() };
    Content { event: event.id, conversation, body }
}
