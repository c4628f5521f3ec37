//! The table.

use crate::course::{Line, Round};

/// Prints a row for each line, and below them what each is to its floor.
pub(crate) fn print(lines: &[Line]) {
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
}

fn rounds(lines: &[Line]) -> usize {
    lines.iter().map(|line| line.rounds.len()).max().unwrap_or_default()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
