//! Stores sanctions and ladders.

use fenliu_domain::ids::ShopId;
use sea_orm::EntityTrait;
use sea_orm::sea_query::OnConflict;

use super::Change;
use crate::discipline::{Ladder, Sanction};
use crate::storage::rows::{sanction, sanction_ladder};
use crate::storage::{Fault, Stored};

impl Change<'_> {
    /// Stores a new sanction.
    pub(crate) async fn insert_sanction(&mut self, value: Sanction) -> Result<Stored<Sanction>, Fault> {
        let stored = self.first_version_of(value).await?;
        sanction::Entity::insert(sanction::row(&stored)).exec_without_returning(self.txn).await?;
        Ok(stored)
    }

    /// Stores what a sanction has become.
    pub(crate) async fn update_sanction(
        &mut self,
        old: &Stored<Sanction>,
        value: Sanction,
    ) -> Result<Stored<Sanction>, Fault> {
        let stored = Stored { value, number: old.number, version: self.next_version().await? };
        sanction::Entity::update(sanction::row(&stored)).exec(self.txn).await?;
        Ok(stored)
    }

    /// Stores a shop's ladder in place of the one before.
    pub(crate) async fn put_ladder(&mut self, shop: ShopId, value: Ladder) -> Result<Stored<Ladder>, Fault> {
        use sanction_ladder::{Column, Entity};

        let stored = self.first_version_of(value).await?;
        let replaced = OnConflict::column(Column::ShopId)
            .update_columns([Column::Version, Column::WindowDays, Column::Rungs])
            .to_owned();
        let row = sanction_ladder::row(shop, &stored);
        Entity::insert(row).on_conflict(replaced).exec_without_returning(self.txn).await?;
        Ok(stored)
    }
}
