//! Wrong input: a named reason each, and nothing changed.

use fenliu_domain::ids::{AgentId, ConversationId, ShopId};
use fenliu_domain::problem::Reason;
use fenliu_proto::common::v1::{Content, MessageKind, Presence};
use fenliu_proto::dispatch::v1 as proto;
use fenliu_proto::dispatch::v1::transfer_conversation_request::Target;
use fenliu_proto::history::v1::CloseActor;
use fenliu_proto::status::reason_of;
use tonic::{Code, Response, Status};
use tonic_types::StatusExt;

use super::house::{Everything, House};
use super::words::{close, message, refused, refused_fields, reply, set_presence, text};

/// A shop with an agent who holds a conversation, and everything of it.
async fn shop(house: &mut House) -> (String, String, String, Everything) {
    let shop = house.shop(1).await;
    let ann = house.online(&shop, 1, 3).await;
    let id = house.says(&shop, "a").await.conversation_id;
    let before = house.everything(&shop).await;
    (shop, ann, id, before)
}

fn capacity(shop: &str, agent: &str, capacity: i32) -> proto::SetCapacityRequest {
    proto::SetCapacityRequest { shop_id: shop.into(), agent_id: agent.into(), capacity, ..Default::default() }
}

#[tokio::test]
async fn what_agents_may_not_do_is_refused_by_name() {
    let mut house = House::open().await;
    let (shop, ann, id, before) = shop(&mut house).await;
    let stranger = AgentId::from_bits(99).to_string();
    let video =
        Some(Content { kind: MessageKind::Video.into(), reference: "v".into(), ..Default::default() });
    let video = proto::ReplyRequest { content: video, ..reply(&shop, &ann, &id, "") };
    refused(house.to.conversations.reply(video).await, Reason::VideoNotAllowed);
    refused(house.to.conversations.reply(reply(&shop, &stranger, &id, "hi")).await, Reason::AgentNotFound);
    refused_fields(house.to.conversations.reply(reply(&shop, "", &id, "hi")).await, &["agent_id"]);
    refused_fields(house.to.conversations.reply(reply(&shop, &ann, &id, "")).await, &["content"]);
    let unknown = Some(Content { kind: 42, ..text("hi").expect("a text") });
    let unknown = proto::ReplyRequest { content: unknown, ..reply(&shop, &ann, &id, "") };
    refused_fields(house.to.conversations.reply(unknown).await, &["content.kind"]);
    let presence = set_presence(&shop, &stranger, Presence::Online);
    refused(house.to.presence.set_presence(presence).await, Reason::AgentNotFound);
    refused_fields(house.to.presence.set_capacity(capacity(&shop, &ann, -1)).await, &["capacity"]);
    refused_fields(house.to.presence.set_capacity(capacity(&shop, &ann, i32::MAX)).await, &["capacity"]);
    refused_fields(house.to.presence.set_capacity(capacity(&shop, &ann, i32::MIN)).await, &["capacity"]);
    let beat = proto::HeartbeatRequest { shop_id: shop.clone(), agent_id: stranger, session_id: "d".into() };
    refused(house.to.presence.heartbeat(beat).await, Reason::AgentNotFound);
    let idle = close(&shop, &id, CloseActor::IdleRule);
    refused_fields(house.to.conversations.close_conversation(idle).await, &["by"]);
    assert_eq!(house.everything(&shop).await, before);
}

