//! Heartbeats: not events, only the last one of each device.

use std::collections::{BTreeMap, HashMap};

use fenliu_domain::ids::AgentId;
use fenliu_domain::time::{Span, Timestamp};

/// Most devices remembered per agent; the one silent for longest makes room.
const MAX_DEVICES: usize = 16;

/// The last heartbeat of each device of each agent of a shop.
#[derive(Debug, Default)]
pub(super) struct Beats {
    agents: HashMap<AgentId, BTreeMap<Box<str>, Timestamp>>,
}

impl Beats {
    pub(super) fn beat(&mut self, agent: AgentId, device: &str, now: Timestamp) {
        let devices = self.agents.entry(agent).or_default();
        if let Some(last) = devices.get_mut(device) {
            *last = (*last).max(now);
            return;
        }
        if devices.len() >= MAX_DEVICES {
            let silent = devices.iter().min_by_key(|(_, at)| **at).map(|(device, _)| device.clone());
            if let Some(silent) = silent {
                devices.remove(&silent);
            }
        }
        devices.insert(device.into(), now);
    }

    pub(super) fn forget(&mut self, agent: AgentId) {
        self.agents.remove(&agent);
    }

    /// How many agents are watched.
    pub(super) fn len(&self) -> usize {
        self.agents.len()
    }

    /// Whether a device of the agent has beaten within `grace`.
    pub(super) fn is_alive(&self, agent: AgentId, now: Timestamp, grace: Span) -> bool {
        self.agents.get(&agent).is_some_and(|devices| devices.values().any(|last| *last + grace >= now))
    }

    /// Agents whose every device has been silent for longer than `grace`.
    pub(super) fn silent(&self, now: Timestamp, grace: Span) -> impl Iterator<Item = AgentId> {
        self.agents.keys().copied().filter(move |agent| !self.is_alive(*agent, now, grace))
    }
}
