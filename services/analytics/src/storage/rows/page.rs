//! Exchanges of a conversation that has many: each page is written once, so that one more exchange never writes all of
//! them again.

use fenliu_domain::exchange::Exchange;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use super::{Place, bytes};
use crate::storage::{Fault, Key};

/// Exchanges of a page.
pub(crate) const EXCHANGES: usize = 64;

/// A page that is there is the same.
pub(crate) const KEEP: &str = "ON CONFLICT (shop_id, source, conversation, number) DO NOTHING";

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "conversation_page")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub shop_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub source: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub conversation: String,
    /// The number of its first exchange.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    /// Its exchanges, as in [`super::bytes`].
    pub exchanges: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The row of a page.
pub(crate) fn row(key: &Key, exchanges: &[Exchange]) -> ActiveModel {
    ActiveModel {
        shop_id: Set(key.shop.clone()),
        source: Set(key.source.clone()),
        conversation: Set(key.conversation.clone()),
        number: Set(exchanges.first().map_or(0, |first| first.number.into())),
        exchanges: Set(bytes::exchanges(exchanges)),
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

    /// Its exchanges.
    pub(crate) fn read(&self) -> Result<Vec<Exchange>, Fault> {
        let place = Place { table: "conversation_page", column: "exchanges", row: &self.conversation };
        bytes::read_exchanges(place, &self.exchanges)
    }
}
