//! What can be said to it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::course::Plan;

use crate::floor::{Stores, Variant};
use crate::recovery::Before;

/// Measures fenliu beside its floor.
#[derive(Parser)]
pub(crate) struct Flags {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
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
pub(crate) enum Command {
    /// Measures how long shops take to come back after Redis has lost everything.
    Recovery(Before),
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

impl Flags {
    /// What is to be measured, and on what.
    pub(crate) fn plan(&self) -> anyhow::Result<Plan> {
        let postgres = self.postgres.clone().unwrap_or_default();
        anyhow::ensure!(!postgres.is_empty(), "tests/bench/run starts what this needs");
        Ok(Plan {
            postgres,
            postgres_pid: self.postgres_pid.unwrap_or_default(),
            dispatch: self.dispatch.clone().unwrap_or_else(|| "fenliu-dispatch".into()),
            rounds: self.rounds,
            length: Duration::from_secs(self.seconds),
            only: self.only.clone(),
        })
    }
}
