use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::Config;

use super::{
    Agent, Alert, Change, Detail, Floor, Hours, Kind, KindRules, MOST_OPEN, Machine, Memory, Quiet, Rules,
    Seen, Silence, Talk, Topic, What, Word, seen,
};
use crate::day::{ClockTime, Window, Zone};
use crate::desk::agent::Presence;
use crate::exchange::Holder;
use crate::time::{Span, Timestamp};

mod sight;

fn config() -> Config {
    let cases = std::env::var("FENLIU_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(250);
    Config { cases, failure_persistence: None, ..Config::default() }
}

/// So many seconds after noon in Shanghai on some day.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros_clamped(1_777_867_200_000_000) + Span::from_secs(seconds)
}

fn clock(text: &str) -> ClockTime {
    text.parse().expect("of the clock")
}

fn hours(start: &str, end: &str) -> Hours {
    let window = Window::new(clock(start), clock(end)).expect("a window");
    Hours { zone: Zone::parse("Asia/Shanghai").expect("a zone"), window }
}

fn synced(capacity: u32) -> Word {
    let ceiling = capacity.saturating_mul(2);
    Word::Synced { capacity, ceiling, unlimited: false, enabled: true, main_account: false, sanction: None }
}

/// A shop that serves from 08:00 to 23:00, with agents of capacity 2 who are online.
fn floor(agents: &[&str]) -> Floor {
    let mut floor = Floor::default();
    floor.serve(Some(hours("08:00", "23:00")));
    for agent in agents {
        floor.hear(agent, synced(2));
        floor.hear(agent, Word::Presence(Presence::Online));
    }
    floor
}

fn talk(holder: Holder, since: i64, due: Option<i64>) -> Talk {
    let owed = due.map(|due| (at(since), at(due))).into_iter().collect();
    Talk { holder, since: at(since), owed, last: at(since) }
}

fn held(agent: &str) -> Talk {
    talk(Holder::Agent(agent.into()), 0, None)
}

fn look(floor: &Floor, now: i64) -> Seen {
    seen(floor, Span::ZERO, at(now), &Rules::default())
}

fn kinds(seen: &Seen) -> Vec<Kind> {
    seen.topics.keys().map(|topic| topic.kind).collect()
}

fn detail(seen: &Seen, kind: Kind) -> Detail {
    let found = seen.topics.iter().find(|(topic, _)| topic.kind == kind);
    found.map(|(_, detail)| detail.clone()).unwrap_or_else(|| panic!("no {} is seen", kind.name()))
}

/// Rules under which the queue is raised after 10 s and resolved after 20 s.
fn rules() -> Rules {
    let mut rules = Rules::default();
    let queue = rules.of_mut(Kind::QueueWaiting);
    (queue.raise_after, queue.clear_after) = (Span::from_secs(10), Span::from_secs(20));
    queue.update_every = Span::from_secs(60);
    rules
}

/// The queue is known; with so many, or with nobody.
fn queue(waiting: u32) -> Seen {
    let mut seen = Seen::default();
    let detail = (waiting > 0).then(|| (String::new(), Detail::Queue { waiting, oldest: at(0) }));
    seen.tell(Kind::QueueWaiting, detail);
    seen
}

/// What the machine says to each of these ticks.
fn run(memory: Memory, rules: &Rules, ticks: &[(i64, Seen)]) -> (Vec<Change>, Memory) {
    let mut machine = Machine::new(rules, memory);
    let changes = ticks.iter().flat_map(|(second, seen)| machine.tick(at(*second), seen)).collect();
    (changes, machine.into_memory())
}

fn story(changes: &[Change]) -> Vec<(What, i64, bool)> {
    let second = |at_: Timestamp| at_.since(at(0)).micros() / 1_000_000;
    changes.iter().map(|change| (change.what, second(change.at), change.told)).collect()
}

