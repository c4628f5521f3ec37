//! What this service keeps, in SQLite or PostgreSQL.
//!
//! A change goes through [`Store::once`]: one transaction that takes the directory's head row first (so changes
//! are serial, and their versions become visible in the order of their commits), finds the answer again when the
//! request is a repetition, does the work, remembers the answer, and commits. Only then are followers woken and
//! the caller answered. Reads go past the writer.
//!
//! Invariants: rows never leave this module; a version is used once; every row of a shop is found through its
//! [`Tenant`]; a refusal leaves nothing behind.

mod audit;
mod bindings;
mod change;
mod directory;
mod fault;
mod login_attempts;
mod members;
mod memory;
mod migrations;
mod rosters;
mod rows;
mod sanctions;
mod service_tokens;
mod sign_ins;
mod tenant;
mod trust;
mod violations;

#[cfg(test)]
mod tests;

use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::time::Timestamp;
use fenliu_runtime::clock::SharedClock;
use fenliu_runtime::platform::Platform;
use fenliu_runtime::sql::{Database, DatabaseConfig, OpenError};
use futures::future::BoxFuture;
use prost::Message;
use sea_orm::{
    ColumnTrait, DatabaseBackend, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

pub(crate) use self::audit::{AuditEntry, AuditFilter};
pub(crate) use self::change::{ACCESS_TOKEN_LIFE, Change};
pub(crate) use self::directory::{DirectoryEntry, DirectoryPage};
pub(crate) use self::fault::Fault;
pub(crate) use self::migrations::Migrator;
pub(crate) use self::rosters::ExceptionFilter;
pub(crate) use self::sanctions::SanctionFilter;
pub(crate) use self::sign_ins::Found;
pub(crate) use self::tenant::{AccountFilter, BindingFilter, Tenant};
pub(crate) use self::trust::Trust;
pub(crate) use self::violations::{Cursor, ViolationFilter};

use self::change::Actor;
use self::rows::{binding, shop};
use crate::binding::Binding;
use crate::call::{Call, Occasion};
use crate::shop::Shop;

/// Something as it was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored<T> {
    /// What was stored.
    pub(crate) value: T,
    /// The version that created it; its place in lists, oldest first.
    pub(crate) number: i64,
    /// The version that changed it last.
    pub(crate) version: i64,
}

impl<T> Stored<T> {
    /// Changes with every change.
    pub(crate) fn etag(&self) -> String {
        format!("v{:x}", self.version)
    }
}

/// The way to everything that is kept. Clones share it.
#[derive(Clone)]
pub(crate) struct Store {
    db: Database,
    clock: SharedClock,
    tasks: TaskTracker,
    /// Counts the commits of this process, and those of others as far as somebody noticed them.
    commits: watch::Sender<u64>,
}

impl Store {
    /// Opens the database and brings its schema up to date.
    ///
    /// # Errors
    /// When the database cannot be reached, lacks the durability that is promised, or cannot be migrated.
    pub(crate) async fn open(config: &DatabaseConfig, platform: &Platform) -> Result<Self, OpenError> {
        let db = Database::open_migrated::<Migrator>(config).await?;
        Ok(Self {
            db,
            clock: platform.clock.clone(),
            tasks: platform.lifecycle.tracker(),
            commits: watch::Sender::new(0),
        })
    }

