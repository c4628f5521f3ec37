//! Faults of Redis.

use std::time::Duration;

use anyhow::{Context, ensure};
use fenliu_live::ScratchRedis;

use super::{Fault, Hit, Scene, lapses};
use crate::clock;
use crate::stage::redis::{address_of, ask, command, dump_of, keys};
use crate::stage::signal::{self, Signal};

mod damage;
mod takeover;

/// How long it is stopped when it is stopped briefly, and for a while.
const BRIEFLY: Duration = Duration::from_millis(400);
const A_WHILE: Duration = Duration::from_secs(2);
/// Time between two small faults.
const AGAIN_INTERVAL: Duration = Duration::from_millis(700);
/// How long something that was asked for may take to be so.
const NOTICE_LIMIT: Duration = Duration::from_secs(10);
/// Consoles beat once in so many seconds, and not in step, so that is how far their lapses are apart.
const BEAT_SECONDS: u64 = 8;
/// So few who fall silent at once are logged off like any other (`MASS_LAPSE_MIN` of dispatch).
const FEW: u64 = 20;
/// Makes all beats lapse from now on, one after the other, as they do once consoles have been silent for the grace; how
/// many they are. In one step, so that nobody lapses between two of them.
const LAPSE: &str = "local time = redis.call('TIME')
local now, lapsing = time[1] * 1000000 + time[2], 0
for _, key in ipairs(KEYS) do
  for _, member in ipairs(redis.call('ZRANGE', key, 0, -1)) do
    redis.call('ZADD', key, string.format('%d', now + lapsing % ARGV[1] * 1000000), member)
    lapsing = lapsing + 1
  end
end
return lapsing";

pub(super) async fn act(fault: Fault, scene: Scene<'_>) -> anyhow::Result<Hit> {
    match fault {
        Fault::RedisStoppedBriefly => stop_again_and_again(scene).await,
        Fault::RedisStopped => stop(scene, scene.now() + A_WHILE).await,
        Fault::RedisStoppedLong => stop(scene, scene.end).await,
        Fault::RedisKilledEmpty => kill(scene, false).await,
        Fault::RedisOldData => kill(scene, true).await,
        Fault::RedisFull => fill(scene).await,
        Fault::RedisBusy => keep_busy(scene).await,
        Fault::RedisFailsOver => takeover::fail_over(scene).await,
        Fault::RedisSplit => takeover::split(scene).await,
        Fault::HeartbeatsStop => silence(scene).await,
        _ => damage::again_and_again(fault, scene).await,
    }
}

async fn hold_stopped(scene: Scene<'_>, pid: u32, until: Duration) -> anyhow::Result<()> {
    signal::tell(&[pid], Signal::Stop)?;
    clock::wait_for(NOTICE_LIMIT, "Redis is stopped", async || signal::is_stopped(pid)).await?;
    scene.stage.watch.until(until.min(scene.end)).await;
    ensure!(signal::is_stopped(pid), "it did not stay stopped");
    signal::tell(&[pid], Signal::Continue)
}

async fn stop(scene: Scene<'_>, until: Duration) -> anyhow::Result<Hit> {
    let servers = scene.stage.redis.lock().await;
    let pid = servers.first.pid();
    signal::tell(&[pid], Signal::Stop)?;
    clock::wait_for(NOTICE_LIMIT, "Redis is stopped", async || signal::is_stopped(pid)).await?;
    let began = scene.now();
    scene.stage.watch.until(until.min(scene.end)).await;
    let ended = scene.now();
    ensure!(signal::is_stopped(pid), "it did not stay stopped");
    signal::tell(&[pid], Signal::Continue)?;
    scene.hold().await;
    Ok(Hit { count: 1, evidence: "process in state T throughout".to_owned(), held: (began, ended) })
}

async fn stop_again_and_again(scene: Scene<'_>) -> anyhow::Result<Hit> {
    let servers = scene.stage.redis.lock().await;
    let (began, mut count) = (scene.now(), 0);
    while !scene.is_over() {
        hold_stopped(scene, servers.first.pid(), scene.now() + BRIEFLY).await?;
        count += 1;
        scene.pass(AGAIN_INTERVAL).await;
    }
    Ok(Hit { count, evidence: "times in state T for 0.4 s".to_owned(), held: (began, scene.now()) })
}

/// Something that `INFO` says.
async fn info(port: u16, section: &str, field: &str) -> anyhow::Result<String> {
    let told: String = ask(port, redis::cmd("INFO").arg(section)).await?;
    let line = told.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    Ok(line.unwrap_or_default().trim().to_owned())
}

/// How often commands were refused with this error so far.
async fn refusals(port: u16, error: &str) -> anyhow::Result<u64> {
    let told = info(port, "errorstats", &format!("errorstat_{error}")).await?;
    Ok(told.trim_start_matches("count=").parse().unwrap_or_default())
}

