//! One row per shop that has packs of its own, and one for all shops: how many versions lie there. Whoever puts one locks it.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rule_pack_shelf")]
pub struct Model {
    /// Empty = for all shops.
    #[sea_orm(primary_key, auto_increment = false)]
    pub shop_id: String,
    /// Versions of packs.
    pub versions: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
