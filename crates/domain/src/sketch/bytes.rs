//! A sketch as bytes, and back.
//!
//! A version byte; how many buckets are not empty; for each the distance of its number from the one before, and its
//! count; then how much the sum exceeds what the buckets' lower bounds add up to. All but the version are variable
//! numbers: seven bits a byte, the lowest first, the high bit set while more follow. There is one way to write a sketch,
//! and any other is refused, so stored tables can be compared byte by byte.

use super::{Bucket, MAX_BUCKETS, Sketch};

/// The form that is written.
const VERSION: u8 = 1;
/// Most durations that a sketch which is read may hold: more than 50 years of 150,000 a second. So sums and counts
/// of tens of thousands of sketches have room.
pub const MAX_ENCODED_COUNT: u64 = 1 << 48;
/// The high bit of a byte: more of the number follows.
const MORE: u8 = 0x80;

/// Why bytes are no sketch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DamagedSketch {
    /// The version byte names a form that is not known here.
    #[error("is of version {0}, of which nothing is known; version 1 is")]
    Version(u8),
    /// The bytes end in the middle.
    #[error("ends in the middle")]
    CutOff,
    /// A number is too large, or is written with more bytes than it needs.
    #[error("holds a number that is too large or longer than it needs to be")]
    Number,
    /// A bucket is there twice, or is none.
    #[error("holds a bucket that is out of order or out of bounds")]
    Bucket,
    /// A bucket is there with nothing in it.
    #[error("holds a bucket with nothing in it")]
    EmptyBucket,
    /// The counts exceed [`MAX_ENCODED_COUNT`].
    #[error("counts more than can have happened")]
    Count,
    /// No durations that fall into its buckets can have its sum.
    #[error("has a sum that its buckets cannot have")]
    Sum,
    /// Something follows the end.
    #[error("goes on after its end")]
    Trailing,
}

impl Sketch {
    /// The sketch as bytes; equal sketches have equal bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        write(&mut bytes, self.buckets.len() as u128);
        let mut before = 0;
        for (bucket, count) in &self.buckets {
            write(&mut bytes, (bucket.0 - before).into());
            write(&mut bytes, (*count).into());
            before = bucket.0;
        }
        write(&mut bytes, self.sum.saturating_sub(self.least_sum()));
        bytes
    }

    /// The sketch that these bytes are of.
    ///
    /// # Errors
    /// What is wrong, when they are not exactly what [`Sketch::encode`] writes.
    pub fn decode(bytes: &[u8]) -> Result<Self, DamagedSketch> {
        let mut sketch = Self::default();
        sketch.read(bytes)?;
        Ok(sketch)
    }

    /// Becomes the sketch that these bytes are of; with an error, nothing of it is to be used.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<(), DamagedSketch> {
        self.buckets.clear();
        (self.count, self.sum) = (0, 0);
        let (&version, rest) = bytes.split_first().ok_or(DamagedSketch::CutOff)?;
        if version != VERSION {
            return Err(DamagedSketch::Version(version));
        }
        let mut rest = Rest(rest);
        let buckets = rest.number()?;
        if buckets > MAX_BUCKETS as u128 {
            return Err(DamagedSketch::Bucket);
        }
        for _ in 0..buckets {
            self.read_bucket(&mut rest)?;
        }
        let more = rest.number()?;
        if more > self.room() {
            return Err(DamagedSketch::Sum);
        }
        self.sum = self.least_sum() + more;
        if rest.0.is_empty() { Ok(()) } else { Err(DamagedSketch::Trailing) }
    }

    fn read_bucket(&mut self, rest: &mut Rest<'_>) -> Result<(), DamagedSketch> {
        let (step, count) = (rest.number()?, rest.number()?);
        let before = self.buckets.last().map(|(bucket, _)| bucket.0);
        let number = u128::from(before.unwrap_or(0)).saturating_add(step);
        let number = u16::try_from(number).ok().filter(|number| usize::from(*number) < MAX_BUCKETS);
        let number = number.filter(|number| before != Some(*number)).ok_or(DamagedSketch::Bucket)?;
        let count = u64::try_from(count).map_err(|_| DamagedSketch::Count)?;
        if count == 0 {
            return Err(DamagedSketch::EmptyBucket);
        }
        self.count = self.count.saturating_add(count);
        if self.count > MAX_ENCODED_COUNT {
            return Err(DamagedSketch::Count);
        }
        self.buckets.push((Bucket(number), count));
        Ok(())
    }

    /// The least its durations can add up to: as if each were at the lower bound of its bucket.
    fn least_sum(&self) -> u128 {
        self.buckets.iter().map(|(bucket, count)| u128::from(bucket.bounds().0) * u128::from(*count)).sum()
    }

    /// How much more than the least they can add up to.
    fn room(&self) -> u128 {
        let room = |(bucket, count): &(Bucket, u64)| u128::from(bucket.bounds().1 - 1) * u128::from(*count);
        self.buckets.iter().map(room).sum()
    }
}

fn write(bytes: &mut Vec<u8>, mut number: u128) {
    loop {
        // Seven bits always fit into a byte.
        let low = (number & 0x7f) as u8;
        number >>= 7;
        bytes.push(if number == 0 { low } else { low | MORE });
        if number == 0 {
            return;
        }
    }
}

/// What has not been read yet.
struct Rest<'b>(&'b [u8]);

impl Rest<'_> {
    fn number(&mut self) -> Result<u128, DamagedSketch> {
        let mut number = 0_u128;
        for place in 0.. {
            let (&byte, rest) = self.0.split_first().ok_or(DamagedSketch::CutOff)?;
            self.0 = rest;
            let bits = u128::from(byte & !MORE);
            let shifted = bits.checked_shl(7 * place).filter(|shifted| shifted >> (7 * place) == bits);
            number |= shifted.ok_or(DamagedSketch::Number)?;
            if byte & MORE == 0 {
                // A last byte of nothing says nothing.
                return if bits == 0 && place > 0 { Err(DamagedSketch::Number) } else { Ok(number) };
            }
        }
        Err(DamagedSketch::Number)
    }
}
