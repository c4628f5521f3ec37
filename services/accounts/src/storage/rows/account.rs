//! One row per account.

use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::FromJsonQueryResult;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::Place;
use crate::account::{Account, Room};
use crate::storage::{Fault, Stored};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub agent_id: String,
    pub shop_id: String,
    /// The version that created it: its place in lists.
    pub number: i64,
    /// The version that changed it last.
    pub version: i64,
    /// As it was given, composed.
    pub login_name: String,
    /// What it is compared by; unique across the platform.
    pub login_key: String,
    pub display_name: String,
    pub main_account: bool,
    #[sea_orm(column_type = "Json")]
    pub groups: Groups,
    pub capacity: i64,
    pub unlimited: bool,
    pub enabled: bool,
    /// Microseconds since 1970.
    pub create_time: i64,
}

/// The names of an account's groups, as a JSON list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Groups(Vec<String>);

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The whole row of an account, save the key of its login name, which never changes.
pub(crate) fn row(account: &Stored<Account>) -> ActiveModel {
    let Stored { number, version, value } = account;
    ActiveModel {
        agent_id: Set(value.id.to_string()),
        shop_id: Set(value.shop.to_string()),
        number: Set(*number),
        version: Set(*version),
        login_name: Set(value.login_name.clone()),
        login_key: NotSet,
        display_name: Set(value.display_name.clone()),
        main_account: Set(value.main_account),
        groups: Set(Groups(value.groups.clone())),
        capacity: Set(value.room.capacity.into()),
        unlimited: Set(value.room.unlimited),
        enabled: Set(value.enabled),
        create_time: Set(value.created.micros()),
    }
}

impl TryFrom<Model> for Stored<Account> {
    type Error = Fault;

    fn try_from(row: Model) -> Result<Self, Fault> {
        let place = Place { table: "account", row: &row.agent_id };
        let capacity =
            u32::try_from(row.capacity).map_err(|_| place.corrupt("capacity", "is not a capacity"))?;
        let value = Account {
            id: place.text("agent_id", &row.agent_id)?,
            shop: place.text("shop_id", &row.shop_id)?,
            created: place.time("create_time", row.create_time)?,
            room: Room { capacity, unlimited: row.unlimited },
            login_name: row.login_name,
            display_name: row.display_name,
            main_account: row.main_account,
            groups: row.groups.0,
            enabled: row.enabled,
        };
        Ok(Self { value, number: row.number, version: row.version })
    }
}
