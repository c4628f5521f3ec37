//! A pack beside another over the same days: what both make of them, and every unit they make something different of.
//!
//! An [`Evaluation`] takes conversations in like a [`Tally`] and feeds two of them. Units of one kind are compared one by
//! one: turns by the question they begin with, sessions by their conversation, buyers by their day. Where the packs count
//! different things, both are put together to the buyer's day, of which the worst unit decides.
//!
//! Invariants: the reports are those of two tallies; a pack beside itself differs in nothing; where both count
//! units of one kind, the counts of one pack are those of the other, less what differs as the other has it, and with what
//! differs as this one has it; the order of conversations does not matter. Of what differs no more than a page is held.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::verdict::JudgedUnit;
use super::{Report, RulePack, Tally, Unit, Verdict};
use crate::day::{Day, DayRange, Zone};
use crate::exchange::Conversation;
use crate::time::{Span, Timestamp};

/// Most units that an evaluation holds until everything is in: those that more than one conversation can be part of.
pub const MAX_UNITS_HELD: usize = 100_000;

/// Takes in conversations, in any order, and ends in an [`Evaluated`].
#[derive(Debug)]
pub struct Evaluation {
    draft: Tally,
    beside: Tally,
    grain: Grain,
    held: BTreeMap<UnitKey, Pair>,
    differences: Differences,
    scanned: u64,
    overfull: bool,
}

/// What two packs make of the same days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluated {
    /// What the pack in question makes of them.
    pub draft: Report,
    /// What the pack beside it does.
    pub beside: Report,
    /// How many units they make something different of.
    pub differing: u64,
    /// A page of those, in the order of their keys.
    pub page: Vec<Differing>,
    /// Where the page ends; `None` when it is the last.
    pub next: Option<UnitPlace>,
    /// How many conversations were looked at.
    pub scanned: u64,
}

/// A unit that two packs make something different of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differing {
    /// What it is known by.
    pub key: UnitKey,
    /// As the pack in question has it; `None` when it has no such unit.
    pub draft: Option<JudgedUnit>,
    /// As the pack beside it does.
    pub beside: Option<JudgedUnit>,
    /// What the difference comes of.
    pub why: Why,
}

/// What a difference comes of: the first of these that is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Only one of the packs has such a unit.
    OnlyOne,
    /// At least one of them leaves it out.
    LeftOut,
    /// One of them counts it in a rate of its own.
    Separate,
    /// They judge it from different questions.
    Question,
    /// Different replies count.
    Reply,
    /// The answer is due at different moments.
    Deadline,
    /// They make something different of the same turns.
    Treatment,
}

/// What a unit is known by to both packs, in the order of lists: by day and then by time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnitKey {
    /// The local day: of its question, or the one it counts for.
    pub day: Day,
    /// When it was asked; `None` for sessions and buyers.
    pub asked_at: Option<Timestamp>,
    /// The buyer, as the channel names them.
    pub buyer: String,
    /// The conversation; empty for a buyer's day, unless the source names no buyer.
    pub conversation: String,
    /// The question; empty for sessions and buyers.
    pub message: String,
}

/// Where a unit stands in a list. Two sources may tell of the same one, which has a place for each then.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnitPlace {
    /// What it is known by.
    pub key: UnitKey,
    /// Which of those with the same key, from 0.
    pub twin: u32,
}

/// Which part of a list is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitPage {
    /// The place the page before ended with; `None` = from the beginning.
    pub after: Option<UnitPlace>,
    /// Most units of the page.
    pub size: usize,
}

/// What is compared with what.
#[derive(Clone, Copy, Debug)]
struct Grain {
    unit: Unit,
    zone: Zone,
    /// Whether a unit is never part of more than one conversation.
    at_once: bool,
}

#[derive(Debug, Default)]
struct Pair {
    draft: Option<JudgedUnit>,
    beside: Option<JudgedUnit>,
}

/// What differs, as far as it is on the page.
#[derive(Debug)]
struct Differences {
    asked: UnitPage,
    total: u64,
    /// How many with the key of the place the page begins after have come.
    twins_before: u32,
    page: BTreeMap<UnitPlace, Differing>,
}

impl Evaluation {
    /// Nothing yet, of the units that count for a day of `range` in the shop's zone, as of a moment.
    #[must_use]
    pub fn new(
        (draft, beside): (RulePack, RulePack),
        zone: Zone,
        as_of: Timestamp,
        range: DayRange,
        page: UnitPage,
    ) -> Self {
        let unit = if draft.unit == beside.unit { draft.unit } else { Unit::BuyerDay };
        let rejoins =
            unit == Unit::Session && [&draft, &beside].iter().any(|pack| pack.rejoin_within.is_some());
        let grain = Grain { unit, zone, at_once: unit != Unit::BuyerDay && !rejoins };
        let tally = |pack| Tally::new(pack, zone, as_of, range).keeping_units();
        Self {
            draft: tally(draft),
            beside: tally(beside),
            grain,
            held: BTreeMap::new(),
            differences: Differences { asked: page, total: 0, twins_before: 0, page: BTreeMap::new() },
            scanned: 0,
            overfull: false,
        }
    }

    /// Takes in one conversation, whole; see [`Tally::add`] for which there must be.
    pub fn add(&mut self, conversation: &Conversation) {
        self.scanned += 1;
        self.overfull |= self.held.len() + self.draft.held() + self.beside.held() > 2 * MAX_UNITS_HELD;
        if self.overfull {
            return;
        }
        self.draft.add(conversation);
        self.beside.add(conversation);
        self.gather();
        if self.grain.at_once {
            self.compare();
        }
    }

