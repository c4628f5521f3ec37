//! A shop in the morning, with whoever a test needs.

use crate::desk::Desk;
use crate::desk::agent::{AgentEntry, Presence};
use crate::desk::chatter::{agent_id, hours};
use crate::desk::command::{Applied, Attempt, BuyerMessage, Command, Reply};
use crate::desk::conversation::Stage;
use crate::desk::event::{CloseActor, Event, RequestMark};
use crate::desk::policy::Policy;
use crate::ids::{AgentId, CommandId, ConversationId, ShopId};
use crate::message::{Actor, MessageKind};
use crate::problem::{Problem, Reason};
use crate::time::{Span, Timestamp};

pub(super) const ANN: u8 = 1;
pub(super) const BEN: u8 = 2;
pub(super) const MAIN: u8 = 0;

/// A shop in the morning, with whoever a test needs.
pub(super) struct Shop {
    pub(super) desk: Desk,
    pub(super) now: Timestamp,
    pub(super) commands: u128,
}

impl Shop {
    pub(super) fn new() -> Self {
        let mut shop = Self { desk: Desk::new(ShopId::from_bits(1)), now: Timestamp::default(), commands: 0 };
        shop.ok(Command::SyncShop(hours()));
        shop
    }

    /// A shop with these agents online, each with this capacity.
    pub(super) fn with(agents: &[(u8, u32)]) -> Self {
        let mut shop = Self::new();
        for (agent, capacity) in agents {
            shop.sync(*agent, *capacity);
            shop.presence(*agent, Presence::Online);
        }
        shop
    }

    pub(super) fn sync(&mut self, agent: u8, capacity: u32) {
        self.ok(Command::SyncAgent { agent: agent_id(agent), entry: Box::new(entry(agent, capacity)) });
    }

    pub(super) fn attempt(
        &mut self,
        command: Command,
        request: Option<RequestMark>,
    ) -> Result<Applied, Problem> {
        self.commands += 1;
        let id = CommandId::from_bits(self.commands << 12);
        self.desk.apply(self.now, Attempt { id, request, traceparent: None, command })
    }

    pub(super) fn ok(&mut self, command: Command) -> Vec<Event> {
        self.attempt(command, None).expect("allowed").into_events()
    }

    pub(super) fn refused(&mut self, command: Command) -> Reason {
        let before = self.desk.snapshot();
        let reason = self.attempt(command, None).expect_err("refused").reason;
        assert_eq!(self.desk.snapshot(), before);
        reason
    }

    pub(super) fn presence(&mut self, agent: u8, presence: Presence) -> Vec<Event> {
        self.ok(Command::SetPresence { agent: agent_id(agent), presence, force: true })
    }

    pub(super) fn later(&mut self, span: Span) {
        self.now = self.now + span;
    }

    pub(super) fn says(&mut self, buyer: &str) -> ConversationId {
        let events = self.ok(Command::ReceiveMessage(message(buyer)));
        events[0].conversation.expect("a message belongs to a conversation")
    }

    pub(super) fn answers(&mut self, agent: u8, conversation: ConversationId) -> Vec<Event> {
        self.ok(Command::Reply(reply(agent, conversation)))
    }

    pub(super) fn closes(&mut self, agent: u8, conversation: ConversationId) -> Vec<Event> {
        let agent = Some(agent_id(agent));
        self.ok(Command::Close { conversation, by: CloseActor::Agent, agent, force: false })
    }

    /// Answered and closed.
    pub(super) fn serves(&mut self, agent: u8, conversation: ConversationId) {
        self.answers(agent, conversation);
        self.closes(agent, conversation);
    }

    pub(super) fn stage(&self, conversation: ConversationId) -> Stage {
        self.desk.conversation(conversation).expect("open").stage
    }

    pub(super) fn holder(&self, conversation: ConversationId) -> Option<AgentId> {
        self.desk.conversation(conversation).expect("open").agent()
    }

    pub(super) fn policy(&mut self, change: impl FnOnce(&mut Policy)) {
        let mut policy = self.desk.policy().0.clone();
        change(&mut policy);
        self.ok(Command::ReplacePolicy { policy: Box::new(policy), if_policy: None });
    }
}

pub(super) fn entry(agent: u8, capacity: u32) -> AgentEntry {
    AgentEntry {
        main_account: agent == MAIN,
        unlimited: agent == MAIN,
        capacity_ceiling: 1_000,
        ..AgentEntry::plain(format!("agent {agent}").into(), capacity)
    }
}

pub(super) fn message(buyer: &str) -> BuyerMessage {
    BuyerMessage {
        buyer: buyer.into(),
        channel: "test".into(),
        external: None,
        occurred: None,
        kind: MessageKind::Text,
        length: 5,
        group: None,
        origin: None,
        priority: 100,
    }
}

pub(super) fn reply(agent: u8, conversation: ConversationId) -> Reply {
    Reply {
        conversation,
        actor: Actor::Human,
        agent: Some(agent_id(agent)),
        kind: MessageKind::Text,
        length: 5,
        occurred: None,
        small_talk: false,
        language: Vec::new(),
    }
}
