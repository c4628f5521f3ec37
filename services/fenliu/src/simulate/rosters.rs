//! The rosters that are compared: spreadsheets of who works when, as they are imported and exported.

use std::path::Path;

use anyhow::{Context, anyhow, ensure};
use fenliu_domain::day::{Day, Zone};
use fenliu_domain::desk::duty::{Duty, DutyWindow, MAX_DUTY_WINDOWS};
use fenliu_domain::ids::AgentId;
use fenliu_domain::roster::{
    Grid, MAX_GRID_BYTES, PRESETS, Plan, Preset, Stretch, Template, on_duty, resolve,
};
use fenliu_domain::simulation::Staff;
use fenliu_domain::time::{Span, Timestamp};

use super::receptions::agent;
use crate::roster::shifts;
use crate::text_file;

/// Most cells of a spreadsheet that are named as wrong.
const MAX_WRONG_CELLS: usize = 10;

/// A roster and what it is called.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Named {
    /// The file's name without folder and ending.
    pub(super) name: String,
    /// Its first and its last day.
    pub(super) days: (Day, Day),
    /// Who works, and when.
    pub(super) staff: Vec<Staff>,
}

/// How a roster is worked.
#[derive(Clone, Debug)]
pub(super) struct Terms<'a> {
    /// The shop's zone.
    pub(super) zone: Zone,
    /// Conversations an agent holds at once.
    pub(super) capacity: u32,
    /// How long agents stay after their shift.
    pub(super) stay: Span,
    /// Further templates, as they were typed.
    pub(super) templates: &'a [String],
}

/// Reads a spreadsheet.
///
/// # Errors
/// When it cannot be read, a cell of it makes no sense, nobody works, or somebody works more often than an agent's
/// duty can tell.
pub(super) fn read(path: &Path, terms: &Terms<'_>) -> anyhow::Result<Named> {
    let shown = path.display();
    let text = text_file::read(path, MAX_GRID_BYTES as u64)?;
    of_grid(&name_of(path), &text, terms).with_context(|| format!("{shown} cannot be worked"))
}

