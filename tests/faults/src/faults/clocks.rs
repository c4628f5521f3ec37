//! The clock of a replica steps.

use anyhow::ensure;

use super::{Hit, Scene, lapses};

/// What a replica says of its clock, in its log.
const SAID: &str = "replica's clock is";

/// Has the first replica's clock be off by so many seconds. It takes nothing by a time that is none, and nothing is done to
/// anybody by it.
pub(super) async fn step(scene: Scene<'_>, seconds: i64) -> anyhow::Result<Hit> {
    let (stage, clock) = (scene.stage, &scene.stage.clocks[0]);
    let said = || std::fs::read_to_string(stage.replicas[0].log()).unwrap_or_default().matches(SAID).count();
    let (before, lapsed) = (said(), lapses(scene).await?);
    clock.step(seconds)?;
    let began = scene.now();
    scene.hold().await;
    let ended = scene.now();
    let wrong: Vec<_> = stage.ledger.fresh_between(began, ended);
    let wrong = wrong.into_iter().find(|sent| sent.replica == 0 && sent.is_ok());
    let lapses = lapses(scene).await? - lapsed;
    clock.step(0)?;
    ensure!(wrong.is_none(), "it told somebody OK by that clock: {wrong:?}");
    // Consoles may be silent for a reason of their own.
    ensure!(lapses == 0 || stage.dials.silence.is_on(), "{lapses} agents were logged off by that clock");
    let count = said().saturating_sub(before) as u64;
    let evidence = "times that it said that its clock was off, and nobody was told OK by it".to_owned();
    Ok(Hit { count, evidence, held: (began, ended) })
}
