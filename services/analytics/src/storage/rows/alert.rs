//! One row per alert, open or past.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "alert")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub shop_id: String,
    /// The position of the change that raised it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    /// The name of its kind.
    pub kind: String,
    /// Microseconds since 1970, as every column that ends like this.
    pub raised_us: i64,
    /// Absent while it is open.
    pub resolved_us: Option<i64>,
    /// The bytes of `fenliu.analytics.v1.Alert`.
    pub alert: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
