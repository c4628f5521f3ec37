//! A history and its retelling as an import end in the same facts, whatever happened.

use fenliu_domain::exchange::Conversation;
use fenliu_proto::common::v1::Actor;
use fenliu_proto::convert::to_timestamp;
use fenliu_proto::dispatch::v1::StoredEvent;
use fenliu_proto::history::v1 as history;
use fenliu_proto::history::v1::event::Payload as Recorded;
use fenliu_proto::retold::retold;
use proptest::prelude::*;

use super::*;
use crate::recorded;
use crate::storage::Step;

/// Monday, 4 May 2026, 06:00 in Shanghai.
const START: i64 = 1_777_845_600;

/// One random event: milliseconds after the one before, how many it was on its way, what, and a choice within that.
type Line = (u16, u32, u8, u8);

fn lines() -> impl Strategy<Value = Vec<Line>> {
    let on_its_way = prop_oneof![4 => Just(0_u32), 1 => 1_u32..200_000];
    prop::collection::vec((prop_oneof![Just(0_u16), any::<u16>()], on_its_way, 0_u8..14, any::<u8>()), 1..60)
}

fn payload(kind: u8, choice: u8, number: usize) -> Recorded {
    let agent_id = ["lan", "mei", "xia"][usize::from(choice % 3)].to_owned();
    let message_id = format!("msg {number}");
    match kind {
        0 => Recorded::ConversationOpened(history::ConversationOpened {
            buyer_id: "buyer".into(),
            group: "tea".into(),
            priority: u32::from(choice),
            with_robot: choice.is_multiple_of(2),
            ..Default::default()
        }),
        1..=3 => Recorded::MessageReceived(history::MessageReceived { message_id, ..Default::default() }),
        4..=5 => Recorded::ReplySent(history::ReplySent {
            message_id,
            actor: [Actor::Human, Actor::FullRobot, Actor::AutoReply][usize::from(choice % 3)].into(),
            agent_id,
            small_talk: choice > 200,
            ..Default::default()
        }),
        6..=7 => Recorded::Assigned(history::Assigned {
            agent_id,
            reason: i32::from(choice % 13),
            ..Default::default()
        }),
        8 => Recorded::Queued(history::Queued { reason: i32::from(choice % 5), ..Default::default() }),
        9 => Recorded::QueueLeft(history::QueueLeft { reason: i32::from(choice % 3), ..Default::default() }),
        10 => Recorded::Closed(history::Closed {
            by: i32::from(choice % 5),
            reply_owed: choice > 100,
            ..Default::default()
        }),
        11 => Recorded::HandedToHuman(history::HandedToHuman::default()),
        12 => Recorded::Transferred(history::Transferred::default()),
        _ if choice > 100 => Recorded::Reported(history::Reported::default()),
        _ => Recorded::Rated(history::Rated { stars: 5, ..Default::default() }),
    }
}

fn history_of(lines: &[Line]) -> Vec<history::Event> {
    let mut recorded = START * 1_000;
    let event = |(number, (later, on_its_way, kind, choice)): (usize, &Line)| {
        recorded += i64::from(*later);
        let moment = |millis: i64| Some(to_timestamp(Timestamp::from_micros_clamped(millis * 1_000)));
        history::Event {
            shop_id: format!("shp_{:032x}", 1),
            seq: number as u64 + 1,
            event_id: format!("evt {number}"),
            occurred_time: moment(recorded - i64::from(*on_its_way)),
            recorded_time: moment(recorded),
            conversation_id: "cnv 1".into(),
            payload: Some(payload(*kind, *choice, number)),
            ..Default::default()
        }
    };
    lines.iter().enumerate().map(event).collect()
}

/// The facts as the follower makes them.
fn followed(events: &[history::Event]) -> Conversation {
    let mut steps = Vec::new();
    for event in events {
        let stored = StoredEvent { position: 1, event: Some(event.clone()) };
        recorded::add_steps(stored, &mut steps).expect("an event that makes sense");
    }
    let happenings = steps.into_iter().filter_map(|step| match step {
        Step::Happened(_, _, happening) => Some(happening),
        _ => None,
    });
    Conversation::fold("the same", happenings)
}

/// The facts as an import makes them, whatever order its records come in.
fn imported(events: &[history::Event]) -> Conversation {
    let retold = events.iter().filter_map(|event| retold(event).expect("an event that makes sense"));
    let mut records: Vec<Record> =
        retold.map(|event| record(event, "event").expect("a record that is taken")).collect();
    records.reverse();
    records.sort_by(|a, b| (a.at, a.rank, &a.record_id).cmp(&(b.at, b.rank, &b.record_id)));
    Conversation::fold("the same", records.into_iter().flat_map(|record| record.happenings))
}

proptest! {
    #[test]
    fn a_history_and_its_retelling_end_in_the_same_facts(lines in lines()) {
        let events = history_of(&lines);
        prop_assert_eq!(imported(&events), followed(&events));
    }
}

#[test]
fn a_retold_conversation_does_not_pose_as_one_of_ours() {
    let event = history::Event {
        conversation_id: format!("{OURS}1"),
        event_id: "evt 1".into(),
        ..history_of(&[(0, 0, 1, 0)]).remove(0)
    };
    let told = retold(&event).expect("makes sense").expect("facts are made of it");
    assert_eq!((told.conversation.as_str(), told.record_id.as_str()), ("exported/cnv_1", "msg 0"));
    assert!(record(told, "event").is_ok());
    let timeless = history::Event { occurred_time: None, recorded_time: None, ..event };
    assert!(retold(&timeless).is_err_and(|problem| problem.to_string().contains("occurred_time")));
}

#[test]
fn what_lies_beyond_the_calendar_of_imports_is_refused_by_name() {
    let told = |occurred: Timestamp, recorded: Option<Timestamp>| proto::ImportedEvent {
        record_id: "1".into(),
        conversation: "a".into(),
        occurred_time: Some(to_timestamp(occurred)),
        recorded_time: recorded.map(to_timestamp),
        payload: Some(Payload::Message(proto::ImportedMessage::default())),
        ..Default::default()
    };
    assert!(record(told(EARLIEST, None), "events[0]").is_ok());
    let times = [(Timestamp::MIN, None, "occurred_time"), (LATEST, None, "occurred_time")];
    for (occurred, recorded, name) in
        times.into_iter().chain([(EARLIEST, Some(Timestamp::MAX), "occurred_time")])
    {
        let refused = record(told(occurred, recorded), "events[0]").expect_err("beyond");
        assert_eq!(refused.violations[0].field, format!("events[0].{name}"));
    }
}
