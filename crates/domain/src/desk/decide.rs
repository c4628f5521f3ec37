//! Decisions: one function a command. Each checks everything first and refuses before it records anything, so a
//! refused command changes nothing; then it records what happened, event by event, each carried out at once.

mod agents;
mod conversations;
mod handing;
mod reception;
mod settle;
mod shop;

use super::command::{Applied, Attempt, Command};
use super::conversation::Conversation;
use super::event::{Event, Payload, RequestMark, Text};
use super::refusal::{agent_not_found, conversation_not_found, request_id_reused, shop_not_found};
use super::{Desk, MAX_AGE, MAX_AHEAD};
use crate::ids::{AgentId, CommandId, ConversationId, EventId};
use crate::problem::{Problem, Reason};
use crate::time::Timestamp;

/// Decides one attempt at `now`, which is not before the desk's latest time.
pub(super) fn decide(desk: &mut Desk, now: Timestamp, attempt: Attempt) -> Result<Applied, Problem> {
    if let Some(repeated) = recall(desk, now, &attempt)? {
        return Ok(repeated);
    }
    if desk.head.is_none() && !matches!(attempt.command, Command::SyncShop(_)) {
        return Err(shop_not_found(desk.shop));
    }
    let mut session = Session {
        desk,
        now,
        command: attempt.id,
        request: attempt.request,
        traceparent: attempt.traceparent,
        events: Vec::new(),
    };
    session.carry_out(attempt.command)?;
    session.settle();
    session.note_request();
    Ok(Applied::Done(session.events))
}

/// Recognises a request, or a channel's message, that has been carried out before.
fn recall(desk: &Desk, now: Timestamp, attempt: &Attempt) -> Result<Option<Applied>, Problem> {
    if let Some(mark) = &attempt.request
        && let Some(known) = desk.requests.recall(&mark.key()).filter(|known| known.is_recent(now))
    {
        if known.body_hash != mark.body_hash {
            return Err(request_id_reused(&mark.request_id));
        }
        return Ok(Some(Applied::Repeated { first: known.first, redelivered: false }));
    }
    let Some(delivery) = attempt.command.delivery() else { return Ok(None) };
    let known = desk.deliveries.recall(&delivery);
    Ok(known.map(|known| Applied::Repeated { first: known.first, redelivered: true }))
}

/// One command being carried out.
struct Session<'d> {
    desk: &'d mut Desk,
    now: Timestamp,
    command: CommandId,
    request: Option<RequestMark>,
    traceparent: Option<Text>,
    events: Vec<Event>,
}

impl Session<'_> {
    fn carry_out(&mut self, command: Command) -> Result<(), Problem> {
        match command {
            Command::SyncShop(hours) => self.sync_shop(hours),
            Command::ReplacePolicy { policy, if_policy } => self.replace_policy(*policy, if_policy),
            Command::SyncAgent { agent, entry } => self.sync_agent(agent, *entry),
            Command::ScoreAgent { agent, scores } => self.score_agent(agent, scores),
            Command::SetPresence { agent, presence, force } => self.set_presence(agent, presence, force),
            Command::WindDown { agent, next, force } => self.wind_down(agent, next, force),
            Command::SetCapacity { agent, capacity } => self.set_capacity(agent, capacity),
            Command::Lapse { agent } => self.lapse(agent),
            Command::EnterChat { buyer, channel } => {
                self.enter_chat(buyer, channel);
                Ok(())
            }
            Command::ReceiveMessage(message) => self.receive_message(message),
            Command::RequestHuman { conversation, reason } => self.request_human(conversation, reason),
            Command::LeaveQueue { conversation } => self.leave_queue(conversation),
            Command::Reply(reply) => self.reply(&reply),
            Command::Close { conversation, by, agent, force } => self.close(conversation, by, agent, force),
            Command::Transfer { conversation, from, target } => self.transfer(conversation, from, target),
            Command::TakeNext { agent } => self.take_next(agent),
            Command::Assign { conversation, agent, force } => self.assign(conversation, agent, force),
            Command::DeclineTransfer { conversation, agent } => self.decline_transfer(conversation, agent),
            Command::Report { conversation, agent, reason } => self.report(conversation, agent, reason),
            Command::Rate { conversation, agent, stars } => self.rate(conversation, agent, stars),
            Command::Tick => {
                self.tick();
                Ok(())
            }
        }
    }

    /// A request that found everything as it asked is recorded all the same: repeated later, it must not take effect
    /// then.
    fn note_request(&mut self) {
        if self.request.is_some() {
            self.record(None, Payload::RequestNoted);
        }
    }

    /// The id of the event that is recorded next.
    fn next_event(&self) -> EventId {
        // Work limits keep a command far below the 4,096 events its id has room for.
        self.command.event(u32::try_from(self.events.len()).unwrap_or(u32::MAX))
    }

    /// Records what happened now, and carries it out.
    fn record(&mut self, conversation: Option<ConversationId>, payload: Payload) {
        self.record_at(self.now, conversation, payload);
    }

    /// Records what happened by the caller's word at another time, and carries it out.
    fn record_at(&mut self, occurred: Timestamp, conversation: Option<ConversationId>, payload: Payload) {
        let event = Event {
            shop: self.desk.shop,
            seq: self.desk.seq().next(),
            id: self.next_event(),
            predecessor: self.desk.head.map(|head| head.event),
            occurred,
            recorded: self.now,
            conversation,
            request: self.request.take().map(Box::new),
            traceparent: self.traceparent.take(),
            payload,
        };
        self.desk.evolve(&event);
        self.events.push(event);
    }

    /// The time a channel gave, or now.
    fn occurred(&self, given: Option<Timestamp>) -> Result<Timestamp, Problem> {
        let occurred = given.unwrap_or(self.now);
        let wrong = if occurred > self.now + MAX_AHEAD {
            "occurred_time is more than 5 minutes in the future; set the channel's clock right"
        } else if occurred < self.now - MAX_AGE {
            "occurred_time is more than 48 hours ago; older history is for ImportEvents of analytics"
        } else {
            return Ok(occurred);
        };
        let problem = Problem::new(Reason::ClockSkew, wrong);
        Err(problem.with("occurred_time", occurred).with("now", self.now))
    }

    fn conversation(&self, id: ConversationId) -> Result<&Conversation, Problem> {
        self.desk.conversation(id).ok_or_else(|| conversation_not_found(id))
    }

    fn agent(&self, id: AgentId) -> Result<&super::Agent, Problem> {
        self.desk.agents.get(&id).ok_or_else(|| agent_not_found(id))
    }
}
