//! Records that are found by a key they hold: a table of them needs four bytes a place, and the key is kept once.

use std::hash::{BuildHasher, Hash};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::slab::{Slab, Slot};

/// What has a key of its own, which never changes.
pub(super) trait Keyed {
    /// The key.
    type Key: Eq + Hash;

    /// Its key.
    fn key(&self) -> &Self::Key;
}

/// The records. Their order is never observed.
#[derive(Clone, Debug)]
pub(super) struct Shelf<T, S> {
    slots: HashTable<Slot>,
    records: Slab<T>,
    hashes: S,
}

impl<T, S: Default> Default for Shelf<T, S> {
    fn default() -> Self {
        Self { slots: HashTable::new(), records: Slab::default(), hashes: S::default() }
    }
}

impl<T: Keyed, S: BuildHasher> Shelf<T, S> {
    pub(super) fn get(&self, key: &T::Key) -> Option<&T> {
        self.records.get(self.slot(key)?)
    }

    pub(super) fn get_mut(&mut self, key: &T::Key) -> Option<&mut T> {
        self.records.get_mut(self.slot(key)?)
    }

    /// The one in this slot.
    pub(super) fn at(&self, slot: Slot) -> Option<&T> {
        self.records.get(slot)
    }

    /// The one in this slot.
    pub(super) fn at_mut(&mut self, slot: Slot) -> Option<&mut T> {
        self.records.get_mut(slot)
    }

    pub(super) fn contains(&self, key: &T::Key) -> bool {
        self.slot(key).is_some()
    }

    /// Where the one with this key is.
    pub(super) fn slot(&self, key: &T::Key) -> Option<Slot> {
        let is = |slot: &Slot| self.records.get(*slot).is_some_and(|known| known.key() == key);
        self.slots.find(self.hashes.hash_one(key), is).copied()
    }

    /// Puts it in, in place of the one with its key.
    pub(super) fn insert(&mut self, new: T) {
        let Self { slots, records, hashes } = self;
        match entry(slots, records, hashes, new.key()) {
            Entry::Occupied(known) => {
                if let Some(known) = records.get_mut(*known.get()) {
                    *known = new;
                }
            }
            Entry::Vacant(place) => {
                place.insert(records.put(new));
            }
        }
    }

    /// Where the one with this key is, made where there is none.
    pub(super) fn slot_or_insert_with(&mut self, key: &T::Key, make: impl FnOnce() -> T) -> Slot {
        let Self { slots, records, hashes } = self;
        let entry = entry(slots, records, hashes, key);
        *entry.or_insert_with(|| records.put(make())).get()
    }

    pub(super) fn remove(&mut self, key: &T::Key) -> Option<T> {
        let Self { slots, records, hashes } = self;
        let is = |slot: &Slot| records.get(*slot).is_some_and(|known| known.key() == key);
        let (slot, _) = slots.find_entry(hashes.hash_one(key), is).ok()?.remove();
        records.take(slot)
    }

    /// All of them, in no order.
    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.records.iter()
    }

    /// All of them, in no order.
    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.records.iter_mut()
    }
}

fn entry<'s, T: Keyed, S: BuildHasher>(
    slots: &'s mut HashTable<Slot>,
    records: &Slab<T>,
    hashes: &S,
    key: &T::Key,
) -> Entry<'s, Slot> {
    let known = |slot: &Slot| records.get(*slot).map(Keyed::key);
    slots.entry(
        hashes.hash_one(key),
        |slot| known(slot) == Some(key),
        |slot| known(slot).map_or(0, |key| hashes.hash_one(key)),
    )
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
                        let slot = shelf.slot_or_insert_with(&key, || (key, value));
                        prop_assert_eq!(shelf.at(slot).map(|known| known.1), Some(kept));
                        prop_assert_eq!(shelf.at_mut(slot).map(|known| known.1), Some(kept));
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
