//! A simulated history as conversations, for rule packs to judge.

use std::collections::BTreeMap;

use crate::day::{DayRange, Zone};
use crate::desk::event::{Event, Payload};
use crate::exchange::{Conversation, Exchange, Fold, Happening};
use crate::ids::ConversationId;
use crate::pack::{Report, RulePack, Tally};
use crate::time::Timestamp;

/// Takes in a desk's events and makes conversations of them.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    since: Timestamp,
    latest: Timestamp,
    conversations: BTreeMap<ConversationId, (Fold, Vec<Exchange>)>,
}

impl Recording {
    /// An empty recording of the conversations that begin at this moment or later.
    #[must_use]
    pub fn since(since: Timestamp) -> Self {
        Self { since, ..Self::default() }
    }

    /// Takes in the next event of the desk.
    pub fn watch(&mut self, event: &Event) {
        self.latest = self.latest.max(event.recorded);
        let Some(id) = event.conversation else { return };
        let opens = matches!(event.payload, Payload::ConversationOpened { .. });
        if opens && event.occurred >= self.since {
            self.conversations.entry(id).or_default();
        }
        if let Some((fold, exchanges)) = self.conversations.get_mut(&id) {
            exchanges.extend(Happening::of_event(event).filter_map(|happening| fold.apply(happening)));
        }
    }

    /// The conversations, in the order of their ids.
    #[must_use]
    pub fn conversations(self) -> Vec<Conversation> {
        let whole = |(id, (fold, mut exchanges)): (ConversationId, (Fold, Vec<Exchange>))| {
            exchanges.extend(fold.current);
            Conversation { key: id.to_string(), session: fold.session, exchanges }
        };
        self.conversations.into_iter().map(whole).collect()
    }

    /// The last moment anything was said of.
    #[must_use]
    pub const fn latest(&self) -> Timestamp {
        self.latest
    }

    /// How the shop answered under each of these packs, in its zone, as of a moment.
    #[must_use]
    pub fn judge(self, packs: &[RulePack], zone: Zone, as_of: Timestamp) -> Vec<Report> {
        let conversations = self.conversations();
        let judge = |pack: &RulePack| {
            let mut tally = Tally::new(pack.clone(), zone, as_of, DayRange::default());
            conversations.iter().for_each(|conversation| tally.add(conversation));
            tally.finish()
        };
        packs.iter().map(judge).collect()
    }
}
