//! Tests of the desk: each rule by name, and the ten properties over random commands.

mod barred;
mod duty;
mod entering;
mod guarding;
mod handing;
mod language;
mod limits;
mod opened;
mod overflowing;
mod pipeline;
mod properties;
mod property;
mod queueing;
mod repeating;
mod routing;
mod scoring;
mod shop;
mod staying;
mod strategies;
mod talking;
mod waiting;
mod world;