#[test]
fn an_alert_is_raised_when_it_lasts_and_resolved_when_it_is_over_for_long() {
    let ticks = [
        (0, queue(1)),
        (9, queue(1)),
        (10, queue(1)),
        (20, queue(0)),
        (30, queue(1)),
        (40, queue(0)),
        (59, queue(0)),
        (60, queue(0)),
    ];
    let (changes, memory) = run(Memory::default(), &rules(), &ticks);
    assert_eq!(story(&changes), [(What::Raised, 10, true), (What::Resolved, 60, true)]);
    assert_eq!(changes[1].alert.resolved_at, Some(at(60)));
    assert_eq!((changes[0].position, changes[1].position, changes[1].alert.number), (1, 2, 1));
    assert!(memory.open.is_empty() && memory.coming.is_empty());
}

#[test]
fn other_figures_are_told_no_more_often_than_the_rule_says() {
    let ticks: Vec<_> =
        (0..200).map(|second| (second, queue(1 + u32::try_from(second).expect("few")))).collect();
    let (changes, _) = run(Memory::default(), &rules(), &ticks);
    let updated = [(What::Updated, 70, true), (What::Updated, 130, true), (What::Updated, 190, true)];
    assert_eq!(story(&changes)[1..], updated);
    let same: Vec<_> = (0..200).map(|second| (second, queue(1))).collect();
    assert_eq!(run(Memory::default(), &rules(), &same).0.len(), 1, "the same figures are no news");
}

fn silenced(until: i64) -> Memory {
    let silence = Silence { until: at(until), since: at(0), by: "mei".into(), reason: "a drill".into() };
    Memory { silences: BTreeMap::from([(Kind::QueueWaiting, silence)]), ..Memory::default() }
}

#[test]
fn what_is_silenced_is_recorded_and_told_when_the_silence_ends() {
    let ticks =
        [(0, queue(1)), (10, queue(1)), (99, queue(1)), (100, queue(1)), (110, queue(0)), (140, queue(0))];
    let (changes, memory) = run(silenced(100), &rules(), &ticks);
    let told = [(What::Raised, 10, false), (What::Updated, 100, true), (What::Resolved, 140, true)];
    assert_eq!(story(&changes), told);
    assert_eq!(changes[0].alert.quiet, Some(Quiet::Silenced));
    assert!(memory.silences.is_empty(), "a silence that is over is forgotten");
}

#[test]
fn what_was_told_before_a_silence_is_taken_back_within_it() {
    let (raised, mut memory) = run(Memory::default(), &rules(), &[(0, queue(1)), (10, queue(1))]);
    memory.silences = silenced(1_000).silences;
    let (changes, _) = run(memory, &rules(), &[(80, queue(2)), (90, queue(0)), (110, queue(0))]);
    assert_eq!(story(&raised), [(What::Raised, 10, true)]);
    assert_eq!(story(&changes), [(What::Updated, 80, false), (What::Resolved, 110, true)]);
}

fn turns(names: impl IntoIterator<Item = String>) -> Seen {
    let mut seen = Seen::default();
    let turn = || Detail::Turn { agent: String::new(), asked_at: at(0), due: at(180) };
    seen.tell(Kind::TurnAtRisk, names.into_iter().map(|name| (name, turn())));
    seen
}

#[test]
fn of_a_crowd_only_so_many_are_told_and_all_are_recorded() {
    let mut rules = rules();
    let risk = rules.of_mut(Kind::TurnAtRisk);
    (risk.at_most, risk.within) = (3, Span::from_mins(1));
    let names = |from: u32| (from..from + 5).map(|number| format!("c{number}"));
    let ticks = [(0, turns(names(0))), (59, turns(names(5))), (60, turns(names(10)))];
    let (changes, memory) = run(Memory::default(), &rules, &ticks);
    let raised: Vec<_> = changes.iter().filter(|change| change.what == What::Raised).collect();
    let told = |second| raised.iter().filter(|change| change.at == at(second) && change.told).count();
    assert_eq!((raised.len(), told(0), told(59), told(60)), (15, 3, 0, 3));
    let resolved = changes.iter().filter(|change| change.what == What::Resolved);
    assert_eq!(resolved.filter(|change| change.told).count(), 3, "what nobody heard of is not taken back");
    assert!(memory.told[&Kind::TurnAtRisk].len() <= 3);
}

