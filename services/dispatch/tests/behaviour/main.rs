//! The dispatch service as its callers meet it: real gRPC over loopback, a real database file, a directory that
//! the test speaks for, and a clock that the test moves.

mod analytics;
mod archive;
mod backup;
mod crowd;
mod directory;
mod house;
mod language;
mod overflow;
mod reception;
mod repetition;
mod replicas;
mod restart;
mod rules;
mod scores;
mod streams;
mod timers;
mod upkeep;
mod words;
mod wrong_input;
