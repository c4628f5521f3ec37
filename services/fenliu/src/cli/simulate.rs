//! How to run `fenliu simulate`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use fenliu_domain::desk::strategy::Strategy;

use crate::recorded::Format;

/// Most buyers of one hour of the day.
const MAX_HOURLY: f64 = 10_000.0;

/// How to run `fenliu simulate`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Every combination of policy, roster and strategy receives the same buyers: when they come, what they \
                        ask and how long it takes to answer depends on the seed alone. ± is the 95 % interval over \
                        the seeds, that of differences seed by seed.\n\
                        Without --policy, --roster and --strategy, the strategies random, round_robin, least_saturated \
                        and least_unanswered are compared."
)]
pub struct SimulateArgs {
    /// What is varied, and what is measured.
    #[command(flatten)]
    pub compared: ComparedArgs,
    /// Who comes.
    #[command(flatten)]
    pub buyers: BuyersArgs,
    /// Who answers.
    #[command(flatten)]
    pub staff: StaffArgs,
}

/// What is varied, and what is measured.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "What is compared")]
pub struct ComparedArgs {
    /// A strategy to compare; may be given several times. The others are compared with the first.
    #[arg(long, value_name = "STRATEGY", value_parser = strategy)]
    pub strategy: Vec<Strategy>,
    /// A policy to compare: a preset (pinduoduo, douyin, taobao, jd, tiktok), or a JSON file with what GetPolicy answers;
    /// may be given several times.
    #[arg(long, value_name = "POLICY")]
    pub policy: Vec<String>,
    /// A rule pack that judges the answers; may be given several times. Without it all that fenliu ships.
    #[arg(long, value_name = "PACK")]
    pub pack: Vec<String>,
    /// Seconds that an answer may take, beside the packs.
    #[arg(long, value_name = "SECONDS", default_value_t = 180, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub limit: u32,
    /// The IANA zone of the shop's days; without it that of the log, or UTC.
    #[arg(long, value_name = "ZONE")]
    pub zone: Option<String>,
    /// Runs of each combination, with a seed each: 1, 2, 3 …
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(2..=100))]
    pub seeds: u32,
}

/// Who comes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Who comes")]
pub struct BuyersArgs {
    /// Buyers come all the time, so many that answering takes this share of the agents' time, in percent.
    #[arg(long, value_name = "PERCENT", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub load: u32,
    /// Buyers of one run under --load.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    pub buyers: u32,
    /// Instead of --load: how many buyers come in each hour of a day, 24 numbers with commas between them.
    #[arg(long, value_name = "N,N,…", conflicts_with_all = ["load", "buyers"])]
    pub hourly: Option<Hourly>,
    /// Days under --hourly, from Monday, 5 January 2026; with --roster those of the roster.
    #[arg(long, value_name = "N", default_value_t = 7, requires = "hourly", conflicts_with = "roster", value_parser = clap::value_parser!(u32).range(1..=366))]
    pub days: u32,
    /// Instead of --load: buyers come when those of a recorded log came. Several files are taken together as one log.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["load", "buyers", "hourly"])]
    pub log: Vec<PathBuf>,
    /// Format of the log.
    #[arg(long, default_value = "anonymous-bank", requires = "log")]
    pub format: Format,
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
}

/// Who answers.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Who answers")]
pub struct StaffArgs {
    /// Agents, all alike, who are there all the time.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub agents: u32,
    /// Instead of --agents: who works when, a CSV as `fenliu roster export` writes it; a cell holds hours such as
    /// 08:30-20:30, or names day, night, early, late, morning, afternoon, evening. May be given several times, to compare
    /// rosters of the same days.
    #[arg(long, value_name = "FILE", conflicts_with = "agents")]
    pub roster: Vec<PathBuf>,
    /// Further shift templates the cells may name, such as early=08:00-16:00, with planned breaks after slashes.
    #[arg(long, value_name = "NAME=HH:MM-HH:MM", num_args = 1.., requires = "roster")]
    pub templates: Vec<String>,
    /// Minutes that agents of a roster stay after their shift, to finish what they have.
    #[arg(long, value_name = "MINUTES", default_value_t = 15, requires = "roster", value_parser = clap::value_parser!(u32).range(0..=240))]
    pub stay: u32,
    /// Conversations an agent holds at once.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub capacity: u32,
}

/// How many buyers come in each hour of a day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hourly(pub [f64; 24]);

impl FromStr for Hourly {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |text: &str| {
            let number = text.trim().parse().ok().filter(|number| (0.0..=MAX_HOURLY).contains(number));
            number.ok_or_else(|| format!("{:?} is not a number from 0 to {MAX_HOURLY}", text.trim()))
        };
        let numbers: Vec<f64> = text.split(',').map(number).collect::<Result<_, _>>()?;
        let count = numbers.len();
        numbers
            .try_into()
            .map(Self)
            .map_err(|_| format!("must be 24 numbers, one for each hour; there are {count}"))
    }
}

fn strategy(name: &str) -> Result<Strategy, String> {
    Strategy::named(name).ok_or_else(|| {
        let known: Vec<_> = Strategy::ALL.iter().map(|strategy| strategy.name()).collect();
        format!("must be one of: {}", known.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hours_of_a_day_are_24_numbers_that_are_not_negative() {
        let day = |hour: &str| vec![hour; 24].join(", ");
        assert_eq!(day("2.5").parse(), Ok(Hourly([2.5; 24])));
        let refused = |text: &str| text.parse::<Hourly>().expect_err("no day");
        assert_eq!(refused("1,2,3"), "must be 24 numbers, one for each hour; there are 3");
        assert_eq!(refused(&day("-1")), "\"-1\" is not a number from 0 to 10000");
        assert_eq!(refused(&day("NaN")), "\"NaN\" is not a number from 0 to 10000");
        assert_eq!(refused(""), "\"\" is not a number from 0 to 10000");
    }
}
