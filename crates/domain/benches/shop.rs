//! A shop at full work: agents online, buyers who come, are answered and leave, the one who came first first.

use std::collections::VecDeque;

use fenliu_domain::desk::Desk;
use fenliu_domain::desk::agent::{AgentEntry, Presence};
use fenliu_domain::desk::command::{Attempt, BuyerMessage, Command, Reply};
use fenliu_domain::desk::event::{CloseActor, Event, Payload};
use fenliu_domain::desk::policy::ShopHours;
use fenliu_domain::ids::{AgentId, CommandId, ConversationId, ShopId};
use fenliu_domain::message::{Actor, MessageKind};
use fenliu_domain::time::{Span, Timestamp};

/// The most an agent may be given.
const CAPACITY: u32 = 200;

/// The shop.
pub(crate) const SHOP: ShopId = ShopId::from_bits(1);

/// What decides for the shop.
pub(crate) trait Reception {
    /// Does what is asked, which is allowed, and shows what happened.
    fn carry_out(&mut self, now: Timestamp, attempt: Attempt, see: &mut dyn FnMut(&Event));
}

impl Reception for Desk {
    fn carry_out(&mut self, now: Timestamp, attempt: Attempt, see: &mut dyn FnMut(&Event)) {
        self.apply(now, attempt).expect("allowed").into_events().iter().for_each(see);
    }
}

/// A reception and those who come to it.
pub(crate) struct Shop<R> {
    /// Who decides.
    pub(crate) reception: R,
    now: Timestamp,
    commands: u128,
    buyers: u64,
    open: VecDeque<(ConversationId, AgentId)>,
    /// Kept while somebody wants them.
    pub(crate) events: Option<Vec<Event>>,
}

impl<R: Reception> Shop<R> {
    /// A shop with so many agents online and so many conversations open.
    pub(crate) fn new(reception: R, agents: u32, open: u64) -> Self {
        let mut shop = Self {
            reception,
            now: Timestamp::default(),
            commands: 0,
            buyers: 0,
            open: VecDeque::new(),
            events: None,
        };
        let hours =
            ShopHours { time_zone: "UTC".into(), service_start: "08:00".into(), service_end: "23:00".into() };
        shop.apply(Command::SyncShop(hours));
        for n in 0..agents {
            let agent =
                AgentId::from_bits(u128::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
            let entry = AgentEntry::plain(format!("agent {n}").into(), CAPACITY);
            shop.apply(Command::SyncAgent { agent, entry: Box::new(entry) });
            shop.apply(Command::SetPresence { agent, presence: Presence::Online, force: true });
        }
        (0..open).for_each(|_| shop.begin());
        shop
    }

    /// Does it, and tells which conversation an agent was given by it, if one was.
    fn apply(&mut self, command: Command) -> Option<(ConversationId, AgentId)> {
        self.commands += 1;
        self.now = self.now + Span::from_millis(50);
        let id = CommandId::from_bits(self.commands << 12);
        let attempt = Attempt { id, request: None, traceparent: None, command };
        let (mut assigned, kept) = (None, &mut self.events);
        self.reception.carry_out(self.now, attempt, &mut |event| {
            if let Payload::Assigned { agent, .. } = event.payload {
                assigned = event.conversation.map(|conversation| (conversation, agent));
            }
            if let Some(kept) = kept {
                kept.push(event.clone());
            }
        });
        assigned
    }

    /// A buyer comes, and is given to an agent.
    pub(crate) fn begin(&mut self) {
        self.buyers += 1;
        let assigned = self.apply(Command::ReceiveMessage(BuyerMessage {
            buyer: format!("buyer {}", self.buyers).into(),
            channel: "bench".into(),
            external: None,
            occurred: None,
            kind: MessageKind::Text,
            length: 10,
            group: None,
            origin: None,
            priority: 100,
        }));
        self.open.push_back(assigned.expect("there is room"));
    }

    /// Who came first is answered and leaves.
    pub(crate) fn end(&mut self) {
        let (conversation, agent) = self.open.pop_front().expect("one is open");
        self.apply(Command::Reply(Reply {
            conversation,
            actor: Actor::Human,
            agent: Some(agent),
            kind: MessageKind::Text,
            length: 10,
            occurred: None,
            small_talk: false,
            language: Vec::new(),
        }));
        self.apply(Command::Close { conversation, by: CloseActor::Agent, agent: Some(agent), force: false });
    }

    /// So many come while as many are answered and leave: three commands each.
    pub(crate) fn serve(&mut self, cycles: u64) {
        for _ in 0..cycles {
            self.begin();
            self.end();
        }
    }
}
