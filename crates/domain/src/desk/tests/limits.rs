//! Every bound there is: the last value that is allowed, and the first that is not. One test per place.

use super::shop::{ANN, Shop, entry};
use crate::desk::agent::AgentEntry;
use crate::desk::chatter::{agent_id, hours};
use crate::desk::command::Command;
use crate::desk::policy::preset::Preset;
use crate::desk::policy::rule::RoutingRule;
use crate::desk::policy::{Fallback, IdleRule, LastAgentWindow, Policy, QueueOrder, Ramp, Ring};
use crate::desk::strategy::Strategy;
use crate::problem::Reason;
use crate::time::Span;

type Change = fn(&mut Policy);

const MOMENT: Span = Span::from_micros(1);
const DAY: Span = Span::from_hours(24);

/// The fields of the policy that a change puts out of bounds.
fn violated(change: Change) -> Vec<String> {
    let mut policy = Policy::for_hours(hours());
    change(&mut policy);
    let problem = policy.validate().err();
    let violations = problem.into_iter().flat_map(|problem| problem.violations);
    violations.map(|violation| violation.field).collect()
}

/// Of each pair the first is allowed and the second is not.
fn holds(field: &str, pairs: &[(Change, Change)]) {
    for (place, (allowed, refused)) in pairs.iter().enumerate() {
        assert_eq!(violated(*allowed), [] as [&str; 0], "{field}, pair {place}");
        assert_eq!(violated(*refused), [field], "pair {place}");
    }
}

fn known_for(policy: &mut Policy, ages: &[Span]) {
    let window =
        |max_age: &Span| LastAgentWindow { max_age: *max_age, even_when_busy: false, ignore_capacity: false };
    policy.last_agent_windows = ages.iter().map(window).collect();
}

/// Rings by group, helper and microseconds.
fn ringed(policy: &mut Policy, rings: &[(&str, &str, Span)]) {
    let ring = |(group, helper, after): &(&str, &str, Span)| Ring {
        group: (*group).into(),
        helper: (*helper).into(),
        after: *after,
    };
    policy.rings = rings.iter().map(ring).collect();
}

fn helped_by(policy: &mut Policy, helpers: u8) {
    policy.rings = (0..helpers)
        .map(|n| Ring { group: "g".into(), helper: format!("h{n}").into(), after: Span::ZERO })
        .collect();
}

fn savable(policy: &mut Policy, limit: Span, late_every: u32) {
    policy.order = QueueOrder::SavableFirst { limit, late_every };
}

fn idle(policy: &mut Policy, remark_after: Span, close_after: Span) {
    policy.idle = Some(IdleRule { remark_after, close_after });
}

fn ramp(policy: &mut Policy, every: Span, lasts: Span, queue_over: u32) {
    policy.ramp = Some(Ramp { every, lasts, queue_over });
}

fn ruled(policy: &mut Policy, change: impl Fn(&mut RoutingRule)) {
    let mut rule = RoutingRule { group: "g".into(), ..RoutingRule::default() };
    change(&mut rule);
    policy.routing_rules = vec![rule];
}

