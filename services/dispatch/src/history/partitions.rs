//! Where the events lie: on a PostgreSQL in partitions, each a range of positions, made before they are needed; on SQLite
//! in one table, which is only counted in ranges.
//!
//! A partition's name says its range: `event_p1_10000000` has the first ten million. Each has a unique index of its own over
//! shop and number, as a second net under the writer's fence, and refuses to be changed like the whole. Should nobody
//! make the next one in time, `event_default` takes what comes, and becomes a range of its own once somebody does.

use std::fmt;

use fenliu_runtime::sql::Database;
use sea_orm::{
    ConnectionTrait, DatabaseBackend, DatabaseTransaction, DbErr, EntityTrait, QueryOrder, QuerySelect,
    Statement,
};

use super::Fault;
use super::rows::archived_range;
use super::rows::log_head::{self, LOG_HEAD};

/// The PostgreSQL lock that whoever makes partitions holds, so that replicas do not do it twice: "flpart" in hexadecimal.
const PARTITIONS_LOCK: i64 = 0x66_6c_70_61_72_74;
/// How long making a partition may wait for those who read events, in milliseconds; all others wait behind it.
const LOCK_PATIENCE_MS: u32 = 1_000;
/// Partitions made ahead of need, besides the one in use.
const AHEAD: i64 = 2;

/// Positions from the first to the last, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Range {
    pub(crate) first: i64,
    pub(crate) last: i64,
}

impl Range {
    /// The range that a partition's name says.
    fn of(partition: &str) -> Option<Self> {
        let (first, last) = partition.strip_prefix("event_p")?.split_once('_')?;
        Some(Self { first: first.parse().ok()?, last: last.parse().ok()? })
    }

    /// The name of its partition.
    pub(crate) fn partition(self) -> String {
        format!("event_p{}_{}", self.first, self.last)
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.first, self.last)
    }
}

/// The ranges of a history.
#[derive(Clone, Debug)]
pub(crate) struct Partitions {
    database: Database,
    /// Positions of a new one.
    size: i64,
}

impl Partitions {
    pub(crate) fn new(database: Database, size: u32) -> Self {
        Self { database, size: size.into() }
    }

    /// Makes the partitions that will be needed, unless they are there, and names them. Nothing on SQLite.
    pub(crate) async fn keep_ahead(&self) -> Result<Vec<String>, Fault> {
        if self.database.backend() != DatabaseBackend::Postgres {
            return Ok(Vec::new());
        }
        let reader = self.database.reader();
        let (head, covered) = (head(reader).await?, covered(reader).await?);
        // Well before the last one is full.
        if covered >= head + self.size && default_is_empty(reader).await? {
            return Ok(Vec::new());
        }
        let size = self.size;
        self.database.transaction(move |txn| Box::pin(async move { make(txn, size).await })).await
    }
}

/// Up to where there are ranges, here or in an archive; 0 before the first.
async fn covered(connection: &impl ConnectionTrait) -> Result<i64, DbErr> {
    let here = ranges(connection).await?.last().map_or(0, |range| range.last);
    let gone = archived_range::Entity::find().order_by_desc(archived_range::Column::LastPosition);
    let gone = gone.limit(1).one(connection).await?.map_or(0, |gone| gone.last_position);
    Ok(here.max(gone))
}

async fn head(connection: &impl ConnectionTrait) -> Result<i64, Fault> {
    let head = log_head::Entity::find_by_id(LOG_HEAD).one(connection).await?;
    Ok(head.map_or(0, |head| head.position))
}

/// The ranges that have a partition, in order.
pub(crate) async fn ranges(connection: &impl ConnectionTrait) -> Result<Vec<Range>, DbErr> {
    let children = "SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
        WHERE i.inhparent = 'event'::regclass";
    let rows = connection.query_all_raw(Statement::from_string(DatabaseBackend::Postgres, children)).await?;
    let names = rows.iter().map(|row| row.try_get_by_index::<String>(0)).collect::<Result<Vec<_>, _>>()?;
    let mut ranges: Vec<_> = names.iter().filter_map(|name| Range::of(name)).collect();
    ranges.sort_unstable();
    Ok(ranges)
}

async fn default_is_empty(connection: &impl ConnectionTrait) -> Result<bool, DbErr> {
    let any = Statement::from_string(DatabaseBackend::Postgres, "SELECT 1 FROM event_default LIMIT 1");
    Ok(connection.query_one_raw(any).await?.is_none())
}

async fn make(txn: &DatabaseTransaction, size: i64) -> Result<Vec<String>, Fault> {
    let alone = format!(
        "SET LOCAL lock_timeout = {LOCK_PATIENCE_MS}; SELECT pg_advisory_xact_lock({PARTITIONS_LOCK})"
    );
    txn.execute_unprepared(&alone).await?;
    let mut made = Vec::new();
    if !default_is_empty(txn).await? {
        made.push(name_the_default(txn).await?);
    }
    let head = head(txn).await?;
    let mut covered = covered(txn).await?;
    while covered < head + AHEAD * size {
        let range = Range { first: covered + 1, last: covered + size };
        let table = range.partition();
        txn.execute_unprepared(&new_table(&table)).await?;
        txn.execute_unprepared(&attached(range)).await?;
        txn.execute_unprepared(&append_only(&table)).await?;
        covered = range.last;
        made.push(table);
    }
    Ok(made)
}

/// Makes what the default partition has taken a range of its own, while nobody stores anything.
async fn name_the_default(txn: &DatabaseTransaction) -> Result<String, Fault> {
    let wait = format!("SELECT position FROM log_head WHERE id = {LOG_HEAD} FOR UPDATE");
    txn.execute_unprepared(&wait).await?;
    let range = Range { first: covered(txn).await? + 1, last: head(txn).await? };
    let table = range.partition();
    let renamed = format!(
        "ALTER TABLE event DETACH PARTITION event_default;
        ALTER TABLE event_default RENAME TO {table};
        ALTER INDEX event_default_by_shop_seq RENAME TO {table}_by_shop_seq;"
    );
    txn.execute_unprepared(&renamed).await?;
    txn.execute_unprepared(&attached(range)).await?;
    txn.execute_unprepared(&new_table("event_default")).await?;
    txn.execute_unprepared("ALTER TABLE event ATTACH PARTITION event_default DEFAULT").await?;
    txn.execute_unprepared(&append_only("event_default")).await?;
    Ok(table)
}

/// A table that can become a partition without keeping anybody waiting.
pub(crate) fn new_table(name: &str) -> String {
    format!(
        "CREATE TABLE {name} (LIKE event INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES);
        CREATE UNIQUE INDEX {name}_by_shop_seq ON {name} (shop_id, seq)"
    )
}

pub(crate) fn attached(range: Range) -> String {
    let Range { first, last } = range;
    let table = range.partition();
    format!("ALTER TABLE event ATTACH PARTITION {table} FOR VALUES FROM ({first}) TO ({})", last + 1)
}

/// Statements on the whole do not fire the triggers of its parts, nor the other way round.
pub(crate) fn append_only(table: &str) -> String {
    format!(
        "CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION event_append_only()"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_is_called_after_its_range() {
        let range = Range { first: 11, last: 20 };
        assert_eq!(Range::of(&range.partition()), Some(range));
        for other in ["event_default", "event", "event_p1", "event_px_2", "event_p1_2_old"] {
            assert_eq!(Range::of(other), None, "{other}");
        }
    }
}
