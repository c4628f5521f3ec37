//! Imposes sanctions and lifts them.

use fenliu_domain::access::{Permission, Permissions, Subject};
use fenliu_domain::ids::{AgentId, SanctionId, ShopId};
use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::time::Span;
use prost::Message;

use super::ending::{Noted, carry_strictest};
use super::{Discipline, Lifted, Sanction, record};
use crate::binding::{Member, SanctionKind};
use crate::call::Call;
use crate::registry::expect_power_over;
use crate::storage::{Change, Fault, Stored};

/// What a supervisor imposes.
pub(crate) struct NewSanction {
    pub(crate) shop: ShopId,
    pub(crate) agent: AgentId,
    pub(crate) kind: SanctionKind,
    pub(crate) reason: String,
    pub(crate) evidence: String,
    /// `None` = until it is lifted.
    pub(crate) length: Option<Span>,
}

/// A sanction after it was imposed or lifted.
pub(crate) struct ChangedSanction {
    pub(crate) sanction: Sanction,
    /// Whether it is in force now.
    pub(crate) runs: bool,
    pub(crate) request_id: String,
}

impl Discipline {
    /// Mutes or bans somebody. A ban ends what they have signed in to in this shop.
    ///
    /// # Errors
    /// BINDING_NOT_FOUND, MAIN_ACCOUNT_PROTECTED, PERMISSION_NOT_HELD, PERMISSION_DENIED, and what
    /// [`Store::once`](crate::storage::Store::once) refuses.
    pub(crate) async fn impose<M>(
        &self,
        call: Call,
        new: NewSanction,
        answer: fn(ChangedSanction) -> M,
    ) -> Result<M, Problem>
    where
        M: Message + Default + 'static,
    {
        let id = SanctionId::from_bits(self.ids.next_bits());
        let request_id = call.request_id.clone();
        let work = self.store.once(call, move |mut change| {
            Box::pin(async move {
                let member = change.tenant(new.shop).member(new.agent).await?;
                expect_no_owner(&member)?;
                change.expect_somebody_else(new.agent)?;
                expect_power_over(&change, new.shop, new.agent).await?;
                let sanction = new.begin(id, &change);
                let (shop, agent, kind) = (sanction.shop, sanction.agent, sanction.kind);
                let sanction = change.insert_sanction(sanction).await?.value;
                carry_strictest(&mut change, member.binding, Noted::ByTheChange).await?;
                if kind == SanctionKind::Ban {
                    change.end_sign_ins_to(shop, agent).await?;
                }
                let action = match kind {
                    SanctionKind::Mute => "agent.muted",
                    SanctionKind::Ban => "agent.banned",
                };
                let noted = record::sanction(&sanction);
                change.audit(Some(shop), action, agent, (None, Some(noted))).await?;
                Ok(answer(ChangedSanction { sanction, runs: true, request_id }))
            })
        });
        work.await
    }

    /// Ends a sanction before its time.
    ///
    /// # Errors
    /// SANCTION_NOT_FOUND, SANCTION_ENDED, PERMISSION_NOT_HELD, PERMISSION_DENIED, and what
    /// [`Store::once`](crate::storage::Store::once) refuses.
    pub(crate) async fn lift<M>(
        &self,
        call: Call,
        (shop_id, id): (ShopId, SanctionId),
        reason: String,
        answer: fn(ChangedSanction) -> M,
    ) -> Result<M, Problem>
    where
        M: Message + Default + 'static,
    {
        let request_id = call.request_id.clone();
        let work = self.store.once(call, move |mut change| {
            Box::pin(async move {
                let old = change.tenant(shop_id).sanction(id).await?;
                if !old.value.runs(change.now()) {
                    return Err(ended(id).into());
                }
                let agent = old.value.agent;
                change.expect_somebody_else(agent)?;
                expect_power_over_author(&change, &old.value).await?;
                let binding = expect_power_over_any(&change, shop_id, agent).await?;
                let lifted = Lifted { time: change.now(), by: change.author(), reason };
                let sanction = Sanction { lifted: Some(lifted), ..old.value.clone() };
                let sanction = change.update_sanction(&old, sanction).await?.value;
                if let Some(binding) = binding {
                    carry_strictest(&mut change, binding, Noted::ByTheChange).await?;
                }
                let noted = (Some(record::sanction(&old.value)), Some(record::sanction(&sanction)));
                change.audit(Some(shop_id), "agent.sanction_lifted", agent, noted).await?;
                Ok(answer(ChangedSanction { sanction, runs: false, request_id }))
            })
        });
        work.await
    }
}

impl NewSanction {
    fn begin(self, id: SanctionId, change: &Change<'_>) -> Sanction {
        let start = change.now();
        Sanction {
            id,
            shop: self.shop,
            agent: self.agent,
            kind: self.kind,
            reason: self.reason,
            evidence: self.evidence,
            start,
            end: self.length.map(|length| start + length),
            author: change.author(),
            lifted: None,
        }
    }
}

/// # Errors
/// MAIN_ACCOUNT_PROTECTED when it is the main account of this very shop; elsewhere it is a guest like others.
fn expect_no_owner(member: &Member) -> Result<(), Problem> {
    if member.at_home() { member.account.expect_no_main_account("muted or banned") } else { Ok(()) }
}

/// The binding of somebody the caller has power over; whoever no longer works here has none, and may be forgiven.
async fn expect_power_over_any(
    change: &Change<'_>,
    shop: ShopId,
    agent: AgentId,
) -> Result<Option<Stored<crate::binding::Binding>>, Fault> {
    match change.tenant(shop).member(agent).await {
        Ok(member) => {
            expect_power_over(change, shop, agent).await?;
            Ok(Some(member.binding))
        }
        Err(Fault::Refused(problem)) if problem.reason == Reason::BindingNotFound => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Nobody undoes what somebody with more power has imposed. An author who no longer works here has none. What a program
/// has imposed it did for those who manage the shop's people, and only they undo it, or the program itself.
async fn expect_power_over_author(change: &Change<'_>, sanction: &Sanction) -> Result<(), Fault> {
    match Subject::parse(&sanction.author) {
        Some(Subject::Agent(author)) => {
            expect_power_over_any(change, sanction.shop, author).await.map(|_| ())
        }
        Some(Subject::Service(_)) if sanction.author != change.author() => {
            change.expect_held(Permissions::of(&[Permission::AgentsManage]))
        }
        Some(Subject::Service(_) | Subject::Anonymous) | None => Ok(()),
    }
}

fn ended(id: SanctionId) -> Problem {
    let words = format!("sanction {id} is over already; ListSanctions shows those in force");
    Problem::new(Reason::SanctionEnded, words).with("sanction_id", id)
}
