//! What fenliu costs, beside a floor that does the same work with nothing of ours, in the same minutes.
//!
//! `tests/bench/run` starts a PostgreSQL and calls this. Floors and product take turns, round by round, with the callers in
//! this process and each server in one of its own; what counts is the median of the ratios of a round, because these
//! machines are noisy.

mod course;
mod cpu;
mod floor;
mod load;
mod product;
mod report;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::course::Plan;
use crate::floor::{Stores, Variant};

#[expect(unreachable_pub, clippy::all, reason = "generated")]
mod generated {
    tonic::include_proto!("floor.v1");
}

/// Measures fenliu beside its floor.
#[derive(Parser)]
struct Flags {
    #[command(subcommand)]
    command: Option<Command>,
    /// A PostgreSQL to throw away.
    #[arg(long, env = "FENLIU_BENCH_POSTGRES")]
    postgres: Option<String>,
    /// Its first process, whose processor time is counted.
    #[arg(long, env = "FENLIU_BENCH_POSTGRES_PID")]
    postgres_pid: Option<u32>,
    /// The dispatch to measure.
    #[arg(long, env = "FENLIU_BENCH_DISPATCH")]
    dispatch: Option<PathBuf>,
    /// Rounds; their median counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Only lines of this name, such as `new`.
    #[arg(long)]
    only: Option<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Serves a floor.
    Floor {
        #[arg(long, value_enum)]
        variant: Variant,
        #[arg(long)]
        listen: SocketAddr,
        #[command(flatten)]
        stores: Stores,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let flags = Flags::parse();
    if let Some(Command::Floor { variant, listen, stores }) = flags.command {
        return floor::serve(variant, &stores, listen).await;
    }
    let plan = Plan {
        postgres: flags.postgres.unwrap_or_default(),
        postgres_pid: flags.postgres_pid.unwrap_or_default(),
        dispatch: flags.dispatch.unwrap_or_else(|| "fenliu-dispatch".into()),
        rounds: flags.rounds,
        length: std::time::Duration::from_secs(flags.seconds),
        only: flags.only,
    };
    anyhow::ensure!(!plan.postgres.is_empty(), "tests/bench/run starts what this needs");
    report::print(&course::run(&plan).await?);
    Ok(())
}
