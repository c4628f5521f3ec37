//! The order: positions and numbers are dense and unique, and every event names the one before it.

use std::collections::{BTreeMap, BTreeSet};

use fenliu_domain::desk::event::Event;
use fenliu_domain::ids::ShopId;

use super::{Findings, Wrong};
use crate::history::History;

pub(super) fn check(history: &History, findings: &mut Findings) {
    let mut heads: BTreeMap<ShopId, &Event> = BTreeMap::new();
    let mut ids = BTreeSet::new();
    for ((position, event), expected) in history.events.iter().zip(1..) {
        if *position != expected {
            findings.add(Wrong::Chain, format_args!("position {position} comes where {expected} should be"));
            return;
        }
        if !ids.insert(event.id) {
            findings.add(Wrong::Chain, format_args!("{} is there twice, at last at {position}", event.id));
        }
        let before = heads.insert(event.shop, event);
        let after = before.map_or(0, |before| before.seq.0);
        if event.seq.0 != after + 1 {
            let (shop, seq) = (event.shop, event.seq.0);
            findings.add(Wrong::Chain, format_args!("number {seq} of {shop} comes after {after}"));
        }
        if event.predecessor != before.map(|before| before.id) {
            findings.add(
                Wrong::Chain,
                format_args!("{} at {position} names another one than the event before it", event.id),
            );
        }
        if before.is_some_and(|before| before.recorded > event.recorded) {
            findings.add(Wrong::Chain, format_args!("time runs backwards at {position}"));
        }
    }
}
