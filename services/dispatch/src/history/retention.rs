//! What of the history has gone into an archive: which ranges may go, how one goes and comes back, and how whoever asks
//! for it is told.

use std::collections::BTreeMap;

use fenliu_domain::desk::event::Event;
use fenliu_domain::ids::{ConversationId, EventId, ShopId};
use fenliu_domain::time::Timestamp;
use fenliu_runtime::sql::Rows;
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::Uuid;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseBackend, DatabaseTransaction, DbErr, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect,
};

use super::partitions::{Range, append_only, attached, new_table, ranges};
use super::reader::{History, Stored};
use super::rows::{archived_range, desk_snapshot, event};
use super::writer::store::row;
use super::{Fault, uuid};

/// Events read at once.
pub(crate) const PAGE: u64 = 1_000;

/// A range of the history that has gone into a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Gone {
    pub(crate) range: Range,
    /// The event at its last position.
    pub(crate) last_event: EventId,
    /// Name of the file.
    pub(crate) file: String,
    /// SHA-256 of the file, in hexadecimal.
    pub(crate) sha256: String,
}

impl History {
    /// The last range that has gone into an archive; all before it have, too.
    pub(crate) async fn last_gone(&self) -> Result<Option<Gone>, Fault> {
        let query = archived_range::Entity::find().order_by_desc(archived_range::Column::FirstPosition);
        let row = query.limit(1).one(self.database().reader()).await?;
        Ok(row.map(|row| Gone {
            range: Range { first: row.first_position, last: row.last_position },
            last_event: EventId::from_bits(row.last_event_id.as_u128()),
            file: row.file,
            sha256: row.sha256,
        }))
    }

    /// Up to which position the history lies in an archive; 0 when all of it is here.
    pub(crate) async fn gone_until(&self) -> Result<i64, Fault> {
        Ok(self.last_gone().await?.map_or(0, |gone| gone.range.last))
    }

    /// Events of a range, in order, from after a position on.
    pub(crate) async fn within(&self, range: Range, after: i64) -> Result<Vec<Stored>, Fault> {
        let query = event::Entity::find()
            .filter(event::Column::Position.gt(after.max(range.first - 1)))
            .filter(event::Column::Position.lte(range.last))
            .order_by_asc(event::Column::Position)
            .limit(PAGE);
        self.read(query).await
    }

    /// Ranges that are whole and end before a position, in order, those that have gone left out: partitions on a
    /// PostgreSQL; on SQLite as many events each as asked for, and the rest.
    pub(crate) async fn ranges_before(&self, before: i64, size: u32) -> Result<Vec<Range>, Fault> {
        let before = before.min(self.position().await?.saturating_add(1));
        if self.is_split() {
            let ranges = ranges(self.database().reader()).await?;
            return Ok(ranges.into_iter().filter(|range| range.last < before).collect());
        }
        let (mut ranges, mut first) = (Vec::new(), self.gone_until().await? + 1);
        while first < before {
            let last = (first + i64::from(size)).min(before) - 1;
            ranges.push(Range { first, last });
            first = last + 1;
        }
        Ok(ranges)
    }

    /// The first position that was recorded at a moment or later; beyond the last one when there is none. It reads through
    /// everything before.
    pub(crate) async fn first_since(&self, moment: Timestamp) -> Result<i64, Fault> {
        let since: Option<(i64,)> = event::Entity::find()
            .select_only()
            .column(event::Column::Position)
            .filter(event::Column::RecordedTime.gte(moment.micros()))
            .order_by_asc(event::Column::Position)
            .limit(1)
            .into_tuple()
            .one(self.database().reader())
            .await?;
        Ok(since.map_or(i64::MAX, |(position,)| position))
    }

    /// Whether ranges are partitions, and not only counted.
    pub(crate) fn is_split(&self) -> bool {
        self.database().backend() == DatabaseBackend::Postgres
    }

    /// Shops whose last snapshot does not hold all of their events in a range: without those they could not be rebuilt.
    pub(crate) async fn uncovered(&self, range: Range) -> Result<Vec<ShopId>, Fault> {
        let reader = self.database().reader();
        let needed: Vec<(Uuid, Option<i64>)> = event::Entity::find()
            .select_only()
            .column(event::Column::ShopId)
            .column_as(event::Column::Seq.max(), "seq")
            .filter(event::Column::Position.between(range.first, range.last))
            .group_by(event::Column::ShopId)
            .into_tuple()
            .all(reader)
            .await?;
        let taken: Vec<(Uuid, Option<i64>)> = desk_snapshot::Entity::find()
            .select_only()
            .column(desk_snapshot::Column::ShopId)
            .column_as(desk_snapshot::Column::Seq.max(), "seq")
            .group_by(desk_snapshot::Column::ShopId)
            .into_tuple()
            .all(reader)
            .await?;
        let taken: BTreeMap<_, _> = taken.into_iter().collect();
        let uncovered = needed.into_iter().filter(|(shop, seq)| taken.get(shop).is_none_or(|it| it < seq));
        Ok(uncovered.map(|(shop, _)| ShopId::from_bits(shop.as_u128())).collect())
    }

