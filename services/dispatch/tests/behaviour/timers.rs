//! What happens by itself when time passes.

use fenliu_domain::time::Span;
use fenliu_proto::common::v1::Presence;
use fenliu_proto::dispatch::v1 as proto;
use fenliu_proto::history::v1::Stage;
use fenliu_proto::history::v1::event::Payload;

use super::house::{House, START};
use super::words::count;

#[tokio::test]
async fn an_agent_whose_heartbeats_stop_is_logged_off_after_the_grace() {
    let mut house = House::sweeping_every(250).await;
    let shop = house.shop(1).await;
    let ann = house.online(&shop, 1, 3).await;
    let bob = house.online(&shop, 2, 3).await;
    let id = house.says(&shop, "a").await.conversation_id;
    assert_eq!(house.conversation(&shop, &id).await.agent_id, ann);
    for _ in 0..6 {
        house.pass(Span::from_secs(10)).await;
        house.beat(&shop, &bob).await;
    }
    assert_eq!(house.read_agent(&shop, &ann).await.presence(), Presence::Offline);
    assert_eq!(house.read_agent(&shop, &bob).await.presence(), Presence::Online);
    assert_eq!(house.conversation(&shop, &id).await.agent_id, bob, "what she owed has moved");
    let events = house.events(&shop).await;
    let lapse = events.iter().find_map(|stored| match stored.event.as_ref()?.payload.as_ref()? {
        Payload::PresenceChanged(it) if it.cause == 2 => stored.event.as_ref()?.recorded_time,
        _ => None,
    });
    let seconds = lapse.expect("the lapse is recorded").seconds - START.micros() / 1_000_000;
    assert_eq!(seconds, 45, "as soon as the grace is over");
}

#[tokio::test]
async fn many_who_fall_silent_at_once_are_not_logged_off() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let mut agents = Vec::new();
    for number in 1..=24 {
        agents.push(house.online(&shop, number, 3).await);
    }
    house.pass(Span::from_mins(2)).await;
    for agent in &agents {
        assert_eq!(house.read_agent(&shop, agent).await.presence(), Presence::Online);
    }
    for agent in &agents[..20] {
        house.beat(&shop, agent).await;
    }
    house.pass(Span::from_secs(1)).await;
    assert_eq!(house.read_agent(&shop, &agents[0]).await.presence(), Presence::Online);
    assert_eq!(
        house.read_agent(&shop, &agents[23]).await.presence(),
        Presence::Offline,
        "a few really are gone"
    );
}

#[tokio::test]
async fn a_reply_that_is_owed_too_long_is_due() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let ann = house.online(&shop, 1, 3).await;
    let late = house.says(&shop, "a").await;
    let in_time = house.says(&shop, "b").await.conversation_id;
    for _ in 0..12 {
        house.pass(Span::from_secs(9)).await;
        house.beat(&shop, &ann).await;
        if house.conversation(&shop, &in_time).await.unanswered > 0 {
            house.answers(&shop, &ann, &in_time).await;
        }
    }
    let events = house.events(&shop).await;
    assert_eq!(count(&events, "reply_due"), 1);
    let due = events.iter().find_map(|stored| match stored.event.as_ref()?.payload.as_ref()? {
        Payload::ReplyDue(due) => Some((due.clone(), stored.event.as_ref()?.recorded_time?)),
        _ => None,
    });
    let (due, at) = due.expect("it is recorded");
    assert_eq!((due.step, due.agent_id, due.message_id), (1, ann.clone(), late.message_id));
    assert_eq!(at.seconds - START.micros() / 1_000_000, 100);
    let request = proto::WatchInboxRequest { shop_id: shop, agent_id: ann, after_position: Some(0) };
    let mut inbox = house.to.inbox.watch_inbox(request).await.expect("the inbox is there").into_inner();
    let page = inbox.message().await.expect("a page").expect("a page");
    let told = page.items.iter().filter_map(|item| item.event.as_ref()?.payload.as_ref());
    assert_eq!(told.filter(|payload| matches!(payload, Payload::ReplyDue(_))).count(), 1, "she is told");
}

#[tokio::test]
async fn timers_outlive_the_process() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let said = house.says(&shop, "a").await;
    let entered = proto::EnterChatRequest {
        shop_id: shop.clone(),
        buyer_id: "b".into(),
        channel: "app".into(),
        ..Default::default()
    };
    let entered = house.to.reception.enter_chat(entered).await.expect("entered").into_inner();
    // Nobody touches the shop, not even the directory: its desk is loaded at the start, or its timers would sleep.
    house.directory.lose();
    house.pass(Span::from_secs(95)).await;
    assert_eq!(count(&house.events(&shop).await, "reply_due"), 0);
    let mut house = house.restart().await;
    house.pass(Span::from_secs(6)).await;
    assert_eq!(count(&house.events(&shop).await, "reply_due"), 1);
    house.pass(Span::from_mins(60)).await;
    let expired = house.conversation(&shop, &entered.conversation_id).await;
    assert_eq!(expired.stage(), Stage::Closed, "a page nobody spoke on");
    assert_eq!(house.conversation(&shop, &said.conversation_id).await.stage(), Stage::Queued);
}
