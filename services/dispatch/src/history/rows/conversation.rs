//! One row per conversation: the projection.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "conversation")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub conversation_id: Uuid,
    pub shop_id: Uuid,
    pub buyer_id: String,
    pub channel: String,
    pub group_name: String,
    /// Number of the stage on the wire.
    pub stage: i32,
    pub agent_id: Option<Uuid>,
    pub open_time: i64,
    pub last_message_time: Option<i64>,
    pub owed_since_time: Option<i64>,
    pub unanswered: i32,
    pub close_time: Option<i64>,
    /// The last event it shows.
    pub seq: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
