//! Numbers that are counted, by names that begin with `fenliu_`. They go where spans go, when an OTLP endpoint is configured.

use opentelemetry::global::meter;

/// Counts something, from 0 on.
#[derive(Clone, Debug)]
pub struct Counter(opentelemetry::metrics::Counter<u64>);

impl Counter {
    /// A counter of this name, which says what it counts.
    #[must_use]
    pub fn new(name: &'static str, what: &'static str) -> Self {
        let counter = meter("fenliu").u64_counter(name).with_description(what).build();
        // So that a number that must be 0 is told before it is not.
        counter.add(0, &[]);
        Self(counter)
    }

    /// Counts so many more.
    pub fn add(&self, more: u64) {
        self.0.add(more, &[]);
    }
}