    /// Does `work` and answers what it answers, or answers what was answered before when `call` is a repetition.
    ///
    /// The whole runs in a task of its own: a caller who goes away neither leaves a transaction open nor keeps
    /// followers from hearing of what was committed.
    ///
    /// # Errors
    /// Whatever `work` refuses, with nothing changed; REQUEST_ID_REUSED; STORE_UNAVAILABLE.
    pub(crate) async fn once<M, F>(&self, call: Call, work: F) -> Result<M, Problem>
    where
        M: Message + Default + 'static,
        F: for<'a> FnOnce(Change<'a>) -> BoxFuture<'a, Result<M, Fault>> + Send + 'static,
    {
        let store = self.clone();
        let attempt = self.tasks.spawn(async move { store.attempt(call, work).await });
        let ended = attempt.await.map_err(|panic| {
            tracing::error!(%panic, "a change panicked; its transaction was rolled back");
            Problem::new(Reason::Internal, "a defect of fenliu; the log has the details")
        })?;
        ended.map_err(Fault::into_problem)
    }

    async fn attempt<M, F>(&self, call: Call, work: F) -> Result<M, Fault>
    where
        M: Message + Default + 'static,
        F: for<'a> FnOnce(Change<'a>) -> BoxFuture<'a, Result<M, Fault>> + Send + 'static,
    {
        let clock = self.clock.clone();
        let committed = self.db.transaction(move |txn| {
            Box::pin(async move {
                let change = Change::begin(txn, &clock, Actor::of(&call)).await?;
                let now = change.now();
                memory::recall(txn, &call, now).await?;
                let answer = work(change).await?;
                memory::remember(txn, &call, answer.encode_to_vec(), now).await?;
                memory::prune(txn, now).await?;
                Ok::<M, Fault>(answer)
            })
        });
        match committed.await {
            Ok(answer) => {
                self.announce();
                Ok(answer)
            }
            Err(Fault::Repeated(answer)) => M::decode(&*answer).map_err(|error| memory::unreadable(&error)),
            Err(fault) => Err(fault),
        }
    }

    /// Does `work` that nobody asked for: what is due by time. It has no request id; whoever repeats it finds it done.
    ///
    /// # Errors
    /// Whatever `work` refuses, with nothing changed; STORE_UNAVAILABLE.
    pub(crate) async fn by_itself<T, F>(&self, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(Change<'a>) -> BoxFuture<'a, Result<T, Fault>> + Send + 'static,
    {
        self.unremembered(Actor::fenliu(), work).await
    }

    /// Does `work` that somebody asked for and that is not remembered, because its answer must not be: one with
    /// secrets in it.
    ///
    /// # Errors
    /// As [`Store::by_itself`].
    pub(crate) async fn unrepeatable<T, F>(&self, occasion: Occasion, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(Change<'a>) -> BoxFuture<'a, Result<T, Fault>> + Send + 'static,
    {
        self.unremembered(Actor::on(occasion), work).await
    }

    async fn unremembered<T, F>(&self, actor: Actor, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(Change<'a>) -> BoxFuture<'a, Result<T, Fault>> + Send + 'static,
    {
        let clock = self.clock.clone();
        let done = self.db.transaction(move |txn| {
            Box::pin(async move {
                let change = Change::begin(txn, &clock, actor).await?;
                work(change).await
            })
        });
        let done = done.await.map_err(Fault::into_problem)?;
        self.announce();
        Ok(done)
    }

    /// Several reads of one shop on one state of the store.
    ///
    /// # Errors
    /// Whatever `work` refuses; STORE_UNAVAILABLE.
    pub(crate) async fn reading<T, F>(&self, shop: ShopId, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(Tenant<'a, DatabaseTransaction>) -> BoxFuture<'a, Result<T, Fault>>
            + Send
            + 'static,
    {
        let read = self.db.snapshot(move |txn| work(Tenant::new(txn, shop)));
        read.await.map_err(Fault::into_problem)
    }

    /// What time it is for whoever reads.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Everything of one shop.
    pub(crate) fn tenant(&self, shop: ShopId) -> Tenant<'_, sea_orm::DatabaseConnection> {
        Tenant::new(self.db.reader(), shop)
    }

    /// Shops created after the one with this number, oldest first, at most `limit`.
    pub(crate) async fn shops_after(&self, number: i64, limit: u64) -> Result<Vec<Stored<Shop>>, Fault> {
        let rows = shop::Entity::find()
            .filter(shop::Column::Number.gt(number))
            .order_by_asc(shop::Column::Number)
            .limit(limit)
            .all(self.db.reader())
            .await?;
        rows.into_iter().map(Stored::try_from).collect()
    }

    /// The shops an account works for.
    pub(crate) async fn shops_of(&self, agent: AgentId) -> Result<Vec<ShopId>, Fault> {
        let rows = members::active()
            .filter(binding::Column::AgentId.eq(agent.to_string()))
            .order_by_asc(binding::Column::Number)
            .all(self.db.reader())
            .await?;
        rows.into_iter().map(|row| Ok(Stored::<Binding>::try_from(row)?.value.shop)).collect()
    }

    /// Wakes whenever something may have changed. What it shows is no version: read the directory to learn more.
    pub(crate) fn commits(&self) -> watch::Receiver<u64> {
        self.commits.subscribe()
    }

    /// Whether other processes may write here, too: on PostgreSQL, never on SQLite.
    pub(crate) fn has_other_replicas(&self) -> bool {
        self.db.backend() == DatabaseBackend::Postgres
    }

    /// Wakes followers.
    pub(crate) fn announce(&self) {
        self.commits.send_modify(|count| *count = count.wrapping_add(1));
    }
}
