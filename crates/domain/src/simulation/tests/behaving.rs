//! How buyers and agents behave, on days small enough to work out by hand.

use super::scenes::{at, reception, seconds, staff, visit, whole};
use crate::desk::duty::{Duty, DutyWindow};
use crate::desk::policy::IdleRule;
use crate::desk::policy::rule::{Origin, RoutingRule};
use crate::desk::strategy::Strategy;
use crate::problem::Reason;
use crate::simulation::{
    AgentOutcome, Arrivals, Distribution, Kind, Measures, Outcome, Profile, Reception, SLOT, Scenario,
    Summary, Visit, compare,
};
use crate::time::Span;

fn receive(reception: &Reception, visits: &[Visit]) -> Outcome {
    whole().receive(reception, visits, &mut |_| {}).expect("allowed")
}

/// The times of a sample, in whole seconds.
fn in_seconds(sample: &crate::simulation::Sample) -> Vec<i64> {
    sample.times().iter().map(|time| time.micros() / 1_000_000).collect()
}

fn window(start: i64, end: i64) -> DutyWindow {
    DutyWindow { start: at(start), end: at(end) }
}

#[test]
fn an_agent_answers_what_has_waited_longest_first_and_one_at_a_time() {
    // Asked at 0, 5 and 6; done at 20, 50 and 60. The first buyer thinks until 30 and is last: done at 61.
    let outcome = receive(&reception(1, 10), &[visit(0, &[20, 1]), visit(5, &[30]), visit(6, &[10])]);
    assert_eq!(in_seconds(&outcome.replies), [20, 31, 45, 54]);
    assert_eq!(in_seconds(&outcome.first_replies), [20, 45, 54]);
    assert_eq!(in_seconds(&outcome.queue_waits), [0, 0, 0]);
    assert_eq!((outcome.arrivals, outcome.answered), (3, 3));
}

#[test]
fn an_agent_twice_as_fast_takes_half_as_long() {
    let mut fast = reception(1, 10);
    fast.staff[0].speed = 2.0;
    assert_eq!(in_seconds(&receive(&fast, &[visit(0, &[30])]).replies), [15]);
}

#[test]
fn whoever_finds_everybody_full_waits_in_the_queue_until_a_chat_ends() {
    let outcome = receive(&reception(1, 1), &[visit(0, &[20, 5]), visit(1, &[7])]);
    // The first ends at 20 + 10 + 5 = 35.
    assert_eq!(in_seconds(&outcome.queue_waits), [0, 34]);
    assert_eq!(in_seconds(&outcome.first_replies), [20, 41]);
    assert_eq!(outcome.max_queue, 1);
}

#[test]
fn a_buyer_whose_patience_ends_in_the_queue_leaves() {
    let impatient = Visit { patience: Some(seconds(10)), ..visit(1, &[7]) };
    let outcome = receive(&reception(1, 1), &[visit(0, &[20]), impatient]);
    assert_eq!((outcome.answered, outcome.abandoned), (1, 1));
    assert_eq!(in_seconds(&outcome.queue_waits), [0, 10]);
    assert_eq!(in_seconds(&outcome.replies), [20]);
}

#[test]
fn a_buyer_whom_an_agent_has_had_stays_however_long_it_takes() {
    let impatient = Visit { patience: Some(seconds(30)), ..visit(1, &[7]) };
    let outcome = receive(&reception(1, 1), &[visit(0, &[20]), impatient.clone()]);
    assert_eq!((outcome.answered, outcome.abandoned), (2, 0));
    let outcome = receive(&reception(1, 2), &[visit(0, &[100]), impatient]);
    assert_eq!((outcome.answered, outcome.abandoned), (2, 0));
}

#[test]
fn whom_a_full_queue_turns_away_may_still_be_taken_in_or_leave() {
    let mut narrow = reception(1, 1);
    narrow.policy.queue_limit = 0;
    let impatient = Visit { patience: Some(seconds(10)), ..visit(1, &[7]) };
    let outcome = receive(&narrow, &[visit(0, &[20]), impatient, visit(2, &[3])]);
    assert_eq!((outcome.answered, outcome.abandoned, outcome.max_queue), (2, 1, 0));
    assert_eq!(in_seconds(&outcome.queue_waits), [0, 10, 18]);
}

