//! Who was served while a fault lasted.

use std::time::Duration;

use crate::check::{Findings, Wrong};
use crate::faults::{Fault, Hit, Served};
use crate::ledger::Sent;
use crate::schedule::Window;
use crate::stage::{REPLICAS, Stage};

/// What is told of shorter times proves nothing.
const LEAST: Duration = Duration::from_millis(1_500);
/// For so long nobody may be told OK where somebody always must be.
const MOST_SILENCE: Duration = Duration::from_secs(3);

/// Whether those were served who should be, and nobody was told OK who could not be.
pub(super) fn served(stage: &Stage, window: &Window, fault: Fault, hit: &Hit, findings: &mut Findings) {
    let (from, to) = hit.held;
    let sends = stage.ledger.between(from, to);
    let by = |replica: usize| sends.iter().filter(|sent| sent.replica == replica && sent.is_ok()).count();
    if fault.served() == Served::Nobody {
        if let Some(sent) = stage.ledger.fresh_between(from, to).iter().find(|sent| sent.is_ok()) {
            let what = format_args!("{}: somebody was told OK meanwhile: {sent:?}", fault.name());
            findings.add(Wrong::Fault, what);
        }
        return;
    }
    let alone = window.faults.iter().all(|other| *other == fault || other.is_mild());
    if !alone || to.saturating_sub(from) < LEAST {
        return;
    }
    let expected: Vec<usize> = match fault.served() {
        Served::Everybody => (0..REPLICAS).collect(),
        Served::By(replica) => vec![replica],
        Served::Always | Served::Somebody | Served::Nobody => Vec::new(),
    };
    if fault.served() == Served::Always {
        let (silence, open) = (stage.ledger.longest_silence(from, to), stage.ledger.unanswered(from, to));
        if silence > MOST_SILENCE {
            let what = format_args!("{}: for {silence:?} nobody was told OK", fault.name());
            findings.add(Wrong::Fault, what);
        }
        if open > 0 {
            let what = format_args!("{}: {open} requests were never answered", fault.name());
            findings.add(Wrong::Fault, what);
        }
    }
    for replica in expected {
        if by(replica) == 0 {
            let asked = sends.iter().filter(|sent| sent.replica == replica);
            let told = asked.map(|sent: &Sent| &sent.verdict).next();
            let what = format_args!(
                "{}: replica {} served nobody meanwhile; first it said {told:?}",
                fault.name(),
                replica + 1
            );
            findings.add(Wrong::Fault, what);
        }
    }
}
