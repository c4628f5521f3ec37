//! Faults of PostgreSQL.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, ensure};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement, TransactionTrait};

use super::{Fault, Hit, Scene};
use crate::clock;
use crate::stage::SCHEMA;
use crate::stage::signal::{self, Signal};

/// Time between two terminations.
const TERMINATION_INTERVAL: Duration = Duration::from_millis(400);
/// How long stopped processes may take to be so.
const NOTICE_LIMIT: Duration = Duration::from_secs(5);
/// Connections that are tried to be taken: more than there are.
const TAKEN: usize = 80;
/// Bytes that a file may have while the disk counts as full.
const FULL_BYTES: u64 = 65_536;
/// Time between two looks for processes that do not know yet that the disk is full.
const FILLING_INTERVAL: Duration = Duration::from_millis(500);
/// A connection that is not made in so long is refused.
const REFUSAL_LIMIT: Duration = Duration::from_millis(300);

pub(super) async fn act(fault: Fault, scene: Scene<'_>) -> anyhow::Result<Hit> {
    match fault {
        Fault::PostgresKilled => kill(scene).await,
        Fault::PostgresFastStop => end(scene).await,
        Fault::PostgresStopped => stop(scene).await,
        Fault::PostgresTableLocked => lock(scene).await,
        Fault::PostgresConnectionsTaken => take_connections(scene).await,
        Fault::PostgresDiskFull => fill_disk(scene).await,
        _ => terminate(scene).await,
    }
}

async fn kill(scene: Scene<'_>) -> anyhow::Result<Hit> {
    let postgres = &scene.stage.postgres;
    let (before, began) = (postgres.pid(), scene.now());
    postgres.end(Signal::Kill).await?;
    postgres.start().await?;
    let after = postgres.pid();
    ensure!(after.is_some() && after != before, "it is the same process");
    scene.hold().await;
    let evidence = "the first process killed with all it had started, and another one".to_owned();
    Ok(Hit { count: 1, evidence, held: (began, scene.now()) })
}

async fn end(scene: Scene<'_>) -> anyhow::Result<Hit> {
    let postgres = &scene.stage.postgres;
    postgres.end(Signal::Interrupt).await?;
    let began = scene.now();
    scene.hold().await;
    let ended = scene.now();
    ensure!(postgres.pid().is_none(), "somebody else has started it");
    postgres.start().await?;
    Ok(Hit { count: 1, evidence: "no process until the end".to_owned(), held: (began, ended) })
}

async fn stop(scene: Scene<'_>) -> anyhow::Result<Hit> {
    let postgres = &scene.stage.postgres;
    let mut processes = Vec::new();
    // The first one first, so that it starts no others meanwhile. Whoever is ending already stays in that state.
    let stopped = clock::wait_for(NOTICE_LIMIT, "PostgreSQL is stopped", async || {
        processes = postgres.processes().unwrap_or_default();
        let told = !processes.is_empty() && signal::tell(&processes, Signal::Stop).is_ok();
        let is_done = |pid: &u32| signal::is_stopped(*pid) || !signal::is_there(*pid);
        told && postgres.processes().is_ok_and(|now| now.iter().all(is_done))
    })
    .await;
    let began = scene.now();
    if stopped.is_ok() {
        scene.hold().await;
    }
    let ended = scene.now();
    processes.reverse();
    signal::tell(&processes, Signal::Continue)?;
    stopped?;
    let evidence = format!("{} processes in state T", processes.len());
    Ok(Hit { count: 1, evidence, held: (began, ended) })
}

/// Ends connections of the replicas at random.
async fn terminate(scene: Scene<'_>) -> anyhow::Result<Hit> {
    let admin = scene.stage.postgres.connect().await?;
    let began = scene.now();
    let mut count = 0;
    while !scene.is_over() {
        let some = "SELECT pg_terminate_backend(pid) AS done FROM pg_stat_activity \
                    WHERE application_name = 'fenliu' AND random() < 0.5";
        count += terminated(&admin, some).await?;
        scene.pass(TERMINATION_INTERVAL).await;
    }
    Ok(Hit { count, evidence: "backends terminated".to_owned(), held: (began, scene.now()) })
}

