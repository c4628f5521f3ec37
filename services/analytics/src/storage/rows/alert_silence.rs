//! One row per kind that is silenced in a shop.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "alert_silence")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub shop_id: String,
    /// The name of the kind.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    /// Microseconds since 1970.
    pub since_us: i64,
    /// The same; not included.
    pub until_us: i64,
    /// Who said so.
    pub silenced_by: String,
    /// Why.
    pub reason: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
