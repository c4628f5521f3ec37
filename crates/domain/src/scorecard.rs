//! Scorecards: how each agent of a shop, and the shop as a whole, did over some days, and by shift.
//!
//! [`Books`] takes in a shop's conversations (see [`crate::exchange`]), its agents' facts (see [`crate::agent_facts`]) and
//! who was scheduled when, each in any order, and ends in a [`Report`]: a [`Card`] for everybody who was there, was
//! scheduled, was asked or answered, and one for the shop. A card has the figures of all days and those of each [`Shift`].
//! [`DailyBooks`] take in the same for each of several days and end in a [`DaySheet`] of each, which can be kept; a
//! [`Binder`] adds sheets up to the report that books of all these days end in.
//!
//! What is meant:
//! * A *turn* runs from a buyer's first unanswered message to the first reply of a person, or of a robot that assists one.
//!   What a robot settled alone, before people were asked to take part, is no turn. It belongs to who answered, or as long
//!   as nobody has, to who was asked first; and to the time at which it was asked.
//! * The *first* turn of a conversation and the *next* ones have response times of their own, from the question to the
//!   reply. *Own* time is the part of both that begins when the agent who answered was given the conversation.
//! * A *session* is a conversation in which a buyer asked something then; it is one of each agent who was asked or
//!   answered.
//! * An *empty answer* only greets or stalls, such as 在的亲: in its exchange the agents said nothing of content.
//! * A *short close* is a drop: an agent ended a conversation although a reply was owed, or had had it for less than
//!   [`SHORT_CLOSE`]. Call centres know it as agents hanging up for a rest.
//! * *Misses* are those of the rule packs asked for, blamed as the packs do: on the agent asked.
//! * Satisfaction (CSAT) is the share of ratings of 4 and 5 stars of 5, dissatisfaction that of 1 to 3.
//! * A *score* is what the desk makes of the cards: [`Report::scores`] says how.
//! * Time online, occupancy, concurrency use, online rate and adherence are those of [`crate::spans`].
//!
//! Invariants: a report is the same whatever the order of conversations and facts; all counts are exact, and only
//! percentiles are from a [`crate::sketch`]; shifts that tile the day add up to the whole, except for sessions, which may
//! reach over several; a report is the same whether it was made at once or of sheets, and of whichever moment each sheet is,
//! as long as it holds and the facts are the same; without a denominator there is no share; nothing after the moment judged
//! as of is seen.

mod binder;
mod books;
mod card;
mod conversation;
mod counts;
mod daily;
mod hint;
mod score;
mod sheet;
mod shift;
#[cfg(test)]
mod tests;

pub use binder::Binder;
pub use books::{Books, Question};
pub use card::{Card, Figures, Rating, Report};
pub use counts::Counts;
pub use daily::DailyBooks;
pub use hint::{ENOUGH, Evidence, Hint, MAX_EVIDENCE, Measured, Rule, Shown};
pub use score::{PRIOR, SCORED_DAYS, SOONEST, score};
pub use sheet::{DaySheet, Entry, Stray};
pub use shift::{Shift, Slots};

use crate::time::Span;

/// Who ends a conversation sooner than this after they got it has dropped it. The length is that below which call logs
/// count a service as none.
pub const SHORT_CLOSE: Span = Span::from_secs(10);
/// A reply that took longer than this was slow: the three minutes most marketplaces allow.
pub const SLOW: Span = Span::from_mins(3);
