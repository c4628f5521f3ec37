//! Where a miss stands in the list of misses.

use std::cmp::Reverse;

use super::Miss;
use crate::time::{Span, Timestamp};

/// Where a miss stands: the longest wait first, then the earliest question. A list that is read in parts goes on after
/// a place, not after a number of entries, so that what comes or goes in between moves nothing past the reader. Misses
/// of one place are the same message under the same names, as two sources may report it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// How long it waited.
    pub waited: Reverse<Span>,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// The conversation.
    pub conversation: String,
    /// The question that waited.
    pub message: String,
}

impl Place {
    /// The place of a miss.
    #[must_use]
    pub fn of(miss: &Miss) -> Self {
        Self {
            waited: Reverse(miss.waited),
            asked_at: miss.ask.at,
            conversation: miss.conversation.clone(),
            message: miss.ask.message.clone(),
        }
    }
}
