//! Every change of an alert, in order: append-only but for what is too old.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "alert_change")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub shop_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i64,
    /// Microseconds since 1970.
    pub at_us: i64,
    /// Whether it is told.
    pub told: bool,
    /// The bytes of `fenliu.analytics.v1.AlertChange`.
    pub change: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
