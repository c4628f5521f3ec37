//! One row per shop: how far the webhook was told.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "alert_webhook")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub shop_id: String,
    /// Position of the last change that was told, or given up.
    pub position: i64,
    /// How often the next one was tried.
    pub attempts: i64,
    /// When it may be tried again, in microseconds since 1970.
    pub next_us: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