async fn terminated(admin: &DatabaseConnection, sql: &str) -> anyhow::Result<u64> {
    let rows = admin.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    let mut count = 0;
    for row in rows {
        count += u64::from(row.try_get::<bool>("", "done")?);
    }
    Ok(count)
}

async fn lock(scene: Scene<'_>) -> anyhow::Result<Hit> {
    let admin = scene.stage.postgres.connect().await?;
    let transaction = admin.begin().await?;
    transaction
        .execute_unprepared(&format!("LOCK TABLE {SCHEMA}.log_head, {SCHEMA}.event IN ACCESS EXCLUSIVE MODE"))
        .await
        .context("the tables cannot be locked")?;
    let began = scene.now();
    scene.hold().await;
    let ended = scene.now();
    let waiting = "SELECT 1 FROM pg_locks WHERE NOT granted";
    let waiting = transaction
        .query_all_raw(Statement::from_string(DbBackend::Postgres, waiting))
        .await
        .map(|rows| rows.len() as u64)?;
    transaction.rollback().await?;
    let evidence = format!("two tables locked; {waiting} waited for a lock at the end");
    Ok(Hit { count: 1, evidence, held: (began, ended) })
}

/// Takes every connection there is; those of the replicas are ended first.
async fn take_connections(scene: Scene<'_>) -> anyhow::Result<Hit> {
    let postgres = &scene.stage.postgres;
    let admin = postgres.connect().await?;
    let began = scene.now();
    let theirs =
        "SELECT pg_terminate_backend(pid) AS done FROM pg_stat_activity WHERE application_name = 'fenliu'";
    let (mut taken, mut ended, mut refused) = (Vec::new(), 0, 0);
    while !scene.is_over() {
        ended += terminated(&admin, theirs).await?;
        // As soon as they have gone, their places are ours, until there are no more.
        while taken.len() < TAKEN {
            match postgres.connect_within(REFUSAL_LIMIT).await {
                Ok(connection) => taken.push(connection),
                Err(_) => {
                    refused += 1;
                    break;
                }
            }
        }
        scene.pass(TERMINATION_INTERVAL).await;
    }
    ensure!(taken.len() < TAKEN, "there is no end of connections");
    let evidence =
        format!("times that no connection was left: {} taken, {ended} of the replicas ended", taken.len());
    let over = scene.now();
    for connection in taken {
        connection.close().await?;
    }
    Ok(Hit { count: refused, evidence, held: (began, over) })
}

/// Lets no file grow any more for those that serve the replicas; the first write of theirs beyond ends them all, and those
/// that are started after that may write again.
async fn fill_disk(scene: Scene<'_>) -> anyhow::Result<Hit> {
    let postgres = &scene.stage.postgres;
    // Whoever is refused cannot always write that down, but the first process, which may, sees them give up.
    let refusals = || {
        let log = std::fs::read_to_string(postgres.log()).unwrap_or_default();
        let told = ["File too large", "all server processes terminated"];
        told.iter().map(|words| log.matches(words).count() as u64).sum::<u64>()
    };
    let (before, began) = (refusals(), scene.now());
    while !scene.is_over() {
        let processes = postgres.processes().unwrap_or_default();
        for pid in processes.into_iter().filter(|pid| serves(*pid)) {
            // It may have ended a moment ago.
            let limit = format!("--fsize={FULL_BYTES}:{FULL_BYTES}");
            let mut limited = postgres.by_its_user("prlimit");
            limited.args(["--pid", &pid.to_string(), &limit]).current_dir("/").stderr(Stdio::null());
            tokio::task::spawn_blocking(move || limited.status()).await?.context("there is no prlimit")?;
        }
        scene.pass(FILLING_INTERVAL).await;
    }
    postgres.start().await?;
    let evidence = "writes refused because the file would be too large, and crashes for that".to_owned();
    Ok(Hit { count: refusals() - before, evidence, held: (began, scene.now()) })
}

/// Whether a process is one that serves somebody's connection.
fn serves(pid: u32) -> bool {
    std::fs::read(format!("/proc/{pid}/cmdline"))
        .is_ok_and(|line| String::from_utf8_lossy(&line).starts_with("postgres: fenliu"))
}