#[tokio::test]
async fn unknown_values_of_enums_are_refused_by_name() {
    let mut house = House::open().await;
    let (shop, ann, id, before) = shop(&mut house).await;
    for presence in [0, -1, 5, i32::MAX] {
        let request = proto::SetPresenceRequest { presence, ..set_presence(&shop, &ann, Presence::Online) };
        refused_fields(house.to.presence.set_presence(request).await, &["presence"]);
    }
    let request = proto::ReplyRequest { actor: 77, ..reply(&shop, &ann, &id, "hi") };
    refused_fields(house.to.conversations.reply(request).await, &["actor"]);
    let request = proto::CloseConversationRequest { by: 77, ..close(&shop, &id, CloseActor::Buyer) };
    refused_fields(house.to.conversations.close_conversation(request).await, &["by"]);
    let request = proto::RequestHumanRequest {
        shop_id: shop.clone(),
        conversation_id: id,
        reason: 77,
        ..Default::default()
    };
    refused_fields(house.to.reception.request_human(request).await, &["reason"]);
    let request = proto::ListConversationsRequest {
        shop_id: shop.clone(),
        stages: vec![5, 0, 77],
        ..Default::default()
    };
    refused_fields(house.to.conversations.list_conversations(request).await, &["stages[1]", "stages[2]"]);
    assert_eq!(house.everything(&shop).await, before);
}

/// The shape of a refusal: everything a caller sees of it except the id they sent themselves.
fn shape<T>(result: Result<Response<T>, Status>, id: &str) -> (Code, String, String) {
    let Err(status) = result else { panic!("it must be refused") };
    let details = format!("{:?}", status.get_error_details()).replace(id, "ID");
    (status.code(), status.message().replace(id, "ID"), details)
}

#[tokio::test]
async fn a_foreign_shops_conversation_looks_like_a_missing_one() {
    let mut house = House::open().await;
    let (shop, _, foreign, before) = shop(&mut house).await;
    let own = house.shop(2).await;
    let bob = house.online(&own, 2, 3).await;
    let missing = ConversationId::from_bits(77 << 12).to_string();
    let mut shapes = Vec::new();
    for id in [&foreign, &missing] {
        let to = &mut house.to;
        let get = proto::GetConversationRequest { shop_id: own.clone(), conversation_id: id.clone() };
        let list = proto::ListMessagesRequest {
            shop_id: own.clone(),
            conversation_id: id.clone(),
            ..Default::default()
        };
        let events = proto::ListEventsRequest {
            shop_id: own.clone(),
            conversation_id: id.clone(),
            ..Default::default()
        };
        let explain = proto::ExplainRouteRequest { shop_id: own.clone(), conversation_id: id.clone() };
        let transfer = proto::TransferConversationRequest {
            shop_id: own.clone(),
            conversation_id: id.clone(),
            target: Some(Target::ToAgentId(bob.clone())),
            ..Default::default()
        };
        let leave = proto::LeaveQueueRequest {
            shop_id: own.clone(),
            conversation_id: id.clone(),
            ..Default::default()
        };
        let human = proto::RequestHumanRequest {
            shop_id: own.clone(),
            conversation_id: id.clone(),
            ..Default::default()
        };
        shapes.push([
            shape(to.conversations.get_conversation(get).await, id),
            shape(to.conversations.list_messages(list).await, id),
            shape(to.history.list_events(events).await, id),
            shape(to.routing.explain_route(explain).await, id),
            shape(to.conversations.transfer_conversation(transfer).await, id),
            shape(to.reception.leave_queue(leave).await, id),
            shape(to.reception.request_human(human).await, id),
            shape(to.conversations.reply(reply(&own, &bob, id, "hi")).await, id),
            shape(to.conversations.close_conversation(close(&own, id, CloseActor::Buyer)).await, id),
        ]);
    }
    assert_eq!(shapes[0], shapes[1]);
    assert!(shapes[0].iter().all(|shape| shape.0 == Code::NotFound));
    assert_eq!(house.everything(&shop).await, before);
}

/// Checks that nothing but the shop was found missing.
#[track_caller]
fn no_such_shop(ends: impl IntoIterator<Item = Option<Status>>) {
    for status in ends {
        assert_eq!(status.as_ref().and_then(reason_of), Some(Reason::ShopNotFound), "{status:?}");
    }
}

