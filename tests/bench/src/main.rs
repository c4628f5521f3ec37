//! What fenliu costs, beside a floor that does the same work with nothing of ours, in the same minutes.
//!
//! `tests/bench/run` starts a PostgreSQL and calls this. Floors and product take turns, round by round, with the callers in
//! this process and each server in one of its own; what counts is the median of the ratios of a round, because these
//! machines are noisy.

mod course;
mod cpu;
mod flags;
mod floor;
mod load;
mod product;
mod recovery;
mod redis_use;
mod report;
mod sizes;

use clap::Parser;

use crate::flags::{Command, Flags};

#[expect(unreachable_pub, reason = "generated")]
mod generated {
    tonic::include_proto!("floor.v1");
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let flags = Flags::parse();
    match &flags.command {
        Some(Command::Floor { variant, listen, stores }) => floor::serve(*variant, stores, *listen).await,
        Some(Command::Recovery(before)) => recovery::run(&flags.plan()?, *before).await,
        None => report::print_all(&flags.plan()?).await,
    }
}
