//! A desk as plain data: what a snapshot stores, and what two desks are compared by.

use super::agent::{Agent, AgentEntry, Presence, Ramping};
use super::buyer::KnownBuyer;
use super::conversation::Conversation;
use super::duty::DutyState;
use super::event::{Seq, Text};
use super::hours::ServiceHours;
use super::memory::{DeliveryKey, Memory, Remembered, RequestKey};
use super::opened::OpenConversation;
use super::pace::Pace;
use super::policy::Policy;
use super::strategy::Score;
use super::{Buyer, BuyerKey, Desk, Head};
use crate::ids::{AgentId, ShopId};
use crate::time::Timestamp;

/// A desk at one event, complete: restoring it and replaying the events after it gives the desk of now.
///
/// Lists are sorted by id, so that equal desks have equal snapshots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The shop.
    pub shop: ShopId,
    /// The last event it contains.
    pub head: Head,
    /// The desk's latest time.
    pub now: Timestamp,
    /// The policy in force.
    pub policy: Policy,
    /// The event it came with.
    pub policy_seq: Seq,
    /// All agents. What they hold follows from the conversations.
    pub agents: Vec<AgentState>,
    /// All open conversations.
    pub conversations: Vec<Conversation>,
    /// Buyers who are remembered.
    pub buyers: Vec<(BuyerKey, Buyer)>,
    /// Requests of the last day, oldest first.
    pub requests: Vec<(RequestKey, Remembered)>,
    /// Messages of the last day by their channel's ids, oldest first.
    pub deliveries: Vec<(DeliveryKey, Remembered)>,
    /// Whether any request was forgotten.
    pub requests_forgotten: bool,
    /// Whether any delivery was forgotten.
    pub deliveries_forgotten: bool,
    /// How many assignments there have been.
    pub assignments: u64,
    /// The shop's virtual time, for strategies that share out turns.
    pub turn: u64,
    /// How many savable conversations were taken from the queue since the last late one.
    pub savable_in_a_row: u32,
    /// When somebody was last admitted from the queue.
    pub pace: Pace,
}

/// An agent as a snapshot keeps them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentState {
    /// Their id.
    pub id: AgentId,
    /// What the directory says of them.
    pub entry: AgentEntry,
    /// What they have said about being there.
    pub presence: Presence,
    /// What they become when their last conversation ends.
    pub next: Option<Presence>,
    /// When their break has taken too long.
    pub break_ends: Option<Timestamp>,
    /// How gently they begin.
    pub ramping: Option<Ramping>,
    /// What their roster says.
    pub duty: DutyState,
    /// Open conversations they may hold.
    pub capacity: u32,
    /// The assignment counter when they were last given a conversation.
    pub last_assigned: u64,
    /// Their place in the shop's virtual time.
    pub turn: u64,
    /// The event since which they have had nobody, if they have nobody.
    pub idle_since: Seq,
    /// How they have been answering, group by group.
    pub scores: Vec<(Text, Score)>,
}

impl Desk {
    /// The desk as plain data; `None` when nothing has happened at it.
    #[must_use]
    pub fn snapshot(&self) -> Option<Snapshot> {
        let mut agents: Vec<_> = self.agents.values().map(state).collect();
        agents.sort_by_key(|agent| agent.id);
        let mut buyers: Vec<_> = self.buyers.values().map(KnownBuyer::state).collect();
        buyers.sort_by(|a, b| a.0.cmp(&b.0));
        Some(Snapshot {
            shop: self.shop,
            head: self.head?,
            now: self.now,
            policy: self.policy.clone(),
            policy_seq: self.policy_seq,
            agents,
            conversations: self.conversations().into_iter().cloned().collect(),
            buyers,
            requests: self.requests.entries(),
            deliveries: self.deliveries.entries(),
            requests_forgotten: self.requests.is_forgetful(),
            deliveries_forgotten: self.deliveries.is_forgetful(),
            assignments: self.assignments,
            turn: self.turn,
            savable_in_a_row: self.savable_in_a_row,
            pace: self.pace.clone(),
        })
    }

    /// The desk a snapshot was taken of.
    #[must_use]
    pub fn restore(snapshot: Snapshot) -> Self {
        let mut desk = Self::new(snapshot.shop);
        desk.head = Some(snapshot.head);
        desk.now = snapshot.now;
        desk.policy = snapshot.policy;
        desk.policy_seq = snapshot.policy_seq;
        let mains = snapshot.agents.iter().filter(|agent| agent.entry.main_account);
        desk.main_account = mains.map(|agent| agent.id).min();
        desk.agents = snapshot.agents.into_iter().map(|state| (state.id, agent(state))).collect();
        desk.buyers = snapshot.buyers.into_iter().map(KnownBuyer::of).collect();
        let open = |conversation: Conversation| {
            let buyer = desk.buyers.slot(&conversation.buyer_key());
            OpenConversation { conversation, buyer }
        };
        desk.conversations = snapshot.conversations.into_iter().map(open).collect();
        let expiry = |buyer: &KnownBuyer| Some((buyer.expires()?, buyer.key.clone()));
        desk.expiries = desk.buyers.values().filter_map(expiry).collect();
        desk.requests = Memory::from_entries(snapshot.requests, snapshot.requests_forgotten);
        desk.deliveries = Memory::from_entries(snapshot.deliveries, snapshot.deliveries_forgotten);
        desk.assignments = snapshot.assignments;
        desk.turn = snapshot.turn;
        desk.savable_in_a_row = snapshot.savable_in_a_row;
        desk.pace = snapshot.pace;
        desk.hours = ServiceHours::of(&desk.policy.hours);
        desk.reindex();
        let mut conversations = std::mem::take(&mut desk.conversations);
        conversations.values_mut().for_each(|conversation| desk.share_names(conversation));
        desk.conversations = conversations;
        desk
    }
}

fn state(agent: &Agent) -> AgentState {
    AgentState {
        id: agent.id,
        entry: agent.entry.clone(),
        presence: agent.presence,
        next: agent.next,
        break_ends: agent.break_ends,
        ramping: agent.ramping,
        duty: agent.duty,
        capacity: agent.capacity,
        last_assigned: agent.last_assigned,
        turn: agent.turn,
        idle_since: agent.idle_since,
        scores: agent.scores.clone(),
    }
}

fn agent(state: AgentState) -> Agent {
    Agent {
        presence: state.presence,
        next: state.next,
        break_ends: state.break_ends,
        ramping: state.ramping,
        duty: state.duty,
        capacity: state.capacity,
        last_assigned: state.last_assigned,
        turn: state.turn,
        idle_since: state.idle_since,
        scores: state.scores,
        ..Agent::new(state.id, state.entry)
    }
}
