//! One row for every token that was issued to a program; the token itself follows from the row and its key.

use fenliu_domain::ids::ShopId;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use super::Place;
use super::role::Names;
use crate::entrance::ServiceToken;
use crate::storage::{Fault, Stored};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "service_token")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub service_id: String,
    /// Empty = the platform.
    pub shop_id: String,
    /// The version that created it: its place in lists.
    pub number: i64,
    pub display_name: String,
    #[sea_orm(column_type = "Json")]
    pub permissions: Names,
    /// The key that signed it.
    pub kid: String,
    /// Microseconds since 1970.
    pub create_time: i64,
    /// Microseconds since 1970.
    pub expire_time: i64,
    /// Microseconds since 1970; `None` = it was not revoked.
    pub revoke_time: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// What the column of the shop says.
pub(crate) fn shop_column(shop: Option<ShopId>) -> String {
    shop.map(|shop| shop.to_string()).unwrap_or_default()
}

/// The whole row of a service token.
pub(crate) fn row(token: &Stored<ServiceToken>) -> ActiveModel {
    let Stored { value, number, .. } = token;
    ActiveModel {
        service_id: Set(value.id.to_string()),
        shop_id: Set(shop_column(value.shop)),
        number: Set(*number),
        display_name: Set(value.display_name.clone()),
        permissions: Set(value.permissions.into()),
        kid: Set(value.kid.clone()),
        create_time: Set(value.created.micros()),
        expire_time: Set(value.expires.micros()),
        revoke_time: Set(value.revoked.map(fenliu_domain::time::Timestamp::micros)),
    }
}

impl TryFrom<Model> for Stored<ServiceToken> {
    type Error = Fault;

    fn try_from(row: Model) -> Result<Self, Fault> {
        let place = Place { table: "service_token", row: &row.service_id };
        let shop = Some(&row.shop_id).filter(|shop| !shop.is_empty());
        let value = ServiceToken {
            id: place.text("service_id", &row.service_id)?,
            shop: shop.map(|shop| place.text("shop_id", shop)).transpose()?,
            created: place.time("create_time", row.create_time)?,
            expires: place.time("expire_time", row.expire_time)?,
            revoked: row.revoke_time.map(|time| place.time("revoke_time", time)).transpose()?,
            permissions: row.permissions.permissions(),
            display_name: row.display_name,
            kid: row.kid,
        };
        Ok(Self { value, number: row.number, version: row.number })
    }
}
