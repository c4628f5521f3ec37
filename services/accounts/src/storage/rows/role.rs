//! One row per custom role.

use fenliu_domain::access::Permissions;
use sea_orm::ActiveValue::Set;
use sea_orm::FromJsonQueryResult;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::Place;
use crate::role::Role;
use crate::storage::{Fault, Stored};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "role")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub shop_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// The version that changed it last.
    pub version: i64,
    #[sea_orm(column_type = "Json")]
    pub permissions: Names,
}

/// Names of permissions, as a JSON list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Names(Vec<String>);

impl From<Permissions> for Names {
    fn from(permissions: Permissions) -> Self {
        Self(permissions.names().map(str::to_owned).collect())
    }
}

impl Names {
    /// Those that exist; a name of a newer fenliu permits nothing here.
    pub(crate) fn permissions(&self) -> Permissions {
        self.0.iter().filter_map(|name| fenliu_domain::access::Permission::parse(name)).collect()
    }
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The whole row of a role.
pub(crate) fn row(role: &Stored<Role>) -> ActiveModel {
    ActiveModel {
        shop_id: Set(role.value.shop.to_string()),
        name: Set(role.value.name.clone()),
        version: Set(role.version),
        permissions: Set(role.value.permissions.into()),
    }
}

impl TryFrom<Model> for Stored<Role> {
    type Error = Fault;

    fn try_from(row: Model) -> Result<Self, Fault> {
        let place = Place { table: "role", row: &row.name };
        let shop = place.text("shop_id", &row.shop_id)?;
        let permissions = row.permissions.permissions();
        let value = Role { shop, name: row.name, permissions };
        Ok(Self { value, number: row.version, version: row.version })
    }
}
