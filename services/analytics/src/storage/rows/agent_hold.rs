//! One row per conversation of the history that an agent holds.

use fenliu_domain::agent_facts::Hold;
use fenliu_domain::ids::{ConversationId, ShopId};
use fenliu_proto::words::Word;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use super::Place;
use crate::storage::Fault;

/// What is there is written over.
pub(crate) const OVERWRITE: &str = "ON CONFLICT (shop_id, conversation) DO UPDATE SET agent_id = excluded.agent_id, \
    reason = excluded.reason, since_us = excluded.since_us";

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "agent_hold")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub shop_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub conversation: String,
    pub agent_id: String,
    /// Why it is theirs, by the number of the contract.
    pub reason: i32,
    /// Since when, in microseconds since 1970.
    pub since_us: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The row of a conversation.
pub(crate) fn row(shop: ShopId, conversation: ConversationId, hold: Hold) -> ActiveModel {
    ActiveModel {
        shop_id: Set(shop.to_string()),
        conversation: Set(conversation.to_string()),
        agent_id: Set(hold.agent.to_string()),
        reason: Set(hold.reason.number()),
        since_us: Set(hold.since.micros()),
    }
}

impl Model {
    /// The shop, the conversation, and who holds it.
    pub(crate) fn read(&self) -> Result<(ShopId, ConversationId, Hold), Fault> {
        let place = |column| Place { table: "agent_hold", column, row: &self.conversation };
        let shop = self.shop_id.parse().map_err(|error| place("shop_id").corrupt(error))?;
        let conversation = self.conversation.parse().map_err(|error| place("conversation").corrupt(error))?;
        let agent = self.agent_id.parse().map_err(|error| place("agent_id").corrupt(error))?;
        let reason = Word::parse(self.reason, "reason").map_err(|error| place("reason").corrupt(error))?;
        Ok((shop, conversation, Hold { agent, reason, since: place("since_us").time(self.since_us)? }))
    }
}
