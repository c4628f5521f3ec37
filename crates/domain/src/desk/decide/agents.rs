//! What agents, and the directory, decide about agents.

use super::Session;
use crate::desk::agent::{AgentEntry, DEFAULT_GROUP, MAX_CAPACITY, MAX_GROUPS, Presence};
use crate::desk::event::{Payload, PresenceCause, Text};
use crate::desk::refusal::agent_disabled;
use crate::ids::AgentId;
use crate::problem::{Problem, Reason};

impl Session<'_> {
    /// Takes over the directory's entry. A changed default, or a lower ceiling, sets the capacity too; a
    /// disabled account goes offline.
    pub(super) fn sync_agent(&mut self, id: AgentId, mut entry: AgentEntry) -> Result<(), Problem> {
        normalise(&mut entry)?;
        let known = self.desk.agents.get(&id);
        if known.is_some_and(|agent| agent.entry == entry) {
            return Ok(());
        }
        let default_changed =
            known.is_some_and(|agent| agent.entry.capacity_default != entry.capacity_default);
        let (ceiling, default) = (entry.capacity_ceiling, entry.capacity_default);
        let disabled = !entry.enabled;
        self.record(None, Payload::AgentSynced { agent: id, entry: Box::new(entry) });

        let agent = self.agent(id)?;
        let wanted = if default_changed { default.min(ceiling) } else { agent.capacity.min(ceiling) };
        let (previous, presence) = (agent.capacity, agent.presence);
        if wanted != previous {
            self.record(None, Payload::CapacityChanged { agent: id, previous, capacity: wanted });
        }
        if disabled && presence != Presence::Offline {
            self.change_presence(id, Presence::Offline, PresenceCause::Disabled);
        }
        Ok(())
    }

    pub(super) fn set_presence(&mut self, id: AgentId, presence: Presence) -> Result<(), Problem> {
        let agent = self.agent(id)?;
        if !agent.entry.enabled && presence != Presence::Offline {
            return Err(agent_disabled(id));
        }
        self.change_presence(id, presence, PresenceCause::Asked);
        Ok(())
    }

    pub(super) fn lapse(&mut self, id: AgentId) -> Result<(), Problem> {
        self.agent(id)?;
        self.change_presence(id, Presence::Offline, PresenceCause::Lapsed);
        Ok(())
    }

    fn change_presence(&mut self, id: AgentId, presence: Presence, cause: PresenceCause) {
        let Some(previous) = self.desk.agents.get(&id).map(|agent| agent.presence) else { return };
        if previous != presence {
            self.record(None, Payload::PresenceChanged { agent: id, previous, presence, cause });
        }
    }

    /// Sets how many conversations an agent may hold; those they hold beyond it stay.
    pub(super) fn set_capacity(&mut self, id: AgentId, capacity: u32) -> Result<(), Problem> {
        let agent = self.agent(id)?;
        let ceiling = agent.entry.capacity_ceiling;
        if capacity > ceiling {
            return Err(Problem::new(
                Reason::CapacityAboveCeiling,
                format!(
                    "the agent may hold at most {ceiling} conversations; raise the ceiling in accounts first"
                ),
            )
            .with("agent_id", id)
            .with("capacity", capacity)
            .with("ceiling", ceiling));
        }
        let previous = agent.capacity;
        if capacity != previous {
            self.record(None, Payload::CapacityChanged { agent: id, previous, capacity });
        }
        Ok(())
    }
}

/// Brings an entry into the one form that compares equal: groups sorted, each once, never none.
fn normalise(entry: &mut AgentEntry) -> Result<(), Problem> {
    if entry.groups.len() > MAX_GROUPS {
        return Err(Problem::field("groups", format!("must be at most {MAX_GROUPS}")));
    }
    if entry.capacity_ceiling > MAX_CAPACITY || entry.capacity_default > entry.capacity_ceiling {
        let expected = format!("must be at most its ceiling, which is at most {MAX_CAPACITY}");
        return Err(Problem::field("capacity", expected));
    }
    entry.groups.sort();
    entry.groups.dedup();
    if entry.groups.is_empty() {
        entry.groups.push(Text::from(DEFAULT_GROUP));
    }
    Ok(())
}
