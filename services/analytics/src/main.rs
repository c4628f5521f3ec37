//! The analytics service in a process of its own.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use fenliu_analytics::Config;
use fenliu_runtime::telemetry;
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Judges how fast each shop answered, under each marketplace's own rules.
///
/// Every key of the configuration can also be set in the environment: `FENLIU_SERVER__LISTEN` is `server.listen`.
#[derive(Parser)]
#[command(name = "fenliu-analytics", version)]
struct Flags {
    /// A TOML file with what differs from the defaults.
    #[arg(long, value_name = "FILE", env = "FENLIU_CONFIG")]
    config: Option<PathBuf>,
    /// Address and port to listen on.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Ask nobody who they are: whoever reaches the address may do everything. Loopback addresses only.
    #[arg(long)]
    insecure_no_auth: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let end = run(Flags::parse()).await;
    end.inspect_err(|error| eprintln!("fenliu-analytics: {error:#}"))
        .map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
}

async fn run(flags: Flags) -> anyhow::Result<()> {
    let config = Config::load(flags.config, flags.listen, flags.insecure_no_auth)?;
    let telemetry = telemetry::start(&config.telemetry, "fenliu-analytics")?;
    let end = fenliu_analytics::run(config).await;
    telemetry.shutdown().await;
    end
}
