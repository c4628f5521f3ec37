//! One row for everybody whose older tokens are void although their time may not be over.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "revocation")]
pub struct Model {
    /// `agt_…` or `svc_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject: String,
    /// Tokens of a lower version are void.
    pub version: i64,
    /// Microseconds since 1970: by then all of them have expired.
    pub forget_time: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