/// Kills it and starts it again: with nothing, or with what it had some time ago.
async fn kill(scene: Scene<'_>, keeps_old: bool) -> anyhow::Result<Hit> {
    let mut servers = scene.stage.redis.lock().await;
    let port = servers.first.port();
    let dump = dump_of(port).await?;
    if keeps_old {
        ask::<String>(port, &command("SAVE")).await?;
        // What is asked meanwhile is not in what was kept.
        scene.pass(scene.end.saturating_sub(scene.now()) / 3).await;
    } else if dump.exists() {
        std::fs::remove_file(&dump)?;
    }
    let before = info(port, "server", "run_id").await?;
    let held: u64 = ask(port, &command("DBSIZE")).await?;
    let began = scene.now();
    servers.first.start_again().await;
    let loaded = info(port, "persistence", "rdb_last_load_keys_loaded").await?;
    ensure!(before != info(port, "server", "run_id").await?, "it is the same process");
    ensure!(keeps_old == (loaded.parse().unwrap_or(0) > 0), "it has loaded {loaded:?} keys");
    if keeps_old {
        std::fs::remove_file(&dump).context("what it kept is not there")?;
    }
    scene.hold().await;
    let evidence = format!("another run_id; {held} keys before, {loaded} loaded");
    Ok(Hit { count: 1, evidence, held: (began, scene.now()) })
}

async fn fill(scene: Scene<'_>) -> anyhow::Result<Hit> {
    let servers = scene.stage.redis.lock().await;
    let port = servers.first.port();
    let before = refusals(port, "OOM").await?;
    ask::<String>(port, &command("CONFIG SET maxmemory 1")).await?;
    let began = scene.now();
    scene.hold().await;
    let ended = scene.now();
    let count = refusals(port, "OOM").await?.saturating_sub(before);
    ask::<String>(port, &command("CONFIG SET maxmemory 0")).await?;
    Ok(Hit { count, evidence: "commands refused with OOM".to_owned(), held: (began, ended) })
}

async fn keep_busy(scene: Scene<'_>) -> anyhow::Result<Hit> {
    let servers = scene.stage.redis.lock().await;
    let port = servers.first.port();
    ask::<String>(port, &command("CONFIG SET busy-reply-threshold 100")).await?;
    let script = tokio::spawn(async move {
        // It ends with an error, since it is killed.
        let mut endless = redis::cmd("EVAL");
        let _ = ask::<redis::Value>(port, endless.arg("while true do end").arg(0)).await;
    });
    let is_busy = async || {
        let refused = ask::<String>(port, &command("PING")).await;
        refused.is_err_and(|error| format!("{error:#}").contains("BUSY"))
    };
    clock::wait_for(NOTICE_LIMIT, "Redis is busy", is_busy).await?;
    let began = scene.now();
    scene.hold().await;
    let ended = scene.now();
    ensure!(is_busy().await, "it did not stay busy");
    ask::<String>(port, &command("SCRIPT KILL")).await?;
    script.await?;
    let count = refusals(port, "BUSY").await?;
    Ok(Hit { count, evidence: "commands refused with BUSY so far".to_owned(), held: (began, ended) })
}

/// Consoles fall silent at once, and Redis is made to believe that it has lasted.
async fn silence(scene: Scene<'_>) -> anyhow::Result<Hit> {
    let servers = scene.stage.redis.lock().await;
    let port = servers.first.port();
    let before = lapses(scene).await?;
    scene.stage.dials.silence.turn(true);
    let began = scene.now();
    let beats = keys(port, "fl:*:beats").await?;
    let mut lapse = redis::cmd("EVAL");
    lapse.arg(LAPSE).arg(beats.len()).arg(beats).arg(BEAT_SECONDS);
    let silent: u64 = ask(port, &lapse).await?;
    scene.hold().await;
    let ended = scene.now();
    let lapses = lapses(scene).await? - before;
    scene.stage.dials.silence.turn(false);
    crate::callers::beat_all(scene.stage).await?;
    ensure!(
        silent < FEW || lapses == 0,
        "{lapses} of {silent} agents were logged off because all fell silent at once"
    );
    let evidence = format!("beats of {silent} agents lapsing within {BEAT_SECONDS} s; {lapses} logged off");
    Ok(Hit { count: silent, evidence, held: (began, ended) })
}

/// A field of every shop's order, added up.
pub(super) async fn total(server: &ScratchRedis, field: &str) -> anyhow::Result<u64> {
    let mut sum = 0;
    for key in keys(server.port(), "fl:*:order").await? {
        let number: Option<u64> = ask(server.port(), redis::cmd("HGET").arg(key).arg(field)).await?;
        sum += number.unwrap_or_default();
    }
    Ok(sum)
}

/// Leads a replica's way to Redis to this server.
fn lead(scene: Scene<'_>, replica: usize, server: &ScratchRedis) {
    scene.stage.links[replica].redis.lead_to(address_of(server));
}
