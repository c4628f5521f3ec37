//! From plan and exceptions to moments.
//!
//! Day by day: what rotations and dated entries give each agent, handed to whoever swapped it, then extra duty; each
//! shift becomes a stretch of time, is cut to the range asked for, and loses what its holder's leaves take.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::day::{Day, Zone};
use crate::ids::AgentId;
use crate::problem::Problem;
use crate::roster::exception::Exception;
use crate::roster::plan::{Assignment, Plan, Work};
use crate::roster::shift::{Shift, Template};
use crate::roster::stretch::{Stretch, merge, without};
use crate::time::{Span, Timestamp};

/// Longest range that is resolved at once, in days of 24 hours.
pub const MAX_RANGE_DAYS: u32 = 366;
/// Most windows that are resolved at once.
pub const MAX_WINDOWS: usize = 1_000_000;
/// Local days before the range whose shifts may reach into it: one that runs over midnight ends on the next, and
/// zones have gone back or forth by a whole date.
const DAYS_BEFORE: u32 = 3;
/// Local days after the range's last that may begin inside it, where a zone went back by a whole date.
const DAYS_AFTER: u32 = 1;

/// Why somebody is on duty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// The plan says so.
    Planned,
    /// The plan gave it to another, and the two swapped.
    Swapped,
    /// It was added to the plan.
    Extra,
}

/// One shift of one agent, or what leave and the range left of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DutyWindow {
    /// Its first moment.
    pub start: Timestamp,
    /// Who is on duty.
    pub agent: AgentId,
    /// The first moment after it.
    pub end: Timestamp,
    /// The local day the shift begins on.
    pub day: Day,
    /// The template's name, or hours such as `08:30-20:30`.
    pub shift: Arc<str>,
    /// Why.
    pub cause: Cause,
}

/// A planned break, inside its agent's duty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BreakWindow {
    /// Its first moment.
    pub start: Timestamp,
    /// Whose.
    pub agent: AgentId,
    /// The first moment after it.
    pub end: Timestamp,
}

/// What a plan and its exceptions come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Duty {
    /// Every shift, by start, then agent. Those of one agent may overlap; [`on_duty`] joins them.
    pub windows: Vec<DutyWindow>,
    /// Every planned break, by start, then agent. Those of one agent neither overlap nor touch.
    pub breaks: Vec<BreakWindow>,
}

/// What is worked from `from` up to `to` (no longer part of it), of a shop in this zone. Only active exceptions
/// belong into `exceptions`.
///
/// A dated entry stands for all rotations of its agent on its day. Swaps move what the plan says, extra duty adds,
/// and leave takes from everything. A shift that lies wholly in what the zone's clock skipped is not worked.
///
/// # Errors
/// `INVALID_REQUEST` naming `to` when it is not after `from`, more than [`MAX_RANGE_DAYS`] later, or when there would
/// be more than [`MAX_WINDOWS`].
pub fn resolve(
    zone: Zone,
    plan: &Plan,
    exceptions: &[Exception],
    from: Timestamp,
    to: Timestamp,
) -> Result<Duty, Problem> {
    let range = checked_range(from, to)?;
    let calendar = Calendar::new(plan);
    let mut bench = Bench::new(zone, exceptions, range);
    let first = zone.day_of(from).minus(DAYS_BEFORE);
    let last = zone.day_of(to).plus(DAYS_AFTER);
    for offset in 0..=u32::try_from(first.days_until(last)).unwrap_or(0) {
        bench.plan_day(&calendar, first.plus(offset))?;
    }
    for exception in exceptions {
        if let Exception::ExtraDuty { agent, day, shift } = exception
            && (first..=last).contains(day)
        {
            bench.put(*agent, Cause::Extra, *day, &Shape::unnamed(zone, *day, shift))?;
        }
    }
    Ok(sorted(bench.duty))
}

/// When each agent is on duty, however many shifts say so: sorted stretches that neither overlap nor touch.
#[must_use]
pub fn on_duty(windows: &[DutyWindow]) -> BTreeMap<AgentId, Vec<Stretch>> {
    by_agent(windows.iter().map(|window| (window.agent, window.start, window.end)))
}

