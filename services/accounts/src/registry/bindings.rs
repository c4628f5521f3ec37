//! Binds accounts to shops, and changes how they work there.

use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::time::{Span, Timestamp};
use fenliu_runtime::page::PageTokens;
use prost::Message;

use super::{Done, Registry, expect_etag, record};
use crate::binding::{Binding, Member, Terms, TermsChange};
use crate::call::{Call, Occasion};
use crate::discipline::still_in_force;
use crate::planning::told_from_the_start;
use crate::storage::{Change, Fault};

/// How long a binding code can be used.
pub(crate) const CODE_LIFE: Span = Span::from_hours(24);
/// What binding codes are sealed for, so that no page token passes for one.
const CODE_SCOPE: &[u8] = b"binding code";
/// Bytes of what is sealed: home, account, end.
const CODE_BYTES: usize = 40;

/// A binding after it was made or changed.
pub(crate) struct ChangedBinding {
    pub(crate) member: Member,
    pub(crate) request_id: String,
    /// What succeeded but may not have been meant.
    pub(crate) warnings: Vec<String>,
}

/// Leave of an account's home to bind it elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BindingCode {
    pub(crate) home: ShopId,
    pub(crate) agent: AgentId,
    pub(crate) expires: Timestamp,
}

impl BindingCode {
    /// The code as a text that nobody can forge.
    pub(crate) fn seal(self, tokens: &PageTokens) -> String {
        let mut bytes = Vec::with_capacity(CODE_BYTES);
        bytes.extend(self.home.bits().to_be_bytes());
        bytes.extend(self.agent.bits().to_be_bytes());
        bytes.extend(self.expires.micros().to_be_bytes());
        tokens.seal(CODE_SCOPE, &bytes)
    }

    /// Reads a code.
    ///
    /// # Errors
    /// BINDING_CODE_INVALID when it is none of ours, or its time is over.
    pub(crate) fn open(text: &str, tokens: &PageTokens, now: Timestamp) -> Result<Self, Problem> {
        let bytes = tokens.open(CODE_SCOPE, text).ok();
        let bytes: Option<[u8; CODE_BYTES]> = bytes.and_then(|bytes| bytes.try_into().ok());
        let code = bytes.and_then(|bytes| {
            let bits = |part: &[u8]| part.try_into().ok().map(u128::from_be_bytes);
            let end = bytes[32..].try_into().ok().map(i64::from_be_bytes)?;
            Some(Self {
                home: ShopId::from_bits(bits(&bytes[..16])?),
                agent: AgentId::from_bits(bits(&bytes[16..32])?),
                expires: Timestamp::from_micros(end)?,
            })
        });
        code.filter(|code| now < code.expires).ok_or_else(invalid_code)
    }
}

impl Registry {
    /// A code with which another shop may bind an account of this home. That it was given out is noted, not the code.
    ///
    /// # Errors
    /// AGENT_NOT_FOUND; PERMISSION_NOT_HELD when the account may more than the caller.
    pub(crate) async fn binding_code(
        &self,
        occasion: Occasion,
        (home, agent): (ShopId, AgentId),
        expires: Timestamp,
    ) -> Result<BindingCode, Problem> {
        let made = self.store.unrepeatable(occasion, move |change| {
            Box::pin(async move {
                change.tenant(home).account(agent).await?;
                super::accounts::expect_power_over(&change, home, agent).await?;
                let noted = record::binding_code(expires);
                change.audit(Some(home), "agent.binding_code_created", agent, (None, Some(noted))).await?;
                Ok(BindingCode { home, agent, expires })
            })
        });
        made.await
    }

    /// Binds another shop's account to this shop.
    ///
    /// # Errors
    /// BINDING_CODE_INVALID, SHOP_NOT_FOUND, ROLE_NOT_FOUND, PERMISSION_NOT_HELD, ALREADY_BOUND, SUB_ACCOUNT_LIMIT,
    /// BINDING_LIMIT, GROUP_LIMIT, EXTERNAL_ACCOUNT_TAKEN, and what
    /// [`Store::once`](crate::storage::Store::once) refuses.
    pub(crate) async fn bind<M>(
        &self,
        call: Call,
        (shop_id, code): (ShopId, BindingCode),
        terms: Terms,
        answer: fn(ChangedBinding) -> M,
    ) -> Result<M, Problem>
    where
        M: Message + Default + 'static,
    {
        let request_id = call.request_id.clone();
        let registry = self.clone();
        let work = self.store.once(call, move |mut change| {
            Box::pin(async move {
                registry.expect_room(&change.tenant(shop_id)).await?;
                // The account may have been deleted since its home gave the code out.
                let account =
                    change.tenant(code.home).account(code.agent).await.map_err(|_| invalid_code())?;
                registry.expect_bindable(&change, shop_id, code.agent).await?;
                registry.expect_grantable(&change, shop_id, &terms).await?;
                let warnings = terms.warnings();
                let binding = Binding::new(shop_id, code.agent, terms, change.now());
                let binding = told_from_the_start(&change, binding).await?;
                let binding = change.insert_binding(still_in_force(&change, binding).await?).await?;
                let noted = record::binding(&binding.value);
                change.audit(Some(shop_id), "agent.bound", code.agent, (None, Some(noted))).await?;
                // Which shop has used it is not for the home to know.
                let used = (None, Some(record::binding_code(code.expires)));
                change.audit(Some(code.home), "agent.binding_code_used", code.agent, used).await?;
                let member = Member { binding, account: account.value };
                Ok(answer(ChangedBinding { member, request_id, warnings }))
            })
        });
        work.await
    }

