//! What a desk remembers of commands it has carried out, so that a repetition has no second effect.

use std::collections::VecDeque;
use std::hash::Hash;

use super::Table;
use super::event::{Seq, Text};
use crate::time::{Span, Timestamp};

/// How long a desk remembers.
pub const MEMORY_SPAN: Span = Span::from_hours(24);
/// Most commands of one kind a desk remembers; the history's index answers for older ones.
pub const MEMORY_LIMIT: usize = 100_000;

/// A command by its caller's word.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestKey {
    /// Who called.
    pub caller: Text,
    /// The caller's own id of the request.
    pub request_id: Text,
}

/// A message by its channel's word.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryKey {
    /// The channel.
    pub channel: Text,
    /// The channel's own id of the message.
    pub external: Text,
}

/// What a memory is asked for by.
pub(super) trait Key: Clone + Eq + Hash {
    /// Whether it must be recognised for good, or is free again after a day.
    const FOR_GOOD: bool;
}

impl Key for RequestKey {
    const FOR_GOOD: bool = false;
}

impl Key for DeliveryKey {
    const FOR_GOOD: bool = true;
}

/// What is remembered of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// The first event it made; the others follow it and share its command's bits.
    pub first: Seq,
    /// SHA-256 of what was asked for.
    pub body_hash: [u8; 32],
    /// When it was carried out.
    pub at: Timestamp,
}

impl Remembered {
    /// Whether it is young enough for its request to be recognised by it.
    #[must_use]
    pub fn is_recent(&self, now: Timestamp) -> bool {
        now.since(self.at) <= MEMORY_SPAN
    }
}

/// Remembered commands by key, the oldest forgotten first.
#[derive(Clone, Debug)]
pub(super) struct Memory<K> {
    by_key: Table<K, Remembered>,
    by_age: VecDeque<(Timestamp, K)>,
    forgetful: bool,
}

impl<K> Default for Memory<K> {
    fn default() -> Self {
        Self { by_key: Table::default(), by_age: VecDeque::new(), forgetful: false }
    }
}

impl<K: Key> Memory<K> {
    /// What is remembered under a key.
    pub(super) fn recall(&self, key: &K) -> Option<Remembered> {
        self.by_key.get(key).copied()
    }

    /// Remembers, and forgets what is too old or too much, at most two a time so that no command pays for all.
    pub(super) fn remember(&mut self, key: K, remembered: Remembered) {
        for _ in 0..2 {
            let too_old = self.by_age.front().is_some_and(|(at, _)| *at + MEMORY_SPAN < remembered.at);
            if !too_old && self.by_age.len() < MEMORY_LIMIT {
                break;
            }
            self.forget_oldest();
            // What is free again after a day is not missed after a day.
            self.forgetful |= K::FOR_GOOD || !too_old;
        }
        self.by_age.push_back((remembered.at, key.clone()));
        self.by_key.insert(key, remembered);
    }

    fn forget_oldest(&mut self) {
        let Some((at, key)) = self.by_age.pop_front() else { return };
        // A key that was remembered again since keeps its newer entry.
        if self.by_key.get(&key).is_some_and(|remembered| remembered.at == at) {
            self.by_key.remove(&key);
        }
    }

    /// Whether anything was ever forgotten that must still be recognised, so that a key not found here may be in
    /// the history.
    pub(super) const fn is_forgetful(&self) -> bool {
        self.forgetful
    }

    /// Everything remembered, oldest first.
    pub(super) fn entries(&self) -> Vec<(K, Remembered)> {
        self.by_age
            .iter()
            .filter_map(|(at, key)| {
                let remembered = self.by_key.get(key).filter(|remembered| remembered.at == *at)?;
                Some((key.clone(), *remembered))
            })
            .collect()
    }

    /// The memory with these entries, oldest first.
    pub(super) fn from_entries(entries: Vec<(K, Remembered)>, forgetful: bool) -> Self {
        let mut memory = Self { forgetful, ..Self::default() };
        for (key, remembered) in entries {
            memory.by_age.push_back((remembered.at, key.clone()));
            memory.by_key.insert(key, remembered);
        }
        memory
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Key for &str {
        const FOR_GOOD: bool = true;
    }

    impl Key for u32 {
        const FOR_GOOD: bool = false;
    }

    fn at(hours: i64) -> Remembered {
        Remembered { first: Seq(1), body_hash: [0; 32], at: Timestamp::default() + Span::from_hours(hours) }
    }

    #[test]
    fn what_is_a_day_old_is_forgotten_and_said_to_be() {
        let mut memory = Memory::default();
        memory.remember("a", at(0));
        assert!(!memory.is_forgetful());
        memory.remember("b", at(25));
        assert_eq!(memory.recall(&"a"), None);
        assert_eq!(memory.recall(&"b"), Some(at(25)));
        assert!(memory.is_forgetful());
    }

    #[test]
    fn exactly_a_day_is_remembered() {
        let mut memory = Memory::default();
        memory.remember("a", at(0));
        memory.remember("b", at(24));
        assert_eq!((memory.recall(&"a"), memory.is_forgetful()), (Some(at(0)), false));
        let end = at(24).at;
        assert!(at(0).is_recent(end) && !at(0).is_recent(end + Span::from_micros(1)));
    }

    #[test]
    fn a_memory_that_has_forgotten_says_so_after_a_restart_too() {
        for forgetful in [false, true] {
            let memory = Memory::from_entries(vec![("a", at(0))], forgetful);
            assert_eq!((memory.recall(&"a"), memory.is_forgetful()), (Some(at(0)), forgetful));
        }
    }

    #[test]
    fn what_is_free_again_after_a_day_is_not_missed_then() {
        let mut memory = Memory::default();
        for key in 0_u32..50 {
            memory.remember(key, at(i64::from(key)));
        }
        assert_eq!(memory.recall(&1), None);
        assert!(!memory.is_forgetful());
    }

    #[test]
    fn what_is_forgotten_for_want_of_room_is_missed() {
        let mut memory = Memory::default();
        let last = u32::try_from(MEMORY_LIMIT).expect("fits");
        for key in 0..last {
            memory.remember(key, at(0));
        }
        assert!(!memory.is_forgetful());
        memory.remember(last, at(0));
        assert_eq!((memory.recall(&0), memory.is_forgetful()), (None, true));
    }

    #[test]
    fn a_key_remembered_again_outlives_its_first_entry() {
        let mut memory = Memory::default();
        memory.remember("a", at(0));
        memory.remember("a", at(20));
        memory.remember("b", at(30));
        assert_eq!(memory.recall(&"a"), Some(at(20)));
        assert_eq!(memory.entries(), vec![("a", at(20)), ("b", at(30))]);
    }
}
