//! The only place where a desk changes: one event in, one change carried out.
//!
//! Every change of an agent goes through [`Desk::with_agent`] and every change of a conversation through
//! [`Desk::with_conversation`], which keep the indexes in step (`index.rs`).

use super::agent::{Agent, AgentEntry};
use super::conversation::{Conversation, Owed, Stage, Standing};
use super::event::{Event, Payload, Seq, Text};
use super::index::Indexed;
use super::memory::{DeliveryKey, Remembered, RequestKey};
use super::policy::Policy;
use super::queue::Ticket;
use super::{ClosedConversation, Desk, Head};
use crate::ids::{AgentId, CommandId, ConversationId};
use crate::message::Actor;
use crate::time::Timestamp;

/// Most buyers forgotten per event, so that no command pays for all.
const FORGET_LIMIT: usize = 2;

impl Desk {
    /// Carries out an event that follows the head.
    pub(super) fn evolve(&mut self, event: &Event) {
        self.head = Some(Head { seq: event.seq, event: event.id });
        self.now = self.now.max(event.recorded);
        self.remember(event);
        self.forget_buyers();
        match event.conversation {
            Some(conversation) => self.evolve_conversation(event, conversation),
            None => self.evolve_desk(event),
        }
    }

    fn evolve_desk(&mut self, event: &Event) {
        match &event.payload {
            Payload::PolicyChanged { policy } => self.change_policy(policy, event.seq),
            Payload::AgentSynced { agent, entry } => self.sync_agent(*agent, entry),
            Payload::PresenceChanged { agent, presence, .. } => {
                self.with_agent(*agent, |agent| agent.presence = *presence);
                self.restrand(*agent);
            }
            Payload::CapacityChanged { agent, capacity, .. } => {
                self.with_agent(*agent, |agent| agent.capacity = *capacity);
            }
            Payload::DutyChanged { agent, duty } => {
                self.with_boundary(*agent, |agent| agent.duty = *duty);
            }
            Payload::SanctionEnded { agent, .. } => {
                self.with_boundary(*agent, |agent| agent.entry.sanction = None);
                self.restrand(*agent);
            }
            // The others belong to a conversation; a history that says otherwise has nothing to change here.
            _ => {}
        }
    }

    fn evolve_conversation(&mut self, event: &Event, id: ConversationId) {
        match &event.payload {
            Payload::ChatEntered { buyer, channel, standing } => {
                self.enter(event, id, buyer, channel, *standing);
            }
            Payload::ConversationOpened { buyer, channel, group, priority, with_robot, .. } => {
                let stage = if *with_robot { Stage::WithRobot } else { Stage::Open };
                self.open(
                    id,
                    Conversation {
                        id,
                        buyer: buyer.clone(),
                        channel: channel.clone(),
                        group: group.clone(),
                        priority: *priority,
                        stage,
                        opened: event.recorded,
                        owed: None,
                        handed_by: None,
                        last_seq: event.seq,
                    },
                );
            }
            Payload::Assigned { agent, .. } => self.assign(event, id, *agent),
            Payload::Queued { group, priority, waiting_since, .. } => {
                let ticket = Ticket { priority: *priority, waiting_since: *waiting_since, seq: event.seq };
                self.with_conversation(id, event.seq, |conversation| {
                    conversation.group = group.clone();
                    conversation.stage = Stage::Queued(ticket);
                });
            }
            Payload::Closed { .. } => self.close(event, id),
            payload => {
                let at = event.occurred;
                self.with_conversation(id, event.seq, |conversation| say(conversation, payload, at));
                if let Payload::ReplySent { actor: Actor::Human, agent: Some(agent), .. } = payload {
                    self.meet(id, *agent, event);
                }
            }
        }
    }

    fn change_policy(&mut self, policy: &Policy, seq: Seq) {
        self.policy = policy.clone();
        self.policy_seq = seq;
        self.reindex();
    }

    fn sync_agent(&mut self, id: AgentId, entry: &AgentEntry) {
        let main = entry.main_account;
        let entry = self.floor.intern(entry.clone());
        if self.agents.contains_key(&id) {
            self.with_boundary(id, |agent| agent.entry = entry);
            self.restrand(id);
        } else {
            let agent = Agent::new(id, entry);
            self.floor.enter(&agent, self.policy.strategy);
            self.boundaries.extend(agent.boundary().map(|at| (at, id)));
            self.agents.insert(id, agent);
        }
        if main || self.main_account == Some(id) {
            let mains = self.agents.values().filter(|agent| agent.entry.main_account);
            self.main_account = mains.map(|agent| agent.id).min();
        }
    }

    fn enter(&mut self, event: &Event, id: ConversationId, buyer: &Text, channel: &Text, standing: Standing) {
        if standing != Standing::Entered || self.conversations.contains_key(&id) {
            return self.with_conversation(id, event.seq, |_| {});
        }
        self.open(
            id,
            Conversation {
                id,
                buyer: buyer.clone(),
                channel: channel.clone(),
                group: super::agent::DEFAULT_GROUP.into(),
                priority: super::decide::DEFAULT_PRIORITY,
                stage: Stage::Entered,
                opened: event.recorded,
                owed: None,
                handed_by: None,
                last_seq: event.seq,
            },
        );
    }

