//! One row per violation that the history told of.

use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::entity::prelude::*;

use super::{Place, from_list, to_list};
use crate::discipline::Violation;
use crate::storage::Fault;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "violation")]
pub struct Model {
    /// Its place in lists.
    #[sea_orm(primary_key)]
    pub number: i64,
    /// The event it comes from; unique.
    pub event_id: String,
    pub shop_id: String,
    pub agent_id: String,
    pub conversation_id: String,
    /// Each between two separators.
    pub words: String,
    /// Microseconds since 1970.
    pub time: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The row of a violation that is not stored yet.
pub(crate) fn row(violation: &Violation) -> ActiveModel {
    ActiveModel {
        number: NotSet,
        event_id: Set(violation.event.clone()),
        shop_id: Set(violation.shop.to_string()),
        agent_id: Set(violation.agent.to_string()),
        conversation_id: Set(violation.conversation.clone()),
        words: Set(to_list(&violation.words)),
        time: Set(violation.time.micros()),
    }
}

impl TryFrom<Model> for Violation {
    type Error = Fault;

    fn try_from(row: Model) -> Result<Self, Fault> {
        let place = Place { table: "violation", row: &row.event_id };
        Ok(Self {
            number: row.number,
            shop: place.text("shop_id", &row.shop_id)?,
            agent: place.text("agent_id", &row.agent_id)?,
            time: place.time("time", row.time)?,
            words: from_list(&row.words),
            conversation: row.conversation_id,
            event: row.event_id.clone(),
        })
    }
}
