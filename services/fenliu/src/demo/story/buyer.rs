//! A buyer with some questions.

use fenliu_domain::ids::ConversationId;
use fenliu_domain::time::Span;

use crate::chance::Chance;
use crate::demo::arrivals::seconds;
use crate::demo::cast::{ASKS_ON, MAX_QUESTIONS, MEAN_THINK_SECONDS};

/// One buyer: how much they still want to know.
#[derive(Clone, Debug)]
pub(super) struct Buyer {
    chance: Chance,
    /// Their conversation, once they have asked something.
    pub(super) conversation: Option<ConversationId>,
    answers: u32,
}

impl Buyer {
    pub(super) fn new(seed: u64, purpose: u64) -> Self {
        Self { chance: Chance::for_purpose(seed, purpose), conversation: None, answers: 0 }
    }

    /// After an answer: how long until the next question, or `None` when all is said.
    pub(super) fn asks_on(&mut self) -> Option<Span> {
        self.answers += 1;
        let on = self.answers < MAX_QUESTIONS && self.chance.happens(ASKS_ON);
        on.then(|| seconds(self.draw(MEAN_THINK_SECONDS)))
    }

    /// An exponentially distributed number of this buyer's own.
    pub(super) fn draw(&mut self, mean: f64) -> f64 {
        self.chance.exponential(mean)
    }
}
