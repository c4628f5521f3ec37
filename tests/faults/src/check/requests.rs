//! What callers were told, beside what the history says.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use fenliu_domain::desk::event::{CloseActor, Event, Payload, TransferTarget};
use fenliu_domain::ids::{CommandId, ShopId};
use fenliu_domain::problem::Reason;
use fenliu_proto::dispatch::v1::transfer_conversation_request::Target;
use fenliu_proto::words::Word;
use fenliu_tests::load::request::{Answer, Request};

use super::{Findings, Wrong};
use crate::history::History;
use crate::ledger::{Conclusion, Operation, Sent};

/// The events of the command that carried a request out, the first one first.
type Effects<'h> = BTreeMap<(ShopId, &'h str), Vec<&'h Event>>;

pub(super) fn check(history: &History, operations: &[Operation], findings: &mut Findings) {
    let effects = effects(history, findings);
    check_deliveries(history, findings);
    let mut ordered = Vec::new();
    for operation in operations {
        let Ok(shop) = operation.request.shop().parse::<ShopId>() else { continue };
        let effect = effects.get(&(shop, operation.request.id())).map(Vec::as_slice);
        check_operation(history, operation, effect, findings);
        if let Some(first) = effect.and_then(<[_]>::first) {
            ordered.push((shop, first.seq.0, operation));
        }
    }
    ordered.sort_by_key(|(shop, seq, _)| (*shop, *seq));
    check_order(&ordered, findings);
}

fn effects<'h>(history: &'h History, findings: &mut Findings) -> Effects<'h> {
    let mut effects = Effects::new();
    let mut of_command: BTreeMap<CommandId, (ShopId, &str)> = BTreeMap::new();
    for (position, event) in &history.events {
        let command = CommandId::of(event.id);
        if let Some(mark) = &event.request {
            let key = (event.shop, mark.request_id.as_str());
            if effects.insert(key, vec![event]).is_some() {
                findings.add(
                    Wrong::Doubled,
                    format_args!("request {:?} has another effect at {position}", mark.request_id),
                );
            }
            of_command.insert(command, key);
        } else if let Some(known) = of_command.get(&command).and_then(|key| effects.get_mut(key)) {
            known.push(event);
        }
    }
    effects
}

fn check_deliveries(history: &History, findings: &mut Findings) {
    let mut known = BTreeSet::new();
    for (position, event) in &history.events {
        if let Payload::MessageReceived { channel, external: Some(external), .. } = &event.payload
            && !known.insert((event.shop, channel.as_str(), external.as_str()))
        {
            let what = format_args!("delivery {external:?} has another effect at {position}");
            findings.add(Wrong::Doubled, what);
        }
    }
}

fn check_operation(
    history: &History,
    operation: &Operation,
    effect: Option<&[&Event]>,
    findings: &mut Findings,
) {
    let request = &operation.request;
    for reason in operation.sends.iter().filter_map(Sent::refused) {
        if matches!(reason, Reason::Internal | Reason::ShopNotFound | Reason::AgentNotFound) {
            findings.add(Wrong::Answer, format_args!("{reason:?} to {request:?}"));
        }
    }
    match (operation.conclusion(), effect) {
        (Conclusion::Ok, None) => findings.add(Wrong::Lost, format_args!("{operation:?}")),
        (Conclusion::Ok, Some(events)) => check_effect(history, operation, events, findings),
        (Conclusion::Failed, Some(_)) => findings.add(Wrong::Refused, format_args!("{operation:?}")),
        (Conclusion::Failed | Conclusion::Unknown, _) => {}
    }
    // Once it has been acknowledged, nobody may be told anything else.
    if let Some(acknowledged) = operation.acknowledged() {
        let forgotten =
            operation.sends.iter().find(|sent| sent.began > acknowledged && sent.refused().is_some());
        if let Some(sent) = forgotten {
            findings
                .add(Wrong::Changed, format_args!("acknowledged and then {:?}: {request:?}", sent.verdict));
        }
    }
}

