//! What followers saw is the history from its beginning, in order and without a hole.

use super::{Findings, Wrong};
use crate::followers::Sight;
use crate::history::History;

pub(super) fn check(history: &History, sights: &[Sight], findings: &mut Findings) {
    for (number, sight) in (1..).zip(sights) {
        let mut told = history.events.iter().map(|(position, event)| (*position, event.id));
        let other = sight.iter().find(|seen| told.next() != Some(**seen));
        if let Some((position, event)) = other {
            let what = format_args!("follower {number} saw {event} at {position}, which is not what follows");
            findings.add(Wrong::Follower, what);
        }
        if sight.len() < history.events.len() {
            let (saw, of) = (sight.len(), history.events.len());
            findings.add(Wrong::Follower, format_args!("follower {number} saw {saw} events of {of}"));
        }
    }
}
