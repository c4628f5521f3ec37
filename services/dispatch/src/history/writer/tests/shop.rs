//! A shop's desk that events come from.

use std::sync::Arc;

use fenliu_domain::desk::Desk;
use fenliu_domain::desk::agent::{AgentEntry, Presence};
use fenliu_domain::desk::command::{Attempt, BuyerMessage, Command, Reply};
use fenliu_domain::desk::conversation::Conversation;
use fenliu_domain::desk::event::{CloseActor, Event, HandOverReason, TransferTarget};
use fenliu_domain::desk::policy::{Policy, ShopHours};
use fenliu_domain::ids::{AgentId, CommandId, ConversationId, ShopId};
use fenliu_domain::message::{Actor, MessageKind};
use fenliu_domain::time::{Span, Timestamp};

/// A shop's desk, its time, and the number of the last command.
#[derive(Clone)]
pub(super) struct Shop {
    pub(super) desk: Desk,
    pub(super) now: Timestamp,
    commands: u128,
}

/// The agents of every shop.
pub(super) const AGENTS: [AgentId; 3] =
    [AgentId::from_bits(0xa1), AgentId::from_bits(0xa2), AgentId::from_bits(0xa3)];

impl Shop {
    /// A shop nothing has happened at; its commands are numbered within its own bits.
    pub(super) fn new(number: u128) -> Self {
        let id = ShopId::from_bits(number);
        Self { desk: Desk::new(id), now: Timestamp::default(), commands: number << 64 }
    }

    /// A shop with its agents, one of them online, and the events that made it so.
    pub(super) fn opened(number: u128) -> (Self, Vec<Arc<Event>>) {
        let mut shop = Self::new(number);
        let mut events = shop.act(Command::SyncShop(hours()));
        for agent in AGENTS {
            events.extend(shop.act(Command::SyncAgent { agent, entry: Box::new(entry(2)) }));
        }
        events.extend(shop.act(Command::SetPresence {
            agent: AGENTS[0],
            presence: Presence::Online,
            force: true,
        }));
        (shop, events)
    }

    /// The same desk in another life, whose commands have ids of their own.
    pub(super) fn other_life(&self) -> Self {
        Self { commands: self.commands + (1 << 32), ..self.clone() }
    }

    pub(super) const fn id(&self) -> ShopId {
        self.desk.shop()
    }

    /// The events of a command; none when it is refused.
    pub(super) fn act(&mut self, command: Command) -> Vec<Arc<Event>> {
        self.commands += 1;
        let id = CommandId::from_bits(self.commands << 12);
        let attempt = Attempt { id, request: None, traceparent: None, command };
        let applied = self.desk.apply(self.now, attempt);
        applied.map(|applied| applied.into_events().into_iter().map(Arc::new).collect()).unwrap_or_default()
    }

    /// The events of a buyer's message.
    pub(super) fn message(&mut self, buyer: &str) -> Vec<Arc<Event>> {
        self.act(message(buyer))
    }

    /// The events of the next of a random run's commands; all that it needs is drawn from `draw`.
    pub(super) fn step(&mut self, draw: (u8, u8, u8, u16)) -> Vec<Arc<Event>> {
        let (verb, a, b, seconds) = draw;
        self.now = self.now + Span::from_secs(i64::from(seconds));
        let agent = AGENTS[usize::from(b) % AGENTS.len()];
        let conversation = self.conversation(a);
        let held_by = self.desk.conversation(conversation).and_then(Conversation::agent);
        let buyer = format!("buyer-{}", a % 8);
        let command = match verb % 16 {
            0 => Command::SetPresence { agent, presence: Presence::ALL[usize::from(a) % 4], force: true },
            1 => Command::SetCapacity { agent, capacity: u32::from(a % 4) },
            2 => Command::EnterChat { buyer: buyer.as_str().into(), channel: "app".into() },
            3 => Command::RequestHuman { conversation, reason: HandOverReason::BuyerAsked },
            4 => Command::LeaveQueue { conversation },
            5 => Command::ReplacePolicy { policy: Box::new(policy(a, b)), if_policy: None },
            6 => {
                let target = match b % 3 {
                    0 => TransferTarget::Group("default".into()),
                    _ => TransferTarget::Agent(agent),
                };
                Command::Transfer { conversation, from: None, target }
            }
            7 => Command::Tick,
            8 | 9 => Command::Close {
                conversation,
                by: if b % 2 == 0 { CloseActor::Buyer } else { CloseActor::Agent },
                agent: held_by,
                force: false,
            },
            10..=12 => Command::Reply(Reply {
                conversation,
                actor: Actor::ALL[usize::from(b) % Actor::ALL.len()],
                agent: held_by,
                kind: MessageKind::Text,
                length: 2,
                occurred: None,
                small_talk: false,
                language: Vec::new(),
            }),
            _ => message(&buyer),
        };
        self.act(command)
    }

    /// One of the open conversations.
    fn conversation(&self, draw: u8) -> ConversationId {
        let open = self.desk.conversations();
        let place = usize::from(draw) % open.len().max(1);
        open.get(place).map_or(ConversationId::from_bits(1), |conversation| conversation.id)
    }
}

fn message(buyer: &str) -> Command {
    Command::ReceiveMessage(BuyerMessage {
        buyer: buyer.into(),
        channel: "app".into(),
        external: None,
        occurred: None,
        kind: MessageKind::Text,
        length: 2,
        group: None,
        origin: None,
        priority: 100,
    })
}

fn policy(a: u8, b: u8) -> Policy {
    Policy { queue_limit: u32::from(b % 4), robot_first: a.is_multiple_of(4), ..Policy::for_hours(hours()) }
}

fn hours() -> ShopHours {
    ShopHours { time_zone: "UTC".into(), service_start: "00:00".into(), service_end: "24:00".into() }
}

fn entry(capacity: u32) -> AgentEntry {
    AgentEntry { capacity_ceiling: 10, ..AgentEntry::plain("Ann".into(), capacity) }
}
