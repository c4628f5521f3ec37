//! The accounts service in a process of its own.

use std::process::ExitCode;

use clap::Parser;
use fenliu_accounts::cli::{Flags, run};
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let end = run(Flags::parse()).await;
    end.inspect_err(|error| eprintln!("fenliu-accounts: {error:#}"))
        .map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
}