    /// Puts together what both have closed.
    fn gather(&mut self) {
        for unit in self.draft.take_units() {
            let key = self.grain.key(&unit);
            prevail(&mut self.held.entry(key).or_default().draft, unit);
        }
        for unit in self.beside.take_units() {
            let key = self.grain.key(&unit);
            prevail(&mut self.held.entry(key).or_default().beside, unit);
        }
    }

    fn compare(&mut self) {
        for (key, Pair { draft, beside }) in std::mem::take(&mut self.held) {
            if let Some(why) = Why::of(draft.as_ref(), beside.as_ref()) {
                self.differences.add(Differing { key, draft, beside, why });
            }
        }
    }

    /// What both make of everything taken in; `None` when more than [`MAX_UNITS_HELD`] units of each would have had to be
    /// held.
    #[must_use]
    pub fn finish(mut self) -> Option<Evaluated> {
        self.draft.close_all();
        self.beside.close_all();
        self.gather();
        self.compare();
        let differing = self.differences.total;
        let (page, next) = self.differences.cut();
        let (draft, beside) = (self.draft.finish(), self.beside.finish());
        let evaluated = Evaluated { draft, beside, differing, page, next, scanned: self.scanned };
        (!self.overfull).then_some(evaluated)
    }
}

impl Grain {
    fn key(self, unit: &JudgedUnit) -> UnitKey {
        let (buyer, conversation) = (unit.buyer.clone(), unit.conversation.clone());
        let asked = |question: &crate::exchange::Ask| UnitKey {
            day: self.zone.day_of(question.at),
            asked_at: Some(question.at),
            buyer: buyer.clone(),
            conversation: conversation.clone(),
            message: question.message.clone(),
        };
        let of_day = |conversation: String| UnitKey {
            day: unit.day,
            asked_at: None,
            buyer: buyer.clone(),
            conversation,
            message: String::new(),
        };
        match self.unit {
            Unit::Turn => asked(&unit.begins),
            Unit::Message => asked(&unit.ask),
            Unit::Session => of_day(conversation.clone()),
            Unit::BuyerDay if buyer.is_empty() => of_day(conversation.clone()),
            Unit::BuyerDay => of_day(String::new()),
        }
    }
}

/// Of several units of one pack, the worst stands for all.
fn prevail(known: &mut Option<JudgedUnit>, unit: JudgedUnit) {
    if known.as_ref().is_none_or(|known| severity(&unit) > severity(known)) {
        *known = Some(unit);
    }
}

/// What is judged goes before what has a rate of its own, and both before what is left out; then the worst verdict, the
/// longest wait, the earliest question.
fn severity(unit: &JudgedUnit) -> (u8, Verdict, Span, Reverse<Timestamp>, Reverse<&str>) {
    let class = match (unit.verdict.is_judged(), unit.separate) {
        (false, _) => 0,
        (true, true) => 1,
        (true, false) => 2,
    };
    (class, unit.verdict, unit.waited, Reverse(unit.ask.at), Reverse(&unit.conversation))
}

impl Why {
    /// `None` when both make the same of it.
    fn of(draft: Option<&JudgedUnit>, beside: Option<&JudgedUnit>) -> Option<Self> {
        let outcome = |unit: &JudgedUnit| (unit.verdict, unit.separate);
        if draft.map(outcome) == beside.map(outcome) {
            return None;
        }
        let (Some(draft), Some(beside)) = (draft, beside) else { return Some(Self::OnlyOne) };
        let at = |unit: &JudgedUnit| unit.reply.as_ref().map(|reply| (reply.at, reply.message.clone()));
        Some(if !draft.verdict.is_judged() || !beside.verdict.is_judged() {
            Self::LeftOut
        } else if draft.separate != beside.separate {
            Self::Separate
        } else if draft.ask != beside.ask {
            Self::Question
        } else if at(draft) != at(beside) {
            Self::Reply
        } else if draft.due != beside.due {
            Self::Deadline
        } else {
            Self::Treatment
        })
    }
}

impl Differences {
    /// Counts it, and keeps it as long as it may be on the page; one more tells whether there is another page.
    fn add(&mut self, differing: Differing) {
        self.total += 1;
        let place = self.place(&differing.key);
        if self.asked.after.as_ref().is_some_and(|after| place <= *after) {
            return;
        }
        self.page.insert(place, differing);
        if self.page.len() > self.asked.size.saturating_add(1) {
            self.page.pop_last();
        }
    }

    fn place(&mut self, key: &UnitKey) -> UnitPlace {
        if self.asked.after.as_ref().is_some_and(|after| after.key == *key) {
            self.twins_before += 1;
            return UnitPlace { key: key.clone(), twin: self.twins_before - 1 };
        }
        let mut place = UnitPlace { key: key.clone(), twin: 0 };
        while self.page.contains_key(&place) {
            place.twin += 1;
        }
        place
    }

    fn cut(mut self) -> (Vec<Differing>, Option<UnitPlace>) {
        let more = self.page.len() > self.asked.size;
        while self.page.len() > self.asked.size {
            self.page.pop_last();
        }
        let next = self.page.last_key_value().filter(|_| more).map(|(place, _)| place.clone());
        (self.page.into_values().collect(), next)
    }
}
