//! A second judge, as naive as can be: one loop over what happened, no exchanges, no facts kept. It must agree with
//! the real one on random histories, for every kind of pack.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::exchange::Holder;
use crate::exchange::tests::any_what;
use crate::pack::Verdict;

const DAY: i64 = 86_400;
/// Friday, 1 May 2026, 00:00 in Shanghai, in seconds.
const FRIDAY: i64 = 1_777_564_800;
/// Shanghai is always so many seconds ahead.
const AHEAD: i64 = 8 * 3_600;

/// A turn the naive way: its questions, its answer, and who had to do with it up to the next question.
#[derive(Clone, Default)]
struct Turn {
    asks: Vec<i64>,
    answer: Option<i64>,
    robot: bool,
    human: bool,
    helped: bool,
    people: bool,
    agent: bool,
}

fn micros(happening: &Happening) -> i64 {
    happening.at.micros()
}

fn clock_micros(text: &str) -> i64 {
    let (hours, minutes) = text.split_once(':').expect("HH:MM");
    let number = |part: &str| part.parse::<i64>().expect("a number");
    (number(hours) * 60 + number(minutes)) * 60_000_000
}

fn local_micros(at: i64) -> i64 {
    (at + AHEAD * 1_000_000).rem_euclid(DAY * 1_000_000)
}

fn local_day(at: i64) -> i64 {
    (at + AHEAD * 1_000_000).div_euclid(DAY * 1_000_000)
}

fn inside(pack: &RulePack, at: i64) -> bool {
    let (start, end) =
        (clock_micros(&pack.window.start().to_string()), clock_micros(&pack.window.end().to_string()));
    start <= local_micros(at) && local_micros(at) < end
}

/// Steps through the days one by one. 1970-01-01 was a Thursday.
fn due(pack: &RulePack, asked: i64) -> i64 {
    let Some(by) = pack.weekend_answer_by else { return asked + pack.limit.micros() };
    let is_weekend = |day: i64| matches!((day + 3).rem_euclid(7), 5 | 6);
    let start_of = |day: i64| (day * DAY - AHEAD) * 1_000_000;
    let mut day = local_day(asked);
    if is_weekend(day) {
        while is_weekend(day) {
            day += 1;
        }
        return start_of(day) + clock_micros(&by.to_string());
    }
    let (mut from, mut left) = (asked, pack.limit.micros());
    loop {
        let room = if is_weekend(day) { 0 } else { start_of(day + 1) - from };
        if left <= room {
            return from + left;
        }
        left -= room;
        day += 1;
        from = start_of(day);
    }
}

const fn is_people(holder: &Holder) -> bool {
    matches!(holder, Holder::Agent(_) | Holder::Queue | Holder::NobodyOnDuty)
}

