//! What every fenliu binary shares: time, ids, configuration, telemetry, the SQL helper, authentication, the server and
//! its layers, channels to other services, and the orderly end of it all. No business rule lives here.
//!
//! # How a process runs
//! `main` reads its configuration ([`config::load`]), starts telemetry ([`telemetry::start`]), and calls
//! [`process::run`]: it makes a [`lifecycle::Lifecycle`] that listens for signals and a [`platform::Platform`], hands
//! that to the service, and gives what that returns ([`server::Service`]) to [`server::serve`]. That returns when the
//! process has drained; `main` flushes telemetry and exits.
//!
//! # How a request flows
//! From the connection (bounded in number, cut off at the hard end) through these layers, and back through them
//! in reverse; `layers.rs` says why in this order:
//! 1. trace: a span that continues the caller's W3C trace, with the RPC's name and its status;
//! 2. explain: an ErrorInfo on every error that has none yet;
//! 3. panics: a panic becomes INTERNAL;
//! 4. drain: DRAINING for new calls while the server ends, and for streams then open;
//! 5. limit: OVERLOADED beyond the global limits of calls and streams;
//! 6. deadline: DEADLINE_EXCEEDED when the caller's (or the default) time is up; what is left goes along with
//!    outgoing calls ([`channel::Outgoing`]);
//! 7. message size: MESSAGE_TOO_LARGE by the announced length;
//! 8. authorise: who calls ([`auth`]), and whether they may, by what the contract declares; streams end with their
//!    caller's token;
//!
//! then tonic's router, the validating codec, and the handler.
//!
//! # Invariants
//! - Only [`clock::SystemClock`] reads the wall clock, only [`ids::IdSource`] asks the system for entropy.
//! - Every error that leaves the server has a `google.rpc.ErrorInfo`, made by the one function it is given
//!   ([`server::ServerOptions::refuse`]); this crate knows no details of their encoding.
//! - Every queue, pool, stream, message, wait and drain has a limit, named here or configured.
//! - A SQL transaction ends whatever becomes of its caller; a store that may forget is refused.
//! - Secrets (keys, tokens, database URLs, statements) are never logged.
//! - Nobody reaches a handler whom the contract does not let in; where nobody is asked who they are, only loopback
//!   addresses are listened on.

pub mod auth;
pub mod channel;
pub mod cli;
pub mod clock;
pub mod config;
pub mod ids;
mod layers;
pub mod lifecycle;
pub mod metrics;
pub mod page;
pub mod platform;
pub mod process;
mod secret_file;
pub mod server;
pub mod sql;
pub mod telemetry;
