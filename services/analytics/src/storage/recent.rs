//! The conversations that were worked in lately, so that they need not be read again.
//!
//! Whoever works the history in moves the cursor. So as long as that is where this process left it, nobody else has, and all
//! that is remembered is as it is in the store.

use std::collections::HashMap;

use super::facts::Facts;
use super::{Cursor, Key};

/// Conversations of a generation; two are remembered.
const GENERATION: usize = 10_000;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Recent {
    at: Option<Cursor>,
    young: HashMap<Key, Facts>,
    /// Those nobody has asked for since the young began.
    old: HashMap<Key, Facts>,
}

impl Recent {
    /// Keeps what is remembered only if the cursor is still there.
    pub(super) fn at(self, cursor: &Cursor) -> Self {
        if self.at.as_ref() == Some(cursor) { self } else { Self::default() }
    }

    /// Takes out what is remembered of a conversation.
    pub(super) fn take(&mut self, key: &Key) -> Option<Facts> {
        self.young.remove(key).or_else(|| self.old.remove(key))
    }

    /// Remembers a conversation as it is stored when the cursor has moved.
    pub(super) fn keep(&mut self, key: Key, facts: Facts) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, facts);
    }

    /// All that is remembered is as it is now that the cursor is here.
    pub(super) fn advance(&mut self, cursor: Cursor) {
        self.at = Some(cursor);
    }
}