fn turns(pack: &RulePack, as_of: i64, story: &[Happening]) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    let splits = pack.robot_only != Treatment::Judge && pack.unit != Unit::Session;
    let (mut holder, mut opening_seen, mut open) = (Holder::Nobody, false, false);
    // Whether anybody has replied since the run of questions began; and when it began, as long as it is not known
    // whether the agent it came to is there to be asked.
    let (mut replied, mut standing) = (true, None);
    for happening in story.iter().filter(|happening| micros(happening) <= as_of) {
        let (at, before) = (micros(happening), holder.clone());
        if standing != Some(at) || matches!(happening.what, What::Replied { .. } | What::Transferred) {
            was_asked(&mut turns, &mut standing);
        }
        let begins = replied && matches!(happening.what, What::Asked { .. });
        match &happening.what {
            What::Asked { .. } => {
                let alone = |turn: &Turn| turn.robot && !turn.helped && !turn.people;
                let settled = splits && turns.last().is_some_and(alone);
                if !open || settled {
                    turns.push(Turn::default());
                }
                (open, replied) = (true, false);
                turns.last_mut().expect("a turn").asks.push(at);
            }
            What::Replied { actor, agent, small_talk, .. } => {
                replied = true;
                let counts = pack.countable.contains(actor) && !(pack.min_content && *small_talk);
                if let Some(turn) = turns.last_mut() {
                    turn.robot |= *actor == Actor::FullRobot && !(pack.min_content && *small_talk);
                    turn.human |= *actor == Actor::Human;
                    turn.helped |= helps(*actor, counts);
                    if counts && open {
                        turn.answer = Some(at);
                        open = false;
                    }
                }
                if *actor == Actor::Human && !agent.is_empty() && !matches!(holder, Holder::Agent(_)) {
                    holder = Holder::Agent(agent.clone());
                }
            }
            What::Assigned { agent } => holder = Holder::Agent(agent.clone()),
            What::Queued { nobody_on_duty: true } => holder = Holder::NobodyOnDuty,
            What::Queued { nobody_on_duty: false } | What::HandedToHuman => holder = Holder::Queue,
            What::WithRobot => holder = Holder::Robot,
            What::Opened { .. } if !std::mem::replace(&mut opening_seen, true) => {}
            What::Opened { .. } | What::LeftQueue { .. } | What::Closed { .. } => holder = Holder::Nobody,
            What::Transferred | What::Reached => {}
        }
        let moved = holder != before;
        let agent = matches!(holder, Holder::Agent(_));
        if begins || (moved && standing.is_some() && is_people(&holder)) {
            standing = agent.then_some(at);
        } else if moved {
            was_asked(&mut turns, &mut standing);
        }
        let asked = matches!(happening.what, What::Asked { .. });
        if let Some(turn) = turns.last_mut().filter(|_| standing.is_none() && (asked || moved)) {
            turn.agent |= agent;
            turn.people |= is_people(&holder);
        }
    }
    was_asked(&mut turns, &mut standing);
    turns
}

/// Whether a reply means that more than a full robot had to do with it.
const fn helps(actor: Actor, counts: bool) -> bool {
    match actor {
        Actor::Human | Actor::AssistRobot => true,
        Actor::FullRobot => false,
        Actor::AutoReply | Actor::FaqCard => counts,
    }
}

/// The agent the question came to has it.
fn was_asked(turns: &mut [Turn], standing: &mut Option<i64>) {
    if let (Some(turn), Some(_)) = (turns.last_mut(), standing.take()) {
        (turn.agent, turn.people) = (true, true);
    }
}

/// Who had to do with a whole conversation, in the place of its first turn.
fn whole(pack: &RulePack, story: &[Happening], as_of: i64, first: &Turn) -> Turn {
    let mut turn = Turn { asks: first.asks.clone(), answer: first.answer, ..Turn::default() };
    let mut asked = false;
    for happening in story.iter().filter(|happening| micros(happening) <= as_of) {
        match &happening.what {
            What::Asked { .. } => asked = true,
            What::Replied { actor, agent, small_talk, .. } => {
                let counts = pack.countable.contains(actor) && !(pack.min_content && *small_talk);
                turn.robot |= *actor == Actor::FullRobot;
                turn.human |= *actor == Actor::Human;
                turn.people |= *actor == Actor::Human;
                turn.helped |= asked && helps(*actor, counts);
                turn.agent |= *actor == Actor::Human && !agent.is_empty();
            }
            What::Assigned { .. } => (turn.agent, turn.people) = (true, true),
            What::Queued { .. } | What::HandedToHuman => turn.people = true,
            _ => {}
        }
    }
    turn
}