/// The stretches of each agent, merged.
pub(super) fn by_agent(
    windows: impl Iterator<Item = (AgentId, Timestamp, Timestamp)>,
) -> BTreeMap<AgentId, Vec<Stretch>> {
    let mut stretches: BTreeMap<AgentId, Vec<Stretch>> = BTreeMap::new();
    for (agent, start, end) in windows {
        stretches.entry(agent).or_default().extend(Stretch::new(start, end));
    }
    stretches.into_iter().map(|(agent, stretches)| (agent, merge(stretches))).collect()
}

/// The range from `from` to `to`, within the limit.
pub(super) fn checked_range(from: Timestamp, to: Timestamp) -> Result<Stretch, Problem> {
    let range = Stretch::new(from, to).ok_or_else(|| Problem::field("to", "must be after from"))?;
    if range.length() > Span::from_hours(i64::from(MAX_RANGE_DAYS) * 24) {
        return Err(Problem::field("to", format!("must be at most {MAX_RANGE_DAYS} days after from")));
    }
    Ok(range)
}

/// Refuses more windows than are resolved at once.
pub(super) fn checked_windows(count: usize) -> Result<(), Problem> {
    if count <= MAX_WINDOWS {
        return Ok(());
    }
    Err(Problem::field(
        "to",
        format!("must be nearer to from: there are more than {MAX_WINDOWS} shifts between"),
    ))
}

/// The same duty in order: nothing twice, and breaks joined.
pub(super) fn sorted(mut duty: Duty) -> Duty {
    duty.windows.sort_unstable();
    duty.windows.dedup();
    let breaks = by_agent(duty.breaks.iter().map(|rest| (rest.agent, rest.start, rest.end)));
    duty.breaks = breaks
        .into_iter()
        .flat_map(|(agent, stretches)| {
            stretches.into_iter().map(move |Stretch { start, end }| BreakWindow { start, agent, end })
        })
        .collect();
    duty.breaks.sort_unstable();
    duty
}

/// A plan, arranged to be read day by day.
struct Calendar<'a> {
    templates: &'a [Template],
    rotating: Vec<Rotating<'a>>,
    dated: BTreeMap<Day, BTreeMap<AgentId, &'a [Work]>>,
    places: BTreeMap<&'a str, usize>,
}

/// One agent's rotation, its templates by their places in the plan.
struct Rotating<'a> {
    agent: AgentId,
    cycle: &'a [Vec<String>],
    anchor: Day,
    first: Day,
    last: Option<Day>,
}

impl<'a> Calendar<'a> {
    fn new(plan: &'a Plan) -> Self {
        let cycles: BTreeMap<&str, &[Vec<String>]> = plan
            .rotations
            .iter()
            .map(|rotation| (rotation.name.as_str(), rotation.days.as_slice()))
            .collect();
        let mut rotating = Vec::new();
        let mut dated: BTreeMap<Day, BTreeMap<AgentId, &[Work]>> = BTreeMap::new();
        for assignment in &plan.assignments {
            match assignment {
                Assignment::Rotating { agent, rotation, anchor, first, last } => {
                    let cycle = cycles.get(rotation.as_str()).copied().unwrap_or_default();
                    let (agent, anchor, first, last) = (*agent, *anchor, *first, *last);
                    rotating.push(Rotating { agent, cycle, anchor, first, last });
                }
                Assignment::Dated { agent, day, work } => {
                    dated.entry(*day).or_default().insert(*agent, work);
                }
            }
        }
        let places = plan
            .templates
            .iter()
            .enumerate()
            .map(|(place, template)| (template.name.as_str(), place))
            .collect();
        Self { templates: &plan.templates, rotating, dated, places }
    }
}

impl Rotating<'_> {
    /// The names of the templates it gives on this day.
    fn on(&self, day: Day) -> &[String] {
        if day < self.first || self.last.is_some_and(|last| last < day) {
            return &[];
        }
        let length = i64::try_from(self.cycle.len()).unwrap_or(i64::MAX).max(1);
        let place = usize::try_from(self.anchor.days_until(day).rem_euclid(length)).unwrap_or(0);
        self.cycle.get(place).map_or(&[], Vec::as_slice)
    }
}

/// A shift of one day in moments; `stretch` is `None` where the zone skipped it.
#[derive(Clone)]
struct Shape {
    label: Arc<str>,
    stretch: Option<Stretch>,
    breaks: Vec<Stretch>,
}

