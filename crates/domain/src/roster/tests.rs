//! One test per rule, and the properties of `README.md` against a walk over every minute (`oracle`).

use proptest::test_runner::Config;

use crate::day::{ClockTime, Day, Window, Zone};
use crate::ids::AgentId;
use crate::problem::Problem;
use crate::roster::{Assignment, Duty, DutyWindow, Plan, Rotation, Shift, Template, Work};
use crate::time::Timestamp;

mod covering;
mod excepting;
mod oracle;
mod planning;
mod properties;
mod reigning;
mod resolving;
mod worlds;

const ANN: AgentId = AgentId::from_bits(1);
const BOB: AgentId = AgentId::from_bits(2);
const CAT: AgentId = AgentId::from_bits(3);

/// How many random worlds a property sees; `FENLIU_CASES` asks for more.
fn config() -> Config {
    let cases = std::env::var("FENLIU_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(250);
    Config { cases, failure_persistence: None, ..Config::default() }
}

fn zone(name: &str) -> Zone {
    Zone::parse(name).expect("a zone of the IANA database")
}

fn day(text: &str) -> Day {
    text.parse().expect("a date")
}

fn clock(text: &str) -> ClockTime {
    text.parse().expect("a clock time")
}

fn window(start: &str, end: &str) -> Window {
    Window::new(clock(start), clock(end)).expect("not empty")
}

/// A moment in RFC 3339.
fn at(text: &str) -> Timestamp {
    let moment = chrono::DateTime::parse_from_rfc3339(text).expect("RFC 3339");
    Timestamp::from_micros_clamped(moment.timestamp_micros())
}

fn shift(text: &str) -> Shift {
    text.parse().expect("a shift")
}

fn template(name: &str, hours: &str) -> Template {
    Template { name: name.into(), shift: shift(hours) }
}

fn rotation(name: &str, days: &[&[&str]]) -> Rotation {
    let days = days.iter().map(|names| names.iter().map(|name| (*name).to_owned()).collect());
    Rotation { name: name.into(), days: days.collect() }
}

/// The agent works the rotation for good, its first day being 2026-01-01.
fn always(agent: AgentId, rotation: &str) -> Assignment {
    let first = day("2000-01-01");
    Assignment::Rotating { agent, rotation: rotation.into(), anchor: day("2026-01-01"), first, last: None }
}

fn dated(agent: AgentId, date: &str, work: &[&str]) -> Assignment {
    let hours = |text: &&str| match text.parse() {
        Ok(shift) => Work::Shift(shift),
        Err(_) => Work::Template((*text).to_owned()),
    };
    Assignment::Dated { agent, day: day(date), work: work.iter().map(hours).collect() }
}

/// A plan of these templates, a rotation of the same name for each that works it every day, and these assignments.
fn plan(templates: &[(&str, &str)], assignments: Vec<Assignment>) -> Plan {
    let plan = Plan {
        templates: templates.iter().map(|(name, hours)| template(name, hours)).collect(),
        rotations: templates.iter().map(|(name, _)| rotation(name, &[&[*name]])).collect(),
        assignments,
        min_on_duty: 1,
    };
    plan.validate().expect("the plan makes sense");
    plan
}

/// Windows as lines `agent start/end shift cause`, agents by number.
fn lines(duty: &Duty) -> Vec<String> {
    duty.windows.iter().map(line).collect()
}

fn line(window: &DutyWindow) -> String {
    let DutyWindow { start, agent, end, shift, cause, .. } = window;
    format!("{} {start}/{end} {shift} {cause:?}", agent.bits())
}

/// The fields a refusal names.
fn fields(problem: &Problem) -> Vec<&str> {
    problem.violations.iter().map(|violation| violation.field.as_str()).collect()
}