#[test]
fn an_answer_broken_off_by_going_offline_is_begun_anew_by_whoever_gets_it() {
    let mut relay = reception(2, 10);
    relay.staff[0].online = vec![window(-10, 15)];
    relay.staff[1].online = vec![window(12, 500)];
    let outcome = receive(&relay, &[visit(0, &[20, 5])]);
    // Begun at 0, broken off at 15, begun anew, done at 35; the next message comes at 45.
    assert_eq!(in_seconds(&outcome.replies), [5, 35]);
    let chats: Vec<u64> = outcome.agents.iter().map(|agent| agent.chats).collect();
    assert_eq!(chats, [1, 1]);
    assert_eq!(outcome.agents[0].replies, 0);
}

#[test]
fn an_answer_broken_off_is_not_finished_by_the_clock_when_its_agent_is_back() {
    let mut back = reception(1, 10);
    back.staff[0].online = vec![window(-10, 15), window(18, 500)];
    // Begun at 0, broken off at 15, begun anew at 18: done at 38, and not at 20.
    assert_eq!(in_seconds(&receive(&back, &[visit(0, &[20])]).replies), [38]);
}

#[test]
fn a_buyer_thinks_as_long_after_each_answer_as_was_drawn_for_it() {
    let mut thoughtful = visit(0, &[1, 1, 1]);
    thoughtful.messages[0].think = seconds(40);
    let mut asked = Vec::new();
    let mut watch = |event: &crate::desk::event::Event| {
        asked.extend((event.payload.name() == "message_received").then_some(event.recorded));
    };
    whole().receive(&reception(1, 10), &[thoughtful], &mut watch).expect("allowed");
    assert_eq!(asked, [at(0), at(41), at(52)]);
}

#[test]
fn a_message_for_an_agent_who_has_left_goes_to_somebody_who_is_there() {
    let mut relay = reception(2, 10);
    relay.staff[0].online = vec![window(-10, 25)];
    relay.staff[1].online = vec![window(22, 500)];
    let outcome = receive(&relay, &[visit(0, &[20, 5])]);
    assert_eq!(in_seconds(&outcome.replies), [5, 20]);
    let replies: Vec<u64> = outcome.agents.iter().map(|agent| agent.replies).collect();
    assert_eq!(replies, [1, 1]);
}

#[test]
fn an_agent_off_duty_answers_whom_they_have_and_gets_nobody_new() {
    let mut winding_down = reception(2, 10);
    let duty = Duty { windows: vec![window(-10, 5)], through: at(1_000) };
    winding_down.staff[0].entry.duty = Some(duty);
    winding_down.staff[1].online = vec![window(4, 500)];
    // On duty, the first would be the one to get the last buyer: both hold one, and the second got theirs later.
    let outcome = receive(&winding_down, &[visit(0, &[20, 5]), visit(4, &[30]), visit(6, &[7])]);
    let replies: Vec<u64> = outcome.agents.iter().map(|agent| agent.replies).collect();
    assert_eq!(replies, [2, 2]);
}

#[test]
fn whoever_waits_is_taken_in_the_moment_a_shift_begins() {
    let mut early = reception(1, 10);
    early.staff[0].entry.duty = Some(Duty { windows: vec![window(50, 500)], through: at(1_000) });
    assert_eq!(in_seconds(&receive(&early, &[visit(0, &[20])]).queue_waits), [50]);
}

#[test]
fn the_desks_alerts_go_off_in_their_time() {
    let mut alarmed = reception(1, 10);
    alarmed.policy.reply_due = vec![seconds(15)];
    let mut alerts = Vec::new();
    let mut watch = |event: &crate::desk::event::Event| {
        alerts.extend((event.payload.name() == "reply_due").then_some(event.recorded));
    };
    whole().receive(&alarmed, &[visit(3, &[20, 10, 16])], &mut watch).expect("allowed");
    // Asked at 3, 33 and 53; the second is answered before its alert.
    assert_eq!(alerts, [at(18), at(68)]);
}

