//! One row: how far the history has been worked in.

use sea_orm::entity::prelude::*;

/// Its only id.
pub(crate) const ID: i32 = 1;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "log_cursor")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    /// Position of the last event worked in; 0 before the first.
    pub position: i64,
    /// Its id; empty before the first.
    pub event_id: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
