use fenliu_proto::accounts::v1::{Binding, DayWork, RosterAssignment, Rotation, RotationDay};

use super::*;
use crate::roster::shifts;

fn people() -> People {
    let binding = |id: &str, login: &str, display: &str| Binding {
        agent_id: id.into(),
        login_name: login.into(),
        display_name: display.into(),
        ..Binding::default()
    };
    People::among(&[binding("agt_1", "hong", "小红"), binding("agt_2", "li", "li")])
}

fn on(agent: &str, day: &str, kind: Option<day_work::Kind>) -> RosterAssignment {
    let work = kind.map(|kind| DayWork { kind: Some(kind) }).into_iter().collect();
    let dated = DatedWork { day: day.to_owned(), work };
    RosterAssignment { agent_id: agent.to_owned(), work: Some(Work::Dated(dated)) }
}

fn works(agent: &str, anchor: &str, last: &str) -> RosterAssignment {
    let rotating = RotatingWork {
        rotation: "4-2".to_owned(),
        anchor_day: anchor.to_owned(),
        first_day: "2026-12-01".to_owned(),
        last_day: last.to_owned(),
    };
    RosterAssignment { agent_id: agent.to_owned(), work: Some(Work::Rotating(rotating)) }
}

fn roster() -> Roster {
    let day =
        |names: &[&str]| RotationDay { templates: names.iter().map(|name| (*name).to_owned()).collect() };
    let early = day_work::Kind::Template("early".to_owned());
    Roster {
        templates: ["early=08:00-16:00/12:00-12:30", "late=15:00-23:00"]
            .map(|text| shifts::template_to_send(text).expect("a template"))
            .to_vec(),
        rotations: vec![Rotation {
            name: "4-2".to_owned(),
            days: vec![day(&["early"]), day(&["early", "late"]), day(&[])],
        }],
        assignments: vec![
            works("agt_1", "2026-11-29", ""),
            works("agt_2", "2026-12-01", "2026-12-31"),
            on("agt_1", "2026-12-05", None),
            on("agt_1", "2026-12-02", Some(early)),
        ],
        min_on_duty: 0,
    }
}

#[test]
fn a_roster_is_told_by_what_it_is_made_of() {
    insta::assert_snapshot!(told(&roster(), &people()));
    assert_eq!(told(&Roster::default(), &people()), "at least 1 on duty in the service window\n");
}

#[test]
fn a_roster_does_not_differ_from_itself() {
    assert!(differences(&roster(), &roster(), &people()).is_empty());
    let both = Roster { min_on_duty: 1, ..roster() };
    assert!(differences(&roster(), &both, &people()).is_empty(), "none said is one");
    assert_eq!(told_differences("a and b", &[]), "a and b say the same\n");
}

#[test]
fn what_differs_stands_side_by_side() {
    let mut after = roster();
    after.min_on_duty = 2;
    after.templates.pop();
    after.rotations[0].days.pop();
    let shift = shifts::shift("14:00-18:00", "the shift").expect("a shift");
    after.assignments = vec![
        works("agt_2", "2026-12-01", "2026-12-31"),
        on("agt_1", "2026-12-02", Some(day_work::Kind::Shift(shift))),
        on("agt_2", "2026-12-24", None),
    ];
    let differences = differences(&roster(), &after, &people());
    insta::assert_snapshot!(told_differences("roster 1, in force and the draft", &differences));
    let json =
        differences.iter().map(Difference::to_json).find(|json| json["agent_id"] == "agt_2").expect("some");
    assert_eq!(
        (&json["kind"], &json["agent_id"], &json["day"]),
        (&json!("dated"), &json!("agt_2"), &json!("2026-12-24"))
    );
    assert_eq!((&json["before"], &json["after"]), (&Value::Null, &json!("off")));
}
