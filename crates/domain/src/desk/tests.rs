//! Tests of the desk: each rule by name, and the ten properties over random commands.

mod barred;
mod duty;
mod language;
mod properties;
mod queueing;
mod repeating;
mod routing;
mod shop;
mod talking;
mod world;
