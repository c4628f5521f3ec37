//! The indexes: where agents and conversations stand on the floor, in the queue, among timers, boundaries and the
//! stranded.
//!
//! They are derived from agents and conversations and nothing else. Whoever changes one of those does it through the
//! functions here, which move it in every index it stands elsewhere in; [`Desk::reindex`] builds all of them anew.

use super::agent::{Agent, Availability};
use super::conversation::{Conversation, Stage};
use super::event::{Seq, Text};
use super::policy::{LeavePolicy, Policy};
use super::queue::Ticket;
use super::strategy::Strategy;
use super::{Desk, Head, floor};
use crate::ids::{AgentId, ConversationId};
use crate::time::Timestamp;

/// Who holds a conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Holding {
    holder: Option<AgentId>,
    /// Since when a reply is owed in it.
    owed: Option<Timestamp>,
    /// Its place among the stranded, while it may not stay.
    unrest: Timestamp,
    /// Whether it was left as a message, which is kept in absence too.
    left: bool,
}

impl Holding {
    fn of(conversation: &Conversation) -> Self {
        Self {
            holder: conversation.agent(),
            owed: conversation.owed().map(|owed| owed.since),
            unrest: conversation.unrest(),
            left: conversation.left,
        }
    }
}

/// What an agent is marked with who is given a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// The assignment's number.
    pub(super) number: u64,
    /// Their next turn.
    pub(super) turn: u64,
    /// Until when they rest, if they began while many waited.
    pub(super) rests: Option<Timestamp>,
}

impl Stamp {
    fn mark(self, agent: &mut Agent) {
        agent.last_assigned = self.number;
        agent.turn = self.turn;
        if let Some(ramping) = &mut agent.ramping {
            ramping.rests = self.rests;
        }
    }
}

/// Where a conversation stands in the desk's indexes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Indexed {
    timer: Option<Timestamp>,
    waiting: Option<(Text, Ticket, u8)>,
    open_since: Option<Timestamp>,
    holding: Holding,
}

impl Indexed {
    pub(super) fn of(conversation: &Conversation, policy: &Policy) -> Self {
        let waiting = match conversation.stage {
            Stage::Queued(ticket) => Some((conversation.group.clone(), ticket, conversation.ring)),
            _ => None,
        };
        Self {
            timer: conversation.timer(policy).map(|(at, _)| at),
            waiting,
            open_since: (conversation.stage == Stage::Open).then_some(conversation.opened),
            holding: Holding::of(conversation),
        }
    }
}

impl Desk {
    /// Builds every derived index anew: after a policy change and after a restore.
    pub(super) fn reindex(&mut self) {
        self.floor = super::Floor::default();
        self.boundaries.clear();
        self.wound_down.clear();
        for agent in self.agents.values() {
            self.floor.enter(agent, self.policy.strategy);
            self.boundaries.extend(agent.boundary().map(|at| (at, agent.id)));
            if agent.next.is_some() && agent.held.is_empty() {
                self.wound_down.insert(agent.id);
            }
        }
        let ids: Vec<_> = self.conversations.values().map(|conversation| conversation.id).collect();
        self.queue = super::Queue::default();
        self.timers.clear();
        self.stranded.clear();
        self.overflow.clear();
        for id in ids {
            let Some(conversation) = self.conversations.get(&id) else { continue };
            let after = Indexed::of(conversation, &self.policy);
            self.reindex_one(id, Indexed::default(), after, None);
        }
    }

    /// Changes an agent, keeping the floor in step. Whoever becomes ready by it begins at the shop's virtual time.
    pub(super) fn with_agent(&mut self, id: AgentId, change: impl FnOnce(&mut Agent)) {
        let Some(agent) = self.agents.get_mut(&id) else { return };
        let strategy = self.policy.strategy;
        // Most changes of most agents leave them where they stand; then the floor need not be touched.
        let before = floor::spot(agent, strategy);
        if before.is_none() {
            self.floor.leave(agent, strategy);
        }
        let was_ready = agent.availability() == Availability::Ready;
        let boundary = agent.boundary();
        change(agent);
        if !was_ready {
            line_up(agent, strategy, self.turn, self.head);
        }
        if agent.next.is_some() && agent.held.is_empty() {
            self.wound_down.insert(id);
        } else if !self.wound_down.is_empty() {
            self.wound_down.remove(&id);
        }
        if boundary != agent.boundary() {
            if let Some(at) = boundary {
                self.boundaries.remove(&(at, id));
            }
            self.boundaries.extend(agent.boundary().map(|at| (at, id)));
        }
        match (before, floor::spot(agent, strategy)) {
            (Some(before), Some(after)) => self.floor.step(&agent.entry.groups[0], before, after),
            _ => self.floor.enter(agent, strategy),
        }
    }

