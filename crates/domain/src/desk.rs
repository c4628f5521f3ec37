//! One shop's live reception as a pure state machine.
//!
//! Commands go in by [`Desk::apply`], events come out, and nothing but an event ever changes a desk: `apply`
//! decides (`decide`, `route`), writes each decision down as an event and lets `evolve` carry it out. So
//! [`Desk::replay`], which only evolves, rebuilds exactly the same desk from the history.
//!
//! Reading order: `README.md` beside this module states what must always be true; [`agent`] holds the presence
//! table, [`conversation`] the stages, [`strategy`] the ranks, `route` the pipeline, `decide` one function a
//! command, `evolve` one function an event.
//!
//! Invariants: no I/O, no clock, no randomness; a refused command changes nothing; every index (floor, queue,
//! timers, boundaries, stranded) is derived from agents and conversations and rebuilt by [`Desk::restore`].

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasherDefault;

pub mod agent;
mod beginning;
mod buyer;
#[cfg(any(test, feature = "testing"))]
pub mod chatter;
pub mod command;
pub mod conversation;
mod decide;
pub mod duty;
pub mod event;
mod evolve;
mod floor;
mod guard;
mod held;
mod hours;
mod index;
pub mod language;
pub mod memory;
mod opened;
pub mod pace;
pub mod policy;
pub mod preview;
pub mod queue;
pub mod refusal;
mod route;
mod shelf;
mod slab;
pub mod snapshot;
pub mod strategy;
#[cfg(test)]
mod tests;
pub mod trace;

use agent::Agent;
use buyer::KnownBuyer;
use command::{Applied, Attempt};
use conversation::{Conversation, Stage, Standing};
use event::{Event, Seq, Text};
use floor::Floor;
use hours::ServiceHours;
use memory::{DeliveryKey, Memory, RequestKey};
use opened::OpenConversation;
use pace::{Estimate, Pace};
use policy::Policy;
use queue::{Queue, Ticket};
use rustc_hash::FxHasher;
use shelf::Shelf;

use crate::ids::{AgentId, ConversationId, EventId, ShopId};
use crate::problem::{Problem, Reason};
use crate::time::{Span, Timestamp};

/// Most admissions, moves or timers one command carries out; the rest is due at once.
pub const WORK_LIMIT: usize = 64;
/// How far ahead of the desk's clock a channel may date a message.
pub const MAX_AHEAD: Span = Span::from_mins(5);
/// How old a message may be when it comes in; older history is for analytics' import.
pub const MAX_AGE: Span = Span::from_hours(48);
/// Earliest a `now` may lie before the desk's latest time; it is then taken as that latest time.
pub const MAX_BEHIND: Span = Span::from_hours(2);

/// Most channels whose names are kept once for all who came by them.
const MAX_SHARED_CHANNELS: usize = 64;

/// A hash map whose behaviour depends on nothing ambient; its order is never observed.
pub(crate) type Table<K, V> = HashMap<K, V, BuildHasherDefault<DefaultHasher>>;

/// The same by ids we make ourselves, whose bits nobody chooses.
pub(crate) type IdTable<K, V> = HashMap<K, V, BuildHasherDefault<FxHasher>>;

/// The last event of a desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its number.
    pub seq: Seq,
    /// Its id.
    pub event: EventId,
}

/// A buyer of a channel: two channels may use one id for two people.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BuyerKey {
    /// The channel.
    pub channel: Text,
    /// The buyer, as the channel names them.
    pub buyer: Text,
}

/// What is known of a buyer, between conversations too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Buyer {
    /// Their open conversation.
    pub open: Option<ConversationId>,
    /// The conversation that was closed last, while it may be taken up again.
    pub closed: Option<Box<ClosedConversation>>,
    /// The agent they spoke with last, and when.
    pub last_agent: Option<(AgentId, Timestamp)>,
    /// When they are forgotten; `None` while a conversation is open.
    pub expires: Option<Timestamp>,
}

/// What is needed to take a conversation up again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedConversation {
    /// The conversation.
    pub id: ConversationId,
    /// When it was closed.
    pub at: Timestamp,
    /// The agent who held it.
    pub agent: Option<AgentId>,
    /// The group it was for.
    pub group: Text,
    /// Its priority band.
    pub priority: u8,
}