    /// Removes a range that lies in an archive, and notes where.
    pub(crate) async fn remove(&self, gone: Gone, now: i64) -> Result<(), Fault> {
        self.database()
            .transaction(move |txn| {
                Box::pin(async move {
                    remove_events(txn, gone.range).await?;
                    let note = archived_range::ActiveModel {
                        first_position: Set(gone.range.first),
                        last_position: Set(gone.range.last),
                        last_event_id: Set(uuid(gone.last_event.bits())),
                        file: Set(gone.file),
                        sha256: Set(gone.sha256),
                        archived_time: Set(now),
                    };
                    archived_range::Entity::insert(note).exec_without_returning(txn).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Puts a range back; `events` gives all of it, page by page and in order.
    pub(crate) async fn put_back(
        &self,
        range: Range,
        mut events: impl FnMut() -> Result<Vec<(i64, Event)>, Fault> + Send + 'static,
    ) -> Result<(), Fault> {
        self.database()
            .transaction(move |txn| {
                Box::pin(async move {
                    make_room(txn, range).await?;
                    loop {
                        let page = events()?;
                        if page.is_empty() {
                            break;
                        }
                        let rows = page.iter().map(|(position, event)| row(event, *position));
                        let rows = rows.collect::<Result<Vec<_>, _>>()?;
                        Rows::of(rows, "")?.insert(txn).await?;
                    }
                    archived_range::Entity::delete_by_id(range.first).exec(txn).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Makes sure that all events of a conversation after a number are here.
    ///
    /// # Errors
    /// [`Fault::Archived`].
    pub(super) async fn expect_whole(
        &self,
        shop: ShopId,
        conversation: ConversationId,
        after: u64,
    ) -> Result<(), Fault> {
        let until = self.gone_until().await?;
        if until == 0 {
            return Ok(());
        }
        let first = event::Entity::find()
            .filter(event::Column::ShopId.eq(uuid(shop.bits())))
            .filter(event::Column::ConversationId.eq(uuid(conversation.bits())))
            .order_by_asc(event::Column::Seq)
            .limit(1)
            .one(self.database().reader())
            .await?;
        let whole = first.is_some_and(|first| {
            let begins = first.event_id == uuid(conversation.bits());
            begins || u64::try_from(first.seq).is_ok_and(|seq| seq <= after)
        });
        if whole { Ok(()) } else { Err(Fault::Archived { until, seq: None }) }
    }

    /// Makes sure that a shop's events after a number are here: they are numbered without a gap, so the first shows it.
    ///
    /// # Errors
    /// [`Fault::Archived`]; or corruption, when nothing was archived.
    pub(super) async fn expect_next(
        &self,
        shop: ShopId,
        after: u64,
        first: Option<&Stored>,
    ) -> Result<(), Fault> {
        let missing = match first {
            Some(first) if first.event.seq == after + 1 => return Ok(()),
            Some(first) => first.event.seq - 1,
            None => match self.head(shop).await? {
                Some((seq, _)) if seq > after => seq,
                _ => return Ok(()),
            },
        };
        match self.gone_until().await? {
            // Whoever has read nothing may have been overtaken by a commit.
            0 if first.is_none() => Ok(()),
            0 => Err(Fault::corrupt("event", "seq", format!("{shop}/{}", after + 1), "is missing")),
            until => Err(Fault::Archived { until, seq: Some(missing) }),
        }
    }

    /// Makes sure that the events after a position are here.
    ///
    /// # Errors
    /// [`Fault::Archived`]; or corruption, when nothing was archived.
    pub(super) async fn expect_next_position(&self, after: i64, first: Option<&Stored>) -> Result<(), Fault> {
        if first.is_some_and(|first| first.position == after + 1) {
            return Ok(());
        }
        match self.gone_until().await? {
            until if until > after => Err(Fault::Archived { until, seq: None }),
            _ if first.is_none() => Ok(()),
            _ => Err(Fault::corrupt("event", "position", after + 1, "is missing")),
        }
    }
}

async fn remove_events(txn: &DatabaseTransaction, range: Range) -> Result<(), DbErr> {
    if txn.get_database_backend() == DatabaseBackend::Postgres {
        let table = range.partition();
        let dropped = format!("ALTER TABLE event DETACH PARTITION {table}; DROP TABLE {table}");
        return txn.execute_unprepared(&dropped).await.map(drop);
    }
    // The trigger that keeps events from being deleted is away within this transaction only.
    txn.execute_unprepared("DROP TRIGGER event_not_deleted").await?;
    event::Entity::delete_many()
        .filter(event::Column::Position.between(range.first, range.last))
        .exec(txn)
        .await?;
    let refuse = "CREATE TRIGGER event_not_deleted BEFORE DELETE ON event \
        BEGIN SELECT RAISE(ABORT, 'event is append-only'); END";
    txn.execute_unprepared(refuse).await.map(drop)
}

/// A range that comes back has a partition of its own again.
async fn make_room(txn: &DatabaseTransaction, range: Range) -> Result<(), DbErr> {
    if txn.get_database_backend() == DatabaseBackend::Postgres {
        let table = range.partition();
        for statement in [new_table(&table), attached(range), append_only(&table)] {
            txn.execute_unprepared(&statement).await?;
        }
    }
    Ok(())
}
