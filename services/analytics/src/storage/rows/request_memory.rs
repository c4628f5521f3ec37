//! What was answered to whom, for as long as a repetition must get the same answer.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "request_memory")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub caller: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub request_id: String,
    /// Which RPC it was; for people who read the table.
    pub rpc: String,
    /// SHA-256 over the RPC and the request without its request id.
    pub body_hash: Vec<u8>,
    /// The answer as protobuf bytes.
    pub answer: Vec<u8>,
    /// Microseconds since 1970.
    pub time: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