    /// Changes what the directory says of an agent, their groups included, or what their roster does.
    pub(super) fn with_entry(&mut self, id: AgentId, change: impl FnOnce(&mut Agent)) {
        let Some(agent) = self.agents.get_mut(&id) else { return };
        self.floor.leave(agent, self.policy.strategy);
        if let Some(at) = agent.boundary() {
            self.boundaries.remove(&(at, id));
        }
        let was_ready = agent.availability() == Availability::Ready;
        change(agent);
        if !was_ready {
            line_up(agent, self.policy.strategy, self.turn, self.head);
        }
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
        stamp: Option<Stamp>,
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
        stamp: Option<Stamp>,
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
            if let Some((group, ticket, ring)) = before.waiting {
                self.queue.leave(self.policy.rings_of(&group, ring), ticket, id);
            }
            if let Some((group, ticket, ring)) = after.waiting {
                self.queue.join(self.policy.rings_of(&group, ring), ticket, id);
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
        if before.holding != after.holding {
            self.pass_on(id, before.holding, after.holding, stamp);
        }
    }

    /// Moves a conversation, and what is owed for it, from holder to holder, and among the stranded.
    fn pass_on(&mut self, id: ConversationId, before: Holding, after: Holding, stamp: Option<Stamp>) {
        let seq = self.seq();
        if let Some(from) = before.holder {
            self.stranded.remove(&(before.unrest, id));
            if after.holder != Some(from) {
                self.with_agent(from, |agent| {
                    if agent.held.remove(id, before.owed) && agent.held.is_empty() {
                        agent.idle_since = seq;
                    }
                });
            }
        }
        let Some(to) = after.holder else { return };
        self.with_agent(to, |agent| {
            if before.holder == Some(to) {
                agent.held.remove(id, before.owed);
            }
            agent.held.insert(id, after.owed);
            if let Some(stamp) = stamp {
                stamp.mark(agent);
            }
        });
        if self.agents.get(&to).is_some_and(|agent| strands(&after, agent, &self.policy)) {
            self.stranded.insert((after.unrest, id));
        }
    }

    /// An agent has come or left: what may not stay with her then is stranded exactly while it may not.
    pub(super) fn restrand(&mut self, id: AgentId) {
        let Some(agent) = self.agents.get(&id) else { return };
        for id in agent.held.iter() {
            let Some(conversation) = self.conversations.get(&id) else { continue };
            let held = Holding::of(conversation);
            if strands(&held, agent, &self.policy) {
                self.stranded.insert((held.unrest, id));
            } else {
                self.stranded.remove(&(held.unrest, id));
            }
        }
    }
}

/// Whether a conversation may not stay with its holder, not even until the buyer's next message. Whoever is away keeps
/// what was left as a message, and what owes nothing unless the shop says otherwise; an account that may not work any
/// more, disabled, unbound or deleted, keeps nothing.
fn strands(held: &Holding, holder: &Agent, policy: &Policy) -> bool {
    let stays = holder.keeps_buyers() || (held.left && holder.keeps_messages());
    let moves = held.owed.is_some() || policy.on_leave == LeavePolicy::MoveAllNow || !holder.entry.enabled;
    !stays && moves
}

/// Lets an agent who has become ready begin at the shop's virtual time, or later where their turn is later still.
fn line_up(agent: &mut Agent, strategy: Strategy, turn: u64, head: Option<Head>) {
    if strategy.takes_turns() && agent.turn < turn && agent.availability() == Availability::Ready {
        let nonce = head.map_or(0, |head| head.seq.0);
        agent.turn = turn.saturating_add(strategy.start(agent.id, nonce));
    }
}