    /// Begins a conversation, or lets one that was only entered begin.
    fn open(&mut self, id: ConversationId, conversation: Conversation) {
        let before = self.conversations.get(&id).map(|known| Indexed::of(known, &self.policy));
        let key = conversation.buyer_key();
        let buyer = self.buyers.entry(key.clone()).or_default();
        if let Some(expires) = buyer.expires.take() {
            self.expiries.remove(&(expires, key));
        }
        buyer.open = Some(id);
        buyer.closed = None;
        let after = Indexed::of(&conversation, &self.policy);
        self.conversations.insert(id, conversation);
        self.reindex_one(id, before.unwrap_or_default(), after, None);
    }

    fn assign(&mut self, event: &Event, id: ConversationId, to: AgentId) {
        self.assignments += 1;
        let stamp = Some(self.assignments);
        self.with_stamped_conversation(id, event.seq, stamp, |conversation| {
            conversation.stage = Stage::Assigned(to);
            conversation.handed_by = None;
        });
        self.meet(id, to, event);
    }

    /// The buyer of a conversation has met an agent: remembered for their next conversation.
    fn meet(&mut self, id: ConversationId, agent: AgentId, event: &Event) {
        let Some(conversation) = self.conversations.get(&id) else { return };
        if let Some(buyer) = self.buyers.get_mut(&conversation.buyer_key()) {
            buyer.last_agent = Some((agent, event.recorded));
        }
    }

    fn close(&mut self, event: &Event, id: ConversationId) {
        let Some(conversation) = self.conversations.remove(&id) else { return };
        self.reindex_one(id, Indexed::of(&conversation, &self.policy), Indexed::default(), None);
        let expires = event.recorded + self.policy.memory();
        let key = conversation.buyer_key();
        let buyer = self.buyers.entry(key.clone()).or_default();
        buyer.open = None;
        // A chat page nobody spoke on leaves nothing to take up again.
        buyer.closed = (conversation.stage != Stage::Entered).then(|| ClosedConversation {
            id,
            at: event.recorded,
            agent: conversation.agent(),
            group: conversation.group.clone(),
            priority: conversation.priority,
        });
        buyer.expires = Some(expires);
        self.expiries.insert((expires, key));
    }

    fn remember(&mut self, event: &Event) {
        if let Some(mark) = &event.request {
            let key = RequestKey { caller: mark.caller.clone(), request_id: mark.request_id.clone() };
            let remembered = Remembered { first: event.seq, body_hash: mark.body_hash, at: event.recorded };
            self.requests.remember(key, remembered);
        }
        if let Payload::MessageReceived { channel, external: Some(external), .. } = &event.payload {
            let key = DeliveryKey { channel: channel.clone(), external: external.clone() };
            let first = Seq(event.seq.0 - u64::from(CommandId::index_of(event.id)));
            self.deliveries.remember(key, Remembered { first, body_hash: [0; 32], at: event.recorded });
        }
    }

    fn forget_buyers(&mut self) {
        for _ in 0..FORGET_LIMIT {
            if self.expiries.first().is_none_or(|(at, _)| *at >= self.now) {
                return;
            }
            if let Some((_, buyer)) = self.expiries.pop_first() {
                self.buyers.remove(&buyer);
            }
        }
    }
}

/// What a message, a reply, an alert or a hand-over changes in its conversation.
fn say(conversation: &mut Conversation, payload: &Payload, occurred: Timestamp) {
    match payload {
        Payload::MessageReceived { message, .. } => {
            let owed = conversation.owed.get_or_insert(Owed {
                since: occurred,
                message: *message,
                count: 0,
                steps_taken: 0,
            });
            owed.count = owed.count.saturating_add(1);
        }
        Payload::ReplySent { actor, .. } if answers(*actor, conversation.stage) => conversation.owed = None,
        Payload::ReplyDue { step, .. } => {
            if let Some(owed) = &mut conversation.owed {
                owed.steps_taken = *step;
            }
        }
        Payload::HandedToHuman { .. } | Payload::QueueLeft { .. } => conversation.stage = Stage::Open,
        Payload::Transferred { from, .. } => conversation.handed_by = *from,
        _ => {}
    }
}

/// Whether a reply settles what is owed at the desk: a human's always; a robot's only while the robot holds the
/// conversation; a canned one never. (What counts for a rate is each rule pack's own affair.)
fn answers(actor: Actor, stage: Stage) -> bool {
    match actor {
        Actor::Human => true,
        Actor::AssistRobot | Actor::FullRobot | Actor::FaqCard => stage == Stage::WithRobot,
        Actor::AutoReply => false,
    }
}
