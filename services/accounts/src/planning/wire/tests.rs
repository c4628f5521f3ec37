use fenliu_domain::problem::Reason;

use super::*;

fn named<T>(read: Result<T, Vec<Violation>>) -> Vec<String> {
    read.err().unwrap_or_default().into_iter().map(|violation| violation.field).collect()
}

fn clock(text: &str) -> ClockTime {
    text.parse().expect("a time of the clock")
}

fn everything() -> Plan {
    let agent = AgentId::from_bits(7);
    let rest = Window::new(clock("12:00"), clock("12:30")).expect("a break");
    let day = Shift { breaks: vec![rest], ..Shift::new(clock("08:00"), clock("16:00")) };
    let night = Shift::new(clock("22:00"), clock("06:00"));
    let date = |text: &str| text.parse().expect("a date");
    Plan {
        templates: vec![Template { name: "早班".into(), shift: day.clone() }],
        rotations: vec![Rotation { name: "two days".into(), days: vec![vec!["早班".into()], vec![]] }],
        assignments: vec![
            Assignment::Rotating {
                agent,
                rotation: "two days".into(),
                anchor: date("2026-03-01"),
                first: date("2026-03-02"),
                last: Some(date("2026-04-01")),
            },
            Assignment::Dated { agent, day: date("2026-03-03"), work: vec![] },
            Assignment::Dated {
                agent,
                day: date("2026-03-04"),
                work: vec![Work::Template("早班".into()), Work::Shift(night)],
            },
        ],
        min_on_duty: 3,
    }
}

#[test]
fn a_plan_goes_through_its_message_unchanged() {
    for plan in [everything(), Plan::default()] {
        assert_eq!(plan_of(&roster(&plan)), Ok(plan));
    }
}

#[test]
fn an_exception_goes_through_its_message_unchanged() {
    let (ann, bob) = (AgentId::from_bits(1), AgentId::from_bits(2));
    let day = |text: &str| text.parse::<Day>().expect("a date");
    let at = Timestamp::from_micros_clamped;
    let kinds = [
        Exception::Leave { agent: ann, from: at(1), to: at(2) },
        Exception::Swap {
            first: PlannedDay { agent: ann, day: day("2026-03-01") },
            second: PlannedDay { agent: bob, day: day("2026-03-02") },
        },
        Exception::ExtraDuty {
            agent: ann,
            day: day("2026-03-01"),
            shift: Shift::new(clock("20:00"), clock("02:00")),
        },
    ];
    for kind in kinds {
        assert_eq!(exception_of(&exception(&kind)), Ok(kind));
    }
}

#[test]
fn every_field_that_means_nothing_is_named_by_its_path() {
    let mut broken = roster(&everything());
    broken.templates[0].shift.as_mut().expect("a shift").breaks[0].end = "12:00".into();
    if let Some(roster_assignment::Work::Rotating(work)) = &mut broken.assignments[0].work {
        work.first_day = "tomorrow".into();
    }
    broken.assignments[1].agent_id = "ann".into();
    broken.assignments[2].work = None;
    let expected = [
        "roster.templates[0].shift.breaks[0].end",
        "roster.assignments[0].rotating.first_day",
        "roster.assignments[1].agent_id",
        "roster.assignments[2].work",
    ];
    assert_eq!(named(plan_of(&broken)), expected);
}

#[test]
fn what_contradicts_itself_is_named_by_its_path_too_but_still_read_from_the_store() {
    let mut broken = roster(&everything());
    broken.rotations[0].days[1].templates = vec!["no such template".into()];
    assert_eq!(named(plan_of(&broken)), ["roster.rotations[0].days[1].templates[0]"]);
    assert!(stored_plan(&broken).is_ok(), "a rule that is new must not make old rosters unreadable");
}

#[test]
fn a_swap_with_oneself_is_refused() {
    let day = proto::Swap {
        agent_id: AgentId::from_bits(1).to_string(),
        day: "2026-03-01".into(),
        other_agent_id: AgentId::from_bits(1).to_string(),
        other_day: "2026-03-02".into(),
    };
    let refused = exception_of(&Kind::Swap(day)).expect_err("it is refused");
    assert_eq!(
        (refused.reason, refused.violations[0].field.as_str()),
        (Reason::InvalidRequest, "swap.other_agent_id")
    );
}
