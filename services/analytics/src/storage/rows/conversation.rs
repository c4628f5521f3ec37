//! One row per conversation: the fold of it as far as it has gone, in one piece, since whatever reads it reads all of it.

use fenliu_domain::exchange::{Exchange, Session};
use fenliu_domain::time::Span;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use super::{Place, bytes};
use crate::storage::{Fault, Key};

/// A conversation that goes on for so long or longer is looked up by another index, so that the lookup of a day
/// need not go further back than this.
pub(crate) const LASTING: Span = Span::from_hours(24);

/// What is there is written over; whose it is never changes.
pub(crate) const OVERWRITE: &str = "ON CONFLICT (shop_id, source, conversation) DO UPDATE SET buyer = excluded.buyer, \
    begins_us = excluded.begins_us, ends_us = excluded.ends_us, lasting_ends_us = excluded.lasting_ends_us, \
    facts = excluded.facts";

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "conversation")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub shop_id: String,
    /// Empty for the history's own; the source of an import otherwise.
    #[sea_orm(primary_key, auto_increment = false)]
    pub source: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub conversation: String,
    /// As the channel names them; empty as long as nobody has said.
    pub buyer: String,
    /// The first moment that counts for a day, in microseconds since 1970, as every column that ends like this.
    pub begins_us: i64,
    /// The last one.
    pub ends_us: i64,
    /// The same, where [`LASTING`] or more lies between the two.
    pub lasting_ends_us: Option<i64>,
    /// The session and the exchanges that are on no page, as in [`super::bytes`].
    pub facts: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The row of a conversation, with those of its exchanges that are on no page.
pub(crate) fn row(key: &Key, session: &Session, exchanges: &[Exchange]) -> ActiveModel {
    let begins = session.begins_at().unwrap_or_default();
    let ends = session.ends_at().unwrap_or_default();
    let lasting = ends.since(begins) >= LASTING;
    ActiveModel {
        shop_id: Set(key.shop.clone()),
        source: Set(key.source.clone()),
        conversation: Set(key.conversation.clone()),
        buyer: Set(session.buyer.clone()),
        begins_us: Set(begins.micros()),
        ends_us: Set(ends.micros()),
        lasting_ends_us: Set(lasting.then(|| ends.micros())),
        facts: Set(bytes::conversation(session, exchanges)),
    }
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

    /// The session, and the exchanges that are on no page.
    pub(crate) fn read(&self) -> Result<(Session, Vec<Exchange>), Fault> {
        let place = Place { table: "conversation", column: "facts", row: &self.conversation };
        bytes::read_conversation(place, &self.buyer, &self.facts)
    }
}
