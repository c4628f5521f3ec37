//! What a replay takes from the log: who came when, how long their matter took, and how long they would have waited.

use std::collections::BTreeMap;

use fenliu_domain::time::{Span, Timestamp};

use super::survival::{Survival, Wait};
use crate::chance::Chance;
use crate::recorded::Conversation;

/// One call as it comes to our desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// When it began; the hour it counts for.
    pub opened: Timestamp,
    /// When it joins the queue.
    pub asked: Timestamp,
    /// True for a caller with a head start in the queue.
    pub vip: bool,
    /// How long the caller waits at most.
    pub patience: Span,
    /// How long the matter takes once somebody answers.
    pub handling: Span,
    /// What the log says became of it.
    pub recorded: Recorded,
}

/// What the log says became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// How long it waited, until it was answered or given up.
    pub waited: Span,
    /// Whether it was answered.
    pub answered: bool,
}

/// Purposes of chance in this module, so that one does not change the other.
const PATIENCE: u64 = 1;
const HANDLING: u64 = 2;

/// The calls of a log, in order of asking, and the patience that was estimated from them.
///
/// Who gave up has shown their patience. Of those who were answered only a lower bound is known, so theirs is drawn
/// from the estimate beyond it. Who was answered has shown how long their matter takes; for those who gave up it is
/// that of somebody who was answered about the same kind of matter, drawn at random.
#[must_use]
pub fn calls(conversations: &[Conversation], seed: u64) -> (Vec<Call>, Survival) {
    let mut seen: Vec<Seen<'_>> = conversations.iter().filter_map(Seen::of).collect();
    seen.sort_by_key(|call| call.asked);
    let waits =
        seen.iter().map(|call| Wait { length: call.recorded.waited, lost_patience: !call.recorded.answered });
    let survival = Survival::estimate(waits);
    let mut handlings = Handlings::of(&seen, seed);
    let mut chance = Chance::for_purpose(seed, PATIENCE);
    let calls = seen
        .iter()
        .map(|call| Call {
            opened: call.conversation.opened,
            asked: call.asked,
            vip: call.conversation.vip,
            patience: call.patience(&survival, &mut chance),
            handling: call.handling.unwrap_or_else(|| handlings.draw(&call.conversation.group)),
            recorded: call.recorded,
        })
        .collect();
    (calls, survival)
}

/// One conversation's facts.
struct Seen<'a> {
    conversation: &'a Conversation,
    asked: Timestamp,
    recorded: Recorded,
    handling: Option<Span>,
}

impl<'a> Seen<'a> {
    fn of(conversation: &'a Conversation) -> Option<Self> {
        let answered = conversation.answered().is_some();
        Some(Self {
            conversation,
            asked: conversation.asked()?,
            recorded: Recorded { waited: conversation.wait()?.max(Span::ZERO), answered },
            handling: conversation.handling().map(|handling| handling.max(Span::ZERO)),
        })
    }

    fn patience(&self, survival: &Survival, chance: &mut Chance) -> Span {
        if self.recorded.answered {
            survival.patience_beyond(self.recorded.waited, chance.unit())
        } else {
            self.recorded.waited
        }
    }
}

/// How long answered matters took, by kind.
struct Handlings<'a> {
    by_kind: BTreeMap<&'a str, Vec<Span>>,
    all: Vec<Span>,
    chance: Chance,
}

impl<'a> Handlings<'a> {
    fn of(seen: &[Seen<'a>], seed: u64) -> Self {
        let mut by_kind: BTreeMap<&'a str, Vec<Span>> = BTreeMap::new();
        for call in seen {
            if let Some(handling) = call.handling {
                by_kind.entry(&call.conversation.group).or_default().push(handling);
            }
        }
        let all = by_kind.values().flatten().copied().collect();
        Self { by_kind, all, chance: Chance::for_purpose(seed, HANDLING) }
    }

    /// That of somebody answered about the same kind of matter, or about any where nobody was about that.
    fn draw(&mut self, kind: &str) -> Span {
        let known = self.by_kind.get(kind).unwrap_or(&self.all);
        known.get(self.chance.below(known.len())).copied().unwrap_or(Span::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded::{Happening, Repairs, What};

    fn call(kind: &str, asked: i64, waited: i64, handling: Option<i64>) -> Conversation {
        let at = |seconds: i64| Timestamp::from_micros_clamped(seconds * 1_000_000);
        let mut happenings = vec![Happening { at: at(asked), what: What::Asked }];
        if handling.is_some() {
            happenings.push(Happening { at: at(asked + waited), what: What::Answered(None) });
        }
        let closed = at(asked + waited + handling.unwrap_or(0));
        happenings.push(Happening { at: closed, what: What::Closed { abandoned: handling.is_none() } });
        Conversation {
            shop: String::new(),
            key: format!("{asked}"),
            buyer: "b".into(),
            group: kind.into(),
            vip: false,
            opened: at(asked),
            happenings,
            repairs: Repairs::default(),
        }
    }

    #[test]
    fn what_the_log_shows_is_kept_and_what_it_hides_is_drawn() {
        let log = [
            call("PS", 50, 30, Some(100)),
            call("NE", 10, 20, Some(400)),
            call("PS", 30, 60, None),
            call("NE", 40, 200, None),
        ];
        let (calls, _) = calls(&log, 1);
        assert!(calls.is_sorted_by_key(|call| call.asked));
        let [ne, gone_ps, gone_ne, ps] = calls.as_slice() else { panic!("four calls") };
        assert_eq!((gone_ps.patience, gone_ps.handling), (Span::from_secs(60), Span::from_secs(100)));
        assert_eq!((gone_ne.patience, gone_ne.handling), (Span::from_secs(200), Span::from_secs(400)));
        assert!(ne.patience > Span::from_secs(20) && ps.patience > Span::from_secs(30));
    }

    #[test]
    fn the_same_seed_draws_the_same_calls() {
        let log: Vec<_> = (0..50).map(|i| call("PS", i, 7 * i % 31, (i % 3 > 0).then_some(i))).collect();
        assert_eq!(calls(&log, 9).0, calls(&log, 9).0);
        assert_ne!(calls(&log, 9).0, calls(&log, 10).0);
    }
}
