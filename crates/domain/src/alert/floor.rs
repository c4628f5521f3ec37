//! How a shop stands right now.
//!
//! Agents are folded from what is said of them, word by word; a conversation is replaced as a whole by what its facts say
//! of it. So a floor that is put together anew of agents and facts that were stored is the one that has seen it all.

use std::collections::{BTreeMap, BTreeSet};

use crate::day::{Window, Zone};
use crate::desk::agent::{Presence, Sanction};
use crate::exchange::{Conversation, Holder, Session};
use crate::pack::RulePack;
use crate::time::Timestamp;

/// Most turns of one conversation that are kept as owed; the earliest of more are over already.
const MOST_OWED: usize = 16;

/// When a shop serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// Its zone.
    pub zone: Zone,
    /// The part of the local day.
    pub window: Window,
}

/// An agent as the history knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// What they said about being there.
    pub presence: Presence,
    /// Whether they wind down: nobody new, and away when the last conversation has ended.
    pub leaving: bool,
    /// Whether their roster has them on duty; without one everybody is.
    pub on_duty: bool,
    /// Until when that holds; `None` = no end of it is known.
    pub duty_until: Option<Timestamp>,
    /// How many conversations they may hold.
    pub capacity: u32,
    /// How many they may be given leave to hold.
    pub ceiling: u32,
    /// Whether they have no limit.
    pub unlimited: bool,
    /// Whether the account may work.
    pub enabled: bool,
    /// Whether it is the shop's main account, which is on no shift and the last resort only.
    pub main_account: bool,
    /// What they may not do for a while.
    pub sanction: Option<Sanction>,
}

/// What the history says of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// The directory's entry.
    Synced {
        /// Capacity they start with.
        capacity: u32,
        /// Highest capacity they may be given.
        ceiling: u32,
        /// Whether they have no limit.
        unlimited: bool,
        /// Whether the account may work.
        enabled: bool,
        /// Whether it is the main account.
        main_account: bool,
        /// The sanction in force.
        sanction: Option<Sanction>,
    },
    /// They are this from now on.
    Presence(Presence),
    /// They wind down, or no longer do.
    Leaving(bool),
    /// They may hold so many.
    Capacity(u32),
    /// A shift of theirs began or ended.
    Duty {
        /// Whether they are on duty.
        on_duty: bool,
        /// Until when.
        until: Option<Timestamp>,
    },
    /// A sanction ended by itself.
    SanctionEnded,
}

/// A conversation that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Talk {
    /// In whose hands it is.
    pub holder: Holder,
    /// Since when it is in these hands, as far as that is known.
    pub since: Timestamp,
    /// The turns that will be misses unless they are answered: when they were asked, and until when an answer is in time.
    pub owed: Vec<(Timestamp, Timestamp)>,
    /// When the buyer was last heard of.
    pub last: Timestamp,
}

/// How a shop stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Floor {
    hours: Option<Hours>,
    agents: BTreeMap<String, Agent>,
    talks: BTreeMap<String, Talk>,
    /// Those that wait, the one that waits longest first.
    queue: BTreeSet<(Timestamp, String)>,
    /// By the last moment of an answer in time.
    owed: BTreeSet<(Timestamp, Timestamp, String)>,
    loads: BTreeMap<String, u32>,
}

impl Default for Agent {
    /// Somebody of whom nothing is known: offline, on duty, without a place.
    fn default() -> Self {
        Self {
            presence: Presence::Offline,
            leaving: false,
            on_duty: true,
            duty_until: None,
            capacity: 0,
            ceiling: 0,
            unlimited: false,
            enabled: true,
            main_account: false,
            sanction: None,
        }
    }
}

impl Agent {
    /// Takes in what is said of them; `new` when nothing was before.
    pub fn hear(&mut self, word: Word, new: bool) {
        match word {
            Word::Synced { capacity, ceiling, unlimited, enabled, main_account, sanction } => {
                // A later change of the capacity is a word of its own.
                self.capacity = if new { capacity.min(ceiling) } else { self.capacity };
                let entry = Self { ceiling, unlimited, enabled, main_account, sanction, ..self.clone() };
                *self = entry;
            }
            Word::Presence(presence) => (self.presence, self.leaving) = (presence, false),
            Word::Leaving(leaving) => self.leaving = leaving,
            Word::Capacity(capacity) => self.capacity = capacity,
            Word::Duty { on_duty, until } => (self.on_duty, self.duty_until) = (on_duty, until),
            Word::SanctionEnded => self.sanction = None,
        }
    }

    /// Whether they may work at all.
    #[must_use]
    pub fn may_work(&self, now: Timestamp) -> bool {
        self.enabled && self.sanction.is_none_or(|sanction| sanction.is_over(now))
    }

