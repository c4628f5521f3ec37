//! What callers and readers do that is hard on a server.

use std::time::Duration;

use super::{Fault, Hit, Scene};
use crate::followers::DeafReaders;
use crate::stage::Dial;

/// Readers of each replica that never read.
const DEAF: usize = 6;
/// Time between two crashes of followers.
const CRASH_INTERVAL: Duration = Duration::from_millis(500);

pub(super) async fn act(fault: Fault, scene: Scene<'_>) -> anyhow::Result<Hit> {
    let dials = &scene.stage.dials;
    match fault {
        Fault::CallersGiveUp => turn(scene, &dials.give_up, "calls given up in the middle").await,
        Fault::SentThreeTimes => turn(scene, &dials.copy, "requests sent three times, to both").await,
        Fault::SentMuchLater => turn(scene, &dials.repeat, "old requests sent again").await,
        Fault::ReadersNeverRead => open_readers(scene).await,
        Fault::FollowerCrashed => crash(scene).await,
        _ => dawdle(scene).await,
    }
}

/// Has callers do something differently for a while.
async fn turn(scene: Scene<'_>, dial: &Dial, done: &str) -> anyhow::Result<Hit> {
    let (before, began) = (dial.count(), scene.now());
    dial.turn(true);
    scene.hold().await;
    dial.turn(false);
    let count = dial.count() - before;
    Ok(Hit { count, evidence: done.to_owned(), held: (began, scene.now()) })
}

async fn open_readers(scene: Scene<'_>) -> anyhow::Result<Hit> {
    let began = scene.now();
    let mut all = Vec::new();
    for replica in 0..scene.stage.replicas.len() {
        all.push(DeafReaders::open(scene.stage, replica, DEAF).await?);
    }
    scene.hold().await;
    let count = all.iter().map(DeafReaders::count).sum();
    Ok(Hit { count, evidence: "streams open that nobody reads".to_owned(), held: (began, scene.now()) })
}

async fn dawdle(scene: Scene<'_>) -> anyhow::Result<Hit> {
    let began = scene.now();
    let (slow, quick) = (&scene.followers[0], &scene.followers[1]);
    slow.dawdle(true);
    scene.hold().await;
    let lag = quick.position() - slow.position();
    slow.dawdle(false);
    let evidence = "events that one follower was behind the other".to_owned();
    Ok(Hit { count: u64::try_from(lag).unwrap_or(0), evidence, held: (began, scene.now()) })
}

/// Followers crash, one after the other, and each comes again with what it had kept.
async fn crash(scene: Scene<'_>) -> anyhow::Result<Hit> {
    let (began, mut count) = (scene.now(), 0);
    while !scene.is_over() {
        let follower = &scene.followers[scene.stage.below(scene.followers.len())];
        let before = follower.position();
        follower.crash(scene.stage.below(100)).await;
        count += u64::from(before > 0);
        scene.pass(CRASH_INTERVAL).await;
    }
    let evidence = "times a follower forgot some of what it had seen, and asked again".to_owned();
    Ok(Hit { count, evidence, held: (began, scene.now()) })
}
