//! From the turns of all stories to units, one list after the other.

use std::collections::BTreeMap;

use super::listen::{Turn, turns, whole};
use super::{by_time, due, is_inside, local_day, treat};
use crate::exchange::{Happening, Mark, What};
use crate::message::Actor;
use crate::pack::{JudgeTime, RulePack, Score, Treatment, Unit, Verdict};

/// One unit: its local day since 1970, and what became of it.
pub(super) struct Counted {
    pub(super) day: i64,
    pub(super) verdict: Verdict,
    pub(super) separate: bool,
    /// What it adds to a mean that is the figure of the pack, in microseconds.
    pub(super) wait: i64,
}

/// A turn that was judged from a question.
#[derive(Clone, Debug)]
struct Judged {
    day: i64,
    story: usize,
    asked: i64,
    verdict: Verdict,
    separate: bool,
    /// How long until an answer that counts.
    wait: Option<i64>,
}

pub(super) fn units(pack: &RulePack, as_of: i64, stories: &[Vec<Happening>]) -> Vec<Counted> {
    let judged = (0..stories.len()).flat_map(|index| judge_story(pack, as_of, stories, index));
    let mut units: BTreeMap<(i64, String), Vec<Judged>> = BTreeMap::new();
    for (number, judged) in judged.enumerate() {
        let name = match pack.unit {
            Unit::Turn | Unit::Message => number.to_string(),
            Unit::Session => format!("session {}", judged.story),
            Unit::BuyerDay => buyer_of(stories, judged.story),
        };
        if pack.unit == Unit::Session && goes_on(pack, as_of, stories, judged.story) {
            continue;
        }
        units.entry((judged.day, name)).or_default().push(judged);
    }
    units.into_iter().map(|((day, _), turns)| decide(pack, day, &turns)).collect()
}

fn buyer_of(stories: &[Vec<Happening>], index: usize) -> String {
    let named = stories[index].iter().find_map(|happening| match &happening.what {
        What::Opened { buyer, .. } => Some(buyer.clone()),
        _ => None,
    });
    named.unwrap_or_default()
}

/// Whether a session only takes up an earlier one of its buyer again.
fn goes_on(pack: &RulePack, as_of: i64, stories: &[Vec<Happening>], index: usize) -> bool {
    let Some(within) = pack.rejoin_within else { return false };
    let asked = |index: usize| {
        let asks = |happening: &&Happening| matches!(happening.what, What::Asked { .. });
        stories[index].iter().find(asks).map(|ask| ask.at.micros()).filter(|at| *at <= as_of)
    };
    let closed = |index: usize| {
        let closes = |happening: &&Happening| matches!(happening.what, What::Closed { .. });
        stories[index].iter().rfind(closes).map(|close| close.at.micros()).filter(|at| *at <= as_of)
    };
    (0..stories.len()).any(|other| {
        let (Some(theirs), Some(ours)) = (asked(other), asked(index)) else { return false };
        let Some(closed) = closed(other) else { return false };
        (theirs, other) < (ours, index)
            && buyer_of(stories, other) == buyer_of(stories, index)
            && (0..=within.micros()).contains(&(ours - closed))
    })
}

fn judge_story(pack: &RulePack, as_of: i64, stories: &[Vec<Happening>], index: usize) -> Vec<Judged> {
    let story = &stories[index];
    let Some(began) = story.first().map(|opening| opening.at.micros()) else { return Vec::new() };
    let mut judged = Vec::new();
    for turn in turns(pack, as_of, story) {
        let turn = if pack.unit == Unit::Session { whole(pack, story, as_of, &turn) } else { turn };
        // Each question, by what it is judged from.
        let mut asks: Vec<(i64, Option<Verdict>)> = Vec::new();
        for ask in &turn.asks {
            let moment = if pack.judge_time == JudgeTime::SessionStart { began } else { ask.at };
            let left_out = if !is_inside(pack, moment) {
                Some(Verdict::OutsideWindow)
            } else if pack.after_handover && ask.to_robot {
                Some(Verdict::BeforeHandover)
            } else {
                None
            };
            asks.push((ask.at, left_out));
        }
        let day_of = |asked: i64| match (pack.unit, pack.judge_time) {
            (Unit::Session, _) | (_, JudgeTime::SessionStart) => local_day(began),
            _ => local_day(asked),
        };
        let best = |asks: &[(i64, Option<Verdict>)]| {
            let inside = asks.iter().find(|(_, left_out)| left_out.is_none());
            *inside.unwrap_or(&asks[0])
        };
        let chosen: Vec<_> = match pack.unit {
            Unit::Message => asks,
            Unit::Session | Unit::Turn => vec![best(&asks)],
            Unit::BuyerDay => asks.chunk_by(|a, b| day_of(a.0) == day_of(b.0)).map(best).collect(),
        };
        for (asked, left_out) in chosen {
            let (verdict, separate, answer) = verdict(pack, as_of, story, &turn, (asked, left_out));
            // What is only taken for answered in time waited for nothing.
            let answer = answer.filter(|at| verdict != Verdict::Met || *at <= due(pack, asked));
            let wait = answer.map(|answer| (answer - asked).max(0));
            judged.push(Judged { day: day_of(asked), story: index, asked, verdict, separate, wait });
        }
    }
    judged
}

