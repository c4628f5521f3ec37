//! `fenliu simulate`: invented or recorded buyers meet the production desk under several policies, rosters and
//! strategies, and what comes of it is compared.
//!
//! `buyers` says who comes, `receptions` who answers them and by which rules (`policies` and `rosters` read these), and
//! `answer` shows what came of it.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, anyhow};
use fenliu_domain::day::Zone;
use fenliu_domain::pack::RulePack;
use fenliu_domain::problem::Problem;
use fenliu_domain::simulation::{Comparison, Measures, Reception, Scenario, compare_on};
use fenliu_domain::time::Span;

use crate::cli::simulate::SimulateArgs;
use crate::output::Answer;
use crate::progress::Progress;

mod answer;
mod buyers;
mod policies;
mod receptions;
mod rosters;

use answer::Simulated;

/// Runs `fenliu simulate`.
///
/// # Errors
/// When something that was named cannot be read or makes no sense; when the desk refuses what the simulation does.
pub fn simulate(args: &SimulateArgs) -> anyhow::Result<Answer> {
    let zone = zone(args)?;
    let packs = packs(&args.compared.pack)?;
    let receptions = receptions::receptions(args, zone)?;
    let buyers = buyers::buyers(args, zone, receptions.days)?;
    let measures = Measures { limit: Span::from_secs(args.compared.limit.into()), packs, zone };
    let seeds = args.compared.seeds;
    let comparison = compare(&buyers.scenario, &receptions.all, seeds, &measures)
        .context("the desk refused what the simulation does")?;
    let simulated = Simulated::new(args, buyers.words, &receptions, &measures, &comparison);
    Answer::new(&simulated, simulated.to_string())
}

/// The zone that was named, else that of the log, else UTC.
fn zone(args: &SimulateArgs) -> anyhow::Result<Zone> {
    let of_log = || if args.buyers.log.is_empty() { "UTC" } else { args.buyers.format.zone().name() };
    let name = args.compared.zone.as_deref().unwrap_or_else(of_log);
    Zone::parse(name).map_err(|problem| anyhow!("--zone: {}", problem.message))
}

/// The packs that were named, else all that are shipped.
fn packs(named: &[String]) -> anyhow::Result<Vec<RulePack>> {
    let shipped = fenliu_analytics::shipped_packs()?;
    if named.is_empty() {
        return Ok(shipped);
    }
    let pack = |name: &String| {
        shipped.iter().find(|pack| pack.id == *name).cloned().ok_or_else(|| {
            let known: Vec<_> = shipped.iter().map(|pack| pack.id.as_str()).collect();
            anyhow!("--pack {name:?} is no rule pack; there are {}", known.join(", "))
        })
    };
    named.iter().map(pack).collect()
}

/// Lets seeds run side by side, one on each core.
fn compare(
    scenario: &Scenario,
    receptions: &[Reception],
    seeds: u32,
    measures: &Measures,
) -> Result<Comparison, Problem> {
    let progress = Progress::steps(seeds.into(), "simulating");
    let waiting = Mutex::new((1..=u64::from(seeds)).collect::<VecDeque<_>>());
    let done = Mutex::new(Vec::new());
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    let Some(seed) = next else { return };
                    let compared = compare_on(scenario, receptions, seed, measures);
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

#[cfg(test)]
mod tests;
