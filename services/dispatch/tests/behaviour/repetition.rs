//! Requests and deliveries that come more than once: one effect, one answer.

use fenliu_domain::problem::Reason;
use fenliu_domain::time::Span;
use fenliu_proto::common::v1::Presence;
use fenliu_proto::dispatch::v1 as proto;
use futures::future::join_all;

use super::house::House;
use super::words::{count, message, refused, reply, set_presence};

fn named(shop: &str, buyer: &str, request_id: &str) -> proto::ReceiveMessageRequest {
    proto::ReceiveMessageRequest { request_id: request_id.into(), ..message(shop, buyer, "hello") }
}

fn delivered(shop: &str, external: &str, request_id: &str) -> proto::ReceiveMessageRequest {
    proto::ReceiveMessageRequest { external_message_id: external.into(), ..named(shop, "a", request_id) }
}

#[tokio::test]
async fn a_repeated_request_gets_its_first_answer_also_after_a_restart() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let ann = house.online(&shop, 1, 1).await;
    let held =
        house.to.reception.receive_message(named(&shop, "a", "{1}")).await.expect("taken").into_inner();
    let queued =
        house.to.reception.receive_message(named(&shop, "b", "2")).await.expect("taken").into_inner();
    let answer =
        proto::ReplyRequest { request_id: "3".into(), ..reply(&shop, &ann, &held.conversation_id, "hi") };
    let sent = house.to.conversations.reply(answer.clone()).await.expect("sent").into_inner();
    house.ends(&shop, &held.conversation_id).await;
    let before = house.everything(&shop).await;
    for _ in 0..2 {
        let again = house.to.reception.receive_message(named(&shop, "a", "{1}")).await;
        assert_eq!(again.expect("repeated").into_inner(), held);
        let again = house.to.reception.receive_message(named(&shop, "b", "2")).await;
        assert_eq!(again.expect("repeated").into_inner(), queued, "although it has been admitted since");
        let again = house.to.conversations.reply(answer.clone()).await;
        assert_eq!(again.expect("repeated").into_inner(), sent, "although the conversation has ended");
        assert_eq!(house.everything(&shop).await, before);
        house = house.restart().await;
    }
}

#[tokio::test]
async fn the_same_id_with_another_body_is_refused_also_after_a_restart() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let ann = house.agent(&shop, 1, 1).await;
    house.to.reception.receive_message(named(&shop, "a", "r")).await.expect("taken");
    let before = house.everything(&shop).await;
    for _ in 0..2 {
        let other_body = house.to.reception.receive_message(named(&shop, "b", "r")).await;
        refused(other_body, Reason::RequestIdReused);
        let other_rpc = proto::SetPresenceRequest {
            request_id: "r".into(),
            ..set_presence(&shop, &ann, Presence::Online)
        };
        refused(house.to.presence.set_presence(other_rpc).await, Reason::RequestIdReused);
        assert_eq!(house.everything(&shop).await, before);
        house = house.restart().await;
    }
    let other = house.shop(2).await;
    house
        .to
        .reception
        .receive_message(named(&other, "b", "r"))
        .await
        .expect("another shop's ids are its own");
}

#[tokio::test]
async fn a_refusal_is_not_remembered() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let ann = house.online(&shop, 1, 1).await;
    let id = house.says(&shop, "a").await.conversation_id;
    let bob = house.agent(&shop, 2, 1).await;
    let early = proto::ReplyRequest { request_id: "r".into(), ..reply(&shop, &bob, &id, "hi") };
    refused(house.to.conversations.reply(early).await, Reason::NotAssignee);
    let right = proto::ReplyRequest { request_id: "r".into(), ..reply(&shop, &ann, &id, "hi") };
    house.to.conversations.reply(right).await.expect("the id is still free");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_sent_many_times_at_once_has_one_effect() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let sent = (0..64).map(|_| {
        let (mut to, request) = (house.to.clone(), named(&shop, "a", "r"));
        tokio::spawn(async move { to.reception.receive_message(request).await })
    });
    let answers: Vec<_> = join_all(sent).await;
    let answers: Vec<_> = answers
        .into_iter()
        .map(|answer| answer.expect("no call panics").expect("every one is answered").into_inner())
        .collect();
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(count(&house.events(&shop).await, "message_received"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_delivered_many_times_at_once_is_one_message() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let sent = (0..64).map(|number| {
        let (mut to, request) = (house.to.clone(), delivered(&shop, "m-1", &format!("r-{number}")));
        tokio::spawn(async move { to.reception.receive_message(request).await })
    });
    let answers: Vec<_> = join_all(sent).await;
    let answers: Vec<_> = answers
        .into_iter()
        .map(|answer| answer.expect("no call panics").expect("every one is answered").into_inner())
        .collect();
    assert_eq!(answers.iter().filter(|answer| !answer.redelivered).count(), 1);
    assert!(answers.iter().all(|answer| answer.message_id == answers[0].message_id));
    assert_eq!(count(&house.events(&shop).await, "message_received"), 1);
}

#[tokio::test]
async fn a_redelivered_message_is_recognised_for_good() {
    let mut house = House::sweeping_every(10_000).await;
    let shop = house.shop(1).await;
    let first = house.to.reception.receive_message(delivered(&shop, "m-1", "r-1")).await;
    let first = first.expect("taken").into_inner();
    house = house.restart().await;
    let check = async |house: &mut House, request_id: &str| {
        let again = house.to.reception.receive_message(delivered(&shop, "m-1", request_id)).await;
        let again = again.expect("recognised").into_inner();
        let expected = proto::ReceiveMessageResponse {
            redelivered: true,
            request_id: request_id.into(),
            ..first.clone()
        };
        assert_eq!(again, expected);
    };
    check(&mut house, "r-2").await;
    let elsewhere = proto::ReceiveMessageRequest { channel: "web".into(), ..delivered(&shop, "m-1", "r-3") };
    let elsewhere = house.to.reception.receive_message(elsewhere).await.expect("taken").into_inner();
    assert!(!elsewhere.redelivered, "another channel's ids are its own");

    house.pass(Span::from_hours(25)).await;
    // The desk forgets what is a day old when something new comes.
    house.to.reception.receive_message(delivered(&shop, "m-2", "r-4")).await.expect("taken");
    let events = house.events(&shop).await.len();
    check(&mut house, "r-5").await;
    assert_eq!(house.events(&shop).await.len(), events, "no new effect");
    house = house.restart().await;
    check(&mut house, "r-6").await;
    assert_eq!(house.events(&shop).await.len(), events);
    // The request's own id is free again after a day.
    let freed =
        house.to.reception.receive_message(named(&shop, "z", "r-1")).await.expect("taken").into_inner();
    assert_ne!(freed.message_id, first.message_id);
}

#[tokio::test]
async fn within_a_day_a_request_is_recognised_and_afterwards_it_is_new() {
    let mut house = House::sweeping_every(10_000).await;
    let shop = house.shop(1).await;
    let request = named(&shop, "a", "r");
    let first = house.to.reception.receive_message(request.clone()).await.expect("taken").into_inner();
    house.pass(Span::from_hours(24)).await;
    let again = house.to.reception.receive_message(request.clone()).await.expect("repeated").into_inner();
    assert_eq!(again, first, "just still remembered");
    house.pass(Span::from_secs(1)).await;
    let new = house.to.reception.receive_message(request.clone()).await.expect("taken").into_inner();
    assert_ne!(new.message_id, first.message_id);
    let again = house.to.reception.receive_message(request).await.expect("repeated").into_inner();
    assert_eq!(again, new);
}
