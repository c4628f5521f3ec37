//! Streams: resumed by position without loss or duplicates, ended by the drain.

use std::collections::BTreeSet;

use fenliu_domain::problem::Reason;
use fenliu_domain::time::Span;
use fenliu_proto::dispatch::v1::{self as proto, Availability};
use fenliu_proto::history::v1::event::Payload;
use fenliu_proto::status::reason_of;
use tonic::Streaming;

use super::house::{House, within};
use super::words::{message, reply};

async fn inbox(
    house: &mut House,
    shop: &str,
    agent: &str,
    after: Option<i64>,
) -> Streaming<proto::WatchInboxResponse> {
    let request =
        proto::WatchInboxRequest { shop_id: shop.into(), agent_id: agent.into(), after_position: after };
    house.to.inbox.watch_inbox(request).await.expect("the inbox is there").into_inner()
}

async fn follow(house: &mut House, after: i64, last: &str) -> Streaming<proto::FollowEventsResponse> {
    let request = proto::FollowEventsRequest { after_position: after, after_event_id: last.into() };
    house.to.history.follow_events(request).await.expect("the place is there").into_inner()
}

async fn next<T>(stream: &mut Streaming<T>) -> T {
    within(stream.message()).await.expect("the stream goes on").expect("the stream goes on")
}

#[tokio::test]
async fn an_inbox_is_resumed_by_position_without_loss_or_duplicates() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let other = house.shop(2).await;
    let ann = house.online(&shop, 1, 50).await;
    let bob = house.online(&other, 2, 50).await;
    let mut stream = inbox(&mut house, &shop, &ann, None).await;
    let first = next(&mut stream).await;
    assert!(first.caught_up && first.items.is_empty(), "it begins with now");
    let (mut position, mut seen) = (first.position, Vec::new());
    for round in 0..12 {
        let id = house.says(&shop, &format!("buyer-{round}")).await.conversation_id;
        house.says(&other, "elsewhere").await;
        house.answers(&shop, &ann, &id).await;
        if round % 3 != 0 {
            continue;
        }
        // Cut after one page, however far that got, and resumed from where it said it was.
        let page = next(&mut stream).await;
        position = page.position;
        seen.extend(page.items);
        stream = inbox(&mut house, &shop, &ann, Some(position)).await;
    }
    while seen.len() < 24 {
        let page = next(&mut stream).await;
        assert!(page.position >= position);
        position = page.position;
        seen.extend(page.items);
    }
    let mine: Vec<_> = house
        .events(&shop)
        .await
        .into_iter()
        .filter(|stored| stored.position > first.position && is_for(stored, &ann))
        .map(|stored| stored.position)
        .collect();
    let got: Vec<_> = seen.iter().map(|item| item.position).collect();
    assert_eq!(got, mine, "every item once, in order");
    let said = seen.iter().filter(|item| item.content.as_ref().is_some_and(|it| it.text == "hello"));
    assert_eq!(said.count(), 12, "with what was said");
    let mut elsewhere = inbox(&mut house, &other, &bob, Some(0)).await;
    let page = next(&mut elsewhere).await;
    let shops: BTreeSet<_> =
        page.items.iter().filter_map(|item| item.event.as_ref()).map(|it| &it.shop_id).collect();
    assert_eq!(shops.into_iter().collect::<Vec<_>>(), [&other]);
}

/// Whether an event of these tests belongs in an agent's inbox.
fn is_for(stored: &proto::StoredEvent, agent: &str) -> bool {
    match stored.event.as_ref().and_then(|event| event.payload.as_ref()) {
        Some(Payload::MessageReceived(it)) => it.agent_id == agent,
        Some(Payload::ReplySent(it)) => it.agent_id == agent,
        Some(Payload::Assigned(it)) => it.agent_id == agent,
        Some(Payload::PresenceChanged(it)) => it.agent_id == agent,
        _ => false,
    }
}

#[tokio::test]
async fn a_page_of_an_inbox_fits_into_a_message_however_much_was_said() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let ann = house.online(&shop, 1, 50).await;
    let id = house.says(&shop, "a").await.conversation_id;
    let long = "字".repeat(2_730);
    for _ in 0..300 {
        house.to.reception.receive_message(message(&shop, "a", &long)).await.expect("taken");
        house.to.conversations.reply(reply(&shop, &ann, &id, &long)).await.expect("sent");
    }
    let mut stream = inbox(&mut house, &shop, &ann, Some(0)).await;
    let mut items = 0;
    loop {
        let page = next(&mut stream).await;
        items += page.items.len();
        if page.caught_up {
            break;
        }
    }
    // She came, was assigned, and then 600 messages; the first was part of her assignment.
    assert_eq!(items, 602);
    let mut request = proto::ListMessagesRequest {
        shop_id: shop,
        conversation_id: id,
        page_size: 500,
        ..Default::default()
    };
    let mut messages = 0;
    loop {
        let page = house.to.conversations.list_messages(request.clone()).await.expect("fits").into_inner();
        messages += page.messages.len();
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(messages, 601);
}

