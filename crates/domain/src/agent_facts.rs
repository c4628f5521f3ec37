//! Agent facts: what a shop's events say of its agents, as facts that never change again.
//!
//! A [`Fold`] takes in events in their order, one at a time, and hands out [`Fact`]s: presence, capacity and held
//! conversations as stretches, each when it has ended, and assignments, transfers, ratings and closes as they happen.
//! What has not ended yet is its state; [`Fold::unfinished`] shows it as facts up to some moment. [`record`] makes of one
//! agent's facts what [`crate::spans`] measures.
//!
//! Times are the desk's own (`recorded`), which never run backwards: what an agent did at the desk is the desk's to say,
//! unlike when a buyer asked.
//!
//! A place that is kept for a buyer who has said nothing yet ([`AssignReason::PreAssigned`]) is an assignment, and no
//! held conversation: nobody is occupied by it.
//!
//! Invariants: the facts and the state are a pure function of the events in their order; the fold can stop after any
//! event and go on from its state; the stretches of one agent's presence follow each other without gap or overlap from
//! the moment the agent is first heard of, and so do those of capacity; those of one conversation do not overlap. The
//! state holds agents and open conversations only.

use std::collections::BTreeMap;

use crate::desk::agent::{AgentEntry, Presence};
use crate::desk::event::{AssignReason, CloseActor, Event, Payload, TransferTarget};
use crate::ids::{AgentId, ConversationId};
use crate::roster::Stretch;
use crate::spans::{CapacityChange, PresenceChange, Record};
use crate::time::Timestamp;

#[cfg(test)]
mod tests;

/// Something an agent was, had or did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// What an agent was for a stretch of time.
    Presence {
        /// The agent.
        agent: AgentId,
        /// What they were; offline too.
        presence: Presence,
        /// From when to when.
        stretch: Stretch,
    },
    /// How many conversations an agent might hold for a stretch of time.
    Capacity {
        /// The agent.
        agent: AgentId,
        /// How many; `None` = unlimited.
        capacity: Option<u32>,
        /// From when to when.
        stretch: Stretch,
    },
    /// An agent held a conversation for a stretch of time.
    Held {
        /// The agent.
        agent: AgentId,
        /// The conversation.
        conversation: ConversationId,
        /// Why it was theirs.
        reason: AssignReason,
        /// From when to when.
        stretch: Stretch,
        /// How that ended; `None` = it has not, and the stretch ends at the moment asked for.
        end: Option<HoldEnd>,
    },
    /// An agent was given a conversation.
    Assigned {
        /// The agent.
        agent: AgentId,
        /// The agent who held it before.
        previous: Option<AgentId>,
        /// The conversation.
        conversation: ConversationId,
        /// Why.
        reason: AssignReason,
        /// When.
        at: Timestamp,
    },
    /// A conversation was handed on.
    Transferred {
        /// From whom; `None` = from nobody, or from the queue.
        from: Option<AgentId>,
        /// Where it was meant to go.
        target: TransferTarget,
        /// The conversation.
        conversation: ConversationId,
        /// When.
        at: Timestamp,
    },
    /// An agent gave back what was handed to them.
    Declined {
        /// The agent.
        agent: AgentId,
        /// The conversation.
        conversation: ConversationId,
        /// When.
        at: Timestamp,
    },
    /// A buyer said how content they are.
    Rated {
        /// The agent it is about; `None` = nobody held it.
        agent: Option<AgentId>,
        /// The conversation.
        conversation: ConversationId,
        /// 1, not at all, to 5.
        stars: u8,
        /// When.
        at: Timestamp,
    },
    /// A conversation ended.
    Closed {
        /// The agent who held it.
        agent: Option<AgentId>,
        /// The conversation.
        conversation: ConversationId,
        /// Who ended it.
        by: CloseActor,
        /// True when a reply was still owed.
        reply_owed: bool,
        /// When.
        at: Timestamp,
    },
}

/// How an agent came to hold a conversation no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HoldEnd {
    /// It was closed.
    Closed,
    /// Another agent has it, or the same one anew.
    Reassigned,
    /// It waits for an agent.
    Queued,
}

