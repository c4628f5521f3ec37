//! `fenliu demo`: a shop through an evening peak.

pub mod arrivals;
pub mod cast;
pub mod story;
