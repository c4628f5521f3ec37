//! How to run `fenliu simulate`.

use clap::Args;
use fenliu_domain::desk::strategy::Strategy;

/// How to run `fenliu simulate`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Every strategy meets the same buyers: what they ask and how long it takes to answer depends on the \
                        seed alone. ± is the 95 % interval over the seeds, that of the differences seed by seed.\n\
                        random, round_robin, least_saturated and least_unanswered are the strategies shown unless \
                        others are asked for."
)]
pub struct SimulateArgs {
    /// A strategy to compare; may be given several times. The others are compared with the first.
    #[arg(long, value_name = "STRATEGY", value_parser = strategy)]
    pub strategy: Vec<Strategy>,
    /// Agents, all alike.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub agents: u32,
    /// Conversations an agent holds at once.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub capacity: u32,
    /// How much of the agents' time answering would take, in percent.
    #[arg(long, value_name = "PERCENT", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub load: u32,
    /// Messages of a buyer, on average.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub messages: u32,
    /// Seconds that answering one of them takes, on average.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub handling: u32,
    /// Seconds that a buyer takes to ask on, on average.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub think: u32,
    /// Seconds that a buyer waits in the queue, on average; without it for ever.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub patience: Option<u32>,
    /// Buyers of one run.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    pub buyers: u32,
    /// Runs of each strategy, with a seed each: 1, 2, 3 …
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(2..=100))]
    pub seeds: u32,
    /// Seconds that an answer may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 180, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub limit: u32,
}

fn strategy(name: &str) -> Result<Strategy, String> {
    Strategy::named(name).ok_or_else(|| {
        let known: Vec<_> = Strategy::ALL.iter().map(|strategy| strategy.name()).collect();
        format!("must be one of: {}", known.join(", "))
    })
}