#[tokio::test]
async fn followers_get_everything_in_order_and_resume_where_they_were() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let ann = house.online(&shop, 1, 50).await;
    let (mut after, mut last, mut seen) = (0, String::new(), Vec::new());
    for round in 0..5 {
        let mut stream = follow(&mut house, after, &last).await;
        for buyer in 0..4 {
            let id = house.says(&shop, &format!("buyer-{round}-{buyer}")).await.conversation_id;
            house.answers(&shop, &ann, &id).await;
        }
        let page = next(&mut stream).await;
        let end = page.events.last().expect("there is news");
        (after, last) = (end.position, end.event.as_ref().expect("an event").event_id.clone());
        seen.extend(page.events);
    }
    let mut stream = follow(&mut house, after, &last).await;
    let page = next(&mut stream).await;
    assert!(page.caught_up);
    seen.extend(page.events);
    assert_eq!(seen, house.events(&shop).await);
    assert_eq!(
        seen.iter().map(|it| it.position).collect::<Vec<_>>(),
        (1..=seen.len() as i64).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_place_that_is_not_in_the_history_is_refused() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    house.says(&shop, "a").await;
    let last = house.events(&shop).await.pop().expect("events");
    let id = last.event.expect("an event").event_id;
    for (after, event) in [(last.position + 1, ""), (last.position - 1, id.as_str())] {
        let request = proto::FollowEventsRequest { after_position: after, after_event_id: event.into() };
        let status = house.to.history.follow_events(request).await.expect_err("refused");
        assert_eq!(reason_of(&status), Some(Reason::HistoryRewound));
    }
}

#[tokio::test]
async fn a_queue_is_shown_again_whenever_it_changes() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let request = proto::WatchQueueRequest { shop_id: shop.clone() };
    let mut stream = house.to.queue.watch_queue(request).await.expect("watched").into_inner();
    let mut length = async || next(&mut stream).await.queue.expect("the queue").length;
    assert_eq!(length().await, 0);
    house.says(&shop, "a").await;
    assert_eq!(length().await, 1);
    house.says(&shop, "b").await;
    assert_eq!(length().await, 2);
    // Somebody who already waits says more: nothing changes, so the next that is shown is the admission.
    house.says(&shop, "b").await;
    house.online(&shop, 1, 1).await;
    assert_eq!(length().await, 1);
}

#[tokio::test]
async fn a_board_is_shown_again_whenever_it_changes() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let request = proto::WatchBoardRequest { shop_id: shop.clone() };
    let mut stream = house.to.board.watch_board(request).await.expect("watched").into_inner();
    let mut board = async || next(&mut stream).await.board.expect("the board");
    let of = |board: &proto::Board| -> Vec<_> {
        board.agents.iter().map(|of| (of.availability(), of.count)).collect()
    };
    let empty = board().await;
    assert_eq!(of(&empty), []);
    assert_eq!((empty.places, empty.saturation_percent), (0, None), "nobody has places");
    house.online(&shop, 1, 1).await;
    // She is told of before she comes; whether both are seen is a matter of time.
    let mut there = board().await;
    while there.places != 1 {
        there = board().await;
    }
    assert_eq!(of(&there), [(Availability::Ready, 1)]);
    assert_eq!((there.load, there.saturation_percent), (0, Some(0)));
    house.says(&shop, "a").await;
    let full = board().await;
    assert_eq!(of(&full), [(Availability::Saturated, 1)]);
    assert_eq!((full.load, full.unanswered, full.saturation_percent), (1, 1, Some(100)));
    assert!(full.oldest_unanswered_time.is_some());
    house.says(&shop, "b").await;
    let queued = board().await;
    assert_eq!((queued.load, queued.queue_length, queued.unanswered), (1, 1, 1));
    let request = proto::GetBoardRequest { shop_id: shop.clone() };
    let looked = house.to.board.get_board(request).await.expect("it is there").into_inner().board;
    assert_eq!(looked, Some(queued));
}

#[tokio::test]
async fn every_stream_ends_when_the_server_drains() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let ann = house.online(&shop, 1, 1).await;
    let mut inbox = inbox(&mut house, &shop, &ann, None).await;
    let mut events = follow(&mut house, 0, "").await;
    let request = proto::WatchQueueRequest { shop_id: shop.clone() };
    let mut queue = house.to.queue.watch_queue(request).await.expect("watched").into_inner();
    let request = proto::WatchBoardRequest { shop_id: shop.clone() };
    let mut board = house.to.board.watch_board(request).await.expect("watched").into_inner();
    next(&mut inbox).await;
    next(&mut events).await;
    next(&mut queue).await;
    next(&mut board).await;
    house.drain();
    for end in [
        within(inbox.message()).await.err(),
        within(events.message()).await.err(),
        within(queue.message()).await.err(),
        within(board.message()).await.err(),
    ] {
        assert_eq!(end.as_ref().and_then(reason_of), Some(Reason::Draining), "{end:?}");
    }
    house.pass(Span::from_secs(1)).await;
}