#[test]
fn whom_a_policy_gives_conversations_to_is_bounded() {
    let unanswered: [(Change, Change); 1] = [(
        |p| p.strategy = Strategy::LeastUnanswered { open_permille: 1_000 },
        |p| p.strategy = Strategy::LeastUnanswered { open_permille: 1_001 },
    )];
    holds("open_permille", &unanswered);
    holds(
        "last_agent_windows",
        &[
            (
                |p| known_for(p, &[1, 2, 3, 4, 5, 6, 7, 8].map(Span::from_mins)),
                |p| {
                    known_for(p, &[1, 2, 3, 4, 5, 6, 7, 8, 9].map(Span::from_mins));
                },
            ),
            (|p| known_for(p, &[MOMENT, DAY]), |p| known_for(p, &[Span::ZERO, DAY])),
            (|p| known_for(p, &[MOMENT, MOMENT + MOMENT]), |p| known_for(p, &[MOMENT, MOMENT])),
            (
                |p| known_for(p, &[Span::from_hours(720)]),
                |p| {
                    known_for(p, &[Span::from_hours(720) + MOMENT]);
                },
            ),
        ],
    );
    holds(
        "rings",
        &[
            (|p| helped_by(p, 64), |p| helped_by(p, 65)),
            (|p| ringed(p, &[("g", "h", Span::ZERO)]), |p| ringed(p, &[("g", "g", Span::ZERO)])),
            (|p| ringed(p, &[("g", "h", DAY)]), |p| ringed(p, &[("g", "h", DAY + MOMENT)])),
            (
                |p| ringed(p, &[("g", "h", Span::ZERO)]),
                |p| {
                    ringed(p, &[("g", "h", Span::from_micros(-1))]);
                },
            ),
            (
                |p| ringed(p, &[("g", "h", MOMENT), ("g", "i", MOMENT)]),
                |p| {
                    ringed(p, &[("g", "h", MOMENT), ("g", "i", Span::ZERO)]);
                },
            ),
            (
                |p| ringed(p, &[("g", "h", MOMENT), ("i", "h", Span::ZERO)]),
                |p| {
                    ringed(p, &[("g", "h", MOMENT), ("g", "h", DAY)]);
                },
            ),
        ],
    );
}

#[test]
fn what_a_policy_does_with_whom_nobody_can_take_is_bounded() {
    holds(
        "fallbacks",
        &[
            (|p| p.fallbacks = vec![Fallback::Queue], |p| p.fallbacks = Vec::new()),
            (
                |p| p.fallbacks = vec![Fallback::LeaveMessage, Fallback::Queue],
                |p| {
                    p.fallbacks = vec![Fallback::Queue, Fallback::LeaveMessage];
                },
            ),
            (
                |p| p.fallbacks = vec![Fallback::LeaveMessage, Fallback::MainAccount],
                |p| {
                    p.fallbacks = vec![Fallback::LeaveMessage, Fallback::LeaveMessage];
                },
            ),
            (
                |p| p.fallbacks = vec![Fallback::MainAccount],
                |p| {
                    p.fallbacks = vec![Fallback::MainAccount, Fallback::MainAccount];
                },
            ),
        ],
    );
    holds("queue_limit", &[(|p| p.queue_limit = 10_000, |p| p.queue_limit = 10_001)]);
    holds(
        "savable_first",
        &[
            (|p| savable(p, DAY, 2), |p| savable(p, DAY + MOMENT, 2)),
            (|p| savable(p, MOMENT, 2), |p| savable(p, Span::ZERO, 2)),
            (|p| savable(p, DAY, 2), |p| savable(p, DAY, 1)),
            (|p| savable(p, DAY, 100), |p| savable(p, DAY, 101)),
        ],
    );
}

#[test]
fn how_long_a_place_is_kept_is_bounded() {
    holds(
        "pre_assign_duration",
        &[
            (
                |p| p.pre_assign = Some(Span::from_secs(10)),
                |p| p.pre_assign = Some(Span::from_secs(10) - MOMENT),
            ),
            (
                |p| p.pre_assign = Some(Span::from_hours(1)),
                |p| p.pre_assign = Some(Span::from_hours(1) + MOMENT),
            ),
        ],
    );
}

#[test]
fn how_gently_a_policy_lets_agents_begin_is_bounded() {
    holds(
        "ramp",
        &[
            (
                |p| ramp(p, Span::from_secs(1), Span::from_secs(1), 0),
                |p| {
                    ramp(p, Span::from_secs(1) - MOMENT, Span::from_secs(1), 0);
                },
            ),
            (
                |p| ramp(p, Span::from_mins(10), Span::from_hours(1), 10_000),
                |p| {
                    ramp(p, Span::from_mins(10) + MOMENT, Span::from_hours(1), 10_000);
                },
            ),
            (
                |p| ramp(p, Span::from_secs(1), Span::from_secs(1), 0),
                |p| {
                    ramp(p, Span::from_secs(1), Span::from_secs(1) - MOMENT, 0);
                },
            ),
            (
                |p| ramp(p, Span::from_mins(10), Span::from_hours(1), 10_000),
                |p| {
                    ramp(p, Span::from_mins(10), Span::from_hours(1) + MOMENT, 10_000);
                },
            ),
            (
                |p| ramp(p, Span::from_mins(10), Span::from_hours(1), 10_000),
                |p| {
                    ramp(p, Span::from_mins(10), Span::from_hours(1), 10_001);
                },
            ),
        ],
    );
}

