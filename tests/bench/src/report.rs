//! The tables.

use crate::course::{self, Line, Plan, Round};
use crate::sizes::{self, Sized};

/// Measures everything and prints it.
pub(crate) async fn print_all(plan: &Plan) -> anyhow::Result<()> {
    print(&course::run(plan).await?);
    print_sizes(&sizes::run(plan).await?);
    Ok(())
}

/// Prints a row for each line, and below them what each is to its floor.
fn print(lines: &[Line]) {
    println!(
        "{:<48} {:>9} {:>7} {:>7} {:>8}   {:>8} {:>8} {:>8} {:>8}",
        "", "calls/s", "p50 ms", "p99 ms", "p99.9", "server", "Redis", "Postgres", "callers"
    );
    for line in lines.iter().filter(|line| !line.rounds.is_empty()) {
        let of = |what: &dyn Fn(&Round) -> f64| median(line.rounds.iter().map(what).collect());
        let cpu = |at: usize| of(&|round| round.cpu[at] * 1e6 / round.measured.calls as f64);
        println!(
            "{:<48} {:>9.0} {:>7.2} {:>7.2} {:>8.2}   {:>8.0} {:>8.0} {:>8.0} {:>8.0}",
            line.name,
            of(&|round| round.measured.per_second()),
            of(&|round| round.measured.quantile(500)),
            of(&|round| round.measured.quantile(990)),
            of(&|round| round.measured.quantile(999)),
            cpu(0),
            cpu(1),
            cpu(2),
            cpu(3),
        );
    }
    println!("(the four on the right: µs of processor time a call; medians of {} rounds)\n", rounds(lines));
    println!("{:<48} {:>11} {:>12} {:>8} {:>8}", "to its floor", "throughput", "CPU a call", "p50", "p99");
    for line in lines.iter().filter(|line| !line.rounds.is_empty()) {
        let Some(floor) = line.floor.map(|floor| &lines[floor]).filter(|floor| !floor.rounds.is_empty())
        else {
            continue;
        };
        let ratio = |what: &dyn Fn(&Round) -> f64| {
            median(line.rounds.iter().zip(&floor.rounds).map(|(of, to)| what(of) / what(to)).collect())
        };
        println!(
            "{:<48} {:>11.2} {:>12.2} {:>8.2} {:>8.2}",
            line.name,
            ratio(&|round| round.measured.per_second()),
            ratio(&|round| round.cpu[..3].iter().sum::<f64>() / round.measured.calls as f64),
            ratio(&|round| round.measured.quantile(500)),
            ratio(&|round| round.measured.quantile(990)),
        );
    }
    print_layers(lines);
    print_redis(lines);
}

/// What the layers around a call that needs no store cost more than a bare echo.
fn print_layers(lines: &[Line]) {
    let Some(beats) =
        lines.iter().find(|line| line.name.starts_with("heartbeats") && !line.rounds.is_empty())
    else {
        return;
    };
    let Some(echo) = beats.floor.map(|floor| &lines[floor]).filter(|echo| !echo.rounds.is_empty()) else {
        return;
    };
    let server = |round: &Round| round.cpu[0] * 1e6 / round.measured.calls as f64;
    let more = beats.rounds.iter().zip(&echo.rounds).map(|(of, to)| server(of) - server(to)).collect();
    println!(
        "\nlayers around a call that needs no store: {:+.0} µs of the server over a bare echo",
        median(more)
    );
}

/// What Redis is asked for each call.
fn print_redis(lines: &[Line]) {
    println!("\n{:<48} {:>9} {:>9} {:>10}", "Redis, for each call", "scripts", "µs each", "commands");
    for line in lines.iter().filter(|line| line.rounds.iter().any(|round| round.redis.scripts().0 > 0)) {
        let of = |what: &dyn Fn(&Round) -> f64| median(line.rounds.iter().map(what).collect());
        println!(
            "{:<48} {:>9.2} {:>9.1} {:>10.1}",
            line.name,
            of(&|round| round.redis.scripts().0 as f64 / round.measured.calls as f64),
            of(&|round| round.redis.scripts().1),
            of(&|round| round.redis.inside() as f64 / round.measured.calls as f64),
        );
    }
}

/// Prints what one shop takes with ever more agents.
fn print_sizes(sizes: &[Sized]) {
    let Some(first) = sizes.first() else { return };
    let script = |size: &Sized| median(size.script.clone());
    println!(
        "\n{:<24} {:>10} {:>9} {:>18} {:>24}",
        "one shop by agents", "µs/script", "to first", "bytes/agent", "bytes/open conversation"
    );
    for size in sizes {
        println!(
            "{:<24} {:>10.1} {:>9.2} {:>18.0} {:>24.1}",
            size.agents,
            script(size),
            script(size) / script(first),
            size.agent_bytes,
            size.conversation_bytes,
        );
    }
}

fn rounds(lines: &[Line]) -> usize {
    lines.iter().map(|line| line.rounds.len()).max().unwrap_or_default()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
