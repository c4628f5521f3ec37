//! What a command costs the desk, and whether that depends on how many agents there are, or how many conversations
//! are open.
//!
//! `cargo bench -p fenliu-domain --bench desk` prints nanoseconds per command for desks of 10 to 10,000 agents, and of
//! 10 to 1,000,000 open conversations, beside a floor (the same events carried out by `replay` alone), and the ratio of
//! each desk to the smallest. A walk through as much memory as the largest desk takes says what one cold line of memory
//! costs on this machine, and so how many of them a course touches more than on the smallest. Desks take turns within
//! each round and the median of the rounds counts, because these machines are noisy.

use std::hint::black_box;
use std::time::Duration;

use fenliu_domain::desk::Desk;
use measure::{median, ratio, timed};
use shop::{SHOP, Shop};

mod measure;
mod shop;

/// As the services have it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Conversations begun, answered and closed per round: three commands each.
const CYCLES: u64 = 10_000;
/// Rounds; their median counts.
const ROUNDS: usize = 15;
/// Lines that are walked through: 268 MB, about what a million open conversations take.
const LINES: u32 = 1 << 22;
/// Steps of a round's walk.
const STEPS: u32 = 200_000;

/// A desk under the clock.
struct Course {
    agents: u32,
    open: u64,
    shop: Shop<Desk>,
    /// Carries out the same events without deciding anything.
    replica: Desk,
    rounds: Vec<Duration>,
    floors: Vec<Duration>,
}

impl Course {
    fn new(agents: u32, open: u64) -> Self {
        let shop = Shop::new(Desk::new(SHOP), agents, open);
        let replica = Desk::restore(shop.reception.snapshot().expect("a desk"));
        Self { agents, open, shop, replica, rounds: Vec::new(), floors: Vec::new() }
    }

    fn run(&mut self) {
        self.shop.events = Some(Vec::new());
        self.rounds.push(timed(|| self.shop.serve(CYCLES)));
        let events = self.shop.events.take().unwrap_or_default();
        self.floors.push(timed(|| {
            for event in &events {
                self.replica.replay(event).expect("in order");
            }
        }));
    }
}

/// A line of memory, as caches keep it, that names the next.
#[repr(align(64))]
struct Line(u32);

/// Nanoseconds for a line of memory that no cache holds, in a walk in which each step must wait for the one before it.
fn cold_line() -> f64 {
    // A linear congruential generator with an odd step and Knuth's multiplier visits every line once.
    let next = |line: u32| line.wrapping_mul(0x4c95_7f2d).wrapping_add(1) % LINES;
    let lines: Vec<_> = (0..LINES).map(|line| Line(next(line))).collect();
    let mut at = 0;
    let mut walk = || {
        for _ in 0..STEPS {
            at = lines[at as usize].0;
        }
        black_box(at);
    };
    median((0..ROUNDS).map(|_| timed(&mut walk).as_secs_f64() * 1e9 / f64::from(STEPS)).collect())
}

fn per_command(rounds: &[Duration]) -> f64 {
    median(rounds.iter().map(|round| round.as_secs_f64() * 1e9 / (CYCLES as f64 * 3.0)).collect())
}

fn compare(title: &str, sizes: impl Iterator<Item = (u32, u64)>) {
    println!("{title}: a command of begin-answer-close, median of {ROUNDS} rounds");
    let mut courses: Vec<_> = sizes.map(|(agents, open)| Course::new(agents, open)).collect();
    for _ in 0..ROUNDS {
        courses.iter_mut().for_each(Course::run);
    }
    println!(
        "{:>8} {:>10} {:>10} {:>10} {:>14} {:>16}",
        "agents", "open", "apply ns", "replay ns", "apply : replay", "to the smallest"
    );
    for course in &courses {
        println!(
            "{:>8} {:>10} {:>10.0} {:>10.0} {:>14.2} {:>16.2}",
            course.agents,
            course.open,
            per_command(&course.rounds),
            per_command(&course.floors),
            ratio(&course.rounds, &course.floors),
            ratio(&course.rounds, &courses[0].rounds),
        );
    }
    let (smallest, largest) = (&courses[0], &courses[courses.len() - 1]);
    let more = 3.0 * (per_command(&largest.rounds) - per_command(&smallest.rounds));
    let line = cold_line();
    println!(
        "floor: a cold line of memory costs {line:.0} ns; a course on the largest desk takes {more:.0} ns, {:.1} lines, \
         more than on the smallest",
        more / line
    );
}

fn main() {
    compare("by agents", [10, 100, 1_000, 10_000].into_iter().map(|agents| (agents, 20)));
    compare("by open conversations", [10, 1_000, 100_000, 1_000_000].into_iter().map(|open| (10_000, open)));
}
