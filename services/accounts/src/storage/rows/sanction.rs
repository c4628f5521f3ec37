//! One row per mute or ban, kept for ever.

use fenliu_domain::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use super::Place;
use super::binding::{kind_of, kind_word};
use crate::discipline::{Lifted, Sanction};
use crate::storage::{Fault, Stored};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sanction")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub sanction_id: String,
    pub shop_id: String,
    pub agent_id: String,
    /// The version that created it: its place in lists.
    pub number: i64,
    /// The version that changed it last.
    pub version: i64,
    /// `mute` or `ban`; a ban sorts before a mute.
    pub kind: String,
    pub reason: String,
    pub evidence: String,
    /// Microseconds since 1970.
    pub start_time: i64,
    /// Microseconds since 1970; [`OPEN`] = when it is lifted.
    pub end_time: i64,
    pub author: String,
    /// Microseconds since 1970.
    pub lift_time: Option<i64>,
    pub lifted_by: Option<String>,
    pub lift_reason: Option<String>,
}

/// The end of a sanction that has none: later than every other.
pub(crate) const OPEN: i64 = i64::MAX;

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The whole row of a sanction.
pub(crate) fn row(sanction: &Stored<Sanction>) -> ActiveModel {
    let Stored { number, version, value } = sanction;
    let lifted = value.lifted.as_ref();
    ActiveModel {
        sanction_id: Set(value.id.to_string()),
        shop_id: Set(value.shop.to_string()),
        agent_id: Set(value.agent.to_string()),
        number: Set(*number),
        version: Set(*version),
        kind: Set(kind_word(value.kind).to_owned()),
        reason: Set(value.reason.clone()),
        evidence: Set(value.evidence.clone()),
        start_time: Set(value.start.micros()),
        end_time: Set(value.end.map_or(OPEN, Timestamp::micros)),
        author: Set(value.author.clone()),
        lift_time: Set(lifted.map(|lifted| lifted.time.micros())),
        lifted_by: Set(lifted.map(|lifted| lifted.by.clone())),
        lift_reason: Set(lifted.map(|lifted| lifted.reason.clone())),
    }
}

impl TryFrom<Model> for Stored<Sanction> {
    type Error = Fault;

    fn try_from(row: Model) -> Result<Self, Fault> {
        let place = Place { table: "sanction", row: &row.sanction_id };
        let end = Some(row.end_time).filter(|end| *end != OPEN);
        let lifted = row.lift_time.map(|time| {
            Ok::<_, Fault>(Lifted {
                time: place.time("lift_time", time)?,
                by: row.lifted_by.unwrap_or_default(),
                reason: row.lift_reason.unwrap_or_default(),
            })
        });
        let value = Sanction {
            id: place.text("sanction_id", &row.sanction_id)?,
            shop: place.text("shop_id", &row.shop_id)?,
            agent: place.text("agent_id", &row.agent_id)?,
            kind: kind_of(&row.kind).ok_or_else(|| place.corrupt("kind", "is no kind of sanction"))?,
            reason: row.reason,
            evidence: row.evidence,
            start: place.time("start_time", row.start_time)?,
            end: end.map(|end| place.time("end_time", end)).transpose()?,
            author: row.author,
            lifted: lifted.transpose()?,
        };
        Ok(Self { value, number: row.number, version: row.version })
    }
}
