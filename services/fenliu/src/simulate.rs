//! `fenliu simulate`: invented buyers meet the production desk under several strategies, and the strategies are
//! compared.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use fenliu_domain::desk::agent::AgentEntry;
use fenliu_domain::desk::policy::{Policy, ShopHours};
use fenliu_domain::desk::strategy::Strategy;
use fenliu_domain::ids::AgentId;
use fenliu_domain::problem::Problem;
use fenliu_domain::simulation::{
    Arrivals, Comparison, Demand, Distribution, Interval, Profile, Reception, SLOT, Scenario, Staff, Summary,
    compare_on,
};
use fenliu_domain::time::{Span, Timestamp};
use serde::Serialize;

use crate::cli::simulate::SimulateArgs;
use crate::output::Answer;
use crate::progress::Progress;
use crate::table::Table;

/// The strategies shown unless others are asked for.
const USUAL: [Strategy; 4] = [
    Strategy::Random { seed: 0 },
    Strategy::RoundRobin,
    Strategy::LeastSaturated,
    Strategy::LeastUnanswered { open_permille: 100 },
];
/// Left out of what is measured: the desk begins empty.
const WARM_UP: Span = Span::from_hours(1);
/// 2026-01-01T00:00:00Z: any time will do.
const BEGINNING: Timestamp = Timestamp::from_micros_clamped(1_767_225_600_000_000);

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Simulated {
    agents: u32,
    capacity: u32,
    load_percent: u32,
    buyers: u32,
    seeds: u32,
    limit_seconds: u32,
    strategies: Vec<Line>,
}

/// One strategy; shares in percent, times in seconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Line {
    strategy: String,
    in_time: Option<Figure>,
    in_time_beside_the_first: Option<Figure>,
    first_reply_mean: Option<Figure>,
    first_reply_p90: Option<Figure>,
    queue_wait_p90: Option<Figure>,
    abandoned: Option<Figure>,
    chats_uneven: Option<Figure>,
    occupancy: Option<Figure>,
}

/// A figure with its 95 % interval over the seeds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Figure {
    mean: f64,
    half_width: f64,
}

/// Runs `fenliu simulate`.
///
/// # Errors
/// When the desk refuses what the simulation does, which would be a defect.
pub fn simulate(args: &SimulateArgs) -> anyhow::Result<Answer> {
    let strategies = if args.strategy.is_empty() { USUAL.to_vec() } else { args.strategy.clone() };
    let receptions: Vec<_> = strategies.iter().map(|strategy| reception(args, *strategy)).collect();
    let comparison = compare(args, &receptions).context("the desk refused what the simulation does")?;
    let simulated = Simulated {
        agents: args.agents,
        capacity: args.capacity,
        load_percent: args.load,
        buyers: args.buyers,
        seeds: args.seeds,
        limit_seconds: args.limit,
        strategies: (0..receptions.len()).map(|place| line(&comparison, place)).collect(),
    };
    Answer::new(&simulated, simulated.to_string())
}

/// Lets seeds run side by side, one on each core.
fn compare(args: &SimulateArgs, receptions: &[Reception]) -> Result<Comparison, Problem> {
    let scenario = scenario(args);
    let limit = Span::from_secs(args.limit.into());
    let progress = Progress::steps(args.seeds.into(), "simulating");
    let waiting = Mutex::new((1..=u64::from(args.seeds)).collect::<VecDeque<_>>());
    let done = Mutex::new(Vec::new());
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    let Some(seed) = next else { return };
                    let compared = compare_on(&scenario, receptions, seed, limit);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((seed, compared));
                    progress.advance(1);
                }
            });
        }
    });
    progress.finish();
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(seed, _)| *seed);
    let by_seed = done.into_iter().map(|(_, compared)| compared).collect::<Result<_, _>>()?;
    Ok(Comparison { names: receptions.iter().map(|reception| reception.name.clone()).collect(), by_seed })
}

fn seconds(seconds: u32) -> Distribution {
    Distribution::Exponential(Span::from_secs(seconds.into()))
}

fn scenario(args: &SimulateArgs) -> Scenario {
    // So many buyers a second that answering them takes this share of the agents' time.
    let share = f64::from(args.load) / 100.0;
    let per_second = share * f64::from(args.agents) / f64::from(args.messages * args.handling);
    let per_slot = per_second * SLOT.seconds();
    let slots = (f64::from(args.buyers) / per_slot).ceil().max(1.0) as usize;
    Scenario {
        demand: Demand {
            arrivals: Arrivals::Profile(Profile {
                start: BEGINNING,
                per_slot: vec![per_slot; slots],
                kinds: Vec::new(),
            }),
            messages: f64::from(args.messages),
            handling: seconds(args.handling),
            think: seconds(args.think),
            patience: args.patience.map(|patience| Span::from_secs(patience.into())),
        },
        warm_up: WARM_UP,
        until: None,
    }
}