fn verdict(pack: &RulePack, as_of: i64, turn: &Turn, ask: i64) -> Verdict {
    let by_time = match turn.answer {
        Some(answer) if answer <= due(pack, ask) => Verdict::Met,
        Some(_) => Verdict::MissedLate,
        None if as_of <= due(pack, ask) => Verdict::Pending,
        None => Verdict::MissedUnanswered,
    };
    let treat = |treatment, left_out| match treatment {
        Treatment::Judge => by_time,
        Treatment::Exclude => left_out,
        Treatment::Answered => Verdict::Met,
        Treatment::Miss => Verdict::MissedUnanswered,
    };
    if !inside(pack, ask) {
        Verdict::OutsideWindow
    } else if turn.robot && !turn.helped && !turn.people && pack.robot_only != Treatment::Judge {
        treat(pack.robot_only, Verdict::RobotOnly)
    } else if turn.answer.is_none() && !turn.agent && !turn.human {
        treat(pack.unassigned, Verdict::Unassigned)
    } else {
        by_time
    }
}

/// The verdict of every unit, by its local day since 1970 and a name.
fn units(pack: &RulePack, as_of: i64, stories: &[Vec<Happening>]) -> Vec<(i64, Verdict)> {
    let mut units: BTreeMap<(i64, String), Verdict> = BTreeMap::new();
    for (index, story) in stories.iter().enumerate() {
        for (number, turn) in turns(pack, as_of, story).iter().enumerate() {
            let best = |asks: &[i64]| *asks.iter().find(|ask| inside(pack, **ask)).unwrap_or(&asks[0]);
            match pack.unit {
                Unit::Turn => {
                    let ask = best(&turn.asks);
                    let key = (local_day(ask), format!("{index}/{number}"));
                    units.insert(key, verdict(pack, as_of, turn, ask));
                }
                Unit::Session if number == 0 => {
                    let turn = whole(pack, story, as_of, turn);
                    let day = local_day(micros(&story[0]));
                    units.insert((day, index.to_string()), verdict(pack, as_of, &turn, best(&turn.asks)));
                }
                Unit::Session => {}
                Unit::BuyerDay => {
                    let mut days: Vec<_> = turn.asks.iter().map(|ask| local_day(*ask)).collect();
                    days.dedup();
                    for day in days {
                        let asks: Vec<_> =
                            turn.asks.iter().copied().filter(|ask| local_day(*ask) == day).collect();
                        let judged = verdict(pack, as_of, turn, best(&asks));
                        let unit = units.entry((day, buyer(index).to_owned())).or_insert(judged);
                        *unit = judged.max(*unit);
                    }
                }
            }
        }
    }
    units.into_iter().map(|((day, _), verdict)| (day, verdict)).collect()
}

/// Two conversations in three are of the same buyer.
fn buyer(index: usize) -> &'static str {
    if index.is_multiple_of(3) { "anna" } else { "bo" }
}

fn any_pack() -> impl Strategy<Value = RulePack> {
    let treatment = || {
        prop::sample::select(vec![Treatment::Judge, Treatment::Exclude, Treatment::Answered, Treatment::Miss])
    };
    let unit = prop::sample::select(vec![Unit::BuyerDay, Unit::Session, Unit::Turn]);
    let window = prop::sample::select(vec![("00:00", "24:00"), ("08:00", "23:00"), ("09:01", "09:02")]);
    let limit = prop::sample::select(vec![60, 180, 7_200, 86_400, 30 * 86_400]);
    let actors = prop::sample::subsequence(Actor::ALL.to_vec(), 1..=5);
    let weekend = prop::option::of(Just("12:00"));
    (unit, window, limit, actors, treatment(), treatment(), any::<bool>(), weekend).prop_map(
        |(unit, window, limit, countable, robot_only, unassigned, min_content, weekend)| {
            let clock = |text: &str| text.parse().expect("a clock time");
            RulePack {
                unit,
                limit: Span::from_secs(limit),
                window: Window::new(clock(window.0), clock(window.1)).expect("not empty"),
                countable,
                robot_only,
                unassigned,
                min_content,
                weekend_answer_by: weekend.map(clock),
                ..taobao()
            }
        },
    )
}

