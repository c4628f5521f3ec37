//! From requests to commands.

use fenliu_domain::desk::command::{BuyerMessage, Command, Reply};
use fenliu_domain::desk::event::{CloseActor, HandOverReason, Seq, Text, TransferTarget};
use fenliu_domain::desk::policy::rule::Origin;
use fenliu_domain::desk::queue::USUAL_PRIORITY;
use fenliu_domain::ids::ShopId;
use fenliu_domain::message::{Actor, MessageKind};
use fenliu_domain::problem::Problem;
use fenliu_domain::time::Timestamp;
use fenliu_proto::common::v1::Content;
use fenliu_proto::convert::{id, optional_id, timestamp};
use fenliu_proto::dispatch::v1 as proto;
use fenliu_proto::words::Word;

use crate::history::Body;

/// The shop every request names.
pub(super) fn shop(text: &str) -> Result<ShopId, Problem> {
    id(text, "shop_id")
}

fn text(value: &str) -> Option<Text> {
    (!value.is_empty()).then(|| Text::from(value))
}

fn time(value: Option<&prost_types::Timestamp>) -> Result<Option<Timestamp>, Problem> {
    value.map(|time| timestamp(time, "occurred_time")).transpose()
}

fn length(content: &Content) -> u32 {
    u32::try_from(content.text.chars().count()).unwrap_or(u32::MAX)
}

fn says_something(content: &Content) -> Result<(), Problem> {
    if content.text.is_empty() && content.reference.is_empty() {
        return Err(Problem::field("content", "must have a text or a reference"));
    }
    Ok(())
}

/// The kind of a content; what fenliu does not know is unsupported.
fn kind(content: &Content) -> MessageKind {
    Word::parse_or(content.kind, MessageKind::Text, "content.kind").unwrap_or(MessageKind::Unsupported)
}

/// What was said, to be kept apart from the event.
pub(super) fn body(content: Option<&Content>) -> Option<Body> {
    content.map(|content| Body {
        kind: kind(content).number(),
        text: content.text.clone(),
        reference: content.reference.clone(),
    })
}

pub(super) fn enter_chat(request: &proto::EnterChatRequest) -> Command {
    Command::EnterChat {
        buyer: Text::from(request.buyer_id.as_str()),
        channel: Text::from(request.channel.as_str()),
    }
}

/// What is known of where a conversation comes from; `None` = nothing.
fn origin(
    (entry_point, order_status, language): (&str, &str, &str),
    tags: &[String],
    keywords: Vec<Text>,
) -> Option<Box<Origin>> {
    let origin = Origin {
        entry_point: text(entry_point),
        order_status: text(order_status),
        language: text(language),
        tags: tags.iter().map(|tag| Text::from(tag.as_str())).collect(),
        keywords,
    };
    (origin != Origin::default()).then(|| Box::new(origin))
}

fn priority(number: u32) -> u8 {
    match u8::try_from(number) {
        Ok(0) | Err(_) => USUAL_PRIORITY,
        Ok(priority) => priority,
    }
}

/// A message nobody has sent, with the keywords of the shop's rules that are in it.
pub(super) fn imagined(request: &proto::DryRunRouteRequest, keywords: Vec<Text>) -> BuyerMessage {
    let known = (request.entry_point.as_str(), request.order_status.as_str(), request.language.as_str());
    BuyerMessage {
        buyer: Text::from(request.buyer_id.as_str()),
        channel: Text::from(request.channel.as_str()),
        external: None,
        occurred: None,
        kind: MessageKind::Text,
        length: 0,
        group: text(&request.group),
        origin: origin(known, &request.tags, keywords),
        priority: priority(request.priority),
    }
}

/// A buyer's message, with the keywords of the shop's rules that were found in it.
pub(super) fn receive_message(
    request: &proto::ReceiveMessageRequest,
    keywords: Vec<Text>,
) -> Result<Command, Problem> {
    let content = request.content.as_ref().ok_or_else(|| Problem::field("content", "must be set"))?;
    // A buyer's unknown kind wants an answer like any other, even if nothing of it can be shown.
    let kind = kind(content);
    if kind != MessageKind::Unsupported {
        says_something(content)?;
    }
    let known = (request.entry_point.as_str(), request.order_status.as_str(), request.language.as_str());
    Ok(Command::ReceiveMessage(BuyerMessage {
        buyer: Text::from(request.buyer_id.as_str()),
        channel: Text::from(request.channel.as_str()),
        external: text(&request.external_message_id),
        occurred: time(request.occurred_time.as_ref())?,
        kind,
        length: length(content),
        group: text(&request.group),
        origin: origin(known, &request.tags, keywords),
        priority: priority(request.priority),
    }))
}

