//! Logging what other systems report, and making facts of it.

use std::collections::{BTreeMap, BTreeSet};

use fenliu_domain::day::Zone;
use fenliu_domain::exchange::{Conversation, Happening};
use fenliu_domain::ids::ShopId;
use fenliu_domain::time::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, Select,
};

use super::changes::{self, Changes, Zones};
use super::facts::{Facts, Written};
use super::orders::{self, Order};
use super::rows::{Place, conversation, imported_event, page, shop};
use super::{Fault, HISTORY, Key, Logged};
use crate::imported;

/// Conversations whose facts are made anew in one transaction.
const REMADE_AT_ONCE: u64 = 500;

/// Records of one source, of one shop.
#[derive(Clone, Debug)]
pub(crate) struct ImportedBatch {
    pub(crate) shop: ShopId,
    pub(crate) source: String,
    pub(crate) zone: Zone,
    /// At most as many as the contract lets into one request.
    pub(crate) records: Vec<Record>,
    /// Likewise.
    pub(crate) orders: Vec<Order>,
}

/// One record of another system.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) record_id: String,
    pub(crate) conversation: String,
    /// When it reached those who see to the conversation.
    pub(crate) at: Timestamp,
    /// Its place among those of the same moment.
    pub(crate) rank: u32,
    /// What it says, in order.
    pub(crate) happenings: Vec<Happening>,
    /// As it came.
    pub(crate) payload: Vec<u8>,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Imported {
    /// Records and orders that were new.
    pub(crate) imported: u64,
    /// Records and orders that had come before, in this batch or an earlier one.
    pub(crate) repeated: u64,
}

pub(super) async fn import(txn: &DatabaseTransaction, batch: ImportedBatch) -> Result<Imported, Fault> {
    // This makes and locks the shop's row, so that two imports of one shop never make the same facts at the same time.
    let shop = batch.shop.to_string();
    changes::rezone(txn, &BTreeSet::from([shop.as_str()]), save_zone(txn, &batch)).await?;
    let all = (batch.records.len() + batch.orders.len()) as u64;
    let source = batch.source;
    let fresh = without_known(txn, &shop, &source, batch.records).await?;
    let imported = fresh.len() as u64 + orders::import(txn, &shop, &source, batch.orders).await?;
    if !fresh.is_empty() {
        log(txn, &shop, &source, &fresh).await?;
        make_facts(txn, &shop, &source, fresh).await?;
    }
    Ok(Imported { imported, repeated: all - imported })
}

async fn save_zone(txn: &DatabaseTransaction, batch: &ImportedBatch) -> Result<(), Fault> {
    let row = shop::ActiveModel {
        shop_id: Set(batch.shop.to_string()),
        policy_zone: Set(None),
        import_zone: Set(Some(batch.zone.name().to_owned())),
    };
    let replace = OnConflict::column(shop::Column::ShopId).update_column(shop::Column::ImportZone).to_owned();
    shop::Entity::insert(row).on_conflict(replace).exec_without_returning(txn).await?;
    Ok(())
}

/// Leaves out what the log has, and of what comes twice the second.
async fn without_known(
    txn: &DatabaseTransaction,
    shop: &str,
    source: &str,
    records: Vec<Record>,
) -> Result<Vec<Record>, Fault> {
    let ids: Vec<_> = records.iter().map(|record| record.record_id.as_str()).collect();
    let known = log_of(shop, source)
        .select_only()
        .column(imported_event::Column::RecordId)
        .filter(imported_event::Column::RecordId.is_in(ids))
        .into_tuple::<String>()
        .all(txn)
        .await?;
    let mut seen: BTreeSet<String> = known.into_iter().collect();
    Ok(records.into_iter().filter(|record| seen.insert(record.record_id.clone())).collect())
}

fn log_of(shop: &str, source: &str) -> Select<imported_event::Entity> {
    imported_event::Entity::find()
        .filter(imported_event::Column::ShopId.eq(shop))
        .filter(imported_event::Column::Source.eq(source))
}

async fn log(txn: &DatabaseTransaction, shop: &str, source: &str, fresh: &[Record]) -> Result<(), Fault> {
    let row = |record: &Record| imported_event::ActiveModel {
        shop_id: Set(shop.to_owned()),
        source: Set(source.to_owned()),
        conversation: Set(record.conversation.clone()),
        occurred_us: Set(record.at.micros()),
        rank: Set(record.rank.into()),
        record_id: Set(record.record_id.clone()),
        payload: Set(record.payload.clone()),
    };
    imported_event::Entity::insert_many(fresh.iter().map(row)).exec_without_returning(txn).await?;
    Ok(())
}

/// Makes the facts of every conversation the records touch, from its whole log.
async fn make_facts(
    txn: &DatabaseTransaction,
    shop: &str,
    source: &str,
    fresh: Vec<Record>,
) -> Result<(), Fault> {
    let mut changes = Changes::new(Zones::of(txn, &BTreeSet::from([shop])).await?);
    let touched: BTreeSet<_> = fresh.iter().map(|record| record.conversation.clone()).collect();
    let grown = known_among(txn, shop, source, &touched, &mut changes).await?;
    let mut logs = logs_of(txn, shop, source, &grown).await?;
    for record in fresh.into_iter().filter(|record| !grown.contains(&record.conversation)) {
        let Record { record_id, conversation, at, rank, happenings, .. } = record;
        logs.entry(conversation).or_default().push(Logged { at, rank, record_id, happenings });
    }
    clear(txn, shop, source, &grown).await?;
    write(txn, shop, source, logs, &mut changes).await?;
    changes.save(txn).await
}

