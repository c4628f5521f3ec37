//! A checker that lets everything pass checks nothing.

use std::time::Duration;

use fenliu_domain::desk::Desk;
use fenliu_domain::desk::agent::{AgentEntry, Presence};
use fenliu_domain::desk::command::{Applied, Attempt, BuyerMessage, Command};
use fenliu_domain::desk::event::{AssignReason, Event, Payload, RequestMark};
use fenliu_domain::desk::policy::ShopHours;
use fenliu_domain::ids::{AgentId, CommandId, ConversationId, EventId, ShopId};
use fenliu_domain::message::MessageKind;
use fenliu_domain::time::Timestamp;
use fenliu_proto::common::v1::Content;
use fenliu_proto::dispatch::v1 as proto;
use fenliu_proto::history::v1::Stage;
use fenliu_tests::load::request::{Answer, Request, Verdict};

use super::{Evidence, Findings, Wrong, check};
use crate::history::{History, Row};
use crate::ledger::{Operation, Sent};

const SHOP: ShopId = ShopId::from_bits(1);
const AGENT: AgentId = AgentId::from_bits(7);
const BUYERS: u32 = 3;
/// Commands before the first buyer comes.
const OPENING: u32 = 3;

fn opening() -> Vec<Command> {
    let hours =
        ShopHours { time_zone: "UTC".into(), service_start: "00:00".into(), service_end: "24:00".into() };
    let entry = AgentEntry::plain("小红".into(), 2);
    vec![
        Command::SyncShop(hours),
        Command::SyncAgent { agent: AGENT, entry: Box::new(entry) },
        Command::SetPresence { agent: AGENT, presence: Presence::Online, force: true },
    ]
}

fn message(number: u32) -> Command {
    Command::ReceiveMessage(BuyerMessage {
        buyer: format!("buyer {number}").into(),
        channel: "web".into(),
        external: Some(format!("external {number}").into()),
        occurred: None,
        kind: MessageKind::Text,
        length: 5,
        group: None,
        origin: None,
        priority: 100,
    })
}

fn request(number: u32) -> Request {
    Request::Receive(proto::ReceiveMessageRequest {
        request_id: format!("request {number}"),
        shop_id: SHOP.to_string(),
        buyer_id: format!("buyer {number}"),
        channel: "web".to_owned(),
        external_message_id: format!("external {number}"),
        content: Some(Content { text: format!("words {number}"), ..Content::default() }),
        ..proto::ReceiveMessageRequest::default()
    })
}

/// An operation that took place in its own second, and what the desk made of it.
fn operation(number: u32, event: &Event) -> Operation {
    let Payload::MessageReceived { message, .. } = &event.payload else { panic!("a message comes first") };
    let answer = Answer::Message {
        conversation: event.conversation.map(|id| id.to_string()).unwrap_or_default(),
        message: message.to_string(),
        disposition: proto::Disposition::default(),
        redelivered: false,
    };
    let began = Duration::from_secs(number.into());
    let ended = began + Duration::from_millis(100);
    let sent = Sent { replica: 0, began, ended, verdict: Verdict::Acknowledged(answer) };
    Operation { request: request(number), sends: vec![sent] }
}

/// What a run leaves in which nothing went wrong: an agent has two buyers, and one waits.
fn evidence() -> Evidence {
    let mut desk = Desk::new(SHOP);
    let mut evidence = Evidence::default();
    let commands = opening().into_iter().chain((1..=BUYERS).map(message));
    for (command, number) in commands.zip(1_u32..) {
        let mark = |number: u32| RequestMark {
            caller: "anonymous".into(),
            request_id: format!("request {number}").into(),
            body_hash: [0; 32],
        };
        let id = CommandId::from_bits(u128::from(number) << 64);
        let buyer = number.checked_sub(OPENING).filter(|buyer| *buyer > 0);
        let attempt = Attempt { id, request: buyer.map(mark), traceparent: None, command };
        let now = Timestamp::from_micros_clamped(i64::from(number) * 1_000_000);
        let Ok(Applied::Done(events)) = desk.apply(now, attempt) else { panic!("it is done") };
        let said = events.iter().find(|event| matches!(event.payload, Payload::MessageReceived { .. }));
        if let (Some(buyer), Some(said)) = (buyer, said) {
            evidence.operations.push(operation(buyer, said));
            evidence.history.words.insert(said.id, format!("words {buyer}"));
        }
        let next = evidence.history.events.len() as i64 + 1;
        evidence.history.events.extend((next..).zip(events));
    }
    evidence.history.rows = desk
        .conversations()
        .into_iter()
        .map(|open| {
            let stage = if open.agent().is_some() { Stage::Assigned } else { Stage::Queued };
            Row { conversation: open.id, shop: SHOP, stage: stage.into(), agent: open.agent() }
        })
        .collect();
    evidence.sights = vec![sight(&evidence.history)];
    evidence
}

