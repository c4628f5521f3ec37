//! Whether a live desk is what the history makes of it. It always is; this looks, so that a defect does not stay hidden until
//! a desk is rebuilt.
//!
//! A live desk with its pending events is compared with snapshot and history folded up to the same event, as soon as that one
//! is stored. A desk that moves on meanwhile is compared another time. What differs is named in the log, counted, and the
//! live desk dropped: the next one is rebuilt from the history.

use std::sync::LazyLock;

use fenliu_domain::desk::snapshot::Snapshot;
use fenliu_domain::ids::ShopId;
use fenliu_runtime::metrics::Counter;

use super::Desks;
use crate::history::Fault;

/// Desks compared in one pass.
const SAMPLES: usize = 3;

static CHECKS: LazyLock<Counter> =
    LazyLock::new(|| Counter::new("fenliu_desk_drift_checks_total", "Live desks compared with the history."));
static DRIFTS: LazyLock<Counter> = LazyLock::new(|| {
    Counter::new("fenliu_desk_drift_total", "Live desks that were not what the history says; must be 0.")
});

/// What comparing a desk came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    /// It was not compared: it is not here, or moved on meanwhile.
    Passed,
    /// It is what the history says.
    Same,
    /// This differs first.
    Differs(&'static str),
}

/// Compares a few desks, chosen by chance.
pub(crate) async fn check_some(desks: &Desks) {
    let shops = match desks.history.shops().await {
        Ok(shops) if !shops.is_empty() => shops,
        Ok(_) => return,
        Err(error) => return tracing::warn!(%error, "no desk could be compared with the history"),
    };
    for _ in 0..SAMPLES.min(shops.len()) {
        let chosen = desks.platform.ids.next_bits() % (shops.len() as u128);
        let Some(shop) = usize::try_from(chosen).ok().and_then(|chosen| shops.get(chosen)) else { continue };
        if let Err(error) = check(desks, *shop).await {
            tracing::error!(%shop, %error, "a desk could not be compared with the history");
        }
    }
}

/// Compares one desk.
pub(crate) async fn check(desks: &Desks, shop: ShopId) -> Result<Check, Fault> {
    let Ok(Some((epoch, live))) = desks.live.snapshot(shop).await else { return Ok(Check::Passed) };
    let folded = desks.history.fold_until(shop, live.head.seq).await?;
    let Some(folded) = folded.and_then(|desk| desk.snapshot()).filter(|it| it.head.seq == live.head.seq)
    else {
        return Ok(Check::Passed);
    };
    CHECKS.add(1);
    let Some(what) = difference(&live, &folded) else { return Ok(Check::Same) };
    DRIFTS.add(1);
    tracing::error!(
        %shop,
        seq = live.head.seq.0,
        differs = what,
        "a live desk is not what the history says, which is a defect of fenliu; it is dropped and rebuilt from the history"
    );
    desks.live.invalidate(shop, epoch).await;
    Ok(Check::Differs(what))
}

/// What differs first between a desk and the same one from the history.
fn difference(live: &Snapshot, folded: &Snapshot) -> Option<&'static str> {
    let parts = [
        ("head", live.head == folded.head),
        ("policy", live.policy == folded.policy && live.policy_seq == folded.policy_seq),
        ("agents", live.agents == folded.agents),
        ("conversations", live.conversations == folded.conversations),
        ("buyers", live.buyers == folded.buyers),
        ("requests", live.requests == folded.requests),
        ("deliveries", live.deliveries == folded.deliveries),
        ("assignments", live.assignments == folded.assignments && live.turn == folded.turn),
        ("anything else", live == folded),
    ];
    parts.into_iter().find(|(_, same)| !same).map(|(what, _)| what)
}
