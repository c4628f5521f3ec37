//! Who asked when, and who answered first: the facts every reply rate is made of.
//!
//! What happened in one conversation comes in as [`Happening`]s, in order; [`Fold`] turns them into one [`Session`]
//! and its [`Exchange`]s. The facts hold no verdict: whether a reply counts, and in time, is for a rule pack to
//! say (see [`crate::pack`]), today or in retrospect.
//!
//! An exchange is a run of questions and the replies up to the next question. Of the replies it keeps, for each kind
//! of actor, the first one and the first one with content. That is all a pack can need: whichever kinds a pack counts,
//! the first reply it counts after a question is one of these, and an exchange without one runs on into the next.
//!
//! Invariants: the fold is a pure function of the happenings in their order; it can stop anywhere and go on from the
//! session and its last exchange; an exchange never changes once the next has begun.

use crate::message::Actor;
use crate::time::Timestamp;

mod fold;
mod mark;
mod recorded;
#[cfg(test)]
pub(crate) mod tests;

pub use fold::{Fold, by_minute};
pub use mark::{Mark, Marks};

/// Most minutes of which an exchange keeps the first question: two days. Those of further minutes are counted only.
pub const MAX_ASKS_KEPT: usize = 2_880;
/// Most questions an exchange keeps beside the first of each minute. Further ones are counted only.
pub const MAX_FURTHER_ASKS_KEPT: usize = 2_880;
/// Most changes of hands an exchange keeps. Further ones are left out, so that their time goes to the last kept.
pub const MAX_HOLDINGS_KEPT: usize = 256;

/// One thing that happened in a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// When, by the marketplace's or the caller's word.
    pub at: Timestamp,
    /// What.
    pub what: What,
}

/// What can happen in a conversation, as far as reply rates care.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It began, or was taken up again.
    Opened {
        /// The buyer, as the channel names them.
        buyer: String,
        /// The group it is for; may be empty.
        group: String,
        /// Whether the buyer has priority.
        vip: bool,
    },
    /// The buyer said something.
    Asked {
        /// The message's id.
        message: String,
    },
    /// What the buyer said last reached those who see to it; needed only where that is another moment than the one
    /// it was said at.
    Reached,
    /// The shop's side said something.
    Replied {
        /// The message's id.
        message: String,
        /// Who spoke.
        actor: Actor,
        /// The agent; empty when none did, or not known.
        agent: String,
        /// Whether it only greets or stalls.
        small_talk: bool,
    },
    /// An agent was given it.
    Assigned {
        /// The agent.
        agent: String,
    },
    /// It waits for an agent.
    Queued {
        /// Whether nobody at all was on duty.
        nobody_on_duty: bool,
    },
    /// The robot holds it.
    WithRobot,
    /// The robot gave it to people, who have not taken it yet.
    HandedToHuman,
    /// Somebody gives it to another agent or group; who gets it comes next.
    Transferred,
    /// It turned out to be of a kind that some marketplaces leave out.
    Marked(Mark),
    /// It left the queue without an agent.
    LeftQueue {
        /// Whether the buyer gave up.
        abandoned: bool,
    },
    /// The buyer said how content they are.
    Rated {
        /// 1, not at all, to 5.
        stars: u8,
    },
    /// It ended.
    Closed {
        /// Whether the buyer gave up waiting.
        abandoned: bool,
    },
}

/// In whose hands a conversation is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Holder {
    /// Nobody's yet, or no longer; also where the source does not say.
    #[default]
    Nobody,
    /// The robot's.
    Robot,
    /// It waits for somebody on duty to have room.
    Queue,
    /// It waits and nobody is on duty.
    NobodyOnDuty,
    /// This agent's.
    Agent(String),
}

/// One stretch of time in one pair of hands, up to the next stretch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Since when; never earlier than the stretch before. For the first stretch, when the question reached us.
    pub from: Timestamp,
    /// Whose.
    pub holder: Holder,
}

/// One question that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// When it was asked.
    pub at: Timestamp,
    /// The message's id.
    pub message: String,
}

/// One reply that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// When it was sent.
    pub at: Timestamp,
    /// The message's id.
    pub message: String,
    /// Who spoke.
    pub actor: Actor,
    /// The agent; empty when none did, or not known.
    pub agent: String,
    /// Whether it only greets or stalls.
    pub small_talk: bool,
}

/// A run of questions and the first replies to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Its number within the conversation, from 1.
    pub number: u32,
    /// How many messages the buyer sent in the run.
    pub asked: u32,
    /// The earliest question of each minute, earliest first. Windows and weekends begin on whole minutes, so any
    /// pack finds the first question inside its own among these.
    pub asks: Vec<Ask>,
    /// Every other question of the minutes that `asks` is of, earliest first: for packs that count each message or cut a
    /// minute in two.
    pub further_asks: Vec<Ask>,
    /// For each kind of actor the first reply, and the first with content when that was another; in the order
    /// they came.
    pub replies: Vec<Reply>,
    /// In whose hands the conversation was when the first question came, and every change since. An agent from whom
    /// it was taken in that very moment, other than by a transfer, is not among them: nobody asked them.
    pub holdings: Vec<Holding>,
}

