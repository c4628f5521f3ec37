//! Creates, changes and ends accounts.

use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::problem::{Problem, Reason};
use prost::Message;
use sea_orm::DatabaseTransaction;

use super::{Done, Registry, expect_etag, record};
use crate::account::{Account, NewAccount, PasswordHash};
use crate::binding::{Binding, Member, Terms};
use crate::call::Call;
use crate::planning::told_from_the_start;
use crate::storage::{Change, Fault, Stored, Tenant};

/// An account that has just been created.
pub(crate) struct CreatedAccount {
    pub(crate) account: Stored<Account>,
    pub(crate) member: Member,
    pub(crate) request_id: String,
    /// What succeeded but may not have been meant.
    pub(crate) warnings: Vec<String>,
}

/// An account after a change.
pub(crate) struct ChangedAccount {
    pub(crate) account: Stored<Account>,
    pub(crate) request_id: String,
}

impl Registry {
    /// Creates a sub-account and binds it to its home.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND, ROLE_NOT_FOUND, PERMISSION_NOT_HELD, SUB_ACCOUNT_LIMIT, GROUP_LIMIT, LOGIN_NAME_TAKEN, and
    /// what [`Store::once`](crate::storage::Store::once) refuses.
    pub(crate) async fn create_account<M>(
        &self,
        call: Call,
        shop_id: ShopId,
        (new, terms): (NewAccount, Terms),
        answer: fn(CreatedAccount) -> M,
    ) -> Result<M, Problem>
    where
        M: Message + Default + 'static,
    {
        let agent_id = AgentId::from_bits(self.ids.next_bits());
        let request_id = call.request_id.clone();
        let registry = self.clone();
        let work = self.store.once(call, move |mut change| {
            Box::pin(async move {
                registry.expect_room(&change.tenant(shop_id)).await?;
                registry.expect_grantable(&change, shop_id, &terms).await?;
                let warnings = terms.warnings();
                let name = new.login_name.clone();
                let account = new.create(agent_id, shop_id, change.now());
                let account = change.insert_account(account, &name).await?;
                let binding = Binding::new(shop_id, agent_id, terms, change.now());
                let binding = change.insert_binding(told_from_the_start(&change, binding).await?).await?;
                let noted = record::account(&account.value);
                change.audit(Some(shop_id), "agent.created", agent_id, (None, Some(noted))).await?;
                let noted = record::binding(&binding.value);
                change.audit(Some(shop_id), "agent.bound", agent_id, (None, Some(noted))).await?;
                let member = Member { binding, account: account.value.clone() };
                Ok(answer(CreatedAccount { account, member, request_id, warnings }))
            })
        });
        work.await
    }

    /// Renames an account.
    ///
    /// # Errors
    /// AGENT_NOT_FOUND, ETAG_MISMATCH, PERMISSION_NOT_HELD, and what [`Store::once`](crate::storage::Store::once) refuses.
    pub(crate) async fn rename_account<M>(
        &self,
        call: Call,
        (shop_id, agent_id, etag): (ShopId, AgentId, String),
        display_name: String,
        answer: fn(ChangedAccount) -> M,
    ) -> Result<M, Problem>
    where
        M: Message + Default + 'static,
    {
        let request_id = call.request_id.clone();
        let work = self.store.once(call, move |mut change| {
            Box::pin(async move {
                let old = change.tenant(shop_id).account(agent_id).await?;
                expect_etag(&old.etag(), &etag)?;
                expect_power_over(&change, shop_id, agent_id).await?;
                let new = Account { display_name, ..old.value.clone() };
                let account = change.update_account(&old, new).await?;
                note(&change, "agent.updated", &old.value, &account.value).await?;
                let noted = (Some(record::shown(&old.value)), Some(record::shown(&account.value)));
                change.audit_abroad(&account.value, "agent.updated", noted).await?;
                Ok(answer(ChangedAccount { account, request_id }))
            })
        });
        work.await
    }

