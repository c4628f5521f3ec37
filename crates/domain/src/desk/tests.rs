//! Tests of the desk: each rule by name, and the ten properties over random commands.

mod properties;
mod queueing;
mod repeating;
mod routing;
mod shop;
mod talking;
mod world;
