//! Adding up many sketches, as a report over a month does.

use super::{Bucket, DamagedSketch, MAX_BUCKETS, Sketch};

/// A sketch with room for every bucket, into which stored sketches are added without a search or an allocation each.
#[derive(Clone, Debug)]
pub struct Pile {
    /// One for every bucket there can be.
    counts: Vec<u64>,
    count: u64,
    sum: u128,
    /// Where bytes are read to, so that bytes which turn out to be damaged add nothing.
    read: Sketch,
}

impl Default for Pile {
    fn default() -> Self {
        Self { counts: vec![0; MAX_BUCKETS], count: 0, sum: 0, read: Sketch::default() }
    }
}

impl Pile {
    /// Adds a sketch.
    pub fn add(&mut self, sketch: &Sketch) {
        for (bucket, more) in &sketch.buckets {
            if let Some(count) = self.counts.get_mut(usize::from(bucket.0)) {
                *count = count.saturating_add(*more);
            }
        }
        self.count = self.count.saturating_add(sketch.count);
        self.sum = self.sum.saturating_add(sketch.sum);
    }

    /// Adds the sketch that these bytes are of.
    ///
    /// # Errors
    /// As [`Sketch::decode`]; nothing has been added then.
    pub fn add_encoded(&mut self, bytes: &[u8]) -> Result<(), DamagedSketch> {
        let mut read = std::mem::take(&mut self.read);
        let outcome = read.read(bytes);
        if outcome.is_ok() {
            self.add(&read);
        }
        self.read = read;
        outcome
    }

    /// The sketch of everything added.
    #[must_use]
    pub fn sketch(&self) -> Sketch {
        let full = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        let buckets = full.filter_map(|(number, count)| Some((Bucket(u16::try_from(number).ok()?), *count)));
        Sketch { buckets: buckets.collect(), count: self.count, sum: self.sum }
    }
}