fn name_of(path: &Path) -> String {
    path.file_stem().map_or_else(|| "roster".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

fn of_grid(name: &str, text: &str, terms: &Terms<'_>) -> anyhow::Result<Named> {
    let wrong = |errors: Vec<fenliu_domain::roster::CellError>| {
        let shown = errors.iter().take(MAX_WRONG_CELLS).map(ToString::to_string);
        anyhow!("{}", shown.collect::<Vec<_>>().join("; "))
    };
    let grid = Grid::parse(text).map_err(wrong)?;
    let names: Vec<_> = grid.rows.iter().map(|row| row.agent.clone()).collect();
    let agent_of = |name: &fenliu_domain::login_name::LoginName| {
        let place = names.iter().position(|known| known == name)?;
        Some(AgentId::from_bits(place as u128 + 1))
    };
    let empty = Plan {
        templates: templates(terms.templates)?,
        rotations: Vec::new(),
        assignments: Vec::new(),
        min_on_duty: 1,
    };
    let plan = grid.apply(&empty, agent_of).map_err(wrong)?;
    let (Some(first), Some(last)) = (grid.days.iter().min(), grid.days.iter().max()) else {
        return Err(anyhow!("it names no day"));
    };
    // Who works over midnight of the last day works on.
    let (from, to) = (terms.zone.start_of(*first), terms.zone.start_of(last.plus(2)));
    let duty = resolve(terms.zone, &plan, &[], from, to).map_err(|problem| anyhow!("{problem}"))?;
    let stretches = on_duty(&duty.windows);
    ensure!(!stretches.is_empty(), "nobody works on its days");
    let mut staff = Vec::new();
    for (number, name) in (1..).zip(&names) {
        let mut agent = agent(number, name.given(), terms.capacity);
        let Some(shifts) = stretches.get(&agent.id) else { continue };
        ensure!(
            shifts.len() <= MAX_DUTY_WINDOWS,
            "{} works {} times, at most {MAX_DUTY_WINDOWS} can be simulated at once; take fewer days",
            name.given(),
            shifts.len()
        );
        let windows = shifts.iter().copied().map(window).collect();
        agent.entry.duty = Some(Duty { windows, through: Timestamp::MAX });
        agent.online = staying(shifts, terms.stay);
        let own = duty.breaks.iter().filter(|rest| rest.agent == agent.id);
        agent.breaks = own.map(|rest| DutyWindow { start: rest.start, end: rest.end }).collect();
        staff.push(agent);
    }
    Ok(Named { name: name.to_owned(), days: (*first, *last), staff })
}

/// Every ready-made template, and those that were typed, which replace others of their name.
fn templates(typed: &[String]) -> anyhow::Result<Vec<Template>> {
    let typed = typed.iter().map(|text| shifts::template(text)).collect::<anyhow::Result<Vec<_>>>()?;
    let mut all: Vec<Template> = PRESETS.iter().flat_map(Preset::templates).collect();
    all.retain(|ready| typed.iter().all(|own| own.name != ready.name));
    all.extend(typed);
    Ok(all)
}

const fn window(stretch: Stretch) -> DutyWindow {
    DutyWindow { start: stretch.start, end: stretch.end }
}

/// When somebody is online who stays so long after each shift.
fn staying(shifts: &[Stretch], stay: Span) -> Vec<DutyWindow> {
    let mut online: Vec<DutyWindow> = Vec::new();
    for shift in shifts {
        let end = shift.end + stay;
        match online.last_mut() {
            Some(before) if shift.start <= before.end => before.end = before.end.max(end),
            _ => online.push(DutyWindow { start: shift.start, end }),
        }
    }
    online
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(templates: &[String]) -> Terms<'_> {
        let zone = Zone::parse("Asia/Shanghai").expect("known");
        Terms { zone, capacity: 5, stay: Span::from_mins(30), templates }
    }

    fn clock(at: Timestamp) -> String {
        let local = terms(&[]).zone.local(at);
        format!("{} {}", local.day, local.clock())
    }

    #[test]
    fn whoever_works_is_on_duty_for_the_shift_and_online_a_little_longer() {
        let text = "agent,2026-01-05,2026-01-06\nann,day,off\nbob,20:00-02:00/23:00-23:30,\nche,off,off\n";
        let roster = of_grid("week", text, &terms(&[])).expect("a roster");
        assert_eq!(roster.staff.len(), 2, "che works on no day");
        let (ann, bob) = (&roster.staff[0], &roster.staff[1]);
        assert_eq!(clock(ann.online[0].start), "2026-01-05 08:30");
        assert_eq!(clock(ann.online[0].end), "2026-01-05 21:00");
        let duty = ann.entry.duty.as_ref().expect("a duty");
        assert_eq!(clock(duty.windows[0].end), "2026-01-05 20:30");
        assert_eq!(clock(bob.online[0].end), "2026-01-06 02:30");
        assert_eq!(clock(bob.breaks[0].start), "2026-01-05 23:00");
        assert_eq!(roster.days.0.days_until(roster.days.1), 1);
    }

    #[test]
    fn shifts_that_follow_each_other_closely_are_one_time_online() {
        let text = "agent,2026-01-05\nann,08:00-12:00+12:20-16:00\n";
        let roster = of_grid("week", text, &terms(&[])).expect("a roster");
        assert_eq!(roster.staff[0].online.len(), 1);
        assert_eq!(roster.staff[0].entry.duty.as_ref().map(|duty| duty.windows.len()), Some(2));
    }

    #[test]
    fn a_cell_may_name_a_template_that_was_typed() {
        let own = ["early=06:00-14:00".to_owned()];
        let text = "agent,2026-01-05\nann,early\n";
        let roster = of_grid("week", text, &terms(&own)).expect("a roster");
        assert_eq!(
            clock(roster.staff[0].online[0].start),
            "2026-01-05 06:00",
            "instead of the ready-made one"
        );
        let error = of_grid("week", "agent,2026-01-05\nann,dawn\n", &terms(&[])).expect_err("unknown");
        assert!(error.to_string().contains("line 2, column 2"), "{error}");
    }

    #[test]
    fn a_roster_nobody_works_is_refused() {
        let error = of_grid("week", "agent,2026-01-05\nann,off\n", &terms(&[])).expect_err("nobody");
        assert_eq!(error.to_string(), "nobody works on its days");
    }
}
