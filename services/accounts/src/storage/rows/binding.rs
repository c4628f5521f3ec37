//! One row per account and shop it works for, also after that has ended.

use fenliu_domain::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::FromJsonQueryResult;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Place, from_list, to_list};
use crate::binding::{Binding, Duty, ExternalAccount, InForce, SanctionKind, Terms};
use crate::storage::{Fault, Stored};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "binding")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub shop_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub agent_id: String,
    /// The version that created it: its place in lists.
    pub number: i64,
    /// The version of the directory that told of it last.
    pub version: i64,
    /// Names of roles, each between two separators.
    pub roles: String,
    /// Names of groups, each between two separators.
    pub groups: String,
    pub capacity: i64,
    pub ceiling: i64,
    pub unlimited: bool,
    pub weight: i64,
    /// The marketplace of the external account.
    pub platform: Option<String>,
    /// Its id there; unique within the marketplace.
    pub external_id: Option<String>,
    /// False once it has ended.
    pub active: bool,
    /// Microseconds since 1970.
    pub create_time: i64,
    /// `mute` or `ban`, while in force.
    pub sanction_kind: Option<String>,
    /// Microseconds since 1970.
    pub sanction_end: Option<i64>,
    #[sea_orm(column_type = "Json", nullable)]
    pub duty: Option<Spans>,
    /// Microseconds since 1970: followers know of the duty up to then.
    pub duty_through: Option<i64>,
}

/// Stretches of duty, as a JSON list of pairs of microseconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Spans(Vec<(i64, i64)>);

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The word of a kind of sanction.
pub(crate) const fn kind_word(kind: SanctionKind) -> &'static str {
    match kind {
        SanctionKind::Mute => "mute",
        SanctionKind::Ban => "ban",
    }
}

/// The kind of sanction of this word.
pub(crate) fn kind_of(word: &str) -> Option<SanctionKind> {
    [SanctionKind::Mute, SanctionKind::Ban].into_iter().find(|kind| kind_word(*kind) == word)
}

/// The whole row of a binding.
pub(crate) fn row(binding: &Stored<Binding>) -> ActiveModel {
    let Stored { number, version, value } = binding;
    let Terms { roles, groups, capacity, ceiling, unlimited, weight, external } = &value.terms;
    // An ended binding gives its external account back.
    let external = external.as_ref().filter(|_| value.active);
    let spans =
        |duty: &Duty| Spans(duty.spans.iter().map(|(start, end)| (start.micros(), end.micros())).collect());
    ActiveModel {
        shop_id: Set(value.shop.to_string()),
        agent_id: Set(value.agent.to_string()),
        number: Set(*number),
        version: Set(*version),
        roles: Set(to_list(roles)),
        groups: Set(to_list(groups)),
        capacity: Set((*capacity).into()),
        ceiling: Set((*ceiling).into()),
        unlimited: Set(*unlimited),
        weight: Set((*weight).into()),
        platform: Set(external.map(|account| account.platform.clone())),
        external_id: Set(external.map(|account| account.account_id.clone())),
        active: Set(value.active),
        create_time: Set(value.created.micros()),
        sanction_kind: Set(value.sanction.map(|sanction| kind_word(sanction.kind).to_owned())),
        sanction_end: Set(value.sanction.and_then(|sanction| sanction.end).map(Timestamp::micros)),
        duty: Set(value.duty.as_ref().map(spans)),
        duty_through: Set(value.duty.as_ref().map(|duty| duty.through.micros())),
    }
}

impl TryFrom<Model> for Stored<Binding> {
    type Error = Fault;

    fn try_from(row: Model) -> Result<Self, Fault> {
        let place = Place { table: "binding", row: &format!("{} of {}", row.agent_id, row.shop_id) };
        let external = row.platform.zip(row.external_id);
        let terms = Terms {
            roles: from_list(&row.roles),
            groups: from_list(&row.groups),
            capacity: place.number("capacity", row.capacity)?,
            ceiling: place.number("ceiling", row.ceiling)?,
            unlimited: row.unlimited,
            weight: place.number("weight", row.weight)?,
            external: external.map(|(platform, account_id)| ExternalAccount { platform, account_id }),
        };
        let sanction = row.sanction_kind.map(|word| {
            let kind =
                kind_of(&word).ok_or_else(|| place.corrupt("sanction_kind", "is no kind of sanction"))?;
            let end = row.sanction_end.map(|end| place.time("sanction_end", end)).transpose()?;
            Ok::<_, Fault>(InForce { kind, end })
        });
        let duty = row.duty.zip(row.duty_through).map(|(spans, through)| {
            let time = |micros| place.time("duty", micros);
            let spans = spans.0.into_iter().map(|(start, end)| Ok((time(start)?, time(end)?)));
            let spans = spans.collect::<Result<_, Fault>>()?;
            Ok::<_, Fault>(Duty { spans, through: place.time("duty_through", through)? })
        });
        let value = Binding {
            shop: place.text("shop_id", &row.shop_id)?,
            agent: place.text("agent_id", &row.agent_id)?,
            terms,
            active: row.active,
            created: place.time("create_time", row.create_time)?,
            sanction: sanction.transpose()?,
            duty: duty.transpose()?,
        };
        Ok(Self { value, number: row.number, version: row.version })
    }
}
