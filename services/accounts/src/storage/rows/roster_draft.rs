//! One row per shop that drafts a roster.

use prost::Message;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use super::{Place, plan_of_bytes};
use crate::planning::{Draft, wire};
use crate::storage::{Fault, Stored};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "roster_draft")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub shop_id: String,
    /// Changes with every change, and with every publication.
    pub version: i64,
    /// Bytes of `fenliu.accounts.v1.Roster`.
    pub contents: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The whole row of a draft.
pub(crate) fn row(draft: &Stored<Draft>) -> ActiveModel {
    ActiveModel {
        shop_id: Set(draft.value.shop.to_string()),
        version: Set(draft.version),
        contents: Set(wire::roster(&draft.value.plan).encode_to_vec()),
    }
}

impl TryFrom<Model> for Stored<Draft> {
    type Error = Fault;

    fn try_from(row: Model) -> Result<Self, Fault> {
        let place = Place { table: "roster_draft", row: &row.shop_id };
        let plan = plan_of_bytes(place, &row.contents)?;
        let value = Draft { shop: place.text("shop_id", &row.shop_id)?, plan };
        Ok(Self { value, number: row.version, version: row.version })
    }
}
