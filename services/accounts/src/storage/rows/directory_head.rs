//! The one row that every change takes first, so that versions become visible in the order of their commits.

use sea_orm::entity::prelude::*;

/// The only row's id.
pub(crate) const ONLY: i32 = 1;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "directory_head")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    /// Version of the latest change anywhere.
    pub version: i64,
    /// Counts the changes of keys and revocations.
    pub trust: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
