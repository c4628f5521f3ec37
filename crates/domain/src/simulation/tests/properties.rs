//! What holds for every scenario and every reception.

use std::collections::BTreeMap;

use proptest::prelude::{Just, Strategy as _, any, prop_oneof};
use proptest::sample::select;
use proptest::test_runner::{Config, TestCaseError};
use proptest::{collection, option, prop_assert, prop_assert_eq, proptest};

use super::scenes::{at, plain_policy, seconds, staff};
use crate::desk::duty::DutyWindow;
use crate::desk::event::{Event, Payload};
use crate::desk::strategy::Strategy;
use crate::ids::ConversationId;
use crate::simulation::{
    Arrivals, Demand, Distribution, Kind, Outcome, Profile, Reception, Recording, Scenario, Staff,
};
use crate::time::{Span, Timestamp};

/// How many random scenarios a property sees; `FENLIU_CASES` asks for more.
fn config() -> Config {
    let cases = std::env::var("FENLIU_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(150);
    Config { cases, failure_persistence: None, ..Config::default() }
}

fn distribution() -> impl proptest::strategy::Strategy<Value = Distribution> {
    (0_i64..90).prop_flat_map(|mean| {
        prop_oneof![
            Just(Distribution::Constant(seconds(mean))),
            Just(Distribution::Exponential(seconds(mean))),
            Just(Distribution::Lognormal { mean: seconds(mean), variation: 1.0 }),
        ]
    })
}

/// Two groups, of which agents may answer for either, both or none that is asked for.
fn kinds() -> Vec<Kind> {
    let kind = |group: Option<&str>, priority| Kind {
        share: 1.0,
        group: group.map(Into::into),
        origin: None,
        priority,
    };
    vec![kind(None, 100), kind(Some("vip"), 50), kind(Some("sale"), 100)]
}

fn scenario() -> impl proptest::strategy::Strategy<Value = Scenario> {
    let rates = collection::vec(0.0..40.0_f64, 1..5);
    let ends = (option::of(0_i64..400), 0_i64..7_200, option::of(600_i64..9_000));
    (rates, 1.0..5.0_f64, distribution(), distribution(), ends).prop_map(
        |(per_slot, messages, handling, think, (patience, warm_up, until))| Scenario {
            demand: Demand {
                arrivals: Arrivals::Profile(Profile { start: at(0), per_slot, kinds: kinds() }),
                messages,
                handling,
                think,
                patience: patience.map(seconds),
            },
            warm_up: seconds(warm_up),
            until: until.map(at),
        },
    )
}

fn online() -> impl proptest::strategy::Strategy<Value = Vec<DutyWindow>> {
    collection::vec(1_i64..2_000, 0..6).prop_map(|lengths| {
        let mut ends = 0;
        let windows = lengths.chunks_exact(2).map(|pair| {
            let start = ends + pair[0];
            ends = start + pair[1];
            DutyWindow { start: at(start), end: at(ends) }
        });
        windows.collect()
    })
}

fn agent() -> impl proptest::strategy::Strategy<Value = Staff> {
    let groups = prop_oneof![Just(vec![]), Just(vec!["vip"]), Just(vec!["default", "sale"])];
    (0_u32..4, 0.5..3.0_f64, groups, any::<bool>(), online()).prop_map(
        |(capacity, speed, groups, unlimited, online)| {
            let mut staff = Staff { speed, online, ..staff(0, capacity) };
            staff.entry.groups = groups.into_iter().map(Into::into).collect();
            staff.entry.unlimited = unlimited && capacity == 3;
            staff
        },
    )
}

fn reception() -> impl proptest::strategy::Strategy<Value = Reception> {
    let parts = (collection::vec(agent(), 0..5), 0_u32..30, any::<bool>(), select(Strategy::ALL));
    parts.prop_map(|(mut staff, queue_limit, main, strategy)| {
        for (number, agent) in (1_u32..).zip(&mut staff) {
            agent.id = crate::ids::AgentId::from_bits(u128::from(number));
            agent.entry.main_account = main && number == 1;
        }
        let policy = crate::desk::policy::Policy {
            strategy,
            queue_limit,
            reply_due: vec![seconds(100)],
            ..plain_policy()
        };
        Reception { name: "any".into(), policy, staff }
    })
}

fn receive(scenario: &Scenario, reception: &Reception, seed: u64) -> (Outcome, Vec<Event>) {
    let visits = scenario.demand.visits(seed).expect("within bounds");
    let mut events = Vec::new();
    let outcome =
        scenario.receive(reception, &visits, &mut |event| events.push(event.clone())).expect("within bounds");
    (outcome, events)
}

/// What the outcome counts, counted once more from the events alone.
fn recount(events: &[Event], from: Timestamp) -> (u64, u64, u64, Vec<Span>) {
    let mut recording = Recording::since(from);
    events.iter().for_each(|event| recording.watch(event));
    let (mut arrivals, mut abandoned, mut open, mut replies) = (0, 0, 0, Vec::new());
    for conversation in recording.conversations() {
        arrivals += 1;
        abandoned += u64::from(conversation.session.abandoned);
        open += u64::from(conversation.session.closed_at.is_none());
        for exchange in &conversation.exchanges {
            replies.extend(exchange.replies.first().map(|reply| reply.at.since(exchange.asked_at())));
        }
    }
    replies.sort_unstable();
    (arrivals, abandoned, open, replies)
}

/// Every agent answers one at a time: an answer takes at least no time, and none of theirs overlap.
fn check_busy(outcome: &Outcome) -> Result<(), TestCaseError> {
    for agent in &outcome.agents {
        prop_assert!(agent.busy <= agent.online, "{agent:?} is busy while online only");
    }
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_same_seed_gives_the_same_course(scenario in scenario(), reception in reception(), seed: u64) {
        let (first, second) = (receive(&scenario, &reception, seed), receive(&scenario, &reception, seed));
        prop_assert_eq!(first.0, second.0);
        prop_assert_eq!(first.1, second.1);
    }

    #[test]
    fn everybody_who_came_was_answered_or_left_or_is_still_there(
        scenario in scenario(), reception in reception(), seed: u64,
    ) {
        let (outcome, _) = receive(&scenario, &reception, seed);
        prop_assert_eq!(outcome.arrivals, outcome.answered + outcome.abandoned + outcome.open);
        let met: u64 = outcome.agents.iter().map(|agent| agent.replies).sum();
        prop_assert_eq!(met, outcome.replies.times().len() as u64);
        prop_assert!(outcome.first_replies.times().len() as u64 >= outcome.answered);
        check_busy(&outcome)?;
    }

    #[test]
    fn the_events_alone_tell_the_same(scenario in scenario(), reception in reception(), seed: u64) {
        let (outcome, events) = receive(&scenario, &reception, seed);
        let first = scenario.demand.visits(seed).expect("within bounds").first().map(|visit| visit.arrival.at);
        let from = first.unwrap_or_default() + scenario.warm_up;
        let (arrivals, abandoned, open, replies) = recount(&events, from);
        prop_assert_eq!(
            (outcome.arrivals, outcome.abandoned, outcome.open),
            (arrivals, abandoned, open)
        );
        prop_assert_eq!(outcome.replies.times(), &replies[..]);
    }

    #[test]
    fn within_an_agent_the_message_that_waited_longest_is_answered_first(
        scenario in scenario(), reception in reception(), seed: u64,
    ) {
        let (_, events) = receive(&scenario, &reception, seed);
        check_first_in_first_out(&events)?;
    }
}

/// Whoever sends an answer had begun it when nothing older waited for them: so of two messages that both waited for
/// them since before their answer before last was sent, the older is answered first.
fn check_first_in_first_out(events: &[Event]) -> Result<(), TestCaseError> {
    // Per conversation: the agent, since when they have it, and when the message that waits was asked.
    let mut open: BTreeMap<ConversationId, (Option<crate::ids::AgentId>, Timestamp, Option<Timestamp>)> =
        BTreeMap::new();
    let mut last_sent: BTreeMap<crate::ids::AgentId, Timestamp> = BTreeMap::new();
    for event in events {
        let Some(id) = event.conversation else { continue };
        let known = open.entry(id).or_insert((None, event.recorded, None));
        match &event.payload {
            Payload::Assigned { agent, .. } => (known.0, known.1) = (Some(*agent), event.recorded),
            Payload::Queued { .. } => known.0 = None,
            Payload::MessageReceived { .. } => known.2 = Some(event.recorded),
            Payload::ReplySent { agent: Some(agent), .. } => {
                let asked = known.2.take();
                // When they began this answer at the earliest: at the end of their last.
                let began = last_sent.insert(*agent, event.recorded).unwrap_or(Timestamp::MIN);
                let older = open.values().filter(|(holder, since, waits)| {
                    *holder == Some(*agent)
                        && *since < began
                        && waits.is_some_and(|waits| waits < began)
                        && *waits < asked
                });
                prop_assert_eq!(older.count(), 0, "at {}", event.recorded);
            }
            Payload::Closed { .. } => {
                open.remove(&id);
            }
            _ => {}
        }
    }
    Ok(())
}