    /// Enables or disables an account. Disabling makes all of its tokens void.
    ///
    /// # Errors
    /// AGENT_NOT_FOUND, MAIN_ACCOUNT_PROTECTED, PERMISSION_NOT_HELD, and what
    /// [`Store::once`](crate::storage::Store::once) refuses.
    pub(crate) async fn enable_account<M>(
        &self,
        call: Call,
        (shop_id, agent_id): (ShopId, AgentId),
        enabled: bool,
        answer: fn(ChangedAccount) -> M,
    ) -> Result<M, Problem>
    where
        M: Message + Default + 'static,
    {
        let request_id = call.request_id.clone();
        let work = self.store.once(call, move |mut change| {
            Box::pin(async move {
                let old = change.tenant(shop_id).account(agent_id).await?;
                expect_power_over(&change, shop_id, agent_id).await?;
                if old.value.enabled == enabled {
                    return Ok(answer(ChangedAccount { account: old, request_id }));
                }
                let new = old.value.clone().with_enabled(enabled)?;
                let account = change.update_account(&old, new).await?;
                if !enabled {
                    change.end_sign_ins(agent_id).await?;
                }
                let action = if enabled { "agent.enabled" } else { "agent.disabled" };
                note(&change, action, &old.value, &account.value).await?;
                let noted = (Some(record::shown(&old.value)), Some(record::shown(&account.value)));
                change.audit_abroad(&account.value, action, noted).await?;
                Ok(answer(ChangedAccount { account, request_id }))
            })
        });
        work.await
    }

    /// Deletes an account for good. Unless what it holds may be handed over, dispatch is asked first whether it
    /// holds anything, wherever it works.
    ///
    /// # Errors
    /// AGENT_NOT_FOUND, MAIN_ACCOUNT_PROTECTED, PERMISSION_NOT_HELD, OPEN_CONVERSATIONS, PEER_UNAVAILABLE, and what
    /// [`Store::once`](crate::storage::Store::once) refuses.
    pub(crate) async fn delete_account<M>(
        &self,
        call: Call,
        (shop_id, agent_id): (ShopId, AgentId),
        hand_over: bool,
        answer: fn(Done) -> M,
    ) -> Result<M, Problem>
    where
        M: Message + Default + 'static,
    {
        if !hand_over {
            self.expect_nothing_held(shop_id, agent_id).await?;
        }
        let request_id = call.request_id.clone();
        let work = self.store.once(call, move |mut change| {
            Box::pin(async move {
                let old = change.tenant(shop_id).account(agent_id).await?;
                expect_power_over(&change, shop_id, agent_id).await?;
                let new = old.value.clone().deleted(change.now())?;
                let account = change.update_account(&old, new).await?;
                for bound in change.bindings_of(agent_id).await? {
                    if bound.value.active && bound.value.shop != account.value.home {
                        // Why it ends is its home's affair.
                        let noted = (Some(record::binding(&bound.value)), None);
                        change.audit(Some(bound.value.shop), "agent.unbound", agent_id, noted).await?;
                    }
                    let ended = Binding { active: false, sanction: None, duty: None, ..bound.value.clone() };
                    change.update_binding(&bound, ended).await?;
                }
                change.end_sign_ins(agent_id).await?;
                let noted = (Some(record::account(&old.value)), None);
                change.audit(Some(account.value.home), "agent.deleted", agent_id, noted).await?;
                Ok(answer(Done { request_id }))
            })
        });
        work.await
    }

