//! One row per event that ended something an agent was, had or did.

use fenliu_domain::agent_facts::Fact;
use fenliu_domain::ids::ShopId;
use fenliu_domain::time::{Span, Timestamp};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use super::{Place, agent_bytes};
use crate::storage::Fault;

/// What lasts so long or longer is looked up by another index, so that the lookup of a range need not go further beyond its
/// end than this.
pub(crate) const LASTING: Span = Span::from_hours(24);

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "agent_fact")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub shop_id: String,
    /// When the event happened by the desk's own clock, in microseconds since 1970, as every column that ends like this.
    #[sea_orm(primary_key, auto_increment = false)]
    pub ends_us: i64,
    /// The event's position in the history.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i64,
    /// When the longest of what it ended began; the same moment where nothing lasted.
    pub begins_us: i64,
    /// The same as `ends_us`, where [`LASTING`] or more lies between the two.
    pub lasting_ends_us: Option<i64>,
    /// The facts, as in [`super::agent_bytes`].
    pub facts: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The row of what an event at a moment ended.
pub(crate) fn row(shop: ShopId, position: i64, at: Timestamp, facts: &[Fact]) -> ActiveModel {
    let begins = facts.iter().filter_map(agent_bytes::begins).min().unwrap_or(at).min(at);
    let lasting = at.since(begins) >= LASTING;
    ActiveModel {
        shop_id: Set(shop.to_string()),
        ends_us: Set(at.micros()),
        position: Set(position),
        begins_us: Set(begins.micros()),
        lasting_ends_us: Set(lasting.then(|| at.micros())),
        facts: Set(agent_bytes::facts(facts)),
    }
}

impl Model {
    /// What the event ended, in order.
    pub(crate) fn read(&self) -> Result<Vec<Fact>, Fault> {
        let row = format!("{} at position {}", self.shop_id, self.position);
        let place = Place { table: "agent_fact", column: "facts", row: &row };
        agent_bytes::read_facts(place, place.time(self.ends_us)?, &self.facts)
    }
}
