//! The end of a run: what was left open is settled, everybody catches up, and all that is left is compared.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use fenliu_tests::boards;
use fenliu_tests::fold::Fold;

use super::add_drift;
use crate::callers;
use crate::check::{self, Evidence, Wrong};
use crate::clock;
use crate::followers::Follower;
use crate::history::History;
use crate::report::Report;
use crate::stage::{REPLICAS, Stage};

/// How long settling one request, and catching up with the history, may take.
const LIMIT: Duration = Duration::from_secs(30);

pub(super) async fn drain(
    stage: &Arc<Stage>,
    followers: &[Follower],
    report: &mut Report,
) -> anyhow::Result<Evidence> {
    report.counts = stage.ledger.counts();
    eprintln!("         what was left open is settled: {}", stage.ledger.unknown().len());
    match callers::settle(stage, LIMIT).await {
        Ok(settled) => report.settled = settled,
        Err(error) => report.findings.add(Wrong::Fault, format_args!("it is left open: {error:#}")),
    }
    let database = stage.postgres.connect().await?;
    let history = History::read(&database).await.context("the history cannot be read")?;
    let last = history.events.last().map_or(0, |(position, _)| *position);
    for (number, follower) in (1..).zip(followers) {
        let caught_up = async || follower.position() >= last;
        if clock::wait_for(LIMIT, "it catches up", caught_up).await.is_err() {
            let what = format_args!("follower {number} is at {} of {last}", follower.position());
            report.findings.add(Wrong::Follower, what);
        }
        let (rewinds, restores) = (follower.rewinds(), stage.restores());
        if rewinds != restores {
            let what =
                format_args!("follower {number} was told {rewinds} times of {restores} restored histories");
            report.findings.add(Wrong::Follower, what);
        }
    }
    // What has happened since is no part of what was read.
    let seen = |follower: &Follower| {
        let sight = follower.sight();
        sight.into_iter().filter(|(position, _)| *position <= last).collect()
    };
    let sights = followers.iter().map(seen).collect();
    let evidence = Evidence { history, operations: stage.ledger.all(), sights };
    report.findings.0.extend(check::check(&evidence).0);
    for replica in 0..REPLICAS {
        let mut fold = Fold::default();
        if let Err(error) = boards::agree(&mut stage.clients(replica)?, &mut fold).await {
            add_drift(&mut report.findings, replica, &error);
        }
    }
    Ok(evidence)
}
