//! Where buyers go other than by the strategy of their own group: helping groups, messages that are left, the late, and
//! places that are kept.

use fenliu_domain::time::Span;
use fenliu_proto::common::v1::Presence;
use fenliu_proto::convert::to_span;
use fenliu_proto::dispatch::v1 as proto;
use fenliu_proto::history::v1::{self as history, Stage};

use super::house::House;
use super::words::{message, went};

/// A message for a group.
fn for_group(shop: &str, buyer: &str, group: &str) -> proto::ReceiveMessageRequest {
    proto::ReceiveMessageRequest { group: group.into(), ..message(shop, buyer, "hello") }
}

async fn asks(house: &mut House, request: proto::ReceiveMessageRequest) -> String {
    house.to.reception.receive_message(request).await.expect("taken").into_inner().conversation_id
}

#[tokio::test]
async fn another_group_helps_out_when_its_ring_opens_and_the_explanation_says_so() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let ann = house.online_in(&shop, 1, 1, "sale").await;
    let ben = house.online_in(&shop, 2, 1, "care").await;
    house
        .change_policy(&shop, |policy| {
            let after_duration = Some(to_span(Span::from_secs(30)));
            policy.rings =
                vec![history::Ring { group: "sale".into(), helper: "care".into(), after_duration }];
        })
        .await;
    let first = asks(&mut house, for_group(&shop, "a", "sale")).await;
    assert_eq!(house.conversation(&shop, &first).await.agent_id, ann);
    let second = asks(&mut house, for_group(&shop, "b", "sale")).await;
    house.pass(Span::from_secs(20)).await;
    assert_eq!(house.conversation(&shop, &second).await.stage(), Stage::Queued, "not before its time");
    for agent in [&ann, &ben] {
        house.beat(&shop, agent).await;
    }
    house.pass(Span::from_secs(11)).await;
    assert_eq!(house.conversation(&shop, &second).await.agent_id, ben);
    let explain = proto::ExplainRouteRequest { shop_id: shop.clone(), conversation_id: second };
    let told = house.to.routing.explain_route(explain).await.expect("explained").into_inner();
    let lines: Vec<_> = told.decisions.iter().flat_map(|decision| &decision.lines).collect();
    assert!(lines.iter().any(|line| line.contains("care")), "{lines:?}");
}

#[tokio::test]
async fn with_nobody_there_a_message_is_left_with_who_is_away_and_stays_hers_when_she_is_back() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let ann = house.agent(&shop, 1, 5).await;
    house
        .change_policy(&shop, |policy| policy.fallbacks = vec![history::Fallback::LeaveMessage.into()])
        .await;
    let left = house.says(&shop, "a").await;
    assert_eq!(went(left.disposition), (Stage::Assigned, ann.clone(), 0));
    assert_eq!(house.read_agent(&shop, &ann).await.presence(), Presence::Offline);
    house.set(&shop, &ann, Presence::Online).await;
    house.answers(&shop, &ann, &left.conversation_id).await;
    assert_eq!(house.conversation(&shop, &left.conversation_id).await.agent_id, ann);
}

#[tokio::test]
async fn where_the_savable_go_first_the_late_wait_but_for_every_second_slot() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let ann = house.online(&shop, 1, 1).await;
    house
        .change_policy(&shop, |policy| {
            let limit_duration = Some(to_span(Span::from_secs(60)));
            policy.savable_first = Some(history::SavableFirst { limit_duration, late_every: 2 });
        })
        .await;
    house.says(&shop, "held").await;
    house.says(&shop, "late").await;
    for _ in 0..4 {
        house.pass(Span::from_secs(20)).await;
        house.beat(&shop, &ann).await;
    }
    for buyer in ["early", "next"] {
        house.says(&shop, buyer).await;
    }
    let mut served = Vec::new();
    for _ in 0..4 {
        let held = house.everything(&shop).await.conversations;
        let held = held.into_iter().find(|held| held.stage() == Stage::Assigned).expect("one is held");
        served.push(held.buyer_id);
        house.ends(&shop, &held.conversation_id).await;
    }
    assert_eq!(served, ["held", "early", "late", "next"]);
}

#[tokio::test]
async fn an_agent_keeps_a_place_for_who_has_opened_the_page_and_gets_the_first_word() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let ann = house.online(&shop, 1, 1).await;
    house.change_policy(&shop, |policy| policy.pre_assign_duration = Some(to_span(Span::from_mins(2)))).await;
    let enter = |buyer: &str| proto::EnterChatRequest {
        shop_id: shop.clone(),
        buyer_id: buyer.into(),
        channel: "app".into(),
        ..Default::default()
    };
    let entered = house.to.reception.enter_chat(enter("a")).await.expect("entered").into_inner();
    assert_eq!(went(entered.disposition), (Stage::Entered, ann.clone(), 0));
    let page = house.conversation(&shop, &entered.conversation_id).await;
    assert_eq!((page.stage(), page.agent_id), (Stage::Entered, ann.clone()));
    assert_eq!(house.read_agent(&shop, &ann).await.load, 1);
    assert_eq!(went(house.says(&shop, "b").await.disposition), (Stage::Queued, String::new(), 1));
    let said = house.says(&shop, "a").await;
    assert_eq!(said.conversation_id, entered.conversation_id);
    assert_eq!(went(said.disposition), (Stage::Assigned, ann.clone(), 0));
    let reasons: Vec<_> = house
        .events(&shop)
        .await
        .into_iter()
        .filter_map(|stored| match stored.event?.payload? {
            history::event::Payload::Assigned(assigned) => Some(assigned.reason()),
            _ => None,
        })
        .collect();
    assert_eq!(reasons, [history::AssignReason::PreAssigned, history::AssignReason::FirstWord]);
}