#[tokio::test]
async fn nothing_can_be_done_in_a_shop_nobody_told_of() {
    let mut house = House::open().await;
    let (shop, agent, conversation_id, before) = shop(&mut house).await;
    let (policy, shop_id) = (before.policy.policy.clone(), ShopId::from_bits(0xdead).to_string());
    let (presence, beat, enter, human, leave, transfer, update) = (
        set_presence(&shop_id, &agent, Presence::Online),
        proto::HeartbeatRequest { shop_id: shop_id.clone(), agent_id: agent.clone(), session_id: "d".into() },
        proto::EnterChatRequest {
            shop_id: shop_id.clone(),
            buyer_id: "a".into(),
            channel: "app".into(),
            ..Default::default()
        },
        proto::RequestHumanRequest {
            shop_id: shop_id.clone(),
            conversation_id: conversation_id.clone(),
            ..Default::default()
        },
        proto::LeaveQueueRequest {
            shop_id: shop_id.clone(),
            conversation_id: conversation_id.clone(),
            ..Default::default()
        },
        proto::TransferConversationRequest {
            shop_id: shop_id.clone(),
            conversation_id: conversation_id.clone(),
            target: Some(Target::ToGroup("default".into())),
            ..Default::default()
        },
        proto::UpdatePolicyRequest { shop_id: shop_id.clone(), policy, ..Default::default() },
    );
    let (to, id) = (&mut house.to, conversation_id);
    for _ in 0..2 {
        no_such_shop([
            to.presence.set_presence(presence.clone()).await.err(),
            to.presence.heartbeat(beat.clone()).await.err(),
            to.presence.set_capacity(capacity(&shop_id, &agent, 3)).await.err(),
            to.reception.enter_chat(enter.clone()).await.err(),
            to.reception.receive_message(message(&shop_id, "a", "hi")).await.err(),
            to.reception.request_human(human.clone()).await.err(),
            to.reception.leave_queue(leave.clone()).await.err(),
            to.conversations.reply(reply(&shop_id, &agent, &id, "hi")).await.err(),
            to.conversations.close_conversation(close(&shop_id, &id, CloseActor::Buyer)).await.err(),
            to.conversations.transfer_conversation(transfer.clone()).await.err(),
            to.policy.update_policy(update.clone()).await.err(),
        ]);
    }
    assert_eq!(house.everything(&shop).await, before);
}

#[tokio::test]
async fn nothing_can_be_read_of_a_shop_nobody_told_of() {
    let mut house = House::open().await;
    let (_, agent_id, conversation_id, _) = shop(&mut house).await;
    let shop_id = ShopId::from_bits(0xdead).to_string();
    let agent = proto::GetAgentRequest { shop_id: shop_id.clone(), agent_id: agent_id.clone() };
    let agents = proto::ListAgentsRequest { shop_id: shop_id.clone(), ..Default::default() };
    let queue = proto::GetQueueRequest { shop_id: shop_id.clone() };
    let watch = proto::WatchQueueRequest { shop_id: shop_id.clone() };
    let board = proto::GetBoardRequest { shop_id: shop_id.clone() };
    let boards = proto::WatchBoardRequest { shop_id: shop_id.clone() };
    let list = proto::ListConversationsRequest { shop_id: shop_id.clone(), ..Default::default() };
    let events = proto::ListEventsRequest { shop_id: shop_id.clone(), ..Default::default() };
    let policy = proto::GetPolicyRequest { shop_id: shop_id.clone() };
    let inbox = proto::WatchInboxRequest { shop_id: shop_id.clone(), agent_id, after_position: Some(0) };
    let to = &mut house.to;
    no_such_shop([
        to.presence.get_agent(agent).await.err(),
        to.presence.list_agents(agents).await.err(),
        to.queue.get_queue(queue).await.err(),
        to.queue.watch_queue(watch).await.err(),
        to.board.get_board(board).await.err(),
        to.board.watch_board(boards).await.err(),
        to.conversations.list_conversations(list).await.err(),
        to.history.list_events(events).await.err(),
        to.policy.get_policy(policy).await.err(),
        to.inbox.watch_inbox(inbox).await.err(),
    ]);
    // What names a conversation says the same of it as of any other that this shop does not have.
    let get =
        proto::GetConversationRequest { shop_id: shop_id.clone(), conversation_id: conversation_id.clone() };
    let messages = proto::ListMessagesRequest {
        shop_id: shop_id.clone(),
        conversation_id: conversation_id.clone(),
        ..Default::default()
    };
    let explain = proto::ExplainRouteRequest { shop_id, conversation_id };
    refused(to.conversations.get_conversation(get).await, Reason::ConversationNotFound);
    refused(to.conversations.list_messages(messages).await, Reason::ConversationNotFound);
    refused(to.routing.explain_route(explain).await, Reason::ConversationNotFound);
}

