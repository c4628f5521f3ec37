//! What a roster is made of, and what differs between two.

use std::collections::{BTreeMap, BTreeSet};

use fenliu_domain::day::Day;
use fenliu_proto::accounts::v1::roster_assignment::Work;
use fenliu_proto::accounts::v1::{DatedWork, Roster, RotatingWork, ShiftTemplate, day_work};
use serde_json::{Value, json};

use super::rotating::cycle;
use crate::moments::named;
use crate::people::People;
use crate::table::Table;

/// Most differences that are shown to people.
const MAX_SHOWN: usize = 60;

/// One thing a roster says; they are shown in this order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Thing {
    /// How many must be on duty.
    AtLeast,
    /// A template, by its name.
    Shift(String),
    /// A rotation, by its name.
    Rotation(String),
    /// An agent's rotations, by their name and id.
    Rotations(String, String),
    /// An agent's day, by their name, id and the day.
    Dated(String, String, String),
}

/// Something two rosters say differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    thing: Thing,
    before: Option<String>,
    after: Option<String>,
}

/// A template's hours, as they are typed.
pub(super) fn hours(template: &ShiftTemplate) -> String {
    template.shift.as_ref().map(shift).unwrap_or_default()
}

fn shift(shift: &fenliu_proto::accounts::v1::Shift) -> String {
    let breaks: String = shift.breaks.iter().map(|rest| format!("/{}-{}", rest.start, rest.end)).collect();
    format!("{}-{}{breaks}", shift.start, shift.end)
}

fn rotating(work: &RotatingWork) -> String {
    let RotatingWork { rotation, anchor_day, first_day, last_day } = work;
    let until = if last_day.is_empty() { "on".to_owned() } else { format!("to {last_day}") };
    let since = if anchor_day == first_day { String::new() } else { format!(", in step with {anchor_day}") };
    format!("{rotation} from {first_day} {until}{since}")
}

fn dated(work: &DatedWork) -> String {
    let one = |work: &fenliu_proto::accounts::v1::DayWork| match &work.kind {
        Some(day_work::Kind::Template(name)) => name.clone(),
        Some(day_work::Kind::Shift(own)) => shift(own),
        None => String::new(),
    };
    match work.work.as_slice() {
        [] => "off".to_owned(),
        all => all.iter().map(one).collect::<Vec<_>>().join("+"),
    }
}

/// Everything a roster says.
fn things(roster: &Roster, people: &People) -> BTreeMap<Thing, String> {
    let mut things = BTreeMap::from([(Thing::AtLeast, roster.min_on_duty.max(1).to_string())]);
    things.extend(
        roster.templates.iter().map(|template| (Thing::Shift(template.name.clone()), hours(template))),
    );
    let rotations = roster.rotations.iter();
    things.extend(rotations.map(|rotation| (Thing::Rotation(rotation.name.clone()), cycle(rotation))));
    for assignment in &roster.assignments {
        let id = assignment.agent_id.clone();
        let name = people.full_name(&id);
        match &assignment.work {
            Some(Work::Rotating(work)) => {
                let told = things.entry(Thing::Rotations(name, id)).or_default();
                let more = if told.is_empty() { "" } else { "; " };
                told.push_str(&format!("{more}{}", rotating(work)));
            }
            Some(Work::Dated(work)) => {
                things.insert(Thing::Dated(name, id, work.day.clone()), dated(work));
            }
            None => {}
        }
    }
    things
}

/// What a roster is made of, for people; of days that a spreadsheet named only how many there are.
pub(super) fn told(roster: &Roster, people: &People) -> String {
    let mut shifts = Table::new(&["shift", "hours"]);
    let mut rotations = Table::new(&["rotation", "days"]);
    let mut working: BTreeMap<(String, String), (String, BTreeSet<String>)> = BTreeMap::new();
    let mut least = String::new();
    for (thing, says) in things(roster, people) {
        match thing {
            Thing::AtLeast => least = says,
            Thing::Shift(name) => shifts.row([name, says]),
            Thing::Rotation(name) => rotations.row([name, says]),
            Thing::Rotations(name, id) => working.entry((name, id)).or_default().0 = says,
            Thing::Dated(name, id, day) => {
                working.entry((name, id)).or_default().1.insert(day);
            }
        }
    }
    let mut agents = Table::new(&["agent", "works"]);
    for ((name, _), (rotations, days)) in working {
        let counted = counted(&days);
        let both = if rotations.is_empty() || counted.is_empty() { "" } else { "; " };
        agents.row([name, format!("{rotations}{both}{counted}")]);
    }
    let tables = [shifts, rotations, agents];
    let tables = tables.iter().filter(|table| !table.is_empty()).map(|table| format!("{table}\n"));
    format!("{}at least {least} on duty in the service window\n", tables.collect::<String>())
}

