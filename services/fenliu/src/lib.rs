//! fenliu in one process.

pub mod chance;
pub mod cli;
pub mod output;
pub mod reading;
pub mod recorded;
pub mod replay;
pub mod table;