#[test]
fn buyers_nobody_ever_has_are_still_there_in_the_end() {
    let outcome = receive(&reception(0, 1), &[visit(0, &[20]), visit(1, &[7])]);
    assert_eq!((outcome.arrivals, outcome.open, outcome.max_queue), (2, 2, 2));
    assert_eq!((outcome.occupancy(), outcome.replies.mean()), (None, None));
}

#[test]
fn a_course_that_is_broken_off_leaves_its_chats_open() {
    let broken_off = Scenario { until: Some(at(50)), ..whole() };
    let visits = [visit(0, &[20]), visit(10, &[40]), visit(60, &[1])];
    let outcome = broken_off.receive(&reception(1, 10), &visits, &mut |_| {}).expect("allowed");
    assert_eq!((outcome.arrivals, outcome.answered, outcome.open), (2, 1, 1));
    let AgentOutcome { busy, online, .. } = outcome.agents[0];
    assert_eq!((busy, online), (seconds(50), seconds(50)));
}

#[test]
fn nothing_that_began_before_the_warm_up_was_over_is_measured() {
    let warm = Scenario { warm_up: seconds(10), until: Some(at(100)), ..whole() };
    let visits = [visit(0, &[20]), visit(15, &[10])];
    let outcome = warm.receive(&reception(1, 10), &visits, &mut |_| {}).expect("allowed");
    assert_eq!((outcome.arrivals, in_seconds(&outcome.replies)), (1, vec![15]));
    let AgentOutcome { busy, online, chats, replies, .. } = outcome.agents[0];
    assert_eq!((busy, online, chats, replies), (seconds(20), seconds(90), 1, 1));
}

#[test]
fn whose_break_begins_finishes_the_answer_and_begins_no_other_before_it_ends() {
    let mut rested = reception(1, 10);
    rested.staff[0].online = vec![window(0, 1_000)];
    rested.staff[0].breaks = vec![window(10, 100)];
    let outcome = Scenario { until: Some(at(1_000)), ..whole() }
        .receive(&rested, &[visit(0, &[20]), visit(5, &[10]), visit(30, &[10])], &mut |_| {})
        .expect("allowed");
    // The first is done at 20, inside the break; the second waits for its end at 100; the third, who came in the
    // break, was let in at its end.
    assert_eq!(in_seconds(&outcome.replies), [20, 90, 105]);
    assert_eq!(in_seconds(&outcome.queue_waits), [0, 0, 70]);
    let AgentOutcome { busy, online, .. } = outcome.agents[0];
    assert_eq!((busy, online), (seconds(40), seconds(10 + 900)), "the break is no time online");
}

#[test]
fn a_break_lies_within_the_time_somebody_is_online() {
    let mut tired = reception(1, 10);
    tired.staff[0].online = vec![window(0, 100)];
    for breaks in [vec![window(90, 110)], vec![window(90, 100)], vec![window(20, 30), window(25, 40)]] {
        tired.staff[0].breaks = breaks.clone();
        let refused = whole().receive(&tired, &[visit(0, &[1])], &mut |_| {}).expect_err("no such break");
        assert_eq!(refused.violations[0].field, "staff.breaks", "{breaks:?}");
    }
}

#[test]
fn the_main_account_answers_what_it_gets_and_is_not_among_those_the_load_is_spread_over() {
    let mut with_main = reception(2, 1);
    with_main.staff[1].entry.main_account = true;
    let outcome = receive(&with_main, &[visit(0, &[20]), visit(1, &[7])]);
    assert_eq!(in_seconds(&outcome.replies), [7, 20]);
    assert_eq!(outcome.summary(seconds(180)).uneven_chats, Some(0.0));
}

#[test]
fn a_robot_that_answers_first_hands_everybody_to_people() {
    let mut robot = reception(1, 10);
    robot.policy.robot_first = true;
    assert_eq!(in_seconds(&receive(&robot, &[visit(0, &[20, 5])]).replies), [5, 20]);
}

#[test]
fn where_nothing_is_given_out_whoever_has_nothing_to_answer_takes_the_next() {
    let mut manual = reception(1, 10);
    manual.policy.strategy = Strategy::Manual;
    // Taken at 0, answered at 20; then the second is taken, answered at 27; the first writes again at 30.
    let outcome = receive(&manual, &[visit(0, &[20, 5]), visit(1, &[7])]);
    assert_eq!(in_seconds(&outcome.queue_waits), [0, 19]);
    assert_eq!(in_seconds(&outcome.replies), [5, 20, 26]);
}

