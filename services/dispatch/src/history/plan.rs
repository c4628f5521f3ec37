//! The fence: which events of a batch may be stored, and whose proposals are forks. Pure.
//!
//! An event may be stored at its shop's head + 1, and only if its predecessor is that very head. What is at or
//! below the head must be what is stored: since every event names its predecessor, one equal id at the head, or at
//! the tail's end when the whole tail is older, vouches for everything before it.

use std::sync::Arc;

use fenliu_domain::desk::Head;
use fenliu_domain::desk::event::{Event, Seq};

use crate::without::{Part, is_off};

/// What the store knows of one shop while a batch is planned.
#[derive(Clone, Debug, Default)]
pub(super) struct ShopPlan {
    head: Option<Head>,
    fresh: Vec<Arc<Event>>,
}

/// What becomes of one tail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// All of it is, or will be, stored.
    Fits,
    /// It ends below the head: it fits exactly if its last event is the one stored there.
    EndsBelow,
    /// It was decided on another past.
    Fork,
}

impl ShopPlan {
    /// A shop with this head in the store.
    pub(super) const fn new(head: Option<Head>) -> Self {
        Self { head, fresh: Vec::new() }
    }

    /// Takes a tail in: what is new joins the batch, unless the tail is a fork.
    pub(super) fn add(&mut self, tail: &[Arc<Event>]) -> Verdict {
        let Some(last) = tail.last() else { return Verdict::Fits };
        let head = self.head.map_or(Seq::default(), |head| head.seq);
        if !is_chain(tail) {
            return Verdict::Fork;
        }
        if last.seq < head {
            return match self.fresh.iter().find(|event| event.seq == last.seq) {
                Some(event) if event.id == last.id => Verdict::Fits,
                Some(_) => Verdict::Fork,
                None if is_off(Part::Fence) => Verdict::Fits,
                None => Verdict::EndsBelow,
            };
        }
        let new = tail.partition_point(|event| event.seq <= head);
        if !self.joins(tail, new) && !is_off(Part::Fence) {
            return Verdict::Fork;
        }
        self.fresh.extend(tail[new..].iter().cloned());
        self.head = Some(Head { seq: last.seq, event: last.id });
        Verdict::Fits
    }

    /// Whether the tail, whose events from `new` on are new, touches the head without a gap and on the same past.
    fn joins(&self, tail: &[Arc<Event>], new: usize) -> bool {
        let head = self.head.map(|head| head.event);
        let same_past = new == 0 || Some(tail[new - 1].id) == head;
        let joined = tail.get(new).is_none_or(|first| {
            first.predecessor == head && first.seq == self.head.map_or(Seq::default(), |head| head.seq).next()
        });
        same_past && joined
    }

    /// The events to store, in order.
    pub(super) fn fresh(&self) -> &[Arc<Event>] {
        &self.fresh
    }

    /// The head after the batch.
    pub(super) const fn head(&self) -> Option<Head> {
        self.head
    }
}

/// Whether each event follows the one before it.
fn is_chain(tail: &[Arc<Event>]) -> bool {
    tail.windows(2).all(|pair| pair[1].seq == pair[0].seq.next() && pair[1].predecessor == Some(pair[0].id))
}

#[cfg(test)]
mod tests {
    use fenliu_domain::desk::event::{HandOverReason, Payload};
    use fenliu_domain::ids::{EventId, ShopId};
    use fenliu_domain::time::Timestamp;

    use super::*;

    /// Events `from..=to` of a lineage: their ids carry its number from `forked` on, so lineages share a past.
    fn lineage(number: u128, forked: u64, from: u64, to: u64) -> Vec<Arc<Event>> {
        let id = |seq: u64| {
            let lineage = if seq >= forked { number } else { 0 };
            EventId::from_bits(lineage << 64 | u128::from(seq))
        };
        (from..=to)
            .map(|seq| {
                Arc::new(Event {
                    shop: ShopId::from_bits(1),
                    seq: Seq(seq),
                    id: id(seq),
                    predecessor: (seq > 1).then(|| id(seq - 1)),
                    occurred: Timestamp::default(),
                    recorded: Timestamp::default(),
                    conversation: None,
                    request: None,
                    traceparent: None,
                    payload: Payload::HandedToHuman { reason: HandOverReason::BuyerAsked },
                })
            })
            .collect()
    }

    fn true_past(from: u64, to: u64) -> Vec<Arc<Event>> {
        lineage(0, 0, from, to)
    }

    fn at(seq: u64) -> ShopPlan {
        let last = true_past(seq, seq).remove(0);
        ShopPlan::new(Some(Head { seq: last.seq, event: last.id }))
    }

    #[test]
    fn overlapping_tails_are_stored_once() {
        let mut plan = at(3);
        assert_eq!(plan.add(&true_past(2, 5)), Verdict::Fits);
        assert_eq!(plan.add(&true_past(4, 7)), Verdict::Fits);
        assert_eq!(plan.add(&true_past(4, 5)), Verdict::Fits);
        let stored: Vec<_> = plan.fresh().iter().map(|event| event.seq.0).collect();
        assert_eq!(stored, [4, 5, 6, 7]);
        assert_eq!(plan.head().map(|head| head.seq), Some(Seq(7)));
    }

    #[test]
    fn the_first_events_of_a_shop_need_no_past() {
        let mut plan = ShopPlan::new(None);
        assert_eq!(plan.add(&true_past(1, 2)), Verdict::Fits);
        assert_eq!(ShopPlan::new(None).add(&true_past(2, 3)), Verdict::Fork, "event 1 is missing");
    }

    #[test]
    fn a_gap_is_a_fork() {
        assert_eq!(at(3).add(&true_past(5, 6)), Verdict::Fork);
    }

    #[test]
    fn another_past_is_a_fork_wherever_it_parted() {
        for forked in 2..=4 {
            let mut plan = at(4);
            assert_eq!(plan.add(&lineage(9, forked, 3, 6)), Verdict::Fork, "parted at {forked}");
            assert!(plan.fresh().is_empty(), "nothing of a fork is stored");
        }
        assert_eq!(at(4).add(&lineage(9, 5, 3, 6)), Verdict::Fits, "it parts after the head");
    }

    #[test]
    fn a_foreign_predecessor_is_a_fork_even_at_the_right_number() {
        let mut foreign = lineage(9, 4, 5, 5);
        assert_eq!(at(4).add(&foreign), Verdict::Fork);
        foreign.clear();
        assert_eq!(at(4).add(&foreign), Verdict::Fits);
    }

    #[test]
    fn a_tail_that_ends_below_the_head_must_be_looked_up() {
        assert_eq!(at(9).add(&true_past(3, 5)), Verdict::EndsBelow);
    }

    #[test]
    fn two_forks_in_one_batch_store_one_lineage() {
        let mut plan = at(3);
        assert_eq!(plan.add(&true_past(4, 6)), Verdict::Fits);
        assert_eq!(plan.add(&lineage(9, 4, 4, 5)), Verdict::Fork);
        assert_eq!(plan.add(&lineage(9, 4, 4, 7)), Verdict::Fork);
        assert_eq!(plan.fresh().len(), 3);
    }

    #[test]
    fn a_broken_chain_is_a_fork() {
        let mut tail = true_past(4, 6);
        tail.remove(1);
        assert_eq!(at(3).add(&tail), Verdict::Fork);
    }
}
