//! Two replicas of dispatch on one Redis and one PostgreSQL, with everything between them made to fail.
//!
//! `tests/faults/run` starts a PostgreSQL and calls this. `stage` is what is played on, `faults` what befalls it,
//! `schedule` when; `callers` write into the `ledger` what they asked for and were told, `followers` what they saw;
//! `course` plays a run, and `check` compares all of it with the history, which it replays through the desk.

mod callers;
mod check;
mod clock;
mod course;
mod directory;
mod faults;
mod flags;
mod followers;
mod history;
mod ledger;
mod proxy;
mod report;
mod schedule;
mod stage;

use std::process::ExitCode;

use clap::Parser;

use crate::flags::Flags;

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let flags = Flags::parse();
    let (plan, needs) = (flags.plan()?, flags.needs()?);
    let report = tokio::select! {
        report = course::run(&needs, plan) => report?,
        end = course::told_to_end() => return end,
    };
    report.tell(flags.json, flags.without.as_deref(), &needs.place)
}
