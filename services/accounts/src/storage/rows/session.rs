//! One row for every sign-in that has not expired.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use super::Place;
use crate::entrance::Session;
use crate::storage::Fault;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "session")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub session_id: String,
    pub agent_id: String,
    /// The shop that was signed in to.
    pub shop_id: String,
    /// Where the sign-in came from.
    pub source: String,
    /// Microseconds since 1970.
    pub create_time: i64,
    /// Microseconds since 1970 of the latest refresh.
    pub use_time: i64,
    /// Microseconds since 1970: its refresh token is valid until then.
    pub expire_time: i64,
    /// Microseconds since 1970; `None` = it goes on.
    pub end_time: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The whole row of a session.
pub(crate) fn row(session: &Session) -> ActiveModel {
    ActiveModel {
        session_id: Set(session.id.to_string()),
        agent_id: Set(session.agent.to_string()),
        shop_id: Set(session.shop.to_string()),
        source: Set(session.source.clone()),
        create_time: Set(session.created.micros()),
        use_time: Set(session.used.micros()),
        expire_time: Set(session.expires.micros()),
        end_time: Set(session.ended.map(fenliu_domain::time::Timestamp::micros)),
    }
}

impl TryFrom<Model> for Session {
    type Error = Fault;

    fn try_from(row: Model) -> Result<Self, Fault> {
        let place = Place { table: "session", row: &row.session_id };
        Ok(Self {
            id: place.text("session_id", &row.session_id)?,
            agent: place.text("agent_id", &row.agent_id)?,
            shop: place.text("shop_id", &row.shop_id)?,
            created: place.time("create_time", row.create_time)?,
            used: place.time("use_time", row.use_time)?,
            expires: place.time("expire_time", row.expire_time)?,
            ended: row.end_time.map(|time| place.time("end_time", time)).transpose()?,
            source: row.source,
        })
    }
}
