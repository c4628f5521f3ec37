//! Tests of the desk: each rule by name, and the ten properties over random commands.

mod properties;
mod rules;
mod world;
