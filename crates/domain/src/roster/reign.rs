//! The history of published plans: each holds in its own time, in the zone the shop then had.

use crate::day::Zone;
use crate::problem::Problem;
use crate::roster::exception::Exception;
use crate::roster::plan::Plan;
use crate::roster::resolve::{Duty, DutyWindow, checked_range, checked_windows, resolve, sorted};
use crate::roster::stretch::Stretch;
use crate::time::Timestamp;

/// The time one published plan was in force.
#[derive(Clone, Copy, Debug)]
pub struct Reign<'a> {
    /// The shop's zone in that time.
    pub zone: Zone,
    /// What was published.
    pub plan: &'a Plan,
    /// Since when.
    pub from: Timestamp,
    /// Until when, no longer part of it; `None` = still. The next reign ends it in any case.
    pub until: Option<Timestamp>,
}

/// What was and will be worked from `from` up to `to`, each stretch under the plan and zone in force then. A shift
/// that a new plan finds running and continues is one window. Reigns may come in any order; of two that begin at
/// the same moment, the last one holds.
///
/// # Errors
/// As [`resolve`].
pub fn resolve_reigns(
    reigns: &[Reign<'_>],
    exceptions: &[Exception],
    from: Timestamp,
    to: Timestamp,
) -> Result<Duty, Problem> {
    let range = checked_range(from, to)?;
    let mut reigns: Vec<_> = reigns.iter().collect();
    reigns.sort_by_key(|reign| reign.from);
    let mut whole = Duty::default();
    for (index, reign) in reigns.iter().enumerate() {
        let next = reigns.get(index + 1).map(|next| next.from);
        let until = [reign.until, next].into_iter().flatten().min().unwrap_or(range.end);
        let in_force = Stretch::new(reign.from, until).and_then(|reign| reign.clip(range));
        if let Some(Stretch { start, end }) = in_force {
            let duty = resolve(reign.zone, reign.plan, exceptions, start, end)?;
            whole.windows.extend(duty.windows);
            whole.breaks.extend(duty.breaks);
            checked_windows(whole.windows.len())?;
        }
    }
    whole.windows = joined(whole.windows);
    Ok(sorted(whole))
}

/// The windows with those made one again that a change of reign cut in two.
fn joined(mut windows: Vec<DutyWindow>) -> Vec<DutyWindow> {
    windows.sort_by(|a, b| {
        let key = |window: &DutyWindow| (window.agent, window.day, window.cause);
        key(a).cmp(&key(b)).then_with(|| a.shift.cmp(&b.shift)).then(a.start.cmp(&b.start))
    });
    let mut joined: Vec<DutyWindow> = Vec::with_capacity(windows.len());
    for window in windows {
        match joined.last_mut() {
            Some(last) if last.end == window.start && same_shift(last, &window) => last.end = window.end,
            _ => joined.push(window),
        }
    }
    joined
}

fn same_shift(a: &DutyWindow, b: &DutyWindow) -> bool {
    a.agent == b.agent && a.day == b.day && a.cause == b.cause && a.shift == b.shift
}
