//! The last one is asked to stay: who is staffed, in the shop and in each shift, and when somebody may leave.
//!
//! A *shift* is everybody on duty whose duty ends at the same moment; those without a roster are one shift of their own.
//! The main account is the last resort and no member of any.

use super::Desk;
use super::agent::{Agent, Presence};
use crate::ids::AgentId;
use crate::problem::{Problem, Reason};
use crate::time::Timestamp;

/// Most of those who are away that a refusal names.
const NAMED: usize = 10;

/// Whether an agent counts as staffed now; the roster is asked for this moment, which may be a tick further than the
/// desk.
fn is_staffed(agent: &Agent, now: Timestamp) -> bool {
    let on_duty = agent.entry.duty.as_ref().is_none_or(|duty| duty.at(now).on_duty);
    !agent.entry.main_account && on_duty && agent.row().staffed
}

impl Desk {
    /// Refuses to let an agent stop being staffed, where that would leave the shop, or a shift of several, without
    /// anybody within the service window.
    ///
    /// # Errors
    /// LAST_AGENT_ON_DUTY; says who is away and when it is safe.
    pub(super) fn expect_others_stay(&self, id: AgentId, now: Timestamp) -> Result<(), Problem> {
        let Some(agent) = self.agents.get(&id).filter(|agent| is_staffed(agent, now)) else { return Ok(()) };
        let Some(hours) = self.hours.filter(|hours| self.policy.guard_last_agent && hours.contain(now))
        else {
            return Ok(());
        };
        let shift = agent.duty.until;
        let others = || self.agents.values().filter(|other| other.id != id && !other.entry.main_account);
        let stays = |other: &Agent| is_staffed(other, now);
        let mates = || others().filter(|other| other.duty.on_duty && other.duty.until == shift);
        let shop_stays = self.floor.staffed() > 1 && others().any(stays);
        let shift_stays = mates().next().is_none() || mates().any(stays);
        if shop_stays && shift_stays {
            return Ok(());
        }
        let whose = if shop_stays { "shift" } else { "shop" };
        let away = others().filter(|other| !stays(other) && (!shop_stays || other.duty.until == shift));
        let mut away: Vec<_> = away.map(|other| (&other.entry.display_name, other)).collect();
        away.sort_by_key(|(name, other)| (*name, other.id));
        let safe = away.iter().filter_map(|(_, other)| back_at(other, now)).min();
        let safe = safe.map_or(hours.end(now), |back| back.min(hours.end(now)));
        let names: Vec<_> = away.iter().take(NAMED).map(|(name, other)| named(name, other)).collect();
        let names = if names.is_empty() { "nobody else works here".to_owned() } else { names.join(", ") };
        Err(Problem::new(
            Reason::LastAgentOnDuty,
            format!("nobody of this {whose} would be there for buyers ({names}); wait until {safe}, or have it forced"),
        )
        .with("agent_id", id)
        .with("away", names)
        .with("safe_time", safe))
    }
}

fn named(name: &str, agent: &Agent) -> String {
    let state = match agent.presence {
        _ if !agent.entry.enabled => "disabled",
        _ if agent.entry.sanction.is_some() => "under a sanction",
        Presence::Offline => "offline",
        Presence::OnBreak => "on break",
        Presence::Busy => "busy",
        Presence::Online if agent.next.is_some() => "winding down",
        Presence::Online => "off duty",
    };
    format!("{name}: {state}")
}

/// When somebody who is away may be back, as far as that is known: the end of a break, of a sanction, or the next shift
/// of whoever is there already.
fn back_at(agent: &Agent, now: Timestamp) -> Option<Timestamp> {
    let sanction = agent.entry.sanction.and_then(|sanction| sanction.until);
    let shift = agent.duty.until.filter(|_| !agent.duty.on_duty && agent.presence == Presence::Online);
    let back = match agent.entry.sanction {
        _ if !agent.entry.enabled => None,
        Some(_) => sanction,
        None if agent.presence == Presence::OnBreak => agent.break_ends,
        None => shift,
    };
    back.filter(|back| *back > now)
}
