//! Attempts in and out: what replicas of dispatch leave to each other until its events are stored.

#[cfg(test)]
mod tests;

use fenliu_domain::desk::command::{Attempt, BuyerMessage, Command, Ordered, Reply};
use fenliu_domain::desk::event::{Seq, Text};
use fenliu_domain::desk::policy::ShopHours;
use fenliu_domain::desk::policy::rule::Origin;
use fenliu_domain::ids::CommandId;
use fenliu_domain::problem::Problem;

use super::{inward, outward, policy};
use crate::convert::{id, optional_id, to_timestamp};
use crate::history::v1;
use crate::history::v1::attempt::Command as Wire;
use crate::words::Word;

/// Renders an attempt.
#[must_use]
pub fn to_proto(ordered: &Ordered) -> v1::Attempt {
    let attempt = &ordered.attempt;
    v1::Attempt {
        command_id: attempt.id.bits().to_be_bytes().to_vec(),
        time: Some(to_timestamp(ordered.now)),
        is_new: ordered.is_new,
        request: attempt.request.as_ref().map(outward::mark),
        traceparent: attempt.traceparent.as_deref().unwrap_or_default().to_owned(),
        command: Some(command(&attempt.command)),
    }
}

fn command(of: &Command) -> Wire {
    match of {
        Command::SyncShop(hours) => Wire::SyncShop(v1::SyncShop {
            time_zone: hours.time_zone.to_string(),
            service_start: hours.service_start.to_string(),
            service_end: hours.service_end.to_string(),
        }),
        Command::ReplacePolicy { policy: of, if_policy } => Wire::ReplacePolicy(v1::ReplacePolicy {
            policy: Some(policy::to_proto(of)),
            if_policy_seq: if_policy.map(|seq| seq.0),
        }),
        Command::EnterChat { buyer, channel } => {
            Wire::EnterChat(v1::EnterChat { buyer_id: buyer.to_string(), channel: channel.to_string() })
        }
        Command::ReceiveMessage(message) => Wire::ReceiveMessage(receive_message(message)),
        Command::RequestHuman { conversation, reason } => Wire::RequestHuman(v1::RequestHuman {
            conversation_id: conversation.to_string(),
            reason: reason.number(),
        }),
        Command::LeaveQueue { conversation } => Wire::LeaveQueue(v1::OfConversation {
            conversation_id: conversation.to_string(),
            agent_id: String::new(),
        }),
        Command::Reply(of) => Wire::Reply(reply(of)),
        Command::Close { conversation, by, agent, force } => Wire::Close(v1::Close {
            conversation_id: conversation.to_string(),
            by: by.number(),
            agent_id: outward::optional(*agent),
            force: *force,
        }),
        Command::Transfer { conversation, from, target } => Wire::Transfer(v1::Transfer {
            conversation_id: conversation.to_string(),
            transferred: Some(outward::transferred(*from, target)),
        }),
        Command::Assign { conversation, agent, force } => Wire::Assign(v1::Assign {
            conversation_id: conversation.to_string(),
            agent_id: agent.to_string(),
            force: *force,
        }),
        Command::DeclineTransfer { conversation, agent } => Wire::DeclineTransfer(v1::OfConversation {
            conversation_id: conversation.to_string(),
            agent_id: agent.to_string(),
        }),
        Command::Report { conversation, agent, reason } => Wire::Report(v1::Report {
            conversation_id: conversation.to_string(),
            agent_id: agent.to_string(),
            reason: reason.number(),
        }),
        Command::Rate { conversation, agent, stars } => Wire::Rate(v1::Rate {
            conversation_id: conversation.to_string(),
            agent_id: outward::optional(*agent),
            stars: (*stars).into(),
        }),
        Command::Tick => Wire::Tick(v1::Tick {}),
        Command::SyncAgent { .. }
        | Command::ScoreAgent { .. }
        | Command::SetPresence { .. }
        | Command::WindDown { .. }
        | Command::SetCapacity { .. }
        | Command::TakeNext { .. }
        | Command::Lapse { .. } => about_agent(of),
    }
}

