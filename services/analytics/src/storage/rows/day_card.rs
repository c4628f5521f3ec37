//! One row per shop, agent and local day: what the day came to for the agent, as long as the day's book (see
//! [`super::day_book`]) names them. Rows of agents whom it does not name are of no account.

use sea_orm::entity::prelude::*;

/// What is there is written over.
pub(crate) const OVERWRITE: &str =
    "ON CONFLICT (shop_id, agent, date) DO UPDATE SET whole = excluded.whole, shifts = excluded.shifts";

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "day_card")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub shop_id: String,
    /// By their id or the name an import gave them.
    #[sea_orm(primary_key, auto_increment = false)]
    pub agent: String,
    /// As 2026-05-01.
    #[sea_orm(primary_key, auto_increment = false)]
    pub date: String,
    /// What the whole day came to, as in [`super::card_bytes`].
    pub whole: Vec<u8>,
    /// What each of the usual shifts came to, as in [`super::card_bytes`].
    pub shifts: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