    /// Sets the password of an account; all of its tokens and sign-ins are void.
    ///
    /// # Errors
    /// AGENT_NOT_FOUND, PERMISSION_NOT_HELD, PERMISSION_DENIED for one's own, BOUND_ELSEWHERE, and what
    /// [`Store::once`](crate::storage::Store::once) refuses.
    pub(crate) async fn reset_password<M>(
        &self,
        call: Call,
        (shop_id, agent_id): (ShopId, AgentId),
        password: PasswordHash,
        answer: fn(Done) -> M,
    ) -> Result<M, Problem>
    where
        M: Message + Default + 'static,
    {
        let request_id = call.request_id.clone();
        let work = self.store.once(call, move |mut change| {
            Box::pin(async move {
                let old = change.tenant(shop_id).account(agent_id).await?;
                expect_power_over(&change, shop_id, agent_id).await?;
                expect_only_here(&change, shop_id, agent_id).await?;
                let new = Account { password: Some(password), ..old.value.clone() };
                let account = change.update_account(&old, new).await?;
                change.end_sign_ins(agent_id).await?;
                note(&change, "agent.password_reset", &old.value, &account.value).await?;
                change.audit_abroad(&account.value, "agent.password_reset", (None, None)).await?;
                Ok(answer(Done { request_id }))
            })
        });
        work.await
    }

    /// # Errors
    /// SHOP_NOT_FOUND, SUB_ACCOUNT_LIMIT.
    pub(super) async fn expect_room(&self, tenant: &Tenant<'_, DatabaseTransaction>) -> Result<(), Fault> {
        tenant.shop().await?;
        let limit = self.limits.sub_accounts_per_shop;
        if tenant.count_members().await? < u64::from(limit) {
            return Ok(());
        }
        let shop = tenant.shop_id();
        let words = format!("{limit} sub-accounts work for shop {shop}, as many as may");
        let problem = Problem::new(Reason::SubAccountLimit, words);
        Err(problem.with("limit", limit).with("shop_id", shop).into())
    }

    async fn expect_nothing_held(&self, shop: ShopId, agent: AgentId) -> Result<(), Problem> {
        // Whoever is not there holds nothing: the same request may have deleted them before, and gets its first answer.
        match self.store.tenant(shop).account(agent).await.map_err(Fault::into_problem) {
            Err(problem) if problem.reason == Reason::AgentNotFound => return Ok(()),
            known => known?,
        };
        let bindings = self.store.shops_of(agent).await.map_err(Fault::into_problem)?;
        for shop in bindings {
            self.conversations.expect_none(shop, agent).await?;
        }
        Ok(())
    }
}

/// Nobody resets, disables or deletes an account that may do more than they may themselves.
pub(crate) async fn expect_power_over(
    change: &Change<'_>,
    shop: ShopId,
    agent: AgentId,
) -> Result<(), Fault> {
    let tenant = change.tenant(shop);
    let member = tenant.member(agent).await?;
    change.expect_held(tenant.permissions_of(&member.binding.value.terms.roles).await?)
}

/// A password opens every shop its account works for. Whoever sets one for somebody else would hold what they hold there,
/// so only the platform does while other shops have bound the account; and nobody's own is reset past the old one.
async fn expect_only_here(change: &Change<'_>, shop: ShopId, agent: AgentId) -> Result<(), Fault> {
    let Some(caller) = change.caller().filter(|caller| caller.shop.is_some()) else { return Ok(()) };
    if caller.agent() == Some(agent) {
        let words = "nobody resets their own password; change it with ChangePassword";
        return Err(Problem::new(Reason::PermissionDenied, words).with("agent_id", agent).into());
    }
    let bound = change.bindings_of(agent).await?;
    if bound.iter().any(|bound| bound.value.active && bound.value.shop != shop) {
        let words = "the account works for other shops too, which its password opens; let them change it themselves, have \
                     the others unbind it first, or ask the platform";
        return Err(Problem::new(Reason::BoundElsewhere, words).with("agent_id", agent).into());
    }
    Ok(())
}

async fn note(change: &Change<'_>, action: &'static str, old: &Account, new: &Account) -> Result<(), Fault> {
    let noted = (Some(record::account(old)), Some(record::account(new)));
    change.audit(Some(new.home), action, new.id, noted).await
}