/// Makes the facts of conversations from their whole logs, and writes them over what is there.
async fn write(
    txn: &DatabaseTransaction,
    shop: &str,
    source: &str,
    logs: BTreeMap<String, Vec<Logged>>,
    changes: &mut Changes,
) -> Result<(), Fault> {
    let mut written = Written::default();
    for (conversation, mut log) in logs {
        log.sort_by(|a, b| (a.at, a.rank, &a.record_id).cmp(&(b.at, b.rank, &b.record_id)));
        let key = Key { shop: shop.to_owned(), source: source.to_owned(), conversation };
        let folded = Conversation::fold(String::new(), log.into_iter().flat_map(|logged| logged.happenings));
        changes.note(shop, &folded.session);
        written.add(&key, &mut Facts::of(folded));
    }
    written.save(txn).await
}

/// Those that have facts already, whose days are noted as they were.
async fn known_among(
    txn: &DatabaseTransaction,
    shop: &str,
    source: &str,
    touched: &BTreeSet<String>,
    changes: &mut Changes,
) -> Result<BTreeSet<String>, Fault> {
    let known = conversation::Entity::find()
        .select_only()
        .columns([
            conversation::Column::Conversation,
            conversation::Column::BeginsUs,
            conversation::Column::EndsUs,
        ])
        .filter(conversation::Column::ShopId.eq(shop))
        .filter(conversation::Column::Source.eq(source))
        .filter(conversation::Column::Conversation.is_in(touched))
        .into_tuple::<(String, i64, i64)>()
        .all(txn)
        .await?;
    let mut names = BTreeSet::new();
    for (name, begins, ends) in known {
        let place = Place::of_conversation("begins_us", &name);
        changes.note_between(shop, place.time(begins)?, place.time(ends)?);
        names.insert(name);
    }
    Ok(names)
}

async fn logs_of(
    txn: &DatabaseTransaction,
    shop: &str,
    source: &str,
    conversations: &BTreeSet<String>,
) -> Result<BTreeMap<String, Vec<Logged>>, Fault> {
    let mut logs: BTreeMap<String, Vec<Logged>> = BTreeMap::new();
    if conversations.is_empty() {
        return Ok(logs);
    }
    let rows = log_of(shop, source)
        .filter(imported_event::Column::Conversation.is_in(conversations))
        .all(txn)
        .await?;
    for row in rows {
        let imported::Told { at, happenings } = imported::from_log(&row.payload).map_err(|why| {
            Fault::Corrupt { table: "imported_event", column: "payload", row: row.record_id.clone(), why }
        })?;
        let rank = u32::try_from(row.rank).unwrap_or(u32::MAX);
        let logged = Logged { at, rank, record_id: row.record_id, happenings };
        logs.entry(row.conversation).or_default().push(logged);
    }
    Ok(logs)
}

async fn clear(
    txn: &DatabaseTransaction,
    shop: &str,
    source: &str,
    conversations: &BTreeSet<String>,
) -> Result<(), Fault> {
    if conversations.is_empty() {
        return Ok(());
    }
    page::Entity::delete_many()
        .filter(page::Column::ShopId.eq(shop))
        .filter(page::Column::Source.eq(source))
        .filter(page::Column::Conversation.is_in(conversations))
        .exec(txn)
        .await?;
    Ok(())
}

/// Makes the facts of the next imported conversations after one anew, from their whole logs; the last of them, or `None` when
/// there are no more.
pub(super) async fn remake(txn: &DatabaseTransaction, after: Option<Key>) -> Result<Option<Key>, Fault> {
    let place = [
        imported_event::Column::ShopId,
        imported_event::Column::Source,
        imported_event::Column::Conversation,
    ];
    let later = after.map_or_else(Condition::all, |after| {
        let known = [after.shop, after.source, after.conversation].map(Expr::value);
        Condition::all().add(Expr::tuple(place.map(Expr::col)).gt(Expr::tuple(known)))
    });
    let next: Vec<(String, String, String)> = imported_event::Entity::find()
        .select_only()
        .columns(place)
        .distinct()
        .filter(later)
        .order_by_asc(imported_event::Column::ShopId)
        .order_by_asc(imported_event::Column::Source)
        .order_by_asc(imported_event::Column::Conversation)
        .limit(REMADE_AT_ONCE)
        .into_tuple()
        .all(txn)
        .await?;
    lock(txn, next.iter().map(|(shop, ..)| shop.as_str()).collect()).await?;
    let mut of_source: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for (shop, source, conversation) in &next {
        of_source.entry((shop.clone(), source.clone())).or_default().insert(conversation.clone());
    }
    let mut changes =
        Changes::new(Zones::of(txn, &next.iter().map(|(shop, ..)| shop.as_str()).collect()).await?);
    for ((shop, source), conversations) in of_source {
        let logs = logs_of(txn, &shop, &source, &conversations).await?;
        write(txn, &shop, &source, logs, &mut changes).await?;
    }
    changes.save(txn).await?;
    Ok(next.into_iter().next_back().map(|(shop, source, conversation)| Key { shop, source, conversation }))
}

/// Locks shops' rows as an import does, so that none makes facts of a part of a log meanwhile.
async fn lock(txn: &DatabaseTransaction, shops: BTreeSet<&str>) -> Result<(), Fault> {
    let rows = shop::Entity::find().filter(shop::Column::ShopId.is_in(shops));
    rows.order_by_asc(shop::Column::ShopId).lock_exclusive().all(txn).await?;
    Ok(())
}

/// Forgets the facts of everything that was imported, of which the log remains.
pub(super) async fn forget_facts(txn: &DatabaseTransaction) -> Result<(), Fault> {
    page::Entity::delete_many().filter(page::Column::Source.ne(HISTORY)).exec(txn).await?;
    conversation::Entity::delete_many().filter(conversation::Column::Source.ne(HISTORY)).exec(txn).await?;
    changes::note_all(txn).await
}
