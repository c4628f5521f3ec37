//! One row per shop.

use fenliu_domain::day::Zone;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use super::Place;
use crate::shop::Shop;
use crate::storage::{Fault, Stored};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "shop")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub shop_id: String,
    /// The version that created it: its place in lists.
    pub number: i64,
    /// The version that changed it last.
    pub version: i64,
    pub display_name: String,
    /// IANA name.
    pub time_zone: String,
    /// Local HH:MM.
    pub service_start: String,
    /// Local HH:MM, up to 24:00.
    pub service_end: String,
    pub main_account_id: String,
    /// Microseconds since 1970.
    pub create_time: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The whole row of a shop.
pub(crate) fn row(shop: &Stored<Shop>) -> ActiveModel {
    let Stored { number, version, value } = shop;
    ActiveModel {
        shop_id: Set(value.id.to_string()),
        number: Set(*number),
        version: Set(*version),
        display_name: Set(value.display_name.clone()),
        time_zone: Set(value.zone.name().to_owned()),
        service_start: Set(value.hours.start().to_string()),
        service_end: Set(value.hours.end().to_string()),
        main_account_id: Set(value.main_account.to_string()),
        create_time: Set(value.created.micros()),
    }
}

impl TryFrom<Model> for Stored<Shop> {
    type Error = Fault;

    fn try_from(row: Model) -> Result<Self, Fault> {
        let place = Place { table: "shop", row: &row.shop_id };
        let start = place.text("service_start", &row.service_start)?;
        let end = place.text("service_end", &row.service_end)?;
        let value = Shop {
            id: place.text("shop_id", &row.shop_id)?,
            zone: Zone::parse(&row.time_zone).map_err(|problem| place.corrupt("time_zone", problem))?,
            hours: Shop::hours(start, end).map_err(|expected| place.corrupt("service_end", expected))?,
            main_account: place.text("main_account_id", &row.main_account_id)?,
            created: place.time("create_time", row.create_time)?,
            display_name: row.display_name,
        };
        Ok(Self { value, number: row.number, version: row.version })
    }
}
