//! The names of a shop's groups, of which there may be so many.

use std::collections::BTreeSet;

use fenliu_domain::ids::ShopId;
use fenliu_domain::problem::{Problem, Reason};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use super::Change;
use crate::storage::Fault;
use crate::storage::rows::{binding, from_list, shop_group};

impl Change<'_> {
    /// Notes the groups that an agent of the shop answers for from now on.
    ///
    /// # Errors
    /// GROUP_LIMIT when the shop would then have more than `limit`.
    pub(crate) async fn note_groups(&self, shop: ShopId, groups: &[String], limit: u32) -> Result<(), Fault> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut known = self.known_groups(shop).await?;
        if groups.iter().all(|group| known.contains(group)) {
            return Ok(());
        }
        let with = |known: &BTreeSet<String>| known.iter().chain(groups).collect::<BTreeSet<_>>().len();
        if with(&known) > limit {
            // Groups that nobody answers for any more make room.
            known = self.forget_unused_groups(shop, &known).await?;
        }
        if with(&known) > limit {
            let words =
                format!("shop {shop} has {} groups and may have {limit}; use one of them", known.len());
            return Err(Problem::new(Reason::GroupLimit, words)
                .with("limit", limit)
                .with("shop_id", shop)
                .into());
        }
        let new: BTreeSet<_> = groups.iter().filter(|group| !known.contains(*group)).collect();
        let rows = new
            .into_iter()
            .map(|name| shop_group::ActiveModel { shop_id: Set(shop.to_string()), name: Set(name.clone()) });
        shop_group::Entity::insert_many(rows).exec_without_returning(self.txn).await?;
        Ok(())
    }

    async fn known_groups(&self, shop: ShopId) -> Result<BTreeSet<String>, Fault> {
        let of_shop = shop_group::Column::ShopId.eq(shop.to_string());
        let rows = shop_group::Entity::find().filter(of_shop).all(self.txn).await?;
        Ok(rows.into_iter().map(|row| row.name).collect())
    }

    async fn forget_unused_groups(
        &self,
        shop: ShopId,
        known: &BTreeSet<String>,
    ) -> Result<BTreeSet<String>, Fault> {
        let lists: Vec<String> = binding::Entity::find()
            .select_only()
            .column(binding::Column::Groups)
            .distinct()
            .filter(binding::Column::ShopId.eq(shop.to_string()))
            .filter(binding::Column::Active.eq(true))
            .into_tuple()
            .all(self.txn)
            .await?;
        let used: BTreeSet<String> = lists.iter().flat_map(|list| from_list(list)).collect();
        let unused: Vec<&String> = known.difference(&used).collect();
        shop_group::Entity::delete_many()
            .filter(shop_group::Column::ShopId.eq(shop.to_string()))
            .filter(shop_group::Column::Name.is_in(unused))
            .exec(self.txn)
            .await?;
        Ok(known.intersection(&used).cloned().collect())
    }
}
