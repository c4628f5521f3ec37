//! One row per local day of a shop on which a conversation began, went on or ended: how often its facts were written.

use fenliu_domain::day::Day;
use fenliu_domain::ids::ShopId;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use super::Place;
use crate::storage::Fault;

/// A day that is there was written once more.
pub(crate) const COUNT: &str =
    "ON CONFLICT (shop_id, date) DO UPDATE SET version = shop_day.version + excluded.version";

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "shop_day")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub shop_id: String,
    /// As 2026-05-01.
    #[sea_orm(primary_key, auto_increment = false)]
    pub date: String,
    /// How often; from 1.
    pub version: i64,
    /// The version that was worked out beforehand; 0 before.
    pub kept_version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The row that counts a day once more.
pub(crate) fn once_more(shop: &str, day: Day) -> ActiveModel {
    ActiveModel {
        shop_id: Set(shop.to_owned()),
        date: Set(day.to_string()),
        version: Set(1),
        kept_version: Set(0),
    }
}

impl Model {
    pub(crate) fn shop(&self) -> Result<ShopId, Fault> {
        let place = Place { table: "shop_day", column: "shop_id", row: &self.date };
        self.shop_id.parse().map_err(|_| place.corrupt("is no id of a shop"))
    }

    pub(crate) fn day(&self) -> Result<Day, Fault> {
        Place { table: "shop_day", column: "date", row: &self.shop_id }.day(&self.date)
    }
}
