//! One agent at work: what waits for them, and what they are answering.

use std::collections::BTreeSet;

use super::Staff;
use super::outcome::{AgentOutcome, Measured};
use crate::time::{Span, Timestamp};

/// Number of a visit, and of the chat it becomes.
pub(super) type ChatNumber = usize;

/// A message being answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Handling {
    /// The chat it is in.
    pub(super) chat: ChatNumber,
    /// Since when.
    pub(super) began: Timestamp,
    /// Tells this answer from one that was broken off.
    pub(super) token: u64,
}

/// One agent at work.
#[derive(Debug)]
pub(super) struct Worker {
    /// Messages they answer in the time somebody of speed 1 answers one.
    pub(super) speed: f64,
    /// What they are answering.
    pub(super) handling: Option<Handling>,
    /// What is measured of them so far.
    pub(super) share: AgentOutcome,
    /// Since when they are online; `None` = they are not.
    online_since: Option<Timestamp>,
    /// The other messages that wait for them, the longest first.
    inbox: BTreeSet<(Timestamp, ChatNumber)>,
}

impl Worker {
    /// Somebody who is not there yet.
    pub(super) const fn new(staff: &Staff) -> Self {
        Self {
            speed: staff.speed,
            handling: None,
            share: AgentOutcome {
                agent: staff.id,
                main_account: staff.entry.main_account,
                chats: 0,
                replies: 0,
                busy: Span::ZERO,
                online: Span::ZERO,
            },
            online_since: None,
            inbox: BTreeSet::new(),
        }
    }

    /// A message of a chat, asked at this moment, waits for them.
    pub(super) fn owe(&mut self, asked: Timestamp, chat: ChatNumber) {
        self.inbox.insert((asked, chat));
    }

    /// It no longer waits for them; if they were answering it, they stop.
    pub(super) fn let_go(&mut self, asked: Timestamp, chat: ChatNumber, now: Timestamp, measured: Measured) {
        if self.handling.is_some_and(|handling| handling.chat == chat) {
            self.stop(now, measured);
        } else {
            self.inbox.remove(&(asked, chat));
        }
    }

    /// The chat to answer next, when they are there and free.
    pub(super) fn next(&mut self) -> Option<ChatNumber> {
        if self.online_since.is_none() || self.handling.is_some() {
            return None;
        }
        self.inbox.pop_first().map(|(_, chat)| chat)
    }

    /// Whether they are there and have nothing to answer.
    pub(super) fn is_idle(&self) -> bool {
        self.online_since.is_some() && self.handling.is_none() && self.inbox.is_empty()
    }

    /// They stop answering: done, or not.
    pub(super) fn stop(&mut self, now: Timestamp, measured: Measured) {
        if let Some(handling) = self.handling.take() {
            self.share.busy = self.share.busy + measured.part_of(handling.began, now);
        }
    }

    /// They go online, or offline.
    pub(super) fn turn(&mut self, online: bool, now: Timestamp, measured: Measured) {
        if let Some(since) = self.online_since.take() {
            self.share.online = self.share.online + measured.part_of(since, now);
        }
        self.online_since = online.then_some(now);
    }

    /// What was measured of them, when nothing more is.
    pub(super) fn finish(mut self, measured: Measured) -> AgentOutcome {
        self.stop(measured.to, measured);
        self.turn(false, measured.to, measured);
        self.share
    }
}
