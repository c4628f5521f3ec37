//! How much processor time processes have used, as Linux counts it.

use std::fs;

/// Clock ticks of `/proc`, a second, on every Linux there is.
const TICKS: f64 = 100.0;

/// Seconds of processor time of a process and of its children that live.
pub(crate) fn used(pid: u32) -> f64 {
    let mut all = own(pid);
    let Ok(processes) = fs::read_dir("/proc") else { return all };
    for process in processes.flatten() {
        let Some(child) = process.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        if parent(child) == Some(pid) {
            all += own(child);
        }
    }
    all
}

/// The fields of `/proc/<pid>/stat` after the name, which may hold anything.
fn fields(pid: u32) -> Option<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

/// Seconds of processor time of a process alone.
pub(crate) fn own(pid: u32) -> f64 {
    let Some(fields) = fields(pid) else { return 0.0 };
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / TICKS
}

fn parent(pid: u32) -> Option<u32> {
    fields(pid)?.get(1)?.parse().ok()
}
