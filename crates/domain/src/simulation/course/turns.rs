//! What buyers and agents do when it is their turn.

use std::cmp::Reverse;

use super::{Chat, Course, Turn};
use crate::desk::agent::{Availability, Presence};
use crate::desk::command::{BuyerMessage, Command, Reply};
use crate::desk::conversation::Stage;
use crate::desk::event::{CloseActor, HandOverReason, Text};
use crate::ids::ConversationId;
use crate::message::{Actor, MessageKind};
use crate::problem::Problem;
use crate::simulation::demand::span;
use crate::simulation::worker::{ChatNumber, Handling};

/// Length of every message, in Unicode scalar values; no rule depends on it.
const MESSAGE_LENGTH: u32 = 20;

impl Course<'_> {
    pub(super) fn take_turn(&mut self) -> Result<(), Problem> {
        let Some(Reverse((_, _, turn))) = self.plan.pop() else { return Ok(()) };
        match turn {
            Turn::Presence { worker, presence } => self.turn_presence(worker, presence),
            Turn::Finish { worker, token } => self.finish_answer(worker, token),
            Turn::Speak(chat) => self.speak(chat),
            Turn::GiveUp(chat) => self.give_up(chat),
        }
    }

    /// The next buyer comes, with their first message.
    pub(super) fn arrive(&mut self) -> Result<(), Problem> {
        let number = self.chats.len();
        self.chats.push(Chat {
            buyer: Text::from(format!("buyer {number}")),
            conversation: ConversationId::from_bits(0),
            answered: 0,
            asked: None,
            holder: None,
            met: false,
            over: false,
        });
        self.in_progress += 1;
        self.outcome.arrivals += u64::from(self.counts(number));
        self.speak(number)?;
        match self.visits[number].patience {
            Some(patience) if !self.chats[number].met => {
                self.plan(self.now + patience, Turn::GiveUp(number));
            }
            _ => {}
        }
        Ok(())
    }

    /// A buyer says something. A robot that answers first hands everybody to people at once.
    fn speak(&mut self, number: ChatNumber) -> Result<(), Problem> {
        let chat = &mut self.chats[number];
        chat.asked = Some(self.now);
        if let Some(holder) = chat.holder {
            self.workers[holder].owe(self.now, number);
            self.woken.push(holder);
        }
        let arrival = &self.visits[number].arrival;
        let message = BuyerMessage {
            buyer: chat.buyer.clone(),
            channel: self.channel.clone(),
            external: None,
            occurred: None,
            kind: MessageKind::Text,
            length: MESSAGE_LENGTH,
            group: arrival.group.clone(),
            origin: arrival.origin.clone(),
            priority: arrival.priority,
        };
        self.apply(number, Command::ReceiveMessage(message))?;
        if self.robot_first && self.stage(number) == Some(Stage::WithRobot) {
            let conversation = self.chats[number].conversation;
            let reason = HandOverReason::Schedule;
            self.apply(number, Command::RequestHuman { conversation, reason })?;
        }
        Ok(())
    }

    fn stage(&self, number: ChatNumber) -> Option<Stage> {
        self.desk.conversation(self.chats[number].conversation).map(|conversation| conversation.stage)
    }

    /// A buyer whom no agent has had leaves: the queue, or where a full one left them standing.
    fn give_up(&mut self, number: ChatNumber) -> Result<(), Problem> {
        let chat = &self.chats[number];
        if chat.met || chat.over {
            return Ok(());
        }
        let conversation = chat.conversation;
        let leave = match self.stage(number) {
            Some(Stage::Queued(_)) => Command::LeaveQueue { conversation },
            _ => Command::Close { conversation, by: CloseActor::Buyer, agent: None, force: false },
        };
        self.end(number);
        if self.counts(number) {
            self.outcome.abandoned += 1;
            self.queue_waits.push(self.now.since(self.visits[number].arrival.at));
        }
        self.apply(number, leave)
    }

    fn end(&mut self, number: ChatNumber) {
        self.chats[number].over = true;
        self.in_progress -= 1;
    }

    fn turn_presence(&mut self, worker: usize, presence: Presence) -> Result<(), Problem> {
        let at_work = &mut self.workers[worker];
        at_work.turn(presence == Presence::Online, self.now, self.measured);
        let agent = at_work.share.agent;
        self.woken.push(worker);
        // Their window has ended, or their break is due, whatever the policy asks of who leaves.
        self.apply(0, Command::SetPresence { agent, presence, force: true })
    }

    /// Where nothing is given out, whoever has nothing to answer takes the next who waits, one agent after the other.
    pub(super) fn help_themselves(&mut self) -> Result<(), Problem> {
        for _ in 0..self.workers.len() {
            if self.pushes || self.desk.queue_len() == 0 {
                break;
            }
            let taker = self.next_taker;
            self.next_taker = (taker + 1) % self.workers.len();
            let agent = self.workers[taker].share.agent;
            let ready =
                self.desk.agent(agent).is_some_and(|agent| agent.availability() == Availability::Ready);
            if ready && self.workers[taker].is_idle() {
                self.apply(0, Command::TakeNext { agent })?;
                self.begin_answers();
            }
        }
        Ok(())
    }

    /// Lets everybody who is free begin with what has waited longest for them.
    pub(super) fn begin_answers(&mut self) {
        while let Some(worker) = self.woken.pop() {
            let at_work = &mut self.workers[worker];
            let Some(chat) = at_work.next() else { continue };
            let token = self.planned;
            at_work.handling = Some(Handling { chat, began: self.now, token });
            let message = self.visits[chat].messages[self.chats[chat].answered];
            let takes = span(message.handling.seconds() / at_work.speed);
            self.plan(self.now + takes, Turn::Finish { worker, token });
        }
    }

    /// An answer is finished and sent; the last one ends the conversation.
    fn finish_answer(&mut self, worker: usize, token: u64) -> Result<(), Problem> {
        let at_work = &mut self.workers[worker];
        let Some(Handling { chat: number, .. }) = at_work.handling.filter(|known| known.token == token)
        else {
            return Ok(());
        };
        at_work.stop(self.now, self.measured);
        self.woken.push(worker);
        self.note_reply(worker, number);
        let (conversation, agent) = (self.chats[number].conversation, Some(self.workers[worker].share.agent));
        self.apply(number, Command::Reply(reply(conversation, agent)))?;
        let answered = self.chats[number].answered;
        let messages = &self.visits[number].messages;
        if answered < messages.len() {
            self.plan(self.now + messages[answered - 1].think, Turn::Speak(number));
            return Ok(());
        }
        self.end(number);
        self.outcome.answered += u64::from(self.counts(number));
        let by = CloseActor::Agent;
        self.apply(number, Command::Close { conversation, by, agent, force: false })
    }

    fn note_reply(&mut self, worker: usize, number: ChatNumber) {
        let counts = self.counts(number);
        let chat = &mut self.chats[number];
        chat.answered += 1;
        let Some(asked) = chat.asked.take().filter(|_| counts) else { return };
        let took = self.now.since(asked);
        self.replies.push(took);
        if chat.answered == 1 {
            self.first_replies.push(took);
        }
        self.workers[worker].share.replies += 1;
    }
}

fn reply(conversation: ConversationId, agent: Option<crate::ids::AgentId>) -> Reply {
    Reply {
        conversation,
        actor: Actor::Human,
        agent,
        kind: MessageKind::Text,
        length: MESSAGE_LENGTH,
        occurred: None,
        small_talk: false,
        language: Vec::new(),
    }
}
