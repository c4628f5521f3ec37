//! What people do: when buyers ask, how agents work, what befalls them. Pure; who takes which buyer is the desk's
//! business, and the story only hears of it.
//!
//! [`Story::due`] says when something comes up next, and [`Story::step`] what somebody does then. Whoever plays the story does it at a desk, and tells the
//! story what came of it: [`Story::opened`] for the conversation of a first question, [`Story::hear`] for everything
//! the desk recorded.
//!
//! Invariants: the same seed and the same news give the same acts; time only goes forward; an agent answers one
//! question at a time, the one that has waited longest first.

use std::collections::BTreeMap;

use fenliu_domain::desk::agent::Presence;
use fenliu_domain::ids::ConversationId;
use fenliu_domain::time::{Span, Timestamp};

use super::arrivals::{arrivals, seconds};
use super::cast::{
    BEAT_EVERY, BOARD_EVERY, CHANCE_OF_AGENT, CHANCE_OF_ARRIVALS, CHANCE_OF_BUYER, CLOSE_AFTER, EVENING,
    Incident, MEAN_PATIENCE_SECONDS, NUDGE_AFTER, STAFF, START,
};
use crate::chance::Chance;

mod acts;
mod agent;
mod buyer;

pub use self::acts::{Act, News};

use self::agent::Agent;
use self::buyer::Buyer;

/// What comes up at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cue {
    Ask(usize),
    Nudge(usize, Timestamp),
    GiveUp(usize),
    Wrap(usize),
    Finish(usize, ConversationId),
    Beat(usize),
    Arrive(usize),
    EndShift(usize),
    GoHome(usize),
    TakeBreak(usize),
    DropOff(usize),
    ComeBack(usize),
    Mute(usize),
    LiftMute(usize),
    Board,
}

/// One conversation, as far as people know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Chat {
    buyer: usize,
    holder: Option<usize>,
    queued: bool,
    owed_since: Option<Timestamp>,
}

/// The people of one evening.
#[derive(Clone, Debug)]
pub struct Story {
    agenda: BTreeMap<(Timestamp, u64), Cue>,
    cues: u64,
    agents: Vec<Agent>,
    buyers: Vec<Buyer>,
    chats: BTreeMap<ConversationId, Chat>,
    end: Timestamp,
}

impl Story {
    /// The evening of this seed, up to a moment.
    #[must_use]
    pub fn new(seed: u64, end: Timestamp) -> Self {
        let arrivals = arrivals(&EVENING, &mut Chance::for_purpose(seed, CHANCE_OF_ARRIVALS));
        let mut story = Self {
            agenda: BTreeMap::new(),
            cues: 0,
            agents: (0u64..)
                .zip(STAFF)
                .map(|(n, part)| Agent::new(part, seed, CHANCE_OF_AGENT + n))
                .collect(),
            buyers: (0u64..).zip(&arrivals).map(|(n, _)| Buyer::new(seed, CHANCE_OF_BUYER + n)).collect(),
            chats: BTreeMap::new(),
            end,
        };
        for (agent, part) in STAFF.iter().enumerate() {
            story.cue(START + part.from, Cue::Arrive(agent));
            story.cue(START + part.to, Cue::EndShift(agent));
            for (at, cue) in part.incident.into_iter().flat_map(|incident| cues_of(incident, agent)) {
                story.cue(START + at, cue);
            }
        }
        for (buyer, at) in arrivals.into_iter().enumerate() {
            story.cue(START + at, Cue::Ask(buyer));
        }
        story.cue(START + BOARD_EVERY, Cue::Board);
        story
    }

    /// How many buyers will come.
    #[must_use]
    pub fn buyers(&self) -> usize {
        self.buyers.len()
    }

