//! The conversations and agents that were worked in lately, so that they need not be read again.
//!
//! Whoever works the history in moves the cursor. So as long as that is where this process left it, nobody else has, and all
//! that is remembered is as it is in the store.

use std::collections::HashMap;
use std::mem::swap;

use fenliu_domain::agent_facts;
use fenliu_domain::ids::ShopId;
use rustc_hash::FxHashMap;

use super::facts::Facts;
use super::{Cursor, Key};

/// Conversations of a generation; two are remembered.
const GENERATION: usize = 10_000;
/// Shops of a generation whose agents are remembered.
const SHOPS: usize = 1_000;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Recent {
    at: Option<Cursor>,
    young: FxHashMap<Key, Facts>,
    /// Those nobody has asked for since the young began.
    old: FxHashMap<Key, Facts>,
    /// The agents of shops, in two generations as well.
    young_shops: HashMap<ShopId, agent_facts::Fold>,
    old_shops: HashMap<ShopId, agent_facts::Fold>,
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
            // What was old is forgotten; its room is there for the young.
            swap(&mut self.old, &mut self.young);
            self.young.clear();
        }
        self.young.insert(key, facts);
    }

    /// Takes out what is remembered of a shop's agents.
    pub(super) fn take_agents(&mut self, shop: ShopId) -> Option<agent_facts::Fold> {
        self.young_shops.remove(&shop).or_else(|| self.old_shops.remove(&shop))
    }

    /// Remembers a shop's agents as they are stored when the cursor has moved.
    pub(super) fn keep_agents(&mut self, shop: ShopId, agents: agent_facts::Fold) {
        if self.young_shops.len() >= SHOPS {
            self.old_shops = std::mem::take(&mut self.young_shops);
        }
        self.young_shops.insert(shop, agents);
    }

    /// All that is remembered is as it is now that the cursor is here.
    pub(super) fn advance(&mut self, cursor: Cursor) {
        self.at = Some(cursor);
    }
}
