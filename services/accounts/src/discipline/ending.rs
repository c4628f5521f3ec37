//! What a binding carries of its sanctions, as they begin and end.

use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::problem::Problem;
use fenliu_domain::time::Timestamp;

use super::record;
use crate::binding::Binding;
use crate::storage::{Change, Fault, Store, Stored};

/// Most bindings whose sanctions are ended in one transaction.
const ENDED_AT_ONCE: u64 = 64;

/// Who writes of it to the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Noted {
    /// Whoever makes the change.
    ByTheChange,
    /// Nobody else: it happens by itself.
    Here,
}

/// A binding that begins, under the strictest sanction that still runs in its shop.
pub(crate) async fn still_in_force(change: &Change<'_>, binding: Binding) -> Result<Binding, Fault> {
    let strictest = change.tenant(binding.shop).strictest_sanction(binding.agent, change.now()).await?;
    Ok(Binding { sanction: strictest.map(|sanction| sanction.effect()), ..binding })
}

/// Lets a binding carry the strictest sanction in force, if it is another than it carries.
pub(super) async fn carry_strictest(
    change: &mut Change<'_>,
    bound: Stored<Binding>,
    noted: Noted,
) -> Result<(), Fault> {
    let (shop, agent) = (bound.value.shop, bound.value.agent);
    let strictest = change.tenant(shop).strictest_sanction(agent, change.now()).await?;
    let sanction = strictest.map(|sanction| sanction.effect());
    if bound.value.sanction == sanction {
        return Ok(());
    }
    let value = Binding { sanction, ..bound.value.clone() };
    change.update_binding(&bound, value).await?;
    if noted == Noted::Here {
        let noted = (bound.value.sanction.map(record::in_force), sanction.map(record::in_force));
        change.audit(Some(shop), "agent.sanction_ended", agent, noted).await?;
    }
    Ok(())
}

/// Ends what has ended by now, and says when the next sanction will.
///
/// # Errors
/// STORE_UNAVAILABLE.
pub(crate) async fn end_sanctions(store: &Store, now: Timestamp) -> Result<Option<Timestamp>, Problem> {
    loop {
        let ended = store.ended_sanctions(now, ENDED_AT_ONCE).await.map_err(Fault::into_problem)?;
        if ended.is_empty() {
            break;
        }
        store.by_itself(|mut change| Box::pin(async move { end_each(&mut change, ended).await })).await?;
    }
    store.first_sanction_end().await.map_err(Fault::into_problem)
}

async fn end_each(change: &mut Change<'_>, ended: Vec<(ShopId, AgentId)>) -> Result<(), Fault> {
    for (shop, agent) in ended {
        for bound in change.tenant(shop).bindings_among(&[agent]).await? {
            carry_strictest(change, bound, Noted::Here).await?;
        }
    }
    Ok(())
}