#[tokio::test]
async fn ids_that_are_none_are_refused_by_name() {
    let mut house = House::open().await;
    let (shop, ann, id, before) = shop(&mut house).await;
    for bad in ["", "x", "agt_", "shp_{}", &shop.to_uppercase(), &format!("{shop}0"), &ann] {
        let request = proto::GetQueueRequest { shop_id: bad.into() };
        refused_fields(house.to.queue.get_queue(request).await, &["shop_id"]);
    }
    let request = reply(&shop, "agt_nobody", &format!("cnv_{}", "g".repeat(32)), "hi");
    let status = house.to.conversations.reply(request).await.expect_err("refused");
    assert_eq!(reason_of(&status), Some(Reason::InvalidRequest));
    for (buyer, fields) in [("", &["buyer_id"]), ("a\0b", &["buyer_id"]), ("a\nb", &["buyer_id"])] {
        refused_fields(house.to.reception.receive_message(message(&shop, buyer, "hi")).await, fields);
    }
    let many = proto::ReceiveMessageRequest {
        buyer_id: "b".repeat(129),
        channel: "\u{7f}".into(),
        external_message_id: "x\ny".into(),
        request_id: "r".repeat(65),
        group: "g".repeat(65),
        priority: 201,
        ..message(&shop, "", "nul \0 in a text")
    };
    let fields =
        ["request_id", "buyer_id", "channel", "external_message_id", "content.text", "group", "priority"];
    refused_fields(house.to.reception.receive_message(many).await, &fields);
    let braces = proto::ReceiveMessageRequest {
        external_message_id: "{}".into(),
        request_id: "{{}}".into(),
        ..message(&shop, "{\"buyer\": \"买家😀\"}", "line\nline\ttab")
    };
    let odd = house.to.reception.receive_message(braces).await.expect("printable ids are kept").into_inner();
    let odd = house.conversation(&shop, &odd.conversation_id).await;
    assert_eq!(odd.buyer_id, "{\"buyer\": \"买家😀\"}");
    assert_ne!(odd.conversation_id, id);
    assert_eq!(house.everything(&shop).await.events[..before.events.len()], before.events);
}

#[tokio::test]
async fn times_out_of_range_are_refused() {
    let mut house = House::open().await;
    let (shop, ann, id, before) = shop(&mut house).await;
    for (seconds, nanos) in [(i64::MAX, 0), (i64::MIN, 0), (0, -1), (0, 1_000_000_000), (253_402_300_800, 0)]
    {
        let time = Some(prost_types::Timestamp { seconds, nanos });
        let request = proto::ReceiveMessageRequest { occurred_time: time, ..message(&shop, "b", "hi") };
        refused_fields(house.to.reception.receive_message(request).await, &["occurred_time"]);
        let request = proto::ReplyRequest { occurred_time: time, ..reply(&shop, &ann, &id, "hi") };
        refused_fields(house.to.conversations.reply(request).await, &["occurred_time"]);
    }
    let future = Some(prost_types::Timestamp { seconds: 253_402_300_799, nanos: 0 });
    let request = proto::ReceiveMessageRequest { occurred_time: future, ..message(&shop, "b", "hi") };
    refused(house.to.reception.receive_message(request).await, Reason::ClockSkew);
    let ancient = Some(prost_types::Timestamp { seconds: -62_135_596_800, nanos: 0 });
    let request = proto::ReceiveMessageRequest { occurred_time: ancient, ..message(&shop, "b", "hi") };
    refused(house.to.reception.receive_message(request).await, Reason::ClockSkew);
    let mut policy = before.policy.policy.clone().expect("the policy");
    policy.reopen_window_duration = Some(prost_types::Duration { seconds: 1, nanos: -1 });
    let request =
        proto::UpdatePolicyRequest { shop_id: shop.clone(), policy: Some(policy), ..Default::default() };
    let status = house.to.policy.update_policy(request).await.expect_err("refused");
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(house.everything(&shop).await, before);
}