/// The fold of one shop's events up to some event: all it takes to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fold {
    /// Every agent heard of.
    pub agents: BTreeMap<AgentId, Seen>,
    /// Every conversation an agent holds.
    pub holds: BTreeMap<ConversationId, Hold>,
}

/// Where an agent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What they are.
    pub presence: Presence,
    /// Since when.
    pub presence_since: Timestamp,
    /// How many conversations they may hold when they are limited.
    pub capacity: u32,
    /// Whether they are not.
    pub unlimited: bool,
    /// Since when capacity and limit are these.
    pub capacity_since: Timestamp,
}

/// A conversation that an agent holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The agent.
    pub agent: AgentId,
    /// Why.
    pub reason: AssignReason,
    /// Since when.
    pub since: Timestamp,
}

impl Fact {
    /// The agent it is about.
    #[must_use]
    pub const fn agent(&self) -> Option<AgentId> {
        match self {
            Self::Presence { agent, .. }
            | Self::Capacity { agent, .. }
            | Self::Held { agent, .. }
            | Self::Assigned { agent, .. }
            | Self::Declined { agent, .. } => Some(*agent),
            Self::Transferred { from: agent, .. }
            | Self::Rated { agent, .. }
            | Self::Closed { agent, .. } => *agent,
        }
    }

    /// When it began and when it ended; the same moment for what did not last.
    #[must_use]
    pub const fn times(&self) -> (Timestamp, Timestamp) {
        match self {
            Self::Presence { stretch, .. } | Self::Capacity { stretch, .. } | Self::Held { stretch, .. } => {
                (stretch.start, stretch.end)
            }
            Self::Assigned { at, .. }
            | Self::Transferred { at, .. }
            | Self::Declined { at, .. }
            | Self::Rated { at, .. }
            | Self::Closed { at, .. } => (*at, *at),
        }
    }
}

impl Fold {
    /// Takes in the next event and adds the facts that it makes final.
    pub fn apply(&mut self, event: &Event, facts: &mut Vec<Fact>) {
        self.take(event.recorded, event.conversation, &event.payload, facts);
    }

    /// The same, of the parts of an event that bear on agents: when the desk took it down, which conversation it is about,
    /// and what it says.
    pub fn take(
        &mut self,
        at: Timestamp,
        conversation: Option<ConversationId>,
        payload: &Payload,
        facts: &mut Vec<Fact>,
    ) {
        match payload {
            Payload::AgentSynced { agent, entry } => self.sync(*agent, entry, at, facts),
            Payload::PresenceChanged { agent, presence, .. } => self.be(*agent, *presence, at, facts),
            Payload::CapacityChanged { agent, capacity, .. } => {
                let unlimited = self.agents.get(agent).is_some_and(|seen| seen.unlimited);
                self.limit(*agent, *capacity, unlimited, at, facts);
            }
            payload => {
                if let Some(conversation) = conversation {
                    self.converse(conversation, payload, at, facts);
                }
            }
        }
    }

    fn converse(&mut self, id: ConversationId, payload: &Payload, at: Timestamp, facts: &mut Vec<Fact>) {
        let conversation = id;
        match *payload {
            Payload::Assigned { agent, previous, reason, .. } => {
                self.let_go(id, HoldEnd::Reassigned, at, facts);
                if reason != AssignReason::PreAssigned {
                    self.holds.insert(id, Hold { agent, reason, since: at });
                }
                facts.push(Fact::Assigned { agent, previous, conversation, reason, at });
            }
            Payload::Queued { .. } => self.let_go(id, HoldEnd::Queued, at, facts),
            Payload::Transferred { from, ref target } => {
                facts.push(Fact::Transferred { from, target: target.clone(), conversation, at });
            }
            Payload::TransferDeclined { agent } => facts.push(Fact::Declined { agent, conversation, at }),
            Payload::Rated { agent, stars } => facts.push(Fact::Rated { agent, conversation, stars, at }),
            Payload::Closed { by, agent, reply_owed } => {
                self.let_go(id, HoldEnd::Closed, at, facts);
                facts.push(Fact::Closed { agent, conversation, by, reply_owed, at });
            }
            // The others change nobody's hands.
            _ => {}
        }
    }

