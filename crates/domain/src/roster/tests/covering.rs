//! Gaps in the service window, and breaks that leave nobody.

use super::{ANN, BOB, always, dated, day, fields, plan, window, zone};
use crate::day::Window;
use crate::roster::{Coverage, Duty, EveryoneOnBreak, Gap, Plan, coverage, resolve};
use crate::time::{Span, Timestamp};

fn covered(plan: &Plan, service: Window, needed: u32, first: &str, last: &str) -> Coverage {
    let shanghai = zone("Asia/Shanghai");
    let (first, last) = (day(first), day(last));
    let (from, to) = (shanghai.start_of(first.minus(1)), shanghai.start_of(last.plus(3)));
    let duty = resolve(shanghai, plan, &[], from, to).expect("a few days");
    coverage(shanghai, service, needed, &duty, &(first..=last)).expect("a few days")
}

/// A moment as Shanghai's clock shows it.
fn shown(at: Timestamp) -> String {
    let later = at + Span::from_hours(8);
    later.to_string()[5..16].to_owned()
}

fn gaps(coverage: &Coverage) -> Vec<String> {
    let line = |gap: &Gap| {
        format!("{} {}/{} {} of {}", gap.day, shown(gap.start), shown(gap.end), gap.on_duty, gap.needed)
    };
    coverage.gaps.iter().map(line).collect()
}

fn rests(coverage: &Coverage) -> Vec<String> {
    let line = |rest: &EveryoneOnBreak| {
        format!("{} {}/{} {}", rest.day, shown(rest.start), shown(rest.end), rest.on_duty)
    };
    coverage.everyone_on_break.iter().map(line).collect()
}

#[test]
fn the_gap_put_there_on_purpose_is_found() {
    let plan = plan(
        &[("early", "08:00-12:30"), ("late", "13:00-23:00")],
        vec![always(ANN, "early"), always(BOB, "late"), dated(BOB, "2026-05-02", &[])],
    );
    let found = covered(&plan, window("08:00", "23:00"), 1, "2026-05-01", "2026-05-02");
    assert_eq!(
        gaps(&found),
        ["2026-05-01 05-01T12:30/05-01T13:00 0 of 1", "2026-05-02 05-02T12:30/05-02T23:00 0 of 1"]
    );
    assert_eq!(rests(&found), Vec::<String>::new());
}

#[test]
fn a_gap_says_how_few_are_left_at_its_worst() {
    let plan = plan(
        &[],
        vec![dated(ANN, "2026-05-01", &["08:00-18:00"]), dated(BOB, "2026-05-01", &["12:00-23:00"])],
    );
    let found = covered(&plan, window("08:00", "23:00"), 2, "2026-05-01", "2026-05-01");
    assert_eq!(
        gaps(&found),
        ["2026-05-01 05-01T08:00/05-01T12:00 1 of 2", "2026-05-01 05-01T18:00/05-01T23:00 1 of 2"]
    );
    let early = covered(&plan, window("06:00", "23:00"), 2, "2026-05-01", "2026-05-01");
    assert_eq!(gaps(&early)[0], "2026-05-01 05-01T06:00/05-01T12:00 0 of 2");
}

#[test]
fn an_overnight_service_window_belongs_to_the_day_it_begins_on() {
    let plan = plan(&[("night", "20:00-01:00")], vec![always(ANN, "night")]);
    let found = covered(&plan, window("20:00", "02:00"), 1, "2026-05-01", "2026-05-02");
    assert_eq!(
        gaps(&found),
        ["2026-05-01 05-02T01:00/05-02T02:00 0 of 1", "2026-05-02 05-03T01:00/05-03T02:00 0 of 1"]
    );
}

#[test]
fn two_shifts_of_one_agent_count_once() {
    let plan = plan(&[], vec![dated(ANN, "2026-05-01", &["08:00-18:00", "10:00-23:00"])]);
    let found = covered(&plan, window("08:00", "23:00"), 2, "2026-05-01", "2026-05-01");
    assert_eq!(gaps(&found), ["2026-05-01 05-01T08:00/05-01T23:00 1 of 2"]);
}

#[test]
fn somebody_alone_with_a_break_leaves_nobody() {
    let plan = plan(&[], vec![dated(ANN, "2026-05-01", &["08:00-23:00/12:00-13:00"])]);
    let found = covered(&plan, window("08:00", "23:00"), 1, "2026-05-01", "2026-05-01");
    assert_eq!(gaps(&found), Vec::<String>::new(), "a break is no gap");
    assert_eq!(rests(&found), ["2026-05-01 05-01T12:00/05-01T13:00 1"]);
}

#[test]
fn breaks_at_the_same_time_leave_nobody_while_they_overlap() {
    let work = [
        dated(ANN, "2026-05-01", &["08:00-23:00/12:00-13:00"]),
        dated(BOB, "2026-05-01", &["08:00-23:00/12:30-13:30"]),
    ];
    let found = covered(&plan(&[], work.into()), window("08:00", "23:00"), 1, "2026-05-01", "2026-05-01");
    assert_eq!(rests(&found), ["2026-05-01 05-01T12:30/05-01T13:00 2"]);
}

#[test]
fn what_happens_outside_the_service_window_is_no_matter() {
    let plan = plan(&[], vec![dated(ANN, "2026-05-01", &["06:00-20:00/06:30-09:30"])]);
    let found = covered(&plan, window("09:00", "20:00"), 1, "2026-05-01", "2026-05-01");
    assert_eq!(
        (gaps(&found), rests(&found)),
        (vec![], vec!["2026-05-01 05-01T09:00/05-01T09:30 1".to_owned()])
    );
}

#[test]
fn days_are_bounded_and_run_forwards() {
    let duty = Duty::default();
    let of =
        |first: &str, last: &str| coverage(zone("UTC"), Window::ALL_DAY, 1, &duty, &(day(first)..=day(last)));
    assert_eq!(of("2026-01-01", "2027-01-01").expect("366 days").gaps.len(), 366);
    for (first, last) in
        [("2026-01-02", "2026-01-01"), ("2026-01-01", "2027-01-02"), ("0001-01-01", "9999-12-31")]
    {
        assert_eq!(fields(&of(first, last).expect_err("no range")), ["last_day"]);
    }
}
