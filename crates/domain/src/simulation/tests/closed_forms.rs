//! Queues whose answer is known: the simulation must come to the same.

use super::scenes::{at, plain_policy, reception, seconds, staff, steady};
use crate::simulation::chance::{Chance, Purpose};
use crate::simulation::demand::span;
use crate::simulation::{
    Arrival, Interval, Measures, Message, Outcome, Reception, Scenario, Summary, Visit, compare,
};
use crate::time::Span;

const SEEDS: [u64; 6] = [1, 2, 3, 4, 5, 6];

/// The mean over the seeds is the expected one, as far as six seeds can tell.
fn check(values: &[f64], expected: f64, what: &str) {
    let interval = Interval::of(values).expect("six seeds");
    assert!(interval.contains(expected), "{what}: {interval:?}, not {expected}");
    assert!(interval.half_width < 0.2 * expected, "{what}: {interval:?} tells too little");
}

fn summaries(scenario: &Scenario, reception: Reception, limit: Span) -> Vec<Summary> {
    compare(scenario, &[reception], &SEEDS, &Measures::within(limit)).expect("allowed").by_seed.concat()
}

fn figure(summaries: &[Summary], figure: impl Fn(&Summary) -> Option<f64>) -> Vec<f64> {
    summaries.iter().filter_map(figure).collect()
}

#[test]
fn one_agent_without_limit_is_the_queue_m_m_1() {
    // Time in the system is exponential with mean h ÷ (1 − ρ) = 30 ÷ 0.3 = 100 s.
    let mut alone = staff(1, 10);
    alone.entry.unlimited = true;
    let reception = Reception { name: "alone".into(), policy: plain_policy(), staff: vec![alone] };
    let found = summaries(&steady(0.7 / 30.0, 20_000, seconds(30)), reception, seconds(180));
    check(&figure(&found, |summary| summary.replies.mean), 100.0, "mean response");
    let within = 1.0 - (-1.8_f64).exp();
    check(&figure(&found, |summary| summary.replies_in_time), within, "share within 180 s");
    check(&figure(&found, |summary| summary.occupancy), 0.7, "occupancy");
}

#[test]
fn agents_with_one_chat_each_are_erlang_c() {
    // erlang_c-011: 100 calls in half an hour, 180 s each, 14 agents.
    let scenario = steady(100.0 / 1_800.0, 50_000, seconds(180));
    let found: Vec<Outcome> =
        SEEDS.iter().map(|seed| scenario.run(&reception(14, 1), *seed).expect("allowed")).collect();
    let waits = |figure: fn(&Outcome) -> Option<f64>| found.iter().filter_map(figure).collect::<Vec<_>>();
    let waited = waits(|outcome| Some(1.0 - outcome.queue_waits.within(Span::ZERO)?));
    check(&waited, 0.174_131_933_595, "share who wait");
    check(&waits(|outcome| outcome.queue_waits.within(Span::from_secs(20))), 0.888_350_019_179, "level");
    check(&waits(|outcome| outcome.queue_waits.mean()), 7.835_937_011_777, "mean wait");
    check(&waits(Outcome::occupancy), 0.714_285_714_285, "occupancy");
}

#[test]
fn buyers_who_give_up_are_erlang_a() {
    // erlang_a-099: the same calls, 10 agents, patience of 120 s on average.
    let mut scenario = steady(100.0 / 1_800.0, 20_000, seconds(180));
    scenario.demand.patience = Some(seconds(120));
    let found = summaries(&scenario, reception(10, 1), seconds(20));
    check(&figure(&found, |summary| summary.abandoned), 0.137_463_826_276, "share who leave");
    check(&figure(&found, |summary| summary.queue_waits.mean), 16.495_659_153_173, "mean wait");
    check(&figure(&found, |summary| summary.occupancy), 0.862_536_173_723, "occupancy");
}

/// A buyer with very much to say, who was there from the start.
fn regular(seed: u64, number: u64) -> Visit {
    let (mut handling, mut think) =
        (Chance::new(seed, Purpose::Handling, number), Chance::new(seed, Purpose::Think, number));
    let message =
        |_| Message { handling: span(handling.exponential(30.0)), think: span(think.exponential(60.0)) };
    let arrival = Arrival { at: at(0), group: None, origin: None, priority: 100 };
    Visit { arrival, patience: None, messages: (0..6_000).map(message).collect() }
}

#[test]
fn one_agents_open_chats_are_the_finite_source_model() {
    // reply_finite_source-151, -153 and -155: h = 30 s, z = 60 s, one agent with 4, 6 and 10 open chats.
    let rows = [
        (4, 0.950_555_417_107, 72.631_578_947, 0.904_761_904),
        (6, 0.805_543_028_782, 122.201_834_862, 0.987_915_407),
        (10, 0.283_342_418_074, 240.011_457_487, 0.999_961_809),
    ];
    for (chats, within, mean, occupancy) in rows {
        // Ends before the first of them runs out of things to say.
        let scenario =
            Scenario { until: Some(at(40 * 3_600)), warm_up: Span::ZERO, ..steady(1.0, 1, Span::ZERO) };
        let receive = |seed: &u64| {
            let visits: Vec<_> = (0..chats).map(|number| regular(*seed, number)).collect();
            let outcome = scenario.receive(&reception(1, 10), &visits, &mut |_| {}).expect("allowed");
            assert_eq!(outcome.open, chats, "nobody has left");
            outcome.summary(seconds(180))
        };
        let found: Vec<Summary> = SEEDS.iter().map(receive).collect();
        check(&figure(&found, |summary| summary.replies_in_time), within, "share within 180 s");
        check(&figure(&found, |summary| summary.replies.mean), mean, "mean response");
        let busy = Interval::of(&figure(&found, |summary| summary.occupancy)).expect("six seeds");
        assert!((busy.mean - occupancy).abs() < 0.005, "occupancy: {busy:?}, not {occupancy}");
    }
}
