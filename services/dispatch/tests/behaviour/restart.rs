//! What a new process finds: everything that was acknowledged, and the desk it makes.

use fenliu_domain::problem::Reason;
use fenliu_domain::time::Span;
use fenliu_proto::accounts::v1::directory_entry::Entry;
use fenliu_proto::common::v1::Presence;
use fenliu_proto::dispatch::v1 as proto;
use fenliu_proto::status::reason_of;
use sea_orm::ConnectionTrait;

use super::house::{House, within};
use super::words::{message, refused, reply};

#[tokio::test]
async fn a_new_process_finds_everything_that_was_acknowledged() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let ann = house.online(&shop, 1, 3).await;
    let bob = house.online(&shop, 2, 2).await;
    let mut said = Vec::new();
    for buyer in 0..12 {
        let text = format!("message of {buyer}");
        let taken =
            house.to.reception.receive_message(message(&shop, &format!("buyer-{buyer}"), &text)).await;
        let taken = taken.expect("taken").into_inner();
        said.push((taken.conversation_id, text));
    }
    let held: Vec<_> = house.everything(&shop).await.conversations;
    for conversation in held.iter().filter(|it| it.agent_id == ann) {
        house.answers(&shop, &ann, &conversation.conversation_id).await;
    }
    house.ends(&shop, &said[0].0).await;
    house.set(&shop, &bob, Presence::Busy).await;
    house.change_policy(&shop, |policy| policy.queue_limit = 9).await;
    let before = house.everything(&shop).await;
    assert!(before.queue.length > 0 && before.agents.iter().any(|agent| agent.load > 0));

    let mut house = house.restart().await;
    assert_eq!(house.everything(&shop).await, before);
    for (conversation, text) in &said {
        assert!(house.texts(&shop, conversation).await.contains(text));
    }
    let ended = house.to.conversations.reply(reply(&shop, &ann, &said[0].0, "late")).await;
    refused(ended, Reason::ConversationClosed);
    // And it goes on where it was.
    let next = house.says(&shop, "one more").await;
    assert_eq!(next.disposition.expect("somewhere").queue_position, before.queue.length + 1);
    let events = house.events(&shop).await;
    let seqs: Vec<_> = events.iter().map(|stored| stored.event.as_ref().expect("an event").seq).collect();
    assert_eq!(seqs, (1..=events.len() as u64).collect::<Vec<_>>(), "the history has no gap");
}

#[tokio::test]
async fn the_directory_is_lost_and_found_again() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let ann = house.online(&shop, 1, 3).await;
    house.directory.lose();
    let id = house.says(&shop, "a").await.conversation_id;
    house.answers(&shop, &ann, &id).await;
    let renamed = fenliu_proto::accounts::v1::DirectoryAgent {
        display_name: "Ann Lee".into(),
        capacity: 7,
        ..house.directory.account(&shop, 1, 3)
    };
    house.directory.tell(Entry::Agent(renamed));
    let second = house.directory.shop(2);
    house.pass(Span::from_secs(3)).await;
    assert_eq!(house.read_agent(&shop, &ann).await.display_name, "agent 001", "the last known copy holds");
    house.directory.find();
    let request = proto::GetQueueRequest { shop_id: second };
    within(async {
        while house.to.queue.get_queue(request.clone()).await.is_err() {
            house.pass(Span::from_secs(1)).await;
        }
    })
    .await;
    let known = house.read_agent(&shop, &ann).await;
    assert_eq!((known.display_name.as_str(), known.capacity, known.load), ("Ann Lee", 7, 1));
}

#[tokio::test]
async fn an_entry_that_can_never_be_applied_does_not_hold_up_the_rest() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let too_large = house.directory.account(&shop, 1, 1_000_000);
    house.directory.tell(Entry::Agent(too_large));
    house.agent(&shop, 2, 3).await;
}

#[tokio::test]
async fn an_agent_who_is_disabled_goes_offline_and_may_not_come_back() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let ann = house.online(&shop, 1, 3).await;
    let disabled =
        fenliu_proto::accounts::v1::DirectoryAgent { enabled: false, ..house.directory.account(&shop, 1, 3) };
    house.directory.tell(Entry::Agent(disabled));
    within(async { while house.read_agent(&shop, &ann).await.enabled {} }).await;
    assert_eq!(house.read_agent(&shop, &ann).await.presence(), Presence::Offline);
    let back = super::words::set_presence(&shop, &ann, Presence::Online);
    refused(house.to.presence.set_presence(back).await, Reason::AgentDisabled);
}

#[tokio::test]
async fn while_the_store_refuses_callers_are_told_and_afterwards_nothing_is_missing() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let ann = house.online(&shop, 1, 3).await;
    let store = house.store().await;
    store.execute_unprepared("ALTER TABLE event RENAME TO event_away").await.expect("renamed");
    let request = proto::ReceiveMessageRequest { request_id: "r".into(), ..message(&shop, "a", "hello") };
    for _ in 0..3 {
        let status = house.to.reception.receive_message(request.clone()).await.expect_err("refused");
        assert_eq!(reason_of(&status), Some(Reason::StoreUnavailable));
    }
    let other = house.to.reception.receive_message(message(&shop, "b", "hello")).await;
    refused(other, Reason::StoreUnavailable);
    store.execute_unprepared("ALTER TABLE event_away RENAME TO event").await.expect("renamed back");
    let taken = house.to.reception.receive_message(request.clone()).await.expect("taken").into_inner();
    assert_eq!(house.texts(&shop, &taken.conversation_id).await, ["hello"], "with its content");
    house.answers(&shop, &ann, &taken.conversation_id).await;
    let before = house.everything(&shop).await;
    assert_eq!(super::words::count(&before.events, "message_received"), 1, "the other was never proposed");
    let mut house = house.restart().await;
    assert_eq!(house.everything(&shop).await, before);
}
