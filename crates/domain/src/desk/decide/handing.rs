//! Handing conversations to people by name: transfers, what comes back of them, and hand-outs.

use super::Session;
use crate::desk::agent::{Agent, Availability};
use crate::desk::conversation::{Conversation, Handover, Stage};
use crate::desk::event::{AssignReason, Payload, Text, TransferTarget};
use crate::desk::refusal::{agent_disabled, sanctioned};
use crate::desk::route::{Cause, Decision, Question, route};
use crate::desk::trace::RouteTrace;
use crate::ids::{AgentId, ConversationId};
use crate::problem::{Problem, Reason};

impl Session<'_> {
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
        expect_said(conversation)?;
        match target {
            TransferTarget::Agent(to) => self.transfer_to_agent(id, to),
            TransferTarget::Group(group) => self.transfer_to_group(id, &group),
        }
    }

    fn transfer_to_agent(&mut self, id: ConversationId, to: AgentId) -> Result<(), Problem> {
        let conversation = self.conversation(id)?;
        let (previous, group) = (conversation.agent(), conversation.group.clone());
        let agent = self.agent(to)?;
        expect_other(conversation, to)?;
        if !agent.takes_transfers() {
            return Err(Problem::new(
                Reason::AgentUnavailable,
                "the agent is away, on break, disabled, muted or banned; choose somebody who is there",
            )
            .with("agent_id", to));
        }
        let rank = self.desk.policy.strategy.rank(agent, &group);
        self.record(Some(id), Payload::Transferred { from: previous, target: TransferTarget::Agent(to) });
        self.give(id, to, AssignReason::Transfer, rank);
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
        let asked = Conversation {
            group: group.clone(),
            stage: Stage::Open,
            handover: from.map_or(Handover::Over, Handover::Waiting),
            ..known
        };
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

    /// Whom a conversation was handed to by name gives it back, before having answered: to whoever handed it over, if
    /// they may still have it, else to whoever is found.
    pub(super) fn decline_transfer(&mut self, id: ConversationId, agent: AgentId) -> Result<(), Problem> {
        let conversation = self.conversation(id)?;
        self.acts_in(conversation, agent)?;
        let Handover::Offered(from) = conversation.handover else {
            return Err(Problem::new(
                Reason::NotOffered,
                "it was not handed over by name, or has been answered since; transfer it instead",
            )
            .with("conversation_id", id)
            .with("agent_id", agent));
        };
        let group = conversation.group.clone();
        self.record(Some(id), Payload::TransferDeclined { agent });
        let giver = self.desk.agents.get(&from).filter(|giver| giver.keeps_buyers());
        match giver.map(|giver| self.desk.policy.strategy.rank(giver, &group)) {
            Some(rank) => self.give(id, from, AssignReason::Declined, rank),
            None => self.route(id, Cause::Moved(agent)),
        }
        Ok(())
    }

    /// A supervisor or the main account gives a conversation to an agent by hand: to whoever may have it, or to anybody
    /// who may work, beyond capacity too, when it is forced.
    pub(super) fn assign(&mut self, id: ConversationId, to: AgentId, force: bool) -> Result<(), Problem> {
        let conversation = self.conversation(id)?;
        expect_said(conversation)?;
        let agent = self.agent(to)?;
        expect_other(conversation, to)?;
        expect_may_work(agent)?;
        let beyond = !agent.takes_transfers() || !agent.has_room();
        if beyond && !force {
            return Err(unavailable(agent));
        }
        let rank = self.desk.policy.strategy.rank(agent, &conversation.group);
        let reason = if beyond { AssignReason::Forced } else { AssignReason::Manual };
        self.give(id, to, reason, rank);
        Ok(())
    }

    /// Gives an agent the first of those who wait for her groups; nothing happens when nobody does.
    pub(super) fn take_next(&mut self, id: AgentId) -> Result<(), Problem> {
        let agent = self.agent(id)?;
        expect_may_work(agent)?;
        // Whoever takes by herself needs no gentle beginning, and no capacity that is only for transfers.
        let may = matches!(
            agent.availability(),
            Availability::Ready | Availability::Ramping | Availability::TransferOnly | Availability::OffDuty
        );
        let room = agent.has_room() || agent.availability() == Availability::TransferOnly;
        if !may || !room {
            return Err(unavailable(agent));
        }
        let Some(next) = self.desk.next_for(agent) else { return Ok(()) };
        let group = self.conversation(next)?.group.clone();
        let rank = self.desk.policy.strategy.rank(agent, &group);
        self.give(next, id, AssignReason::TakenNext, rank);
        Ok(())
    }

    /// Records that a conversation goes to somebody by name.
    fn give(&mut self, id: ConversationId, agent: AgentId, reason: AssignReason, rank: u64) {
        let previous = self.desk.conversation(id).and_then(Conversation::agent);
        let trace = RouteTrace::default();
        self.record(Some(id), Payload::Assigned { agent, previous, reason, ring: 1, rank, trace });
    }
}

/// Nothing can be handed over before something was said.
fn expect_said(conversation: &Conversation) -> Result<(), Problem> {
    if !conversation.is_silent() {
        return Ok(());
    }
    Err(Problem::new(Reason::NothingSaid, "nothing has been said yet; there is nothing to hand over")
        .with("conversation_id", conversation.id))
}

/// It goes to somebody other than who has it.
fn expect_other(conversation: &Conversation, to: AgentId) -> Result<(), Problem> {
    if conversation.agent() != Some(to) {
        return Ok(());
    }
    Err(Problem::new(Reason::AlreadyAssigned, "the agent holds this conversation already")
        .with("agent_id", to))
}

fn expect_may_work(agent: &Agent) -> Result<(), Problem> {
    match agent.entry.sanction {
        _ if !agent.entry.enabled => Err(agent_disabled(agent.id)),
        Some(sanction) => Err(sanctioned(agent.id, sanction)),
        None => Ok(()),
    }
}

/// The agent is not there for it, or has no room.
fn unavailable(agent: &Agent) -> Problem {
    let full = agent.takes_transfers() && !agent.has_room();
    let (reason, words) = if full {
        (
            Reason::AgentSaturated,
            "the agent has no room; choose somebody else, raise the capacity, or force it",
        )
    } else {
        (Reason::AgentUnavailable, "the agent is not there; choose somebody who is, or force it")
    };
    Problem::new(reason, words)
        .with("agent_id", agent.id)
        .with("load", agent.load())
        .with("capacity", agent.capacity)
}
