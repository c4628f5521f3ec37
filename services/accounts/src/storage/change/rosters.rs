//! Stores drafts, rosters and exceptions.

use fenliu_domain::ids::ShopId;
use sea_orm::EntityTrait;
use sea_orm::sea_query::OnConflict;

use super::Change;
use crate::planning::{Draft, Filed, Published};
use crate::storage::rows::{roster_draft, roster_exception, roster_version};
use crate::storage::{Fault, Stored};

impl Change<'_> {
    /// Stores a draft in place of the one before, with an etag of its own.
    pub(crate) async fn put_draft(&mut self, value: Draft) -> Result<Stored<Draft>, Fault> {
        use roster_draft::{Column, Entity};

        let stored = self.first_version_of(value).await?;
        let replaced =
            OnConflict::column(Column::ShopId).update_columns([Column::Version, Column::Contents]).to_owned();
        Entity::insert(roster_draft::row(&stored))
            .on_conflict(replaced)
            .exec_without_returning(self.txn)
            .await?;
        Ok(stored)
    }

    /// Stores a published roster.
    pub(crate) async fn insert_roster(&self, shop: ShopId, published: &Published) -> Result<(), Fault> {
        let row = roster_version::row(shop, published);
        roster_version::Entity::insert(row).exec_without_returning(self.txn).await?;
        Ok(())
    }

    /// Stores a new exception.
    pub(crate) async fn insert_exception(&mut self, value: Filed) -> Result<Stored<Filed>, Fault> {
        let stored = self.first_version_of(value).await?;
        let row = roster_exception::row(stored.number, &stored.value);
        roster_exception::Entity::insert(row).exec_without_returning(self.txn).await?;
        Ok(stored)
    }

    /// Stores what the exception with this number has become.
    pub(crate) async fn update_exception(&self, number: i64, value: &Filed) -> Result<(), Fault> {
        roster_exception::Entity::update(roster_exception::row(number, value)).exec(self.txn).await?;
        Ok(())
    }
}
