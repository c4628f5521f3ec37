//! The rows of conversations against the desk itself, and against a naive account of the events.

use std::collections::BTreeMap;

use fenliu_domain::desk::conversation::{Conversation, Stage};
use fenliu_domain::desk::event::{Event, Payload};
use fenliu_domain::ids::ConversationId;
use fenliu_domain::time::Timestamp;
use fenliu_proto::history::v1 as proto;
use proptest::test_runner::Config;
use proptest::{collection, proptest};

use super::House;
use super::shop::Shop;
use crate::history::ConversationRecord;

/// What no desk keeps: when it was last spoken in, and when it ended.
#[derive(Default)]
struct Account {
    last_message: Option<Timestamp>,
    closed: Option<Timestamp>,
}

fn see(accounts: &mut BTreeMap<ConversationId, Account>, event: &Event) {
    let Some(id) = event.conversation else { return };
    let account = accounts.entry(id).or_default();
    match &event.payload {
        Payload::ConversationOpened { .. } => account.closed = None,
        Payload::MessageReceived { .. } | Payload::ReplySent { .. } => {
            account.last_message = Some(event.occurred);
        }
        Payload::Closed { .. } => account.closed = Some(event.recorded),
        _ => {}
    }
}

const fn stage(conversation: &Conversation) -> proto::Stage {
    match conversation.stage {
        Stage::Entered | Stage::Kept(_) => proto::Stage::Entered,
        Stage::Open => proto::Stage::Open,
        Stage::WithRobot => proto::Stage::WithRobot,
        Stage::Queued(_) => proto::Stage::Queued,
        Stage::Assigned(_) => proto::Stage::Assigned,
    }
}

fn check(record: &ConversationRecord, account: &Account, open: Option<&Conversation>) {
    assert_eq!(record.last_message, account.last_message);
    let Some(open) = open else {
        assert_eq!((record.stage, record.closed), (proto::Stage::Closed, account.closed));
        assert!(record.closed.is_some(), "what the desk does not hold has ended");
        return;
    };
    assert_eq!(record.closed, None);
    assert_eq!((record.id, &*record.buyer, &*record.channel), (open.id, &*open.buyer, &*open.channel));
    assert_eq!((record.stage, record.agent), (stage(open), open.agent()));
    assert_eq!(&*record.group, &*open.group);
    assert_eq!((record.opened, record.seq), (open.opened, open.last_seq.0));
    let owed = open.owed().map(|owed| (owed.since, owed.count));
    assert_eq!((record.owed_since, record.unanswered), (owed.map(|o| o.0), owed.map_or(0, |o| o.1)));
}

async fn run(draws: Vec<(u8, u8, u8, u16)>) {
    let house = House::open().await;
    let (mut shop, mut tail) = Shop::opened(1);
    let mut accounts = BTreeMap::new();
    for (number, draw) in draws.into_iter().enumerate() {
        let events = shop.step(draw);
        events.iter().for_each(|event| see(&mut accounts, event));
        tail.extend(events);
        // Now and then a batch of several commands, sometimes with what was stored before.
        if number % 3 == 2 && !tail.is_empty() {
            house.dispose(&tail).await.expect("stored");
            tail.drain(..tail.len() / 2);
        }
    }
    if !tail.is_empty() {
        house.dispose(&tail).await.expect("stored");
    }
    for (id, account) in &accounts {
        let record = house.history.conversation(shop.id(), *id).await.expect("read").expect("it is there");
        check(&record, account, shop.desk.conversation(*id));
    }
    let head = house.history.head(shop.id()).await.expect("read").expect("something is stored");
    let desk = shop.desk.head().expect("something happened");
    assert_eq!(head, (desk.seq.0, desk.event));
    let folded = house.history.fold(shop.id()).await.expect("read").and_then(|desk| desk.snapshot());
    assert_eq!(folded, shop.desk.snapshot(), "the history folds to the desk");
}

proptest! {
    #![proptest_config(Config { cases: 24, ..Config::default() })]
    #[test]
    fn rows_show_what_desk_and_events_say(
        draws in collection::vec((0..16_u8, 0..255_u8, 0..255_u8, 0..300_u16), 1..90)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(run(draws));
    }
}
