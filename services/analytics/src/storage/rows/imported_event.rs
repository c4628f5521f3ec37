//! What other systems reported, as it came: append-only. The facts of imported conversations are made of it.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "imported_event")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub shop_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub source: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub conversation: String,
    /// When it reached those who see to the conversation, in microseconds since 1970; most sources know only when it
    /// occurred.
    #[sea_orm(primary_key, auto_increment = false)]
    pub occurred_us: i64,
    /// Order among those of the same moment.
    #[sea_orm(primary_key, auto_increment = false)]
    pub rank: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub record_id: String,
    /// The bytes of `fenliu.analytics.v1.ImportedEvent`.
    pub payload: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
