//! Tells the followers of the directory when somebody is on duty: what their binding says of the days ahead.

use std::collections::{BTreeMap, BTreeSet};

use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::problem::Problem;
use fenliu_domain::roster::{Assignment, Exception, Plan, Stretch, on_duty, resolve};
use fenliu_domain::time::{Span, Timestamp};

use super::{Published, agents_of};
use crate::binding::{Binding, Duty};
use crate::storage::{Change, Fault, Stored};

#[cfg(test)]
mod tests;

/// How far ahead duty is told.
pub(super) const TOLD_AHEAD: Span = Span::from_hours(72);
/// How far ahead it stays told: whoever's falls short is told anew.
pub(super) const TOLD_AT_LEAST: Span = Span::from_hours(48);
/// Most stretches of one agent that are told; more, and less far ahead is told.
pub(super) const MAX_SPANS: usize = 32;

/// A binding that begins, with what the shop's roster says of it already.
pub(crate) async fn told_from_the_start(change: &Change<'_>, binding: Binding) -> Result<Binding, Fault> {
    let Some(published) = change.tenant(binding.shop).roster_in_force().await? else { return Ok(binding) };
    let exceptions = ahead(change, binding.shop).await?;
    let agents = BTreeSet::from([binding.agent]);
    let duty = told(&published, &exceptions, &agents, change.now())?.remove(&binding.agent);
    Ok(Binding { duty, ..binding })
}

/// Tells these agents of a shop their duty anew, if it has a roster and their duty is another than was told.
pub(super) async fn retell_some(
    change: &mut Change<'_>,
    shop: ShopId,
    agents: &[AgentId],
) -> Result<(), Fault> {
    let Some(published) = change.tenant(shop).roster_in_force().await? else { return Ok(()) };
    let bindings = change.tenant(shop).bindings_among(agents).await?;
    retell(change, &published, bindings).await
}

/// Tells everybody in a shop their duty anew, if it is another than was told.
pub(super) async fn retell_all(
    change: &mut Change<'_>,
    shop: ShopId,
    published: &Published,
) -> Result<(), Fault> {
    let bindings = change.tenant(shop).all_bindings().await?;
    retell(change, published, bindings).await
}

/// Writes the duty of these bindings of one shop, where it is news.
async fn retell(
    change: &mut Change<'_>,
    published: &Published,
    bindings: Vec<Stored<Binding>>,
) -> Result<(), Fault> {
    let Some(shop) = bindings.first().map(|bound| bound.value.shop) else { return Ok(()) };
    let exceptions = ahead(change, shop).await?;
    let agents = bindings.iter().map(|bound| bound.value.agent).collect();
    let mut told = told(published, &exceptions, &agents, change.now())?;
    for bound in bindings {
        let Some(duty) = told.remove(&bound.value.agent) else { continue };
        if is_news(bound.value.duty.as_ref(), &duty, change.now()) {
            let value = Binding { duty: Some(duty), ..bound.value.clone() };
            change.update_binding(&bound, value).await?;
        }
    }
    Ok(())
}

async fn ahead(change: &Change<'_>, shop: ShopId) -> Result<Vec<Exception>, Fault> {
    let now = change.now();
    change.tenant(shop).exceptions_in_force(now, now + TOLD_AHEAD).await
}

/// What is told of these agents from `now` on.
fn told(
    published: &Published,
    exceptions: &[Exception],
    agents: &BTreeSet<AgentId>,
    now: Timestamp,
) -> Result<BTreeMap<AgentId, Duty>, Problem> {
    let until = now + TOLD_AHEAD;
    let plan = concerning(&published.plan, exceptions, agents);
    let duty = resolve(published.edition.zone, &plan, exceptions, now, until)?;
    let mut stretches = on_duty(&duty.windows);
    let duties =
        agents.iter().map(|agent| (*agent, duty_of(stretches.remove(agent).unwrap_or_default(), until)));
    Ok(duties.collect())
}

/// The part of a plan that these agents' duty follows from: their own entries, and those of whoever they swap with.
pub(super) fn concerning(plan: &Plan, exceptions: &[Exception], agents: &BTreeSet<AgentId>) -> Plan {
    let touched = exceptions.iter().map(agents_of);
    let partners = touched.filter(|parties| parties.iter().any(|party| agents.contains(party))).flatten();
    let wanted: BTreeSet<AgentId> = agents.iter().copied().chain(partners).collect();
    let of_wanted = |assignment: &&Assignment| wanted.contains(&assignment.agent());
    Plan {
        templates: plan.templates.clone(),
        rotations: plan.rotations.clone(),
        assignments: plan.assignments.iter().filter(of_wanted).cloned().collect(),
        min_on_duty: plan.min_on_duty,
    }
}

fn duty_of(mut stretches: Vec<Stretch>, until: Timestamp) -> Duty {
    let cut = stretches.len() > MAX_SPANS;
    stretches.truncate(MAX_SPANS);
    let through = stretches.last().filter(|_| cut).map_or(until, |last| last.end);
    Duty { spans: stretches.into_iter().map(|stretch| (stretch.start, stretch.end)).collect(), through }
}

/// Whether followers who know `old` must hear of `new`: it says something else of the time that both are about, or
/// what they know does not reach far enough. A follower that knows the same further on is left in peace.
fn is_news(old: Option<&Duty>, new: &Duty, now: Timestamp) -> bool {
    let Some(old) = old else { return true };
    let too_short = old.through < now + TOLD_AT_LEAST && old.through < new.through;
    let until = old.through.min(new.through);
    too_short || new.through < old.through || between(old, now, until) != between(new, now, until)
}

fn between(duty: &Duty, from: Timestamp, to: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    let cut = duty.spans.iter().map(|(start, end)| ((*start).max(from), (*end).min(to)));
    cut.filter(|(start, end)| start < end).collect()
}
