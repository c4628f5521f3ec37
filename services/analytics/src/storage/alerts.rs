//! What alerts are made of, worked in with the history, and put together anew when a process begins.
//!
//! Agents and service hours have rows of their own, written in the transaction that moves the cursor; how a conversation
//! stands is in its facts. So a floor that is read back is the one that has heard everything up to the cursor.

use std::collections::BTreeMap;

use fenliu_domain::alert::{Agent, Floor, Hours, Talk, Word};
use fenliu_domain::day::{ClockTime, Window, Zone};
use fenliu_domain::exchange::Conversation;
use fenliu_domain::ids::ShopId;
use fenliu_domain::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};

use super::changes::Changes;
use super::reading::{Fold, feed_all, zone_in};
use super::rows::{alert_agent, alert_hours, alert_state, shop};
use super::{Cursor, Fault, HISTORY, Store, history};
use crate::packs::PackByShop;

mod kept;
mod told;

pub(crate) use self::kept::{Kept, Listing};
pub(crate) use self::told::Delivery;

/// Rows of one statement.
const ROWS_AT_ONCE: usize = 1_000;

/// What is to be told of the conversations of a batch.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    /// The packs by which answers are owed.
    pub(crate) packs: PackByShop,
    /// Conversations whose buyers were last heard of before this are none any more.
    pub(crate) since: Timestamp,
}

/// What a batch changed on the floors of shops.
#[derive(Debug, Default)]
pub(crate) struct Moved {
    pub(crate) hours: Vec<(ShopId, Option<Hours>)>,
    pub(crate) agents: Vec<(ShopId, String, Agent)>,
    pub(crate) talks: Vec<(ShopId, String, Option<Talk>)>,
}

/// What a batch says of agents and hours, in order.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub(super) words: BTreeMap<(ShopId, String), Vec<Word>>,
    /// When each shop serves: start and end.
    pub(super) hours: BTreeMap<ShopId, (String, String)>,
}

impl Heard {
    /// Writes it down, and adds what came of it to what moved.
    pub(super) async fn save(
        self,
        txn: &DatabaseTransaction,
        changes: &Changes,
        moved: &mut Moved,
    ) -> Result<(), Fault> {
        for (shop, (start, end)) in &self.hours {
            let zone = changes.zone(&shop.to_string());
            moved.hours.push((*shop, hours(zone, start, end)));
        }
        save_hours(txn, self.hours).await?;
        moved.agents = hear(txn, self.words).await?;
        Ok(())
    }
}

/// The hours of a policy; `None` where they cannot be read: then no moment is within them.
fn hours(zone: Zone, start: &str, end: &str) -> Option<Hours> {
    let clock = |text: &str| text.parse::<ClockTime>().ok();
    Some(Hours { zone, window: Window::new(clock(start)?, clock(end)?)? })
}

async fn save_hours(
    txn: &DatabaseTransaction,
    hours: BTreeMap<ShopId, (String, String)>,
) -> Result<(), Fault> {
    let row = |(shop, (start, end)): (ShopId, (String, String))| alert_hours::ActiveModel {
        shop_id: Set(shop.to_string()),
        service_start: Set(start),
        service_end: Set(end),
    };
    let rows: Vec<_> = hours.into_iter().map(row).collect();
    let columns = [alert_hours::Column::ServiceStart, alert_hours::Column::ServiceEnd];
    let replace = OnConflict::column(alert_hours::Column::ShopId).update_columns(columns).to_owned();
    for rows in rows.chunks(ROWS_AT_ONCE) {
        let insert = alert_hours::Entity::insert_many(rows.to_vec()).on_conflict(replace.clone());
        insert.exec_without_returning(txn).await?;
    }
    Ok(())
}

async fn hear(
    txn: &DatabaseTransaction,
    words: BTreeMap<(ShopId, String), Vec<Word>>,
) -> Result<Vec<(ShopId, String, Agent)>, Fault> {
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let mut known = known_agents(txn, &words).await?;
    let mut agents = Vec::with_capacity(words.len());
    for ((shop, name), words) in words {
        let mut agent = known.remove(&(shop.to_string(), name.clone()));
        for word in words {
            let new = agent.is_none();
            agent.get_or_insert_default().hear(word, new);
        }
        agents.extend(agent.map(|agent| (shop, name, agent)));
    }
    let row = |(shop, name, agent): &(ShopId, String, Agent)| alert_agent::ActiveModel {
        shop_id: Set(shop.to_string()),
        agent_id: Set(name.clone()),
        state: Set(alert_state::agent(agent)),
    };
    let replace = OnConflict::columns([alert_agent::Column::ShopId, alert_agent::Column::AgentId])
        .update_column(alert_agent::Column::State)
        .to_owned();
    for agents in agents.chunks(ROWS_AT_ONCE) {
        let insert = alert_agent::Entity::insert_many(agents.iter().map(row)).on_conflict(replace.clone());
        insert.exec_without_returning(txn).await?;
    }
    Ok(agents)
}

