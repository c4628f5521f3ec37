//! What the simulation promises: the same seed the same outcome, nobody lost, and the figures of closed forms.

mod behaving;
mod closed_forms;
mod judging;
mod properties;
mod routing_table;
mod scenes;
