//! Random plans and exceptions, around the days on which clocks did something strange.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{ANN, BOB, CAT, day, zone};
use crate::day::{ClockTime, Day, Window, Zone};
use crate::ids::AgentId;
use crate::roster::{Assignment, Exception, Plan, PlannedDay, Rotation, Shift, Template, Work};
use crate::time::{Span, Timestamp};

/// A zone, and a day on which something happens to its clocks, or to the year.
pub(super) const STRANGE_DAYS: [(&str, &str); 34] = [
    ("Asia/Shanghai", "2026-11-11"),
    ("Asia/Shanghai", "2025-12-31"),
    ("Asia/Shanghai", "1986-05-04"),
    ("Asia/Shanghai", "1990-09-16"),
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2026-11-01"),
    ("America/New_York", "2024-02-29"),
    ("America/New_York", "1974-01-06"),
    ("Europe/London", "2026-03-29"),
    ("Europe/London", "2026-10-25"),
    ("Europe/London", "1968-10-27"),
    ("Europe/London", "1971-10-31"),
    ("Australia/Lord_Howe", "2026-04-05"),
    ("Australia/Lord_Howe", "2026-10-04"),
    ("Pacific/Apia", "2011-12-30"),
    ("Pacific/Apia", "2011-09-24"),
    ("America/Sao_Paulo", "2018-11-04"),
    ("America/Sao_Paulo", "2018-02-18"),
    ("Asia/Kathmandu", "1986-01-01"),
    ("Asia/Kathmandu", "2026-06-01"),
    ("Asia/Pyongyang", "2015-08-15"),
    ("Asia/Pyongyang", "2018-05-05"),
    ("America/Caracas", "2007-12-09"),
    ("America/Caracas", "2016-05-01"),
    ("Asia/Beirut", "2026-03-29"),
    ("America/Havana", "2026-11-01"),
    ("Pacific/Kiritimati", "1994-12-31"),
    ("Pacific/Kwajalein", "1969-10-01"),
    ("Pacific/Kwajalein", "1993-08-21"),
    ("Antarctica/Troll", "2026-03-29"),
    ("Antarctica/Troll", "2026-10-25"),
    ("Europe/Moscow", "2014-10-26"),
    ("America/Scoresbysund", "2024-03-31"),
    ("Africa/Cairo", "2010-08-11"),
];

/// A roster somewhere, at a strange time.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) zone: Zone,
    /// The strange day.
    pub(super) strange: Day,
    pub(super) plan: Plan,
    pub(super) exceptions: Vec<Exception>,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

/// Midnight of a day in universal time, and so many minutes.
pub(super) fn utc(day: Day, minutes: i64) -> Timestamp {
    Zone::UTC.start_of(day) + Span::from_mins(minutes)
}

pub(super) fn strange_day() -> impl Strategy<Value = (Zone, Day)> {
    prop::sample::select(&STRANGE_DAYS[..]).prop_map(|(name, date)| (zone(name), day(date)))
}

pub(super) fn world() -> impl Strategy<Value = World> {
    (strange_day(), -2_000_i64..1_000, 1_i64..4_000).prop_flat_map(|((zone, strange), start, length)| {
        let (from, to) = (utc(strange, start), utc(strange, start + length));
        (plan(strange), prop::collection::vec(exception(strange), 0..6))
            .prop_map(move |(plan, exceptions)| World { zone, strange, plan, exceptions, from, to })
    })
}

pub(super) fn agent() -> impl Strategy<Value = AgentId> {
    prop::sample::select(vec![ANN, BOB, CAT])
}

/// A minute of the clock, often a round one, often early.
fn minutes() -> impl Strategy<Value = u16> {
    prop_oneof![
        0_u16..1_440,
        (0_u16..48).prop_map(|half| half * 30),
        (0_u16..13).prop_map(|quarter| quarter * 15)
    ]
}

fn clock(minutes: u16) -> ClockTime {
    ClockTime::from_minutes(minutes).expect("of the clock")
}

pub(super) fn service() -> impl Strategy<Value = Window> {
    (minutes(), minutes().prop_map(|m| m + 1))
        .prop_filter_map("not empty", |(start, end)| Window::new(clock(start), clock(end)))
}