fn reception(args: &SimulateArgs, strategy: Strategy) -> Reception {
    let hours =
        ShopHours { time_zone: "UTC".into(), service_start: "00:00".into(), service_end: "24:00".into() };
    // No buyer comes twice, so that none need be remembered.
    let policy = Policy {
        strategy,
        queue_limit: fenliu_domain::desk::policy::MAX_QUEUE_LIMIT,
        last_agent_windows: Vec::new(),
        reopen_window: Span::ZERO,
        ..Policy::for_hours(hours)
    };
    let staff = (1..=args.agents).map(|number| Staff {
        id: AgentId::from_bits(number.into()),
        entry: AgentEntry {
            display_name: format!("agent {number}").into(),
            main_account: false,
            groups: Vec::new(),
            capacity_ceiling: args.capacity,
            capacity_default: args.capacity,
            unlimited: false,
            enabled: true,
            weight: 1,
            duty: None,
            sanction: None,
        },
        speed: 1.0,
        online: Vec::new(),
    });
    Reception { name: strategy.name().to_owned(), policy, staff: staff.collect() }
}

fn line(comparison: &Comparison, place: usize) -> Line {
    let figure = |interval: Option<Interval>| {
        interval.map(|found| Figure { mean: found.mean, half_width: found.half_width })
    };
    let mean = |of: &dyn Fn(&Summary) -> Option<f64>| figure(comparison.mean(place, of));
    let in_time = |summary: &Summary| percent(summary.replies_in_time);
    Line {
        strategy: comparison.names[place].clone(),
        in_time: mean(&in_time),
        in_time_beside_the_first: (place > 0)
            .then(|| figure(comparison.difference(place, 0, in_time)))
            .flatten(),
        first_reply_mean: mean(&|summary| summary.first_replies.mean),
        first_reply_p90: mean(&|summary| summary.first_replies.p90),
        queue_wait_p90: mean(&|summary| summary.queue_waits.p90),
        abandoned: mean(&|summary| percent(summary.abandoned)),
        chats_uneven: mean(&|summary| percent(summary.uneven_chats)),
        occupancy: mean(&|summary| percent(summary.occupancy)),
    }
}

fn percent(share: Option<f64>) -> Option<f64> {
    share.map(|share| share * 100.0)
}

impl fmt::Display for Simulated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { agents, capacity, load_percent, buyers, seeds, limit_seconds, .. } = self;
        writeln!(
            f,
            "{agents} agents who hold up to {capacity} each, at {load_percent} % load; {buyers} buyers with each of \
             {seeds} seeds\n"
        )?;
        let in_time = format!(">≤ {limit_seconds} s %");
        let mut table = Table::new(&[
            "strategy",
            &in_time,
            ">beside the first",
            ">first reply s",
            ">p90 s",
            ">queue p90 s",
            ">gave up %",
            ">uneven %",
            ">occupied %",
        ]);
        for line in &self.strategies {
            let cell = |figure: Option<Figure>| {
                figure.map_or_else(|| "-".to_owned(), |it| format!("{:.1} ± {:.1}", it.mean, it.half_width))
            };
            table.row([
                line.strategy.clone(),
                cell(line.in_time),
                line.in_time_beside_the_first
                    .map_or_else(String::new, |it| format!("{:+.1} ± {:.1}", it.mean, it.half_width)),
                cell(line.first_reply_mean),
                cell(line.first_reply_p90),
                cell(line.queue_wait_p90),
                cell(line.abandoned),
                cell(line.chats_uneven),
                cell(line.occupancy),
            ]);
        }
        write!(f, "{table}")
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn asked(words: &[&str]) -> Answer {
        let words = ["fenliu", "simulate", "--buyers", "2000", "--seeds", "3"].iter().chain(words);
        let Command::Simulate(args) = Cli::parse_from(words).command else { panic!("another command") };
        simulate(&args).expect("simulated")
    }

    #[test]
    fn strategies_are_compared_on_the_same_buyers_with_the_first() {
        let answer = asked(&["--strategy", "random", "--strategy", "least_saturated"]);
        let lines = answer.json()["strategies"].as_array().expect("a line each").clone();
        assert_eq!(lines.len(), 2);
        let better = &lines[1]["in_time_beside_the_first"];
        let (mean, half_width) = (better["mean"].as_f64(), better["half_width"].as_f64());
        assert!(mean > half_width, "the least saturated answers more in time: {better}");
        assert!(answer.text().contains("least_saturated"), "{}", answer.text());
    }

    #[test]
    fn the_same_seeds_give_the_same_answer() {
        assert_eq!(asked(&[]).text(), asked(&[]).text());
    }
}
