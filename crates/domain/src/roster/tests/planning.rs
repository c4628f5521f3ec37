//! What a plan may say.

use super::{ANN, BOB, always, dated, day, fields, plan, rotation, template};
use crate::day::{ClockTime, Window};
use crate::roster::{
    Assignment, MAX_ASSIGNMENTS, MAX_CYCLE_DAYS, MAX_ROTATIONS, MAX_TEMPLATES, MAX_VIOLATIONS,
    MAX_WORK_PER_DAY, MalformedShift, Plan, Shift,
};

fn sound() -> Plan {
    plan(&[("day", "08:30-20:30")], vec![always(ANN, "day"), dated(BOB, "2026-05-01", &["day"])])
}

#[track_caller]
fn check(spoil: impl FnOnce(&mut Plan), expected: &[&str]) {
    let mut plan = sound();
    spoil(&mut plan);
    assert_eq!(fields(&plan.validate().expect_err("the plan makes no sense")), expected);
}

#[test]
fn every_field_that_makes_no_sense_is_named_at_once() {
    check(
        |plan| {
            plan.templates[0].shift = Shift::new(ClockTime::DAY_END, ClockTime::MIDNIGHT);
            plan.templates.push(template("day", "08:00-09:00"));
            plan.rotations.push(rotation("", &[]));
            plan.rotations.push(rotation("week", &[&["day"], &["day", "day"], &["lost"]]));
            plan.assignments.push(always(BOB, "lost"));
            plan.assignments.push(dated(BOB, "2026-05-01", &["day", "lost", "day"]));
            let (first, last) = (day("2026-05-02"), Some(day("2026-05-01")));
            let rotation = "week".to_owned();
            plan.assignments.push(Assignment::Rotating { agent: ANN, rotation, anchor: first, first, last });
            plan.min_on_duty = 0;
        },
        &[
            "templates[0].shift.start",
            "templates[1].name",
            "rotations[1].name",
            "rotations[1].days",
            "rotations[2].days[1][1]",
            "rotations[2].days[2][0]",
            "assignments[2].rotation",
            "assignments[3].day",
            "assignments[3].work[1].template",
            "assignments[3].work[2]",
            "assignments[4].last",
            "min_on_duty",
        ],
    );
}

#[test]
fn every_list_has_its_limit() {
    check(
        |plan| {
            plan.templates.extend((0..MAX_TEMPLATES).map(|n| template(&format!("t{n}"), "08:00-09:00")));
            plan.rotations[0].days = vec![Vec::new(); MAX_CYCLE_DAYS + 1];
            plan.assignments = vec![always(ANN, "day"); MAX_ASSIGNMENTS + 1];
            plan.min_on_duty = 1_001;
        },
        &["templates", "rotations[0].days", "assignments", "min_on_duty"],
    );
    check(
        |plan| {
            let names = ["a", "b", "c", "d", "e"];
            plan.templates.extend(names.map(|name| template(name, "08:00-09:00")));
            assert!(names.len() > MAX_WORK_PER_DAY);
            plan.rotations.push(rotation("all", &[&names]));
            plan.assignments.push(dated(ANN, "2026-05-01", &names));
        },
        &["rotations[1].days[0]", "assignments[2].work"],
    );
    check(
        |plan| {
            let more = (0..MAX_ROTATIONS).map(|n| rotation(&format!("r{n}"), &[&[]]));
            plan.rotations.extend(more);
        },
        &["rotations"],
    );
}

#[test]
fn a_refusal_names_only_so_many_fields() {
    let mut plan = sound();
    plan.assignments = vec![always(ANN, "lost"); 1_000];
    assert_eq!(plan.validate().expect_err("no such rotation").violations.len(), MAX_VIOLATIONS);
}

#[test]
fn a_name_is_what_a_cell_can_say() {
    for name in ["day", "早班", "shift 1", "a,b", "say \"hi\"", "24h", "08", &"x".repeat(64)] {
        let mut plan = sound();
        plan.templates.push(template(name, "08:00-09:00"));
        assert_eq!(
            plan.validate().map_err(|problem| problem.message),
            if name == "day" {
                Err("templates[1].name must be unique; an earlier entry has it".into())
            } else {
                Ok(())
            }
        );
    }
    for name in [
        "",
        " day",
        "day\u{3000}",
        "a\u{200b}b",
        "a\nb",
        "off",
        "OFF",
        "a+b",
        "=a",
        "-a",
        "@a",
        "'a",
        "08:00-09:00",
        "8:0-9",
        &"x".repeat(65),
    ] {
        check(|plan| plan.templates.push(template(name, "08:00-09:00")), &["templates[1].name"]);
    }
}

#[test]
fn breaks_lie_inside_their_shift_and_apart_from_each_other() {
    let breaks = |hours: &str, breaks: &[(&str, &str)]| -> Vec<String> {
        let mut plan = sound();
        let shift = super::shift(hours);
        let breaks = breaks.iter().map(|(start, end)| super::window(start, end)).collect();
        plan.templates[0].shift = Shift { breaks, ..shift };
        plan.validate()
            .err()
            .map_or_else(Vec::new, |problem| fields(&problem).into_iter().map(str::to_owned).collect())
    };
    let named = |index: usize| vec![format!("templates[0].shift.breaks[{index}]")];
    assert_eq!(breaks("08:00-12:00", &[("08:00", "09:00"), ("09:00", "12:00")]), Vec::<String>::new());
    assert_eq!(breaks("20:00-04:00", &[("23:30", "00:30"), ("03:00", "04:00")]), Vec::<String>::new());
    assert_eq!(breaks("00:00-24:00", &[("23:00", "24:00")]), Vec::<String>::new());
    assert_eq!(breaks("08:00-12:00", &[("07:59", "08:30")]), named(0));
    assert_eq!(breaks("08:00-12:00", &[("11:30", "12:01")]), named(0));
    assert_eq!(breaks("20:00-04:00", &[("12:00", "13:00")]), named(0));
    assert_eq!(breaks("08:00-12:00", &[("09:00", "10:00"), ("09:59", "10:30")]), named(1));
    assert_eq!(breaks("08:00-24:00", &[("09:00", "09:01"); 9])[0], "templates[0].shift.breaks");
}

#[test]
fn hours_are_read_with_their_breaks_or_refused_with_a_reason() {
    let read: Shift = "20:00-04:00/23:30-00:30".parse().expect("a shift");
    assert_eq!(read.breaks, [Window::new(super::clock("23:30"), super::clock("00:30")).expect("not empty")]);
    assert_eq!(read.hours(), "20:00-04:00");
    for (text, why) in [
        ("", MalformedShift::Form),
        ("day", MalformedShift::Form),
        ("8:00-9:00", MalformedShift::Form),
        ("08:00-25:00", MalformedShift::Form),
        ("08:00-12:00/", MalformedShift::Form),
        ("24:00-08:00", MalformedShift::Sense("must be before 24:00; use 00:00 of the next day")),
        ("08:00-12:00/09:00-09:00", MalformedShift::Sense("must have breaks that are not empty")),
        (
            "08:00-12:00/07:00-09:00",
            MalformedShift::Sense("must have breaks inside the shift that do not overlap each other"),
        ),
    ] {
        assert_eq!(text.parse::<Shift>(), Err(why), "{text}");
    }
    let many = format!("08:00-20:00{}", "/09:00-09:01".repeat(1_000));
    assert_eq!(many.parse::<Shift>(), Err(MalformedShift::Sense("must have at most 8 breaks")));
}