/// What is known of these agents.
async fn known_agents(
    txn: &DatabaseTransaction,
    words: &BTreeMap<(ShopId, String), Vec<Word>>,
) -> Result<BTreeMap<(String, String), Agent>, Fault> {
    let names: Vec<_> = words.keys().collect();
    let mut known = BTreeMap::new();
    for names in names.chunks(ROWS_AT_ONCE) {
        let shops = names.iter().map(|(shop, _)| shop.to_string());
        let agents = names.iter().map(|(_, agent)| agent.clone());
        let rows = alert_agent::Entity::find()
            .filter(alert_agent::Column::ShopId.is_in(shops))
            .filter(alert_agent::Column::AgentId.is_in(agents));
        for row in rows.all(txn).await? {
            let agent = alert_state::read_agent(&row.agent_id, &row.state)?;
            known.insert((row.shop_id, row.agent_id), agent);
        }
    }
    Ok(known)
}

fn shop_id(text: &str) -> Result<ShopId, Fault> {
    text.parse().map_err(|_| Fault::Corrupt {
        table: "shop",
        column: "shop_id",
        row: text.to_owned(),
        why: "it is no id of a shop".to_owned(),
    })
}

/// Puts the conversations of a shop's history on its floor.
struct Seating {
    shop: ShopId,
    floor: Floor,
    watch: Watch,
    zone: Zone,
}

impl Fold for Seating {
    fn add(&mut self, conversation: &Conversation) {
        let talk = Talk::of(self.watch.packs.of(self.shop), self.zone, conversation);
        let talk = talk.filter(|talk| talk.last >= self.watch.since);
        self.floor.stand(&conversation.key, talk);
    }

    fn add_of(&mut self, source: &str, conversation: &Conversation) {
        if source == HISTORY {
            self.add(conversation);
        }
    }
}

impl Store {
    /// The floors of all shops as they are at the cursor, and where that is.
    pub(crate) async fn floors(&self, watch: Watch) -> Result<(Cursor, BTreeMap<ShopId, Floor>), Fault> {
        self.db.snapshot(move |txn| Box::pin(read_floors(txn, watch))).await
    }
}

async fn read_floors(
    txn: &DatabaseTransaction,
    watch: Watch,
) -> Result<(Cursor, BTreeMap<ShopId, Floor>), Fault> {
    let cursor = history::cursor(txn).await?;
    let mut agents: BTreeMap<String, Vec<alert_agent::Model>> = BTreeMap::new();
    for row in alert_agent::Entity::find().all(txn).await? {
        agents.entry(row.shop_id.clone()).or_default().push(row);
    }
    let served = alert_hours::Entity::find().all(txn).await?;
    let served: BTreeMap<_, _> = served.into_iter().map(|row| (row.shop_id.clone(), row)).collect();
    let mut floors = BTreeMap::new();
    for row in shop::Entity::find().all(txn).await? {
        let zone = zone_in(&row)?;
        let mut floor = Floor::default();
        let hours = served.get(&row.shop_id);
        floor.serve(hours.and_then(|row| self::hours(zone, &row.service_start, &row.service_end)));
        for agent in agents.remove(&row.shop_id).unwrap_or_default() {
            let state = alert_state::read_agent(&agent.agent_id, &agent.state)?;
            floor.seat(agent.agent_id, state);
        }
        let shop = shop_id(&row.shop_id)?;
        let mut seating = Seating { shop, floor, watch: watch.clone(), zone };
        feed_all(txn, &row.shop_id, watch.since, &mut seating).await?;
        floors.insert(shop, seating.floor);
    }
    Ok((cursor, floors))
}

/// Forgets what the history said of agents and hours.
pub(super) async fn forget(txn: &DatabaseTransaction) -> Result<(), Fault> {
    alert_agent::Entity::delete_many().exec(txn).await?;
    alert_hours::Entity::delete_many().exec(txn).await?;
    Ok(())
}
