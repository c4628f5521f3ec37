//! One shop's desk with what it decided and nobody has confirmed yet: the part that is the same in every engine.

use std::collections::VecDeque;
use std::sync::Arc;

use fenliu_domain::desk::agent::Presence;
use fenliu_domain::desk::command::{Applied, Attempt};
use fenliu_domain::desk::event::{Event, Seq};
use fenliu_domain::desk::snapshot::Snapshot;
use fenliu_domain::desk::{Desk, Head};
use fenliu_domain::ids::AgentId;
use fenliu_domain::time::{Span, Timestamp};

use crate::port::{
    Board, ConfirmError, DeskInfo, Epoch, Outcome, Proposal, ProposeError, QueueEntry, QueueView,
};

/// Most events that may wait to be stored; beyond that nothing more is proposed.
pub(crate) const TAIL_LIMIT: usize = 8_192;
/// How long a tail may wait before somebody else stores it.
pub(crate) const TAIL_PATIENCE: Span = Span::from_secs(1);

/// One shop's desk with its pending tail.
#[derive(Debug)]
pub(crate) struct Room {
    epoch: Epoch,
    desk: Desk,
    tail: VecDeque<Arc<Event>>,
}

impl Room {
    pub(crate) const fn new(epoch: Epoch, desk: Desk) -> Self {
        Self { epoch, desk, tail: VecDeque::new() }
    }

    pub(crate) const fn epoch(&self) -> Epoch {
        self.epoch
    }

    pub(crate) const fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Decides an attempt, which the history was asked about or not.
    pub(crate) fn decide(
        &mut self,
        now: Timestamp,
        is_new: bool,
        attempt: Attempt,
    ) -> Result<Outcome, ProposeError> {
        if !is_new && self.desk.may_have_forgotten(now, &attempt) {
            return Err(ProposeError::MayBeKnown);
        }
        Ok(match self.desk.apply(now, attempt)? {
            Applied::Repeated { first, redelivered } => Outcome::Repeated { first, redelivered },
            Applied::Done(events) => {
                let events: Vec<_> = events.into_iter().map(Arc::new).collect();
                self.tail.extend(events.iter().cloned());
                Outcome::Done(events)
            }
        })
    }

    /// An outcome with everything that must be stored before it is told.
    pub(crate) fn proposal(&self, outcome: Outcome) -> Proposal {
        Proposal { epoch: self.epoch, tail: self.tail.iter().cloned().collect(), outcome }
    }

    pub(crate) fn pending(&self) -> (Epoch, Vec<Arc<Event>>) {
        (self.epoch, self.tail.iter().cloned().collect())
    }

    pub(crate) fn tail_len(&self) -> usize {
        self.tail.len()
    }

    /// When the first event that waits to be stored was recorded.
    pub(crate) fn waits_since(&self) -> Option<Timestamp> {
        self.tail.front().map(|event| event.recorded)
    }

    /// The first event that waits to be stored.
    pub(crate) fn first_waiting(&self) -> Option<Seq> {
        self.tail.front().map(|event| event.seq)
    }

    pub(crate) fn confirm(&mut self, epoch: Epoch, head: Head) -> Result<(), ConfirmError> {
        if epoch != self.epoch {
            return Err(ConfirmError::OtherEpoch);
        }
        let held = self.tail.iter().find(|event| event.seq == head.seq).map(|event| event.id);
        let ahead = self.desk.seq() < head.seq;
        if ahead || held.is_some_and(|id| id != head.event) {
            return Err(ConfirmError::Forked);
        }
        self.drop_stored(head.seq);
        Ok(())
    }

    /// Forgets what is stored.
    pub(crate) fn drop_stored(&mut self, seq: Seq) {
        while self.tail.front().is_some_and(|event| event.seq <= seq) {
            self.tail.pop_front();
        }
    }

    /// How long an agent's heartbeats may be missing.
    pub(crate) const fn grace(&self) -> Span {
        self.desk.policy().0.heartbeat_grace
    }

    /// What the desk has an agent as; `None` when the shop has no such agent.
    pub(crate) fn presence(&self, agent: AgentId) -> Option<Presence> {
        self.desk.agent(agent).map(|agent| agent.presence)
    }

    pub(crate) fn board(&self) -> Board {
        Board {
            seq: self.desk.seq(),
            agents: self.desk.agents().into_iter().cloned().collect(),
            queue_length: self.desk.queue_len(),
        }
    }

    pub(crate) fn info(&self) -> DeskInfo {
        let (policy, policy_seq) = self.desk.policy();
        DeskInfo { head: self.desk.head(), policy: policy.clone(), policy_seq }
    }

    pub(crate) fn snapshot(&self) -> Option<(Epoch, Snapshot)> {
        Some((self.epoch, self.desk.snapshot()?))
    }

    pub(crate) fn queue(&self, limit: usize) -> QueueView {
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