    /// When somebody does something next, at the earliest; `None` when the story is over.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        self.agenda.keys().next().map(|(at, _)| *at).filter(|at| *at <= self.end)
    }

    /// Whether somebody is gone whom the desk may still take to be there.
    #[must_use]
    pub fn misses_somebody(&self) -> bool {
        self.agents.iter().any(|agent| !agent.connected && agent.presence != Presence::Offline)
    }

    /// What comes up first, and when; `None` when nothing comes of it after all.
    pub fn step(&mut self) -> Option<(Timestamp, Act)> {
        let ((at, _), cue) = self.agenda.pop_first()?;
        self.act(at, cue).map(|act| (at, act))
    }

    /// The conversation a buyer's question belongs to.
    pub fn opened(&mut self, buyer: usize, conversation: ConversationId) {
        let chat = Chat { buyer, holder: None, queued: false, owed_since: None };
        self.chats.entry(conversation).or_insert(chat);
        if let Some(buyer) = self.buyers.get_mut(buyer) {
            buyer.conversation = Some(conversation);
        }
    }

    /// Something the desk recorded.
    pub fn hear(&mut self, at: Timestamp, news: News) {
        match news {
            News::Asked { conversation } => self.hear_asked(at, conversation),
            News::Replied { conversation } => self.hear_replied(at, conversation),
            News::Assigned { conversation, agent } => self.hand(at, conversation, agent, false),
            News::Queued { conversation } => self.hear_queued(at, conversation),
            News::Closed { conversation } => self.hear_closed(at, conversation),
            News::Presence { agent, presence } => {
                if let Some(of) = self.agents.get_mut(agent) {
                    of.presence = presence;
                }
                self.start_work(at, agent);
            }
            News::Muted { agent, muted } => self.hear_muted(at, agent, muted),
        }
    }

    fn cue(&mut self, at: Timestamp, cue: Cue) {
        self.cues += 1;
        self.agenda.insert((at, self.cues), cue);
    }

    fn act(&mut self, at: Timestamp, cue: Cue) -> Option<Act> {
        match cue {
            Cue::Ask(buyer) => Some(self.ask(at, buyer)),
            Cue::Nudge(buyer, asked) => self.nudge(buyer, asked),
            Cue::GiveUp(buyer) => self.give_up(buyer),
            Cue::Wrap(buyer) => self.wrap(buyer),
            Cue::Finish(agent, conversation) => self.finish(at, agent, conversation),
            Cue::Board => {
                self.cue(at + BOARD_EVERY, Cue::Board);
                Some(Act::ShowBoard)
            }
            Cue::Beat(agent) => self.beat(at, agent),
            Cue::Arrive(agent) | Cue::ComeBack(agent) => self.come(at, agent),
            Cue::EndShift(agent) => self.end_shift(at, agent),
            Cue::GoHome(agent) => self.go_home(agent),
            Cue::TakeBreak(agent) => {
                self.agents[agent].pause();
                Some(Act::SetPresence { agent, presence: Presence::OnBreak })
            }
            Cue::DropOff(agent) => {
                self.agents[agent].drop_off();
                None
            }
            Cue::Mute(agent) => Some(Act::Mute { agent }),
            Cue::LiftMute(agent) => Some(Act::LiftMute { agent }),
        }
    }
}

/// How an incident begins and ends, and when.
fn cues_of(incident: Incident, agent: usize) -> [(Span, Cue); 2] {
    let (at, length, begins, ends) = match incident {
        Incident::Break { at, length } => (at, length, Cue::TakeBreak(agent), Cue::ComeBack(agent)),
        Incident::DropOff { at, length } => (at, length, Cue::DropOff(agent), Cue::ComeBack(agent)),
        Incident::Mute { at, length } => (at, length, Cue::Mute(agent), Cue::LiftMute(agent)),
    };
    [(at, begins), (at + length, ends)]
}

/// Buyers.
impl Story {
    fn ask(&mut self, at: Timestamp, buyer: usize) -> Act {
        self.cue(at + NUDGE_AFTER, Cue::Nudge(buyer, at));
        Act::Ask { buyer }
    }

    /// Asks again whether anybody is there, if that question still waits.
    fn nudge(&self, buyer: usize, asked: Timestamp) -> Option<Act> {
        let chat = self.chat_of(buyer)?;
        (chat.owed_since == Some(asked)).then_some(Act::Ask { buyer })
    }

    fn give_up(&self, buyer: usize) -> Option<Act> {
        let conversation = self.buyers[buyer].conversation?;
        let chat = self.chats.get(&conversation)?;
        chat.queued.then_some(Act::LeaveQueue { conversation })
    }

    /// The end of a conversation in which nothing is owed: the agent closes it, or the buyer where nobody is there.
    fn wrap(&self, buyer: usize) -> Option<Act> {
        let conversation = self.buyers[buyer].conversation?;
        let chat = self.chats.get(&conversation).filter(|chat| chat.owed_since.is_none())?;
        let agent = chat.holder.filter(|agent| self.agents[*agent].is_working());
        Some(Act::Close { conversation, agent })
    }

    fn chat_of(&self, buyer: usize) -> Option<&Chat> {
        self.chats.get(&self.buyers.get(buyer)?.conversation?)
    }