#[tokio::test]
async fn bodies_that_are_too_large_are_refused() {
    let mut house = House::open().await;
    let (shop, ann, id, before) = shop(&mut house).await;
    let long = "x".repeat(8_193);
    refused_fields(house.to.reception.receive_message(message(&shop, "b", &long)).await, &["content.text"]);
    refused_fields(house.to.conversations.reply(reply(&shop, &ann, &id, &long)).await, &["content.text"]);
    let huge = message(&shop, "b", &"x".repeat(10 << 20));
    refused(house.to.reception.receive_message(huge).await, Reason::MessageTooLarge);
    assert_eq!(house.everything(&shop).await, before);
}

#[tokio::test]
async fn a_page_token_opens_only_its_own_list() {
    let mut house = House::open().await;
    let (shop, ann, id, _) = shop(&mut house).await;
    let other = house.shop(2).await;
    house.says(&shop, "b").await;
    let list = proto::ListEventsRequest { shop_id: shop.clone(), page_size: 2, ..Default::default() };
    let page = house.to.history.list_events(list.clone()).await.expect("listed").into_inner();
    let token = page.next_page_token;
    let next = proto::ListEventsRequest { page_token: token.clone(), ..list.clone() };
    let next = house.to.history.list_events(next).await.expect("its own list").into_inner();
    assert_eq!(next.events[0].position, page.events[1].position + 1);
    let elsewhere = [
        proto::ListEventsRequest { shop_id: other.clone(), page_token: token.clone(), ..list.clone() },
        proto::ListEventsRequest { conversation_id: id.clone(), page_token: token.clone(), ..list.clone() },
        proto::ListEventsRequest { page_token: format!("{token}x"), ..list.clone() },
        proto::ListEventsRequest { page_token: "{}".into(), ..list },
    ];
    for request in elsewhere {
        refused(house.to.history.list_events(request).await, Reason::PageTokenInvalid);
    }
    let list = proto::ListConversationsRequest {
        shop_id: shop.clone(),
        page_size: 1,
        agent_id: ann,
        ..Default::default()
    };
    let page = house.to.conversations.list_conversations(list.clone()).await.expect("listed").into_inner();
    assert_eq!((page.conversations.len(), page.total_size), (1, 2));
    let token = page.next_page_token;
    let filtered = [
        proto::ListConversationsRequest { unanswered_only: true, page_token: token.clone(), ..list.clone() },
        proto::ListConversationsRequest {
            agent_id: String::new(),
            page_token: token.clone(),
            ..list.clone()
        },
        proto::ListConversationsRequest { stages: vec![5], page_token: token.clone(), ..list.clone() },
    ];
    for request in filtered {
        refused(house.to.conversations.list_conversations(request).await, Reason::PageTokenInvalid);
    }
    let request = proto::ListAgentsRequest { shop_id: shop, page_token: token.clone(), ..Default::default() };
    refused(house.to.presence.list_agents(request).await, Reason::PageTokenInvalid);
    let next = proto::ListConversationsRequest { page_token: token, ..list };
    let next = house.to.conversations.list_conversations(next).await.expect("its own list").into_inner();
    assert!(next.next_page_token.is_empty() && next.conversations[0] != page.conversations[0]);
}
