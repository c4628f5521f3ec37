//! What becomes of drafts that contradict themselves.

use super::*;
use crate::pack::samples;
use crate::problem::Reason;

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

/// The fields a draft is refused for.
fn refused(draft: Draft) -> Vec<String> {
    let problem = draft.check().expect_err("it contradicts itself");
    assert_eq!(problem.reason, Reason::RulePackInvalid);
    problem.violations.into_iter().map(|violation| violation.field).collect()
}

fn mean(unit: Unit, cap: i64) -> Draft {
    let score = Some(Score::MeanWait);
    Draft { unit: Some(unit), score, cap: Span::from_secs(cap), ..samples::taobao() }
}

#[test]
fn a_cap_belongs_to_means_and_is_longer_than_the_limit_of_a_unit() {
    let capped = Draft { cap: Span::from_secs(1), ..samples::taobao() };
    assert_eq!(refused(capped), ["cap_duration"]);
    assert_eq!(refused(mean(Unit::Turn, 0)), ["cap_duration"], "an unanswered turn has no other wait");
    assert_eq!(refused(mean(Unit::Session, 180)), ["cap_duration"], "nobody answering would be in time");
    assert_eq!(refused(mean(Unit::Session, -1)), ["cap_duration"]);
    assert_eq!(refused(mean(Unit::Session, 30 * 86_400 + 1)), ["cap_duration"]);
    for (unit, cap) in [(Unit::Turn, 1), (Unit::Message, 600), (Unit::Session, 181), (Unit::BuyerDay, 0)] {
        assert!(mean(unit, cap).check().is_ok(), "{unit:?} {cap}");
    }
}

#[test]
fn a_mean_has_no_weekends_no_rate_to_reach_and_no_rate_beside_it() {
    let weekend_answer_by = "12:00".to_owned();
    let weekends = Draft { weekend_pause: true, weekend_answer_by, ..mean(Unit::Session, 0) };
    assert_eq!(refused(weekends), ["weekend_pause"]);
    let target = Draft { target_basis_points: 1, ..mean(Unit::Turn, 600) };
    assert_eq!(refused(target), ["targets"]);
    let separate = Draft { unassigned: Treatment::Separate, ..mean(Unit::Session, 0) };
    assert_eq!(refused(separate), ["unassigned"]);
}

#[test]
fn self_service_names_actors_that_do_not_count_anyway() {
    let draft = |self_service, actors: &[Actor]| Draft {
        self_service,
        self_service_actors: actors.to_vec(),
        ..samples::taobao()
    };
    assert_eq!(refused(draft(Treatment::Exclude, &[])), ["self_service_actors"]);
    assert_eq!(refused(draft(Treatment::Judge, &[Actor::FaqCard])), ["self_service_actors"]);
    assert_eq!(refused(draft(Treatment::Exclude, &[Actor::FullRobot])), ["self_service_actors"]);
    assert_eq!(refused(draft(Treatment::Miss, &[Actor::FaqCard])), ["self_service"]);
    let countable = Draft {
        countable_actors: vec![Actor::Human, Actor::FaqCard],
        ..draft(Treatment::Answered, &[Actor::FaqCard])
    };
    assert_eq!(refused(countable), ["self_service_actors"]);
    assert!(draft(Treatment::Answered, &[Actor::FaqCard, Actor::AutoReply]).check().is_ok());
}

#[test]
fn a_rate_of_its_own_is_for_left_messages_only() {
    let draft = Draft { robot_only: Treatment::Separate, ..samples::taobao() };
    assert_eq!(refused(draft), ["robot_only"]);
}

#[test]
fn only_sessions_judged_by_their_first_answer_are_taken_up_again() {
    let rejoin_within = Span::from_mins(10);
    let turns = Draft { rejoin_within, ..samples::taobao() };
    assert_eq!(refused(turns), ["rejoin_within_duration"]);
    let score = Some(Score::AnyMiss);
    assert_eq!(refused(Draft { score, ..samples::jd() }), ["rejoin_within_duration"]);
    let rejoin_within = Span::from_hours(24) + Span::from_micros(1);
    assert_eq!(refused(Draft { rejoin_within, ..samples::jd() }), ["rejoin_within_duration"]);
}

#[test]
fn weights_ascend_to_the_look_back() {
    let step = |newest_days, weight| RecencyWeight { newest_days, weight };
    for steps in [
        vec![step(0, 1), step(30, 1)],
        vec![step(7, 1)],
        vec![step(7, 2), step(7, 1), step(30, 1)],
        vec![step(7, 0), step(30, 1)],
        vec![step(7, 1_001), step(30, 1)],
        vec![step(31, 1)],
    ] {
        let draft = Draft { recency_weights: steps.clone(), ..samples::taobao() };
        assert_eq!(refused(draft), ["recency_weights"], "{steps:?}");
    }
    let steps = vec![step(7, 1_000), step(30, 1)];
    assert!(Draft { recency_weights: steps, ..samples::taobao() }.check().is_ok());
}

#[test]
fn a_default_wants_a_minimum_volume_and_targets_have_bounds() {
    let default = Draft { default_basis_points: Some(1), ..samples::taobao() };
    assert_eq!(refused(default), ["default_basis_points"]);
    let target = |below_basis_points, consequence| Target { below_basis_points, above_units: 0, consequence };
    for targets in [
        vec![target(10_001, Consequence::FineDue)],
        vec![target(1, Consequence::BlackRoom { days: 0 })],
        vec![target(1, Consequence::ResourceSlot { days: 367 })],
        vec![target(1, Consequence::Restricted { days: 3, good_days: 0 })],
        vec![target(1, Consequence::Enforced); MAX_TARGETS + 1],
    ] {
        assert_eq!(refused(Draft { targets, ..samples::taobao() }), ["targets"]);
    }
}

#[test]
fn holidays_are_dates_kept_once_and_in_order() {
    let draft = |holidays: &[&str]| Draft {
        holidays: holidays.iter().map(|text| (*text).to_owned()).collect(),
        ..samples::taobao()
    };
    assert_eq!(refused(draft(&["2026-02-30"])), ["holidays"]);
    assert_eq!(refused(draft(&["2026-05-01"; MAX_HOLIDAYS + 1])), ["holidays"]);
    let pack = draft(&["2026-10-01", "2026-05-01", "2026-10-01"]).check().expect("sound");
    assert_eq!(
        pack.holidays.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["2026-05-01", "2026-10-01"]
    );
}
