//! A simulated history as conversations, for rule packs to judge.

use std::collections::BTreeMap;

use super::USUAL_PRIORITY;
use crate::day::{DayRange, Zone};
use crate::desk::event::{CloseActor, Event, Payload, QueueLeaveReason, QueueReason};
use crate::exchange::{Conversation, Exchange, Fold, Happening, What};
use crate::ids::ConversationId;
use crate::pack::{Report, RulePack, Tally};
use crate::time::Timestamp;

/// Takes in a desk's events and makes conversations of them.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    since: Timestamp,
    conversations: BTreeMap<ConversationId, (Fold, Vec<Exchange>)>,
}

impl Recording {
    /// An empty recording of the conversations that begin at this moment or later.
    #[must_use]
    pub fn since(since: Timestamp) -> Self {
        Self { since, conversations: BTreeMap::new() }
    }

    /// Takes in the next event of the desk.
    pub fn watch(&mut self, event: &Event) {
        let (Some(id), Some(what)) = (event.conversation, what(&event.payload)) else { return };
        if matches!(what, What::Opened { .. }) && event.occurred >= self.since {
            self.conversations.entry(id).or_default();
        }
        if let Some((fold, exchanges)) = self.conversations.get_mut(&id) {
            exchanges.extend(fold.apply(Happening { at: event.occurred, what }));
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

    /// How the shop answered under a pack, in its zone, as of a moment.
    #[must_use]
    pub fn judge(self, pack: RulePack, zone: Zone, as_of: Timestamp) -> Report {
        let mut tally = Tally::new(pack, zone, as_of, DayRange::default());
        for conversation in self.conversations() {
            tally.add(&conversation);
        }
        tally.finish()
    }
}

/// What an event says, as far as reply rates care.
fn what(payload: &Payload) -> Option<What> {
    Some(match payload {
        Payload::ConversationOpened { buyer, group, priority, .. } => What::Opened {
            buyer: buyer.to_string(),
            group: group.to_string(),
            vip: *priority < USUAL_PRIORITY,
        },
        Payload::MessageReceived { message, .. } => What::Asked { message: message.to_string() },
        Payload::ReplySent { message, actor, agent, small_talk, .. } => What::Replied {
            message: message.to_string(),
            actor: *actor,
            agent: agent.map(|agent| agent.to_string()).unwrap_or_default(),
            small_talk: *small_talk,
        },
        Payload::Assigned { agent, .. } => What::Assigned { agent: agent.to_string() },
        Payload::Queued { reason, .. } => {
            What::Queued { nobody_on_duty: *reason == QueueReason::NobodyOnDuty }
        }
        Payload::QueueLeft { reason, .. } => {
            What::LeftQueue { abandoned: *reason == QueueLeaveReason::Abandoned }
        }
        Payload::Closed { by, reply_owed, .. } => {
            What::Closed { abandoned: *reply_owed && *by == CloseActor::Buyer }
        }
        Payload::HandedToHuman { .. } => What::HandedToHuman,
        Payload::Transferred { .. } => What::Transferred,
        // The others are about agents, policies and timers, or say nothing of who asked and who answered.
        _ => return None,
    })
}
