//! The floor: per group, who is ready, in order of rank, and how many are not, by why.
//!
//! An agent stands in the sets of their groups exactly while they are ready. Whoever changes an agent takes them
//! off the floor before and puts them back after, so the sets and the counts cannot disagree with the agents.

use std::collections::{BTreeMap, BTreeSet};

use super::agent::{Agent, AgentEntry, Availability};
use super::event::Text;
use super::strategy::Strategy;
use super::trace::Dropped;
use crate::ids::AgentId;

/// An agent's place among the ready: lower is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    /// By the strategy.
    pub(super) rank: u64,
    /// Ties go to the least recent assignment, by the shop's counter.
    pub(super) last_assigned: u64,
    /// Then to the smallest id.
    pub(super) agent: AgentId,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct GroupFloor {
    ready: BTreeSet<Place>,
    dropped: Dropped,
    members: u32,
}

/// All groups of a shop. The main account stands on no floor: it is the last resort, not a member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Floor {
    groups: BTreeMap<Text, GroupFloor>,
}

impl Floor {
    /// The entry with its groups' names shared with everybody else's, so that looking at an agent touches no memory
    /// of its own for them.
    pub(super) fn intern(&self, mut entry: AgentEntry) -> AgentEntry {
        for group in &mut entry.groups {
            if let Some((known, _)) = self.groups.get_key_value(group) {
                *group = known.clone();
            }
        }
        entry
    }

    pub(super) fn enter(&mut self, agent: &Agent, strategy: Strategy) {
        if agent.entry.main_account {
            return;
        }
        let availability = agent.availability();
        for group in &agent.entry.groups {
            let floor = self.groups.entry(group.clone()).or_default();
            floor.members += 1;
            match floor.dropped.count(availability) {
                Some(count) => *count += 1,
                None => {
                    floor.ready.insert(place(agent, group, strategy));
                }
            }
        }
    }

    pub(super) fn leave(&mut self, agent: &Agent, strategy: Strategy) {
        if agent.entry.main_account {
            return;
        }
        let availability = agent.availability();
        for group in &agent.entry.groups {
            let Some(floor) = self.groups.get_mut(group) else { continue };
            floor.members -= 1;
            match floor.dropped.count(availability) {
                Some(count) => *count -= 1,
                None => {
                    floor.ready.remove(&place(agent, group, strategy));
                }
            }
            if floor.members == 0 {
                self.groups.remove(group);
            }
        }
    }

    /// Moves an agent of one group from one spot to another.
    pub(super) fn step(&mut self, group: &Text, before: Spot, after: Spot) {
        let Some(floor) = self.groups.get_mut(group).filter(|_| before != after) else { return };
        match floor.dropped.count(before.availability) {
            Some(count) => *count -= 1,
            None => {
                floor.ready.remove(&before.place);
            }
        }
        match floor.dropped.count(after.availability) {
            Some(count) => *count += 1,
            None => {
                floor.ready.insert(after.place);
            }
        }
    }

    /// The first two ready agents of a group, best first, leaving one out.
    pub(super) fn best(&self, group: &str, except: Option<AgentId>) -> (Option<Place>, Option<Place>) {
        let Some(floor) = self.groups.get(group) else { return (None, None) };
        let mut ready = floor.ready.iter().copied().filter(|place| Some(place.agent) != except);
        (ready.next(), ready.next())
    }

    /// Whether anybody answers for a group.
    pub(super) fn has_members(&self, group: &str) -> bool {
        self.groups.contains_key(group)
    }

    /// How many of a group are not ready, by why.
    pub(super) fn dropped(&self, group: &str) -> Dropped {
        self.groups.get(group).map_or_else(Dropped::default, |floor| floor.dropped)
    }
}

/// Where an agent of one group stands on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    availability: Availability,
    place: Place,
}

/// Where an agent stands; `None` for the main account and for agents of several groups, whose ranks may differ by
/// group.
pub(super) fn spot(agent: &Agent, strategy: Strategy) -> Option<Spot> {
    match agent.entry.groups.as_slice() {
        [group] if !agent.entry.main_account => {
            Some(Spot { availability: agent.availability(), place: place(agent, group, strategy) })
        }
        _ => None,
    }
}

fn place(agent: &Agent, group: &str, strategy: Strategy) -> Place {
    Place { rank: strategy.rank(agent, group), last_assigned: agent.last_assigned, agent: agent.id }
}

impl Dropped {
    /// The counter of a reason; `None` for agents who are ready.
    const fn count(&mut self, availability: Availability) -> Option<&mut u32> {
        match availability {
            Availability::Ready => None,
            Availability::Disabled => Some(&mut self.disabled),
            Availability::Banned => Some(&mut self.banned),
            Availability::Muted => Some(&mut self.muted),
            Availability::Offline => Some(&mut self.offline),
            Availability::OnBreak => Some(&mut self.on_break),
            Availability::Busy => Some(&mut self.busy),
            Availability::OffDuty => Some(&mut self.off_duty),
            Availability::TransferOnly => Some(&mut self.transfer_only),
            Availability::Saturated => Some(&mut self.saturated),
        }
    }

    /// Whether somebody is there but full, as opposed to nobody being there at all.
    pub(super) const fn somebody_is_there(self) -> bool {
        self.saturated > 0
    }
}