fn counted(days: &BTreeSet<String>) -> String {
    match (days.first(), days.last()) {
        (Some(first), Some(last)) if first == last => format!("as named on {first}"),
        (Some(first), Some(last)) => format!("as named on {} days from {first} to {last}", days.len()),
        _ => String::new(),
    }
}

/// What a roster is made of, for a program.
pub(super) fn to_json(roster: &Roster) -> Value {
    let rotations = roster.rotations.iter();
    let rotations = rotations.map(|rotation| {
        let days: Vec<_> = rotation.days.iter().map(|day| &day.templates).collect();
        json!({ "name": rotation.name, "days": days })
    });
    let assignments = roster.assignments.iter().map(|assignment| match &assignment.work {
        Some(Work::Rotating(work)) => json!({
            "agent_id": assignment.agent_id,
            "rotation": work.rotation,
            "anchor_day": work.anchor_day,
            "first_day": work.first_day,
            "last_day": Some(&work.last_day).filter(|day| !day.is_empty()),
        }),
        Some(Work::Dated(work)) => {
            json!({ "agent_id": assignment.agent_id, "day": work.day, "work": dated(work) })
        }
        None => json!({ "agent_id": assignment.agent_id }),
    });
    json!({
        "templates": roster.templates.iter().map(template_to_json).collect::<Vec<_>>(),
        "rotations": rotations.collect::<Vec<_>>(),
        "assignments": assignments.collect::<Vec<_>>(),
        "min_on_duty": roster.min_on_duty.max(1),
    })
}

/// A template for a program.
pub(super) fn template_to_json(template: &ShiftTemplate) -> Value {
    json!({ "name": template.name, "hours": hours(template) })
}

/// What two rosters say differently.
pub(super) fn differences(before: &Roster, after: &Roster, people: &People) -> Vec<Difference> {
    let (mut old, mut new) = (things(before, people), things(after, people));
    let all: BTreeSet<Thing> = old.keys().chain(new.keys()).cloned().collect();
    let differ = |thing: Thing| {
        let (before, after) = (old.remove(&thing), new.remove(&thing));
        (before != after).then_some(Difference { thing, before, after })
    };
    all.into_iter().filter_map(differ).collect()
}

/// The same, for people. `between` names the two.
pub(super) fn told_differences(between: &str, differences: &[Difference]) -> String {
    if differences.is_empty() {
        return format!("{between} say the same\n");
    }
    let mut table = Table::new(&["what", "before", "after"]);
    for Difference { thing, before, after } in differences.iter().take(MAX_SHOWN) {
        let said = |value: &Option<String>| value.clone().unwrap_or_else(|| "–".to_owned());
        table.row([thing.told(), said(before), said(after)]);
    }
    let rest = differences.len().saturating_sub(MAX_SHOWN);
    let rest = if rest > 0 { format!("… {rest} more; --json lists them\n") } else { String::new() };
    format!("what differs between {between}\n\n{table}{rest}")
}

impl Thing {
    fn told(&self) -> String {
        match self {
            Self::AtLeast => "on duty at least".to_owned(),
            Self::Shift(name) => format!("shift {name}"),
            Self::Rotation(name) => format!("rotation {name}"),
            Self::Rotations(name, _) => format!("rotations of {name}"),
            Self::Dated(name, _, day) => {
                let day = day.parse::<Day>().map_or_else(|_| day.clone(), named);
                format!("{name} on {day}")
            }
        }
    }
}

impl Difference {
    /// The difference for a program.
    pub(super) fn to_json(&self) -> Value {
        let (kind, name, agent, day) = match &self.thing {
            Thing::AtLeast => ("min_on_duty", None, None, None),
            Thing::Shift(name) => ("template", Some(name), None, None),
            Thing::Rotation(name) => ("rotation", Some(name), None, None),
            Thing::Rotations(_, agent) => ("rotating", None, Some(agent), None),
            Thing::Dated(_, agent, day) => ("dated", None, Some(agent), Some(day)),
        };
        json!({
            "kind": kind,
            "name": name,
            "agent_id": agent,
            "day": day,
            "before": self.before,
            "after": self.after,
        })
    }
}

#[cfg(test)]
mod tests;