#[test]
fn no_more_than_so_many_of_a_kind_are_open_at_once() {
    let names = || (0..MOST_OPEN + 3).map(|number| format!("c{number}"));
    let (changes, memory) = run(Memory::default(), &rules(), &[(0, turns(names()))]);
    assert_eq!((changes.len(), memory.open.len(), memory.coming.len()), (MOST_OPEN, MOST_OPEN, 3));
}

#[test]
fn what_is_not_known_is_neither_raised_nor_resolved() {
    let unknown = Seen::default();
    let (changes, memory) = run(
        Memory::default(),
        &rules(),
        &[
            (0, queue(1)),
            (10, queue(1)),
            (20, queue(0)),
            (30, unknown.clone()),
            (500, unknown),
            (501, queue(0)),
        ],
    );
    assert_eq!(story(&changes), [(What::Raised, 10, true)]);
    assert_eq!(memory.open.len(), 1);
}

#[test]
fn a_kind_that_is_switched_off_is_not_raised_and_what_was_open_ends() {
    let mut off = rules();
    off.of_mut(Kind::QueueWaiting).enabled = false;
    let (_, open) = run(Memory::default(), &rules(), &[(0, queue(1)), (10, queue(1))]);
    let ticks = [(20, queue(1)), (40, queue(1)), (60, queue(1))];
    assert_eq!(story(&run(open, &off, &ticks).0), [(What::Resolved, 40, true)]);
    assert_eq!(run(Memory::default(), &off, &ticks).0, []);
}

/// Some seconds with what is seen in each: which of three conversations are at risk and how many wait, and whether
/// anything is known.
fn anything() -> impl Strategy<Value = Vec<(i64, Seen)>> {
    let one = (0..40_i64, 0..4_u32, any::<[bool; 3]>(), 0..8_u8);
    vec(one, 1..60).prop_map(|steps| {
        let mut second = 0;
        let tick = |(step, waiting, risks, known): (i64, u32, [bool; 3], u8)| {
            second += step;
            let mut seen = queue(waiting);
            let names = risks.iter().zip(["a", "b", "c"]).filter(|(is, _)| **is);
            let risky = turns(names.map(|(_, name)| name.to_owned()));
            seen.known.extend(risky.known);
            seen.topics.extend(risky.topics);
            (second, if known == 0 { Seen::default() } else { seen })
        };
        steps.into_iter().map(tick).collect()
    })
}