fn sight(history: &History) -> Vec<(i64, EventId)> {
    history.events.iter().map(|(position, event)| (*position, event.id)).collect()
}

/// What is found after something was changed, and followers saw what is there now.
fn found(change: impl FnOnce(&mut Evidence)) -> Findings {
    let mut evidence = evidence();
    change(&mut evidence);
    evidence.sights = vec![sight(&evidence.history)];
    check(&evidence)
}

/// Positions and the chain put right, so that only what was done to the events shows.
fn mend(history: &mut History) {
    let mut before: Option<EventId> = None;
    for ((position, event), number) in history.events.iter_mut().zip(1_u64..) {
        (*position, event.seq.0, event.predecessor) = (number as i64, number, before);
        before = Some(event.id);
    }
}

fn place(history: &History, is_it: impl Fn(&Payload) -> bool) -> usize {
    history.events.iter().position(|(_, event)| is_it(&event.payload)).expect("there is one")
}

fn last_message(evidence: &mut Evidence) -> &mut Event {
    let is_message = |event: &Event| matches!(event.payload, Payload::MessageReceived { .. });
    let found = evidence.history.events.iter_mut().rev().find(|(_, event)| is_message(event));
    &mut found.expect("somebody said something").1
}

#[test]
fn a_history_in_which_nothing_is_wrong_passes() {
    assert_eq!(check(&evidence()).0, []);
}

#[test]
fn an_event_that_is_dropped_doubled_or_swapped_breaks_the_chain() {
    for place in 0..evidence().history.events.len() - 1 {
        let dropped = found(|evidence| drop(evidence.history.events.remove(place)));
        assert!(dropped.has(Wrong::Chain), "without event {place}");
        let doubled = found(|evidence| {
            let again = evidence.history.events[place].clone();
            evidence.history.events.insert(place, again);
        });
        assert!(doubled.has(Wrong::Chain), "with event {place} twice");
        let swapped = found(|evidence| {
            evidence.history.events.swap(place, place + 1);
            for ((position, _), number) in evidence.history.events.iter_mut().zip(1..) {
                *position = number;
            }
        });
        assert!(swapped.has(Wrong::Chain), "with event {place} behind the next");
    }
}

#[test]
fn a_foreign_predecessor_breaks_the_chain() {
    let found = found(|evidence| last_message(evidence).predecessor = Some(EventId::from_bits(99)));
    assert!(found.has(Wrong::Chain), "{found:?}");
}

#[test]
fn an_automatic_assignment_over_capacity_is_found() {
    let assigned = |evidence: &mut Evidence| {
        let history = &mut evidence.history;
        let at = place(history, |payload| matches!(payload, Payload::Queued { .. }));
        let first = place(history, |payload| matches!(payload, Payload::Assigned { .. }));
        history.events[at].1.payload = history.events[first].1.payload.clone();
    };
    let over = found(assigned);
    assert!(over.has(Wrong::Capacity), "{over:?}");
    let by_hand = found(|evidence| {
        assigned(evidence);
        for (_, event) in &mut evidence.history.events {
            if let Payload::Assigned { reason, .. } = &mut event.payload {
                *reason = AssignReason::Forced;
            }
        }
    });
    assert!(!by_hand.has(Wrong::Capacity), "somebody may do so by hand: {by_hand:?}");
}

#[test]
fn an_assignment_that_takes_a_buyer_from_her_agent_unnoticed_is_found() {
    let found = found(|evidence| {
        let history = &mut evidence.history;
        let at = place(history, |payload| matches!(payload, Payload::Assigned { .. }));
        let mut again = history.events[at].1.clone();
        again.id = EventId::from_bits(99 << 64);
        again.request = None;
        history.events.insert(at + 1, (0, again));
        mend(history);
    });
    assert!(found.has(Wrong::Owner), "{found:?}");
}

#[test]
fn a_buyer_given_to_somebody_who_takes_none_is_found() {
    let found = found(|evidence| {
        for (_, event) in &mut evidence.history.events {
            if let Payload::PresenceChanged { presence, .. } = &mut event.payload {
                *presence = Presence::Busy;
            }
        }
    });
    assert!(found.has(Wrong::Presence), "{found:?}");
}

