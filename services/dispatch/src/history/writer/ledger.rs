//! What the writer remembers of what it stored itself, so that it need not read it again.
//!
//! Whoever stores anything moves the log's head. So as long as that is where this writer left it, nobody else has stored
//! anything, and all that is remembered is as it is in the store.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use fenliu_domain::desk::Head;
use fenliu_domain::desk::event::Event;
use fenliu_domain::ids::{ConversationId, EventId, ShopId};
use fenliu_proto::history::v1::Stage;

use super::Disposal;
use crate::history::plan::ShopPlan;
use crate::history::projection::{self, ConversationRecord};

/// Shops and conversations that are remembered; beyond that all of them are forgotten and read again.
const LIMIT: usize = 50_000;

/// The head of the log: the last event of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LogHead {
    /// Its position; 0 when there is none.
    pub(super) position: i64,
    /// Its id, which tells the same position of a store that was restored and went on apart.
    pub(super) event: Option<EventId>,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    head: Option<LogHead>,
    shops: HashMap<ShopId, Option<Head>>,
    conversations: HashMap<ConversationId, ConversationRecord>,
}

impl Ledger {
    /// Where the log's head was left; `None` when nothing is remembered.
    pub(super) const fn head(&self) -> Option<LogHead> {
        self.head
    }

    /// Keeps what is remembered only if the log's head is still there.
    pub(super) fn at(self, head: LogHead) -> Self {
        if self.head == Some(head) { self } else { Self { head: Some(head), ..Self::default() } }
    }

    /// The shops of a batch whose heads are to be read.
    pub(super) fn unknown_shops(&self, batch: &[Disposal]) -> BTreeSet<ShopId> {
        let shops = batch.iter().map(|disposal| disposal.shop);
        shops.filter(|shop| !self.shops.contains_key(shop)).collect()
    }

    /// Remembers the head of a shop that was read; `None` when nothing of it is stored.
    pub(super) fn learn_shop(&mut self, shop: ShopId, head: Option<Head>) {
        self.shops.insert(shop, head);
    }

    /// A plan that begins at what is remembered of a shop.
    pub(super) fn plan(&self, shop: ShopId) -> ShopPlan {
        ShopPlan::new(self.shops.get(&shop).copied().flatten())
    }

    /// The conversations of new events whose rows are to be read: those that are not remembered and do not begin here.
    pub(super) fn unknown_conversations(&self, fresh: &[Arc<Event>]) -> BTreeSet<ConversationId> {
        let (mut begun, mut unknown) = (BTreeSet::new(), BTreeSet::new());
        for event in fresh {
            let Some(id) = event.conversation.filter(|id| !self.conversations.contains_key(id)) else {
                continue;
            };
            if projection::begins(event) && !unknown.contains(&id) {
                begun.insert(id);
            }
            if !begun.contains(&id) {
                unknown.insert(id);
            }
        }
        unknown
    }

    /// Remembers a row that was read.
    pub(super) fn learn_conversation(&mut self, record: ConversationRecord) {
        self.conversations.insert(record.id, record);
    }

    /// What is remembered of a conversation.
    pub(super) fn conversation(&self, id: ConversationId) -> Option<&ConversationRecord> {
        self.conversations.get(&id)
    }

    /// Remembers a batch that is stored with this as the last event of all.
    pub(super) fn advance(
        &mut self,
        head: LogHead,
        shops: impl Iterator<Item = (ShopId, Head)>,
        records: Vec<ConversationRecord>,
    ) {
        self.head = Some(head);
        if self.shops.len() > LIMIT {
            self.shops.clear();
        }
        self.shops.extend(shops.map(|(shop, head)| (shop, Some(head))));
        if self.conversations.len() > LIMIT {
            self.conversations.clear();
        }
        for record in records {
            // What has ended is seldom taken up again.
            if record.stage == Stage::Closed {
                self.conversations.remove(&record.id);
            } else {
                self.conversations.insert(record.id, record);
            }
        }
    }
}
