//! One row per conversation: the fold of it, as far as it has gone.

use fenliu_domain::exchange::{Holder, Marks, Session};
use fenliu_domain::time::{Span, Timestamp};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use super::Place;
use super::exchange::{holder_text, read_holder};
use crate::storage::{Fault, Key};

/// A conversation that goes on for so long or longer is looked up by another index, so that the lookup of a day
/// need not go further back than this.
pub(crate) const LASTING: Span = Span::from_hours(24);

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "session")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub shop_id: String,
    /// Empty for the history's own; the source of an import otherwise.
    #[sea_orm(primary_key, auto_increment = false)]
    pub source: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub conversation: String,
    pub buyer: String,
    pub buyer_group: String,
    pub vip: bool,
    /// Microseconds since 1970, as every column that ends like this.
    pub opened_us: Option<i64>,
    pub opening_seen: bool,
    pub first_asked_us: Option<i64>,
    pub last_asked_us: Option<i64>,
    pub closed_us: Option<i64>,
    pub abandoned: bool,
    pub people_us: Option<i64>,
    pub agent_us: Option<i64>,
    pub human_us: Option<i64>,
    pub robot_us: Option<i64>,
    /// In whose hands it is, as in [`super::exchange`].
    pub holder: String,
    pub exchanges: i64,
    /// Since when it bears each mark.
    pub blocked_us: Option<i64>,
    pub reported_us: Option<i64>,
    pub shop_initiated_us: Option<i64>,
    pub holiday_mode_us: Option<i64>,
    /// The first moment that counts for a day.
    pub begins_us: i64,
    /// The last one.
    pub ends_us: i64,
    /// Whether [`LASTING`] or more lies between the two.
    pub lasting: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The row of a conversation.
pub(crate) fn row(key: &Key, session: &Session) -> Result<ActiveModel, Fault> {
    let micros = |at: Option<Timestamp>| Set(at.map(Timestamp::micros));
    let begins = session.begins_at().unwrap_or_default();
    let ends = session.ends_at().unwrap_or_default();
    Ok(ActiveModel {
        shop_id: Set(key.shop.clone()),
        source: Set(key.source.clone()),
        conversation: Set(key.conversation.clone()),
        buyer: Set(session.buyer.clone()),
        buyer_group: Set(session.group.clone()),
        vip: Set(session.vip),
        opened_us: micros(session.opened_at),
        opening_seen: Set(session.opening_seen),
        first_asked_us: micros(session.first_asked_at),
        last_asked_us: micros(session.last_asked_at),
        closed_us: micros(session.closed_at),
        abandoned: Set(session.abandoned),
        people_us: micros(session.people_at),
        agent_us: micros(session.agent_at),
        human_us: micros(session.human_at),
        robot_us: micros(session.robot_at),
        holder: Set(holder_text(&session.holder)?),
        exchanges: Set(session.exchanges.into()),
        blocked_us: micros(session.marks.blocked_at),
        reported_us: micros(session.marks.reported_at),
        shop_initiated_us: micros(session.marks.shop_initiated_at),
        holiday_mode_us: micros(session.marks.holiday_mode_at),
        begins_us: Set(begins.micros()),
        ends_us: Set(ends.micros()),
        lasting: Set(ends.since(begins) >= LASTING),
    })
}

impl Model {
    /// The key of the conversation.
    pub(crate) fn key(&self) -> Key {
        Key {
            shop: self.shop_id.clone(),
            source: self.source.clone(),
            conversation: self.conversation.clone(),
        }
    }

    /// The conversation.
    pub(crate) fn into_session(self) -> Result<Session, Fault> {
        let place = Place { table: "session", row: &self.conversation };
        let holder: Holder = read_holder(place, &self.holder)?;
        Ok(Session {
            vip: self.vip,
            opened_at: place.optional_time("opened_us", self.opened_us)?,
            opening_seen: self.opening_seen,
            first_asked_at: place.optional_time("first_asked_us", self.first_asked_us)?,
            last_asked_at: place.optional_time("last_asked_us", self.last_asked_us)?,
            closed_at: place.optional_time("closed_us", self.closed_us)?,
            abandoned: self.abandoned,
            people_at: place.optional_time("people_us", self.people_us)?,
            agent_at: place.optional_time("agent_us", self.agent_us)?,
            human_at: place.optional_time("human_us", self.human_us)?,
            robot_at: place.optional_time("robot_us", self.robot_us)?,
            exchanges: place.count("exchanges", self.exchanges)?,
            marks: Marks {
                blocked_at: place.optional_time("blocked_us", self.blocked_us)?,
                reported_at: place.optional_time("reported_us", self.reported_us)?,
                shop_initiated_at: place.optional_time("shop_initiated_us", self.shop_initiated_us)?,
                holiday_mode_at: place.optional_time("holiday_mode_us", self.holiday_mode_us)?,
            },
            holder,
            buyer: self.buyer,
            group: self.buyer_group,
        })
    }
}
