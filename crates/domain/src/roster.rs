//! Rosters: who works which shift, turned into moments.
//!
//! A [`Plan`] is what a supervisor drafts and publishes: named shifts ([`Template`]), cycles of days ([`Rotation`])
//! and who works them ([`Assignment`]). An [`Exception`] takes effect on top: leave, a swap, extra duty. [`resolve`]
//! turns both into [`Duty`]: windows and planned breaks in UTC. [`coverage`] finds where too few of them stand inside
//! the service window, [`diff`] what a new plan changes, [`resolve_reigns`] what held under each plan in its time,
//! and a [`Grid`] is the spreadsheet of it all.
//!
//! Invariants, whatever the zone does to its clocks:
//! * A shift of a local day begins at the first moment whose local date and time have reached its start, and ends at
//!   the first that has reached its end. So shifts that follow each other on the clock hand over without gap or
//!   overlap, also where the clock skips or repeats an hour, or the calendar a date.
//! * Nothing is stored twice: duty always follows from the plan, and a new plan or zone never rewrites the past.
//! * Every function is total: what [`Plan::validate`] would refuse resolves to something harmless.

mod check;
mod coverage;
mod diff;
mod exception;
mod grid;
mod plan;
mod preset;
mod reign;
mod resolve;
mod shift;
pub(crate) mod stretch;

pub use check::MAX_VIOLATIONS;
pub use coverage::{Coverage, EveryoneOnBreak, Gap, coverage};
pub use diff::{Change, ChangeKind, diff};
pub use exception::{Exception, MAX_LEAVE, Party, PlannedDay, Refusal, Status};
pub use grid::{
    BYTE_ORDER_MARK, Cell, CellError, Grid, MAX_GRID_BYTES, MAX_GRID_DAYS, MAX_GRID_ERRORS, MAX_GRID_ROWS,
    Row,
};
pub use plan::{
    Assignment, MAX_ASSIGNMENTS, MAX_CYCLE_DAYS, MAX_MIN_ON_DUTY, MAX_ROTATIONS, MAX_TEMPLATES,
    MAX_WORK_PER_DAY, Plan, Rotation, Work,
};
pub use preset::{PRESETS, Preset};
pub use reign::{Reign, resolve_reigns};
pub use resolve::{BreakWindow, Cause, Duty, DutyWindow, MAX_RANGE_DAYS, MAX_WINDOWS, on_duty, resolve};
pub use shift::{MAX_BREAKS, MAX_NAME_CHARS, MalformedShift, Shift, Template};
pub use stretch::Stretch;

#[cfg(test)]
mod tests;