/// The alerts that are open after some changes; panics where two of one topic are.
fn open_after(changes: &[Change]) -> BTreeMap<Topic, Alert> {
    let mut open: BTreeMap<Topic, Alert> = BTreeMap::new();
    for (number, change) in changes.iter().enumerate() {
        assert_eq!(change.position, number as u64 + 1, "positions have no hole");
        let topic = change.alert.topic.clone();
        let known = match change.what {
            What::Raised | What::Updated => open.insert(topic, change.alert.clone()),
            What::Resolved => open.remove(&topic),
        };
        assert_eq!(known.is_some(), change.what != What::Raised, "{change:?}");
        assert!(known.is_none_or(|known| known.number == change.alert.number));
    }
    open
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn of_one_topic_at_most_one_alert_is_open(ticks in anything()) {
        let (changes, memory) = run(Memory::default(), &rules(), &ticks);
        let open: BTreeMap<_, _> =
            memory.open.into_iter().map(|(topic, open)| (topic, open.alert)).collect();
        prop_assert_eq!(open_after(&changes), open);
    }

    #[test]
    fn what_flaps_within_the_times_of_its_rule_is_raised_at_most_once(
        steps in vec((1..10_i64, any::<bool>()), 1..200)
    ) {
        // It never is the case, nor over, for as long as it takes to be resolved: 20 s.
        let (mut second, mut since, mut ticks) = (0, 0, Vec::new());
        for (step, is) in steps {
            second += step;
            let is = is || second - since >= 9;
            since = if is { second } else { since };
            ticks.push((second, queue(u32::from(is))));
        }
        let (changes, _) = run(Memory::default(), &rules(), &ticks);
        prop_assert!(changes.len() <= 1, "{changes:?}");
    }

    #[test]
    fn what_never_lasts_is_never_raised(steps in vec(1..10_i64, 1..200)) {
        let mut second = 0;
        let tick = |(number, step): (usize, &i64)| {
            second += step;
            (second, queue(u32::from(number % 2 == 0)))
        };
        let ticks: Vec<_> = steps.iter().enumerate().map(tick).collect();
        prop_assert_eq!(run(Memory::default(), &rules(), &ticks).0, []);
    }

    #[test]
    fn a_silenced_kind_is_recorded_and_not_told(ticks in anything()) {
        let loud = run(Memory::default(), &rules(), &ticks).0;
        let quiet = run(silenced(1_000_000), &rules(), &ticks).0;
        let without_telling = |changes: &[Change]| -> Vec<_> {
            changes.iter().map(|change| (change.position, change.what, change.at, change.alert.topic.clone())).collect()
        };
        prop_assert_eq!(without_telling(&loud), without_telling(&quiet));
        let of_queue = |change: &&Change| change.alert.topic.kind == Kind::QueueWaiting;
        prop_assert!(quiet.iter().filter(of_queue).all(|change| !change.told));
        prop_assert!(loud.iter().filter(of_queue).all(|change| change.told || change.alert.quiet.is_some()));
    }

    #[test]
    fn another_process_goes_on_as_if_there_had_been_one(ticks in anything(), cut in 0..60_usize) {
        let (before, after) = ticks.split_at(cut.min(ticks.len()));
        let (mut changes, memory) = run(Memory::default(), &rules(), before);
        let (rest, end) = run(memory, &rules(), after);
        changes.extend(rest);
        prop_assert_eq!((changes, end), run(Memory::default(), &rules(), &ticks));
    }

    #[test]
    fn what_is_seen_does_not_depend_on_how_the_floor_came_about(
        words in vec((0..3_usize, 0..9_u8), 0..40),
        talks in vec((0..6_usize, 0..6_usize, 0..300_i64), 0..40),
        cut in 0..40_usize,
    ) {
        let names = ["lan", "mei", "hua"];
        let mut whole = floor(&["lan"]);
        words.iter().for_each(|(who, word)| drop(whole.hear(names[*who], word_of(*word)).clone()));
        talks.iter().for_each(|(which, holder, since)| stand(&mut whole, *which, *holder, *since));
        // Put together anew: of the agents as they were stored, and of the last that is known of each conversation.
        let mut anew = Floor::default();
        anew.serve(whole.hours());
        for (name, agent) in whole.agents() {
            anew.seat(name.to_owned(), agent.clone());
        }
        let mut last: BTreeMap<usize, (usize, i64)> = BTreeMap::new();
        let early = &talks[..cut.min(talks.len())];
        last.extend(early.iter().chain(&talks).map(|(which, holder, since)| (*which, (*holder, *since))));
        last.iter().rev().for_each(|(which, (holder, since))| stand(&mut anew, *which, *holder, *since));
        prop_assert_eq!(&whole, &anew);
        prop_assert_eq!(look(&whole, 100), look(&anew, 100));
    }
}

fn word_of(number: u8) -> Word {
    match number {
        0 => synced(3),
        1 => Word::Leaving(true),
        2 => Word::Capacity(1),
        3 => Word::Duty { on_duty: false, until: Some(at(50)) },
        4 => Word::Duty { on_duty: true, until: None },
        number => Word::Presence(Presence::ALL[usize::from(number - 5)]),
    }
}

fn stand(floor: &mut Floor, which: usize, holder: usize, since: i64) {
    let agent = |name: &str| Holder::Agent(name.into());
    let holders = [Holder::Nobody, Holder::Robot, Holder::Queue, agent("lan"), agent("mei")];
    let talk = holders.get(holder).map(|holder| talk(holder.clone(), since, Some(since + 180)));
    floor.stand(&format!("c{which}"), talk);
}

#[test]
fn the_default_of_an_agent_takes_nobody() {
    let agent = Agent::default();
    assert!(!agent.is_there(at(0)) && agent.may_work(at(0)));
    assert!(Rules::default().of(Kind::TurnAtRisk).raise_after == Span::ZERO);
    let named: Vec<_> = Kind::ALL.iter().map(|kind| Kind::named(kind.name())).collect();
    assert_eq!(named, Kind::ALL.map(Some));
    assert!(matches!(Rules::default().of(Kind::QueueWaiting), KindRules { enabled: true, .. }));
}
