//! What becomes of drafts that contradict themselves.

use super::*;

#[test]
fn a_draft_is_refused_with_every_field_that_is_wrong() {
    let draft = Draft {
        rule_pack_id: "\u{7}".into(),
        limit: Span::from_hours(24 * 30 + 1),
        window_start: "8:00".into(),
        window_end: "23:61".into(),
        target_basis_points: 10_001,
        weekend_pause: true,
        valid_from: "yesterday".into(),
        ..Draft::default()
    };
    let problem = draft.check().expect_err("full of faults");
    assert_eq!(problem.reason, Reason::RulePackInvalid);
    let mut fields: Vec<_> = problem.violations.iter().map(|v| v.field.as_str()).collect();
    fields.sort_unstable();
    assert_eq!(
        fields,
        [
            "countable_actors",
            "limit_duration",
            "rule_pack_id",
            "target_basis_points",
            "unit",
            "valid_from",
            "weekend_answer_by",
            "window_end",
            "window_start"
        ]
    );
}

#[test]
fn answers_of_robots_cannot_be_all_that_counts_and_count_for_nothing() {
    let draft = |countable_actors: &[Actor], robot_only| Draft {
        rule_pack_id: "x".into(),
        unit: Some(Unit::Turn),
        limit: MIN_LIMIT,
        countable_actors: countable_actors.to_vec(),
        robot_only,
        ..Draft::default()
    };
    for treatment in [Treatment::Exclude, Treatment::Miss] {
        let problem = draft(&[Actor::FullRobot], treatment).check().expect_err("it contradicts itself");
        assert_eq!(problem.violations[0].field, "countable_actors");
        let beside = draft(&[Actor::FullRobot, Actor::Human], treatment).check();
        assert!(beside.is_ok(), "people count as well: {beside:?}");
    }
    for treatment in [Treatment::Judge, Treatment::Answered] {
        assert!(draft(&[Actor::FullRobot], treatment).check().is_ok());
    }
}

#[test]
fn an_empty_window_is_refused() {
    let draft = Draft {
        rule_pack_id: "x".into(),
        unit: Some(Unit::Turn),
        limit: MIN_LIMIT,
        countable_actors: vec![Actor::Human],
        window_start: "08:00".into(),
        window_end: "08:00".into(),
        ..Draft::default()
    };
    let problem = draft.clone().check().expect_err("nothing to judge");
    assert_eq!(problem.violations[0].field, "window_end");
    let whole_day = Draft { window_start: String::new(), window_end: String::new(), ..draft };
    assert_eq!(whole_day.check().map(|pack| pack.window), Ok(Window::ALL_DAY));
}