/// A shift with up to two breaks, one in each half.
pub(super) fn shift() -> impl Strategy<Value = Shift> {
    let ends = prop_oneof![4 => minutes(), 1 => Just(1_440)];
    let rest = || prop::option::of((0.0..1.0_f64, 0.0..1.0_f64));
    (minutes(), ends, rest(), rest()).prop_map(|(start, end, early, late)| {
        let mut shift = Shift::new(clock(start), clock(end));
        let half = shift.minutes() / 2;
        for (part, rest) in [(0, early), (half, late)] {
            let Some((from, length)) = rest else { continue };
            let from = (f64::from(half) * from) as u32;
            let length = (f64::from(half - from) * length) as u32;
            let of_day = |offset: u32| clock(((u32::from(start) + part + offset) % 1_440) as u16);
            shift
                .breaks
                .extend((length > 0).then(|| Window::new(of_day(from), of_day(from + length))).flatten());
        }
        shift
    })
}

const NAMES: [&str; 3] = ["day", "late", "night"];

fn names() -> impl Strategy<Value = Vec<String>> {
    prop::sample::subsequence(&NAMES[..], 0..=2)
        .prop_map(|names| names.into_iter().map(str::to_owned).collect())
}

fn work() -> impl Strategy<Value = Vec<Work>> {
    let one = prop_oneof![
        prop::sample::select(&NAMES[..]).prop_map(|name| Work::Template(name.into())),
        shift().prop_map(Work::Shift),
    ];
    prop::collection::vec(one, 0..3).prop_map(|mut work| {
        work.dedup();
        work
    })
}

fn near(strange: Day) -> impl Strategy<Value = Day> {
    (0_u32..7).prop_map(move |offset| strange.minus(3).plus(offset))
}

fn assignment(strange: Day) -> impl Strategy<Value = Assignment> {
    let cycle = prop::sample::select(vec!["a", "b"]);
    let rotating = (agent(), cycle, 0_u32..100, near(strange), prop::option::of(0_u32..7)).prop_map(
        move |(agent, rotation, back, first, last)| Assignment::Rotating {
            agent,
            rotation: rotation.to_owned(),
            anchor: strange.plus(50).minus(back),
            first,
            last: last.map(|days| first.plus(days)),
        },
    );
    let dated = (agent(), near(strange), work()).prop_map(|(agent, day, work)| Assignment::Dated {
        agent,
        day,
        work,
    });
    prop_oneof![rotating, dated]
}

pub(super) fn plan(strange: Day) -> impl Strategy<Value = Plan> {
    let rotation = || prop::collection::vec(names(), 1..5);
    let assignments = prop::collection::vec(assignment(strange), 0..8);
    ([shift(), shift(), shift()], rotation(), rotation(), assignments).prop_map(
        |(shifts, a, b, assignments)| {
            let templates =
                NAMES.iter().zip(shifts).map(|(name, shift)| Template { name: (*name).into(), shift });
            let mut dated = BTreeSet::new();
            let unique = |assignment: &Assignment| match assignment {
                Assignment::Dated { agent, day, .. } => dated.insert((*agent, *day)),
                Assignment::Rotating { .. } => true,
            };
            Plan {
                templates: templates.collect(),
                rotations: vec![
                    Rotation { name: "a".into(), days: a },
                    Rotation { name: "b".into(), days: b },
                ],
                assignments: assignments.into_iter().filter(unique).collect(),
                min_on_duty: 1,
            }
        },
    )
}

fn exception(strange: Day) -> impl Strategy<Value = Exception> {
    let leave = (agent(), -3_000_i64..4_000, 1_i64..2_000).prop_map(move |(agent, start, length)| {
        Exception::Leave { agent, from: utc(strange, start), to: utc(strange, start + length) }
    });
    let planned = || (agent(), near(strange)).prop_map(|(agent, day)| PlannedDay { agent, day });
    let swap = (planned(), planned())
        .prop_filter("two agents", |(first, second)| first.agent != second.agent)
        .prop_map(|(first, second)| Exception::Swap { first, second });
    let extra = (agent(), near(strange), shift()).prop_map(|(agent, day, shift)| Exception::ExtraDuty {
        agent,
        day,
        shift,
    });
    prop_oneof![leave, swap, extra]
}
