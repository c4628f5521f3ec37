//! Working the history in, batch by batch.

use std::collections::BTreeMap;

use fenliu_domain::alert::Word;
use fenliu_domain::day::Zone;
use fenliu_domain::exchange::Happening;
use fenliu_domain::ids::ShopId;
use rustc_hash::FxHashMap;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter,
    QuerySelect,
};

use super::agents::{self, Told};
use super::alerts::{self, Heard, Moved, Watch};
use super::changes::{self, Changes, Zones};
use super::facts::{Facts, Written, facts_of};
use super::recent::Recent;
use super::rows::{conversation, log_cursor, page, shop};
use super::{Cursor, Fault, HISTORY, Key};

/// Shops of one statement, of 2 parameters each.
const SHOPS_AT_ONCE: usize = 5_000;

/// Some of the history, in order of position and without a hole.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    /// Where the history must have been worked in up to.
    pub(crate) after: Cursor,
    /// Its last event.
    pub(crate) until: Cursor,
    /// What it says, in order, as it came.
    pub(crate) steps: Vec<Vec<Step>>,
    /// What alerts want to know of its conversations; `None` = nothing.
    pub(crate) watch: Option<Watch>,
}

/// One thing the history says.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// There is such a shop.
    Shop(ShopId),
    /// Its local time is that of this zone from now on.
    Zone(ShopId, Zone),
    /// Something happened that bears on its agents.
    Agents(ShopId, Told),
    /// It serves from and until these times of its clock, HH:MM.
    Hours(ShopId, String, String),
    /// Something is said of one of its agents.
    Heard(ShopId, String, Word),
    /// Something happened in one of its conversations.
    Happened(ShopId, String, Happening),
}

pub(super) async fn cursor(db: &impl ConnectionTrait) -> Result<Cursor, Fault> {
    let row = log_cursor::Entity::find_by_id(log_cursor::ID).one(db).await?;
    let missing =
        || Fault::Database(DbErr::RecordNotFound("log_cursor has no row 1; restore the database".into()));
    row.map(Cursor::of).ok_or_else(missing)
}

/// Works a batch in; what to remember of it, and what moved on the floors of shops.
pub(super) async fn follow(
    txn: &DatabaseTransaction,
    recent: Recent,
    batch: Batch,
) -> Result<(Recent, Moved), Fault> {
    move_cursor(txn, &batch.after, &batch.until).await?;
    let mut shops: BTreeMap<ShopId, Option<Zone>> = BTreeMap::new();
    let mut touched: FxHashMap<(ShopId, String), Vec<Happening>> = FxHashMap::default();
    let mut told: BTreeMap<ShopId, Vec<Told>> = BTreeMap::new();
    let mut heard = Heard::default();
    for step in batch.steps.into_iter().flatten() {
        match step {
            Step::Shop(shop) => drop(shops.entry(shop).or_default()),
            Step::Zone(shop, zone) => drop(shops.insert(shop, Some(zone))),
            Step::Agents(shop, of_agents) => told.entry(shop).or_default().push(of_agents),
            Step::Hours(shop, start, end) => drop(heard.hours.insert(shop, (start, end))),
            Step::Heard(shop, agent, word) => heard.words.entry((shop, agent)).or_default().push(word),
            Step::Happened(shop, conversation, happening) => {
                touched.entry((shop, conversation)).or_default().push(happening);
            }
        }
    }
    let (mut recent, mut moved) = (recent.at(&batch.after), Moved::default());
    let names: Vec<_> = shops.iter().map(|(shop, zone)| (shop.to_string(), zone.is_some())).collect();
    let zoned = names.iter().filter(|(_, zoned)| *zoned).map(|(name, _)| name.as_str()).collect();
    changes::rezone(txn, &zoned, save_shops(txn, shops)).await?;
    let names = names.iter().map(|(name, _)| name.as_str()).collect();
    let mut changes = Changes::new(Zones::of(txn, &names).await?);
    heard.save(txn, &changes, &mut moved).await?;
    let watched = Watched { watch: batch.watch.as_ref(), moved: &mut moved };
    fold(txn, &mut recent, &mut changes, in_order(touched), watched).await?.save(txn).await?;
    agents::fold(txn, &mut recent, &mut changes, told).await?.save(txn).await?;
    changes.save(txn).await?;
    recent.advance(batch.until);
    Ok((recent, moved))
}

/// Moves the cursor if it is where the batch begins. Whoever gets here second waits, and then finds it moved.
async fn move_cursor(txn: &DatabaseTransaction, after: &Cursor, until: &Cursor) -> Result<(), Fault> {
    let moved = log_cursor::Entity::update_many()
        .col_expr(log_cursor::Column::Position, Expr::value(until.position))
        .col_expr(log_cursor::Column::EventId, Expr::value(until.event_id.as_str()))
        .filter(log_cursor::Column::Id.eq(log_cursor::ID))
        .filter(log_cursor::Column::Position.eq(after.position))
        .filter(log_cursor::Column::EventId.eq(after.event_id.as_str()))
        .exec(txn)
        .await?;
    if moved.rows_affected == 1 { Ok(()) } else { Err(Fault::Overtaken) }
}

