//! The analytics service as its callers meet it: real gRPC over loopback, a real database, a clock that the test
//! moves, and a dispatch that the test can take away.

mod alerts;
mod budget;
mod compliance;
mod demand;
mod dispatch;
mod floor;
mod following;
mod house;
mod imports;
mod rates;
mod real_logs;
mod webhook;
