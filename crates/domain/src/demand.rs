//! Demand: how many buyers come in each half hour of the shop's week, when it is most, and how much of it finds somebody
//! there.
//!
//! [`Counts`] are the half hours of a range of local days with how many came in each. They make a [`WeekProfile`], by
//! weekday and half hour of the clock, which is also the data of a heat map ([`HeatCell`]); [`peaks`] are the parts of a
//! [`DayProfile`] that stand out; [`Counts::inside`] says how much of the demand falls into windows, be they service
//! hours ([`service_windows`]) or the stretches in which somebody is on duty.
//!
//! Invariants: whole numbers are added up, so nothing depends on the order in which arrivals come; days on which nobody
//! came count as days; without data there is no mean, no share and no peak.

mod counts;
mod peak;
mod profile;
#[cfg(test)]
mod tests;
mod week;

pub use counts::{Counted, Counts, Inside, MAX_DAYS, service_windows};
pub use peak::{PEAK_PERMILLE, Peak, peaks};
pub use profile::{DayProfile, HALF_HOURS};
pub use week::{DAYS, HeatCell, WeekProfile};
