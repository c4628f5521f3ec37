//! The analytics service as its callers meet it: real gRPC over loopback, a real database, a clock that the test
//! moves, and a dispatch that the test can take away.

mod agreement;
mod budget;
mod compliance;
mod demand;
mod dispatch;
mod evaluations;
mod feedback;
mod following;
mod house;
mod imports;
mod own_packs;
mod rates;
mod real_logs;
mod seeds;
