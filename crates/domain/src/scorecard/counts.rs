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

    /// Adds those of another part of the time, under the same rule packs.
    pub fn add(&mut self, other: &Self) {
        for (mine, more) in [
            (&mut self.sessions, other.sessions),
            (&mut self.turns, other.turns),
            (&mut self.answered, other.answered),
            (&mut self.slow, other.slow),
            (&mut self.answers, other.answers),
            (&mut self.empty_answers, other.empty_answers),
            (&mut self.transfers_out, other.transfers_out),
            (&mut self.transfers_in, other.transfers_in),
            (&mut self.declined, other.declined),
            (&mut self.closes, other.closes),
            (&mut self.short_closes, other.short_closes),
        ] {
            *mine += more;
        }
        self.first_response.merge(&other.first_response);
        self.next_response.merge(&other.next_response);
        self.own_response.merge(&other.own_response);
        self.stars.iter_mut().zip(other.stars).for_each(|(mine, more)| *mine += more);
        self.misses.iter_mut().zip(&other.misses).for_each(|(mine, more)| *mine += more);
    }

    /// Counts a rating of so many stars.
    pub(super) fn rate(&mut self, stars: u8) {
        let place = usize::from(stars.clamp(1, 5)) - 1;
        if let Some(count) = self.stars.get_mut(place) {
            *count += 1;
        }
    }

    /// Counts a miss under the pack at this place of the question.
    pub(super) fn miss(&mut self, pack: usize) {
        if let Some(misses) = self.misses.get_mut(pack) {
            *misses += 1;
        }
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
