//! Days added up are the whole, whoever made each of them and when.

use std::collections::BTreeSet;

use proptest::test_runner::Config;

use super::*;
use crate::agent_facts::Fold;
use crate::desk::agent::AgentEntry;
use crate::desk::event::{Payload, PresenceCause};
use crate::desk::trace::RouteTrace;
use crate::pack::naive::stories::{FRIDAY, any_stories, conversations};
use crate::scorecard::{Binder, DailyBooks, DaySheet};

fn config() -> Config {
    let cases = std::env::var("FENLIU_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(150);
    Config { cases, failure_persistence: None, ..Config::default() }
}

/// Something the desk says of agents, and how many minutes after what it said before.
#[derive(Clone, Debug)]
struct Said {
    later: i64,
    conversation: u8,
    payload: Payload,
}

fn any_payload() -> impl Strategy<Value = Payload> {
    let agent = || prop::sample::select(vec![ANN, BEN]);
    let presence = prop::sample::select(Presence::ALL.to_vec());
    prop_oneof![
        1 => (agent(), 0_u32..4, any::<bool>()).prop_map(|(agent, capacity, unlimited)| {
            let entry = AgentEntry { unlimited, ..AgentEntry::plain("a".into(), capacity) };
            Payload::AgentSynced { agent, entry: Box::new(entry) }
        }),
        4 => (agent(), presence).prop_map(|(agent, presence)| Payload::PresenceChanged {
            agent,
            previous: Presence::Offline,
            presence,
            cause: PresenceCause::Asked,
        }),
        4 => (agent(), any::<bool>()).prop_map(|(agent, handed)| Payload::Assigned {
            agent,
            previous: None,
            reason: if handed { AssignReason::Transfer } else { AssignReason::Strategy },
            ring: 1,
            rank: 0,
            trace: RouteTrace::default(),
        }),
        3 => (agent(), any::<bool>()).prop_map(|(agent, reply_owed)| Payload::Closed {
            by: CloseActor::Agent,
            agent: Some(agent),
            reply_owed,
        }),
        4 => (prop::option::of(agent()), 1_u8..=5).prop_map(|(agent, stars)| Payload::Rated { agent, stars }),
        1 => agent().prop_map(|agent| Payload::TransferDeclined { agent }),
    ]
}

fn any_said() -> impl Strategy<Value = Vec<Said>> {
    let later = prop_oneof![Just(0_i64), 0_i64..30, 0_i64..900];
    let said = (later, 0_u8..4, any_payload());
    prop::collection::vec(said, 0..40).prop_map(|said| {
        said.into_iter().map(|(later, conversation, payload)| Said { later, conversation, payload }).collect()
    })
}

/// The facts of what was said up to a moment, and what has not ended by then as known at another.
fn facts_of(said: &[Said], heard_until: Timestamp, seen_at: Timestamp) -> Vec<Fact> {
    let (mut fold, mut facts) = (Fold::default(), Vec::new());
    let mut at = Timestamp::from_micros_clamped(FRIDAY);
    for Said { later, conversation, payload } in said {
        at = at + Span::from_mins(*later);
        if at <= heard_until {
            fold.take(at, Some(chat((*conversation).into())), payload, &mut facts);
        }
    }
    facts.extend(fold.unfinished(seen_at));
    facts
}

#[derive(Clone, Debug)]
struct Asked {
    question: Question,
    /// The places of its packs among all.
    places: Vec<usize>,
    shifts: Vec<Shift>,
    /// Of each day, whether and how many hours after its end somebody asked before.
    before: Vec<Option<i64>>,
    duty: Vec<(AgentId, Stretch)>,
}

fn any_asked() -> impl Strategy<Value = Asked> {
    let duty = (any::<bool>(), 0_i64..130, 1_i64..40).prop_map(|(ann, start, length)| {
        let start = Timestamp::from_micros_clamped(FRIDAY) + Span::from_hours(start);
        (if ann { ANN } else { BEN }, Stretch { start, end: start + Span::from_hours(length) })
    });
    let packs = samples::all().expect("packs");
    let places = prop::sample::subsequence((0..packs.len()).collect::<Vec<_>>(), 0..4).prop_shuffle();
    (
        (0_u32..4, 0_u32..5, any::<bool>(), any::<bool>(), any::<bool>()),
        places,
        prop::collection::vec(prop::option::of(0_i64..80), 9),
        prop::collection::vec(duty, 0..4),
    )
        .prop_map(move |((first, more, london, usual, by_shift), places, before, duty)| {
            let zone = Zone::parse(if london { "Europe/London" } else { "Asia/Shanghai" }).expect("a zone");
            let friday = zone.day_of(Timestamp::from_micros_clamped(FRIDAY));
            let night = vec![shift("day", "08:00", "20:00"), shift("night", "20:00", "09:00")];
            let shifts = if usual { Shift::usual() } else { night };
            let question = Question {
                zone,
                days: friday.plus(first)..=friday.plus(first + more),
                shifts: if by_shift { shifts.clone() } else { Vec::new() },
                packs: places.iter().filter_map(|place| packs.get(*place).cloned()).collect(),
                as_of: Timestamp::MAX,
            };
            Asked { question, places, shifts, before, duty }
        })
}

/// What one day came to, as somebody who asks at a moment and has heard all that was said by then works it out.
fn sheet(
    day: Day,
    asked: &Asked,
    conversations: &[Conversation],
    said: &[Said],
    (heard_until, as_of): (Timestamp, Timestamp),
) -> DaySheet {
    let packs = samples::all().expect("packs");
    let mut books = DailyBooks::new(asked.question.zone, [day], &asked.shifts, &packs, as_of);
    conversations.iter().for_each(|conversation| books.add(conversation));
    facts_of(said, heard_until, as_of).iter().for_each(|fact| books.learn(fact));
    let (_, sheet) = books.finish().next().expect("a day");
    sheet
}

fn days(range: &std::ops::RangeInclusive<Day>) -> Vec<Day> {
    let count = u32::try_from(range.start().days_until(*range.end())).expect("few");
    (0..=count).map(|later| range.start().plus(later)).collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn nobody_can_tell_days_that_were_kept_from_a_range_that_was_read(
        (stories, as_of) in any_stories(), said in any_said(), asked in any_asked(),
    ) {
        let as_of = Timestamp::from_micros_clamped(as_of);
        let question = Question { as_of, ..asked.question.clone() };
        let conversations = conversations(&stories);
        let facts = facts_of(&said, Timestamp::MAX, as_of);
        let mut books = Books::new(question.clone());
        conversations.iter().for_each(|conversation| books.add(conversation));
        facts.iter().for_each(|fact| books.learn(fact));
        let mut binder = Binder::new(&question, asked.places.clone());
        for (agent, duty) in &asked.duty {
            books.schedule(*agent, [*duty]);
            binder.schedule(*agent, [*duty]);
        }
        let mut named = BTreeSet::new();
        for (day, before) in days(&question.days).into_iter().zip(&asked.before) {
            let zone = question.zone;
            let earlier = before.map(|hours| zone.start_of(day.plus(1)) + Span::from_hours(hours));
            let kept = earlier.map(|at| sheet(day, &asked, &conversations, &said, (at, at)));
            let holds = |sheet: &DaySheet| {
                let misses = asked.places.iter().map(|place| sheet.misses_hold_from[*place]);
                let holds_from = misses.chain([sheet.holds_from]).max();
                holds_from <= earlier && holds_from <= Some(as_of)
            };
            let sheet = kept.filter(holds).unwrap_or_else(|| {
                sheet(day, &asked, &conversations, &said, (Timestamp::MAX, as_of))
            });
            let of_packs = sheet.agents.iter().filter(|(_, entry)| entry.is_of(&asked.places));
            named.extend(of_packs.map(|(name, _)| name.clone()));
            binder.add(day, &sheet);
        }
        named.extend(binder.named());
        let report = books.finish();
        prop_assert_eq!(&named, &report.agents.keys().cloned().collect::<BTreeSet<_>>());
        prop_assert_eq!(binder.finish(|_| true), report);
    }

    #[test]
    fn several_days_in_one_pass_are_each_what_it_is_by_itself(
        (stories, as_of) in any_stories(), said in any_said(), asked in any_asked(),
    ) {
        let as_of = Timestamp::from_micros_clamped(as_of);
        let conversations = conversations(&stories);
        let (packs, days) = (samples::all().expect("packs"), days(&asked.question.days));
        let mut books = DailyBooks::new(asked.question.zone, days, &asked.shifts, &packs, as_of);
        conversations.iter().for_each(|conversation| books.add(conversation));
        facts_of(&said, Timestamp::MAX, as_of).iter().for_each(|fact| books.learn(fact));
        for (day, together) in books.finish() {
            let alone = sheet(day, &asked, &conversations, &said, (Timestamp::MAX, as_of));
            prop_assert_eq!(together, alone);
        }
    }

    #[test]
    fn who_wants_the_cards_of_some_adds_those_only(
        (stories, as_of) in any_stories(), said in any_said(), asked in any_asked(), wanted in 0_u8..4,
    ) {
        let as_of = Timestamp::from_micros_clamped(as_of);
        let question = Question { as_of, ..asked.question.clone() };
        let conversations = conversations(&stories);
        let one = [ANN.to_string(), BEN.to_string(), "lan".to_owned(), "mei".to_owned()][usize::from(wanted)].clone();
        let mut all = Binder::new(&question, asked.places.clone());
        let mut some = Binder::new(&question, asked.places.clone());
        for (agent, duty) in &asked.duty {
            all.schedule(*agent, [*duty]);
            some.schedule(*agent, [*duty]);
        }
        for day in days(&question.days) {
            let sheet = sheet(day, &asked, &conversations, &said, (Timestamp::MAX, as_of));
            all.add(day, &sheet);
            some.add_shop(day, &sheet.shop);
            some.add_ratings(sheet.ratings.iter().copied());
            some.add_strays(sheet.strays.iter().cloned());
            for (name, entry) in &sheet.agents {
                some.meet(name, &entry.there);
                if *name == one {
                    some.add_agent(day, name, entry);
                }
            }
        }
        let (mut all, some) = (all.finish(|_| true), some.finish(|name| name == one));
        all.agents.retain(|name, _| *name == one);
        prop_assert_eq!(some, all);
    }
}
