//! The floor: per group, who is ready, in order of rank, and how many are not, by why.
//!
//! An agent stands in the sets of their groups exactly while they are ready. Whoever changes an agent takes them
//! off the floor before and puts them back after, so the sets and the counts cannot disagree with the agents.

use std::collections::{BTreeMap, BTreeSet};

use super::agent::{Agent, AgentEntry, Availability};
use super::event::Text;
use super::strategy::{Capacities, Strategy};
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

/// An agent's place among those who are away and may be left a message: busy before on break before off duty before
/// offline, then whoever holds fewest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct MessagePlace {
    away: u8,
    load: u32,
    last_assigned: u64,
    agent: AgentId,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct GroupFloor {
    ready: BTreeSet<Place>,
    dropped: Dropped,
    members: u32,
    /// Who is away and may be left a message, the likeliest to be back first.
    away: BTreeSet<MessagePlace>,
    /// How many members have which capacity, of those who have a finite one above 0.
    capacities: BTreeMap<u32, u32>,
}

impl GroupFloor {
    fn count_capacity(&mut self, capacity: Option<u32>) {
        if let Some(capacity) = capacity {
            *self.capacities.entry(capacity).or_default() += 1;
        }
    }

    fn forget_capacity(&mut self, capacity: Option<u32>) {
        let Some(capacity) = capacity else { return };
        let Some(count) = self.capacities.get_mut(&capacity) else { return };
        *count -= 1;
        if *count == 0 {
            self.capacities.remove(&capacity);
        }
    }
}

/// All groups of a shop. The main account stands on no floor: it is the last resort, not a member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Floor {
    groups: BTreeMap<Text, GroupFloor>,
    staffed: u32,
}

impl Floor {
    /// How many count as staffed, as far as the desk has caught up with its roster.
    pub(super) const fn staffed(&self) -> u32 {
        self.staffed
    }

    /// The entry with its groups' names shared with everybody else's, so that looking at an agent touches no memory
    /// of its own for them.
    pub(super) fn intern(&self, mut entry: AgentEntry) -> AgentEntry {
        for group in &mut entry.groups {
            *group = self.known(group);
        }
        entry
    }

    /// A group's name, shared with everybody else's.
    pub(super) fn known(&self, group: &Text) -> Text {
        self.groups.get_key_value(group).map_or_else(|| group.clone(), |(known, _)| known.clone())
    }

    pub(super) fn enter(&mut self, agent: &Agent, strategy: Strategy) {
        if agent.entry.main_account {
            return;
        }
        self.staffed += u32::from(agent.row().staffed);
        let availability = agent.availability();
        for group in &agent.entry.groups {
            let floor = self.groups.entry(group.clone()).or_default();
            floor.members += 1;
            floor.count_capacity(counted(agent));
            floor.away.extend(message_place(agent));
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
        self.staffed -= u32::from(agent.row().staffed);
        let availability = agent.availability();
        for group in &agent.entry.groups {
            let Some(floor) = self.groups.get_mut(group) else { continue };
            floor.members -= 1;
            floor.forget_capacity(counted(agent));
            if let Some(place) = message_place(agent) {
                floor.away.remove(&place);
            }
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
        self.staffed = self.staffed + u32::from(after.staffed) - u32::from(before.staffed);
        if before.message != after.message {
            if let Some(place) = before.message {
                floor.away.remove(&place);
            }
            floor.away.extend(after.message);
        }
        if before.capacity != after.capacity {
            floor.forget_capacity(before.capacity);
            floor.count_capacity(after.capacity);
        }
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

    /// Who of a group is away and would be left a message first, leaving one out.
    pub(super) fn first_away(&self, group: &str, except: Option<AgentId>) -> Option<AgentId> {
        let away = &self.groups.get(group)?.away;
        away.iter().map(|place| place.agent).find(|agent| Some(*agent) != except)
    }

    /// The smallest and the largest capacity of a group.
    pub(super) fn capacities(&self, group: &str) -> Capacities {
        let Some(floor) = self.groups.get(group) else { return Capacities::default() };
        let ends = (floor.capacities.first_key_value(), floor.capacities.last_key_value());
        let (Some((smallest, _)), Some((largest, _))) = ends else { return Capacities::default() };
        Capacities { smallest: *smallest, largest: *largest }
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
    capacity: Option<u32>,
    staffed: bool,
    message: Option<MessagePlace>,
}

/// Where an agent stands; `None` for the main account and for agents of several groups, whose ranks may differ by
/// group.
pub(super) fn spot(agent: &Agent, strategy: Strategy) -> Option<Spot> {
    match agent.entry.groups.as_slice() {
        [group] if !agent.entry.main_account => Some(Spot {
            availability: agent.availability(),
            place: place(agent, group, strategy),
            capacity: counted(agent),
            staffed: agent.row().staffed,
            message: message_place(agent),
        }),
        _ => None,
    }
}

fn place(agent: &Agent, group: &str, strategy: Strategy) -> Place {
    Place { rank: strategy.rank(agent, group), last_assigned: agent.last_assigned, agent: agent.id }
}

/// Where an agent who is away stands among those who may be left a message; `None` when they may not be, or are there.
fn message_place(agent: &Agent) -> Option<MessagePlace> {
    let away = match agent.availability() {
        Availability::Busy => 0,
        Availability::OnBreak => 1,
        Availability::WindingDown => 2,
        Availability::OffDuty => 3,
        Availability::Offline => 4,
        _ => return None,
    };
    let transfers_only = agent.capacity == 0 && !agent.entry.unlimited;
    let place =
        || MessagePlace { away, load: agent.load(), last_assigned: agent.last_assigned, agent: agent.id };
    (!transfers_only).then(place)
}

/// The capacity that weights by capacity are made from; `None` when it is 0 or unlimited.
const fn counted(agent: &Agent) -> Option<u32> {
    if agent.entry.unlimited || agent.capacity == 0 { None } else { Some(agent.capacity) }
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
            Availability::WindingDown => Some(&mut self.winding_down),
            Availability::Ramping => Some(&mut self.ramping),
            Availability::TransferOnly => Some(&mut self.transfer_only),
            Availability::Saturated => Some(&mut self.saturated),
        }
    }

    /// Whether somebody is there but full, as opposed to nobody being there at all.
    pub(super) const fn somebody_is_there(self) -> bool {
        self.saturated + self.ramping > 0
    }
}
