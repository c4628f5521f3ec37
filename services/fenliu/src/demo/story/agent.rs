//! An agent at work.

use std::collections::BTreeSet;

use fenliu_domain::desk::agent::Presence;
use fenliu_domain::ids::ConversationId;
use fenliu_domain::time::{Span, Timestamp};

use crate::chance::Chance;
use crate::demo::arrivals::seconds;
use crate::demo::cast::{MIN_HANDLING_SECONDS, Part};

/// One agent: whom they have, what they owe, and what they are doing.
#[derive(Clone, Debug)]
pub(super) struct Agent {
    part: Part,
    chance: Chance,
    /// What the desk takes them for.
    pub(super) presence: Presence,
    /// Whether the desk lets them say nothing.
    pub(super) muted: bool,
    /// Whether they sit at a console that reaches the desk.
    pub(super) connected: bool,
    /// Whether the console's next heartbeat is planned.
    pub(super) beating: bool,
    /// Whether their shift is over.
    pub(super) leaving: bool,
    chats: BTreeSet<ConversationId>,
    /// Conversations that owe an answer, by since when.
    owed: BTreeSet<(Timestamp, ConversationId)>,
    answering: Option<ConversationId>,
}

impl Agent {
    pub(super) fn new(part: Part, seed: u64, purpose: u64) -> Self {
        Self {
            part,
            chance: Chance::for_purpose(seed, purpose),
            presence: Presence::Offline,
            muted: false,
            connected: false,
            beating: false,
            leaving: false,
            chats: BTreeSet::new(),
            owed: BTreeSet::new(),
            answering: None,
        }
    }

    /// Sits down; true when heartbeats have to begin.
    pub(super) fn come(&mut self) -> bool {
        self.connected = true;
        !std::mem::replace(&mut self.beating, true)
    }

    /// Puts down what they are doing.
    pub(super) fn pause(&mut self) {
        self.answering = None;
    }

    /// The console no longer reaches the desk.
    pub(super) fn drop_off(&mut self) {
        self.connected = false;
        self.pause();
    }

    /// Whether they answer questions now.
    pub(super) fn is_working(&self) -> bool {
        self.connected && !self.muted && matches!(self.presence, Presence::Online | Presence::Busy)
    }

    /// Whether they hold no conversation.
    pub(super) fn has_nobody(&self) -> bool {
        self.chats.is_empty()
    }

    pub(super) fn take(&mut self, owed: Option<Timestamp>, conversation: ConversationId) {
        self.chats.insert(conversation);
        self.owed.extend(owed.map(|since| (since, conversation)));
    }

    pub(super) fn lose(&mut self, owed: Option<Timestamp>, conversation: ConversationId) {
        self.chats.remove(&conversation);
        if let Some(since) = owed {
            self.owed.remove(&(since, conversation));
        }
        if self.answering == Some(conversation) {
            self.answering = None;
        }
    }

    pub(super) fn owes(&mut self, since: Timestamp, conversation: ConversationId) {
        self.owed.insert((since, conversation));
    }

    pub(super) fn settled(&mut self, since: Timestamp, conversation: ConversationId) {
        self.owed.remove(&(since, conversation));
    }

    /// Begins with the question that has waited longest, unless another is being answered; says how long it takes.
    pub(super) fn start(&mut self) -> Option<(ConversationId, Span)> {
        if !self.is_working() || self.answering.is_some() {
            return None;
        }
        let (_, conversation) = *self.owed.first()?;
        self.answering = Some(conversation);
        let mean = self.part.mean_handling_seconds - MIN_HANDLING_SECONDS;
        Some((conversation, seconds(MIN_HANDLING_SECONDS + self.chance.exponential(mean))))
    }

    /// Ends what was begun; false when it was put down or taken away in between.
    pub(super) fn finish(&mut self, conversation: ConversationId) -> bool {
        let holds = self.answering == Some(conversation) && self.is_working();
        if self.answering == Some(conversation) {
            self.answering = None;
        }
        holds
    }
}
