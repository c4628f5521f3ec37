//! A second, naive account of a desk, kept from its events alone, that the properties are checked against.

use std::collections::{BTreeMap, BTreeSet};

use crate::desk::agent::{AgentEntry, Presence};
use crate::desk::duty::{Duty, DutyState};
use crate::desk::event::{Event, Payload, PresenceCause, Text};
use crate::desk::language::LanguageAction;
use crate::desk::policy::{Fallback, Policy};
use crate::desk::strategy::Strategy;
use crate::desk::tests::property::{Broken, Property};
use crate::ids::{AgentId, ConversationId, MessageId};
use crate::message::Actor;
use crate::time::{Span, Timestamp};

mod agreeing;
mod assigning;

#[derive(Clone, Debug)]
pub(super) struct NaiveAgent {
    pub(super) entry: AgentEntry,
    pub(super) on_duty: bool,
    pub(super) presence: Presence,
    pub(super) capacity: u32,
    next: Option<Presence>,
    /// Until when she begins gently, and whether she rests after the last one.
    ramp: Option<(Timestamp, bool)>,
}

impl NaiveAgent {
    /// What the roster says at a moment, by looking through all of it.
    fn roster_says(&self, at: Timestamp) -> bool {
        let Some(duty) = &self.entry.duty else { return true };
        at >= duty.through || duty.windows.iter().any(|window| window.start <= at && at < window.end)
    }

    fn is_barred(&self) -> bool {
        !self.entry.enabled || self.entry.sanction.is_some()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Entered,
    /// The same, and an agent keeps a place for it.
    Kept(AgentId),
    Open,
    WithRobot,
    Queued {
        group: Text,
        priority: u8,
        since: Timestamp,
        seq: u64,
        ring: u8,
    },
    Assigned(AgentId),
}

impl Place {
    /// Whose load it counts for.
    pub(super) const fn holder(&self) -> Option<AgentId> {
        match self {
            Self::Assigned(agent) | Self::Kept(agent) => Some(*agent),
            Self::Entered | Self::Open | Self::WithRobot | Self::Queued { .. } => None,
        }
    }
}

/// What the events say, told as simply as possible.
#[derive(Clone, Debug, Default)]
pub(super) struct World {
    pub(super) agents: BTreeMap<AgentId, NaiveAgent>,
    pub(super) open: BTreeMap<ConversationId, Place>,
    /// Who handed a conversation over, until somebody gets it.
    handed_by: BTreeMap<ConversationId, AgentId>,
    /// Who kept the place of what has begun with the first word now.
    kept_by: BTreeMap<ConversationId, AgentId>,
    /// What was left as a message.
    left: BTreeSet<ConversationId>,
    pub(super) policy: Option<Policy>,
    pub(super) began: usize,
    pub(super) ended: usize,
    last: Option<Event>,
}

impl World {
    pub(super) fn load(&self, agent: AgentId) -> u32 {
        let held = self.open.values().filter(|place| place.holder() == Some(agent)).count();
        u32::try_from(held).expect("few conversations")
    }

    pub(super) fn has_room(&self, id: AgentId) -> bool {
        let agent = &self.agents[&id];
        agent.entry.unlimited || self.load(id) < agent.capacity
    }

    /// The presence table, once more, in words of its own.
    pub(super) fn is_ready(&self, id: AgentId) -> bool {
        self.is_available(id) && self.has_room(id)
    }

    /// Whether an agent's state lets conversations come to her by themselves.
    fn is_available(&self, id: AgentId) -> bool {
        let agent = &self.agents[&id];
        let gentle = agent.next.is_some() || agent.ramp.is_some_and(|(_, rests)| rests);
        !agent.is_barred() && agent.on_duty && agent.presence == Presence::Online && !gentle
    }

    pub(super) fn main_account(&self) -> Option<AgentId> {
        self.agents.iter().find(|(_, agent)| agent.entry.main_account).map(|(id, _)| *id)
    }

    fn serves(&self, id: AgentId, group: &str) -> bool {
        let agent = &self.agents[&id];
        !agent.entry.main_account && agent.entry.groups.iter().any(|g| &**g == group)
    }

    /// Somebody who could take a conversation that waits for this group and ring, other than who handed it over.
    fn taker(&self, id: ConversationId, group: &str, ring: u8) -> Option<AgentId> {
        let policy = self.policy.as_ref()?;
        if policy.strategy == Strategy::Manual {
            return None;
        }
        let except = self.handed_by.get(&id);
        let helpers = policy.rings.iter().filter(|known| *known.group == *group).map(|known| &*known.helper);
        let groups: Vec<&str> = std::iter::once(group)
            .chain(helpers.take(usize::from(ring) - 1))
            .map(|group| self.served(group))
            .collect();
        let main_takes = policy.fallbacks.contains(&Fallback::MainAccount);
        self.agents.keys().copied().find(|id| {
            let suits = groups.iter().any(|group| self.serves(*id, group));
            let suits = suits || (main_takes && self.main_account() == Some(*id));
            suits && self.is_ready(*id) && Some(id) != except
        })
    }

