//! Records in slots with numbers of four bytes. A slot is found without a search, and a slot that was freed is the next
//! to be taken, while its memory is still near.

/// Records kept beside each other; a slab grows by as many at most, so that no command pays for moving them all.
const CHUNK: usize = 256;

/// The number of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(u32);

/// The records. It keeps the room of as many as there ever were at once.
#[derive(Clone, Debug)]
pub(super) struct Slab<T> {
    chunks: Vec<Vec<Option<T>>>,
    free: Vec<Slot>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { chunks: Vec::new(), free: Vec::new() }
    }
}

impl Slot {
    /// The chunk it is in, and its place there.
    const fn parts(self) -> (usize, usize) {
        let number = self.0 as usize;
        (number / CHUNK, number % CHUNK)
    }
}

impl<T> Slab<T> {
    pub(super) fn get(&self, slot: Slot) -> Option<&T> {
        let (chunk, place) = slot.parts();
        self.chunks.get(chunk)?.get(place)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, slot: Slot) -> Option<&mut T> {
        self.room(slot)?.as_mut()
    }

    /// Puts a record into a free slot, and tells which.
    pub(super) fn put(&mut self, record: T) -> Slot {
        if let Some(slot) = self.free.pop() {
            if let Some(room) = self.room(slot) {
                *room = Some(record);
            }
            return slot;
        }
        if self.chunks.last().is_none_or(|chunk| chunk.len() == CHUNK) {
            self.chunks.push(Vec::new());
        }
        let chunk = self.chunks.len() - 1;
        let number = chunk * CHUNK + self.chunks[chunk].len();
        self.chunks[chunk].push(Some(record));
        Slot(u32::try_from(number).expect("fewer than 2³² records"))
    }

    /// Takes a record out, whose slot is then free.
    pub(super) fn take(&mut self, slot: Slot) -> Option<T> {
        let record = self.room(slot)?.take()?;
        self.free.push(slot);
        Some(record)
    }

    /// All of them, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flatten().flatten()
    }

    /// All of them, in no order.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.chunks.iter_mut().flatten().flatten()
    }

    fn room(&mut self, slot: Slot) -> Option<&mut Option<T>> {
        let (chunk, place) = slot.parts();
        self.chunks.get_mut(chunk)?.get_mut(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_freed_slot_is_the_next_to_be_taken_and_the_others_stay_where_they_are() {
        let mut slab = Slab::default();
        let slots: Vec<_> = (0..3 * CHUNK).map(|record| slab.put(record)).collect();
        assert!((0..).map(Slot).take(3 * CHUNK).eq(slots.iter().copied()), "none is left out");
        for gone in [CHUNK - 1, 2 * CHUNK] {
            assert_eq!((slab.take(slots[gone]), slab.take(slots[gone])), (Some(gone), None));
        }
        assert_eq!((slab.put(2 * CHUNK), slab.put(CHUNK - 1)), (slots[2 * CHUNK], slots[CHUNK - 1]));
        assert!(slab.iter().copied().eq(0..3 * CHUNK));
        slab.iter_mut().for_each(|record| *record += 1);
        assert!(slots.iter().enumerate().all(|(record, slot)| slab.get(*slot) == Some(&(record + 1))));
    }
}