#[test]
fn how_long_a_policy_waits_is_bounded() {
    holds(
        "reopen_window_duration",
        &[
            (|p| p.reopen_window = Span::ZERO, |p| p.reopen_window = Span::from_micros(-1)),
            (|p| p.reopen_window = DAY, |p| p.reopen_window = DAY + MOMENT),
        ],
    );
    holds(
        "reply_due_durations",
        &[
            (
                |p| p.reply_due = [1, 2, 3, 4].map(Span::from_secs).to_vec(),
                |p| {
                    p.reply_due = [1, 2, 3, 4, 5].map(Span::from_secs).to_vec();
                },
            ),
            (|p| p.reply_due = vec![MOMENT], |p| p.reply_due = vec![Span::ZERO]),
            (|p| p.reply_due = vec![DAY], |p| p.reply_due = vec![DAY + MOMENT]),
            (|p| p.reply_due = vec![MOMENT, MOMENT + MOMENT], |p| p.reply_due = vec![MOMENT, MOMENT]),
        ],
    );
    holds(
        "heartbeat_grace_duration",
        &[
            (
                |p| p.heartbeat_grace = Span::from_secs(15),
                |p| {
                    p.heartbeat_grace = Span::from_secs(15) - MOMENT;
                },
            ),
            (
                |p| p.heartbeat_grace = Span::from_mins(10),
                |p| {
                    p.heartbeat_grace = Span::from_mins(10) + MOMENT;
                },
            ),
        ],
    );
    holds(
        "idle",
        &[
            (|p| idle(p, MOMENT, DAY), |p| idle(p, Span::ZERO, DAY)),
            (|p| idle(p, DAY - MOMENT, DAY), |p| idle(p, DAY, DAY)),
            (|p| idle(p, MOMENT, DAY), |p| idle(p, MOMENT, DAY + MOMENT)),
        ],
    );
    holds(
        "break_limit_duration",
        &[
            (
                |p| p.break_limit = Some(Span::from_mins(1)),
                |p| {
                    p.break_limit = Some(Span::from_mins(1) - MOMENT);
                },
            ),
            (|p| p.break_limit = Some(DAY), |p| p.break_limit = Some(DAY + MOMENT)),
        ],
    );
}

#[test]
fn what_a_routing_rule_lists_is_bounded() {
    let rules = |count: usize| vec![RoutingRule { group: "g".into(), ..RoutingRule::default() }; count];
    let mut policy = Policy { routing_rules: rules(64), ..Policy::for_hours(hours()) };
    assert_eq!(policy.validate(), Ok(()));
    policy.routing_rules = rules(65);
    assert_eq!(policy.validate().expect_err("too many").violations[0].field, "routing_rules");
    holds(
        "routing_rules[0]",
        &[
            (
                |p| ruled(p, |rule| rule.tags = vec!["t".into(); 16]),
                |p| {
                    ruled(p, |rule| rule.tags = vec!["t".into(); 17]);
                },
            ),
            (
                |p| ruled(p, |rule| rule.languages = vec!["x".repeat(64).into()]),
                |p| {
                    ruled(p, |rule| rule.languages = vec!["x".repeat(65).into()]);
                },
            ),
            (
                |p| ruled(p, |rule| rule.keywords = vec!["k".into()]),
                |p| {
                    ruled(p, |rule| rule.keywords = vec!["k".into(), "".into()]);
                },
            ),
            (
                |p| ruled(p, |rule| rule.group = "x".repeat(64).into()),
                |p| {
                    ruled(p, |rule| rule.group = "x".repeat(65).into());
                },
            ),
            (|p| ruled(p, |_| {}), |p| ruled(p, |rule| rule.group = "".into())),
            (
                |p| ruled(p, |rule| rule.artificial_age = Span::from_mins(10)),
                |p| {
                    ruled(p, |rule| rule.artificial_age = Span::from_mins(10) + MOMENT);
                },
            ),
            (
                |p| ruled(p, |rule| rule.artificial_age = Span::ZERO),
                |p| {
                    ruled(p, |rule| rule.artificial_age = Span::from_micros(-1));
                },
            ),
        ],
    );
}

