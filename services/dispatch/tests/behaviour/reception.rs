//! Buyers come, are given to agents, wait, are answered, handed over and leave.

use fenliu_domain::problem::Reason;
use fenliu_domain::time::Span;
use fenliu_proto::common::v1::{Actor, Content, MessageKind, Presence};
use fenliu_proto::dispatch::v1 as proto;
use fenliu_proto::dispatch::v1::transfer_conversation_request::Target;
use fenliu_proto::history::v1::{CloseActor, HandOverReason, Stage};

use super::house::House;
use super::words::{close, message, refused, reply, went};

fn transfer(shop: &str, conversation: &str, target: Target) -> proto::TransferConversationRequest {
    proto::TransferConversationRequest {
        shop_id: shop.into(),
        conversation_id: conversation.into(),
        target: Some(target),
        note: "knows the order".into(),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_buyer_is_given_to_an_agent_answered_and_let_go() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let ann = house.online(&shop, 1, 2).await;
    let said = house.says(&shop, "buyer").await;
    assert_eq!(went(said.disposition.clone()), (Stage::Assigned, ann.clone(), 0));
    assert!(!said.redelivered && said.request_id.starts_with("req_"));
    let board = house.read_agent(&shop, &ann).await;
    assert_eq!((board.load, board.saturation_percent, board.unanswered), (1, 50, 1));
    let id = said.conversation_id;
    let owed = house.to.conversations.close_conversation(proto::CloseConversationRequest {
        agent_id: ann.clone(),
        ..close(&shop, &id, CloseActor::Agent)
    });
    refused(owed.await, Reason::ReplyOwed);
    house.answers(&shop, &ann, &id).await;
    assert_eq!(house.texts(&shop, &id).await, ["hello", "hello"]);
    house.ends(&shop, &id).await;
    let ended = house.conversation(&shop, &id).await;
    assert_eq!((ended.stage(), ended.unanswered), (Stage::Closed, 0));
    assert!(ended.close_time.is_some());
    assert_eq!(house.read_agent(&shop, &ann).await.load, 0);
    let gone = house.to.conversations.reply(reply(&shop, &ann, &id, "late")).await;
    refused(gone, Reason::ConversationClosed);
}

#[tokio::test]
async fn who_finds_no_room_waits_in_line_and_is_admitted_when_there_is_some() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let ann = house.online(&shop, 1, 1).await;
    let held = house.says(&shop, "a").await.conversation_id;
    let second = house.says(&shop, "b").await;
    let third = house.says(&shop, "c").await;
    assert_eq!(went(second.disposition), (Stage::Queued, String::new(), 1));
    assert_eq!(went(third.disposition), (Stage::Queued, String::new(), 2));
    let queue = house.queue(&shop).await;
    let waiting: Vec<_> = queue.first.iter().map(|entry| entry.conversation_id.clone()).collect();
    assert_eq!((queue.length, waiting), (2, vec![second.conversation_id.clone(), third.conversation_id]));
    house.ends(&shop, &held).await;
    let admitted = house.conversation(&shop, &second.conversation_id).await;
    assert_eq!((admitted.stage(), admitted.agent_id), (Stage::Assigned, ann));
    assert_eq!(house.queue(&shop).await.length, 1);
}

#[tokio::test]
async fn a_buyer_who_gives_up_leaves_the_line() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let waiting = house.says(&shop, "a").await.conversation_id;
    let leave = proto::LeaveQueueRequest {
        shop_id: shop.clone(),
        conversation_id: waiting.clone(),
        ..Default::default()
    };
    house.to.reception.leave_queue(leave.clone()).await.expect("they leave");
    assert_eq!(house.queue(&shop).await.length, 0);
    assert_eq!(house.conversation(&shop, &waiting).await.stage(), Stage::Closed);
    refused(house.to.reception.leave_queue(leave).await, Reason::ConversationClosed);
}

#[tokio::test]
async fn a_full_queue_still_stores_what_is_said() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    house.change_policy(&shop, |policy| policy.queue_limit = 1).await;
    house.says(&shop, "a").await;
    let turned_away = house.says(&shop, "b").await;
    assert_eq!(went(turned_away.disposition), (Stage::Open, String::new(), 0));
    assert_eq!(house.texts(&shop, &turned_away.conversation_id).await, ["hello"]);
    assert_eq!(house.queue(&shop).await.length, 1);
}

