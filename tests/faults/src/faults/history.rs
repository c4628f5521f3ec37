//! The history is restored from a backup, behind everybody who follows it and behind what Redis knows to be stored.

use std::path::Path;
use std::time::Duration;

use anyhow::ensure;

use super::redis::total;
use super::{Hit, Scene};
use crate::clock;
use crate::followers::Follower;
use crate::history::head;
use crate::stage::SCHEMA;
use crate::stage::signal::Signal;

/// How long followers may take to get past the backup.
const AHEAD_LIMIT: Duration = Duration::from_secs(10);
/// How long a replica that is told to end may take.
const END_LIMIT: Duration = Duration::from_secs(60);
/// How long it may take, after the replicas were started, until followers are told.
const TOLD_LIMIT: Duration = Duration::from_secs(30);
/// What happens for so long after the backup is lost.
const LOST: Duration = Duration::from_millis(800);

pub(super) async fn restore(scene: Scene<'_>) -> anyhow::Result<Hit> {
    let stage = scene.stage;
    let place = tempfile::tempdir()?;
    let file = place.path().join("backup");
    let began = scene.now();
    stage.postgres.back_up(SCHEMA, &file).await?;
    let since = head(&stage.postgres.connect().await?).await?;
    let ahead = async || scene.followers.iter().all(|follower| follower.position() > since);
    clock::wait_for(AHEAD_LIMIT, "followers get past the backup", ahead).await?;
    clock::pass(LOST).await;
    let told: Vec<_> = scene.followers.iter().map(Follower::rewinds).collect();
    stage.replicas.iter().for_each(|replica| replica.want(false));
    let restored = put_back(scene, &file).await;
    // What was told until now is lost, and some of what is told later is of before.
    stage.ledger.lose(began, scene.now());
    stage.replicas.iter().for_each(|replica| replica.want(true));
    let (lost, ahead) = restored?;
    stage.note_restore();
    let is_told = |(follower, before): (&Follower, &u64)| follower.rewinds() > *before;
    let all_told = async || scene.followers.iter().zip(&told).all(is_told);
    clock::wait_for(TOLD_LIMIT, "followers are told that the history was rewound", all_told).await?;
    scene.hold().await;
    let evidence = format!(
        "followers told that the history was rewound; {lost} events lost, Redis knew of {ahead} that it had not"
    );
    Ok(Hit { count: told.len() as u64, evidence, held: (began, scene.now()) })
}

/// Ends the replicas and puts the backup in the place of what there is; how many events are lost, and how many of them Redis
/// knew to be stored.
async fn put_back(scene: Scene<'_>, file: &Path) -> anyhow::Result<(i64, i64)> {
    let stage = scene.stage;
    for replica in &stage.replicas {
        replica.tell(Signal::Term)?;
    }
    let ended = async || stage.replicas.iter().all(|replica| replica.pid().is_none());
    clock::wait_for(END_LIMIT, "the replicas end", ended).await?;
    let admin = stage.postgres.connect().await?;
    let before = head(&admin).await?;
    stage.postgres.put_back(SCHEMA, file).await?;
    let after = head(&admin).await?;
    ensure!(
        scene.followers.iter().all(|follower| follower.position() > after),
        "a follower is not ahead of what was restored, which ends at {after}"
    );
    let known = total(&stage.redis.lock().await.first, "seq").await?;
    Ok((before - after, i64::try_from(known)? - after))
}
