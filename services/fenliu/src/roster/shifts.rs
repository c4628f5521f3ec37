//! Shifts as they are typed, and the breaks within what somebody works.

use anyhow::Context;
use fenliu_domain::day::Zone;
use fenliu_domain::roster::{Shift, Template};
use fenliu_proto::accounts::v1::roster_assignment::Work;
use fenliu_proto::accounts::v1::{self as proto, DutyWindow, Roster, ShiftTemplate, day_work};

use super::chart::Stretch;

/// Reads `name=08:00-16:00/12:00-12:30`.
///
/// # Errors
/// When it has another form.
pub fn template(text: &str) -> anyhow::Result<Template> {
    let (name, hours) = text
        .split_once('=')
        .with_context(|| format!("--templates {text:?} names no shift; use one such as early=08:00-16:00"))?;
    Ok(Template { name: name.trim().to_owned(), shift: read(hours, "--templates")? })
}

/// The same as accounts takes it.
///
/// # Errors
/// When it has another form.
pub(super) fn template_to_send(text: &str) -> anyhow::Result<ShiftTemplate> {
    let Template { name, shift } = template(text)?;
    Ok(ShiftTemplate { name, shift: Some(to_send(&shift)) })
}

/// Reads `08:00-16:00/12:00-12:30`; `what` names it.
///
/// # Errors
/// When it has another form, or contradicts itself.
pub(super) fn shift(text: &str, what: &str) -> anyhow::Result<proto::Shift> {
    read(text, what).map(|shift| to_send(&shift))
}

fn read(text: &str, what: &str) -> anyhow::Result<Shift> {
    text.trim().parse().map_err(|error| anyhow::anyhow!("{what} {text:?} {error}"))
}

fn to_send(shift: &Shift) -> proto::Shift {
    let rest = |rest: &fenliu_domain::day::Window| proto::Break {
        start: rest.start().to_string(),
        end: rest.end().to_string(),
    };
    proto::Shift {
        start: shift.start.to_string(),
        end: shift.end.to_string(),
        breaks: shift.breaks.iter().map(rest).collect(),
    }
}

/// The planned breaks within what somebody works, as far as the roster tells them: those of the template that is
/// worked, or of the agent's own shift of these hours.
pub(super) fn breaks(roster: &Roster, window: &DutyWindow, when: Stretch, zone: Zone) -> Vec<Stretch> {
    let template = roster.templates.iter().find(|template| template.name == window.shift);
    let shift = template.and_then(|template| template.shift.as_ref());
    let Some(shift) = shift.or_else(|| own(roster, window)) else { return Vec::new() };
    let (Ok(start), Ok(end)) = (shift.start.parse(), shift.end.parse()) else { return Vec::new() };
    let mut all = Vec::new();
    // What is worked from then on began on this day or, over midnight, on the day before.
    let today = zone.day_of(when.start);
    for day in [today.minus(1), today] {
        let last = if end <= start { day.plus(1) } else { day };
        if !Stretch::new(zone.at(day, start), zone.at(last, end)).touches(when) {
            continue;
        }
        for rest in &shift.breaks {
            let (Ok(from), Ok(to)) = (rest.start.parse(), rest.end.parse()) else { continue };
            let first = if from < start { day.plus(1) } else { day };
            let last = if to <= from { first.plus(1) } else { first };
            all.push(Stretch::new(zone.at(first, from), zone.at(last, to)));
        }
    }
    all.retain(|rest| rest.touches(when));
    all
}

/// The agent's own shift whose hours a window is called by.
fn own<'a>(roster: &'a Roster, window: &DutyWindow) -> Option<&'a proto::Shift> {
    let mine = roster.assignments.iter().filter(|assignment| assignment.agent_id == window.agent_id);
    let dated = mine.filter_map(|assignment| match assignment.work.as_ref() {
        Some(Work::Dated(dated)) => Some(dated),
        Some(Work::Rotating(_)) | None => None,
    });
    let mut shifts = dated.flat_map(|dated| &dated.work).filter_map(|work| match work.kind.as_ref() {
        Some(day_work::Kind::Shift(shift)) => Some(shift),
        Some(day_work::Kind::Template(_)) | None => None,
    });
    shifts.find(|shift| window.shift.starts_with(&format!("{}-{}", shift.start, shift.end)))
}

#[cfg(test)]
mod tests {
    use fenliu_domain::day::Day;

    use super::*;
    use crate::moments::clock_of;

    #[test]
    fn a_template_is_a_name_and_hours_with_breaks() {
        let read = template_to_send("late=15:00-23:00/18:00-18:30").expect("read");
        let shift = read.shift.expect("a shift");
        assert_eq!(
            (read.name.as_str(), shift.start.as_str(), shift.end.as_str()),
            ("late", "15:00", "23:00")
        );
        assert_eq!(shift.breaks.len(), 1);
        for wrong in ["late", "late=", "late=15:00", "late=15:00-23:00/12:00-12:30"] {
            let error = template_to_send(wrong).expect_err("wrong").to_string();
            assert!(error.contains("--templates"), "{error}");
        }
    }

    #[test]
    fn breaks_of_a_night_lie_after_midnight() {
        let zone = Zone::parse("Asia/Shanghai").expect("a zone");
        let night = template_to_send("night=22:00-06:00/23:30-00:00/02:00-02:30").expect("read");
        let roster = Roster { templates: vec![night], ..Roster::default() };
        let window = DutyWindow { shift: "night".into(), ..DutyWindow::default() };
        let day: Day = "2026-11-23".parse().expect("a day");
        let at = |day: Day, clock: &str| zone.at(day, clock.parse().expect("a clock time"));
        let told = |when| -> Vec<String> {
            let breaks = breaks(&roster, &window, when, zone);
            breaks.iter().map(|rest| clock_of(zone.day_of(rest.start), rest.start, zone)).collect()
        };
        assert_eq!(told(Stretch::new(at(day, "22:00"), at(day.plus(1), "06:00"))), ["23:30", "02:00"]);
        // Whoever is on leave until midnight begins then.
        assert_eq!(told(Stretch::new(at(day.plus(1), "00:00"), at(day.plus(1), "06:00"))), ["02:00"]);
    }
}
