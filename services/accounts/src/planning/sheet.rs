//! The spreadsheet of what is really worked: leave, swaps and extra duty included.

use std::collections::{BTreeMap, BTreeSet};

use fenliu_domain::day::{ClockTime, Day, Window, Zone};
use fenliu_domain::ids::AgentId;
use fenliu_domain::login_name::LoginName;
use fenliu_domain::problem::Problem;
use fenliu_domain::roster::{Assignment, BreakWindow, Cell, Duty, DutyWindow, Grid, Plan, Row, Shift, Work};

use super::questions::Days;
use crate::binding::Member;

#[cfg(test)]
mod tests;

/// Longest spreadsheet, in bytes.
const MAX_BYTES: usize = 2 << 20;
/// Microseconds of a minute.
const MINUTE: i64 = 60_000_000;

/// What is worked on these days by whoever the plan names or has duty, in the order of login names: templates where
/// they match, hours where they do not, `off` where nothing is worked.
///
/// # Errors
/// INVALID_REQUEST naming `last_day` when it would be longer than [`MAX_BYTES`].
pub(super) fn sheet(
    zone: Zone,
    plan: &Plan,
    duty: &Duty,
    days: &Days,
    members: &[Member],
) -> Result<String, Problem> {
    let mut rests: BTreeMap<AgentId, Vec<&BreakWindow>> = BTreeMap::new();
    for rest in &duty.breaks {
        rests.entry(rest.agent).or_default().push(rest);
    }
    let mut worked: BTreeMap<(AgentId, Day), Vec<Work>> = BTreeMap::new();
    for window in duty.windows.iter().filter(|window| days.contain(window.day)) {
        let day = worked.entry((window.agent, window.day)).or_default();
        let rests = rests.get(&window.agent).map_or(&[][..], Vec::as_slice);
        let work = work_of(zone, plan, rests, window).filter(|work| !day.contains(work));
        day.extend(work);
    }
    let planned = plan.assignments.iter().map(Assignment::agent);
    let named: BTreeSet<AgentId> = planned.chain(worked.keys().map(|(agent, _)| *agent)).collect();
    let mut rows: Vec<Row> = members
        .iter()
        .filter(|member| named.contains(&member.account.id))
        .filter_map(|member| {
            let agent = LoginName::parse(&member.account.login_name).ok()?;
            let cell = |day| worked.remove(&(member.account.id, day)).unwrap_or_default();
            Some(Row { line: 0, agent, cells: days.iter().map(cell).map(Cell::Work).collect() })
        })
        .collect();
    rows.sort_by(|a, b| a.agent.key().cmp(b.agent.key()));
    let text = Grid { days: days.iter().collect(), rows }.write();
    if text.len() > MAX_BYTES {
        let expected =
            format!("must be so near to first_day that the spreadsheet has at most {MAX_BYTES} bytes");
        return Err(Problem::field("last_day", expected));
    }
    Ok(text)
}

/// What stands in a cell for a window; `None` when it is too short for a clock of minutes.
fn work_of(zone: Zone, plan: &Plan, rests: &[&BreakWindow], window: &DutyWindow) -> Option<Work> {
    if window.end.since(window.start).micros() < MINUTE {
        return None;
    }
    let clock = |at| zone.local(at).clock();
    let (start, end) = (clock(window.start), end_clock(clock(window.end)));
    let named = plan.templates.iter().find(|template| template.name == *window.shift);
    if let Some(template) = named
        && (template.shift.start, end_clock(template.shift.end)) == (start, end)
    {
        return Some(Work::Template(template.name.clone()));
    }
    let inside = rests.iter().filter(|rest| window.start <= rest.start && rest.end <= window.end);
    let breaks = inside.filter_map(|rest| Window::new(clock(rest.start), clock(rest.end)));
    let breaks = breaks.take(fenliu_domain::roster::MAX_BREAKS).collect();
    Some(Work::Shift(Shift { breaks, ..Shift::new(start, end) }))
}

/// The end of a shift at midnight is the end of its day.
fn end_clock(end: ClockTime) -> ClockTime {
    if end == ClockTime::MIDNIGHT { ClockTime::DAY_END } else { end }
}