/// One conversation as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// The buyer, as the channel names them; empty as long as no opening named one.
    pub buyer: String,
    /// The group it is for; may be empty.
    pub group: String,
    /// Whether the buyer has priority.
    pub vip: bool,
    /// When it was opened; by the first thing known of it where no opening is.
    pub opened_at: Option<Timestamp>,
    /// Whether an opening has been seen, so that `opened_at` is its time.
    pub opening_seen: bool,
    /// When the buyer first said something.
    pub first_asked_at: Option<Timestamp>,
    /// When the buyer last said something.
    pub last_asked_at: Option<Timestamp>,
    /// When it ended, unless it was taken up again.
    pub closed_at: Option<Timestamp>,
    /// Whether the buyer gave up waiting.
    pub abandoned: bool,
    /// When people were first asked to take part: queued, handed over, assigned, or answering.
    pub people_at: Option<Timestamp>,
    /// When an agent first had it.
    pub agent_at: Option<Timestamp>,
    /// When a person first answered.
    pub human_at: Option<Timestamp>,
    /// When a robot that answers by itself first did.
    pub robot_at: Option<Timestamp>,
    /// In whose hands it is.
    pub holder: Holder,
    /// What it turned out to be that some marketplaces leave out.
    pub marks: Marks,
    /// How content the buyer said they were, 1 to 5; the last time they said so.
    pub stars: Option<u8>,
    /// How many exchanges it has.
    pub exchanges: u32,
}

/// A conversation and all its exchanges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conversation {
    /// Its name: an id of ours, or the key an import gave.
    pub key: String,
    /// The conversation as a whole.
    pub session: Session,
    /// Its exchanges, in order.
    pub exchanges: Vec<Exchange>,
}

impl Conversation {
    /// The latest moment anything kept of it is of; the beginning of time when nothing is.
    #[must_use]
    pub fn latest_at(&self) -> Timestamp {
        let in_exchanges = self.exchanges.iter().flat_map(Exchange::moments);
        self.session.moments().chain(in_exchanges).max().unwrap_or(Timestamp::MIN)
    }
}

impl Exchange {
    fn moments(&self) -> impl Iterator<Item = Timestamp> {
        let asks = self.asks.iter().chain(&self.further_asks).map(|ask| ask.at);
        let replies = self.replies.iter().map(|reply| reply.at);
        asks.chain(replies).chain(self.holdings.iter().map(|holding| holding.from))
    }

    /// When its first question came.
    #[must_use]
    pub fn asked_at(&self) -> Timestamp {
        self.asks.first().map_or(Timestamp::MIN, |ask| ask.at)
    }

    /// Every question that is kept, earliest first.
    #[must_use]
    pub fn every_ask(&self) -> Vec<&Ask> {
        let mut asks: Vec<_> = self.asks.iter().chain(&self.further_asks).collect();
        asks.sort_by_key(|ask| ask.at);
        asks
    }

    /// In whose hands it was up to a moment within it; a change of hands in that very moment comes after it.
    #[must_use]
    pub fn holder_before(&self, at: Timestamp) -> &Holder {
        let changed = self.holdings.iter().skip(1).take_while(|holding| holding.from < at).last();
        changed.or(self.holdings.first()).map_or(&Holder::Nobody, |holding| &holding.holder)
    }

    /// The agent who bears the wait: who held the conversation when the question came, or else was given it first.
    #[must_use]
    pub fn agent_asked(&self) -> Option<&str> {
        self.holdings.iter().find_map(|holding| holding.holder.agent())
    }
}

impl Holder {
    /// The agent who has it.
    #[must_use]
    pub fn agent(&self) -> Option<&str> {
        match self {
            Self::Agent(agent) => Some(agent),
            Self::Nobody | Self::Robot | Self::Queue | Self::NobodyOnDuty => None,
        }
    }

    /// Whether people have been asked to take part.
    #[must_use]
    pub const fn is_people(&self) -> bool {
        matches!(self, Self::Queue | Self::NobodyOnDuty | Self::Agent(_))
    }
}

impl Session {
    fn moments(&self) -> impl Iterator<Item = Timestamp> {
        let session = [self.opened_at, self.first_asked_at, self.last_asked_at, self.closed_at];
        let firsts = [self.people_at, self.agent_at, self.human_at, self.robot_at];
        let marks = Mark::ALL.map(|mark| self.marks.at(mark));
        session.into_iter().chain(firsts).chain(marks).flatten()
    }

    /// When it begins for those who look for the sessions of a day: at its opening or its first question.
    #[must_use]
    pub fn begins_at(&self) -> Option<Timestamp> {
        [self.opened_at, self.first_asked_at].into_iter().flatten().min()
    }

    /// The last moment that can count for a day: its opening, its last question or its end.
    #[must_use]
    pub fn ends_at(&self) -> Option<Timestamp> {
        [self.opened_at, self.last_asked_at, self.closed_at].into_iter().flatten().max()
    }
}
