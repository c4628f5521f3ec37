//! The accounts service as its callers meet it: real gRPC over loopback, a real database file, a clock that the
//! test moves.

mod accounts;
mod directory;
mod house;
mod repetition;
mod shops;
