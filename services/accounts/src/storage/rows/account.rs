//! One row per account.

use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::entity::prelude::*;

use super::Place;
use crate::account::{Account, PasswordHash};
use crate::storage::{Fault, Stored};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub agent_id: String,
    /// Its home.
    pub shop_id: String,
    /// The version that created it: its place in lists.
    pub number: i64,
    /// The version that changed it last.
    pub version: i64,
    /// As it was given, composed.
    pub login_name: String,
    /// What it is compared by; unique across the platform, also among the deleted.
    pub login_key: String,
    pub display_name: String,
    pub main_account: bool,
    pub enabled: bool,
    /// argon2id in the PHC format.
    pub password_hash: Option<String>,
    /// Tokens of an earlier one are void.
    pub token_version: i64,
    /// Microseconds since 1970.
    pub create_time: i64,
    /// Microseconds since 1970.
    pub delete_time: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The whole row of an account, save the key of its login name, which never changes.
pub(crate) fn row(account: &Stored<Account>) -> ActiveModel {
    let Stored { number, version, value } = account;
    ActiveModel {
        agent_id: Set(value.id.to_string()),
        shop_id: Set(value.home.to_string()),
        number: Set(*number),
        version: Set(*version),
        login_name: Set(value.login_name.clone()),
        login_key: NotSet,
        display_name: Set(value.display_name.clone()),
        main_account: Set(value.main_account),
        enabled: Set(value.enabled),
        password_hash: Set(value.password.as_ref().map(|hash| hash.text().to_owned())),
        token_version: Set(i64::try_from(value.token_version).unwrap_or(i64::MAX)),
        create_time: Set(value.created.micros()),
        delete_time: Set(value.deleted.map(fenliu_domain::time::Timestamp::micros)),
    }
}

impl TryFrom<Model> for Stored<Account> {
    type Error = Fault;

    fn try_from(row: Model) -> Result<Self, Fault> {
        let place = Place { table: "account", row: &row.agent_id };
        let value = Account {
            id: place.text("agent_id", &row.agent_id)?,
            home: place.text("shop_id", &row.shop_id)?,
            created: place.time("create_time", row.create_time)?,
            deleted: row.delete_time.map(|time| place.time("delete_time", time)).transpose()?,
            token_version: place.number("token_version", row.token_version)?,
            password: row.password_hash.map(PasswordHash::new),
            login_name: row.login_name,
            display_name: row.display_name,
            main_account: row.main_account,
            enabled: row.enabled,
        };
        Ok(Self { value, number: row.number, version: row.version })
    }
}