#[test]
fn the_shops_rules_tell_buyers_by_their_origin() {
    let mut specialised = reception(2, 10);
    specialised.staff[1].entry.groups = vec!["vip".into()];
    let rule = RoutingRule { tags: vec!["vip".into()], group: "vip".into(), ..RoutingRule::default() };
    specialised.policy.routing_rules = vec![rule];
    let mut known = [visit(0, &[20]), visit(1, &[20]), visit(2, &[20])];
    known[2].arrival.origin = Some(Box::new(Origin { tags: vec!["vip".into()], ..Origin::default() }));
    let outcome = receive(&specialised, &known);
    let chats: Vec<u64> = outcome.agents.iter().map(|agent| agent.chats).collect();
    assert_eq!(chats, [2, 1]);
}

#[test]
fn a_buyer_whom_the_idle_rule_let_go_comes_back_and_is_answered() {
    let mut brisk = reception(1, 10);
    brisk.policy.idle = Some(IdleRule { remark_after: seconds(60), close_after: seconds(120) });
    let mut slow = visit(0, &[20, 5]);
    slow.messages[0].think = seconds(600);
    let outcome = receive(&brisk, &[slow]);
    assert_eq!((outcome.answered, in_seconds(&outcome.replies)), (1, vec![5, 20]));
}

#[test]
fn the_spread_of_the_load_is_the_deviation_of_the_chats_over_their_mean() {
    let mut uneven = reception(2, 10);
    uneven.staff[1].online = vec![window(100, 200)];
    let visits = [visit(0, &[1]), visit(10, &[1]), visit(20, &[1]), visit(150, &[1])];
    let summary = receive(&uneven, &visits).summary(seconds(180));
    assert_eq!((summary.fewest_chats, summary.mean_chats, summary.most_chats), (1.0, 2.0, 3.0));
    assert_eq!(summary.uneven_chats, Some(0.5));
}

#[test]
fn a_profile_brings_as_many_buyers_as_it_says_half_hour_by_half_hour() {
    let kind = |share, group: &str| Kind { share, group: Some(group.into()), origin: None, priority: 100 };
    let profile = Profile {
        start: at(0),
        per_slot: vec![4_000.0, 0.0, 1_000.0],
        kinds: vec![kind(3.0, "sale"), kind(1.0, "after")],
    };
    let mut demand = whole().demand;
    demand.arrivals = Arrivals::Profile(profile);
    let visits = demand.visits(7).expect("allowed");
    let mut slots = [0_i64; 3];
    for visit in &visits {
        slots[(visit.arrival.at.since(at(0)).micros() / SLOT.micros()) as usize] += 1;
    }
    // Within four deviations of a Poisson number.
    assert!((slots[0] - 4_000).abs() < 253 && slots[1] == 0 && (slots[2] - 1_000).abs() < 127, "{slots:?}");
    let sale = visits.iter().filter(|visit| visit.arrival.group.as_deref() == Some("sale")).count();
    assert!((sale as f64 / visits.len() as f64 - 0.75).abs() < 0.03, "{sale} of {}", visits.len());
}

#[test]
fn a_log_brings_its_buyers_in_the_order_they_came() {
    let mut demand = whole().demand;
    let arrivals: Vec<_> = [30, 10, 20].map(|after| visit(after, &[1]).arrival).into();
    demand.arrivals = Arrivals::Log(arrivals);
    let came: Vec<_> = demand.visits(1).expect("allowed").iter().map(|visit| visit.arrival.at).collect();
    assert_eq!(came, [at(10), at(20), at(30)]);
}

#[test]
fn a_buyers_draws_do_not_depend_on_what_is_drawn_for_other_purposes() {
    let mut demand = super::scenes::steady(0.1, 100, seconds(30)).demand;
    demand.messages = 4.0;
    let before = demand.visits(3).expect("allowed");
    demand.handling = Distribution::Lognormal { mean: seconds(30), variation: 0.5 };
    demand.patience = Some(seconds(60));
    let after = demand.visits(3).expect("allowed");
    let thinks = |visits: &[Visit]| -> Vec<Vec<Span>> {
        visits.iter().map(|visit| visit.messages.iter().map(|message| message.think).collect()).collect()
    };
    assert_eq!(thinks(&before), thinks(&after));
    assert!(before.iter().zip(&after).all(|(before, after)| before.arrival == after.arrival));
    assert!(before.iter().zip(&after).any(|(before, after)| before.messages != after.messages));
}