#[tokio::test]
async fn a_buyer_comes_back_to_the_agent_they_know() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let ann = house.online(&shop, 1, 5).await;
    let first = house.says(&shop, "a").await.conversation_id;
    house.answers(&shop, &ann, &first).await;
    house.ends(&shop, &first).await;
    house.online(&shop, 2, 50).await;
    house.says(&shop, "somebody else").await;
    house.says(&shop, "somebody more").await;
    // Within the reopen window it is the same conversation, afterwards a new one with the same agent.
    let reopened = house.says(&shop, "a").await;
    assert_eq!((&reopened.conversation_id, went(reopened.disposition).1), (&first, ann.clone()));
    house.answers(&shop, &ann, &first).await;
    house.ends(&shop, &first).await;
    for _ in 0..3 {
        house.pass(Span::from_mins(4)).await;
        house.set(&shop, &ann, Presence::Online).await;
    }
    let later = house.says(&shop, "a").await;
    assert_ne!(later.conversation_id, first);
    assert_eq!(went(later.disposition), (Stage::Assigned, ann, 0));
}

#[tokio::test]
async fn a_conversation_is_handed_to_an_agent_or_a_group_with_a_note() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let ann = house.online(&shop, 1, 5).await;
    let bob = house.agent(&shop, 2, 1).await;
    let id = house.says(&shop, "a").await.conversation_id;
    let to_bob = transfer(&shop, &id, Target::ToAgentId(bob.clone()));
    refused(house.to.conversations.transfer_conversation(to_bob.clone()).await, Reason::AgentUnavailable);
    house.set(&shop, &bob, Presence::Busy).await;
    let handed = house.to.conversations.transfer_conversation(to_bob.clone()).await;
    let handed = handed.expect("busy agents take transfers").into_inner();
    assert_eq!(went(handed.disposition), (Stage::Assigned, bob.clone(), 0));
    refused(house.to.conversations.transfer_conversation(to_bob).await, Reason::AlreadyAssigned);
    let not_hers = house.to.conversations.reply(reply(&shop, &ann, &id, "hello")).await;
    refused(not_hers, Reason::NotAssignee);
    let to_nobody = transfer(&shop, &id, Target::ToGroup("vip".into()));
    refused(house.to.conversations.transfer_conversation(to_nobody).await, Reason::GroupNotFound);
    let to_group = transfer(&shop, &id, Target::ToGroup("default".into()));
    let handed = house.to.conversations.transfer_conversation(to_group).await.expect("handed").into_inner();
    assert_eq!(went(handed.disposition), (Stage::Assigned, ann.clone(), 0));
    house.answers(&shop, &ann, &id).await;
}

#[tokio::test]
async fn the_robot_answers_first_and_hands_over_when_asked() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let ann = house.online(&shop, 1, 5).await;
    house.change_policy(&shop, |policy| policy.robot_first = true).await;
    let entered = proto::EnterChatRequest {
        shop_id: shop.clone(),
        buyer_id: "a".into(),
        channel: "app".into(),
        ..Default::default()
    };
    let entered = house.to.reception.enter_chat(entered).await.expect("entered").into_inner();
    assert_eq!(went(entered.disposition).0, Stage::Entered);
    let said = house.says(&shop, "a").await;
    assert_eq!(said.conversation_id, entered.conversation_id, "the page that was open");
    assert_eq!(went(said.disposition).0, Stage::WithRobot);
    let id = said.conversation_id;
    let answer =
        proto::ReplyRequest { actor: Actor::FullRobot.into(), ..reply(&shop, "", &id, "how can I help?") };
    house.to.conversations.reply(answer.clone()).await.expect("the robot answers");
    assert_eq!(house.conversation(&shop, &id).await.unanswered, 0);
    let human = proto::RequestHumanRequest {
        shop_id: shop.clone(),
        conversation_id: id.clone(),
        reason: HandOverReason::LowConfidence.into(),
        ..Default::default()
    };
    let handed = house.to.reception.request_human(human.clone()).await.expect("handed over").into_inner();
    assert_eq!(went(handed.disposition), (Stage::Assigned, ann, 0));
    refused(house.to.reception.request_human(human).await, Reason::NotWithRobot);
    refused(house.to.conversations.reply(answer).await, Reason::NotWithRobot);
}

#[tokio::test]
async fn who_goes_offline_gives_away_what_they_owe() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let ann = house.online(&shop, 1, 5).await;
    let owing = house.says(&shop, "a").await.conversation_id;
    let answered = house.says(&shop, "b").await.conversation_id;
    house.answers(&shop, &ann, &answered).await;
    let bob = house.online(&shop, 2, 5).await;
    house.set(&shop, &ann, Presence::Offline).await;
    assert_eq!(house.conversation(&shop, &owing).await.agent_id, bob);
    assert_eq!(house.conversation(&shop, &answered).await.agent_id, ann, "until its buyer speaks");
    assert_eq!(went(house.says(&shop, "b").await.disposition).0, Stage::Assigned);
    assert_eq!(house.conversation(&shop, &answered).await.agent_id, bob);
}

