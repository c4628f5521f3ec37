//! One row per local day of a shop on which a conversation began, went on or ended, or something was told of its agents: how
//! often facts of it were written.

use fenliu_domain::day::Day;
use fenliu_domain::ids::ShopId;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use super::Place;
use crate::storage::Fault;

/// A day that is there was written once more.
pub(crate) const COUNT: &str = "ON CONFLICT (shop_id, date) DO UPDATE SET version = shop_day.version + excluded.version, \
    agents_version = shop_day.agents_version + excluded.agents_version";

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "shop_day")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub shop_id: String,
    /// As 2026-05-01.
    #[sea_orm(primary_key, auto_increment = false)]
    pub date: String,
    /// How often those of conversations were; 0 as long as none was on the day.
    pub version: i64,
    /// The version that was worked out beforehand; 0 before.
    pub kept_version: i64,
    /// How often those of agents were, of what happened on this day or later.
    pub agents_version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Of what facts were written.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WrittenOf {
    pub(crate) conversations: bool,
    pub(crate) agents: bool,
}

/// The row that counts a day once more.
pub(crate) fn once_more(shop: &str, day: Day, written: WrittenOf) -> ActiveModel {
    ActiveModel {
        shop_id: Set(shop.to_owned()),
        date: Set(day.to_string()),
        version: Set(written.conversations.into()),
        kept_version: Set(0),
        agents_version: Set(written.agents.into()),
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