/// Happenings that crowd around the edges: minutes apart near a window's end, or anywhere in five days.
fn any_story() -> impl Strategy<Value = Vec<(i64, What)>> {
    let edge =
        prop::sample::select(vec![8 * 3_600, 23 * 3_600, 9 * 3_600 + 60, DAY, 2 * DAY, 3 * DAY + 12 * 3_600]);
    let second = prop_oneof![
        (edge, -400_i64..400).prop_map(|(edge, offset)| (edge + offset) * 1_000_000),
        (0_i64..5 * DAY).prop_map(|second| second * 1_000_000 + 1),
    ];
    prop::collection::vec((second, any_what()), 0..40)
}

fn with_opening(index: usize, mut lines: Vec<(i64, What)>) -> Vec<Happening> {
    lines.retain(|(_, what)| !matches!(what, What::Opened { .. }));
    lines.sort_by_key(|(at, _)| *at);
    let start = lines.first().map_or(0, |(at, _)| *at);
    let moment = |micros: i64| Timestamp::from_micros_clamped(FRIDAY * 1_000_000 + micros);
    let opening = Happening { at: moment(start), what: opened(buyer(index)) };
    let rest = lines.into_iter().map(|(at, what)| Happening { at: moment(at), what });
    std::iter::once(opening).chain(rest).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn a_naive_judge_agrees(
        pack in any_pack(),
        stories in prop::collection::vec(any_story(), 1..5),
        as_of in -400_i64..(6 * DAY),
    ) {
        let as_of = Timestamp::from_micros_clamped((FRIDAY + as_of) * 1_000_000);
        let stories: Vec<_> = stories.into_iter().enumerate().map(|(i, lines)| with_opening(i, lines)).collect();
        let conversations: Vec<_> =
            stories.iter().enumerate().map(|(i, story)| Conversation::fold(i.to_string(), story.clone())).collect();
        let tally = || Tally::new(pack.clone(), shanghai(), as_of, DayRange::default()).keeping_misses();

        let mut real = tally();
        conversations.iter().for_each(|conversation| real.add(conversation));
        let real = real.finish();

        let mut days: BTreeMap<String, Parts> = BTreeMap::new();
        let epoch = Day::new(1970, 1, 1).expect("a date");
        for (day, verdict) in units(&pack, as_of.micros(), &stories) {
            let day = epoch.plus(u32::try_from(day).expect("after 1970"));
            days.entry(day.to_string()).or_default().count(verdict);
        }
        let real_days: BTreeMap<_, _> = real.days.iter().map(|(day, parts)| (day.to_string(), *parts)).collect();
        prop_assert_eq!(&real_days, &days);

        prop_assert_eq!(real.misses.len() as u64, real.total.missed());
        prop_assert!(real.misses.is_sorted_by(|a, b| a.waited >= b.waited));
        for miss in &real.misses {
            let Blame { queued, with_agent, with_robot, nobody_on_duty, after_transfer } = miss.blame;
            prop_assert_eq!(queued + with_agent + with_robot + nobody_on_duty + after_transfer, miss.waited);
        }
        for sum in [
            sum(real.days.values()),
            sum(real.hours.iter()),
            sum(real.agents.values().map(|agent| &agent.parts)),
        ] {
            prop_assert_eq!(sum, real.total);
        }

        let mut backwards = tally();
        conversations.iter().rev().for_each(|conversation| backwards.add(conversation));
        prop_assert_eq!(backwards.finish(), real);
    }
}

fn sum<'a>(parts: impl Iterator<Item = &'a Parts>) -> Parts {
    parts.fold(Parts::default(), |sum, next| Parts {
        counted: sum.counted + next.counted,
        answered: sum.answered + next.answered,
        within_limit: sum.within_limit + next.within_limit,
        missed_late: sum.missed_late + next.missed_late,
        missed_unanswered: sum.missed_unanswered + next.missed_unanswered,
        pending: sum.pending + next.pending,
        excluded_robot_only: sum.excluded_robot_only + next.excluded_robot_only,
        excluded_unassigned: sum.excluded_unassigned + next.excluded_unassigned,
        excluded_outside_window: sum.excluded_outside_window + next.excluded_outside_window,
    })
}
