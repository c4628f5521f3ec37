//! Another Redis, which lags, takes the place of the one that counts; the old one can still be reached.

use std::time::Duration;

use fenliu_live::ScratchRedis;

use super::{NOTICE_LIMIT, ask, command, info, lead, total};
use crate::clock;
use crate::faults::{Hit, Scene};

/// How far the one behind falls back.
const LAG: Duration = Duration::from_millis(800);

/// Makes the second one a copy of the first that follows it no more.
async fn copy(first: &ScratchRedis, second: &ScratchRedis) -> anyhow::Result<()> {
    let follow = format!("REPLICAOF 127.0.0.1 {}", first.port());
    ask::<String>(second.port(), &command(&follow)).await?;
    let follows = async || {
        info(second.port(), "replication", "master_link_status").await.is_ok_and(|status| status == "up")
    };
    clock::wait_for(NOTICE_LIMIT, "the other Redis follows", follows).await?;
    ask::<String>(second.port(), &command("REPLICAOF NO ONE")).await?;
    Ok(())
}

/// Both replicas are led to the copy that lags.
pub(super) async fn fail_over(scene: Scene<'_>) -> anyhow::Result<Hit> {
    let mut servers = scene.stage.redis.lock().await;
    copy(&servers.first, &servers.second).await?;
    scene.pass(LAG).await;
    let (before, copied) = (total(&servers.first, "number").await?, total(&servers.second, "number").await?);
    let began = scene.now();
    for replica in 0..scene.stage.links.len() {
        lead(scene, replica, &servers.second);
    }
    servers.exchange();
    scene.hold().await;
    let lag = before.saturating_sub(copied);
    let evidence = format!("the copy was {lag} attempts behind");
    Ok(Hit { count: u64::from(lag > 0), evidence, held: (began, scene.now()) })
}

/// One replica is led to the copy, the other one stays; then they meet again.
pub(super) async fn split(scene: Scene<'_>) -> anyhow::Result<Hit> {
    let servers = scene.stage.redis.lock().await;
    copy(&servers.first, &servers.second).await?;
    let copied = commands(&servers.second).await?;
    let began = scene.now();
    lead(scene, 1, &servers.second);
    scene.hold().await;
    let ended = scene.now();
    // One of them is the question itself.
    let count = commands(&servers.second).await? - copied - 1;
    lead(scene, 1, &servers.first);
    let evidence = "commands taken by a second Redis that thought it was the only one".to_owned();
    Ok(Hit { count, evidence, held: (began, ended) })
}

async fn commands(server: &ScratchRedis) -> anyhow::Result<u64> {
    Ok(info(server.port(), "stats", "total_commands_processed").await?.parse()?)
}
