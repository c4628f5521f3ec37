//! The harness of the stories: fenliu as somebody outside meets it.
//!
//! [`program`] runs the real `fenliu` binary; [`clients`] are its gRPC clients; [`load`] drives it with many callers
//! at once and writes down what each was told; [`fold`] reads its history as a follower does and replays it through
//! the desk of the domain; [`boards`] compares what the running desks show with that fold; [`recount`] compares what
//! analytics says with a second analytics that starts from nothing; [`analytics`] is an analytics in a process of its own, which
//! can be killed and frozen, and [`tables`] what lies in its store; [`guarded`] is all three services behind a guard whose
//! key the story holds. [`chance`] is the seeded chance of all of them.
//!
//! Invariants: a story knows only what callers know, the public contract and the rules of the domain; it waits for
//! conditions, each with a limit, never for time to pass; its seed is printed.

pub mod analytics;
pub mod boards;
pub mod chance;
pub mod clients;
pub mod fold;
pub mod guarded;
pub mod load;
pub mod program;
pub mod recount;
pub mod tables;
