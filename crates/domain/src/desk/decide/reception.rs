//! What buyers do.

use super::Session;
use crate::desk::beginning::Beginning;
use crate::desk::buyer::KnownBuyer;
use crate::desk::command::BuyerMessage;
use crate::desk::conversation::{Conversation, Stage, Standing};
use crate::desk::event::{CloseActor, HandOverReason, Payload, QueueLeaveReason, Text};
use crate::desk::route::Cause;
use crate::desk::{BuyerKey, ClosedConversation};
use crate::ids::{AgentId, ConversationId};
use crate::problem::{Problem, Reason};

impl Session<'_> {
    /// The chat page is open: a conversation in stage entered, unless one is open already. Where the shop wants it, an
    /// agent who is ready keeps a place for it.
    pub(super) fn enter_chat(&mut self, buyer: Text, channel: Text) {
        let key = BuyerKey { channel: channel.clone(), buyer: buyer.clone() };
        let open = self.desk.buyers.get(&key).and_then(KnownBuyer::open);
        let conversation = open.unwrap_or_else(|| self.next_event().conversation());
        let standing = self
            .desk
            .conversations
            .get(&conversation)
            .map_or(Standing::Entered, |conversation| self.desk.standing(conversation));
        self.record(Some(conversation), Payload::ChatEntered { buyer, channel, standing });
        let policy = &self.desk.policy;
        if open.is_none() && policy.pre_assign.is_some() && !policy.robot_first {
            self.route(conversation, Cause::New);
        }
    }

    /// A buyer's message joins their conversation, takes one up again, or begins one; whoever nobody holds is
    /// routed.
    pub(super) fn receive_message(&mut self, message: BuyerMessage) -> Result<(), Problem> {
        let occurred = self.occurred(message.occurred)?;
        let (conversation, cause) = self.conversation_for(&message);
        let standing = {
            let conversation = self.conversation(conversation)?;
            self.desk.standing(conversation)
        };
        let payload = Payload::MessageReceived {
            message: self.next_event().message(),
            kind: message.kind,
            length: message.length,
            channel: message.channel,
            external: message.external,
            standing,
        };
        self.record_at(occurred, Some(conversation), payload);
        match standing {
            Standing::Open => self.route(conversation, cause),
            // Whoever was left a message has not come back: somebody else may be there by now.
            Standing::Assigned { agent } if self.is_away(agent) => {
                self.route(conversation, Cause::Moved(agent));
            }
            _ => {}
        }
        Ok(())
    }

    fn is_away(&self, agent: AgentId) -> bool {
        self.desk.agents.get(&agent).is_some_and(|agent| !agent.keeps_buyers())
    }

    /// The buyer's open conversation, made or taken up again where there is none, and how it came to need
    /// somebody if it does.
    fn conversation_for(&mut self, message: &BuyerMessage) -> (ConversationId, Cause) {
        let key = BuyerKey { channel: message.channel.clone(), buyer: message.buyer.clone() };
        let buyer = self.desk.buyers.get(&key);
        if let Some(open) = buyer.and_then(KnownBuyer::open) {
            let silent = self.desk.conversation(open).filter(|known| known.is_silent());
            let keeper = silent.and_then(Conversation::agent);
            if silent.is_some() {
                self.open(open, message, None);
            }
            return (open, keeper.map_or(Cause::New, Cause::Kept));
        }
        if let Some(closed) = buyer.and_then(|buyer| self.recently_closed(buyer)) {
            self.open(closed.id, message, Some(&closed));
            return (closed.id, Cause::Reopened(closed.agent));
        }
        let id = self.next_event().conversation();
        self.open(id, message, None);
        (id, Cause::New)
    }

    /// Whether an agent keeps a place for it.
    fn is_kept(&self, id: ConversationId) -> bool {
        self.desk.conversation(id).is_some_and(|known| matches!(known.stage, Stage::Kept(_)))
    }

    fn recently_closed(&self, buyer: &KnownBuyer) -> Option<ClosedConversation> {
        let window = self.desk.policy.reopen_window;
        buyer.closed().filter(|closed| self.now.since(closed.at) <= window).cloned()
    }

    fn open(&mut self, id: ConversationId, message: &BuyerMessage, closed: Option<&ClosedConversation>) {
        let Beginning { group, priority, rule, artificial_age } = self.desk.beginning(message, closed);
        let payload = Payload::ConversationOpened {
            buyer: message.buyer.clone(),
            channel: message.channel.clone(),
            group,
            priority,
            reopened: closed.is_some(),
            with_robot: self.desk.policy.robot_first && !self.is_kept(id),
            rule: rule.and_then(|place| u8::try_from(place + 1).ok()),
            artificial_age,
        };
        self.record(Some(id), payload);
    }

    /// The robot hands the conversation to people (转人工).
    pub(super) fn request_human(
        &mut self,
        id: ConversationId,
        reason: HandOverReason,
    ) -> Result<(), Problem> {
        if self.conversation(id)?.stage != Stage::WithRobot {
            return Err(Problem::new(Reason::NotWithRobot, "the robot does not hold this conversation")
                .with("conversation_id", id));
        }
        self.record(Some(id), Payload::HandedToHuman { reason });
        self.route(id, Cause::New);
        Ok(())
    }

    /// The buyer gives up waiting, and the conversation ends.
    pub(super) fn leave_queue(&mut self, id: ConversationId) -> Result<(), Problem> {
        let conversation = self.conversation(id)?;
        if !matches!(conversation.stage, Stage::Queued(_)) {
            return Err(Problem::new(Reason::NotQueued, "the conversation does not wait in the queue")
                .with("conversation_id", id));
        }
        let (group, reply_owed) = (conversation.group.clone(), conversation.owed().is_some());
        self.record(Some(id), Payload::QueueLeft { group, reason: QueueLeaveReason::Abandoned });
        self.record(Some(id), Payload::Closed { by: CloseActor::Buyer, agent: None, reply_owed });
        Ok(())
    }
}
