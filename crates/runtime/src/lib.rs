//! What the binaries share.

pub mod clock;
pub mod ids;
pub mod lifecycle;
pub mod page;
pub mod platform;
