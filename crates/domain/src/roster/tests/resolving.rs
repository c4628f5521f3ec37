//! What resolves to what, sentence by sentence.

use super::{ANN, BOB, always, at, clock, dated, day, fields, lines, plan, rotation, shift, window, zone};
use crate::ids::AgentId;
use crate::roster::{Assignment, Cause, Duty, MAX_WINDOWS, PRESETS, Plan, Shift, Work, on_duty, resolve};
use crate::time::{Span, Timestamp};

const DAY: &[(&str, &str)] = &[("day", "08:30-20:30")];

fn duty(place: &str, plan: &Plan, from: &str, to: &str) -> Duty {
    resolve(zone(place), plan, &[], at(from), at(to)).expect("within the limits")
}

#[track_caller]
fn check(place: &str, plan: &Plan, (from, to): (&str, &str), expected: &[&str]) {
    assert_eq!(lines(&duty(place, plan, from, to)), expected);
}

/// One agent on one shift on one day, a wide look at it.
#[track_caller]
fn check_shift(place: &str, date: &str, hours: &str, start: &str, end: &str) {
    let plan = plan(&[], vec![dated(ANN, date, &[hours])]);
    let middle = zone(place).start_of(day(date));
    let duty = resolve(zone(place), &plan, &[], middle - Span::from_hours(60), middle + Span::from_hours(60));
    assert_eq!(
        lines(&duty.expect("a few days")),
        [format!("1 {start}/{end} {hours} Planned")],
        "{date} {hours}"
    );
}

#[test]
fn a_day_shift_is_worked_in_the_shops_own_zone() {
    check(
        "Asia/Shanghai",
        &plan(DAY, vec![always(ANN, "day")]),
        ("2026-11-23T00:00:00+08:00", "2026-11-25T00:00:00+08:00"),
        &[
            "1 2026-11-23T00:30:00Z/2026-11-23T12:30:00Z day Planned",
            "1 2026-11-24T00:30:00Z/2026-11-24T12:30:00Z day Planned",
        ],
    );
}

#[test]
fn windows_are_cut_to_the_range_to_the_microsecond() {
    check(
        "Asia/Shanghai",
        &plan(DAY, vec![always(ANN, "day")]),
        ("2026-11-23T12:00:00.000001+08:00", "2026-11-23T12:00:00.000003+08:00"),
        &["1 2026-11-23T04:00:00.000001Z/2026-11-23T04:00:00.000003Z day Planned"],
    );
}

#[test]
fn an_end_at_or_before_the_start_is_one_of_the_next_day() {
    check_shift("Asia/Shanghai", "2025-12-31", "20:00-02:00", "2025-12-31T12:00:00Z", "2025-12-31T18:00:00Z");
    check_shift("Asia/Shanghai", "2025-12-31", "08:00-08:00", "2025-12-31T00:00:00Z", "2026-01-01T00:00:00Z");
    check_shift("Asia/Shanghai", "2025-12-31", "16:00-24:00", "2025-12-31T08:00:00Z", "2025-12-31T16:00:00Z");
    check_shift("Asia/Shanghai", "2025-12-31", "16:00-00:00", "2025-12-31T08:00:00Z", "2025-12-31T16:00:00Z");
}