/// The verdict, whether it belongs to a rate of its own, and the answer that counts.
fn verdict(
    pack: &RulePack,
    as_of: i64,
    story: &[Happening],
    turn: &Turn,
    (asked, left_out): (i64, Option<Verdict>),
) -> (Verdict, bool, Option<i64>) {
    let by_time = by_time(pack, as_of, turn.answer, asked);
    let marked = || Mark::ALL.into_iter().filter(|mark| pack.exclusions.contains(mark));
    let mark = marked().find(|mark| is_marked(*mark, story, as_of)).map(Verdict::Marked);
    if let Some(left_out) = left_out.or(mark) {
        return (left_out, false, turn.answer);
    }
    let card = turn.card.filter(|_| !turn.followed_up && by_time != Verdict::Met);
    match (pack.self_service, card) {
        (Treatment::Exclude, Some(_)) => return (Verdict::SelfServed, false, turn.answer),
        (Treatment::Answered, Some(card))
            if super::by_time(pack, as_of, Some(card), asked) == Verdict::Met =>
        {
            return (Verdict::Met, false, Some(card));
        }
        _ => {}
    }
    if turn.robot && !turn.helped && !turn.people && pack.robot_only != Treatment::Judge {
        return (treat(pack.robot_only, Verdict::RobotOnly, by_time), false, turn.answer);
    }
    let nobody = turn.answer.is_none() && !turn.agent && !turn.human;
    if pack.unassigned == Treatment::Separate {
        return (by_time, nobody || turn.nobody == Some(true), turn.answer);
    }
    let verdict = if nobody { treat(pack.unassigned, Verdict::Unassigned, by_time) } else { by_time };
    (verdict, false, turn.answer)
}

fn is_marked(mark: Mark, story: &[Happening], as_of: i64) -> bool {
    let mut seen = story.iter().filter(|happening| happening.at.micros() <= as_of);
    if seen.clone().any(|happening| happening.what == What::Marked(mark)) {
        return true;
    }
    let first_word = seen.find(|happening| {
        matches!(happening.what, What::Asked { .. } | What::Replied { actor: Actor::Human, .. })
    });
    mark == Mark::ShopInitiated
        && first_word.is_some_and(|happening| matches!(happening.what, What::Replied { .. }))
}

/// Lists are in the order of the stories and, within one, of its questions.
fn decide(pack: &RulePack, day: i64, turns: &[Judged]) -> Counted {
    let is_judged = |turn: &&Judged| {
        matches!(
            turn.verdict,
            Verdict::Met | Verdict::Pending | Verdict::MissedLate | Verdict::MissedUnanswered
        )
    };
    let class = |turn: &&Judged| if is_judged(turn) { 1 + u8::from(!turn.separate) } else { 0 };
    let worst = turns.iter().max_by_key(|turn| (class(turn), turn.verdict));
    let chosen = match pack.score() {
        Score::AnyMiss | Score::MeanWait => worst,
        Score::FirstAnswer if pack.unit == Unit::Session => {
            turns.iter().find(|turn| turn.verdict != Verdict::BeforeHandover).or(turns.last())
        }
        Score::FirstAnswer => turns.iter().min_by_key(|turn| (!is_judged(turn), turn.asked, turn.story)),
    };
    let Some(chosen) = chosen else {
        return Counted { day, verdict: Verdict::OutsideWindow, separate: false, wait: 0 };
    };
    let of_units = matches!(pack.unit, Unit::Session | Unit::BuyerDay);
    if pack.score() == Score::MeanWait && of_units {
        let verdict = mean_verdict(pack, turns).unwrap_or(chosen.verdict);
        return Counted { day, verdict, separate: chosen.separate, wait: 0 };
    }
    let cap = pack.cap.map_or(0, crate::time::Span::micros);
    let wait = match chosen.verdict {
        _ if pack.score() != Score::MeanWait => 0,
        Verdict::MissedUnanswered => cap,
        Verdict::Met | Verdict::MissedLate => chosen.wait.map_or(0, |wait| wait.min(cap)),
        _ => 0,
    };
    Counted { day, verdict: chosen.verdict, separate: chosen.separate, wait }
}

/// The sum of the waits beside the limit times as many; `None` when no turn has a wait.
fn mean_verdict(pack: &RulePack, turns: &[Judged]) -> Option<Verdict> {
    let unanswered = turns.iter().filter(|turn| turn.verdict == Verdict::MissedUnanswered).count();
    if unanswered > 0 && pack.cap.is_none() {
        return Some(Verdict::MissedUnanswered);
    }
    if turns.iter().any(|turn| turn.verdict == Verdict::Pending) {
        return Some(Verdict::Pending);
    }
    let cap = pack.cap.map(crate::time::Span::micros);
    let mut waits: Vec<i64> = vec![cap.unwrap_or_default(); unanswered];
    for turn in turns.iter().filter(|turn| matches!(turn.verdict, Verdict::Met | Verdict::MissedLate)) {
        waits.extend(turn.wait.map(|wait| cap.map_or(wait, |cap| wait.min(cap))));
    }
    let limits: i128 = waits.iter().map(|_| i128::from(pack.limit.micros())).sum();
    let sum: i128 = waits.iter().map(|wait| i128::from(*wait)).sum();
    match (waits.is_empty(), sum <= limits, unanswered) {
        (true, ..) => None,
        (false, true, _) => Some(Verdict::Met),
        (false, false, 0) => Some(Verdict::MissedLate),
        (false, false, _) => Some(Verdict::MissedUnanswered),
    }
}
