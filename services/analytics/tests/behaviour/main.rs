//! The analytics service as its callers meet it: real gRPC over loopback, a real database, a clock that the test
//! moves, and a dispatch that the test can take away.

mod accounts;
mod agreement;
mod alert_packs;
mod alerts;
mod budget;
mod compliance;
mod demand;
mod dispatch;
mod evaluations;
mod feedback;
mod floor;
mod following;
mod house;
mod imports;
mod kept_cards;
mod orders;
mod own_packs;
mod rates;
mod real_logs;
mod scorecards;
mod scores;
mod seeds;
mod webhook;
