//! Signals to processes that this run started.

use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

/// What a process can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    Kill,
    Term,
    Interrupt,
    Stop,
    Continue,
}

/// Tells processes something; those that have ended meanwhile are passed over.
pub(crate) fn tell(pids: &[u32], signal: Signal) -> anyhow::Result<()> {
    let name = match signal {
        Signal::Kill => "KILL",
        Signal::Term => "TERM",
        Signal::Interrupt => "INT",
        Signal::Stop => "STOP",
        Signal::Continue => "CONT",
    };
    ensure!(!pids.contains(&0), "0 is no process");
    let pids: Vec<_> = pids.iter().map(u32::to_string).collect();
    Command::new("sh")
        .args(["-c", &format!("kill -{name} {}", pids.join(" "))])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .context("there is no sh")?;
    Ok(())
}

/// Whether a process does nothing because it was stopped.
pub(crate) fn is_stopped(pid: u32) -> bool {
    state(pid) == Some('T')
}

/// Whether a process is there, and not only waiting to be noticed as ended.
pub(crate) fn is_there(pid: u32) -> bool {
    state(pid).is_some_and(|state| state != 'Z' && state != 'X')
}

fn state(pid: u32) -> Option<char> {
    stat(pid)?.0
}

/// The state and the parent of a process.
fn stat(pid: u32) -> Option<(Option<char>, u32)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, which may hold anything, stands in brackets.
    let mut words = stat.rsplit_once(')')?.1.split_whitespace();
    let state = words.next()?.chars().next();
    Some((state, words.next()?.parse().ok()?))
}

/// The processes that a process has started.
pub(crate) fn children(parent: u32) -> Vec<u32> {
    let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| stat(*pid).is_some_and(|(_, of)| of == parent)).collect()
}