async fn save_shops(txn: &DatabaseTransaction, shops: BTreeMap<ShopId, Option<Zone>>) -> Result<(), Fault> {
    let row = |(shop, zone): (&ShopId, &Option<Zone>)| shop::ActiveModel {
        shop_id: Set(shop.to_string()),
        policy_zone: Set(zone.map(|zone| zone.name().to_owned())),
        import_zone: Set(None),
    };
    let (zoned, known): (Vec<_>, Vec<_>) = shops.iter().partition(|(_, zone)| zone.is_some());
    let of_shop = || OnConflict::column(shop::Column::ShopId);
    let replace = of_shop().update_column(shop::Column::PolicyZone).to_owned();
    let keep = of_shop().do_nothing().to_owned();
    for (group, on_conflict) in [(zoned, replace), (known, keep)] {
        for chunk in group.chunks(SHOPS_AT_ONCE) {
            let rows: Vec<_> = chunk.iter().copied().map(row).collect();
            shop::Entity::insert_many(rows)
                .on_conflict(on_conflict.clone())
                .exec_without_returning(txn)
                .await?;
        }
    }
    Ok(())
}

/// Somebody who wants to know how the conversations of a batch stand.
struct Watched<'a> {
    watch: Option<&'a Watch>,
    moved: &'a mut Moved,
}

impl Watched<'_> {
    fn look(&mut self, key: &Key, zone: Zone, facts: &mut Facts) {
        let (Some(watch), Ok(shop)) = (self.watch, key.shop.parse::<ShopId>()) else { return };
        let talk = facts.talk(shop, watch, zone);
        self.moved.talks.push((shop, key.conversation.clone(), talk));
    }
}

/// What happened, by conversation, in the order in which rows are written.
fn in_order(touched: FxHashMap<(ShopId, String), Vec<Happening>>) -> Vec<(Key, Vec<Happening>)> {
    let key = |(shop, conversation): (ShopId, String)| Key {
        shop: shop.to_string(),
        source: HISTORY.to_owned(),
        conversation,
    };
    let mut touched: Vec<_> = touched.into_iter().collect();
    // Ids are in the order of their texts.
    touched.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    touched.into_iter().map(|(of, happened)| (key(of), happened)).collect()
}

async fn fold(
    txn: &DatabaseTransaction,
    recent: &mut Recent,
    changes: &mut Changes,
    touched: Vec<(Key, Vec<Happening>)>,
    mut watched: Watched<'_>,
) -> Result<Written, Fault> {
    let remembered: Vec<_> = touched.iter().map(|(key, _)| recent.take(key)).collect();
    let keys = touched.iter().map(|(key, _)| key);
    let is_unknown = |(key, known): (&Key, &Option<_>)| known.is_none().then(|| key.clone());
    let unknown: Vec<_> = keys.zip(&remembered).filter_map(is_unknown).collect();
    let mut read = facts_of(txn, &unknown).await?;
    let mut written = Written::default();
    for ((key, happenings), known) in touched.into_iter().zip(remembered) {
        let mut facts = known.or_else(|| read.remove(&key)).unwrap_or_default();
        changes.note(&key.shop, facts.session());
        happenings.into_iter().for_each(|happening| facts.apply(happening));
        changes.note(&key.shop, facts.session());
        watched.look(&key, changes.zone(&key.shop), &mut facts);
        written.add(&key, &mut facts);
        recent.keep(key, facts);
    }
    Ok(written)
}

pub(super) async fn forget(txn: &DatabaseTransaction) -> Result<(), Fault> {
    agents::forget(txn).await?;
    alerts::forget(txn).await?;
    page::Entity::delete_many().filter(page::Column::Source.eq(HISTORY)).exec(txn).await?;
    conversation::Entity::delete_many().filter(conversation::Column::Source.eq(HISTORY)).exec(txn).await?;
    shop::Entity::delete_many().filter(shop::Column::ImportZone.is_null()).exec(txn).await?;
    let rest = shop::Entity::find()
        .select_only()
        .column(shop::Column::ShopId)
        .into_tuple::<String>()
        .all(txn)
        .await?;
    let shops = rest.iter().map(String::as_str).collect();
    changes::rezone(txn, &shops, forget_zones(txn)).await?;
    changes::note_all(txn).await?;
    let found = cursor(txn).await?;
    move_cursor(txn, &found, &Cursor::default()).await
}

/// The days of shops with imports are of the zones those named.
async fn forget_zones(txn: &DatabaseTransaction) -> Result<(), Fault> {
    shop::Entity::update_many()
        .col_expr(shop::Column::PolicyZone, Expr::value(None::<String>))
        .exec(txn)
        .await?;
    Ok(())
}
