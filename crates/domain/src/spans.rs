//! Spans: how long an agent was there, had somebody, and stood where the roster wanted them.
//!
//! A [`Record`] is plain data in any order: presence and capacity as they changed, the stretches in which conversations
//! were held, duty and planned breaks. [`Activity::of`] sweeps over it once; [`Activity::figures`] then reads any range
//! from it, such as a [`Cell`] of half an hour, as [`Figures`] that add up.
//!
//! What is meant:
//! * *Online* is the presence of that name. Busy and on break are kept apart, and are no online time.
//! * *Occupied* is online time with at least one conversation, the union of their stretches: two at once count once.
//!   Occupancy = occupied ÷ online.
//! * *Concurrency use* = open ÷ capacity, both summed over online time with a limited capacity. A capacity that was
//!   unlimited, or is not known, is no part of it.
//! * *Scheduled* is duty. Online rate = online ÷ scheduled, within duty and without its planned breaks, so that a break
//!   the roster gives costs nobody their rate.
//! * An *exception* is duty spent otherwise than planned: absent (neither online nor busy) outside planned breaks, or
//!   online or busy during one. Adherence = 1 − exception ÷ scheduled.
//!
//! Invariants: stretches are half-open; figures of ranges that tile a range add up to those of the range; the order
//! in which a record lists things does not matter, except that of two changes at the same moment the later listed holds;
//! without a denominator there is no share.

mod activity;
mod cells;
mod figures;
mod stretches;
#[cfg(test)]
mod tests;

pub(crate) use activity::presence_stretches;
pub use activity::{Activity, CapacityChange, PresenceChange, Record};
pub use cells::{Cell, half_hours};
pub use figures::Figures;
pub use stretches::Stretches;
