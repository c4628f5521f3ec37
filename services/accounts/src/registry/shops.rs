//! Opens and changes shops.

use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::problem::Problem;
use prost::Message;

use super::{Registry, expect_etag, record};
use crate::account::Account;
use crate::binding::{Binding, Terms};
use crate::call::Call;
use crate::planning::follow_zone;
use crate::shop::{NewShop, Shop, ShopChange};
use crate::storage::Stored;

/// A shop that has just been opened.
pub(crate) struct Opened {
    pub(crate) shop: Stored<Shop>,
    pub(crate) main_account: Stored<Account>,
    pub(crate) request_id: String,
}

/// A shop after a change.
pub(crate) struct ChangedShop {
    pub(crate) shop: Stored<Shop>,
    pub(crate) request_id: String,
}

impl Registry {
    /// Opens a shop with its main account.
    ///
    /// # Errors
    /// LOGIN_NAME_TAKEN, and what [`Store::once`](crate::storage::Store::once) refuses.
    pub(crate) async fn open_shop<M>(
        &self,
        call: Call,
        new: NewShop,
        answer: fn(Opened) -> M,
    ) -> Result<M, Problem>
    where
        M: Message + Default + 'static,
    {
        let shop_id = ShopId::from_bits(self.ids.next_bits());
        let agent_id = AgentId::from_bits(self.ids.next_bits());
        let request_id = call.request_id.clone();
        let work = self.store.once(call, move |mut change| {
            Box::pin(async move {
                let name = new.main_login_name.clone();
                let (shop, main_account) = new.open(shop_id, agent_id, change.now());
                let shop = change.insert_shop(shop).await?;
                let main_account = change.insert_account(main_account, &name).await?;
                let binding = Binding::new(shop_id, agent_id, Terms::of_the_main_account(), change.now());
                let binding = change.insert_binding(binding).await?;
                let noted = record::shop(&shop.value);
                change.audit(Some(shop_id), "shop.created", shop_id, (None, Some(noted))).await?;
                let noted = record::account(&main_account.value);
                change.audit(Some(shop_id), "agent.created", agent_id, (None, Some(noted))).await?;
                let noted = record::binding(&binding.value);
                change.audit(Some(shop_id), "agent.bound", agent_id, (None, Some(noted))).await?;
                Ok(answer(Opened { shop, main_account, request_id }))
            })
        });
        work.await
    }

    /// Changes a shop.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND, ETAG_MISMATCH, a window that ends before it starts, and what
    /// [`Store::once`](crate::storage::Store::once) refuses.
    pub(crate) async fn change_shop<M>(
        &self,
        call: Call,
        (shop_id, etag): (ShopId, String),
        wanted: ShopChange,
        answer: fn(ChangedShop) -> M,
    ) -> Result<M, Problem>
    where
        M: Message + Default + 'static,
    {
        let request_id = call.request_id.clone();
        let work = self.store.once(call, move |mut change| {
            Box::pin(async move {
                let old = change.tenant(shop_id).shop().await?;
                expect_etag(&old.etag(), &etag)?;
                let new = old.value.clone().changed(wanted)?;
                let shop = change.update_shop(&old, new).await?;
                follow_zone(&mut change, &shop.value).await?;
                let noted = (Some(record::shop(&old.value)), Some(record::shop(&shop.value)));
                change.audit(Some(shop_id), "shop.updated", shop_id, noted).await?;
                Ok(answer(ChangedShop { shop, request_id }))
            })
        });
        work.await
    }
}
