//! Faults of the ways between callers, replicas and stores.

use super::{Hit, Scene, Target};
use crate::proxy::{Link, Mode};

/// A black hole swallows the ways of the first replica, so that the other one can serve; everything else befalls both.
pub(super) async fn act(target: Target, mode: Mode, scene: Scene<'_>) -> anyhow::Result<Hit> {
    let befallen = if mode == Mode::BlackHole { 1 } else { scene.stage.links.len() };
    let links: Vec<&Link> = scene.stage.links[..befallen]
        .iter()
        .map(|links| match target {
            Target::RedisWay => &links.redis,
            Target::PostgresWay => &links.postgres,
            _ => &links.callers,
        })
        .collect();
    let hits = || links.iter().map(|link| link.hits()).sum::<u64>();
    let (before, began) = (hits(), scene.now());
    links.iter().for_each(|link| link.set(mode));
    scene.hold().await;
    let ended = scene.now();
    links.iter().for_each(|link| link.set(Mode::Pass));
    let count = hits() - before;
    let done = match mode {
        Mode::Reset => "connections reset",
        Mode::BlackHole | Mode::Mute => "pieces held back",
        Mode::Slices => "pieces sliced",
        Mode::Late => "pieces late",
        Mode::Pass => "nothing",
    };
    Ok(Hit { count, evidence: done.to_owned(), held: (began, ended) })
}
