//! What follows of itself: conversations without somebody are routed, freed room is filled, timers go off.

use super::Session;
use crate::desk::WORK_LIMIT;
use crate::desk::conversation::{Conversation, Owed, TimerKind};
use crate::desk::event::{AssignReason, CloseActor, Payload};
use crate::desk::queue::Ticket;
use crate::desk::route::{Cause, Decision, Question, Route, route};
use crate::ids::{AgentId, ConversationId};
use crate::time::Timestamp;

impl Session<'_> {
    /// Lets go whoever was winding down and has nobody left, moves what agents may not keep, fills freed room from the
    /// queue, then takes in who was turned away from it, together at most [`WORK_LIMIT`] conversations; what is left
    /// over is due at once.
    pub(super) fn settle(&mut self) {
        for _ in 0..WORK_LIMIT {
            if let Some(agent) = self.desk.wound_down.first().copied() {
                self.finish_winding_down(agent);
            } else if let Some((_, id)) = self.desk.stranded.first().copied() {
                let held = self.desk.conversation(id);
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
        let left = self.desk.conversations.get(&id).is_some_and(|conversation| conversation.left);
        let silent = self.desk.conversation(id).is_some_and(Conversation::is_silent);
        match decision {
            // A page nobody has spoken on waits for nobody. Where its keeper must let it go, and nobody else will keep it,
            // it ends.
            Decision::Queue(_) | Decision::Full if silent => {
                if previous.is_some() {
                    let closed =
                        Payload::Closed { by: CloseActor::IdleRule, agent: previous, reply_owed: false };
                    self.record(Some(id), closed);
                }
            }
            Decision::Assign { agent, ring, rank, .. } if silent => {
                let reason = AssignReason::PreAssigned;
                self.record(Some(id), Payload::Assigned { agent, previous, reason, ring, rank, trace });
            }
            // A message that is left where it was left already is no news.
            Decision::Assign { agent, reason: AssignReason::LeaveMessage, .. }
                if left && previous == Some(agent) => {}
            Decision::Assign { agent, reason, ring, rank } => {
                self.record(Some(id), Payload::Assigned { agent, previous, reason, ring, rank, trace });
            }
            Decision::Queue(reason) => {
                let Some(conversation) = self.desk.conversations.get(&id) else { return };
                let priority = conversation.priority;
                let waiting_since = conversation.waiting_since(self.now);
                let late = conversation.is_late(self.desk.policy.order, self.now);
                let ticket = Ticket { priority, late, waiting_since, seq: self.desk.seq().next() };
                let position = self.desk.queue.position(&group, ticket);
                let queued =
                    Payload::Queued { group, reason, position, priority, previous, waiting_since, trace };
                self.record(Some(id), queued);
            }
            Decision::Full => self.record(Some(id), Payload::QueueFull { group, trace }),
        }
    }

    /// Does what is due. What settles because of it may bring up what was due before: somebody who is moved into a line
    /// has waited for its helpers already, and whom they take leaves room for the next. Once a whole share of work is
    /// done, the rest is due at once.
    pub(super) fn tick(&mut self) {
        let mut done = None;
        while done != Some(self.events.len()) && self.events.len() < WORK_LIMIT {
            done = Some(self.events.len());
            let all = self.run_timers();
            self.settle();
            let due = self.desk.next_due().is_some_and(|due| due <= self.now && due != Timestamp::MIN);
            if !all || !due {
                return;
            }
        }
    }

    /// Lets at most [`WORK_LIMIT`] shifts and sanctions pass and timers go off; false when something is left over.
    /// Who is there comes first: it decides whom a timer is about.
    fn run_timers(&mut self) -> bool {
        for _ in 0..WORK_LIMIT {
            if let Some((_, agent)) = self.desk.boundaries.first().copied().filter(|(at, _)| *at <= self.now)
            {
                self.catch_up(agent);
            } else if let Some((_, id)) = self.desk.timers.first().copied().filter(|(at, _)| *at <= self.now)
            {
                self.go_off(id);
            } else {
                return true;
            }
        }
        false
    }

    fn go_off(&mut self, id: ConversationId) {
        let Some(conversation) = self.desk.conversations.get(&id) else { return };
        let Some((_, kind)) = conversation.timer(&self.desk.policy) else { return };
        let (agent, owed) = (conversation.agent(), conversation.owed());
        let payload = match (kind, owed) {
            (TimerKind::ReplyDue, Some(Owed { since, message, steps_taken, .. })) => {
                Payload::ReplyDue { step: steps_taken.saturating_add(1), agent, message, owed_since: since }
            }
            (TimerKind::EnteredExpiry | TimerKind::IdleClose, _) => {
                Payload::Closed { by: CloseActor::IdleRule, agent, reply_owed: false }
            }
            (TimerKind::Ring, _) => Payload::RingOpened { ring: conversation.ring.saturating_add(1) },
            (TimerKind::Late, _) => Payload::TurnedLate,
            (TimerKind::IdleRemark, _) => Payload::IdleRemarked { agent },
            (TimerKind::ReplyDue, None) => return,
        };
        self.record(Some(id), payload);
    }
}
