//! How fast an evening is simulated, and what it shows.
//!
//! `cargo bench -p fenliu-domain --bench simulation` prints chats and desk commands per second, the median of the rounds,
//! and the figures of the design's routing evidence at its full size: 120,000 chats, five seeds.

use std::time::Instant;

use fenliu_domain::desk::agent::AgentEntry;
use fenliu_domain::desk::policy::{Policy, ShopHours};
use fenliu_domain::desk::strategy::Strategy;
use fenliu_domain::ids::AgentId;
use fenliu_domain::simulation::{
    Arrivals, Comparison, Demand, Distribution, Interval, Measures, Profile, Reception, SLOT, Scenario,
    Staff, Summary, compare,
};
use fenliu_domain::time::{Span, Timestamp};

/// Agents, and the chats each may hold.
const AGENTS: u32 = 10;
/// Chats of one run.
const CHATS: f64 = 120_000.0;
/// Rounds; their median counts.
const ROUNDS: u64 = 7;
/// Limit of a reply in time.
const LIMIT: Span = Span::from_secs(180);

/// Nine of ten agents would be kept busy: six messages a chat, 30 s each.
fn evening() -> Scenario {
    let per_slot = 0.9 * f64::from(AGENTS) / (6.0 * 30.0) * SLOT.seconds();
    let slots = (CHATS / per_slot).ceil() as usize;
    let start = Timestamp::from_micros_clamped(1_767_225_600_000_000);
    Scenario {
        demand: Demand {
            arrivals: Arrivals::Profile(Profile {
                start,
                per_slot: vec![per_slot; slots],
                kinds: Vec::new(),
            }),
            messages: 6.0,
            handling: Distribution::Exponential(Span::from_secs(30)),
            think: Distribution::Exponential(Span::from_secs(60)),
            patience: None,
        },
        warm_up: Span::from_hours(1),
        until: None,
    }
}

fn staff(number: u32) -> Staff {
    Staff {
        id: AgentId::from_bits(u128::from(number)),
        entry: AgentEntry::plain(format!("agent {number}").into(), AGENTS),
        speed: 1.0,
        online: Vec::new(),
        breaks: Vec::new(),
    }
}

/// No buyer comes twice, so that none need be remembered.
fn reception(strategy: Strategy) -> Reception {
    let hours =
        ShopHours { time_zone: "UTC".into(), service_start: "00:00".into(), service_end: "24:00".into() };
    let policy = Policy {
        strategy,
        queue_limit: 10_000,
        last_agent_windows: Vec::new(),
        reopen_window: Span::ZERO,
        ..Policy::for_hours(hours)
    };
    Reception { name: strategy.name().into(), policy, staff: (1..=AGENTS).map(staff).collect() }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn speed(reception: &Reception) {
    let scenario = evening();
    let (mut chats, mut commands) = (Vec::new(), Vec::new());
    for seed in 0..ROUNDS {
        let start = Instant::now();
        let outcome = scenario.run(reception, seed).expect("allowed");
        let seconds = start.elapsed().as_secs_f64();
        chats.push(outcome.arrivals as f64 / seconds);
        commands.push(outcome.commands as f64 / seconds);
    }
    println!(
        "{:.0} chats and {:.0} commands of the desk a second, median of {ROUNDS} rounds",
        median(chats),
        median(commands)
    );
}

fn cell(interval: Option<Interval>) -> String {
    interval.map_or_else(|| "-".into(), |found| format!("{:.3} ± {:.3}", found.mean, found.half_width))
}

fn row(table: &Comparison, place: usize) -> String {
    let mean = |figure: fn(&Summary) -> Option<f64>| cell(table.mean(place, figure));
    format!(
        "{:<24} {:>16} {:>18} {:>16} {:>16}",
        table.names[place],
        mean(|summary| summary.replies_in_time),
        mean(|summary| summary.first_replies.mean),
        mean(|summary| summary.uneven_chats),
        mean(|summary| summary.occupancy),
    )
}

fn main() {
    let receptions: Vec<_> = Strategy::ALL.iter().copied().map(reception).collect();
    speed(&receptions[0]);
    let table =
        compare(&evening(), &receptions, &[1, 2, 3, 4, 5], &Measures::within(LIMIT)).expect("allowed");
    println!(
        "{:<24} {:>16} {:>18} {:>16} {:>16}",
        "", "within 180 s", "first reply, s", "uneven", "occupancy"
    );
    for place in 0..receptions.len() {
        println!("{}", row(&table, place));
    }
}
