//! How content buyers said they were, 1 to 5 stars.
//!
//! Invariants: who said nothing is in no share; without ratings there is none; the two shares add up to one.

use crate::proportion::Proportion;

#[cfg(test)]
mod tests;

/// From so many stars on a buyer counts as content.
const CONTENT_FROM: u8 = 4;

/// Counts of conversations by what their buyers said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scores {
    /// Conversations, rated or not.
    pub conversations: u64,
    /// Of them, those rated, by their stars: first those with one.
    pub by_stars: [u64; 5],
}

impl Scores {
    /// Counts a conversation. Stars that are none of 1 to 5 are no rating.
    pub fn add(&mut self, stars: Option<u8>) {
        self.conversations += 1;
        let place = stars.and_then(|stars| usize::from(stars).checked_sub(1));
        if let Some(count) = place.and_then(|place| self.by_stars.get_mut(place)) {
            *count += 1;
        }
    }

    /// Adds the counts of other conversations.
    pub fn merge(&mut self, other: &Self) {
        self.conversations += other.conversations;
        for (count, more) in self.by_stars.iter_mut().zip(other.by_stars) {
            *count += more;
        }
    }

    /// How many were rated.
    #[must_use]
    pub fn ratings(&self) -> u64 {
        self.by_stars.iter().sum()
    }

    /// Ratings of 4 and 5 among all ratings; `None` without any.
    #[must_use]
    pub fn content(&self) -> Option<Proportion> {
        let content = self.by_stars.iter().skip(usize::from(CONTENT_FROM) - 1).sum();
        Proportion::new(content, self.ratings())
    }

    /// Ratings of 1 to 3 among all ratings; `None` without any.
    #[must_use]
    pub fn discontent(&self) -> Option<Proportion> {
        let discontent = self.by_stars.iter().take(usize::from(CONTENT_FROM) - 1).sum();
        Proportion::new(discontent, self.ratings())
    }
}
