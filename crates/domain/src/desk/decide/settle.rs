//! What follows of itself: conversations without somebody are routed, freed room is filled, timers go off.

use super::Session;
use crate::desk::WORK_LIMIT;
use crate::desk::conversation::{Conversation, Stage, TimerKind};
use crate::desk::event::{CloseActor, Payload};
use crate::desk::queue::Ticket;
use crate::desk::route::{Cause, Decision, Question, Route, route};
use crate::ids::{AgentId, ConversationId};

impl Session<'_> {
    /// Moves what agents may not keep, fills freed room from the queue, then takes in who was turned away from it,
    /// together at most [`WORK_LIMIT`]
    /// conversations; what is left over is due at once.
    pub(super) fn settle(&mut self) {
        for _ in 0..WORK_LIMIT {
            if let Some((_, id)) = self.desk.stranded.first().copied() {
                let held = self.desk.conversations.get(&id);
                let Some(holder) = held.and_then(Conversation::agent) else { break };
                self.route(id, Cause::Moved(holder));
            } else if let Some(id) = self.desk.next_admission() {
                self.route(id, Cause::Admitted);
            } else if let Some(id) = self.desk.next_overflow() {
                self.route(id, Cause::New);
            } else {
                break;
            }
        }
    }

    /// Routes a conversation and writes the decision down.
    pub(super) fn route(&mut self, id: ConversationId, cause: Cause) {
        let Some(conversation) = self.desk.conversations.get(&id) else { return };
        let previous = conversation.agent();
        let decided = route(self.desk, &Question { conversation, now: self.now, cause });
        self.write_down(id, previous, decided);
    }

    /// Writes a routing decision down.
    pub(super) fn write_down(&mut self, id: ConversationId, previous: Option<AgentId>, decided: Route) {
        let (group, decision, trace) = decided;
        match decision {
            Decision::Assign { agent, reason, rank } => {
                self.record(Some(id), Payload::Assigned { agent, previous, reason, ring: 1, rank, trace });
            }
            Decision::Queue(reason) => {
                let Some(conversation) = self.desk.conversations.get(&id) else { return };
                let priority = conversation.priority;
                let waiting_since = conversation.waiting_since(self.now);
                let ticket = Ticket { priority, waiting_since, seq: self.desk.seq().next() };
                let position = self.desk.queue.position(&group, ticket);
                let queued =
                    Payload::Queued { group, reason, position, priority, previous, waiting_since, trace };
                self.record(Some(id), queued);
            }
            Decision::Full => self.record(Some(id), Payload::QueueFull { group, trace }),
        }
    }

    /// Lets at most [`WORK_LIMIT`] shifts and sanctions pass and timers go off; what is left over is due at once.
    /// Who is there comes first: it decides whom a timer is about.
    pub(super) fn run_timers(&mut self) {
        for _ in 0..WORK_LIMIT {
            if let Some((_, agent)) = self.desk.boundaries.first().copied().filter(|(at, _)| *at <= self.now)
            {
                self.catch_up(agent);
            } else if let Some((_, id)) = self.desk.timers.first().copied().filter(|(at, _)| *at <= self.now)
            {
                self.go_off(id);
            } else {
                return;
            }
        }
    }

    fn go_off(&mut self, id: ConversationId) {
        let Some(conversation) = self.desk.conversations.get(&id) else { return };
        debug_assert!(!matches!(conversation.stage, Stage::WithRobot), "the robot's buyers have no timers");
        match (conversation.timer(&self.desk.policy), conversation.owed) {
            (Some((_, TimerKind::ReplyDue)), Some(owed)) => {
                let step = owed.steps_taken.saturating_add(1);
                let agent = conversation.agent();
                let due = Payload::ReplyDue { step, agent, message: owed.message, owed_since: owed.since };
                self.record(Some(id), due);
            }
            (Some((_, TimerKind::EnteredExpiry)), _) => {
                let closed = Payload::Closed { by: CloseActor::IdleRule, agent: None, reply_owed: false };
                self.record(Some(id), closed);
            }
            _ => {}
        }
    }
}
