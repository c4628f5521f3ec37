//! Boxes that are found by a key they hold: a table of them needs one word a place, and the key is kept once.

use std::hash::{BuildHasher, Hash};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

/// What has a key of its own, which never changes.
pub(super) trait Keyed {
    /// The key.
    type Key: Eq + Hash;

    /// Its key.
    fn key(&self) -> &Self::Key;
}

/// The boxes. Their order is never observed.
#[derive(Clone, Debug)]
pub(super) struct Shelf<T, S> {
    boxes: HashTable<Box<T>>,
    hashes: S,
}

impl<T, S: Default> Default for Shelf<T, S> {
    fn default() -> Self {
        Self { boxes: HashTable::new(), hashes: S::default() }
    }
}

impl<T: Keyed, S: BuildHasher> Shelf<T, S> {
    pub(super) fn get(&self, key: &T::Key) -> Option<&T> {
        self.boxes.find(self.hashes.hash_one(key), |known| known.key() == key).map(AsRef::as_ref)
    }

    pub(super) fn get_mut(&mut self, key: &T::Key) -> Option<&mut T> {
        self.boxes.find_mut(self.hashes.hash_one(key), |known| known.key() == key).map(AsMut::as_mut)
    }

    pub(super) fn contains(&self, key: &T::Key) -> bool {
        self.get(key).is_some()
    }

    /// Puts it in, in place of the one with its key.
    pub(super) fn insert(&mut self, new: T) {
        match self.entry(new.key()) {
            Entry::Occupied(mut known) => **known.get_mut() = new,
            Entry::Vacant(place) => {
                place.insert(Box::new(new));
            }
        }
    }

    /// The one with this key, made where there is none.
    pub(super) fn get_or_insert_with(&mut self, key: &T::Key, make: impl FnOnce() -> T) -> &mut T {
        self.entry(key).or_insert_with(|| Box::new(make())).into_mut()
    }

    pub(super) fn remove(&mut self, key: &T::Key) -> Option<Box<T>> {
        let known = self.boxes.find_entry(self.hashes.hash_one(key), |known| known.key() == key);
        Some(known.ok()?.remove().0)
    }

    /// All of them, in no order.
    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.boxes.iter().map(AsRef::as_ref)
    }

    /// All of them, in no order.
    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.boxes.iter_mut().map(AsMut::as_mut)
    }

    fn entry(&mut self, key: &T::Key) -> Entry<'_, Box<T>> {
        let Self { boxes, hashes } = self;
        boxes.entry(hashes.hash_one(key), |known| known.key() == key, |known| hashes.hash_one(known.key()))
    }
}

impl<T: Keyed, S: BuildHasher + Default> FromIterator<T> for Shelf<T, S> {
    fn from_iter<I: IntoIterator<Item = T>>(all: I) -> Self {
        let mut shelf = Self::default();
        all.into_iter().for_each(|one| shelf.insert(one));
        shelf
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use rustc_hash::FxBuildHasher;

    use super::*;

    impl Keyed for (u8, u32) {
        type Key = u8;

        fn key(&self) -> &u8 {
            &self.0
        }
    }

    proptest! {
        #[test]
        fn it_holds_what_a_map_by_the_same_keys_holds(steps in prop::collection::vec((0_u8..4, 0_u8..20, 0_u32..9), 0..200)) {
            let (mut shelf, mut map) = (Shelf::<(u8, u32), FxBuildHasher>::default(), BTreeMap::new());
            for (step, key, value) in steps {
                match step {
                    0 => {
                        shelf.insert((key, value));
                        map.insert(key, value);
                    }
                    1 => prop_assert_eq!(shelf.remove(&key).map(|known| known.1), map.remove(&key)),
                    2 => {
                        let kept = *map.entry(key).or_insert(value);
                        prop_assert_eq!(shelf.get_or_insert_with(&key, || (key, value)).1, kept);
                    }
                    _ => {
                        if let Some(known) = shelf.get_mut(&key) {
                            known.1 += value;
                        }
                        map.entry(key).and_modify(|known| *known += value);
                    }
                }
                prop_assert_eq!(shelf.get(&key).map(|known| known.1), map.get(&key).copied());
                prop_assert_eq!(shelf.contains(&key), map.contains_key(&key));
            }
            let mut all: Vec<_> = shelf.values().copied().collect();
            all.sort_unstable();
            prop_assert_eq!(all, map.into_iter().collect::<Vec<_>>());
        }
    }
}
