//! Demand: how many buyers come in each half hour of the shop's week.
//!
//! Invariants: whole numbers in, so nothing depends on the order in which counts were added.

mod profile;
#[cfg(test)]
mod tests;

pub use profile::{DayProfile, HALF_HOURS};
