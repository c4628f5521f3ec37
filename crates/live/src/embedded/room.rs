//! One shop's desk with its pending tail and its heartbeats.

use std::collections::VecDeque;
use std::sync::Arc;

use fenliu_domain::desk::agent::Presence;
use fenliu_domain::desk::command::{Applied, Attempt, Command};
use fenliu_domain::desk::event::{Event, Payload};
use fenliu_domain::desk::{Desk, Head};
use fenliu_domain::ids::AgentId;
use fenliu_domain::problem::Problem;
use fenliu_domain::time::{Span, Timestamp};

use super::beats::Beats;
use crate::port::{Beat, ConfirmError, Epoch, Known, Outcome, Proposal, ProposeError, QueueEntry, QueueView};

/// Most events that may wait to be stored; beyond that nothing more is proposed.
const TAIL_LIMIT: usize = 8_192;
/// How long a tail may wait before somebody else stores it.
const TAIL_PATIENCE: Span = Span::from_secs(1);
/// The device that an agent's own presence change counts as.
const PRESENCE_DEVICE: &str = "presence";

/// One shop's desk with its pending tail and its heartbeats.
#[derive(Debug)]
pub(super) struct Room {
    epoch: Epoch,
    desk: Desk,
    tail: VecDeque<Arc<Event>>,
    beats: Beats,
}

impl Room {
    pub(super) fn new(epoch: Epoch, desk: Desk, now: Timestamp) -> Self {
        let mut beats = Beats::default();
        for agent in desk.agents().iter().filter(|agent| agent.presence != Presence::Offline) {
            beats.beat(agent.id, PRESENCE_DEVICE, now);
        }
        Self { epoch, desk, tail: VecDeque::new(), beats }
    }

    pub(super) const fn epoch(&self) -> Epoch {
        self.epoch
    }

    pub(super) const fn desk(&self) -> &Desk {
        &self.desk
    }

    pub(super) fn propose(
        &mut self,
        now: Timestamp,
        known: Known,
        attempt: Attempt,
    ) -> Result<Proposal, ProposeError> {
        if self.desk.seq() < known.seq {
            return Err(ProposeError::Stale(self.epoch));
        }
        if !known.is_new && self.desk.may_have_forgotten(now, &attempt) {
            return Err(ProposeError::MayBeKnown);
        }
        if self.tail.len() >= TAIL_LIMIT {
            return Err(ProposeError::Backlogged);
        }
        let outcome = match self.apply(now, attempt)? {
            Applied::Repeated { first, redelivered } => Outcome::Repeated { first, redelivered },
            Applied::Done(events) => {
                let events: Vec<_> = events.into_iter().map(Arc::new).collect();
                for event in &events {
                    self.watch(event, now);
                }
                self.tail.extend(events.iter().cloned());
                Outcome::Done(events)
            }
        };
        Ok(Proposal { epoch: self.epoch, tail: self.tail.iter().cloned().collect(), outcome })
    }

    /// Applies an attempt; one to log off an agent who has beaten again meanwhile comes too late and does nothing.
    fn apply(&mut self, now: Timestamp, attempt: Attempt) -> Result<Applied, Problem> {
        match attempt.command {
            Command::Lapse { agent } if self.beats.is_alive(agent, now, self.grace()) => {
                Ok(Applied::Done(Vec::new()))
            }
            _ => self.desk.apply(now, attempt),
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

    pub(super) fn pending(&self) -> (Epoch, Vec<Arc<Event>>) {
        (self.epoch, self.tail.iter().cloned().collect())
    }

    pub(super) fn confirm(&mut self, epoch: Epoch, head: Head) -> Result<(), ConfirmError> {
        if epoch != self.epoch {
            return Err(ConfirmError::OtherEpoch);
        }
        let held = self.tail.iter().find(|event| event.seq == head.seq).map(|event| event.id);
        let ahead = self.desk.seq() < head.seq;
        if ahead || held.is_some_and(|id| id != head.event) {
            return Err(ConfirmError::Forked);
        }
        while self.tail.front().is_some_and(|event| event.seq <= head.seq) {
            self.tail.pop_front();
        }
        Ok(())
    }

    /// When something is due next.
    pub(super) fn due(&self) -> Option<Timestamp> {
        let unstored = self.tail.front().map(|event| event.recorded + TAIL_PATIENCE);
        [self.desk.next_due(), unstored].into_iter().flatten().min()
    }

    pub(super) fn beat(&mut self, agent: AgentId, device: &str, now: Timestamp) -> Option<Beat> {
        let there = self.desk.agent(agent)?;
        let presence = there.presence;
        if presence == Presence::Offline {
            return Some(Beat { presence, lapses: None });
        }
        self.beats.beat(agent, device, now);
        Some(Beat { presence, lapses: Some(now + self.grace()) })
    }

    fn grace(&self) -> Span {
        self.desk.policy().0.heartbeat_grace
    }

    pub(super) fn watched(&self) -> usize {
        self.beats.len()
    }

    pub(super) fn lapsed(&self, now: Timestamp) -> impl Iterator<Item = AgentId> {
        self.beats.silent(now, self.grace())
    }

    pub(super) fn queue(&self, limit: usize) -> QueueView {
        let mut first = Vec::new();
        let mut position = 0;
        for (group, ticket, conversation) in self.desk.queue().take(limit) {
            let same_line = first.last().is_some_and(|last: &QueueEntry| last.group == *group);
            position = if same_line { position + 1 } else { 1 };
            let estimate = self.desk.estimate(group, position);
            first.push(QueueEntry { conversation, group: group.clone(), position, ticket, estimate });
        }
        QueueView { seq: self.desk.seq(), length: self.desk.queue_len(), first }
    }
}