    fn hear_asked(&mut self, at: Timestamp, conversation: ConversationId) {
        let Some(chat) = self.chats.get_mut(&conversation) else { return };
        let since = *chat.owed_since.get_or_insert(at);
        if let Some(agent) = chat.holder {
            self.agents[agent].owes(since, conversation);
            self.start_work(at, agent);
        }
    }

    fn hear_replied(&mut self, at: Timestamp, conversation: ConversationId) {
        let Some(chat) = self.chats.get_mut(&conversation) else { return };
        let since = chat.owed_since.take();
        let (buyer, holder) = (chat.buyer, chat.holder);
        match self.buyers[buyer].asks_on() {
            Some(thinking) => self.cue(at + thinking, Cue::Ask(buyer)),
            None => self.cue(at + CLOSE_AFTER, Cue::Wrap(buyer)),
        }
        if let (Some(agent), Some(since)) = (holder, since) {
            self.agents[agent].settled(since, conversation);
            self.start_work(at, agent);
        }
    }

    fn hear_queued(&mut self, at: Timestamp, conversation: ConversationId) {
        self.hand(at, conversation, None, true);
        let Some(chat) = self.chats.get(&conversation) else { return };
        let buyer = chat.buyer;
        let patience = self.buyers[buyer].draw(MEAN_PATIENCE_SECONDS);
        self.cue(at + seconds(patience), Cue::GiveUp(buyer));
    }

    fn hear_closed(&mut self, at: Timestamp, conversation: ConversationId) {
        self.hand(at, conversation, None, false);
        self.chats.remove(&conversation);
    }
}

/// Agents.
impl Story {
    /// Moves a conversation into other hands.
    fn hand(&mut self, at: Timestamp, conversation: ConversationId, to: Option<usize>, queued: bool) {
        let Some(chat) = self.chats.get_mut(&conversation) else { return };
        let (from, owed) = (chat.holder, chat.owed_since);
        (chat.holder, chat.queued) = (to, queued);
        if let Some(from) = from.filter(|from| Some(*from) != to) {
            self.agents[from].lose(owed, conversation);
            self.leave_when_done(at, from);
            self.start_work(at, from);
        }
        if let Some(to) = to {
            self.agents[to].take(owed, conversation);
            self.start_work(at, to);
        }
    }

    fn start_work(&mut self, at: Timestamp, agent: usize) {
        if let Some((conversation, handling)) = self.agents[agent].start() {
            self.cue(at + handling, Cue::Finish(agent, conversation));
        }
    }

    fn hear_muted(&mut self, at: Timestamp, agent: usize, muted: bool) {
        let Some(of) = self.agents.get_mut(agent) else { return };
        of.muted = muted;
        if muted {
            of.pause();
        }
        self.start_work(at, agent);
    }

    fn finish(&mut self, at: Timestamp, agent: usize, conversation: ConversationId) -> Option<Act> {
        if self.agents[agent].finish(conversation) {
            return Some(Act::Reply { agent, conversation });
        }
        self.start_work(at, agent);
        None
    }

    fn come(&mut self, at: Timestamp, agent: usize) -> Option<Act> {
        let of = &mut self.agents[agent];
        if of.leaving {
            return None;
        }
        if of.come() {
            self.cue(at, Cue::Beat(agent));
        }
        Some(Act::SetPresence { agent, presence: Presence::Online })
    }

    fn beat(&mut self, at: Timestamp, agent: usize) -> Option<Act> {
        if !self.agents[agent].connected {
            self.agents[agent].beating = false;
            return None;
        }
        self.cue(at + BEAT_EVERY, Cue::Beat(agent));
        Some(Act::Beat { agent })
    }

    fn end_shift(&mut self, at: Timestamp, agent: usize) -> Option<Act> {
        self.agents[agent].leaving = true;
        self.leave_when_done(at, agent);
        Some(Act::SetPresence { agent, presence: Presence::Busy })
    }

    /// Whoever has nobody left at the end of the shift goes home.
    fn leave_when_done(&mut self, at: Timestamp, agent: usize) {
        if self.agents[agent].leaving && self.agents[agent].has_nobody() {
            self.cue(at, Cue::GoHome(agent));
        }
    }

    fn go_home(&mut self, agent: usize) -> Option<Act> {
        let of = &mut self.agents[agent];
        if !of.connected || !of.has_nobody() {
            return None;
        }
        of.drop_off();
        Some(Act::SetPresence { agent, presence: Presence::Offline })
    }
}

#[cfg(test)]
mod tests;
