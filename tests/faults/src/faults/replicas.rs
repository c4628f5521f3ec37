//! Faults of the replicas' processes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, ensure};

use super::{Fault, Hit, Scene, clocks, history};
use crate::callers;
use crate::clock;
use crate::proxy::Mode;
use crate::stage::redis::{ask, keys};
use crate::stage::replica::Replica;
use crate::stage::signal::{self, Signal};

/// Time between two kills.
const KILL_INTERVAL: Duration = Duration::from_millis(1_100);
/// How long a killed or stopped process may take to be so.
const NOTICE_LIMIT: Duration = Duration::from_secs(5);
/// By how many seconds a clock steps.
const HOUR_SECONDS: i64 = 3_600;
/// How long old and new serve side by side, at least.
const SIDE_BY_SIDE: Duration = Duration::from_millis(1_500);
/// Time between two looks.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);
/// How long something is held back before the kill.
const HELD: Duration = Duration::from_millis(300);
/// How long a restart that drains may take until the replica serves again.
const RESTART_LIMIT: Duration = Duration::from_secs(60);

pub(super) async fn act(fault: Fault, scene: Scene<'_>) -> anyhow::Result<Hit> {
    match fault {
        Fault::ReplicaStopped => stop(scene).await,
        Fault::RollingRestart => restart(scene).await,
        Fault::RollingUpgrade => upgrade(scene).await,
        Fault::KilledBeforeCommit => kill_holding(scene, Mode::BlackHole).await,
        Fault::KilledBeforeReply => kill_holding(scene, Mode::Mute).await,
        Fault::ClockAhead => clocks::step(scene, HOUR_SECONDS).await,
        Fault::ClockBehind => clocks::step(scene, -HOUR_SECONDS).await,
        Fault::HistoryRestored => history::restore(scene).await,
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

/// Ends one in good order, waits until it serves again, then the other one; callers ask again elsewhere.
async fn restart(scene: Scene<'_>) -> anyhow::Result<Hit> {
    let persist = &scene.stage.dials.persist;
    persist.turn(true);
    let began = scene.now();
    let mut count: anyhow::Result<u64> = Ok(0);
    for (number, replica) in scene.stage.replicas.iter().enumerate() {
        let done = restart_one(scene, number, replica).await;
        count = count.and_then(|count| Ok(count + u64::from(done?)));
    }
    scene.hold().await;
    let ended = scene.now();
    persist.turn(false);
    let silence = scene.stage.ledger.longest_silence(began, ended).as_secs_f64();
    let evidence = format!(
        "SIGTERM, an end without an error, and another process; {silence:.1} s without an OK at most"
    );
    Ok(Hit { count: count?, evidence, held: (began, ended) })
}

/// Puts the other version in the place of one replica after the other; in between old and new serve side by side.
async fn upgrade(scene: Scene<'_>) -> anyhow::Result<Hit> {
    let (stage, persist) = (scene.stage, &scene.stage.dials.persist);
    let mut names = Names::new();
    persist.turn(true);
    let began = scene.now();
    see_rules(scene, &mut names).await;
    let mut done = Ok(true);
    for (number, replica) in stage.replicas.iter().enumerate() {
        let next = stage.versions.iter().find(|version| **version != replica.binary());
        replica.become_another(next.context("there is one version only")?.clone());
        done = done.and(restart_one(scene, number, replica).await);
        let until = scene.now() + SIDE_BY_SIDE;
        while scene.now() < until {
            see_rules(scene, &mut names).await;
            clock::pass(LOOK_INTERVAL).await;
        }
    }
    scene.hold().await;
    let ended = scene.now();
    persist.turn(false);
    done?;
    let count = names.values().filter(|rules| rules.len() > 1).count() as u64;
    let silence = stage.ledger.longest_silence(began, ended).as_secs_f64();
    let evidence = format!(
        "shops whose live desk went over to the other version's rules; {silence:.1} s without an OK at most"
    );
    Ok(Hit { count, evidence, held: (began, ended) })
}

/// By which rules the life of each shop's desk was seen to be decided.
type Names = BTreeMap<String, BTreeSet<String>>;

/// Looks by which rules desks are decided, unless Redis has a fault of its own.
async fn see_rules(scene: Scene<'_>, names: &mut Names) {
    let Ok(port) = scene.stage.redis.try_lock().map(|servers| servers.first.port()) else { return };
    for order in keys(port, "fl:*:order").await.unwrap_or_default() {
        let rules: Option<String> =
            ask(port, redis::cmd("HGET").arg(&order).arg("rules")).await.unwrap_or_default();
        names.entry(order).or_default().extend(rules);
    }
}

/// Kills the first one in the middle of what it does, again and again: when what it would store, or what it would answer, is
/// on its way and held back.
async fn kill_holding(scene: Scene<'_>, mode: Mode) -> anyhow::Result<Hit> {
    let (stage, replica) = (scene.stage, &scene.stage.replicas[0]);
    let links = &stage.links[0];
    let link = if mode == Mode::Mute { &links.callers } else { &links.postgres };
    let (began, mut count) = (scene.now(), 0);
    while !scene.is_over() {
        let before = link.hits();
        link.set(mode);
        let held =
            clock::wait_for(NOTICE_LIMIT, "something is held back", async || link.hits() > before).await;
        scene.pass(HELD).await;
        let pieces = link.hits() - before;
        count += if held.is_ok() && replica.tell(Signal::Kill)? { pieces } else { 0 };
        // What was held back never arrives.
        link.cut();
        clock::pass(LOOK_INTERVAL).await;
        link.set(Mode::Pass);
        callers::probe(stage, 0, RESTART_LIMIT).await?;
    }
    let held = if mode == Mode::Mute { "replies" } else { "pieces for PostgreSQL" };
    let evidence = format!("{held} held back when the process was killed, and lost");
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
