//! A desk as this replica knows it: where it stands in the order of attempts, and which of them are stored.

use std::collections::VecDeque;

use fenliu_domain::desk::agent::Presence;
use fenliu_domain::desk::command::Ordered;
use fenliu_domain::desk::event::{Event, Payload, Seq};
use fenliu_domain::desk::{Desk, Head};
use fenliu_domain::ids::{AgentId, CommandId};
use fenliu_domain::time::Timestamp;

use crate::port::{ConfirmError, Epoch, Outcome, ProposeError};
use crate::room::{Room, TAIL_LIMIT};

/// A place in the order of a desk's attempts: the attempt that stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Its number, from 1; 0 = before all of them.
    pub(super) number: u64,
    /// Its command; `None` before all of them.
    pub(super) command: Option<CommandId>,
}

/// A place, and the history's head once everything up to there is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) place: Place,
    pub(super) head: Option<Head>,
}

impl Mark {
    fn seq(self) -> Seq {
        self.head.map_or(Seq::default(), |head| head.seq)
    }
}

/// What Redis is told of a desk that is stored up to somewhere.
#[derive(Clone, Debug)]
pub(super) struct Settled {
    pub(super) epoch: Epoch,
    pub(super) mark: Mark,
    /// When something is due next, if nothing happens before.
    pub(super) due: Option<Timestamp>,
    /// Agents whose heartbeats are not waited for any more, if nothing happens before.
    pub(super) gone: Vec<AgentId>,
}

/// One shop's desk.
#[derive(Debug)]
pub(super) struct Local {
    pub(super) room: Room,
    place: Place,
    /// What was decided and is not known to be stored.
    marks: VecDeque<Mark>,
    stored: Mark,
    /// Whether Redis does not know yet what follows from what is stored.
    untold: bool,
    /// The number up to which Redis knows it to be stored, as far as this replica told it.
    told: u64,
    gone: Vec<AgentId>,
}

impl Local {
    /// A desk that was rebuilt from the history, and has its place here.
    pub(super) fn new(epoch: Epoch, desk: Desk, place: Place) -> Self {
        let stored = Mark { place, head: desk.head() };
        let room = Room::new(epoch, desk);
        let told = place.number;
        Self { room, place, marks: VecDeque::new(), stored, untold: false, told, gone: Vec::new() }
    }

    pub(super) const fn place(&self) -> Place {
        self.place
    }

    /// Decides the next attempt of the order.
    pub(super) fn decide(&mut self, next: Ordered) -> Result<Outcome, ProposeError> {
        self.place = Place { number: self.place.number + 1, command: Some(next.attempt.id) };
        let outcome = self.room.decide(next.now, next.is_new, next.attempt);
        if let Ok(Outcome::Done(events)) = &outcome {
            self.gone.extend(events.iter().filter_map(|event| who_left(event)));
        }
        self.marks.push_back(Mark { place: self.place, head: self.room.desk().head() });
        self.settle();
        outcome
    }

    /// Everything up to this event is stored.
    pub(super) fn confirm(&mut self, epoch: Epoch, head: Head) -> Result<(), ConfirmError> {
        self.room.confirm(epoch, head)?;
        self.settle();
        Ok(())
    }

    /// Others have stored everything up to this number.
    pub(super) fn others_stored(&mut self, number: u64) {
        let theirs = self.marks.iter().take_while(|mark| mark.place.number <= number).last().copied();
        if let Some(mark) = theirs {
            self.room.drop_stored(mark.seq());
            self.settle();
        }
    }

    /// Moves on to the last attempt before the first event that waits to be stored.
    fn settle(&mut self) {
        let waiting = self.room.first_waiting();
        while let Some(mark) = self.marks.front().filter(|mark| waiting.is_none_or(|seq| mark.seq() < seq)) {
            self.stored = *mark;
            self.untold = true;
            self.marks.pop_front();
        }
    }

    /// What Redis should be told, if there is anything new; it is taken for told.
    pub(super) fn tell(&mut self) -> Option<Settled> {
        if !std::mem::take(&mut self.untold) {
            return None;
        }
        self.told = self.stored.place.number;
        let gone = if self.marks.is_empty() { std::mem::take(&mut self.gone) } else { Vec::new() };
        Some(Settled {
            epoch: self.room.epoch(),
            mark: self.stored,
            due: self.room.desk().next_due(),
            gone: gone.into_iter().filter(|agent| self.is_away(*agent)).collect(),
        })
    }

    /// Whether Redis should be told at once: so much seems to wait there that it would soon take no more.
    pub(super) fn is_pressing(&self) -> bool {
        let seems = self.place.number - self.told;
        self.untold && usize::try_from(seems).is_ok_and(|seems| seems > TAIL_LIMIT / 2)
    }

    /// Whether there is something to tell Redis.
    pub(super) const fn is_untold(&self) -> bool {
        self.untold
    }

    /// Whether all that was decided is stored, and told.
    pub(super) fn is_settled(&self) -> bool {
        self.marks.is_empty() && !self.untold && self.gone.is_empty()
    }

    fn is_away(&self, agent: AgentId) -> bool {
        self.room.presence(agent).is_none_or(|presence| presence == Presence::Offline)
    }
}

fn who_left(event: &Event) -> Option<AgentId> {
    match event.payload {
        Payload::PresenceChanged { agent, presence: Presence::Offline, .. } => Some(agent),
        _ => None,
    }
}
