//! One row per shop that has a ladder of its own.

use fenliu_domain::ids::ShopId;
use fenliu_domain::time::Span;
use sea_orm::ActiveValue::Set;
use sea_orm::FromJsonQueryResult;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::Place;
use super::binding::{kind_of, kind_word};
use crate::discipline::{Ladder, Rung};
use crate::storage::{Fault, Stored};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sanction_ladder")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub shop_id: String,
    /// The version that changed it last.
    pub version: i64,
    pub window_days: i64,
    #[sea_orm(column_type = "Json")]
    pub rungs: Rungs,
}

/// Rungs, lowest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Rungs(Vec<StoredRung>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct StoredRung {
    violations: u32,
    /// `mute` or `ban`.
    kind: String,
    /// Microseconds; none = until it is lifted.
    length: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The whole row of a ladder.
pub(crate) fn row(shop: ShopId, ladder: &Stored<Ladder>) -> ActiveModel {
    let rungs = ladder.value.rungs.iter().map(|rung| StoredRung {
        violations: rung.violations,
        kind: kind_word(rung.kind).to_owned(),
        length: rung.length.map(Span::micros),
    });
    ActiveModel {
        shop_id: Set(shop.to_string()),
        version: Set(ladder.version),
        window_days: Set(ladder.value.window_days.into()),
        rungs: Set(Rungs(rungs.collect())),
    }
}

impl TryFrom<Model> for Stored<Ladder> {
    type Error = Fault;

    fn try_from(row: Model) -> Result<Self, Fault> {
        let place = Place { table: "sanction_ladder", row: &row.shop_id };
        let rung = |rung: StoredRung| {
            let kind = kind_of(&rung.kind).ok_or_else(|| place.corrupt("rungs", "is no kind of sanction"))?;
            Ok(Rung { violations: rung.violations, kind, length: rung.length.map(Span::from_micros) })
        };
        let value = Ladder {
            window_days: place.number("window_days", row.window_days)?,
            rungs: row.rungs.0.into_iter().map(rung).collect::<Result<_, Fault>>()?,
        };
        Ok(Self { value, number: row.version, version: row.version })
    }
}
