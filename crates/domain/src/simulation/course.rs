//! The course of a simulation: what happens next, and what the desk makes of it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::demand::Visit;
use super::outcome::{Measured, Outcome, Sample};
use super::worker::{ChatNumber, Worker};
use super::{Reception, Scenario};
use crate::desk::agent::Presence;
use crate::desk::command::{Attempt, Command};
use crate::desk::event::{Event, Payload, Text};
use crate::desk::{Desk, IdTable};
use crate::ids::{AgentId, CommandId, ConversationId, ShopId};
use crate::problem::Problem;
use crate::time::{Span, Timestamp};

mod turns;

/// Where a chat's number begins within the ids of its commands, above their count.
const CHAT_BITS: u32 = 76;

/// Something that is planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    /// An agent comes, goes, or has a break.
    Presence { worker: usize, presence: Presence },
    /// An agent has finished an answer, unless it was broken off.
    Finish { worker: usize, token: u64 },
    /// A buyer has thought, and says something.
    Speak(ChatNumber),
    /// A buyer gives up, unless an agent has had them.
    GiveUp(ChatNumber),
}

/// What comes next; of what comes at one moment, the first of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    /// The desk has something to do.
    Due,
    /// A turn that was planned.
    Planned,
    /// A buyer comes.
    Arrival,
}

/// One visit in progress, or past.
#[derive(Debug)]
struct Chat {
    buyer: Text,
    conversation: ConversationId,
    /// How many of its messages have been answered.
    answered: usize,
    /// When the message that waits was asked.
    asked: Option<Timestamp>,
    /// The worker who has it.
    holder: Option<usize>,
    /// Whether any agent has had it.
    met: bool,
    /// Whether it has ended.
    over: bool,
}

/// A simulation in progress.
pub(super) struct Course<'a> {
    visits: &'a [Visit],
    watch: &'a mut dyn FnMut(&Event),
    until: Option<Timestamp>,
    measured: Measured,
    robot_first: bool,
    /// Whether the desk gives conversations out; else agents take them from the queue.
    pushes: bool,
    /// The worker whose turn it is to take one.
    next_taker: usize,
    channel: Text,
    desk: Desk,
    now: Timestamp,
    /// Whether the desk found nothing to do although something was due; then it is not asked again at once.
    at_rest: bool,
    /// What is planned, the earliest first; among equals, what was planned first.
    plan: BinaryHeap<Reverse<(Timestamp, u64, Turn)>>,
    planned: u64,
    chats: Vec<Chat>,
    in_progress: usize,
    workers: Vec<Worker>,
    by_agent: IdTable<AgentId, usize>,
    /// Workers who may have something to begin.
    woken: Vec<usize>,
    replies: Vec<Span>,
    first_replies: Vec<Span>,
    queue_waits: Vec<Span>,
    outcome: Outcome,
}

impl<'a> Course<'a> {
    /// A desk with its policy and its agents, before the first buyer comes.
    pub(super) fn open(
        scenario: &Scenario,
        reception: &Reception,
        visits: &'a [Visit],
        watch: &'a mut dyn FnMut(&Event),
    ) -> Result<Self, Problem> {
        let comes = |visit: Option<&Visit>| visit.map(|visit| visit.arrival.at);
        let first = comes(visits.first()).unwrap_or_default();
        let shifts = reception.staff.iter().filter_map(|staff| staff.online.first());
        let to = scenario.until.or(comes(visits.last())).unwrap_or(first);
        let mut course = Self {
            visits,
            watch,
            until: scenario.until,
            measured: Measured { from: first + scenario.warm_up, to },
            robot_first: reception.policy.robot_first,
            pushes: reception.policy.strategy.pushes(),
            next_taker: 0,
            channel: Text::from("simulation"),
            desk: Desk::new(ShopId::from_bits(1)),
            now: shifts.map(|window| window.start).fold(first, Timestamp::min),
            at_rest: false,
            plan: BinaryHeap::new(),
            planned: 0,
            chats: Vec::with_capacity(visits.len()),
            in_progress: 0,
            workers: Vec::with_capacity(reception.staff.len()),
            by_agent: IdTable::default(),
            woken: Vec::new(),
            replies: Vec::new(),
            first_replies: Vec::new(),
            queue_waits: Vec::with_capacity(visits.len()),
            outcome: Outcome::default(),
        };
        course.staff(reception)?;
        Ok(course)
    }

    fn staff(&mut self, reception: &Reception) -> Result<(), Problem> {
        self.apply(0, Command::SyncShop(reception.policy.hours.clone()))?;
        let policy = Box::new(reception.policy.clone());
        self.apply(0, Command::ReplacePolicy { policy, if_policy: None })?;
        for (worker, staff) in reception.staff.iter().enumerate() {
            self.apply(0, Command::SyncAgent { agent: staff.id, entry: Box::new(staff.entry.clone()) })?;
            self.workers.push(Worker::new(staff));
            self.by_agent.insert(staff.id, worker);
            for window in &staff.online {
                self.plan(window.start, Turn::Presence { worker, presence: Presence::Online });
                self.plan(window.end, Turn::Presence { worker, presence: Presence::Offline });
            }
            if staff.online.is_empty() {
                self.plan(self.now, Turn::Presence { worker, presence: Presence::Online });
            }
            for rest in &staff.breaks {
                self.plan(rest.start, Turn::Presence { worker, presence: Presence::OnBreak });
                self.plan(rest.end, Turn::Presence { worker, presence: Presence::Online });
            }
        }
        Ok(())
    }

