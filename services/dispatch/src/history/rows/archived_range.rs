//! Ranges of the history that lie in an archive.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "archived_range")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub first_position: i64,
    pub last_position: i64,
    /// The event at the last position.
    pub last_event_id: Uuid,
    /// Name of the file it lies in.
    pub file: String,
    /// SHA-256 of that file, in hexadecimal.
    pub sha256: String,
    pub archived_time: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
