//! One row per event.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i64,
    pub shop_id: Uuid,
    pub seq: i64,
    pub event_id: Uuid,
    pub conversation_id: Option<Uuid>,
    pub kind: String,
    /// The agent whose inbox it belongs in.
    pub inbox_agent_id: Option<Uuid>,
    pub caller: Option<String>,
    pub request_id: Option<String>,
    pub channel: Option<String>,
    pub external_message_id: Option<String>,
    /// Microseconds since 1970.
    pub recorded_time: i64,
    /// The bytes of `fenliu.history.v1.Event`.
    pub payload: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