/// What is about an agent; the others are [`command`]'s.
fn about_agent(of: &Command) -> Wire {
    match of {
        Command::SyncAgent { agent, entry } => Wire::SyncAgent(outward::entry(*agent, entry)),
        Command::ScoreAgent { agent, scores } => {
            Wire::ScoreAgent(v1::AgentScored { agent_id: agent.to_string(), scores: outward::scores(scores) })
        }
        Command::SetPresence { agent, presence, force } => Wire::SetPresence(v1::SetPresence {
            agent_id: agent.to_string(),
            presence: presence.number(),
            force: *force,
        }),
        Command::WindDown { agent, next, force } => Wire::WindDown(v1::WindDown {
            agent_id: agent.to_string(),
            next: next.map_or(0, Word::number),
            force: *force,
        }),
        Command::SetCapacity { agent, capacity } => {
            Wire::SetCapacity(v1::SetCapacity { agent_id: agent.to_string(), capacity: *capacity })
        }
        Command::TakeNext { agent } => Wire::TakeNext(v1::OfAgent { agent_id: agent.to_string() }),
        Command::Lapse { agent } => Wire::Lapse(v1::OfAgent { agent_id: agent.to_string() }),
        other => command(other),
    }
}

fn receive_message(message: &BuyerMessage) -> v1::ReceiveMessage {
    v1::ReceiveMessage {
        buyer_id: message.buyer.to_string(),
        channel: message.channel.to_string(),
        external_message_id: message.external.as_ref().map(ToString::to_string),
        occurred_time: message.occurred.map(to_timestamp),
        kind: message.kind.number(),
        length: message.length,
        group: message.group.as_ref().map(ToString::to_string),
        origin: message.origin.as_deref().map(origin),
        priority: message.priority.into(),
    }
}

fn origin(of: &Origin) -> v1::Origin {
    let texts = |of: &[Text]| of.iter().map(ToString::to_string).collect();
    v1::Origin {
        entry_point: of.entry_point.as_ref().map(ToString::to_string),
        order_status: of.order_status.as_ref().map(ToString::to_string),
        language: of.language.as_ref().map(ToString::to_string),
        tags: texts(&of.tags),
        keywords: texts(&of.keywords),
    }
}

fn reply(of: &Reply) -> v1::Reply {
    v1::Reply {
        conversation_id: of.conversation.to_string(),
        actor: of.actor.number(),
        agent_id: outward::optional(of.agent),
        kind: of.kind.number(),
        length: of.length,
        occurred_time: of.occurred.map(to_timestamp),
        small_talk: of.small_talk,
        flagged_words: of.language.iter().map(ToString::to_string).collect(),
    }
}

/// Parses an attempt.
///
/// # Errors
/// INVALID_REQUEST naming the field that cannot be read; another version wrote it, or it was damaged.
pub fn from_proto(wire: &v1::Attempt) -> Result<Ordered, Problem> {
    let bits = <[u8; 16]>::try_from(wire.command_id.as_slice());
    let bits = bits.map_err(|_| Problem::field("command_id", "must be 16 bytes"))?;
    let of = wire.command.as_ref();
    let of = of.ok_or_else(|| Problem::field("command", "must be a kind this version knows"))?;
    let attempt = Attempt {
        id: CommandId::from_bits(u128::from_be_bytes(bits)),
        request: wire.request.as_ref().map(inward::mark).transpose()?,
        traceparent: inward::optional_text(&wire.traceparent),
        command: parse(of)?,
    };
    Ok(Ordered { attempt, now: inward::time(wire.time.as_ref(), "time")?, is_new: wire.is_new })
}

fn parse(of: &Wire) -> Result<Command, Problem> {
    Ok(match of {
        Wire::SyncShop(of) => Command::SyncShop(ShopHours {
            time_zone: inward::text(&of.time_zone),
            service_start: inward::text(&of.service_start),
            service_end: inward::text(&of.service_end),
        }),
        Wire::ReplacePolicy(of) => {
            let wire = of.policy.as_ref().ok_or_else(|| Problem::field("policy", "must be set"))?;
            let policy = Box::new(policy::from_proto(wire)?);
            Command::ReplacePolicy { policy, if_policy: of.if_policy_seq.map(Seq) }
        }
        Wire::EnterChat(of) => {
            Command::EnterChat { buyer: inward::text(&of.buyer_id), channel: inward::text(&of.channel) }
        }
        Wire::ReceiveMessage(of) => Command::ReceiveMessage(parse_message(of)?),
        Wire::RequestHuman(of) => Command::RequestHuman {
            conversation: conversation(&of.conversation_id)?,
            reason: Word::parse(of.reason, "reason")?,
        },
        Wire::LeaveQueue(of) => Command::LeaveQueue { conversation: conversation(&of.conversation_id)? },
        Wire::Reply(of) => Command::Reply(parse_reply(of)?),
        Wire::Close(of) => Command::Close {
            conversation: conversation(&of.conversation_id)?,
            by: Word::parse(of.by, "by")?,
            agent: optional_id(&of.agent_id, "agent_id")?,
            force: of.force,
        },
        Wire::Transfer(of) => {
            let wire = of.transferred.as_ref();
            let wire = wire.ok_or_else(|| Problem::field("transferred", "must be set"))?;
            let (from, target) = inward::transferred(wire)?;
            Command::Transfer { conversation: conversation(&of.conversation_id)?, from, target }
        }
        Wire::Assign(of) => Command::Assign {
            conversation: conversation(&of.conversation_id)?,
            agent: agent(&of.agent_id)?,
            force: of.force,
        },
        Wire::DeclineTransfer(of) => Command::DeclineTransfer {
            conversation: conversation(&of.conversation_id)?,
            agent: agent(&of.agent_id)?,
        },
        Wire::Report(of) => Command::Report {
            conversation: conversation(&of.conversation_id)?,
            agent: agent(&of.agent_id)?,
            reason: Word::parse(of.reason, "reason")?,
        },
        Wire::Rate(of) => Command::Rate {
            conversation: conversation(&of.conversation_id)?,
            agent: optional_id(&of.agent_id, "agent_id")?,
            stars: inward::small(of.stars, "stars")?,
        },
        Wire::Tick(_) => Command::Tick,
        Wire::SyncAgent(_)
        | Wire::ScoreAgent(_)
        | Wire::SetPresence(_)
        | Wire::WindDown(_)
        | Wire::SetCapacity(_)
        | Wire::TakeNext(_)
        | Wire::Lapse(_) => parse_about_agent(of)?,
    })
}

