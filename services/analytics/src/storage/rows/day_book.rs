//! One row per shop, pack and local day: what the day came to, as long as nothing of it changes.

use sea_orm::entity::prelude::*;

/// What is there is written over.
pub(crate) const OVERWRITE: &str = "ON CONFLICT (shop_id, pack, pack_version, date) DO UPDATE SET \
    print = excluded.print, zone = excluded.zone, version = excluded.version, holds_from_us = excluded.holds_from_us, \
    counts = excluded.counts, waits = excluded.waits, first_waits = excluded.first_waits";

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "day_book")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub shop_id: String,
    /// The name of the pack; empty for when conversations came, in version 0, and for cards, in version 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub pack: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub pack_version: i64,
    /// As 2026-05-01.
    #[sea_orm(primary_key, auto_increment = false)]
    pub date: String,
    /// What tells the pack, and the judge that made this, from others of the same name and version.
    pub print: Vec<u8>,
    /// IANA name of the zone of the day.
    pub zone: String,
    /// The version of the facts it was made of.
    pub version: i64,
    /// From which moment on it holds, in microseconds since 1970.
    pub holds_from_us: i64,
    /// The counts, and sketches of how long turns waited, as in [`super::book_bytes`].
    pub counts: Vec<u8>,
    /// How long every turn waited, as in [`super::book_bytes`]; empty where they are too many.
    pub waits: Vec<u8>,
    /// The same of each conversation's first turn.
    pub first_waits: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