#[test]
fn what_is_out_of_bounds_is_refused_by_name() {
    let fields = |scenario: &Scenario, reception: &Reception| -> Vec<String> {
        let problem = scenario.run(reception, 1).expect_err("out of bounds");
        assert_eq!(problem.reason, Reason::InvalidRequest);
        problem.violations.into_iter().map(|violation| violation.field).collect()
    };
    let mut demand = whole();
    demand.demand.messages = 0.5;
    demand.demand.handling = Distribution::Exponential(seconds(-1));
    demand.demand.think = Distribution::Lognormal { mean: seconds(1), variation: f64::NAN };
    demand.demand.patience = Some(seconds(-1));
    demand.demand.arrivals = Arrivals::Profile(Profile {
        start: at(0),
        per_slot: vec![-1.0],
        kinds: vec![Kind { share: f64::NAN, group: None, origin: None, priority: 100 }],
    });
    let expected = ["messages", "handling", "think", "patience", "per_slot", "kinds"];
    assert_eq!(fields(&demand, &reception(1, 1)), expected);
    let mut twice = reception(0, 1);
    twice.staff = vec![staff(1, 1), staff(1, 1)];
    twice.staff[0].speed = 0.0;
    twice.staff[1].online = vec![window(5, 5)];
    assert_eq!(fields(&whole(), &twice), ["staff.id", "staff.speed", "staff.online"]);
}

#[test]
fn visits_out_of_order_or_without_a_message_are_refused() {
    for visits in [vec![visit(5, &[1]), visit(4, &[1])], vec![visit(5, &[])]] {
        let refused = whole().receive(&reception(1, 1), &visits, &mut |_| {}).expect_err("out of bounds");
        assert_eq!(refused.violations[0].field, "visits");
    }
}

#[test]
fn a_policy_the_desk_refuses_is_refused_here() {
    let mut wrong = reception(1, 1);
    wrong.policy.fallbacks.clear();
    assert_eq!(whole().run(&wrong, 1).expect_err("out of bounds").reason, Reason::PolicyInvalid);
}

#[test]
fn whoever_watches_sees_every_event_of_the_desk() {
    let mut seen = Vec::new();
    let mut watch = |event: &crate::desk::event::Event| seen.push((event.seq.0, event.payload.name()));
    whole().receive(&reception(1, 1), &[visit(0, &[20])], &mut watch).expect("allowed");
    assert!(seen.iter().map(|(seq, _)| *seq).eq(1..=seen.len() as u64), "dense: {seen:?}");
    let of_chat: Vec<_> =
        seen.iter().map(|(_, name)| *name).skip_while(|name| *name != "conversation_opened").collect();
    assert_eq!(of_chat, ["conversation_opened", "message_received", "assigned", "reply_sent", "closed"]);
}

#[test]
fn receptions_are_compared_on_the_same_buyers() {
    let mut scenario = super::scenes::steady(0.05, 400, seconds(30));
    scenario.demand.messages = 3.0;
    let mut faster = reception(5, 4);
    for staff in &mut faster.staff {
        staff.speed = 1.2;
    }
    let receptions = [reception(5, 4), reception(5, 4), faster];
    let table =
        compare(&scenario, &receptions, &[1, 2, 3, 4], &Measures::within(seconds(60))).expect("allowed");
    let mean = |summary: &Summary| summary.replies.mean;
    let same = table.difference(1, 0, mean).expect("four seeds");
    assert_eq!((same.mean, same.half_width), (0.0, 0.0));
    let faster = table.difference(2, 0, mean).expect("four seeds");
    assert!(faster.high() < 0.0, "faster agents answer sooner: {faster:?}");
    let apart = table.mean(0, mean).expect("four seeds").half_width;
    assert!(faster.half_width < apart, "pairs tell more than strangers: {faster:?}, ±{apart}");
}
