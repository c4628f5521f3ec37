//! Whole numbers with bounds, checked while they are read, so that a struct never holds one outside.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::{Error, Unexpected, Visitor};

/// Reads a whole number from `MIN` to `MAX`, both included, for
/// `#[serde(deserialize_with = "bounded::<_, _, 1, 64>")]`.
///
/// # Errors
/// When there is something else; the error says what was expected.
pub fn bounded<'de, D, T, const MIN: u64, const MAX: u64>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<u64>,
{
    deserializer.deserialize_u64(Bounded::<T, MIN, MAX>(PhantomData))
}

struct Bounded<T, const MIN: u64, const MAX: u64>(PhantomData<T>);

impl<T: TryFrom<u64>, const MIN: u64, const MAX: u64> Visitor<'_> for Bounded<T, MIN, MAX> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number from {MIN} to {MAX}")
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<T, E> {
        let refused = || E::invalid_value(Unexpected::Unsigned(value), &self);
        if !(MIN..=MAX).contains(&value) {
            return Err(refused());
        }
        T::try_from(value).map_err(|_| refused())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<T, E> {
        match u64::try_from(value) {
            Ok(value) => self.visit_u64(value),
            Err(_) => Err(E::invalid_value(Unexpected::Signed(value), &self)),
        }
    }
}
