//! What the shop's side does in conversations.

use super::Session;
use crate::desk::agent::{AgentEntry, SanctionKind};
use crate::desk::command::Reply;
use crate::desk::conversation::{Conversation, Stage};
use crate::desk::event::{AssignReason, CloseActor, Payload, QueueLeaveReason, Text, TransferTarget};
use crate::desk::language::{LanguageAction, MAX_HITS};
use crate::desk::refusal::{agent_disabled, sanctioned};
use crate::desk::route::{Cause, Decision, Question, route};
use crate::desk::trace::RouteTrace;
use crate::ids::{AgentId, ConversationId};
use crate::message::{Actor, MessageKind};
use crate::problem::{Problem, Reason};
use crate::time::Timestamp;

impl Session<'_> {
    /// A message from the shop's side.
    pub(super) fn reply(&mut self, reply: &Reply) -> Result<(), Problem> {
        if matches!(reply.kind, MessageKind::Video) {
            return Err(Problem::new(
                Reason::VideoNotAllowed,
                "agents cannot send video; send a picture or a link",
            )
            .with("conversation_id", reply.conversation));
        }
        if matches!(reply.kind, MessageKind::Unsupported) {
            return Err(Problem::field("content.kind", "must be a kind agents can send"));
        }
        let conversation = self.conversation(reply.conversation)?;
        // No answer comes before its question, whatever the channel's clock says.
        let asked = conversation.owed.map_or(Timestamp::MIN, |owed| owed.since);
        let occurred = self.occurred(reply.occurred)?.max(asked);
        match (reply.actor, reply.agent) {
            (Actor::Human, None) => {
                return Err(Problem::field("agent_id", "must be given when a human answers"));
            }
            (_, Some(agent)) => {
                self.acts_in(conversation, agent)?;
                if let Some(sanction) = self.agent(agent)?.entry.sanction {
                    return Err(sanctioned(agent, sanction));
                }
            }
            (Actor::FullRobot, None) if conversation.stage != Stage::WithRobot => {
                return Err(Problem::new(
                    Reason::NotWithRobot,
                    "people have this conversation; the robot may not answer",
                )
                .with("conversation_id", reply.conversation));
            }
            (_, None) => {}
        }
        let payload = Payload::ReplySent {
            message: self.next_event().message(),
            actor: reply.actor,
            agent: reply.agent,
            kind: reply.kind,
            length: reply.length,
            small_talk: reply.small_talk,
        };
        self.send(reply, occurred, payload);
        Ok(())
    }

    /// Sends a reply and flags the words of the shop's list that its agent used, or only flags them, as the shop wants.
    fn send(&mut self, reply: &Reply, occurred: Timestamp, sent: Payload) {
        let action = self.desk.policy.language.action;
        // The list is for what agents say; robots say what they were given.
        let flagged = reply.agent.filter(|_| !reply.language.is_empty());
        let refused = flagged.is_some() && action == LanguageAction::Refuse;
        let message = (!refused).then(|| self.next_event().message());
        if !refused {
            self.record_at(occurred, Some(reply.conversation), sent);
        }
        if let Some(agent) = flagged {
            let words = reply.language.iter().take(MAX_HITS).cloned().collect();
            let flagged = Payload::LanguageFlagged { agent, message, words, action };
            self.record_at(occurred, Some(reply.conversation), flagged);
        }
    }

    /// Checks that an agent may act in a conversation: known, enabled, not banned, and the one who holds it. Whoever
    /// is only muted may still end it or hand it over.
    fn acts_in(&self, conversation: &Conversation, agent: AgentId) -> Result<(), Problem> {
        match &self.agent(agent)?.entry {
            entry if !entry.enabled => Err(agent_disabled(agent)),
            AgentEntry { sanction: Some(ban), .. } if ban.kind == SanctionKind::Banned => {
                Err(sanctioned(agent, *ban))
            }
            _ => held_by(conversation, agent),
        }
    }

    /// Ends a conversation. The buyer always may; the shop's side only when no reply is owed, unless a supervisor
    /// forces it.
    pub(super) fn close(
        &mut self,
        id: ConversationId,
        by: CloseActor,
        agent: Option<AgentId>,
        force: bool,
    ) -> Result<(), Problem> {
        let conversation = self.conversation(id)?;
        if by == CloseActor::Agent {
            let agent =
                agent.ok_or_else(|| Problem::field("agent_id", "must be given when an agent ends it"))?;
            self.acts_in(conversation, agent)?;
        }
        let reply_owed = conversation.owed.is_some();
        let forced = force && by == CloseActor::Supervisor;
        if reply_owed && by != CloseActor::Buyer && !forced {
            return Err(Problem::new(Reason::ReplyOwed, "the buyer waits for an answer; answer first")
                .with("conversation_id", id));
        }
        let (holder, group) = (conversation.agent(), conversation.group.clone());
        if matches!(conversation.stage, Stage::Queued(_)) {
            self.record(Some(id), Payload::QueueLeft { group, reason: QueueLeaveReason::Closed });
        }
        self.record(Some(id), Payload::Closed { by, agent: holder, reply_owed });
        Ok(())
    }

    /// Hands a conversation over; the reply clock runs on.
    pub(super) fn transfer(
        &mut self,
        id: ConversationId,
        from: Option<AgentId>,
        target: TransferTarget,
    ) -> Result<(), Problem> {
        let conversation = self.conversation(id)?;
        if let Some(from) = from {
            self.acts_in(conversation, from)?;
        }
        if conversation.stage == Stage::Entered {
            return Err(Problem::new(
                Reason::NothingSaid,
                "nothing has been said yet; there is nothing to hand over",
            )
            .with("conversation_id", id));
        }
        match target {
            TransferTarget::Agent(to) => self.transfer_to_agent(id, to),
            TransferTarget::Group(group) => self.transfer_to_group(id, &group),
        }
    }

    fn transfer_to_agent(&mut self, id: ConversationId, to: AgentId) -> Result<(), Problem> {
        let previous = self.conversation(id)?.agent();
        let group = self.conversation(id)?.group.clone();
        let agent = self.agent(to)?;
        if previous == Some(to) {
            return Err(Problem::new(Reason::AlreadyAssigned, "the agent holds this conversation already")
                .with("agent_id", to));
        }
        if !agent.takes_transfers() {
            return Err(Problem::new(
                Reason::AgentUnavailable,
                "the agent is away, on break, disabled, muted or banned; choose somebody who is there",
            )
            .with("agent_id", to));
        }
        let rank = self.desk.policy.strategy.rank(agent, &group);
        self.record(Some(id), Payload::Transferred { from: previous, target: TransferTarget::Agent(to) });
        let assigned = Payload::Assigned {
            agent: to,
            previous,
            reason: AssignReason::Transfer,
            ring: 1,
            rank,
            trace: RouteTrace::default(),
        };
        self.record(Some(id), assigned);
        Ok(())
    }

    fn transfer_to_group(&mut self, id: ConversationId, group: &Text) -> Result<(), Problem> {
        if !self.desk.floor.has_members(group) {
            return Err(Problem::new(Reason::GroupNotFound, "no agent of this shop answers for this group")
                .with("group", group));
        }
        let from = self.conversation(id)?.agent();
        // Asked on a copy that stands in no line: it must not count as waiting behind itself.
        let known = self.conversation(id)?.clone();
        let asked = Conversation { group: group.clone(), stage: Stage::Open, handed_by: from, ..known };
        let question = Question { conversation: &asked, now: self.now, cause: Cause::HandedToGroup };
        let decided = route(self.desk, &question);
        if decided.1 == Decision::Full {
            return Err(Problem::new(Reason::QueueFull, "the queue has no room; try again later")
                .with("queue_limit", self.desk.policy.queue_limit));
        }
        let target = TransferTarget::Group(group.clone());
        self.record(Some(id), Payload::Transferred { from, target });
        self.write_down(id, from, decided);
        Ok(())
    }
}

/// Only the agent who holds a conversation may act in it.
fn held_by(conversation: &Conversation, agent: AgentId) -> Result<(), Problem> {
    if conversation.agent() == Some(agent) {
        return Ok(());
    }
    let problem =
        Problem::new(Reason::NotAssignee, "another agent, the robot or the queue has this conversation")
            .with("conversation_id", conversation.id)
            .with("agent_id", agent);
    Err(match conversation.agent() {
        Some(holder) => problem.with("holder", holder),
        None => problem,
    })
}
