//! The only place where a desk changes: one event in, one change carried out.
//!
//! Every change of an agent goes through [`Desk::with_agent`] and every change of a conversation through
//! [`Desk::with_conversation`], which keep the indexes in step (`index.rs`).

use super::agent::{Agent, AgentEntry, DEFAULT_GROUP, Presence, Ramping};
use super::buyer::KnownBuyer;
use super::conversation::{Conversation, Handover, LastWord, Owed, Quiet, Stage, Standing};
use super::event::{AssignReason, Event, Payload, Seq, Text};
use super::hours::ServiceHours;
use super::index::{Indexed, Stamp};
use super::memory::{DeliveryKey, Remembered, RequestKey};
use super::opened::OpenConversation;
use super::policy::{Policy, Ramp};
use super::queue::Ticket;
use super::{BuyerKey, ClosedConversation, Desk, Head};
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
                self.change_presence(*agent, *presence, event);
            }
            Payload::WindingDown { agent, next } => {
                self.with_agent(*agent, |agent| agent.next = *next);
            }
            Payload::RampStepped { agent } => {
                self.with_agent(*agent, |agent| step_ramp(agent, event.recorded));
            }
            Payload::BreakOverrun { agent } => {
                self.with_agent(*agent, |agent| agent.break_ends = None);
            }
            Payload::AgentScored { agent, scores } => {
                let scores = scores.iter().map(|(group, score)| (self.floor.known(group), *score)).collect();
                self.with_agent(*agent, |agent| agent.scores = scores);
            }
            Payload::CapacityChanged { agent, capacity, .. } => {
                self.with_agent(*agent, |agent| agent.capacity = *capacity);
            }
            Payload::DutyChanged { agent, duty } => {
                self.with_entry(*agent, |agent| agent.duty = *duty);
            }
            Payload::SanctionEnded { agent, .. } => {
                self.with_entry(*agent, |agent| agent.entry.sanction = None);
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
            Payload::ConversationOpened { .. } => self.open(event, id),
            Payload::Assigned { agent, reason, .. } => self.assign(event, id, *agent, *reason),
            Payload::Queued { group, priority, waiting_since, .. } => {
                let (priority, waiting_since, order) = (*priority, *waiting_since, self.policy.order);
                let ring = self.policy.first_ring(group);
                let group = self.floor.known(group);
                self.with_conversation(id, event.seq, |conversation| {
                    let late = conversation.is_late(order, event.recorded);
                    conversation.group = group;
                    conversation.stage =
                        Stage::Queued(Ticket { priority, late, waiting_since, seq: event.seq });
                    conversation.ring = ring;
                });
            }
            Payload::Closed { .. } => self.close(event, id),
            payload => {
                self.with_conversation(id, event.seq, |conversation| say(conversation, payload, event));
                if let Payload::ReplySent { actor: Actor::Human, agent: Some(agent), .. } = payload {
                    self.meet(id, *agent, event);
                }
            }
        }
    }

    fn change_policy(&mut self, policy: &Policy, seq: Seq) {
        if self.policy.strategy != policy.strategy {
            self.turn = 0;
            self.agents.values_mut().for_each(|agent| agent.turn = 0);
        }
        // Whoever waits does so by the new rules: from the first ring on, and late or not by the new limit.
        for conversation in self.conversations.values_mut() {
            let late = conversation.is_late(policy.order, self.now);
            conversation.ring = policy.first_ring(&conversation.group);
            if let Stage::Queued(ticket) = &mut conversation.stage {
                ticket.late = late;
            }
        }
        self.policy = policy.clone();
        self.policy_seq = seq;
        self.hours = ServiceHours::of(&self.policy.hours);
        self.reindex();
    }

    fn sync_agent(&mut self, id: AgentId, entry: &AgentEntry) {
        let main = entry.main_account;
        let entry = self.floor.intern(entry.clone());
        if self.agents.contains_key(&id) {
            self.with_entry(id, |agent| agent.entry = entry);
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

    /// What an agent's presence brings with it: a break has an end, and whoever comes while many wait begins gently.
    fn change_presence(&mut self, id: AgentId, presence: Presence, event: &Event) {
        let (now, seq) = (event.recorded, event.seq);
        let limit = self.policy.break_limit.filter(|_| presence == Presence::OnBreak);
        let crowded = |ramp: &Ramp| {
            presence == Presence::Online
                && self.queue.len() > usize::try_from(ramp.queue_over).unwrap_or(usize::MAX)
        };
        let ramp = self.policy.ramp.filter(crowded);
        self.with_agent(id, |agent| {
            agent.presence = presence;
            agent.next = None;
            agent.break_ends = limit.map(|limit| now + limit);
            agent.ramping = ramp.map(|ramp| Ramping { until: now + ramp.lasts, rests: None });
            agent.idle_since = seq;
        });
        self.restrand(id);
    }

    fn enter(&mut self, event: &Event, id: ConversationId, buyer: &Text, channel: &Text, standing: Standing) {
        if standing != Standing::Entered || self.conversations.contains(&id) {
            return self.with_conversation(id, event.seq, |_| {});
        }
        let whose = (channel.clone(), buyer.clone());
        self.begin(Conversation::new(id, whose, DEFAULT_GROUP.into(), event));
    }

    /// Opens a conversation, which may have been entered before.
    fn open(&mut self, event: &Event, id: ConversationId) {
        let Payload::ConversationOpened {
            buyer, channel, group, priority, with_robot, artificial_age, ..
        } = &event.payload
        else {
            return;
        };
        let whose = (channel.clone(), buyer.clone());
        self.begin(Conversation {
            priority: *priority,
            stage: if *with_robot { Stage::WithRobot } else { Stage::Open },
            artificial_age: *artificial_age,
            ..Conversation::new(id, whose, group.clone(), event)
        });
    }

    /// Takes a conversation in, in place of what was known of it.
    fn begin(&mut self, mut conversation: Conversation) {
        self.share_names(&mut conversation);
        let id = conversation.id;
        let before = self.conversations.get(&id).map(|known| Indexed::of(known, &self.policy));
        let key = conversation.buyer_key();
        let slot = self.buyers.slot_or_insert_with(&key, || KnownBuyer::new(key.clone(), id));
        if let Some(buyer) = self.buyers.at_mut(slot) {
            let expires = buyer.expires();
            buyer.come(id);
            if let Some(expires) = expires {
                self.expiries.remove(&(expires, key));
            }
        }
        let after = Indexed::of(&conversation, &self.policy);
        self.conversations.insert(OpenConversation { conversation, buyer: Some(slot) });
        self.reindex_one(id, before.unwrap_or_default(), after, None);
    }

    fn assign(&mut self, event: &Event, id: ConversationId, to: AgentId, reason: AssignReason) {
        self.count_admission(id, event.recorded);
        // A place that was kept has been their turn already.
        let counts = reason != AssignReason::FirstWord;
        let stamp = counts.then(|| self.next_stamp(id, to, event.recorded));
        let keeps = reason == AssignReason::PreAssigned;
        self.with_stamped_conversation(id, event.seq, stamp, |conversation| {
            let previous = conversation.agent();
            conversation.stage = if keeps { Stage::Kept(to) } else { Stage::Assigned(to) };
            conversation.ring = 1;
            conversation.left = reason == AssignReason::LeaveMessage;
            conversation.handover = match (reason, previous) {
                (AssignReason::Transfer, Some(by)) => Handover::Offered(by),
                _ => Handover::Over,
            };
        });
        if !keeps {
            self.meet(id, to, event);
        }
    }

    /// Counts who is taken from the queue: when, and how many savable ones since the last late one.
    fn count_admission(&mut self, id: ConversationId, now: Timestamp) {
        let Some(conversation) = self.conversations.get(&id) else { return };
        let group = conversation.group.clone();
        if let Stage::Queued(ticket) = conversation.stage {
            self.pace.note(&group, now);
            self.savable_in_a_row = if ticket.late { 0 } else { self.savable_in_a_row.saturating_add(1) };
        }
    }

    /// The number of an assignment, and where it moves its agent's turn; the shop's virtual time is where they stood.
    fn next_stamp(&mut self, id: ConversationId, to: AgentId, now: Timestamp) -> Stamp {
        self.assignments += 1;
        let strategy = self.policy.strategy;
        let rests = self.policy.ramp.map(|ramp| now + ramp.every);
        let (Some(agent), true) = (self.agents.get(&to), strategy.takes_turns()) else {
            return Stamp { number: self.assignments, turn: 0, rests };
        };
        let group = self.conversations.get(&id).map_or("", |conversation| &conversation.group);
        let stride = strategy.stride(agent, self.floor.capacities(group), self.assignments);
        self.turn = self.turn.max(agent.turn);
        Stamp { number: self.assignments, turn: agent.turn.max(self.turn).saturating_add(stride), rests }
    }

    /// The buyer of a conversation has met an agent: remembered for their next conversation.
    fn meet(&mut self, id: ConversationId, agent: AgentId, event: &Event) {
        let Some(conversation) = self.conversations.get(&id) else { return };
        let buyer = self.slot_of_buyer(conversation);
        if let Some(buyer) = buyer.and_then(|slot| self.buyers.at_mut(slot)) {
            buyer.last_agent = Some((agent, event.recorded));
        }
    }

    fn close(&mut self, event: &Event, id: ConversationId) {
        let Some(open) = self.conversations.remove(&id) else { return };
        let known = self.slot_of_buyer(&open);
        let conversation = open.conversation;
        self.reindex_one(id, Indexed::of(&conversation, &self.policy), Indexed::default(), None);
        let expires = event.recorded + self.policy.memory();
        // A chat page nobody spoke on leaves nothing to take up again.
        let closed = (!conversation.is_silent()).then(|| {
            Box::new(ClosedConversation {
                id,
                at: event.recorded,
                agent: conversation.agent(),
                group: conversation.group.clone(),
                priority: conversation.priority,
            })
        });
        let key = BuyerKey { channel: conversation.channel, buyer: conversation.buyer };
        let slot = known
            .unwrap_or_else(|| self.buyers.slot_or_insert_with(&key, || KnownBuyer::new(key.clone(), id)));
        if let Some(buyer) = self.buyers.at_mut(slot) {
            buyer.go(closed, expires);
        }
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

/// Lets an agent who began while many waited have the next conversation, or end the gentle beginning.
fn step_ramp(agent: &mut Agent, now: Timestamp) {
    let going_on = agent.ramping.filter(|ramping| now < ramping.until);
    agent.ramping = going_on.map(|ramping| Ramping { rests: None, ..ramping });
}

/// What a message, a reply, an alert or a hand-over changes in its conversation.
fn say(conversation: &mut Conversation, payload: &Payload, event: &Event) {
    match payload {
        Payload::MessageReceived { message, .. } => {
            let fresh = Owed { since: event.occurred, message: *message, count: 0, steps_taken: 0 };
            let owed = conversation.owed().unwrap_or(fresh);
            conversation.last_word = LastWord::Buyer(Owed { count: owed.count.saturating_add(1), ..owed });
        }
        Payload::ReplySent { actor, .. } => reply(conversation, *actor, event.recorded),
        Payload::ReplyDue { step, .. } => {
            if let LastWord::Buyer(owed) = &mut conversation.last_word {
                owed.steps_taken = *step;
            }
        }
        Payload::HandedToHuman { .. } | Payload::QueueLeft { .. } => conversation.stage = Stage::Open,
        Payload::Transferred { from, .. } => {
            conversation.handover = from.map_or(Handover::Over, Handover::Waiting);
        }
        Payload::TransferDeclined { agent } => {
            conversation.handover = Handover::Waiting(*agent);
        }
        Payload::RingOpened { ring } => conversation.ring = *ring,
        Payload::TurnedLate => {
            if let Stage::Queued(ticket) = &mut conversation.stage {
                ticket.late = true;
            }
        }
        Payload::Reported { .. } => conversation.reported = true,
        Payload::IdleRemarked { .. } => {
            if let LastWord::Shop(quiet) = &mut conversation.last_word {
                quiet.remarked = true;
            }
        }
        _ => {}
    }
}

/// Whoever answers settles what is owed, as far as they may, and has the last word.
fn reply(conversation: &mut Conversation, actor: Actor, now: Timestamp) {
    if actor == Actor::Human {
        conversation.left = false;
        if matches!(conversation.handover, Handover::Offered(_)) {
            conversation.handover = Handover::Over;
        }
    }
    if answers(actor, conversation.stage) || conversation.owed().is_none() {
        conversation.last_word = LastWord::Shop(Quiet { since: now, remarked: false });
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
