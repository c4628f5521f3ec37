//! fenliu in one process.

pub mod recorded;
