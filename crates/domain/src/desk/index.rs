//! The indexes: where agents and conversations stand on the floor, in the queue, among timers, boundaries and the
//! stranded.
//!
//! They are derived from agents and conversations and nothing else. Whoever changes one of those does it through the
//! functions here, which move it in every index it stands elsewhere in; [`Desk::reindex`] builds all of them anew.

use super::agent::Agent;
use super::conversation::{Conversation, Stage};
use super::event::{Seq, Text};
use super::policy::Policy;
use super::queue::Ticket;
use super::{Desk, floor};
use crate::ids::{AgentId, ConversationId};
use crate::time::Timestamp;

/// Who holds a conversation, and since when a reply is owed in it.
type Holding = (Option<AgentId>, Option<Timestamp>);

/// Where a conversation stands in the desk's indexes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Indexed {
    timer: Option<Timestamp>,
    waiting: Option<(Text, Ticket)>,
    open_since: Option<Timestamp>,
    holder: Option<AgentId>,
    owed_since: Option<Timestamp>,
}

impl Indexed {
    pub(super) fn of(conversation: &Conversation, policy: &Policy) -> Self {
        let waiting = match conversation.stage {
            Stage::Queued(ticket) => Some((conversation.group.clone(), ticket)),
            _ => None,
        };
        Self {
            timer: conversation.timer(policy).map(|(at, _)| at),
            waiting,
            open_since: (conversation.stage == Stage::Open).then_some(conversation.opened),
            holder: conversation.agent(),
            owed_since: conversation.owed.map(|owed| owed.since),
        }
    }
}

impl Desk {
    /// Builds every derived index anew: after a policy change and after a restore.
    pub(super) fn reindex(&mut self) {
        self.floor = super::Floor::default();
        self.boundaries.clear();
        for agent in self.agents.values() {
            self.floor.enter(agent, self.policy.strategy);
            self.boundaries.extend(agent.boundary().map(|at| (at, agent.id)));
        }
        let ids: Vec<_> = self.conversations.keys().copied().collect();
        self.queue = super::Queue::default();
        self.timers.clear();
        self.stranded.clear();
        self.overflow.clear();
        for id in ids {
            let after = Indexed::of(&self.conversations[&id], &self.policy);
            self.reindex_one(id, Indexed::default(), after, None);
        }
    }

    /// Changes an agent, keeping the floor in step.
    pub(super) fn with_agent(&mut self, id: AgentId, change: impl FnOnce(&mut Agent)) {
        let Some(agent) = self.agents.get_mut(&id) else { return };
        let strategy = self.policy.strategy;
        // Most changes of most agents leave them where they stand; then the floor need not be touched.
        let before = floor::spot(agent, strategy);
        if before.is_none() {
            self.floor.leave(agent, strategy);
        }
        change(agent);
        match (before, floor::spot(agent, strategy)) {
            (Some(before), Some(after)) => self.floor.step(&agent.entry.groups[0], before, after),
            _ => self.floor.enter(agent, strategy),
        }
    }

    /// Changes what the directory says of an agent, their groups included, or what their roster does: that moves
    /// their next boundary too.
    pub(super) fn with_boundary(&mut self, id: AgentId, change: impl FnOnce(&mut Agent)) {
        let Some(agent) = self.agents.get_mut(&id) else { return };
        self.floor.leave(agent, self.policy.strategy);
        if let Some(at) = agent.boundary() {
            self.boundaries.remove(&(at, id));
        }
        change(agent);
        self.boundaries.extend(agent.boundary().map(|at| (at, id)));
        self.floor.enter(agent, self.policy.strategy);
    }

    /// Changes a conversation, keeping queue, timers, loads and the stranded in step.
    pub(super) fn with_conversation(
        &mut self,
        id: ConversationId,
        seq: Seq,
        change: impl FnOnce(&mut Conversation),
    ) {
        self.with_stamped_conversation(id, seq, None, change);
    }

    /// The same; whoever gets the conversation by it is marked with the assignment's number, if it is one.
    pub(super) fn with_stamped_conversation(
        &mut self,
        id: ConversationId,
        seq: Seq,
        stamp: Option<u64>,
        change: impl FnOnce(&mut Conversation),
    ) {
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        let before = Indexed::of(conversation, &self.policy);
        change(conversation);
        conversation.last_seq = seq;
        let after = Indexed::of(conversation, &self.policy);
        self.reindex_one(id, before, after, stamp);
    }

    /// Moves one conversation in every index it stands elsewhere in.
    pub(super) fn reindex_one(
        &mut self,
        id: ConversationId,
        before: Indexed,
        after: Indexed,
        stamp: Option<u64>,
    ) {
        if before.timer != after.timer {
            if let Some(at) = before.timer {
                self.timers.remove(&(at, id));
            }
            if let Some(at) = after.timer {
                self.timers.insert((at, id));
            }
        }
        if before.waiting != after.waiting {
            if let Some((group, ticket)) = before.waiting {
                self.queue.leave(&group, ticket, id);
            }
            if let Some((group, ticket)) = after.waiting {
                self.queue.join(&group, ticket, id);
            }
        }
        if before.open_since != after.open_since {
            if let Some(since) = before.open_since {
                self.overflow.remove(&(since, id));
            }
            if let Some(since) = after.open_since {
                self.overflow.insert((since, id));
            }
        }
        if (before.holder, before.owed_since) != (after.holder, after.owed_since) {
            self.take_from(id, (before.holder, before.owed_since), after.holder);
            self.give_to(id, (after.holder, after.owed_since), stamp);
        }
    }

    /// Takes what a holder owes for a conversation off them, and the conversation too unless they keep it.
    fn take_from(&mut self, id: ConversationId, (from, owed): Holding, next: Option<AgentId>) {
        let Some(from) = from else { return };
        self.with_agent(from, |agent| {
            if next != Some(from) {
                agent.conversations.remove(&id);
            }
            if let Some(since) = owed {
                agent.owing.remove(&(since, id));
            }
        });
        if let Some(since) = owed {
            self.stranded.remove(&(since, id));
        }
    }

    /// Gives a conversation, and what is owed for it, to its holder.
    fn give_to(&mut self, id: ConversationId, (to, owed): Holding, stamp: Option<u64>) {
        let Some(to) = to else { return };
        self.with_agent(to, |agent| {
            agent.conversations.insert(id);
            agent.last_assigned = stamp.unwrap_or(agent.last_assigned);
            if let Some(since) = owed {
                agent.owing.insert((since, id));
            }
        });
        let keeps = self.agents.get(&to).is_some_and(Agent::keeps_buyers);
        if let (Some(since), false) = (owed, keeps) {
            self.stranded.insert((since, id));
        }
    }

    /// An agent's presence changed: what they owe is stranded exactly while they may not keep it.
    pub(super) fn restrand(&mut self, id: AgentId) {
        let Some(agent) = self.agents.get(&id) else { return };
        if agent.keeps_buyers() {
            for owing in &agent.owing {
                self.stranded.remove(owing);
            }
        } else {
            self.stranded.extend(agent.owing.iter().copied());
        }
    }
}
