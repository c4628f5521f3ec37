//! What a command costs the desk, and whether that depends on how many agents there are.
//!
//! `cargo bench -p fenliu-domain --bench desk` prints nanoseconds per command for desks of 10 to 10,000 agents,
//! beside a floor (the same events carried out by `replay` alone), and the ratio of the largest to the smallest.
//! Desks take turns within each round and the median of the rounds counts, because these machines are noisy.

use std::hint::black_box;
use std::time::{Duration, Instant};

use fenliu_domain::desk::Desk;
use fenliu_domain::desk::agent::{AgentEntry, Presence};
use fenliu_domain::desk::command::{Attempt, BuyerMessage, Command, Reply};
use fenliu_domain::desk::event::{CloseActor, Event, Payload};
use fenliu_domain::desk::policy::ShopHours;
use fenliu_domain::ids::{AgentId, CommandId, ConversationId, ShopId};
use fenliu_domain::message::{Actor, MessageKind};
use fenliu_domain::time::{Span, Timestamp};

/// Agents of the desks compared.
const SIZES: [u32; 4] = [10, 100, 1_000, 10_000];
/// Conversations open at any moment, on every desk.
const OPEN: u64 = 20;
/// Conversations begun, answered and closed per round: three commands each.
const CYCLES: u64 = 10_000;
/// Rounds; their median counts.
const ROUNDS: usize = 15;

struct Shop {
    desk: Desk,
    now: Timestamp,
    commands: u128,
    buyers: u64,
    open: std::collections::VecDeque<(ConversationId, AgentId)>,
    /// Kept while the floor is measured.
    events: Option<Vec<Event>>,
}

impl Shop {
    fn new(agents: u32) -> Self {
        let mut shop = Self {
            desk: Desk::new(ShopId::from_bits(1)),
            now: Timestamp::default(),
            commands: 0,
            buyers: 0,
            open: std::collections::VecDeque::new(),
            events: None,
        };
        let hours =
            ShopHours { time_zone: "UTC".into(), service_start: "08:00".into(), service_end: "23:00".into() };
        shop.apply(Command::SyncShop(hours));
        for n in 0..agents {
            let agent =
                AgentId::from_bits(u128::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
            let entry = AgentEntry {
                display_name: format!("agent {n}").into(),
                main_account: false,
                groups: Vec::new(),
                capacity_ceiling: 200,
                capacity_default: 10,
                unlimited: false,
                enabled: true,
                weight: 1,
                duty: None,
                sanction: None,
            };
            shop.apply(Command::SyncAgent { agent, entry: Box::new(entry) });
            shop.apply(Command::SetPresence { agent, presence: Presence::Online, force: true });
        }
        for _ in 0..OPEN {
            shop.begin();
        }
        shop
    }

    fn apply(&mut self, command: Command) -> Vec<Event> {
        self.commands += 1;
        self.now = self.now + Span::from_millis(50);
        let id = CommandId::from_bits(self.commands << 12);
        let attempt = Attempt { id, request: None, traceparent: None, command };
        let events = self.desk.apply(self.now, attempt).expect("allowed").into_events();
        if let Some(kept) = &mut self.events {
            kept.extend(events.iter().cloned());
        }
        events
    }

    fn begin(&mut self) {
        self.buyers += 1;
        let events = self.apply(Command::ReceiveMessage(BuyerMessage {
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
        let assigned = events.iter().find_map(|event| match event.payload {
            Payload::Assigned { agent, .. } => Some((event.conversation?, agent)),
            _ => None,
        });
        self.open.push_back(assigned.expect("there is room"));
    }

    fn end(&mut self) {
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

    fn round(&mut self) -> Duration {
        timed(|| {
            for _ in 0..CYCLES {
                self.begin();
                self.end();
            }
        })
    }

    /// The same round's events carried out without deciding anything.
    fn floor(&mut self) -> Duration {
        let mut replica = Desk::restore(self.desk.snapshot().expect("a desk"));
        self.events = Some(Vec::new());
        self.round();
        let events = self.events.take().unwrap_or_default();
        timed(|| {
            for event in &events {
                replica.replay(event).expect("in order");
            }
            black_box(&replica);
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn per_command(round: Duration) -> f64 {
    round.as_secs_f64() * 1e9 / (CYCLES as f64 * 3.0)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The median of the ratios within each round: what slows the machine for a while slows both sides of one.
fn ratio(of: &[Duration], to: &[Duration]) -> f64 {
    median(of.iter().zip(to).map(|(of, to)| of.as_secs_f64() / to.as_secs_f64()).collect())
}

fn main() {
    let mut shops = SIZES.map(Shop::new);
    let mut rounds = SIZES.map(|_| Vec::new());
    let mut floors = SIZES.map(|_| Vec::new());
    for _ in 0..ROUNDS {
        for (place, shop) in shops.iter_mut().enumerate() {
            rounds[place].push(shop.round());
            floors[place].push(shop.floor());
        }
    }
    println!("a command of begin-answer-close, {OPEN} conversations open, median of {ROUNDS} rounds");
    println!("{:>8} {:>14} {:>14} {:>10}", "agents", "apply ns", "replay ns", "ratio");
    for ((agents, apply), floor) in SIZES.iter().zip(&rounds).zip(&floors) {
        let nanos = |rounds: &[Duration]| median(rounds.iter().copied().map(per_command).collect());
        println!("{agents:>8} {:>14.0} {:>14.0} {:>10.2}", nanos(apply), nanos(floor), ratio(apply, floor));
    }
    println!("{} against {} agents: {:.2} times", SIZES[3], SIZES[0], ratio(&rounds[3], &rounds[0]));
}
