//! What a command costs on the embedded engine, and whether that depends on how many agents there are, or how many
//! conversations are open.
//!
//! `cargo bench -p fenliu-live --bench embedded` prints nanoseconds per command, proposed and confirmed as dispatch does
//! it: with the caller's request, and the channel's id of a buyer's message. `cargo bench -p fenliu-domain --bench desk`
//! has the same course on the desk alone, without the engine. Engines take turns within each round and the median of the
//! rounds counts, because these machines are noisy.

use std::time::Duration;

use fenliu_domain::desk::Head;
use fenliu_domain::desk::command::{Attempt, Command};
use fenliu_domain::desk::event::{Event, RequestMark, Seq};
use fenliu_domain::time::Timestamp;
use fenliu_live::{EmbeddedDesks, Epoch, Known, LiveDesk, Outcome};
use futures::FutureExt;
use measure::{median, ratio, timed};
use shop::{Reception, SHOP, Shop};

#[path = "../../domain/benches/measure.rs"]
mod measure;
#[path = "../../domain/benches/shop.rs"]
mod shop;

/// As the services have it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Conversations begun, answered and closed per round: three commands each.
const CYCLES: u64 = 10_000;
/// Rounds; their median counts.
const ROUNDS: usize = 15;

/// The engine, and what its caller knows to be stored.
struct Engine {
    desks: EmbeddedDesks,
    stored: Seq,
    requests: u64,
}

impl Engine {
    fn new() -> Self {
        let desks = EmbeddedDesks::new();
        desks.begin(Epoch(1), SHOP).now_or_never().expect("it never waits");
        Self { desks, stored: Seq::default(), requests: 0 }
    }
}

impl Reception for Engine {
    fn carry_out(&mut self, now: Timestamp, mut attempt: Attempt, see: &mut dyn FnMut(&Event)) {
        self.requests += 1;
        let request_id = format!("request {}", self.requests).into();
        attempt.request = Some(RequestMark { caller: "bench".into(), request_id, body_hash: [7; 32] });
        if let Command::ReceiveMessage(message) = &mut attempt.command {
            message.external = Some(format!("message {}", self.requests).into());
        }
        let known = Known { seq: self.stored, is_new: true };
        let proposal = self.desks.propose(SHOP, now, known, attempt).now_or_never();
        let proposal = proposal.expect("it never waits").expect("allowed");
        let Outcome::Done(events) = proposal.outcome else { panic!("nothing is repeated") };
        events.iter().for_each(|event| see(event));
        let Some(last) = proposal.tail.last() else { return };
        let head = Head { seq: last.seq, event: last.id };
        self.stored = head.seq;
        self.desks
            .confirm(SHOP, proposal.epoch, head)
            .now_or_never()
            .expect("it never waits")
            .expect("one life");
    }
}

/// An engine under the clock.
struct Course {
    agents: u32,
    open: u64,
    shop: Shop<Engine>,
    rounds: Vec<Duration>,
}

impl Course {
    fn new(agents: u32, open: u64) -> Self {
        Self { agents, open, shop: Shop::new(Engine::new(), agents, open), rounds: Vec::new() }
    }
}

fn compare(title: &str, sizes: impl Iterator<Item = (u32, u64)>) {
    println!("{title}: a command of begin-answer-close, median of {ROUNDS} rounds");
    let mut courses: Vec<_> = sizes.map(|(agents, open)| Course::new(agents, open)).collect();
    for _ in 0..ROUNDS {
        for course in &mut courses {
            course.rounds.push(timed(|| course.shop.serve(CYCLES)));
        }
    }
    println!("{:>8} {:>10} {:>10} {:>16}", "agents", "open", "ns", "to the smallest");
    for course in &courses {
        let each = course.rounds.iter().map(|round| round.as_secs_f64() * 1e9 / (CYCLES as f64 * 3.0));
        println!(
            "{:>8} {:>10} {:>10.0} {:>16.2}",
            course.agents,
            course.open,
            median(each.collect()),
            ratio(&course.rounds, &courses[0].rounds),
        );
    }
}

fn main() {
    compare("by agents", [10, 100, 1_000, 10_000].into_iter().map(|agents| (agents, 20)));
    compare("by open conversations", [10, 1_000, 100_000, 1_000_000].into_iter().map(|open| (10_000, open)));
}
