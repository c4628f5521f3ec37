//! One row per agent a shop's history has told of: where they stand.

use fenliu_domain::agent_facts::Seen;
use fenliu_domain::ids::{AgentId, ShopId};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use super::{Place, agent_bytes};
use crate::storage::Fault;

/// What is there is written over.
pub(crate) const OVERWRITE: &str = "ON CONFLICT (shop_id, agent_id) DO UPDATE SET state = excluded.state";

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "agent_state")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub shop_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub agent_id: String,
    /// Presence and capacity, as in [`super::agent_bytes`].
    pub state: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The row of an agent.
pub(crate) fn row(shop: ShopId, agent: AgentId, seen: &Seen) -> ActiveModel {
    ActiveModel {
        shop_id: Set(shop.to_string()),
        agent_id: Set(agent.to_string()),
        state: Set(agent_bytes::seen(seen)),
    }
}

impl Model {
    /// The shop, the agent, and where they stand.
    pub(crate) fn read(&self) -> Result<(ShopId, AgentId, Seen), Fault> {
        let place = |column| Place { table: "agent_state", column, row: &self.agent_id };
        let shop = self.shop_id.parse().map_err(|error| place("shop_id").corrupt(error))?;
        let agent = self.agent_id.parse().map_err(|error| place("agent_id").corrupt(error))?;
        Ok((shop, agent, agent_bytes::read_seen(place("state"), &self.state)?))
    }
}
