//! A room with its heartbeats.

use fenliu_domain::desk::Desk;
use fenliu_domain::desk::agent::Presence;
use fenliu_domain::desk::command::{Attempt, Command};
use fenliu_domain::desk::event::{Event, Payload};
use fenliu_domain::ids::AgentId;
use fenliu_domain::time::Timestamp;

use super::beats::Beats;
use crate::port::{Beat, Epoch, Known, Outcome, Proposal, ProposeError};
use crate::room::{Room, TAIL_LIMIT, TAIL_PATIENCE};

/// The device that an agent's own presence change counts as.
const PRESENCE_DEVICE: &str = "presence";

/// One shop's desk with its pending tail and its heartbeats.
#[derive(Debug)]
pub(super) struct WatchedRoom {
    pub(super) room: Room,
    beats: Beats,
}

impl WatchedRoom {
    /// Whoever is not offline gets a fresh heartbeat.
    pub(super) fn new(epoch: Epoch, desk: Desk, now: Timestamp) -> Self {
        let mut beats = Beats::default();
        for agent in desk.agents().iter().filter(|agent| agent.presence != Presence::Offline) {
            beats.beat(agent.id, PRESENCE_DEVICE, now);
        }
        Self { room: Room::new(epoch, desk), beats }
    }

    pub(super) fn propose(
        &mut self,
        now: Timestamp,
        known: Known,
        attempt: Attempt,
    ) -> Result<Proposal, ProposeError> {
        if self.room.desk().seq() < known.seq {
            return Err(ProposeError::Stale(self.room.epoch()));
        }
        if self.room.tail_len() >= TAIL_LIMIT {
            return Err(ProposeError::Backlogged);
        }
        let outcome = self.decide(now, known.is_new, attempt)?;
        if let Outcome::Done(events) = &outcome {
            for event in events {
                self.watch(event, now);
            }
        }
        Ok(self.room.proposal(outcome))
    }

    /// Decides an attempt; one to log off an agent who has beaten again meanwhile comes too late and does nothing.
    fn decide(&mut self, now: Timestamp, is_new: bool, attempt: Attempt) -> Result<Outcome, ProposeError> {
        match attempt.command {
            Command::Lapse { agent } if self.beats.is_alive(agent, now, self.room.grace()) => {
                Ok(Outcome::Done(Vec::new()))
            }
            _ => self.room.decide(now, is_new, attempt),
        }
    }

    /// Whoever comes gets a fresh heartbeat; whoever goes is watched no longer.
    fn watch(&mut self, event: &Event, now: Timestamp) {
        match event.payload {
            Payload::PresenceChanged { agent, presence: Presence::Offline, .. } => self.beats.forget(agent),
            Payload::PresenceChanged { agent, .. } => self.beats.beat(agent, PRESENCE_DEVICE, now),
            _ => {}
        }
    }

    /// When something is due next.
    pub(super) fn due(&self) -> Option<Timestamp> {
        let unstored = self.room.waits_since().map(|since| since + TAIL_PATIENCE);
        [self.room.desk().next_due(), unstored].into_iter().flatten().min()
    }

    pub(super) fn beat(&mut self, agent: AgentId, device: &str, now: Timestamp) -> Option<Beat> {
        let presence = self.room.presence(agent)?;
        if presence == Presence::Offline {
            return Some(Beat { presence, lapses: None });
        }
        self.beats.beat(agent, device, now);
        Some(Beat { presence, lapses: Some(now + self.room.grace()) })
    }

    /// How many agents are watched.
    pub(super) fn watched(&self) -> usize {
        self.beats.len()
    }

    pub(super) fn lapsed(&self, now: Timestamp) -> impl Iterator<Item = AgentId> {
        self.beats.silent(now, self.room.grace())
    }
}
