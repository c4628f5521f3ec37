//! One row per shop: what its alerts go on from, beside those that are open.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "alert_memory")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub shop_id: String,
    /// Counted up whenever it is written, so that of two that write at once one notices.
    pub version: i64,
    /// The position of the last change.
    pub position: i64,
    /// What comes and goes, as [`super::alert_state`] writes it.
    pub state: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
