//! One row per version of a pack of one's own; written once.

use fenliu_domain::pack::{Draft, RulePack};
use fenliu_proto::rule_pack;
use prost::Message;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use super::Place;
use crate::storage::Fault;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rule_pack")]
pub struct Model {
    /// Whose it is; empty = it is for all shops.
    #[sea_orm(primary_key, auto_increment = false)]
    pub shop_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub rule_pack_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i64,
    /// The bytes of `fenliu.analytics.v1.RulePack`.
    pub pack: Vec<u8>,
    /// When it was put, in microseconds since 1970.
    pub put_us: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The row of a pack.
pub(crate) fn row(shop_id: &str, pack: &RulePack, put_us: i64) -> ActiveModel {
    ActiveModel {
        shop_id: Set(shop_id.to_owned()),
        rule_pack_id: Set(pack.id.clone()),
        version: Set(pack.version.into()),
        pack: Set(rule_pack::to_proto(pack).encode_to_vec()),
        put_us: Set(put_us),
    }
}

impl Model {
    /// The pack.
    pub(crate) fn read(&self) -> Result<RulePack, Fault> {
        let place = Place { table: "rule_pack", column: "pack", row: &self.rule_pack_id };
        let pack = fenliu_proto::analytics::v1::RulePack::decode(self.pack.as_slice());
        let draft = rule_pack::draft(pack.map_err(|error| place.corrupt(error))?);
        draft.and_then(Draft::check).map_err(|problem| place.corrupt(problem))
    }
}