    /// Whether they are at the desk and on duty, winding down or not.
    #[must_use]
    pub fn is_there(&self, now: Timestamp) -> bool {
        self.may_work(now) && self.on_duty && self.presence == Presence::Online
    }
}

impl Talk {
    /// How a conversation stands by its facts, and what it owes under a pack; `None` when it has ended.
    #[must_use]
    pub fn of(pack: &RulePack, zone: Zone, conversation: &Conversation) -> Option<Self> {
        let Session { holder, closed_at: None, .. } = &conversation.session else { return None };
        let last = conversation.session.ends_at()?;
        // Every exchange says anew who has it.
        let held = conversation.exchanges.iter().flat_map(|exchange| &exchange.holdings).rev();
        let since = held.take_while(|held| held.holder == *holder).last().map_or(last, |held| held.from);
        let owed = pack.owed(zone, conversation);
        let further = owed.len().saturating_sub(MOST_OWED);
        let owed = owed.into_iter().skip(further).map(|owed| (owed.asked_at, owed.due)).collect();
        Some(Self { holder: holder.clone(), since, owed, last })
    }
}

impl Floor {
    /// The shop serves at these hours.
    pub const fn serve(&mut self, hours: Option<Hours>) {
        self.hours = hours;
    }

    /// When the shop serves; `None` = nobody has said.
    #[must_use]
    pub const fn hours(&self) -> Option<Hours> {
        self.hours
    }

    /// Takes in what is said of an agent, and shows them as they are then.
    pub fn hear(&mut self, agent: &str, word: Word) -> &Agent {
        let new = !self.agents.contains_key(agent);
        let known = self.agents.entry(agent.to_owned()).or_default();
        known.hear(word, new);
        known
    }

    /// Puts an agent there as they were stored.
    pub fn seat(&mut self, name: String, agent: Agent) {
        self.agents.insert(name, agent);
    }

    /// The agents, by name.
    pub fn agents(&self) -> impl Iterator<Item = (&str, &Agent)> {
        self.agents.iter().map(|(name, agent)| (name.as_str(), agent))
    }

    /// A conversation stands like this now; `None` = it has ended.
    pub fn stand(&mut self, conversation: &str, talk: Option<Talk>) {
        self.forget(conversation);
        let Some(talk) = talk else { return };
        let name = conversation.to_owned();
        match &talk.holder {
            Holder::Agent(agent) => *self.loads.entry(agent.clone()).or_default() += 1,
            Holder::Queue | Holder::NobodyOnDuty => drop(self.queue.insert((talk.since, name.clone()))),
            Holder::Nobody | Holder::Robot => {}
        }
        let owed = talk.owed.iter().map(|(asked, due)| (*due, *asked, name.clone()));
        self.owed.extend(owed);
        self.talks.insert(name, talk);
    }

    fn forget(&mut self, conversation: &str) {
        let Some(talk) = self.talks.remove(conversation) else { return };
        if let Holder::Agent(agent) = &talk.holder
            && let Some(load) = self.loads.get_mut(agent)
        {
            *load -= 1;
            if *load == 0 {
                self.loads.remove(agent);
            }
        }
        self.queue.remove(&(talk.since, conversation.to_owned()));
        for (asked, due) in talk.owed {
            self.owed.remove(&(due, asked, conversation.to_owned()));
        }
    }

    /// Forgets conversations of whose buyers nothing was heard since a moment: nobody waits there any more.
    pub fn let_go(&mut self, before: Timestamp) {
        let silent = self.talks.iter().filter(|(_, talk)| talk.last < before);
        let silent: Vec<_> = silent.map(|(name, _)| name.clone()).collect();
        silent.iter().for_each(|name| self.forget(name));
    }

    /// How many an agent holds.
    #[must_use]
    pub fn load(&self, agent: &str) -> u32 {
        self.loads.get(agent).copied().unwrap_or(0)
    }

    /// How many wait, and since when the one that waits longest does.
    #[must_use]
    pub fn queue(&self) -> (u32, Option<Timestamp>) {
        let waiting = u32::try_from(self.queue.len()).unwrap_or(u32::MAX);
        (waiting, self.queue.first().map(|(since, _)| *since))
    }

    /// The turns due within a stretch of time, both ends included, the most urgent first: the conversation, when it was
    /// asked, and when an answer is due.
    pub fn due(
        &self,
        from: Timestamp,
        until: Timestamp,
    ) -> impl Iterator<Item = (&str, Timestamp, Timestamp)> {
        let owed = self.owed.range((from, Timestamp::MIN, String::new())..);
        let owed = owed.take_while(move |(due, ..)| *due <= until);
        owed.map(|(due, asked, conversation)| (conversation.as_str(), *asked, *due))
    }

    /// How a conversation stands; `None` when it has ended or is not known.
    #[must_use]
    pub fn talk(&self, conversation: &str) -> Option<&Talk> {
        self.talks.get(conversation)
    }
}