/// One shop's live reception.
#[derive(Clone, Debug)]
pub struct Desk {
    shop: ShopId,
    head: Option<Head>,
    now: Timestamp,
    policy: Policy,
    policy_seq: Seq,
    agents: IdTable<AgentId, Agent>,
    main_account: Option<AgentId>,
    conversations: Shelf<OpenConversation, BuildHasherDefault<FxHasher>>,
    buyers: Shelf<KnownBuyer, BuildHasherDefault<DefaultHasher>>,
    requests: Memory<RequestKey>,
    deliveries: Memory<DeliveryKey>,
    assignments: u64,
    turn: u64,
    savable_in_a_row: u32,
    pace: Pace,
    // Derived from the above.
    hours: Option<ServiceHours>,
    floor: Floor,
    queue: Queue,
    timers: BTreeSet<(Timestamp, ConversationId)>,
    boundaries: BTreeSet<(Timestamp, AgentId)>,
    stranded: BTreeSet<(Timestamp, ConversationId)>,
    wound_down: BTreeSet<AgentId>,
    overflow: BTreeSet<(Timestamp, ConversationId)>,
    expiries: BTreeSet<(Timestamp, BuyerKey)>,
    /// The names of channels, shared by who came by them.
    channels: BTreeSet<Text>,
}

impl Desk {
    /// The desk of a shop nothing has happened at: it refuses everything but [`command::Command::SyncShop`].
    #[must_use]
    pub fn new(shop: ShopId) -> Self {
        Self {
            shop,
            head: None,
            now: Timestamp::MIN,
            policy: Policy::for_hours(policy::ShopHours {
                time_zone: "UTC".into(),
                service_start: "00:00".into(),
                service_end: "24:00".into(),
            }),
            policy_seq: Seq::default(),
            agents: IdTable::default(),
            main_account: None,
            conversations: Shelf::default(),
            buyers: Shelf::default(),
            requests: Memory::default(),
            deliveries: Memory::default(),
            assignments: 0,
            turn: 0,
            savable_in_a_row: 0,
            pace: Pace::default(),
            hours: None,
            floor: Floor::default(),
            queue: Queue::default(),
            timers: BTreeSet::new(),
            boundaries: BTreeSet::new(),
            stranded: BTreeSet::new(),
            wound_down: BTreeSet::new(),
            overflow: BTreeSet::new(),
            expiries: BTreeSet::new(),
            channels: BTreeSet::new(),
        }
    }

    /// Decides, and changes. A `now` slightly before the desk's latest time is taken as that time.
    ///
    /// # Errors
    /// The command's named refusals; then nothing has changed.
    pub fn apply(&mut self, now: Timestamp, attempt: Attempt) -> Result<Applied, Problem> {
        if now + MAX_BEHIND < self.now {
            return Err(Problem::new(
                Reason::ClockSkew,
                "the caller's clock is hours behind the desk's; set it right",
            )
            .with("now", now)
            .with("desk_time", self.now));
        }
        decide::decide(self, now.max(self.now), attempt)
    }

    /// Changes only: the way a desk is rebuilt from its history. Events come in order of their numbers, without
    /// a gap.
    ///
    /// # Errors
    /// [`OutOfOrder`] when the event does not follow the desk's last one; then nothing has changed.
    pub fn replay(&mut self, event: &Event) -> Result<(), OutOfOrder> {
        let expected = OutOfOrder { shop: self.shop, after: self.seq(), got: event.seq };
        let follows = event.shop == self.shop
            && event.seq == self.seq().next()
            && event.predecessor == self.head.map(|head| head.event);
        if !follows {
            return Err(expected);
        }
        self.evolve(event);
        Ok(())
    }