#[tokio::test]
async fn a_message_of_an_unknown_kind_is_a_message_like_any_other() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let ann = house.online(&shop, 1, 5).await;
    let content = |kind| Some(Content { kind, text: String::new(), reference: String::new() });
    let voice = proto::ReceiveMessageRequest { content: content(99), ..message(&shop, "a", "") };
    let said = house.to.reception.receive_message(voice).await.expect("it is taken").into_inner();
    assert_eq!(went(said.disposition), (Stage::Assigned, ann.clone(), 0));
    assert_eq!(house.read_agent(&shop, &ann).await.unanswered, 1);
    let request = proto::ListMessagesRequest {
        shop_id: shop,
        conversation_id: said.conversation_id,
        ..Default::default()
    };
    let read = house.to.conversations.list_messages(request).await.expect("listed").into_inner();
    let kinds: Vec<_> = read.messages.iter().map(|it| it.content.as_ref().expect("content").kind()).collect();
    assert_eq!(kinds, [MessageKind::Unsupported]);
}

#[tokio::test]
async fn every_routing_decision_can_be_explained() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let id = house.says(&shop, "a").await.conversation_id;
    let ann = house.online(&shop, 1, 1).await;
    let bob = house.online(&shop, 2, 1).await;
    let to_bob = transfer(&shop, &id, Target::ToAgentId(bob.clone()));
    house.to.conversations.transfer_conversation(to_bob).await.expect("handed over");
    let request = proto::ExplainRouteRequest { shop_id: shop, conversation_id: id };
    let explained = house.to.routing.explain_route(request).await.expect("explained").into_inner();
    let lines: Vec<_> = explained.decisions.iter().map(|decision| decision.lines.join("\n")).collect();
    assert_eq!(lines.len(), 4, "queued, admitted, handed over, assigned: {lines:#?}");
    assert!(lines[0].contains("nobody in group default has room"), "{lines:#?}");
    assert!(lines[0].ends_with("queued for group default at place 1"), "{lines:#?}");
    assert!(lines[1].ends_with(&format!("assigned to {ann} by the shop's strategy")), "{lines:#?}");
    assert_eq!(lines[2], format!("handed over by {ann} to {bob}"));
    assert!(
        lines[3].ends_with(&format!("assigned to {bob} because it was handed over to them")),
        "{lines:#?}"
    );
    assert!(explained.decisions.iter().all(|decision| decision.recorded_time.is_some()));
    assert!(explained.decisions[1].trace.as_ref().is_some_and(|trace| !trace.steps.is_empty()));
}

#[tokio::test]
async fn a_policy_is_replaced_only_by_who_has_read_it() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let read = proto::GetPolicyRequest { shop_id: shop.clone() };
    let first = house.to.policy.get_policy(read.clone()).await.expect("read").into_inner();
    let mut policy = first.policy.clone().expect("the policy");
    policy.queue_limit = 7;
    let update = proto::UpdatePolicyRequest {
        shop_id: shop.clone(),
        policy: Some(policy.clone()),
        etag: first.etag.clone(),
        ..Default::default()
    };
    let updated = house.to.policy.update_policy(update.clone()).await.expect("replaced").into_inner();
    assert_ne!(updated.etag, first.etag);
    assert_eq!(updated.policy, Some(policy.clone()));
    let now = house.to.policy.get_policy(read).await.expect("read").into_inner();
    assert_eq!((now.policy, &now.etag), (updated.policy, &updated.etag));
    refused(house.to.policy.update_policy(update.clone()).await, Reason::EtagMismatch);
    policy.time_zone = "Europe/Berlin".into();
    let moved = proto::UpdatePolicyRequest { policy: Some(policy.clone()), etag: now.etag, ..update.clone() };
    refused(house.to.policy.update_policy(moved).await, Reason::PolicyInvalid);
    policy.fallbacks.clear();
    let senseless = proto::UpdatePolicyRequest { policy: Some(policy), etag: String::new(), ..update };
    refused(house.to.policy.update_policy(senseless).await, Reason::PolicyInvalid);
}

#[tokio::test]
async fn the_next_page_leaves_nobody_out_whom_nobody_answered() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let ann = house.online(&shop, 2, 10).await;
    let mut asked = Vec::new();
    for buyer in ["a", "b", "c", "d", "e"] {
        asked.push(house.says(&shop, buyer).await.conversation_id);
        house.pass(Span::from_secs(1)).await;
    }
    let answered = house.says(&shop, "answered").await.conversation_id;
    house.answers(&shop, &ann, &answered).await;
    let mut list =
        proto::ListConversationsRequest { shop_id: shop.clone(), page_size: 2, ..Default::default() };
    let mut listed = Vec::new();
    loop {
        let page =
            house.to.conversations.list_conversations(list.clone()).await.expect("listed").into_inner();
        for conversation in page.conversations {
            // Whoever is answered between two pages moves to the end of the list.
            house.answers(&shop, &ann, &conversation.conversation_id).await;
            listed.push(conversation.conversation_id);
        }
        if page.next_page_token.is_empty() {
            break;
        }
        list.page_token = page.next_page_token;
    }
    assert_eq!(listed[..5], asked);
    assert_eq!(listed[5..].iter().filter(|id| **id == answered).count(), 1);
}
