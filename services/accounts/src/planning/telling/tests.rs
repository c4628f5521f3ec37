use fenliu_domain::day::Zone;
use fenliu_domain::roster::{PlannedDay, Shift, Template, Work};

use super::*;
use crate::planning::Edition;

/// 2026-03-01T00:00:00Z.
const NOW: Timestamp = Timestamp::from_micros_clamped(1_772_323_200_000_000);

fn at(hours: i64) -> Timestamp {
    NOW + Span::from_hours(hours)
}

fn duty(spans: &[(i64, i64)], through: i64) -> Duty {
    Duty { spans: spans.iter().map(|(start, end)| (at(*start), at(*end))).collect(), through: at(through) }
}

/// Everybody named works from 08:00 to 16:00 UTC on the first and the second of March.
fn published(agents: &[AgentId]) -> Published {
    let hours = Shift::new("08:00".parse().expect("a time"), "16:00".parse().expect("a time"));
    let dated = |agent: &AgentId| {
        let work = vec![Work::Template("day".to_owned())];
        ["2026-03-01", "2026-03-02"].map(|day| Assignment::Dated {
            agent: *agent,
            day: day.parse().expect("a day"),
            work: work.clone(),
        })
    };
    let plan = Plan {
        templates: vec![Template { name: "day".to_owned(), shift: hours }],
        assignments: agents.iter().flat_map(dated).collect(),
        ..Plan::default()
    };
    let edition =
        Edition { version: 1, published: NOW, by: String::new(), note: String::new(), zone: Zone::UTC };
    Published { edition, plan }
}

#[test]
fn what_is_told_begins_now_and_reaches_three_days_ahead() {
    let (ann, bob) = (AgentId::from_bits(1), AgentId::from_bits(2));
    let told = told(&published(&[ann]), &[], &BTreeSet::from([ann, bob]), at(10)).expect("told");
    assert_eq!(told.get(&ann), Some(&duty(&[(10, 16), (32, 40)], 82)));
    assert_eq!(told.get(&bob), Some(&duty(&[], 82)), "whoever is not named works nothing");
}

#[test]
fn a_swap_brings_in_what_somebody_else_works() {
    let (ann, bob) = (AgentId::from_bits(1), AgentId::from_bits(2));
    let day = |agent, day: &str| PlannedDay { agent, day: day.parse().expect("a day") };
    let swap = [Exception::Swap { first: day(ann, "2026-03-05"), second: day(bob, "2026-03-01") }];
    let hers = told(&published(&[bob]), &swap, &BTreeSet::from([ann]), NOW).expect("told");
    assert_eq!(hers.get(&ann), Some(&duty(&[(8, 16)], 72)));
    let his = told(&published(&[bob]), &swap, &BTreeSet::from([bob]), NOW).expect("told");
    assert_eq!(his.get(&bob), Some(&duty(&[(32, 40)], 72)));
}

#[test]
fn more_stretches_than_are_told_are_told_less_far_ahead() {
    let stretches = |count: i64| {
        (0..count).filter_map(|index| Stretch::new(at(2 * index), at(2 * index + 1))).collect::<Vec<_>>()
    };
    let all = duty_of(stretches(32), at(72));
    assert_eq!((all.spans.len(), all.through), (32, at(72)));
    let cut = duty_of(stretches(33), at(72));
    assert_eq!(
        (cut.spans.len(), cut.through),
        (32, at(63)),
        "nothing is said after the last span that is told"
    );
}

#[test]
fn followers_hear_of_what_they_do_not_know_and_of_nothing_else() {
    let told = duty(&[(0, 8), (24, 32)], 72);
    let news = |new: &Duty, hours| is_news(Some(&told), new, at(hours));
    assert!(is_news(None, &told, NOW));
    assert!(!news(&told, 0));
    assert!(!news(&duty(&[(4, 8), (24, 32)], 76), 4), "the same, told from later on");
    assert!(!news(&duty(&[(24, 32), (73, 74)], 96), 24), "what is new lies beyond what must be told");
    assert!(news(&duty(&[(26, 32), (73, 74)], 98), 26), "what they know does not reach far enough");
    assert!(news(&duty(&[(0, 8), (25, 32)], 72), 0), "another beginning");
    assert!(news(&duty(&[(0, 8), (24, 32), (70, 71)], 72), 0), "one more");
    assert!(news(&duty(&[(0, 8)], 8), 0), "less far than they believe to know");
}