    /// When something is due next: a timer, the end of a shift or of a sanction, or the beginning of time when work was left over.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        if self.has_backlog() {
            // Due at once by any clock, also by one that has been set back.
            return Some(Timestamp::MIN);
        }
        let timer = self.timers.first().map(|(at, _)| *at);
        let boundary = self.boundaries.first().map(|(at, _)| *at);
        timer.into_iter().chain(boundary).min()
    }

    /// The shop it is the desk of.
    #[must_use]
    pub const fn shop(&self) -> ShopId {
        self.shop
    }

    /// Its last event; `None` when nothing has happened.
    #[must_use]
    pub const fn head(&self) -> Option<Head> {
        self.head
    }

    /// The number of its last event; 0 when nothing has happened.
    #[must_use]
    pub fn seq(&self) -> Seq {
        self.head.map_or(Seq::default(), |head| head.seq)
    }

    /// Its latest time.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// The policy in force and the event it came with.
    #[must_use]
    pub const fn policy(&self) -> (&Policy, Seq) {
        (&self.policy, self.policy_seq)
    }

    /// One agent.
    #[must_use]
    pub fn agent(&self, id: AgentId) -> Option<&Agent> {
        self.agents.get(&id)
    }

    /// All agents, by name and then id.
    #[must_use]
    pub fn agents(&self) -> Vec<&Agent> {
        let mut agents: Vec<_> = self.agents.values().collect();
        agents.sort_by(|a, b| (&a.entry.display_name, a.id).cmp(&(&b.entry.display_name, b.id)));
        agents
    }

    /// One open conversation.
    #[must_use]
    pub fn conversation(&self, id: ConversationId) -> Option<&Conversation> {
        self.conversations.get(&id).map(|open| &open.conversation)
    }

    /// All open conversations, by id.
    #[must_use]
    pub fn conversations(&self) -> Vec<&Conversation> {
        let mut all: Vec<_> = self.conversations.values().map(|open| &open.conversation).collect();
        all.sort_unstable_by_key(|conversation: &&Conversation| conversation.id);
        all
    }

    /// Everybody who waits: by the group they are for, the next to be admitted first.
    pub fn queue(&self) -> impl Iterator<Item = (&Text, Ticket, ConversationId)> {
        // Who stands in the lines of helping groups, too, is told of once.
        let is_for = |group: &Text, id: ConversationId| {
            self.conversations.get(&id).is_some_and(|conversation| conversation.group == *group)
        };
        self.queue.iter().filter(move |(group, _, id)| is_for(group, *id))
    }

    /// How long it will take until whoever stands at this place, from 1, of a group's line is admitted, as far as the
    /// last admissions tell; `None` when there were too few of them lately.
    #[must_use]
    pub fn estimate(&self, group: &str, position: u32) -> Option<Estimate> {
        self.pace.estimate(group, position, self.now)
    }

    /// How many wait.
    #[must_use]
    pub const fn queue_len(&self) -> usize {
        self.queue.len()
    }

    /// Whether the attempt names a request or a channel's message that the desk does not know but the history may,
    /// because the desk has forgotten some: then the history must be asked before anything is decided.
    #[must_use]
    pub fn may_have_forgotten(&self, now: Timestamp, attempt: &Attempt) -> bool {
        let request = attempt.request.as_ref().map(|mark| self.requests.recall(&mark.key()));
        if request.flatten().is_some_and(|known| known.is_recent(now)) {
            return false;
        }
        let delivery = attempt.command.delivery().map(|key| self.deliveries.recall(&key));
        (self.requests.is_forgetful() && request == Some(None))
            || (self.deliveries.is_forgetful() && delivery == Some(None))
    }

    /// The names of a conversation's channel and group, shared with everybody else's.
    fn share_names(&mut self, conversation: &mut Conversation) {
        conversation.group = self.floor.known(&conversation.group);
        if let Some(known) = self.channels.get(&conversation.channel) {
            conversation.channel = known.clone();
        } else if self.channels.len() < MAX_SHARED_CHANNELS {
            self.channels.insert(conversation.channel.clone());
        }
    }

    /// Where a conversation stands.
    fn standing(&self, conversation: &Conversation) -> Standing {
        match conversation.stage {
            Stage::Entered | Stage::Kept(_) => Standing::Entered,
            Stage::Open => Standing::Open,
            Stage::WithRobot => Standing::WithRobot,
            Stage::Queued(ticket) => {
                Standing::Queued { position: self.queue.position(&conversation.group, ticket) }
            }
            Stage::Assigned(agent) => Standing::Assigned { agent },
        }
    }

    /// Whether work was left over: conversations whose agent may not keep them, a line with somebody ready, or
    /// room in the queue for who was turned away from it.
    fn has_backlog(&self) -> bool {
        !self.wound_down.is_empty()
            || !self.stranded.is_empty()
            || self.next_admission().is_some()
            || self.next_overflow().is_some()
    }
}

/// An event that does not follow a desk's last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("event {} of {shop} does not follow event {}", got.0, after.0)]
pub struct OutOfOrder {
    /// The desk's shop.
    pub shop: ShopId,
    /// The number of the desk's last event.
    pub after: Seq,
    /// The number that was given.
    pub got: Seq,
}
