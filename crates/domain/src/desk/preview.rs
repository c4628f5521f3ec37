//! What would happen to a message now, without anything happening.

use super::beginning::Beginning;
use super::buyer::KnownBuyer;
use super::command::BuyerMessage;
use super::conversation::{Conversation, Stage, Standing};
use super::event::{Event, Payload, Seq};
use super::queue::Ticket;
use super::route::{Cause, Decision, Question, route};
use super::trace::RouteTrace;
use super::{BuyerKey, Desk};
use crate::ids::{CommandId, ConversationId};
use crate::time::Timestamp;

/// Where a message would go, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// Where its conversation would stand then.
    pub standing: Standing,
    /// How the decision would come about; empty where none is needed, since somebody has the buyer already.
    pub trace: RouteTrace,
}

impl Desk {
    /// Where a message of this buyer would go now: to whoever has them, to the robot, or through the steps of routing.
    #[must_use]
    pub fn preview(&self, now: Timestamp, message: &BuyerMessage) -> Preview {
        let now = now.max(self.now);
        let key = BuyerKey { channel: message.channel.clone(), buyer: message.buyer.clone() };
        let buyer = self.buyers.get(&key);
        let open = buyer.and_then(|buyer| self.conversation(buyer.open()?));
        if let Some(open) = open.filter(|open| !open.is_silent() && open.stage != Stage::Open)
            && let Some(standing) = self.stays(open)
        {
            return Preview { standing, trace: RouteTrace::default() };
        }
        if self.policy.robot_first && open.is_none_or(|open| open.stage == Stage::Entered) {
            return Preview { standing: Standing::WithRobot, trace: RouteTrace::default() };
        }
        let closed = buyer.and_then(KnownBuyer::closed);
        let closed = closed.filter(|closed| now.since(closed.at) <= self.policy.reopen_window);
        let cause = match (open.and_then(Conversation::agent), closed) {
            (Some(keeper), _) if open.is_some_and(Conversation::is_silent) => Cause::Kept(keeper),
            (Some(holder), _) => Cause::Moved(holder),
            (None, Some(closed)) => Cause::Reopened(closed.agent),
            (None, None) => Cause::New,
        };
        let Beginning { group, priority, artificial_age, .. } = self.beginning(message, closed);
        let fresh = Conversation { priority, artificial_age, ..self.imagined(now, key, group) };
        // A chat page nobody has spoken on begins with the message, by the rules.
        let known = open.filter(|open| !open.is_silent());
        self.decided(now, known.unwrap_or(&fresh), cause)
    }

    /// Where an open conversation stands, if it stays there with one message more.
    fn stays(&self, open: &Conversation) -> Option<Standing> {
        let holder = open.agent().and_then(|holder| self.agents.get(&holder));
        let keeps = holder.is_none_or(super::Agent::keeps_buyers);
        keeps.then(|| self.standing(open))
    }

    /// A conversation that might begin now.
    fn imagined(&self, now: Timestamp, key: BuyerKey, group: super::Text) -> Conversation {
        let event = Event {
            shop: self.shop,
            seq: self.seq().next(),
            id: CommandId::from_bits(0).event(0),
            predecessor: None,
            occurred: now,
            recorded: now,
            conversation: None,
            request: None,
            traceparent: None,
            payload: Payload::RequestNoted,
        };
        let id = ConversationId::from_bits(0);
        let begun = Conversation::new(id, (key.channel, key.buyer), group, &event);
        Conversation { stage: Stage::Open, ..begun }
    }

    fn decided(&self, now: Timestamp, conversation: &Conversation, cause: Cause) -> Preview {
        let (group, decision, trace) = route(self, &Question { conversation, now, cause });
        let standing = match decision {
            Decision::Assign { agent, .. } => Standing::Assigned { agent },
            Decision::Queue(_) => {
                let waiting_since = conversation.waiting_since(now);
                let late = conversation.is_late(self.policy.order, now);
                let ticket =
                    Ticket { priority: conversation.priority, late, waiting_since, seq: Seq(u64::MAX) };
                Standing::Queued { position: self.queue.position(&group, ticket) }
            }
            Decision::Full => Standing::Open,
        };
        Preview { standing, trace }
    }
}