#[test]
fn an_acknowledged_request_that_is_not_there_is_lost() {
    let found = found(|evidence| {
        let marked = evidence.history.events.iter_mut().rev().find(|(_, event)| event.request.is_some());
        marked.expect("somebody asked").1.request = None;
    });
    assert!(found.has(Wrong::Lost), "{found:?}");
    assert!(!found.has(Wrong::Chain), "nothing else is wrong: {found:?}");
}

#[test]
fn a_request_with_two_effects_is_doubled() {
    let found = found(|evidence| {
        let first = evidence.history.events.iter().find_map(|(_, event)| event.request.clone());
        last_message(evidence).request = first;
    });
    assert!(found.has(Wrong::Doubled), "{found:?}");
}

#[test]
fn a_delivery_with_two_effects_is_doubled() {
    let found = found(|evidence| {
        if let Payload::MessageReceived { external, .. } = &mut last_message(evidence).payload {
            *external = Some("external 1".into());
        }
    });
    assert!(found.has(Wrong::Doubled), "{found:?}");
}

#[test]
fn words_that_were_changed_or_lost_are_found() {
    let changed = found(|evidence| {
        let id = last_message(evidence).id;
        evidence.history.words.insert(id, "other words".to_owned());
    });
    assert!(changed.has(Wrong::Changed), "{changed:?}");
    let lost = found(|evidence| {
        let id = last_message(evidence).id;
        evidence.history.words.remove(&id);
    });
    assert!(lost.has(Wrong::Changed), "{lost:?}");
}

#[test]
fn two_answers_to_one_request_are_found() {
    let found = found(|evidence| {
        let mut again = evidence.operations[0].sends[0].clone();
        if let Verdict::Acknowledged(Answer::Message { redelivered, .. }) = &mut again.verdict {
            *redelivered = true;
        }
        evidence.operations[0].sends.push(again);
    });
    assert!(found.has(Wrong::Changed), "{found:?}");
}

#[test]
fn a_request_that_was_refused_and_is_there_is_found() {
    let refused = Verdict::Refused(fenliu_domain::problem::Reason::QueueFull);
    let found = found(|evidence| evidence.operations[0].sends[0].verdict = refused);
    assert!(found.has(Wrong::Refused), "{found:?}");
}

#[test]
fn a_request_that_was_acknowledged_and_then_refused_is_found() {
    let found = found(|evidence| {
        let mut again = evidence.operations[0].sends[0].clone();
        (again.began, again.ended) = (Duration::from_secs(50), Duration::from_secs(51));
        again.verdict = Verdict::Refused(fenliu_domain::problem::Reason::QueueFull);
        evidence.operations[0].sends.push(again);
    });
    assert!(found.has(Wrong::Changed), "{found:?}");
}

#[test]
fn what_was_acknowledged_first_must_stand_first() {
    let found = found(|evidence| {
        let sent = &mut evidence.operations[2].sends[0];
        (sent.began, sent.ended) = (Duration::ZERO, Duration::from_millis(1));
    });
    assert!(found.has(Wrong::Order), "{found:?}");
}

#[test]
fn a_defect_that_a_caller_was_told_of_is_found() {
    let internal = Verdict::Refused(fenliu_domain::problem::Reason::Internal);
    let found = found(|evidence| {
        let mut again = evidence.operations[0].sends[0].clone();
        again.verdict = internal;
        evidence.operations[0].sends.push(again);
    });
    assert!(found.has(Wrong::Answer), "{found:?}");
}

#[test]
fn a_follower_who_saw_a_hole_another_order_or_too_little_is_found() {
    let seen = |change: fn(&mut Vec<(i64, EventId)>)| {
        let mut evidence = evidence();
        change(&mut evidence.sights[0]);
        check(&evidence)
    };
    assert!(seen(|sight| sight.retain(|(position, _)| *position != 4)).has(Wrong::Follower));
    assert!(seen(|sight| sight.swap(3, 4)).has(Wrong::Follower));
    assert!(seen(|sight| sight.truncate(4)).has(Wrong::Follower));
}

#[test]
fn a_row_that_says_something_else_is_found() {
    let rows = |change: fn(&mut Vec<Row>)| found(|evidence| change(&mut evidence.history.rows));
    assert!(rows(|rows| rows[0].agent = None).has(Wrong::Projection));
    assert!(rows(|rows| rows[0].stage = Stage::Closed.into()).has(Wrong::Projection));
    assert!(rows(|rows| rows.truncate(1)).has(Wrong::Projection));
    let another = Row { conversation: ConversationId::from_bits(5), shop: SHOP, stage: 5, agent: None };
    assert!(found(|evidence| evidence.history.rows.push(another)).has(Wrong::Projection));
}