    /// Changes how an account works for a shop. A change of roles makes its tokens void.
    ///
    /// # Errors
    /// BINDING_NOT_FOUND, ROLE_NOT_FOUND, ETAG_MISMATCH, MAIN_ACCOUNT_PROTECTED, PERMISSION_NOT_HELD, GROUP_LIMIT,
    /// EXTERNAL_ACCOUNT_TAKEN, and what [`Store::once`](crate::storage::Store::once) refuses.
    pub(crate) async fn change_binding<M>(
        &self,
        call: Call,
        (shop_id, agent_id, etag): (ShopId, AgentId, String),
        wanted: TermsChange,
        answer: fn(ChangedBinding) -> M,
    ) -> Result<M, Problem>
    where
        M: Message + Default + 'static,
    {
        let request_id = call.request_id.clone();
        let registry = self.clone();
        let work = self.store.once(call, move |mut change| {
            Box::pin(async move {
                let old = change.tenant(shop_id).member(agent_id).await?;
                expect_etag(&old.etag(), &etag)?;
                super::accounts::expect_power_over(&change, shop_id, agent_id).await?;
                let touches_room = wanted.touches_room();
                let terms = old.binding.value.terms.clone().changed(wanted)?;
                old.expect_owner_stays(&terms)?;
                if terms.roles != old.binding.value.terms.roles {
                    registry.expect_grantable(&change, shop_id, &terms).await?;
                    change.cut_off_account(agent_id).await?;
                }
                change.note_groups(shop_id, &terms.groups, registry.limits.groups_per_shop).await?;
                let warnings = if touches_room { terms.warnings() } else { Vec::new() };
                let new = Binding { terms, ..old.binding.value.clone() };
                let binding = change.update_binding(&old.binding, new).await?;
                let noted =
                    (Some(record::binding(&old.binding.value)), Some(record::binding(&binding.value)));
                change.audit(Some(shop_id), "agent.binding_updated", agent_id, noted).await?;
                let member = Member { binding, account: old.account };
                Ok(answer(ChangedBinding { member, request_id, warnings }))
            })
        });
        work.await
    }

    /// Ends an account's work for a shop that is not its home.
    ///
    /// # Errors
    /// BINDING_NOT_FOUND, HOME_BINDING, PERMISSION_NOT_HELD, OPEN_CONVERSATIONS, PEER_UNAVAILABLE, and what
    /// [`Store::once`](crate::storage::Store::once) refuses.
    pub(crate) async fn unbind<M>(
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
            // Whoever is not bound holds nothing: the same request may have ended it before, and gets its first answer.
            match self.store.tenant(shop_id).member(agent_id).await.map_err(Fault::into_problem) {
                // Nobody is sent to close conversations first for what is refused all the same.
                Ok(member) if member.at_home() => return Err(home_binding(shop_id, agent_id)),
                Ok(_) => self.conversations.expect_none(shop_id, agent_id).await?,
                Err(problem) if problem.reason == Reason::BindingNotFound => {}
                Err(problem) => return Err(problem),
            }
        }
        let request_id = call.request_id.clone();
        let work = self.store.once(call, move |mut change| {
            Box::pin(async move {
                let member = change.tenant(shop_id).member(agent_id).await?;
                if member.at_home() {
                    return Err(home_binding(shop_id, agent_id).into());
                }
                super::accounts::expect_power_over(&change, shop_id, agent_id).await?;
                let old = member.binding;
                let ended = Binding { active: false, sanction: None, duty: None, ..old.value.clone() };
                change.update_binding(&old, ended).await?;
                change.cut_off_account(agent_id).await?;
                let noted = (Some(record::binding(&old.value)), None);
                change.audit(Some(shop_id), "agent.unbound", agent_id, noted).await?;
                Ok(answer(Done { request_id }))
            })
        });
        work.await
    }

    /// Nobody grants more than they hold, and a shop has so many groups.
    pub(super) async fn expect_grantable(
        &self,
        change: &Change<'_>,
        shop: ShopId,
        terms: &Terms,
    ) -> Result<(), Fault> {
        change.expect_held(change.tenant(shop).permissions_of_known(&terms.roles).await?)?;
        change.note_groups(shop, &terms.groups, self.limits.groups_per_shop).await
    }

    async fn expect_bindable(&self, change: &Change<'_>, shop: ShopId, agent: AgentId) -> Result<(), Fault> {
        let bindings = change.bindings_of(agent).await?;
        let active = bindings.iter().filter(|bound| bound.value.active);
        if active.clone().any(|bound| bound.value.shop == shop) {
            let words = format!("agent {agent} works for shop {shop} already; update that binding instead");
            let problem = Problem::new(Reason::AlreadyBound, words);
            return Err(problem.with("agent_id", agent).with("shop_id", shop).into());
        }
        let limit = self.limits.shops_per_account;
        if active.count() < usize::try_from(limit).unwrap_or(usize::MAX) {
            return Ok(());
        }
        let words = format!("agent {agent} works for {limit} shops, as many as an account may");
        Err(Problem::new(Reason::BindingLimit, words).with("limit", limit).with("agent_id", agent).into())
    }
}

fn invalid_code() -> Problem {
    let words = "the binding code is none, or its 24 hours are over; ask the account's home for a new one";
    Problem::new(Reason::BindingCodeInvalid, words)
}

fn home_binding(shop: ShopId, agent: AgentId) -> Problem {
    let words = format!("shop {shop} is the home of agent {agent}; disable or delete the account instead");
    Problem::new(Reason::HomeBinding, words).with("agent_id", agent).with("shop_id", shop)
}
