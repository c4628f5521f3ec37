use fenliu_domain::ids::{AgentId, SanctionId, ShopId};

use super::*;
use crate::discipline::Lifted;

fn imposed(kind: SanctionKind, days: Option<i64>) -> Sanction {
    let start = Timestamp::from_micros_clamped(0);
    Sanction {
        id: SanctionId::from_bits(1),
        shop: ShopId::from_bits(1),
        agent: AgentId::from_bits(1),
        kind,
        reason: String::new(),
        evidence: String::new(),
        start,
        end: days.map(|days| start + Span::from_hours(24 * days)),
        author: String::new(),
        lifted: None,
    }
}

/// The violations that the suggested rung asks for.
#[track_caller]
fn check(violations: u32, since_last: &[Sanction], expected: Option<u32>) {
    let suggested = Ladder::default().suggest(violations, since_last);
    assert_eq!(suggested.map(|rung| rung.violations), expected);
}

#[test]
fn the_highest_rung_that_is_reached_is_suggested() {
    for (violations, expected) in [
        (0, None),
        (2, None),
        (3, Some(3)),
        (4, Some(3)),
        (5, Some(5)),
        (7, Some(5)),
        (8, Some(8)),
        (1_000, Some(8)),
    ] {
        check(violations, &[], expected);
    }
}

#[test]
fn what_was_imposed_since_the_last_violation_is_not_suggested_again_nor_anything_weaker() {
    check(5, &[imposed(SanctionKind::Mute, Some(3))], None);
    check(5, &[imposed(SanctionKind::Mute, None)], None);
    check(5, &[imposed(SanctionKind::Ban, Some(1))], None);
    check(8, &[imposed(SanctionKind::Ban, Some(7))], None);
}

#[test]
fn who_was_forgiven_is_left_in_peace_until_the_next_violation() {
    let given = imposed(SanctionKind::Mute, Some(3));
    let time = given.start + Span::from_hours(1);
    let lifted = Lifted { time, by: String::new(), reason: "apologised".into() };
    check(5, &[Sanction { lifted: Some(lifted), ..given }], None);
    // What was given before the next violation is none of those since.
    check(6, &[], Some(5));
}

#[test]
fn what_was_imposed_and_is_weaker_does_not_count() {
    check(5, &[imposed(SanctionKind::Mute, Some(1))], Some(5));
    check(8, &[imposed(SanctionKind::Mute, None)], Some(8));
    check(8, &[imposed(SanctionKind::Ban, Some(6))], Some(8));
}

#[test]
fn only_a_sanction_without_an_end_is_as_strict_as_one() {
    let ladder = Ladder {
        window_days: 1,
        rungs: vec![Rung { violations: 1, kind: SanctionKind::Mute, length: None }],
    };
    assert!(ladder.suggest(1, &[imposed(SanctionKind::Mute, Some(366))]).is_some());
    assert!(ladder.suggest(1, &[imposed(SanctionKind::Mute, None)]).is_none());
}

#[test]
fn a_ladder_without_rungs_suggests_nothing() {
    let ladder = Ladder { window_days: 1, rungs: Vec::new() };
    assert_eq!(ladder.suggest(1_000, &[]), None);
}

#[test]
fn violations_count_as_long_as_the_window_is() {
    let now = Timestamp::from_micros_clamped(0);
    assert_eq!(Ladder::default().counts_from(now), now - Span::from_hours(30 * 24));
}