    /// The group itself, or the default group where nobody answers for it.
    fn served<'g>(&self, group: &'g str) -> &'g str {
        let deserted = !self.agents.keys().any(|id| self.serves(*id, group));
        if deserted { "default" } else { group }
    }

    /// Takes an event in, checking what must be true of it at this moment.
    pub(super) fn see(&mut self, event: &Event, broken: &mut Broken) {
        self.check_chain(event, broken);
        if let (Some(id), Payload::Assigned { agent, previous, reason, .. }) =
            (event.conversation, &event.payload)
        {
            self.check_assignment(id, (*agent, *previous, *reason), event.recorded, broken);
        }
        if let Payload::LanguageFlagged { agent, message, action, .. } = &event.payload {
            self.check_language(*agent, *message, *action);
        }
        self.carry_out(event);
        self.last = Some(event.clone());
    }

    /// Properties 9 and 10: dense, chained, and never backwards.
    fn check_chain(&self, event: &Event, broken: &mut Broken) {
        let (seq, id, time) = self
            .last
            .as_ref()
            .map_or((0, None, Timestamp::MIN), |last| (last.seq.0, Some(last.id), last.recorded));
        broken.unless(event.seq.0 == seq + 1, Property::Dense, "events are dense");
        broken.unless(event.predecessor == id, Property::Dense, "events are chained");
        broken.unless(event.recorded >= time, Property::Forwards, "time never runs backwards");
    }

    fn carry_out(&mut self, event: &Event) {
        let id = event.conversation;
        match &event.payload {
            Payload::PolicyChanged { policy } => self.change_policy(policy),
            Payload::AgentSynced { agent, entry } => {
                let apart = |duty: &Duty| duty.windows.windows(2).all(|pair| pair[0].end < pair[1].start);
                assert!(entry.duty.as_ref().is_none_or(apart), "windows are in order and apart");
                let fresh = NaiveAgent {
                    entry: (**entry).clone(),
                    on_duty: true,
                    presence: Presence::Offline,
                    capacity: entry.capacity_default,
                    next: None,
                    ramp: None,
                };
                self.agents.entry(*agent).or_insert(fresh).entry = (**entry).clone();
            }
            Payload::PresenceChanged { agent, previous, presence, cause } => {
                self.check_presence(*agent, (*previous, *presence), *cause, event.recorded);
            }
            Payload::WindingDown { agent, next } => {
                self.agents.get_mut(agent).expect("known agent").next = *next;
            }
            Payload::RampStepped { agent } => {
                let agent = self.agents.get_mut(agent).expect("known agent");
                let going_on = agent.ramp.filter(|(until, _)| event.recorded < *until);
                agent.ramp = going_on.map(|(until, _)| (until, false));
            }
            Payload::BreakOverrun { agent } => {
                assert_eq!(self.agents[agent].presence, Presence::OnBreak, "only a break takes too long");
            }
            Payload::AgentScored { .. } => {}
            Payload::CapacityChanged { agent, capacity, .. } => {
                self.agents.get_mut(agent).expect("known agent").capacity = *capacity;
            }
            Payload::DutyChanged { agent, duty } => self.check_duty(*agent, *duty, event.recorded),
            Payload::SanctionEnded { agent, kind } => {
                let agent = self.agents.get_mut(agent).expect("known agent");
                let sanction = agent.entry.sanction.take().expect("only what was imposed ends");
                assert_eq!(sanction.kind, *kind);
                assert!(sanction.until.is_some_and(|until| until <= event.recorded), "not before its time");
            }
            Payload::RequestNoted => {}
            // A conversation that has ended may be rated.
            Payload::Rated { .. } => {}
            payload => self.carry_out_in(id.expect("belongs to a conversation"), event, payload),
        }
    }

    fn carry_out_in(&mut self, id: ConversationId, event: &Event, payload: &Payload) {
        let place = match payload {
            Payload::ChatEntered { .. } if !self.open.contains_key(&id) => {
                self.began += 1;
                Place::Entered
            }
            Payload::ConversationOpened { with_robot, .. } => {
                self.began += usize::from(!self.open.contains_key(&id));
                self.kept_by.remove(&id);
                if let Some(Place::Kept(agent)) = self.open.get(&id) {
                    self.kept_by.insert(id, *agent);
                }
                if *with_robot { Place::WithRobot } else { Place::Open }
            }
            Payload::Assigned { agent, reason, .. } => self.assign(id, *agent, *reason),
            Payload::Queued { group, priority, waiting_since, .. } => Place::Queued {
                group: group.clone(),
                priority: *priority,
                since: *waiting_since,
                seq: event.seq.0,
                ring: 1 + self.rings_at_once(group),
            },
            Payload::RingOpened { ring: opened } => {
                let Some(Place::Queued { ring, .. }) = self.open.get_mut(&id) else {
                    panic!("rings open for who waits")
                };
                assert_eq!(*opened, *ring + 1, "one ring after the other");
                *ring = *opened;
                return;
            }
            Payload::ReplySent { actor: Actor::Human, .. } => {
                self.left.remove(&id);
                return;
            }
            Payload::TransferDeclined { agent } => {
                self.handed_by.insert(id, *agent);
                return;
            }
            Payload::QueueLeft { .. } | Payload::HandedToHuman { .. } | Payload::QueueFull { .. } => {
                Place::Open
            }
            // Whoever hands over by name takes a conversation out of its line: an override of first come, first served.
            Payload::Transferred { from: None, .. } => {
                self.handed_by.remove(&id);
                Place::Open
            }
            Payload::Transferred { from: Some(from), .. } => {
                self.handed_by.insert(id, *from);
                return;
            }
            Payload::Closed { .. } => {
                self.ended += 1;
                self.handed_by.remove(&id);
                self.left.remove(&id);
                assert!(self.open.remove(&id).is_some(), "only what is open closes");
                return;
            }
            _ => return,
        };
        self.open.insert(id, place);
    }

    /// Whoever waits does so by the new rules, from the first ring on.
    fn change_policy(&mut self, policy: &Policy) {
        self.policy = Some(policy.clone());
        let rings: BTreeMap<_, _> = self
            .open
            .iter()
            .filter_map(|(id, place)| match place {
                Place::Queued { group, .. } => Some((*id, 1 + self.rings_at_once(group))),
                _ => None,
            })
            .collect();
        for (id, first) in rings {
            if let Some(Place::Queued { ring, .. }) = self.open.get_mut(&id) {
                *ring = first;
            }
        }
    }

    /// How many rings are open to whoever begins to wait.
    fn rings_at_once(&self, group: &str) -> u8 {
        let rings = self.policy.iter().flat_map(|policy| &policy.rings);
        let open = rings.filter(|ring| *ring.group == *group && ring.after == Span::ZERO).count();
        u8::try_from(open).expect("few rings")
    }

    /// A presence follows the one before; whoever wound down has nobody left; who comes to a crowd begins gently.
    fn check_presence(
        &mut self,
        id: AgentId,
        (previous, presence): (Presence, Presence),
        cause: PresenceCause,
        now: Timestamp,
    ) {
        let wound_down = cause == PresenceCause::WoundDown;
        assert!(!wound_down || self.load(id) == 0, "who wound down has nobody left");
        let waiting = self.open.values().filter(|place| matches!(place, Place::Queued { .. })).count();
        let ramp = self.policy.as_ref().and_then(|policy| policy.ramp);
        let ramp = ramp.filter(|ramp| presence == Presence::Online && waiting > ramp.queue_over as usize);
        let agent = self.agents.get_mut(&id).expect("known agent");
        assert_eq!(agent.presence, previous);
        assert!(!wound_down || agent.next == Some(presence), "she becomes what she said");
        (agent.presence, agent.next) = (presence, None);
        agent.ramp = ramp.map(|ramp| (now + ramp.lasts, false));
    }

    /// A shift is as the roster tells it, and ends when it says.
    fn check_duty(&mut self, agent: AgentId, duty: DutyState, now: Timestamp) {
        let agent = self.agents.get_mut(&agent).expect("known agent");
        assert_eq!(agent.roster_says(now), duty.on_duty);
        match duty.until {
            Some(until) => {
                assert!(until > now, "only what is to come is told");
                assert_eq!(agent.roster_says(until), !duty.on_duty);
                assert_eq!(agent.roster_says(until - Span::from_micros(1)), duty.on_duty);
            }
            None => assert!(duty.on_duty, "nobody is off duty for ever"),
        }
        agent.on_duty = duty.on_duty;
    }

    /// Words that are flagged are those of the reply just sent, or of one that was not.
    fn check_language(&self, who: AgentId, said: Option<MessageId>, action: LanguageAction) {
        assert_eq!(self.policy.as_ref().map(|policy| policy.language.action), Some(action));
        let last = self.last.as_ref().map(|event| &event.payload);
        let sent = match last {
            Some(Payload::ReplySent { message, agent, .. }) if *agent == Some(who) => Some(*message),
            _ => None,
        };
        assert_eq!(said.is_some(), action != LanguageAction::Refuse);
        assert!(said.is_none() || said == sent, "the reply comes before what is said of it");
    }
}
