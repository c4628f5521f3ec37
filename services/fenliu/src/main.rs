//! The `fenliu` binary.

use std::process::ExitCode;

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = match fenliu::cli::usage::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    let json = cli.json;
    match fenliu::run(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if json {
                // Standard output is where a program looks; when it is gone, the exit code still tells.
                let _ = fenliu::output::say(&format!("{:#}\n", fenliu::output::failure(&error)));
            } else {
                eprintln!("fenliu: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}
