//! What publishing changes, and what it never does.

use proptest::prelude::*;

use super::worlds::{World, utc, world};
use super::{ANN, BOB, always, at, config, lines, plan, zone};
use crate::ids::AgentId;
use crate::roster::{ChangeKind, Exception, Plan, Reign, diff, resolve, resolve_reigns};
use crate::time::Span;

fn day_shift(agent: AgentId) -> Plan {
    plan(&[("day", "08:00-20:00")], vec![always(agent, "day")])
}

#[test]
fn a_shift_that_both_plans_have_is_one_window_across_the_publishing() {
    let (old, new) =
        (day_shift(ANN), plan(&[("day", "08:00-18:00")], vec![always(ANN, "day"), always(BOB, "day")]));
    let noon = at("2026-05-01T12:00:00Z");
    let utc = zone("UTC");
    let reigns = [
        Reign { zone: utc, plan: &old, from: at("2026-01-01T00:00:00Z"), until: Some(noon) },
        Reign { zone: utc, plan: &new, from: noon, until: None },
    ];
    let duty = resolve_reigns(&reigns, &[], at("2026-05-01T00:00:00Z"), at("2026-05-02T00:00:00Z"));
    assert_eq!(
        lines(&duty.expect("a day")),
        [
            "1 2026-05-01T08:00:00Z/2026-05-01T18:00:00Z day Planned",
            "2 2026-05-01T12:00:00Z/2026-05-01T18:00:00Z day Planned",
        ]
    );
}

#[test]
fn moving_the_shop_to_another_zone_moves_what_is_to_come_only() {
    let plan = day_shift(ANN);
    let moved = at("2026-05-01T12:00:00Z");
    let reigns = [
        Reign {
            zone: zone("Asia/Shanghai"),
            plan: &plan,
            from: at("2026-01-01T00:00:00Z"),
            until: Some(moved),
        },
        Reign { zone: zone("Europe/London"), plan: &plan, from: moved, until: None },
    ];
    let duty = resolve_reigns(&reigns, &[], at("2026-05-01T00:00:00Z"), at("2026-05-03T00:00:00Z"));
    assert_eq!(
        lines(&duty.expect("two days")),
        [
            "1 2026-05-01T00:00:00Z/2026-05-01T19:00:00Z day Planned",
            "1 2026-05-02T07:00:00Z/2026-05-02T19:00:00Z day Planned",
        ]
    );
}

#[test]
fn between_two_reigns_nobody_works() {
    let plan = day_shift(ANN);
    let utc = zone("UTC");
    let reigns = [
        Reign {
            zone: utc,
            plan: &plan,
            from: at("2026-01-01T00:00:00Z"),
            until: Some(at("2026-05-01T10:00:00Z")),
        },
        Reign {
            zone: utc,
            plan: &plan,
            from: at("2026-05-01T18:00:00Z"),
            until: Some(at("2026-05-01T19:00:00Z")),
        },
    ];
    let duty = resolve_reigns(&reigns, &[], at("2026-05-01T00:00:00Z"), at("2026-05-03T00:00:00Z"));
    assert_eq!(
        lines(&duty.expect("two days")),
        [
            "1 2026-05-01T08:00:00Z/2026-05-01T10:00:00Z day Planned",
            "1 2026-05-01T18:00:00Z/2026-05-01T19:00:00Z day Planned",
        ]
    );
}

#[test]
fn a_diff_names_duty_gained_and_lost_and_nothing_else() {
    let before = day_shift(ANN);
    let after = plan(
        &[("renamed", "08:00-14:00"), ("second half", "14:00-19:00"), ("other", "10:00-11:00")],
        vec![always(ANN, "renamed"), always(ANN, "second half"), always(BOB, "other")],
    );
    let of = |plan: &Plan| {
        resolve(zone("UTC"), plan, &[], at("2026-05-01T00:00:00Z"), at("2026-05-02T00:00:00Z"))
            .expect("a day")
            .windows
    };
    let changes = diff(&of(&before), &of(&after));
    let read: Vec<_> = changes.iter().map(|c| (c.agent, c.kind, c.stretch.start, c.stretch.end)).collect();
    assert_eq!(
        read,
        [
            (BOB, ChangeKind::Added, at("2026-05-01T10:00:00Z"), at("2026-05-01T11:00:00Z")),
            (ANN, ChangeKind::Removed, at("2026-05-01T19:00:00Z"), at("2026-05-01T20:00:00Z")),
        ]
    );
    assert_eq!(diff(&of(&before), &of(&before)), []);
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_new_roster_never_rewrites_the_past(old in world(), new in world(), published in 1_i64..4_000) {
        let World { zone, plan, exceptions, from, to, .. } = &old;
        let at = *from + Span::from_mins(published);
        let reign = Reign { zone: *zone, plan, from: *from, until: None };
        let until = (*to).min(at);
        let past = resolve_reigns(&[reign], exceptions, *from, until);
        let replaced = [
            Reign { until: Some(at), ..reign },
            Reign { zone: new.zone, plan: &new.plan, from: at, until: None },
        ];
        prop_assert_eq!(resolve_reigns(&replaced, exceptions, *from, until), past);
    }

    #[test]
    fn leave_takes_exactly_its_stretch(world in world(), start in -3_000_i64..3_000, length in 1_i64..3_000) {
        let World { zone, plan, exceptions, from, to, strange } = &world;
        let (away, back) = (utc(*strange, start), utc(*strange, start + length));
        let with = [exceptions.as_slice(), &[Exception::Leave { agent: ANN, from: away, to: back }]].concat();
        let before = resolve(*zone, plan, exceptions, *from, *to).expect("within the limits").windows;
        let after = resolve(*zone, plan, &with, *from, *to).expect("within the limits").windows;
        for change in diff(&before, &after) {
            prop_assert_eq!((change.agent, change.kind), (ANN, ChangeKind::Removed));
            prop_assert!(away <= change.stretch.start && change.stretch.end <= back);
        }
        prop_assert!(after.iter().all(|w| w.agent != ANN || w.end <= away || back <= w.start));
    }
}
