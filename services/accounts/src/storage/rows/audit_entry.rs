//! One row per change, appended in the transaction that makes it and never touched again.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_entry")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub number: i64,
    /// Microseconds since 1970.
    pub time: i64,
    /// Empty = the platform.
    pub shop_id: String,
    pub actor: String,
    pub action: String,
    pub target: String,
    /// JSON; empty = it was not there.
    pub before: String,
    /// JSON; empty = it is gone.
    pub after: String,
    pub request_id: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