#[test]
fn what_is_told_of_an_agent_is_bounded() {
    let violated = |groups: u8, capacity_ceiling, capacity_default| {
        let groups = (0..groups).map(|n| format!("g{n:02}").into()).collect();
        let entry = AgentEntry { groups, capacity_ceiling, capacity_default, ..entry(ANN, 5) };
        let sync = Command::SyncAgent { agent: agent_id(ANN), entry: Box::new(entry) };
        let problem = Shop::new().attempt(sync, None).err();
        problem.map(|problem| problem.violations[0].field.clone())
    };
    for (allowed, refused, field) in [
        ((32, 5, 5), (33, 5, 5), "groups"),
        ((32, 5, 5), (40, 5, 5), "groups"),
        ((0, 10_000, 10_000), (0, 10_001, 10_000), "capacity"),
        ((0, 10_000, 0), (0, 20_000, 0), "capacity"),
        ((0, 7, 7), (0, 7, 8), "capacity"),
        ((0, 0, 0), (0, 0, 5), "capacity"),
    ] {
        let told = |(groups, ceiling, default)| violated(groups, ceiling, default);
        assert_eq!((told(allowed), told(refused).as_deref()), (None, Some(field)), "{refused:?}");
    }
}

#[test]
fn a_new_default_sets_the_capacity_and_the_same_one_leaves_it() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let capacity = |shop: &Shop| shop.desk.agent(agent_id(ANN)).expect("known").capacity;
    shop.ok(Command::SetCapacity { agent: agent_id(ANN), capacity: 9 });
    let told = |shop: &mut Shop, change: fn(&mut AgentEntry)| {
        let mut entry = entry(ANN, 5);
        change(&mut entry);
        shop.ok(Command::SyncAgent { agent: agent_id(ANN), entry: Box::new(entry) });
    };
    told(&mut shop, |entry| entry.weight = 2);
    assert_eq!(capacity(&shop), 9, "the default is the same");
    told(&mut shop, |entry| entry.capacity_ceiling = 8);
    assert_eq!(capacity(&shop), 8, "no more than the ceiling");
    told(&mut shop, |entry| entry.capacity_default = 6);
    assert_eq!(capacity(&shop), 6);
}

#[test]
fn capacity_goes_up_to_the_ceiling_and_the_same_again_is_no_news() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let set = |capacity| Command::SetCapacity { agent: agent_id(ANN), capacity };
    assert_eq!(shop.ok(set(1_000)).len(), 1);
    assert!(shop.ok(set(1_000)).is_empty());
    assert_eq!(shop.refused(set(1_001)), Reason::CapacityAboveCeiling);
}

#[test]
fn a_rating_is_one_to_five_stars() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let conversation = shop.says("a");
    let rate = |stars| Command::Rate { conversation, agent: None, stars };
    for stars in [1, 5] {
        assert_eq!(shop.ok(rate(stars)).len(), 1);
    }
    for stars in [0, 6] {
        assert_eq!(shop.refused(rate(stars)), Reason::InvalidRequest);
    }
}

#[test]
fn a_preset_says_what_its_marketplace_publishes() {
    let presets = Preset::ALL.map(|preset| (preset.name(), preset.mirrors(), preset.policy(hours())));
    insta::assert_debug_snapshot!(presets);
}
