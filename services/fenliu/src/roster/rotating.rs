//! Rotations, as they are typed and as they are laid upon a draft.

use std::collections::BTreeSet;

use anyhow::Context;
use fenliu_domain::day::Day;
use fenliu_proto::accounts::v1::roster_assignment::Work;
use fenliu_proto::accounts::v1::{Roster, RosterAssignment, RotatingWork, Rotation, RotationDay};

use crate::moments;

/// What ends rotations instead of naming one; no rotation can be called so.
const OFF: &str = "off";

/// The days of a cycle: the templates of each, none = off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cycle(Vec<Vec<String>>);

/// For which days agents work a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stint {
    /// The first of them.
    pub(super) first: Day,
    /// The last of them; `None` = for good.
    pub(super) last: Option<Day>,
    /// Which day of the cycle the first is, from 1.
    pub(super) start_at: u32,
}

impl Cycle {
    /// Reads `early,early,late+night,off`.
    ///
    /// # Errors
    /// When a day says nothing.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let day = |(number, text): (usize, &str)| -> anyhow::Result<Vec<String>> {
            if text.trim().eq_ignore_ascii_case(OFF) {
                return Ok(Vec::new());
            }
            let names: Vec<_> = text.split('+').map(|name| name.trim().to_owned()).collect();
            anyhow::ensure!(
                names.iter().all(|name| !name.is_empty()),
                "--cycle: day {number} says nothing; name a shift template, or say off"
            );
            Ok(names)
        };
        Ok(Self((1..).zip(text.split(',')).map(day).collect::<anyhow::Result<_>>()?))
    }
}

/// A cycle as it is typed.
pub(super) fn cycle(rotation: &Rotation) -> String {
    let day = |day: &RotationDay| match day.templates.as_slice() {
        [] => OFF.to_owned(),
        templates => templates.join("+"),
    };
    rotation.days.iter().map(day).collect::<Vec<_>>().join(",")
}

/// Makes or changes a rotation, and lets agents work it instead of those they work in that time. Returns how many days
/// of theirs in that time stay as they are because a spreadsheet names them.
///
/// # Errors
/// When there is no such rotation, or the day of the cycle to start at is none of it.
pub(super) fn turn(
    roster: &mut Roster,
    name: &str,
    cycle: Option<Cycle>,
    who: Option<(&Stint, &BTreeSet<String>)>,
) -> anyhow::Result<usize> {
    let ends = name.eq_ignore_ascii_case(OFF);
    anyhow::ensure!(!ends || cycle.is_none(), "--cycle: off is no rotation; give the rotation a name");
    if let Some(Cycle(days)) = cycle {
        let days = days.into_iter().map(|templates| RotationDay { templates }).collect();
        let rotation = Rotation { name: name.to_owned(), days };
        match roster.rotations.iter_mut().find(|known| known.name == name) {
            Some(known) => *known = rotation,
            None => roster.rotations.push(rotation),
        }
    }
    let Some((stint, agents)) = who else { return Ok(0) };
    let anchor = if ends { None } else { Some(anchor(roster, name, stint)?) };
    end(roster, stint, agents)?;
    if let Some(anchor) = anchor {
        roster.assignments.extend(agents.iter().map(|agent| works(agent, name, anchor, stint)));
    }
    Ok(dated(roster, stint, agents))
}

/// A day on which the cycle begins when the first day of the stint is the one that was asked for.
fn anchor(roster: &Roster, name: &str, stint: &Stint) -> anyhow::Result<Day> {
    let rotation = roster.rotations.iter().find(|rotation| rotation.name == name);
    let rotation = rotation.with_context(|| {
        format!("the draft has no rotation {name}; make it with --cycle, or see fenliu roster plan")
    })?;
    let length = rotation.days.len();
    anyhow::ensure!(
        usize::try_from(stint.start_at).is_ok_and(|day| day <= length),
        "--start-at {} is none of the {length} days of {name}",
        stint.start_at
    );
    Ok(stint.first.minus(stint.start_at - 1))
}

fn works(agent: &str, rotation: &str, anchor: Day, stint: &Stint) -> RosterAssignment {
    let rotating = RotatingWork {
        rotation: rotation.to_owned(),
        anchor_day: anchor.to_string(),
        first_day: stint.first.to_string(),
        last_day: stint.last.map(|last| last.to_string()).unwrap_or_default(),
    };
    RosterAssignment { agent_id: agent.to_owned(), work: Some(Work::Rotating(rotating)) }
}

/// Cuts the time of a stint out of whatever rotations these agents work: what was before it and what comes after it
/// stays.
fn end(roster: &mut Roster, stint: &Stint, agents: &BTreeSet<String>) -> anyhow::Result<()> {
    let mut kept = Vec::with_capacity(roster.assignments.len());
    for assignment in roster.assignments.drain(..) {
        match assignment.work {
            Some(Work::Rotating(work)) if agents.contains(&assignment.agent_id) => {
                let parts = without(&work, stint)?.into_iter();
                kept.extend(parts.map(|work| RosterAssignment {
                    agent_id: assignment.agent_id.clone(),
                    work: Some(Work::Rotating(work)),
                }));
            }
            work => kept.push(RosterAssignment { agent_id: assignment.agent_id, work }),
        }
    }
    roster.assignments = kept;
    Ok(())
}

/// What is left of a rotation's time outside of a stint.
fn without(work: &RotatingWork, stint: &Stint) -> anyhow::Result<Vec<RotatingWork>> {
    let first = moments::day(&work.first_day, "first_day")?;
    let last = Some(&work.last_day).filter(|day| !day.is_empty());
    let last = last.map(|day| moments::day(day, "last_day")).transpose()?;
    let mut parts = Vec::new();
    // What ends before the stint begins, or begins after its end, keeps all of its time.
    let before = last.map_or(stint.first.minus(1), |last| last.min(stint.first.minus(1)));
    if first <= before {
        parts.push(RotatingWork { last_day: before.to_string(), ..work.clone() });
    }
    if let Some(end) = stint.last {
        let after = first.max(end.plus(1));
        if last.is_none_or(|last| after <= last) {
            parts.push(RotatingWork { first_day: after.to_string(), ..work.clone() });
        }
    }
    Ok(parts)
}

fn dated(roster: &Roster, stint: &Stint, agents: &BTreeSet<String>) -> usize {
    let within = |assignment: &&RosterAssignment| match &assignment.work {
        Some(Work::Dated(dated)) => dated
            .day
            .parse::<Day>()
            .is_ok_and(|day| day >= stint.first && stint.last.is_none_or(|last| day <= last)),
        Some(Work::Rotating(_)) | None => false,
    };
    let theirs = roster.assignments.iter().filter(|assignment| agents.contains(&assignment.agent_id));
    theirs.filter(within).count()
}

#[cfg(test)]
mod tests;
