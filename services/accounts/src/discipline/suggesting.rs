//! Counts violations, suggests sanctions, and keeps the ladder.

use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::problem::Problem;
use prost::Message;

use super::{Discipline, Ladder, LadderChange, Rung, Violation, record};
use crate::call::Call;
use crate::registry::expect_etag;
use crate::storage::{Fault, Stored, ViolationFilter};

/// Most violations shown with a suggestion.
const MAX_EVIDENCE: u64 = 20;
/// Most sanctions since the last violation that are looked at, the latest ones.
const MAX_IMPOSED: u64 = 100;

/// What an agent's violations suggest.
pub(crate) struct Suggestion {
    /// Violations within the ladder's window.
    pub(crate) violations: u32,
    pub(crate) rung: Option<Rung>,
    /// The latest of them.
    pub(crate) evidence: Vec<Violation>,
}

/// A ladder after it was replaced.
pub(crate) struct ChangedLadder {
    pub(crate) ladder: Stored<Ladder>,
    pub(crate) request_id: String,
}

impl Discipline {
    /// What an agent's violations suggest now.
    ///
    /// # Errors
    /// BINDING_NOT_FOUND.
    pub(crate) async fn suggest(&self, shop: ShopId, agent: AgentId) -> Result<Suggestion, Problem> {
        let now = self.store.now();
        let read = self.store.reading(shop, move |tenant| {
            Box::pin(async move {
                tenant.member(agent).await?;
                let ladder = tenant.ladder().await?.value;
                let since = ladder.counts_from(now);
                let violations = tenant.count_violations(agent, since).await?;
                let filter = ViolationFilter { agent: Some(agent), since: Some(since) };
                let evidence = tenant.latest_violations(&filter, MAX_EVIDENCE).await?;
                let imposed = match evidence.first() {
                    Some(last) => tenant.sanctions_since(agent, last.time, MAX_IMPOSED).await?,
                    None => Vec::new(),
                };
                let rung = ladder.suggest(violations, &imposed);
                Ok::<_, Fault>(Suggestion { violations, rung, evidence })
            })
        });
        read.await
    }

    /// Replaces the ladder, or parts of it.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND, ETAG_MISMATCH, and what [`Store::once`](crate::storage::Store::once) refuses.
    pub(crate) async fn change_ladder<M>(
        &self,
        call: Call,
        (shop_id, etag): (ShopId, String),
        wanted: LadderChange,
        answer: fn(ChangedLadder) -> M,
    ) -> Result<M, Problem>
    where
        M: Message + Default + 'static,
    {
        let request_id = call.request_id.clone();
        let work = self.store.once(call, move |mut change| {
            Box::pin(async move {
                change.tenant(shop_id).shop().await?;
                let old = change.tenant(shop_id).ladder().await?;
                expect_etag(&old.etag(), &etag)?;
                let ladder = change.put_ladder(shop_id, old.value.clone().changed(wanted)).await?;
                let noted = (Some(record::ladder(&old.value)), Some(record::ladder(&ladder.value)));
                change.audit(Some(shop_id), "shop.sanction_ladder_updated", shop_id, noted).await?;
                Ok(answer(ChangedLadder { ladder, request_id }))
            })
        });
        work.await
    }
}
