//! The use cases: what is decided when shops and accounts are opened and changed.
//!
//! Each change is one call of [`Store::once`]. The answer is made inside, by the function the handler hands in,
//! since what is remembered for a repetition is the answer itself.

use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::problem::{Problem, Reason};
use fenliu_runtime::ids::IdSource;
use prost::Message;

use crate::account::{Account, AccountChange, NewAccount};
use crate::call::Call;
use crate::config::Limits;
use crate::shop::{NewShop, Shop, ShopChange};
use crate::storage::{Fault, Store, Stored};

/// Opens and changes shops and accounts. Clones share everything.
#[derive(Clone)]
pub(crate) struct Registry {
    store: Store,
    ids: IdSource,
    limits: Limits,
}

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

/// An account after its creation or a change.
pub(crate) struct ChangedAccount {
    pub(crate) account: Stored<Account>,
    pub(crate) request_id: String,
    /// What succeeded but may not have been meant.
    pub(crate) warnings: Vec<String>,
}

impl Registry {
    /// A registry on this store.
    pub(crate) const fn new(store: Store, ids: IdSource, limits: Limits) -> Self {
        Self { store, ids, limits }
    }

    /// Opens a shop with its main account.
    ///
    /// # Errors
    /// LOGIN_NAME_TAKEN, and what [`Store::once`] refuses.
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
                Ok(answer(Opened { shop, main_account, request_id }))
            })
        });
        work.await
    }

    /// Changes a shop.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND, ETAG_MISMATCH, a window that ends before it starts, and what [`Store::once`] refuses.
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
                expect_etag(&old, &etag)?;
                let new = old.value.clone().changed(wanted)?;
                let shop = change.update_shop(&old, new).await?;
                Ok(answer(ChangedShop { shop, request_id }))
            })
        });
        work.await
    }

    /// Creates a sub-account.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND, SUB_ACCOUNT_LIMIT, LOGIN_NAME_TAKEN, and what [`Store::once`] refuses.
    pub(crate) async fn create_account<M>(
        &self,
        call: Call,
        shop_id: ShopId,
        new: NewAccount,
        answer: fn(ChangedAccount) -> M,
    ) -> Result<M, Problem>
    where
        M: Message + Default + 'static,
    {
        let agent_id = AgentId::from_bits(self.ids.next_bits());
        let request_id = call.request_id.clone();
        let limit = self.limits.sub_accounts_per_shop;
        let work = self.store.once(call, move |mut change| {
            Box::pin(async move {
                let tenant = change.tenant(shop_id);
                tenant.shop().await?;
                if tenant.count_sub_accounts().await? >= u64::from(limit) {
                    return Err(full(shop_id, limit));
                }
                let warnings = new.room.warnings();
                let name = new.login_name.clone();
                let account = new.create(agent_id, shop_id, change.now());
                let account = change.insert_account(account, &name).await?;
                Ok(answer(ChangedAccount { account, request_id, warnings }))
            })
        });
        work.await
    }

    /// Changes an account.
    ///
    /// # Errors
    /// AGENT_NOT_FOUND, ETAG_MISMATCH, MAIN_ACCOUNT_PROTECTED, and what [`Store::once`] refuses.
    pub(crate) async fn change_account<M>(
        &self,
        call: Call,
        (shop_id, agent_id, etag): (ShopId, AgentId, String),
        wanted: AccountChange,
        answer: fn(ChangedAccount) -> M,
    ) -> Result<M, Problem>
    where
        M: Message + Default + 'static,
    {
        let request_id = call.request_id.clone();
        let work = self.store.once(call, move |mut change| {
            Box::pin(async move {
                let old = change.tenant(shop_id).account(agent_id).await?;
                expect_etag(&old, &etag)?;
                let touches_room = wanted.touches_room();
                let new = old.value.clone().changed(wanted)?;
                let warnings = if touches_room { new.room.warnings() } else { Vec::new() };
                let account = change.update_account(&old, new).await?;
                Ok(answer(ChangedAccount { account, request_id, warnings }))
            })
        });
        work.await
    }
}

/// An empty etag fits whatever is there.
fn expect_etag<T>(stored: &Stored<T>, etag: &str) -> Result<(), Fault> {
    if etag.is_empty() || etag == stored.etag() {
        return Ok(());
    }
    let advice = "it has changed since it was read; read it again and repeat the change with its new etag";
    Err(Problem::new(Reason::EtagMismatch, advice).with("etag", etag).into())
}

fn full(shop_id: ShopId, limit: u32) -> Fault {
    let words = format!("shop {shop_id} has {limit} sub-accounts, as many as it may");
    let problem = Problem::new(Reason::SubAccountLimit, words);
    problem.with("shop_id", shop_id).with("limit", limit).into()
}