impl Shape {
    fn new(zone: Zone, day: Day, label: &str, shift: &Shift) -> Self {
        let (start, end) = shift.moments(zone, day);
        let breaks = shift.break_moments(zone, day).filter_map(|(start, end)| Stretch::new(start, end));
        Self { label: label.into(), stretch: Stretch::new(start, end), breaks: breaks.collect() }
    }

    fn unnamed(zone: Zone, day: Day, shift: &Shift) -> Self {
        Self::new(zone, day, &shift.hours(), shift)
    }
}

/// Where duty is put together.
struct Bench {
    zone: Zone,
    range: Stretch,
    swapped: BTreeMap<Day, BTreeMap<AgentId, AgentId>>,
    leave: BTreeMap<AgentId, Vec<Stretch>>,
    duty: Duty,
}

impl Bench {
    fn new(zone: Zone, exceptions: &[Exception], range: Stretch) -> Self {
        let leave = by_agent(exceptions.iter().filter_map(|exception| match exception {
            Exception::Leave { agent, from, to } => Some((*agent, *from, *to)),
            Exception::Swap { .. } | Exception::ExtraDuty { .. } => None,
        }));
        Self { zone, range, swapped: swapped(exceptions), leave, duty: Duty::default() }
    }

    /// Puts down what the plan lets begin on this local day.
    fn plan_day(&mut self, calendar: &Calendar<'_>, day: Day) -> Result<(), Problem> {
        let zone = self.zone;
        let shapes: Vec<_> = calendar
            .templates
            .iter()
            .map(|template| Shape::new(zone, day, &template.name, &template.shift))
            .collect();
        let named = |name: &str| calendar.places.get(name).and_then(|place| shapes.get(*place));
        let dated = calendar.dated.get(&day);
        for rotating in &calendar.rotating {
            if dated.is_some_and(|dated| dated.contains_key(&rotating.agent)) {
                continue;
            }
            for shape in rotating.on(day).iter().filter_map(|name| named(name)) {
                self.put_planned(rotating.agent, day, shape)?;
            }
        }
        for (agent, work) in dated.into_iter().flatten() {
            for one in *work {
                match one {
                    Work::Template(name) => {
                        if let Some(shape) = named(name) {
                            self.put_planned(*agent, day, shape)?;
                        }
                    }
                    Work::Shift(shift) => {
                        self.put_planned(*agent, day, &Shape::unnamed(zone, day, shift))?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Puts down what the plan gives this agent, to whoever holds it after swaps.
    fn put_planned(&mut self, agent: AgentId, day: Day, shape: &Shape) -> Result<(), Problem> {
        match self.swapped.get(&day).and_then(|swapped| swapped.get(&agent)) {
            Some(holder) => self.put(*holder, Cause::Swapped, day, shape),
            None => self.put(agent, Cause::Planned, day, shape),
        }
    }

    fn put(&mut self, agent: AgentId, cause: Cause, day: Day, shape: &Shape) -> Result<(), Problem> {
        let Some(stretch) = shape.stretch.and_then(|stretch| stretch.clip(self.range)) else {
            return Ok(());
        };
        let leave = self.leave.get(&agent).map_or(&[][..], Vec::as_slice);
        for piece in without(stretch, leave) {
            let Stretch { start, end } = piece;
            self.duty.windows.push(DutyWindow {
                start,
                agent,
                end,
                day,
                shift: Arc::clone(&shape.label),
                cause,
            });
            let breaks = shape.breaks.iter().filter_map(|rest| rest.clip(piece));
            self.duty.breaks.extend(breaks.map(|Stretch { start, end }| BreakWindow { start, agent, end }));
        }
        checked_windows(self.duty.windows.len())
    }
}

/// Who holds what the plan gave another, by day and planned agent. Of swaps that collide the first counts.
fn swapped(exceptions: &[Exception]) -> BTreeMap<Day, BTreeMap<AgentId, AgentId>> {
    let mut holders: BTreeMap<Day, BTreeMap<AgentId, AgentId>> = BTreeMap::new();
    for exception in exceptions {
        let Exception::Swap { first, second } = exception else { continue };
        let taken = [first, second]
            .iter()
            .any(|of| holders.get(&of.day).is_some_and(|day| day.contains_key(&of.agent)));
        if !taken {
            holders.entry(first.day).or_default().insert(first.agent, second.agent);
            holders.entry(second.day).or_default().insert(second.agent, first.agent);
        }
    }
    holders
}
