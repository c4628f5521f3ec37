//! The rules of fenliu, and nothing else: no I/O, no clock, no randomness, no serialisation.
//!
//! * [`access`] says who may do what.
//! * [`desk`] is one shop's live reception as a pure state machine: commands go in, events come out.
//! * [`exchange`] folds a conversation's events into who asked when and who answered first.
//! * [`pack`] judges those facts by each marketplace's own rules.
//! * [`day`] knows local days, windows and zones.
//! * [`roster`] resolves who works which shift into moments, and finds where nobody does.
//! * [`simulation`] lets made-up or recorded buyers meet that same desk on a clock of its own, and measures how they fare.
//! * [`sketch`] holds durations in a few bytes, adds up, and gives every quantile to within 1 %.
//! * [`standing`] knows what a marketplace makes of good and bad days: what is in force, and when it ends.
//! * [`budget`] says what a day's target leaves, where the day is heading, and how fast the budget burns.
//! * [`demand`] knows how many buyers come in each half hour of the week.
//! * [`proportion`] says how sure a share is, and whether one differs from another.
//! * [`comparison`] says what changed between two periods, and how sure that is.
//! * [`conversion`] counts how many buyers who asked went on to order.
//! * [`satisfaction`] counts how content buyers said they were.
//! * [`spans`] measures how long agents were there, had somebody, and stood where the roster wanted them.
//! * [`scorecard`] puts together how each agent did, and what stands out of it.
//! * [`agent_facts`] folds a shop's events into what each agent was, held and did.
//! * [`alert`] says what somebody should hear of now, once, and when it is over.
//! * [`login_name`] gives each login name one spelling.
//! * [`message`], [`ids`], [`time`] and [`problem`] are the words all of them share.
//!
//! Invariants: time and ids come in as parameters; every refusal is a named [`problem::Problem`]; nothing here
//! depends on another crate of ours.

pub mod access;
pub mod agent_facts;
pub mod alert;
pub mod budget;
pub mod comparison;
pub mod conversion;
pub mod day;
pub mod demand;
pub mod desk;
pub mod exchange;
pub mod ids;
pub mod login_name;
pub mod message;
pub mod pack;
pub mod problem;
pub mod proportion;
pub mod roster;
pub mod satisfaction;
pub mod scorecard;
pub mod simulation;
pub mod sketch;
pub mod spans;
pub mod standing;
pub mod time;
