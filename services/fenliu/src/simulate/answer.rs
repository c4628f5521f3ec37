//! What came of a simulation, as tables and as JSON.

use std::fmt;

use fenliu_domain::simulation::{Comparison, Interval, Measures, Summary};
use serde::Serialize;

use super::receptions::Receptions;
use crate::cli::simulate::SimulateArgs;
use crate::table::Table;

/// What came of it. Shares are in percent, times in seconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Simulated {
    buyers: String,
    agents: String,
    time_zone: String,
    seeds: u32,
    limit_seconds: u32,
    receptions: Vec<Line>,
}

/// What came of one reception.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Line {
    name: String,
    strategy: String,
    agents: usize,
    in_time: Compared,
    first_reply_mean: Option<Figure>,
    first_reply_p50: Option<Figure>,
    first_reply_p90: Option<Figure>,
    first_reply_p99: Option<Figure>,
    queue_wait_p90: Option<Figure>,
    queue_wait_p99: Option<Figure>,
    abandoned: Option<Figure>,
    chats_uneven: Option<Figure>,
    occupancy: Option<Figure>,
    rates: Vec<Rate>,
}

/// The reply rate under one pack.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Rate {
    rule_pack_id: String,
    version: u32,
    #[serde(flatten)]
    rate: Compared,
}

/// A figure, and how much higher it is than that of the first reception, on the same buyers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Compared {
    rate: Option<Figure>,
    beside_the_first: Option<Figure>,
}

/// A figure with its 95 % interval over the seeds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Figure {
    mean: f64,
    half_width: f64,
}

impl Simulated {
    /// The figures of a comparison.
    pub(super) fn new(
        args: &SimulateArgs,
        buyers: String,
        receptions: &Receptions,
        measures: &Measures,
        comparison: &Comparison,
    ) -> Self {
        let capacity = args.staff.capacity;
        let there = match receptions.days {
            Some(_) => format!("who stay {} minutes after their shift", args.staff.stay),
            None => "always there".to_owned(),
        };
        let fewest = receptions.all.iter().map(|reception| reception.staff.len()).min().unwrap_or_default();
        let most = receptions.all.iter().map(|reception| reception.staff.len()).max().unwrap_or_default();
        let at_once = if capacity == 1 { "buyer at once" } else { "buyers at once" };
        let count = if fewest == most { most.to_string() } else { format!("{fewest} to {most}") };
        let line = |(place, reception): (usize, &fenliu_domain::simulation::Reception)| Line {
            strategy: reception.policy.strategy.name().to_owned(),
            agents: reception.staff.len(),
            ..line(comparison, place, measures)
        };
        Self {
            buyers,
            agents: format!("{count} agents, {there}, each with up to {capacity} {at_once}"),
            time_zone: measures.zone.name().to_owned(),
            seeds: args.compared.seeds,
            limit_seconds: args.compared.limit,
            receptions: receptions.all.iter().enumerate().map(line).collect(),
        }
    }

    fn rates(&self) -> Table {
        let names = self.receptions.iter().map(|line| format!(">{}", line.name));
        let titles: Vec<String> = std::iter::once("reply rate % under".to_owned()).chain(names).collect();
        let mut table = Table::new(&titles.iter().map(String::as_str).collect::<Vec<_>>());
        let first = self.receptions.first().map(|line| line.rates.as_slice()).unwrap_or_default();
        for (place, pack) in first.iter().enumerate() {
            let cells = self.receptions.iter().map(|line| cell(line.rates[place].rate.rate));
            table.row(std::iter::once(pack.rule_pack_id.clone()).chain(cells));
            if self.receptions.len() > 1 {
                let beside = self.receptions.iter().map(|line| line.rates[place].rate.difference());
                table.row(std::iter::once("  beside the first".to_owned()).chain(beside));
            }
        }
        table
    }

    fn waits(&self) -> Table {
        let in_time = format!(">≤ {} s %", self.limit_seconds);
        let mut table = Table::new(&[
            "reception",
            &in_time,
            ">beside the first",
            ">first reply s",
            ">p90 s",
            ">p99 s",
            ">queue p90 s",
            ">gave up %",
            ">uneven %",
            ">occupied %",
        ]);
        for line in &self.receptions {
            table.row([
                line.name.clone(),
                cell(line.in_time.rate),
                line.in_time.difference(),
                cell(line.first_reply_mean),
                cell(line.first_reply_p90),
                cell(line.first_reply_p99),
                cell(line.queue_wait_p90),
                cell(line.abandoned),
                cell(line.chats_uneven),
                cell(line.occupancy),
            ]);
        }
        table
    }
}

fn line(comparison: &Comparison, place: usize, measures: &Measures) -> Line {
    let mean = |of: &dyn Fn(&Summary) -> Option<f64>| figure(comparison.mean(place, of));
    let compared = |of: &dyn Fn(&Summary) -> Option<f64>| Compared {
        rate: mean(of),
        beside_the_first: (place > 0).then(|| figure(comparison.difference(place, 0, of))).flatten(),
    };
    let rate = |(of_pack, pack): (usize, &fenliu_domain::pack::RulePack)| Rate {
        rule_pack_id: pack.id.clone(),
        version: pack.version,
        rate: compared(&|summary| percent(summary.rates.get(of_pack).copied().flatten())),
    };
    Line {
        name: comparison.names[place].clone(),
        strategy: String::new(),
        agents: 0,
        in_time: compared(&|summary| percent(summary.replies_in_time)),
        first_reply_mean: mean(&|summary| summary.first_replies.mean),
        first_reply_p50: mean(&|summary| summary.first_replies.p50),
        first_reply_p90: mean(&|summary| summary.first_replies.p90),
        first_reply_p99: mean(&|summary| summary.first_replies.p99),
        queue_wait_p90: mean(&|summary| summary.queue_waits.p90),
        queue_wait_p99: mean(&|summary| summary.queue_waits.p99),
        abandoned: mean(&|summary| percent(summary.abandoned)),
        chats_uneven: mean(&|summary| percent(summary.uneven_chats)),
        occupancy: mean(&|summary| percent(summary.occupancy)),
        rates: measures.packs.iter().enumerate().map(rate).collect(),
    }
}

fn figure(interval: Option<Interval>) -> Option<Figure> {
    interval.map(|found| Figure { mean: found.mean, half_width: found.half_width })
}

fn percent(share: Option<f64>) -> Option<f64> {
    share.map(|share| share * 100.0)
}

fn cell(figure: Option<Figure>) -> String {
    figure.map_or_else(|| "-".to_owned(), |it| format!("{:.1} ± {:.1}", it.mean, it.half_width))
}

impl Compared {
    fn difference(self) -> String {
        self.beside_the_first.map_or_else(String::new, |it| format!("{:+.1} ± {:.1}", it.mean, it.half_width))
    }
}

impl fmt::Display for Simulated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { buyers, agents, seeds, time_zone, .. } = self;
        writeln!(f, "{buyers}; {agents}; {seeds} seeds; days of {time_zone}\n")?;
        writeln!(f, "{}", self.waits())?;
        write!(f, "{}", self.rates())
    }
}
