//! The accounts service as its callers meet it: real gRPC over loopback, a real database file, a clock that the
//! test moves.

mod accounts;
mod audit;
mod bindings;
mod directory;
mod guarded;
mod house;
mod power;
mod repetition;
mod roles;
mod rosters;
mod sanctions;
mod schema;
mod shops;
mod sign_in;
mod tokens;
mod told;