pub(super) fn request_human(request: &proto::RequestHumanRequest) -> Result<Command, Problem> {
    Ok(Command::RequestHuman {
        conversation: id(&request.conversation_id, "conversation_id")?,
        reason: Word::parse_or(request.reason, HandOverReason::BuyerAsked, "reason")?,
    })
}

pub(super) fn leave_queue(request: &proto::LeaveQueueRequest) -> Result<Command, Problem> {
    Ok(Command::LeaveQueue { conversation: id(&request.conversation_id, "conversation_id")? })
}

/// A reply, with the words of the shop's list that were found in it.
pub(super) fn reply(request: &proto::ReplyRequest, language: Vec<Text>) -> Result<Command, Problem> {
    let content = request.content.as_ref().ok_or_else(|| Problem::field("content", "must be set"))?;
    says_something(content)?;
    Ok(Command::Reply(Reply {
        conversation: id(&request.conversation_id, "conversation_id")?,
        actor: Word::parse_or(request.actor, Actor::Human, "actor")?,
        agent: optional_id(&request.agent_id, "agent_id")?,
        kind: Word::parse_or(content.kind, MessageKind::Text, "content.kind")?,
        length: length(content),
        occurred: time(request.occurred_time.as_ref())?,
        small_talk: request.small_talk,
        language,
    }))
}

pub(super) fn close(request: &proto::CloseConversationRequest) -> Result<Command, Problem> {
    Ok(Command::Close {
        conversation: id(&request.conversation_id, "conversation_id")?,
        by: <CloseActor as Word>::parse(request.by, "by")?,
        agent: optional_id(&request.agent_id, "agent_id")?,
        force: request.force,
    })
}

pub(super) fn transfer(request: &proto::TransferConversationRequest) -> Result<Command, Problem> {
    use proto::transfer_conversation_request::Target;
    let target = match &request.target {
        Some(Target::ToAgentId(agent)) => TransferTarget::Agent(id(agent, "to_agent_id")?),
        Some(Target::ToGroup(group)) => TransferTarget::Group(Text::from(group.as_str())),
        None => return Err(Problem::field("target", "must be set")),
    };
    Ok(Command::Transfer {
        conversation: id(&request.conversation_id, "conversation_id")?,
        from: optional_id(&request.from_agent_id, "from_agent_id")?,
        target,
    })
}

/// The note of a transfer, kept like a message's words.
pub(super) fn note(request: &proto::TransferConversationRequest) -> Option<Body> {
    let note = request.note.as_str();
    (!note.is_empty()).then(|| Body { kind: 0, text: note.to_owned(), reference: String::new() })
}

pub(super) fn set_presence(request: &proto::SetPresenceRequest) -> Result<Command, Problem> {
    Ok(Command::SetPresence {
        agent: id(&request.agent_id, "agent_id")?,
        presence: Word::parse(request.presence, "presence")?,
        force: request.force,
    })
}

pub(super) fn wind_down(request: &proto::WindDownRequest) -> Result<Command, Problem> {
    let next = match request.next_presence {
        0 => None,
        number => Some(Word::parse(number, "next_presence")?),
    };
    Ok(Command::WindDown { agent: id(&request.agent_id, "agent_id")?, next, force: request.force })
}

pub(super) fn assign(request: &proto::AssignConversationRequest) -> Result<Command, Problem> {
    Ok(Command::Assign {
        conversation: id(&request.conversation_id, "conversation_id")?,
        agent: id(&request.agent_id, "agent_id")?,
        force: request.force,
    })
}

pub(super) fn decline(request: &proto::DeclineTransferRequest) -> Result<Command, Problem> {
    Ok(Command::DeclineTransfer {
        conversation: id(&request.conversation_id, "conversation_id")?,
        agent: id(&request.agent_id, "agent_id")?,
    })
}

pub(super) fn report(request: &proto::ReportConversationRequest) -> Result<Command, Problem> {
    Ok(Command::Report {
        conversation: id(&request.conversation_id, "conversation_id")?,
        agent: id(&request.agent_id, "agent_id")?,
        reason: Word::parse(request.reason, "reason")?,
    })
}

pub(super) fn set_capacity(request: &proto::SetCapacityRequest) -> Result<Command, Problem> {
    let capacity =
        u32::try_from(request.capacity).map_err(|_| Problem::field("capacity", "must be at least 0"))?;
    Ok(Command::SetCapacity { agent: id(&request.agent_id, "agent_id")?, capacity })
}

/// The etag of a policy that was read; `None` = whatever is there.
pub(super) fn policy_etag(etag: &str) -> Result<Option<Seq>, Problem> {
    match etag {
        "" => Ok(None),
        etag => etag
            .parse()
            .map(|seq| Some(Seq(seq)))
            .map_err(|_| Problem::field("etag", "must be an etag that was read")),
    }
}
