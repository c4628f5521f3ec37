//! What the shop's side does in conversations.

use super::Session;
use crate::desk::agent::{AgentEntry, SanctionKind};
use crate::desk::command::Reply;
use crate::desk::conversation::{Conversation, Stage};
use crate::desk::event::{CloseActor, Payload, QueueLeaveReason, ReportReason};
use crate::desk::language::{LanguageAction, MAX_HITS};
use crate::desk::refusal::{agent_disabled, sanctioned};
use crate::ids::{AgentId, ConversationId};
use crate::message::{Actor, MessageKind};
use crate::problem::{Problem, Reason};
use crate::time::Timestamp;

/// The best rating there is.
const MAX_STARS: u8 = 5;

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
        let asked = conversation.owed().map_or(Timestamp::MIN, |owed| owed.since);
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
    pub(super) fn acts_in(&self, conversation: &Conversation, agent: AgentId) -> Result<(), Problem> {
        match &self.agent(agent)?.entry {
            entry if !entry.enabled => Err(agent_disabled(agent)),
            AgentEntry { sanction: Some(ban), .. } if ban.kind == SanctionKind::Banned => {
                Err(sanctioned(agent, *ban))
            }
            _ => held_by(conversation, agent),
        }
    }

    /// Ends a conversation. The buyer always may; the shop's side only when no reply is owed, unless it was reported or a
    /// supervisor forces it.
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
        let reply_owed = conversation.owed().is_some();
        let excused = conversation.reported || (force && by == CloseActor::Supervisor);
        if reply_owed && by != CloseActor::Buyer && !excused {
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

    /// An agent reports what is no honest question; it may then be closed although a reply is owed.
    pub(super) fn report(
        &mut self,
        id: ConversationId,
        agent: AgentId,
        reason: ReportReason,
    ) -> Result<(), Problem> {
        let conversation = self.conversation(id)?;
        self.acts_in(conversation, agent)?;
        if !conversation.reported {
            self.record(Some(id), Payload::Reported { agent, reason });
        }
        Ok(())
    }

    /// A buyer says how content they are. Whether an ended conversation was one of the shop's is for whoever keeps its
    /// history to say.
    pub(super) fn rate(
        &mut self,
        id: ConversationId,
        agent: Option<AgentId>,
        stars: u8,
    ) -> Result<(), Problem> {
        if !(1..=MAX_STARS).contains(&stars) {
            return Err(Problem::field("stars", format!("must be 1 to {MAX_STARS}")));
        }
        let holder = self.desk.conversation(id).and_then(Conversation::agent);
        self.record(Some(id), Payload::Rated { agent: agent.or(holder), stars });
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