    /// The directory's entry: an agent not heard of before is offline, with the capacity they start with. A later change
    /// of that is an event of its own.
    fn sync(&mut self, agent: AgentId, entry: &AgentEntry, at: Timestamp, facts: &mut Vec<Fact>) {
        match self.agents.get(&agent) {
            Some(seen) => self.limit(agent, seen.capacity, entry.unlimited, at, facts),
            None => {
                let capacity = entry.capacity_default.min(entry.capacity_ceiling);
                self.agents.insert(agent, Seen { unlimited: entry.unlimited, ..Seen::new(capacity, at) });
            }
        }
    }

    fn be(&mut self, agent: AgentId, presence: Presence, at: Timestamp, facts: &mut Vec<Fact>) {
        let seen = self.agents.entry(agent).or_insert(Seen::new(0, at));
        if seen.presence != presence {
            facts.extend(seen.presence_until(agent, at));
            (seen.presence, seen.presence_since) = (presence, at);
        }
    }

    fn limit(
        &mut self,
        agent: AgentId,
        capacity: u32,
        unlimited: bool,
        at: Timestamp,
        facts: &mut Vec<Fact>,
    ) {
        let seen = self.agents.entry(agent).or_insert(Seen::new(capacity, at));
        let next = Seen { capacity, unlimited, ..*seen };
        if next.limit() != seen.limit() {
            facts.extend(seen.capacity_until(agent, at));
            seen.capacity_since = at;
        }
        (seen.capacity, seen.unlimited) = (capacity, unlimited);
    }

    fn let_go(&mut self, id: ConversationId, end: HoldEnd, at: Timestamp, facts: &mut Vec<Fact>) {
        let hold = self.holds.remove(&id);
        facts.extend(hold.and_then(|hold| hold.until(id, at, Some(end))));
    }

    /// What has not ended yet, as if it ended at this moment; agents first, each list by id.
    pub fn unfinished(&self, at: Timestamp) -> impl Iterator<Item = Fact> + '_ {
        let agents = self.agents.iter().flat_map(move |(agent, seen)| {
            [seen.presence_until(*agent, at), seen.capacity_until(*agent, at)].into_iter().flatten()
        });
        agents.chain(self.holds.iter().filter_map(move |(id, hold)| hold.until(*id, at, None)))
    }
}

impl Seen {
    const fn new(capacity: u32, at: Timestamp) -> Self {
        Self {
            presence: Presence::Offline,
            presence_since: at,
            capacity,
            unlimited: false,
            capacity_since: at,
        }
    }

    fn limit(&self) -> Option<u32> {
        (!self.unlimited).then_some(self.capacity)
    }

    fn presence_until(&self, agent: AgentId, at: Timestamp) -> Option<Fact> {
        let stretch = Stretch::new(self.presence_since, at)?;
        Some(Fact::Presence { agent, presence: self.presence, stretch })
    }

    fn capacity_until(&self, agent: AgentId, at: Timestamp) -> Option<Fact> {
        let stretch = Stretch::new(self.capacity_since, at)?;
        Some(Fact::Capacity { agent, capacity: self.limit(), stretch })
    }
}

impl Hold {
    fn until(self, conversation: ConversationId, at: Timestamp, end: Option<HoldEnd>) -> Option<Fact> {
        let stretch = Stretch::new(self.since, at)?;
        Some(Fact::Held { agent: self.agent, conversation, reason: self.reason, stretch, end })
    }
}

/// What [`crate::spans`] needs of one agent's facts, known up to a moment; facts of others are passed over. Duty and
/// planned breaks are the roster's to add.
///
/// Facts of a part of the history will do: before the first stretch of presence the agent counts as offline.
pub fn record<'f>(agent: AgentId, facts: impl IntoIterator<Item = &'f Fact>, until: Timestamp) -> Record {
    let mut record = Record { until, ..Record::default() };
    for fact in facts {
        match *fact {
            Fact::Presence { agent: whose, presence, stretch } if whose == agent => {
                record.presence.push(PresenceChange { at: stretch.start, presence });
            }
            Fact::Capacity { agent: whose, capacity, stretch } if whose == agent => {
                record.capacity.push(CapacityChange { at: stretch.start, capacity });
            }
            Fact::Held { agent: whose, stretch, .. } if whose == agent => record.holds.push(stretch),
            _ => {}
        }
    }
    record
}
