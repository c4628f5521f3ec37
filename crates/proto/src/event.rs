//! Events in and out: the stored form of the history.
//!
//! Every released version can be read: a field that is missing reads as it was meant before it existed.

pub mod attempt;
mod inward;
mod outward;
pub mod policy;
pub mod snapshot;
#[cfg(test)]
mod tests;
pub mod trace;

use fenliu_domain::desk::event::{Event, Payload, Text};
use fenliu_domain::desk::strategy::Score;
use fenliu_domain::problem::Problem;

use crate::history::v1;

/// Renders an event.
#[must_use]
pub fn to_proto(event: &Event) -> v1::Event {
    outward::event(event)
}

/// Parses a stored event.
///
/// # Errors
/// INVALID_REQUEST naming the field that cannot be read; for a stored event that means corruption.
pub fn from_proto(event: &v1::Event) -> Result<Event, Problem> {
    inward::event(event)
}

/// Parses what a stored event says, without when and where it happened.
///
/// # Errors
/// As [`from_proto`].
pub fn payload_from_proto(payload: &v1::event::Payload) -> Result<Payload, Problem> {
    inward::payload(payload)
}

/// Renders an agent's scores.
#[must_use]
pub fn scores_to_proto(scores: &[(Text, Score)]) -> Vec<v1::GroupScore> {
    outward::scores(scores)
}
