//! One row per leave, swap or extra duty.

use fenliu_domain::roster::{Party, Status};
use fenliu_proto::accounts::v1 as proto;
use prost::Message;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use super::{Place, from_list, to_list};
use crate::planning::{Filed, SUPERVISOR, party_name, status_word, wire};
use crate::storage::{Fault, Stored};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "roster_exception")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub exception_id: String,
    pub shop_id: String,
    /// The version that created it: its place in lists.
    pub number: i64,
    /// `requested`, `active`, `declined` or `cancelled`.
    pub state: String,
    /// Who must still say yes, each between two separators.
    pub waits_for: String,
    /// Whom it is about, each between two separators.
    pub agent_ids: String,
    /// Nobody's duty is another before this because of it; microseconds since 1970.
    pub first_time: i64,
    /// Nor after this.
    pub last_time: i64,
    /// Bytes of `fenliu.accounts.v1.RosterException` with its kind alone.
    pub contents: Vec<u8>,
    /// An agent, or `supervisor`.
    pub asked_by: String,
    pub reason: String,
    pub author: String,
    /// Microseconds since 1970.
    pub create_time: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The whole row of an exception.
pub(crate) fn row(number: i64, filed: &Filed) -> ActiveModel {
    let waits_for: Vec<String> = match &filed.status {
        Status::Requested { waits_for } => waits_for.iter().copied().map(party_name).collect(),
        Status::Active | Status::Declined | Status::Cancelled => Vec::new(),
    };
    let agents: Vec<String> = filed.agents().iter().map(ToString::to_string).collect();
    let contents =
        proto::RosterException { kind: Some(wire::exception(&filed.exception)), ..Default::default() };
    let (first, last) = filed.reach();
    ActiveModel {
        exception_id: Set(filed.id.to_string()),
        shop_id: Set(filed.shop.to_string()),
        number: Set(number),
        state: Set(status_word(&filed.status).to_owned()),
        waits_for: Set(to_list(&waits_for)),
        agent_ids: Set(to_list(&agents)),
        first_time: Set(first.micros()),
        last_time: Set(last.micros()),
        contents: Set(contents.encode_to_vec()),
        asked_by: Set(party_name(filed.asked_by)),
        reason: Set(filed.reason.clone()),
        author: Set(filed.author.clone()),
        create_time: Set(filed.created.micros()),
    }
}

impl TryFrom<Model> for Stored<Filed> {
    type Error = Fault;

    fn try_from(row: Model) -> Result<Self, Fault> {
        let place = Place { table: "roster_exception", row: &row.exception_id };
        let contents = proto::RosterException::decode(&*row.contents);
        let kind = contents.map_err(|error| place.corrupt("contents", error))?.kind;
        let kind =
            kind.ok_or_else(|| place.corrupt("contents", "says neither leave nor swap nor extra duty"))?;
        let value = Filed {
            id: place.text("exception_id", &row.exception_id)?,
            shop: place.text("shop_id", &row.shop_id)?,
            exception: wire::stored_exception(&kind).map_err(|problem| place.corrupt("contents", problem))?,
            status: status(place, &row.state, &row.waits_for)?,
            asked_by: party(place, "asked_by", &row.asked_by)?,
            reason: row.reason,
            author: row.author,
            created: place.time("create_time", row.create_time)?,
        };
        Ok(Self { value, number: row.number, version: row.number })
    }
}

fn status(place: Place<'_>, state: &str, waits_for: &str) -> Result<Status, Fault> {
    let waits_for =
        from_list(waits_for).iter().map(|name| party(place, "waits_for", name)).collect::<Result<_, _>>()?;
    [Status::Requested { waits_for }, Status::Active, Status::Declined, Status::Cancelled]
        .into_iter()
        .find(|known| status_word(known) == state)
        .ok_or_else(|| place.corrupt("state", "is no state of an exception"))
}

fn party(place: Place<'_>, column: &'static str, name: &str) -> Result<Party, Fault> {
    if name == SUPERVISOR { Ok(Party::Supervisor) } else { place.text(column, name).map(Party::Agent) }
}