/// What is about an agent; the others are [`parse`]'s.
fn parse_about_agent(of: &Wire) -> Result<Command, Problem> {
    Ok(match of {
        Wire::SyncAgent(of) => {
            let (agent, entry) = inward::entry(of)?;
            Command::SyncAgent { agent, entry: Box::new(entry) }
        }
        Wire::ScoreAgent(of) => {
            Command::ScoreAgent { agent: agent(&of.agent_id)?, scores: inward::scores(&of.scores) }
        }
        Wire::SetPresence(of) => Command::SetPresence {
            agent: agent(&of.agent_id)?,
            presence: Word::parse(of.presence, "presence")?,
            force: of.force,
        },
        Wire::WindDown(of) => Command::WindDown {
            agent: agent(&of.agent_id)?,
            next: inward::next(of.next, "next")?,
            force: of.force,
        },
        Wire::SetCapacity(of) => Command::SetCapacity { agent: agent(&of.agent_id)?, capacity: of.capacity },
        Wire::TakeNext(of) => Command::TakeNext { agent: agent(&of.agent_id)? },
        Wire::Lapse(of) => Command::Lapse { agent: agent(&of.agent_id)? },
        other => parse(other)?,
    })
}

fn conversation(text: &str) -> Result<fenliu_domain::ids::ConversationId, Problem> {
    id(text, "conversation_id")
}

fn agent(text: &str) -> Result<fenliu_domain::ids::AgentId, Problem> {
    id(text, "agent_id")
}

fn parse_message(of: &v1::ReceiveMessage) -> Result<BuyerMessage, Problem> {
    Ok(BuyerMessage {
        buyer: inward::text(&of.buyer_id),
        channel: inward::text(&of.channel),
        external: of.external_message_id.as_deref().map(Text::from),
        occurred: inward::optional_time(of.occurred_time.as_ref(), "occurred_time")?,
        kind: Word::parse(of.kind, "kind")?,
        length: of.length,
        group: of.group.as_deref().map(Text::from),
        origin: of.origin.as_ref().map(|of| Box::new(parse_origin(of))),
        priority: inward::small(of.priority, "priority")?,
    })
}

fn parse_origin(of: &v1::Origin) -> Origin {
    let texts = |of: &[String]| of.iter().map(|text| inward::text(text)).collect();
    Origin {
        entry_point: of.entry_point.as_deref().map(Text::from),
        order_status: of.order_status.as_deref().map(Text::from),
        language: of.language.as_deref().map(Text::from),
        tags: texts(&of.tags),
        keywords: texts(&of.keywords),
    }
}

fn parse_reply(of: &v1::Reply) -> Result<Reply, Problem> {
    Ok(Reply {
        conversation: conversation(&of.conversation_id)?,
        actor: Word::parse(of.actor, "actor")?,
        agent: optional_id(&of.agent_id, "agent_id")?,
        kind: Word::parse(of.kind, "kind")?,
        length: of.length,
        occurred: inward::optional_time(of.occurred_time.as_ref(), "occurred_time")?,
        small_talk: of.small_talk,
        language: of.flagged_words.iter().map(|word| inward::text(word)).collect(),
    })
}