fn check_effect(history: &History, operation: &Operation, events: &[&Event], findings: &mut Findings) {
    let request = &operation.request;
    if !events.iter().any(|event| carries_out(event, request, &history.words)) {
        findings.add(Wrong::Changed, format_args!("{request:?} became {:?}", events.first()));
    }
    let mut answers = operation.answers();
    let Some(first) = answers.next() else { return };
    if let Some(other) = answers.find(|other| *other != first) {
        findings.add(Wrong::Changed, format_args!("{request:?} was answered {first:?} and {other:?}"));
    }
    let message = match first {
        Answer::Message { message, .. } | Answer::Reply { message } => message,
        Answer::Transfer(_) | Answer::Done => return,
    };
    let told = events.iter().any(|event| match &event.payload {
        Payload::MessageReceived { message: stored, .. } | Payload::ReplySent { message: stored, .. } => {
            stored.to_string() == *message
        }
        _ => false,
    });
    if !told {
        findings.add(Wrong::Lost, format_args!("{message}, the answer to {request:?}, is not there"));
    }
}

/// Whether an event says what a request asked for, in its words.
fn carries_out(
    event: &Event,
    request: &Request,
    words: &BTreeMap<fenliu_domain::ids::EventId, String>,
) -> bool {
    let said = |content: &Option<fenliu_proto::common::v1::Content>| {
        content.as_ref().is_some_and(|content| words.get(&event.id) == Some(&content.text))
    };
    let conversation = |id: &str| event.conversation.is_some_and(|known| known.to_string() == id);
    match (request, &event.payload) {
        (Request::Receive(asked), Payload::MessageReceived { channel, external, .. }) => {
            let same = external.as_ref().is_some_and(|external| **external == *asked.external_message_id);
            **channel == *asked.channel && same && said(&asked.content)
        }
        (Request::Reply(asked), Payload::ReplySent { agent, .. }) => {
            let by = agent.map(|agent| agent.to_string());
            conversation(&asked.conversation_id)
                && by.as_ref() == Some(&asked.agent_id)
                && said(&asked.content)
        }
        (Request::Close(asked), Payload::Closed { by: CloseActor::Agent, .. }) => {
            conversation(&asked.conversation_id)
        }
        (Request::Transfer(asked), Payload::Transferred { target, .. }) => {
            let same = match (target, &asked.target) {
                (TransferTarget::Agent(to), Some(Target::ToAgentId(asked))) => to.to_string() == *asked,
                (TransferTarget::Group(to), Some(Target::ToGroup(asked))) => **to == **asked,
                _ => false,
            };
            conversation(&asked.conversation_id) && same
        }
        (Request::Presence(asked), Payload::PresenceChanged { agent, presence, .. }) => {
            agent.to_string() == asked.agent_id && presence.number() == asked.presence
        }
        (Request::Capacity(asked), Payload::CapacityChanged { agent, capacity, .. }) => {
            agent.to_string() == asked.agent_id && i64::from(*capacity) == i64::from(asked.capacity)
        }
        // Everything was as they asked already.
        (Request::Presence(_) | Request::Capacity(_), Payload::RequestNoted) => true,
        _ => false,
    }
}

/// What was acknowledged before something else was asked for stands before it.
fn check_order(ordered: &[(ShopId, u64, &Operation)], findings: &mut Findings) {
    let mut later: Option<(ShopId, Duration, &Operation)> = None;
    for (shop, seq, operation) in ordered.iter().rev() {
        later = later.filter(|(of, ..)| of == shop);
        if let Some((_, acknowledged, other)) = &later
            && *acknowledged < operation.began()
        {
            let (first, second) = (other.request.id(), operation.request.id());
            let what =
                format_args!("{first:?} was acknowledged before {second:?} began, which is number {seq}");
            findings.add(Wrong::Order, what);
        }
        if let Some(acknowledged) = operation.acknowledged()
            && later.as_ref().is_none_or(|(_, earliest, _)| acknowledged < *earliest)
        {
            later = Some((*shop, acknowledged, operation));
        }
    }
}