#[test]
fn the_whole_day_has_as_many_hours_as_the_day() {
    check_shift("Europe/Berlin", "2026-03-29", "00:00-24:00", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z");
    check_shift("Europe/Berlin", "2026-10-25", "00:00-24:00", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z");
}

#[test]
fn a_start_the_clock_skips_means_the_moment_it_skips_to() {
    // New York's clock goes from 02:00 to 03:00, at 07:00 in universal time.
    check_shift(
        "America/New_York",
        "2026-03-08",
        "02:30-10:00",
        "2026-03-08T07:00:00Z",
        "2026-03-08T14:00:00Z",
    );
    check_shift(
        "America/New_York",
        "2026-03-08",
        "00:00-02:30",
        "2026-03-08T05:00:00Z",
        "2026-03-08T07:00:00Z",
    );
}

#[test]
fn of_a_time_that_comes_twice_the_first_is_meant() {
    // New York shows 01:00 to 02:00 twice, first from 05:00 in universal time.
    check_shift(
        "America/New_York",
        "2026-11-01",
        "01:30-10:00",
        "2026-11-01T05:30:00Z",
        "2026-11-01T15:00:00Z",
    );
    check_shift(
        "America/New_York",
        "2026-11-01",
        "00:00-01:30",
        "2026-11-01T04:00:00Z",
        "2026-11-01T05:30:00Z",
    );
}

#[test]
fn half_an_hour_skipped_is_half_an_hour_less_to_work() {
    check_shift(
        "Australia/Lord_Howe",
        "2026-10-04",
        "00:00-08:00",
        "2026-10-03T13:30:00Z",
        "2026-10-03T21:00:00Z",
    );
}

#[test]
fn a_shift_wholly_in_what_the_clock_skips_is_not_worked() {
    let range = ("2026-03-06T00:00:00Z", "2026-03-10T00:00:00Z");
    check("America/New_York", &plan(&[], vec![dated(ANN, "2026-03-08", &["02:00-03:00"])]), range, &[]);
}

#[test]
fn nobody_works_on_a_date_the_calendar_skipped() {
    check(
        "Pacific/Apia",
        &plan(DAY, vec![always(ANN, "day")]),
        ("2011-12-29T12:00:00Z", "2011-12-31T12:00:00Z"),
        &[
            "1 2011-12-29T18:30:00Z/2011-12-30T06:30:00Z day Planned",
            "1 2011-12-30T18:30:00Z/2011-12-31T06:30:00Z day Planned",
        ],
    );
    assert_eq!(zone("Pacific/Apia").day_of(at("2011-12-30T18:30:00Z")), day("2011-12-31"));
}

#[test]
fn a_shift_over_a_midnight_that_is_missing_keeps_its_end() {
    // São Paulo's clock goes from 24:00 of the third to 01:00.
    check_shift(
        "America/Sao_Paulo",
        "2018-11-03",
        "16:00-24:00",
        "2018-11-03T19:00:00Z",
        "2018-11-04T03:00:00Z",
    );
    check_shift(
        "America/Sao_Paulo",
        "2018-11-03",
        "22:00-02:00",
        "2018-11-04T01:00:00Z",
        "2018-11-04T04:00:00Z",
    );
}

#[test]
fn a_cycle_runs_from_its_anchor_in_both_directions() {
    let mut plan = plan(DAY, vec![always(ANN, "day")]);
    plan.rotations[0] = rotation("day", &[&["day"], &[], &[]]);
    let days = |from: &str, to: &str| -> Vec<String> {
        duty("UTC", &plan, from, to).windows.iter().map(|window| window.day.to_string()).collect()
    };
    assert_eq!(
        days("2025-12-28T00:00:00Z", "2026-01-06T00:00:00Z"),
        ["2025-12-29", "2026-01-01", "2026-01-04"]
    );
}

#[test]
fn a_rotation_holds_from_its_first_day_to_its_last() {
    let (first, last) = (day("2026-05-02"), Some(day("2026-05-03")));
    let rotation = "day".to_owned();
    let plan = plan(DAY, vec![Assignment::Rotating { agent: ANN, rotation, anchor: first, first, last }]);
    let windows = duty("UTC", &plan, "2026-05-01T00:00:00Z", "2026-05-06T00:00:00Z").windows;
    assert_eq!(
        windows.iter().map(|window| window.day).collect::<Vec<_>>(),
        [day("2026-05-02"), day("2026-05-03")]
    );
}

#[test]
fn rotations_of_one_agent_add_up() {
    let templates = [("early", "08:00-12:00"), ("late", "16:00-20:00")];
    check(
        "UTC",
        &plan(&templates, vec![always(ANN, "early"), always(ANN, "late")]),
        ("2026-05-01T00:00:00Z", "2026-05-02T00:00:00Z"),
        &[
            "1 2026-05-01T08:00:00Z/2026-05-01T12:00:00Z early Planned",
            "1 2026-05-01T16:00:00Z/2026-05-01T20:00:00Z late Planned",
        ],
    );
}

#[test]
fn a_dated_entry_stands_for_all_rotations_of_its_day() {
    let templates = [("early", "08:00-12:00"), ("late", "16:00-20:00")];
    let both = [always(ANN, "early"), always(ANN, "late"), always(BOB, "early")];
    let replaced = both.iter().cloned().chain([dated(ANN, "2026-05-01", &["10:00-11:00", "late"])]).collect();
    let range = ("2026-05-01T00:00:00Z", "2026-05-02T00:00:00Z");
    check(
        "UTC",
        &plan(&templates, replaced),
        range,
        &[
            "2 2026-05-01T08:00:00Z/2026-05-01T12:00:00Z early Planned",
            "1 2026-05-01T10:00:00Z/2026-05-01T11:00:00Z 10:00-11:00 Planned",
            "1 2026-05-01T16:00:00Z/2026-05-01T20:00:00Z late Planned",
        ],
    );
    let off = both.into_iter().chain([dated(ANN, "2026-05-01", &[])]).collect();
    check(
        "UTC",
        &plan(&templates, off),
        range,
        &["2 2026-05-01T08:00:00Z/2026-05-01T12:00:00Z early Planned"],
    );
}

#[test]
fn shifts_of_one_agent_that_overlap_or_touch_are_one_duty() {
    let work = ["08:00-12:00", "11:00-13:00", "13:00-14:00", "15:00-16:00"];
    let plan = plan(&[], vec![dated(ANN, "2026-05-01", &work)]);
    let duty = duty("UTC", &plan, "2026-05-01T00:00:00Z", "2026-05-02T00:00:00Z");
    assert_eq!(duty.windows.len(), 4);
    let stretches: Vec<_> = on_duty(&duty.windows)[&ANN].iter().map(|s| (s.start, s.end)).collect();
    let expected = [("08:00", "14:00"), ("15:00", "16:00")]
        .map(|(start, end)| (at(&format!("2026-05-01T{start}:00Z")), at(&format!("2026-05-01T{end}:00Z"))));
    assert_eq!(stretches, expected);
}

#[test]
fn a_break_after_midnight_belongs_to_the_shift_of_the_day_before() {
    let plan = plan(&[("night", "20:00-04:00/23:30-00:30/02:00-02:15")], vec![always(ANN, "night")]);
    let duty = duty("UTC", &plan, "2026-05-01T12:00:00Z", "2026-05-02T12:00:00Z");
    let breaks: Vec<_> = duty.breaks.iter().map(|rest| format!("{}/{}", rest.start, rest.end)).collect();
    assert_eq!(
        breaks,
        ["2026-05-01T23:30:00Z/2026-05-02T00:30:00Z", "2026-05-02T02:00:00Z/2026-05-02T02:15:00Z"]
    );
}

#[test]
fn every_preset_makes_a_plan_that_makes_sense() {
    for preset in PRESETS {
        let plan = Plan { templates: preset.templates(), ..Plan::default() };
        assert_eq!(plan.validate(), Ok(()), "{}", preset.name);
    }
    let names: Vec<_> = PRESETS.iter().map(|preset| (preset.name, preset.templates().len())).collect();
    assert_eq!(names, [("day", 1), ("three_shifts", 3), ("morning_afternoon_evening", 3)]);
    assert_eq!(PRESETS[0].templates()[0].shift, shift("08:30-20:30"));
}

#[test]
fn a_range_is_bounded_and_runs_forwards() {
    let plan = plan(DAY, vec![always(ANN, "day")]);
    let from = at("2026-01-01T00:00:00Z");
    let year = Span::from_hours(366 * 24);
    let resolved = |to| resolve(zone("UTC"), &plan, &[], from, to);
    assert_eq!(resolved(from + year).expect("just short enough").windows.len(), 366);
    for to in [from, from - year, from + year + Span::from_micros(1)] {
        assert_eq!(fields(&resolved(to).expect_err("no range")), ["to"]);
    }
}

#[test]
fn more_windows_than_anybody_can_read_are_refused() {
    let agents = u128::try_from(MAX_WINDOWS / 366 + 1).expect("a count");
    let assignments = (0..agents).map(|agent| always(AgentId::from_bits(agent), "day")).collect();
    let plan = plan(DAY, assignments);
    let from = at("2026-01-01T00:00:00Z");
    let refused = resolve(zone("UTC"), &plan, &[], from, from + Span::from_hours(366 * 24));
    assert_eq!(fields(&refused.expect_err("too many")), ["to"]);
}

#[test]
fn what_validation_would_refuse_resolves_to_something_harmless() {
    let mut plan = plan(DAY, Vec::new());
    let odd = Shift { breaks: vec![window("01:00", "02:00")], ..Shift::new(clock("24:00"), clock("08:00")) };
    plan.rotations.push(rotation("empty", &[]));
    plan.assignments = vec![
        always(ANN, "nothing of this name"),
        always(ANN, "empty"),
        dated(BOB, "2026-05-01", &["no such"]),
        Assignment::Dated { agent: ANN, day: day("2026-05-01"), work: vec![Work::Shift(odd)] },
    ];
    let duty = duty("UTC", &plan, "2026-04-30T00:00:00Z", "2026-05-04T00:00:00Z");
    assert_eq!(lines(&duty), ["1 2026-05-02T00:00:00Z/2026-05-02T08:00:00Z 24:00-08:00 Planned"]);
    assert!(duty.windows.iter().all(|window| window.cause == Cause::Planned));
}

#[test]
fn the_ends_of_time_can_be_resolved() {
    let plan = plan(DAY, vec![always(ANN, "day")]);
    for place in ["Pacific/Kiritimati", "Pacific/Pago_Pago"] {
        let last = resolve(zone(place), &plan, &[], Timestamp::MAX - Span::from_hours(48), Timestamp::MAX);
        assert!(last.expect("two days").windows.len() >= 2);
        let first = resolve(zone(place), &plan, &[], Timestamp::MIN, Timestamp::MIN + Span::from_hours(48));
        assert_eq!(first.expect("two days").windows, [], "the rotation begins later");
    }
}
