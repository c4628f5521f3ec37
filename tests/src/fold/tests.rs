//! A checker that lets everything pass checks nothing.

use fenliu_domain::desk::Desk;
use fenliu_domain::desk::agent::{AgentEntry, Presence};
use fenliu_domain::desk::command::{Applied, Attempt, BuyerMessage, Command};
use fenliu_domain::desk::event::RequestMark;
use fenliu_domain::desk::policy::ShopHours;
use fenliu_domain::ids::{AgentId, CommandId, EventId, ShopId};
use fenliu_domain::message::MessageKind;
use fenliu_domain::time::Timestamp;
use fenliu_proto::dispatch::v1::StoredEvent;
use fenliu_proto::event::to_proto;
use fenliu_proto::history::v1::event::Payload;

use super::Fold;

const AGENT: u128 = 7;

fn commands() -> Vec<Command> {
    let entry = AgentEntry::plain("小红".into(), 1);
    let hours =
        ShopHours { time_zone: "UTC".into(), service_start: "00:00".into(), service_end: "24:00".into() };
    let agent = AgentId::from_bits(AGENT);
    let message = |number: u32| {
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
    };
    vec![
        Command::SyncShop(hours),
        Command::SyncAgent { agent, entry: Box::new(entry) },
        Command::SetPresence { agent, presence: Presence::Online, force: true },
        message(1),
        message(2),
    ]
}

/// A shop's history, as dispatch would tell it. Its last event but those of routing is a message.
fn history() -> Vec<StoredEvent> {
    let mut desk = Desk::new(ShopId::from_bits(1));
    let mut all = Vec::new();
    for (command, number) in commands().into_iter().zip(1_u32..) {
        let request = RequestMark {
            caller: "anonymous".into(),
            request_id: format!("request {number}").into(),
            body_hash: [0; 32],
        };
        let id = CommandId::from_bits(u128::from(number) << 64);
        let attempt = Attempt { id, request: Some(request), traceparent: None, command };
        let now = Timestamp::from_micros_clamped(i64::from(number) * 1_000_000);
        match desk.apply(now, attempt).expect("nothing is refused") {
            Applied::Done(events) => all.extend(events),
            Applied::Repeated { .. } => panic!("nothing was asked before"),
        }
    }
    (1..).zip(&all).map(|(position, event)| StoredEvent { position, event: Some(to_proto(event)) }).collect()
}

fn read(history: &[StoredEvent]) -> Result<Fold, String> {
    let mut fold = Fold::default();
    for stored in history {
        fold.take(stored.clone()).map_err(|error| format!("{error:#}"))?;
    }
    Ok(fold)
}

/// The history with one more event, chained as it should be, that repeats what a message event says.
fn with_a_repetition(change: impl FnOnce(&mut StoredEvent)) -> Vec<StoredEvent> {
    let mut history = history();
    let is_message = |stored: &&StoredEvent| {
        stored.event.as_ref().is_some_and(|event| matches!(event.payload, Some(Payload::MessageReceived(_))))
    };
    let mut again = history.iter().rfind(is_message).expect("there is a message").clone();
    let last = history.last().and_then(|stored| stored.event.clone()).expect("there is an event");
    again.position = history.len() as i64 + 1;
    if let Some(event) = &mut again.event {
        event.seq = last.seq + 1;
        event.predecessor_id = last.event_id;
        event.event_id = EventId::from_bits(99 << 64).to_string();
        event.recorded_time = last.recorded_time;
    }
    change(&mut again);
    history.push(again);
    history
}

#[test]
fn a_history_is_read_whole() {
    let history = history();
    let fold = read(&history).expect("nothing is wrong with it");
    assert_eq!((fold.events, fold.position()), (history.len(), history.len() as i64));
    let desk = fold.desk(ShopId::from_bits(1)).expect("its desk");
    assert_eq!((desk.conversations().len(), desk.queue_len()), (2, 1));
    assert!(fold.has_request(ShopId::from_bits(1), "request 4"));
    assert!(!fold.has_request(ShopId::from_bits(2), "request 4"));
}

#[test]
fn whatever_event_is_dropped_doubled_or_swapped_it_is_noticed() {
    let whole = history();
    for place in 0..whole.len() - 1 {
        let mut dropped = whole.clone();
        dropped.remove(place);
        assert!(read(&dropped).is_err(), "without event {place}");

        let mut doubled = whole.clone();
        doubled.insert(place, whole[place].clone());
        assert!(read(&doubled).is_err(), "with event {place} twice");

        let mut swapped = whole.clone();
        swapped.swap(place, place + 1);
        assert!(read(&swapped).is_err(), "with event {place} after the next");
        for (stored, position) in swapped.iter_mut().zip(1..) {
            stored.position = position;
        }
        assert!(read(&swapped).is_err(), "with event {place} after the next, renumbered");
    }
}

#[test]
fn a_second_effect_is_noticed_however_it_is_dressed() {
    let found = |change: fn(&mut StoredEvent)| read(&with_a_repetition(change)).err().unwrap_or_default();
    let of_the_request = found(|_| {});
    assert!(of_the_request.contains("request") || of_the_request.contains("delivery"), "{of_the_request}");
    let of_the_delivery = found(|again| {
        if let Some(event) = &mut again.event {
            event.request = None;
        }
    });
    assert!(of_the_delivery.contains("delivery"), "{of_the_delivery}");
    let of_the_message = found(|again| {
        if let Some(event) = &mut again.event {
            event.request = None;
            if let Some(Payload::MessageReceived(message)) = &mut event.payload {
                message.external_message_id = "another".to_owned();
            }
        }
    });
    assert!(of_the_message.contains("is there twice"), "{of_the_message}");
}
