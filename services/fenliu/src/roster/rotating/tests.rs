use fenliu_proto::accounts::v1::DatedWork;

use super::*;

fn day(text: &str) -> Day {
    text.parse().expect("a day")
}

fn stint(first: &str, last: Option<&str>, start_at: u32) -> Stint {
    Stint { first: day(first), last: last.map(day), start_at }
}

fn agents(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

/// Who works what, a line each.
fn told(roster: &Roster) -> Vec<String> {
    let line = |assignment: &RosterAssignment| match assignment.work.as_ref().expect("work") {
        Work::Rotating(work) => format!(
            "{} {} {}..{} from {}",
            assignment.agent_id, work.rotation, work.first_day, work.last_day, work.anchor_day
        ),
        Work::Dated(work) => format!("{} dated {}", assignment.agent_id, work.day),
    };
    roster.assignments.iter().map(line).collect()
}

fn four_on_two_off() -> Roster {
    let mut roster = Roster::default();
    let cycle = Cycle::parse("early,early,late,late,off,off").expect("a cycle");
    let since_december = stint("2026-12-01", None, 1);
    turn(&mut roster, "4-2", Some(cycle), Some((&since_december, &agents(&["ann", "bob"])))).expect("laid");
    roster
}

#[test]
fn a_cycle_is_read_as_it_is_told() {
    for text in ["early", "early,early,late+night,off", "off,早班"] {
        let Cycle(days) = Cycle::parse(text).expect("a cycle");
        let days = days.into_iter().map(|templates| RotationDay { templates }).collect();
        assert_eq!(cycle(&Rotation { name: "r".to_owned(), days }), text);
    }
    let error = Cycle::parse("early,,off").expect_err("a day says nothing").to_string();
    assert!(error.contains("day 2"), "{error}");
    assert!(Cycle::parse("").is_err());
    assert!(Cycle::parse("early+").is_err());
}

#[test]
fn a_crew_may_start_on_any_day_of_the_cycle() {
    let mut roster = four_on_two_off();
    let third = stint("2026-12-01", None, 3);
    turn(&mut roster, "4-2", None, Some((&third, &agents(&["eve"])))).expect("laid");
    assert_eq!(told(&roster)[2], "eve 4-2 2026-12-01.. from 2026-11-29");
    let seventh = stint("2026-12-01", None, 7);
    let error = turn(&mut roster, "4-2", None, Some((&seventh, &agents(&["eve"])))).expect_err("six days");
    assert!(error.to_string().contains("--start-at 7"), "{error}");
}

#[test]
fn a_rotation_takes_the_place_of_the_one_before_from_its_first_day_on() {
    let mut roster = four_on_two_off();
    let nights = Cycle::parse("night").expect("a cycle");
    let new_year = stint("2027-01-01", None, 1);
    turn(&mut roster, "nights", Some(nights), Some((&new_year, &agents(&["ann"])))).expect("laid");
    assert_eq!(
        told(&roster),
        [
            "ann 4-2 2026-12-01..2026-12-31 from 2026-12-01",
            "bob 4-2 2026-12-01.. from 2026-12-01",
            "ann nights 2027-01-01.. from 2027-01-01",
        ]
    );
}

#[test]
fn a_rotation_for_a_while_leaves_what_comes_after_it_in_step() {
    let mut roster = four_on_two_off();
    let nights = Cycle::parse("night").expect("a cycle");
    let a_week = stint("2026-12-07", Some("2026-12-13"), 1);
    turn(&mut roster, "nights", Some(nights), Some((&a_week, &agents(&["ann"])))).expect("laid");
    let of_ann: Vec<_> = told(&roster).into_iter().filter(|line| line.starts_with("ann")).collect();
    assert_eq!(
        of_ann,
        [
            "ann 4-2 2026-12-01..2026-12-06 from 2026-12-01",
            "ann 4-2 2026-12-14.. from 2026-12-01",
            "ann nights 2026-12-07..2026-12-13 from 2026-12-07",
        ]
    );
}

#[test]
fn off_ends_rotations_and_what_lies_outside_of_that_time_stays() {
    let mut roster = four_on_two_off();
    turn(&mut roster, "off", None, Some((&stint("2026-12-24", None, 1), &agents(&["ann"])))).expect("ended");
    turn(&mut roster, "off", None, Some((&stint("2026-11-01", None, 1), &agents(&["bob"])))).expect("ended");
    assert_eq!(told(&roster), ["ann 4-2 2026-12-01..2026-12-23 from 2026-12-01"]);
    // What is over by then is not touched.
    turn(&mut roster, "off", None, Some((&stint("2027-02-01", None, 1), &agents(&["ann"])))).expect("ended");
    assert_eq!(told(&roster), ["ann 4-2 2026-12-01..2026-12-23 from 2026-12-01"]);
    assert!(turn(&mut roster, "off", Some(Cycle(vec![Vec::new()])), None).is_err());
}

#[test]
fn days_that_a_spreadsheet_names_stay_and_are_counted() {
    let mut roster = four_on_two_off();
    let dated = |day: &str| RosterAssignment {
        agent_id: "ann".to_owned(),
        work: Some(Work::Dated(DatedWork { day: day.to_owned(), work: Vec::new() })),
    };
    roster.assignments.extend(["2026-12-06", "2026-12-07", "2026-12-13", "2026-12-14"].map(dated));
    let a_week = stint("2026-12-07", Some("2026-12-13"), 1);
    let kept = turn(&mut roster, "4-2", None, Some((&a_week, &agents(&["ann"])))).expect("laid");
    assert_eq!(kept, 2);
    assert_eq!(told(&roster).iter().filter(|line| line.contains("dated")).count(), 4);
}

#[test]
fn a_rotation_that_is_not_there_is_not_worked() {
    let mut roster = Roster::default();
    let error = turn(&mut roster, "4-2", None, Some((&stint("2026-12-01", None, 1), &agents(&["ann"]))));
    assert!(error.expect_err("there is none").to_string().contains("no rotation 4-2"));
}
