//! Faults of the replicas' processes.

use std::time::Duration;

use anyhow::ensure;

use super::{Fault, Hit, Scene};
use crate::callers;
use crate::clock;
use crate::stage::replica::Replica;
use crate::stage::signal::{self, Signal};

/// Time between two kills.
const KILL_INTERVAL: Duration = Duration::from_millis(1_100);
/// How long a killed or stopped process may take to be so.
const NOTICE_LIMIT: Duration = Duration::from_secs(5);
/// How long a restart that drains may take until the replica serves again.
const RESTART_LIMIT: Duration = Duration::from_secs(60);

pub(super) async fn act(fault: Fault, scene: Scene<'_>) -> anyhow::Result<Hit> {
    match fault {
        Fault::ReplicaStopped => stop(scene).await,
        Fault::RollingRestart => restart(scene).await,
        _ => kill(scene, fault == Fault::BothReplicasKilled).await,
    }
}

/// Kills one after the other, or both at once, again and again.
async fn kill(scene: Scene<'_>, both: bool) -> anyhow::Result<Hit> {
    let replicas = &scene.stage.replicas;
    let killed = || replicas.iter().map(|replica| replica.killed()).sum::<u64>();
    let (before, began) = (killed(), scene.now());
    let mut sent = 0;
    let mut next = scene.stage.below(replicas.len());
    while !scene.is_over() {
        for (number, replica) in replicas.iter().enumerate() {
            sent += u64::from((both || number == next) && replica.tell(Signal::Kill)?);
        }
        next = (next + 1) % replicas.len();
        scene.pass(KILL_INTERVAL).await;
    }
    let ended = scene.now();
    // One that could not start without its stores ends by itself, and cannot be killed any more.
    let _ = clock::wait_for(NOTICE_LIMIT, "the kills are noticed", async || killed() - before >= sent).await;
    let starts: u64 = replicas.iter().map(|replica| replica.starts()).sum();
    let evidence = format!("processes ended by signal 9; {starts} starts so far");
    Ok(Hit { count: killed() - before, evidence, held: (began, ended) })
}

/// Stops the first one and lets it go on.
async fn stop(scene: Scene<'_>) -> anyhow::Result<Hit> {
    let replica = &scene.stage.replicas[0];
    let stopped = async || {
        // It may have been about to be started again.
        replica.tell(Signal::Stop).is_ok() && replica.pid().is_some_and(signal::is_stopped)
    };
    clock::wait_for(NOTICE_LIMIT, "the replica is stopped", stopped).await?;
    let (pid, began) = (replica.pid(), scene.now());
    scene.hold().await;
    let ended = scene.now();
    ensure!(replica.pid() == pid && pid.is_some_and(signal::is_stopped), "it did not stay stopped");
    replica.tell(Signal::Continue)?;
    Ok(Hit { count: 1, evidence: "process in state T throughout".to_owned(), held: (began, ended) })
}

/// Ends one in good order, waits until it serves again, then the other one.
async fn restart(scene: Scene<'_>) -> anyhow::Result<Hit> {
    let began = scene.now();
    let mut count = 0;
    for (number, replica) in scene.stage.replicas.iter().enumerate() {
        count += u64::from(restart_one(scene, number, replica).await?);
    }
    scene.hold().await;
    let evidence = "SIGTERM, an end without an error, and another process".to_owned();
    Ok(Hit { count, evidence, held: (began, scene.now()) })
}

async fn restart_one(scene: Scene<'_>, number: usize, replica: &Replica) -> anyhow::Result<bool> {
    let (before, failed) = (replica.pid(), replica.failed());
    if !replica.tell(Signal::Term)? {
        return Ok(false);
    }
    let another = async || replica.pid().is_some_and(|pid| Some(pid) != before);
    clock::wait_for(RESTART_LIMIT, "a replica that was told to end does so", another).await?;
    ensure!(replica.failed() == failed, "a replica that was told to end failed");
    callers::probe(scene.stage, number, RESTART_LIMIT).await?;
    Ok(true)
}