    /// Lets everything happen: up to its end when it has one, else until nobody is left to come or to answer.
    pub(super) fn run(mut self) -> Result<Outcome, Problem> {
        let left = |course: &Self| course.in_progress > 0 || course.chats.len() < course.visits.len();
        while (self.until.is_some() || left(&self)) && self.step()? {}
        Ok(self.finish())
    }

    /// Lets the next thing happen; false when nothing will, or not in time.
    fn step(&mut self) -> Result<bool, Problem> {
        let Some((at, next)) = self.next() else { return Ok(false) };
        if self.until.is_some_and(|until| at > until) {
            return Ok(false);
        }
        self.now = at;
        self.at_rest = false;
        match next {
            Next::Due => {
                let seq = self.desk.seq();
                self.apply(0, Command::Tick)?;
                self.at_rest = self.desk.seq() == seq;
            }
            Next::Planned => self.take_turn()?,
            Next::Arrival => self.arrive()?,
        }
        self.begin_answers();
        self.help_themselves()?;
        Ok(true)
    }

    fn next(&self) -> Option<(Timestamp, Next)> {
        let due = self.desk.next_due().filter(|_| !self.at_rest);
        let due = due.map(|due| (due.max(self.now), Next::Due));
        let planned = self.plan.peek().map(|Reverse((at, ..))| (*at, Next::Planned));
        let arrival = self.visits.get(self.chats.len()).map(|visit| (visit.arrival.at, Next::Arrival));
        [due, planned, arrival].into_iter().flatten().min()
    }

    fn plan(&mut self, at: Timestamp, turn: Turn) {
        self.plan.push(Reverse((at, self.planned, turn)));
        self.planned += 1;
    }

    /// Lets the desk carry out a command of a chat (or of none: 0), and takes in what came of it. The ids it makes
    /// begin with the chat's number, so that every event tells whose it is.
    fn apply(&mut self, chat: ChatNumber, command: Command) -> Result<(), Problem> {
        self.outcome.commands += 1;
        let bits = ((chat as u128) << CHAT_BITS) | (u128::from(self.outcome.commands) << 12);
        let id = CommandId::from_bits(bits);
        let attempt = Attempt { id, request: None, traceparent: None, command };
        let events = self.desk.apply(self.now, attempt)?.into_events();
        for event in &events {
            (self.watch)(event);
            if let Some(conversation) = event.conversation {
                self.take_in(conversation, &event.payload);
            }
        }
        if self.now >= self.measured.from {
            self.outcome.max_queue = self.outcome.max_queue.max(self.desk.queue_len());
        }
        Ok(())
    }

    fn take_in(&mut self, conversation: ConversationId, payload: &Payload) {
        let number = ChatNumber::try_from(conversation.bits() >> CHAT_BITS).unwrap_or(ChatNumber::MAX);
        match payload {
            Payload::ConversationOpened { .. } => self.chats[number].conversation = conversation,
            Payload::Assigned { agent, .. } => {
                let to = self.by_agent.get(agent).copied();
                self.hand(number, to);
            }
            Payload::Queued { .. } | Payload::QueueFull { .. } | Payload::Closed { .. } => {
                self.hand(number, None);
            }
            _ => {}
        }
    }

    /// Gives a chat to a worker, or to nobody, and what is asked in it with it.
    fn hand(&mut self, number: ChatNumber, to: Option<usize>) {
        let counts = self.counts(number);
        let (came, now) = (self.visits[number].arrival.at, self.now);
        let chat = &mut self.chats[number];
        let from = std::mem::replace(&mut chat.holder, to);
        if let Some((from, asked)) = from.zip(chat.asked) {
            self.workers[from].let_go(asked, number, now, self.measured);
            self.woken.push(from);
        }
        let Some(to) = to else { return };
        if let Some(asked) = chat.asked {
            self.workers[to].owe(asked, number);
            self.woken.push(to);
        }
        self.workers[to].share.chats += u64::from(counts);
        if !std::mem::replace(&mut chat.met, true) && counts {
            self.queue_waits.push(now.since(came));
        }
    }

    /// Whether a chat is measured.
    fn counts(&self, number: ChatNumber) -> bool {
        self.measured.counts(self.visits[number].arrival.at)
    }

    fn finish(mut self) -> Outcome {
        let open = (0..self.chats.len()).filter(|number| !self.chats[*number].over && self.counts(*number));
        self.outcome.open = open.count() as u64;
        let measured = self.measured;
        Outcome {
            agents: self.workers.into_iter().map(|worker| worker.finish(measured)).collect(),
            replies: Sample::of(self.replies),
            first_replies: Sample::of(self.first_replies),
            queue_waits: Sample::of(self.queue_waits),
            ..self.outcome
        }
    }
}
