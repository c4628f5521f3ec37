//! The `fenliu` binary.

use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    match fenliu::run(fenliu::cli::Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fenliu: {error:#}");
            ExitCode::FAILURE
        }
    }
}
