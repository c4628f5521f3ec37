//! What is counted, of one agent or the shop, in one part of the range.

use crate::proportion::Proportion;
use crate::sketch::Sketch;

/// Exact counts, and sketches of times. All of it adds up over agents and over times, except that one session may be in
/// several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Conversations in which they were asked or answered.
    pub sessions: u64,
    /// Turns asked for an answer of people.
    pub turns: u64,
    /// Of them, those with a reply; the others have waited since.
    pub answered: u64,
    /// Of those answered, those that waited longer than [`SLOW`](super::SLOW).
    pub slow: u64,
    /// How long buyers waited for the first reply of a conversation.
    pub first_response: Sketch,
    /// How long they waited for each later one.
    pub next_response: Sketch,
    /// How long both took from when the agent who answered had it.
    pub own_response: Sketch,
    /// Exchanges a person answered.
    pub answers: u64,
    /// Of them, those in which people only greeted or stalled.
    pub empty_answers: u64,
    /// Conversations handed on, to an agent or a group.
    pub transfers_out: u64,
    /// Conversations handed to them by name.
    pub transfers_in: u64,
    /// Conversations handed to them by name that they gave back.
    pub declined: u64,
    /// Conversations they ended themselves.
    pub closes: u64,
    /// Of them, those dropped; see [`crate::scorecard`].
    pub short_closes: u64,
    /// How many buyers gave 1 star, 2 stars and so on up to 5.
    pub stars: [u64; 5],
    /// Misses under each rule pack, in the order of the question.
    pub misses: Vec<u64>,
}

impl Counts {
    /// Nothing yet, under so many rule packs.
    #[must_use]
    pub fn new(packs: usize) -> Self {
        Self { misses: vec![0; packs], ..Self::default() }
    }

    /// Ratings of any number of stars.
    #[must_use]
    pub fn ratings(&self) -> u64 {
        self.stars.iter().sum()
    }

    /// Ratings of 1 to 3 stars.
    #[must_use]
    pub fn dissatisfied(&self) -> u64 {
        self.stars.iter().take(3).sum()
    }

    /// CSAT: ratings of 4 and 5 stars ÷ ratings; `None` without ratings.
    #[must_use]
    pub fn satisfaction(&self) -> Option<Proportion> {
        Proportion::new(self.ratings() - self.dissatisfied(), self.ratings())
    }

    /// Ratings of 1 to 3 stars ÷ ratings; `None` without ratings.
    #[must_use]
    pub fn dissatisfaction(&self) -> Option<Proportion> {
        Proportion::new(self.dissatisfied(), self.ratings())
    }

    /// Turns without a reply.
    #[must_use]
    pub const fn unanswered(&self) -> u64 {
        self.turns - self.answered
    }
}
