//! The shop's rules as callers meet them: policies, dry runs, who may leave, and conversations that go by name.

use std::collections::BTreeSet;

use fenliu_domain::problem::Reason;
use fenliu_domain::time::Span;
use fenliu_proto::common::v1::Presence;
use fenliu_proto::dispatch::v1 as proto;
use fenliu_proto::history::v1::{self as history, CloseActor, Stage};
use prost_types::FieldMask;
use tonic_types::StatusExt;

use super::house::House;
use super::words::{close, message, refused, refused_fields, set_presence, went};

/// From the beginning of a house's time until its shops serve.
const UNTIL_SERVICE: Span = Span::from_hours(9);

fn update(shop: &str, fields: &[&str], policy: history::Policy) -> proto::UpdatePolicyRequest {
    let paths = fields.iter().map(|field| (*field).to_owned()).collect();
    proto::UpdatePolicyRequest {
        shop_id: shop.into(),
        policy: Some(policy),
        update_mask: Some(FieldMask { paths }),
        ..Default::default()
    }
}

async fn policy(house: &mut House, shop: &str) -> (history::Policy, String) {
    let read = house.to.policy.get_policy(proto::GetPolicyRequest { shop_id: shop.into() }).await;
    let read = read.expect("read").into_inner();
    (read.policy.expect("the answer holds it"), read.etag)
}

fn rule(group: &str, tags: &[&str]) -> history::RoutingRule {
    let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
    history::RoutingRule { tags, group: group.into(), ..Default::default() }
}

#[tokio::test]
async fn a_mask_changes_what_it_names_and_trying_changes_nothing() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let (before, etag) = policy(&mut house, &shop).await;
    let asked = history::Policy {
        queue_limit: 7,
        routing_rules: vec![rule("vip", &["vip"]), rule("vip", &["vip"])],
        ..Default::default()
    };
    let request = update(&shop, &["queue_limit", "routing_rules"], asked);
    let tried = proto::UpdatePolicyRequest { validate_only: true, ..request.clone() };
    let tried = house.to.policy.update_policy(tried).await.expect("it would be taken").into_inner();
    assert_eq!(policy(&mut house, &shop).await, (before.clone(), etag), "nothing has changed");
    assert_eq!(tried.warnings.len(), 2, "a rule that never counts, and a group nobody answers for");
    let changed = house.to.policy.update_policy(request).await.expect("it is taken").into_inner();
    assert_eq!((changed.policy.clone(), changed.warnings), (tried.policy, tried.warnings));
    let (after, _) = policy(&mut house, &shop).await;
    assert_eq!(after.queue_limit, 7);
    assert_eq!(
        history::Policy { queue_limit: before.queue_limit, routing_rules: Vec::new(), ..after },
        before
    );
    let unknown = update(&shop, &["colour"], before);
    refused_fields(house.to.policy.update_policy(unknown).await, &["update_mask"]);
}

#[tokio::test]
async fn every_preset_can_be_put_into_force_as_it_is_listed() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let listed = house.to.policy.list_presets(proto::ListPresetsRequest { shop_id: shop.clone() }).await;
    let presets = listed.expect("listed").into_inner().presets;
    let names: BTreeSet<_> = presets.iter().map(|preset| preset.name.as_str()).collect();
    assert_eq!(names, BTreeSet::from(["douyin", "jd", "pinduoduo", "taobao", "tiktok"]));
    for preset in presets {
        let request = proto::UpdatePolicyRequest {
            shop_id: shop.clone(),
            policy: preset.policy.clone(),
            ..Default::default()
        };
        house.to.policy.update_policy(request).await.expect("it holds");
        assert_eq!(Some(policy(&mut house, &shop).await.0), preset.policy, "{}", preset.name);
    }
}

#[tokio::test]
async fn a_dry_run_says_where_a_message_would_go_and_leaves_no_trace() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let ann = house.online(&shop, 1, 1).await;
    house
        .change_policy(&shop, |policy| {
            policy.routing_rules =
                vec![history::RoutingRule { keywords: vec!["退款".into()], ..rule("after-sale", &[]) }];
        })
        .await;
    let before = house.everything(&shop).await;
    let request = |text: &str| proto::DryRunRouteRequest {
        shop_id: shop.clone(),
        buyer_id: "a".into(),
        channel: "app".into(),
        text: text.into(),
        ..Default::default()
    };
    let would = house.to.routing.dry_run_route(request("hello")).await.expect("asked").into_inner();
    assert_eq!(went(would.disposition), (Stage::Assigned, ann.clone(), 0));
    assert!(would.lines.iter().any(|line| line.contains("ranks first")), "{:?}", would.lines);
    assert_eq!(house.everything(&shop).await, before, "nothing has happened");
    let said = house.to.reception.receive_message(message(&shop, "a", "我要退款")).await;
    assert_eq!(went(said.expect("taken").into_inner().disposition), (Stage::Assigned, ann.clone(), 0));
    let opened = house.events(&shop).await.into_iter().find_map(|stored| match stored.event?.payload? {
        history::event::Payload::ConversationOpened(opened) => Some((opened.group, opened.rule)),
        _ => None,
    });
    assert_eq!(opened, Some(("after-sale".to_owned(), 1)), "by the word in it");
    let other = proto::DryRunRouteRequest { buyer_id: "b".into(), ..request("hello") };
    let would = house.to.routing.dry_run_route(other).await.expect("asked").into_inner();
    assert_eq!(went(would.disposition), (Stage::Queued, String::new(), 1));
}

#[tokio::test]
async fn the_last_agent_is_asked_to_stay_and_told_who_is_away_and_until_when() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let ann = house.online(&shop, 1, 5).await;
    house.pass(UNTIL_SERVICE).await;
    house.set(&shop, &ann, Presence::Online).await;
    let leave = set_presence(&shop, &ann, Presence::OnBreak);
    let status = refused(house.to.presence.set_presence(leave.clone()).await, Reason::LastAgentOnDuty);
    let details = status.get_error_details();
    let told = details.error_info().expect("why").metadata.clone();
    assert!(told.contains_key("away") && told.contains_key("safe_time"), "{told:?}");
    let wind_down = proto::WindDownRequest {
        shop_id: shop.clone(),
        agent_id: ann.clone(),
        next_presence: Presence::Offline.into(),
        ..Default::default()
    };
    refused(house.to.presence.wind_down(wind_down.clone()).await, Reason::LastAgentOnDuty);
    let forced = proto::SetPresenceRequest { force: true, ..leave };
    house.to.presence.set_presence(forced).await.expect("a supervisor may");
}

#[tokio::test]
async fn conversations_go_by_name_come_back_and_are_told_of() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    house.change_policy(&shop, |policy| policy.strategy = "manual".into()).await;
    let (ann, ben) = (house.online(&shop, 1, 1).await, house.online(&shop, 2, 1).await);
    let asked = house.says(&shop, "a").await;
    assert_eq!(went(asked.disposition), (Stage::Queued, String::new(), 1), "nothing is given out");
    let take = |agent: &str| proto::TakeNextRequest {
        shop_id: shop.clone(),
        agent_id: agent.into(),
        ..Default::default()
    };
    let taken = house.to.conversations.take_next(take(&ann)).await.expect("taken").into_inner();
    assert_eq!(taken.conversation_id, asked.conversation_id);
    let nobody = house.to.conversations.take_next(take(&ben)).await.expect("nobody waits").into_inner();
    assert_eq!(nobody.conversation_id, "");
    let assign = |agent: &str, force| proto::AssignConversationRequest {
        shop_id: shop.clone(),
        conversation_id: asked.conversation_id.clone(),
        agent_id: agent.into(),
        force,
        ..Default::default()
    };
    house.to.conversations.assign_conversation(assign(&ben, false)).await.expect("by hand");
    let report = proto::ReportConversationRequest {
        shop_id: shop.clone(),
        conversation_id: asked.conversation_id.clone(),
        agent_id: ben.clone(),
        reason: history::ReportReason::Advertising.into(),
        ..Default::default()
    };
    house.to.conversations.report_conversation(report).await.expect("reported");
    let end = proto::CloseConversationRequest {
        agent_id: ben.clone(),
        ..close(&shop, &asked.conversation_id, CloseActor::Agent)
    };
    house.to.conversations.close_conversation(end).await.expect("although a reply is owed");
    let rate = |conversation: &str, stars| proto::RateConversationRequest {
        shop_id: shop.clone(),
        conversation_id: conversation.into(),
        stars,
        ..Default::default()
    };
    house.to.reception.rate_conversation(rate(&asked.conversation_id, 5)).await.expect("rated");
    let foreign = format!("cnv_{:032x}", 9);
    refused(house.to.reception.rate_conversation(rate(&foreign, 5)).await, Reason::ConversationNotFound);
    refused_fields(house.to.reception.rate_conversation(rate(&asked.conversation_id, 6)).await, &["stars"]);
    let rated = house.events(&shop).await.into_iter().find_map(|stored| match stored.event?.payload? {
        history::event::Payload::Rated(rated) => Some((rated.agent_id, rated.stars)),
        _ => None,
    });
    assert_eq!(rated, Some((ben, 5)), "about whoever held it last");
}

#[tokio::test]
async fn a_queue_that_moves_tells_how_long_it_will_take() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    let ann = house.online(&shop, 1, 1).await;
    for buyer in 0..10 {
        house.says(&shop, &format!("buyer {buyer}")).await;
    }
    assert!(
        house.queue(&shop).await.first.iter().all(|waiting| waiting.estimate.is_none()),
        "nothing is known"
    );
    for _ in 0..6 {
        house.pass(Span::from_secs(20)).await;
        house.beat(&shop, &ann).await;
        let held = house.everything(&shop).await.conversations;
        let held = held.into_iter().find(|held| held.stage() == Stage::Assigned).expect("one is held");
        house.ends(&shop, &held.conversation_id).await;
    }
    let queue = house.queue(&shop).await;
    let waits: Vec<_> = queue
        .first
        .iter()
        .filter_map(|waiting| waiting.estimate.as_ref()?.wait_duration.as_ref().map(|wait| wait.seconds))
        .collect();
    assert_eq!(waits.len(), 3, "of each who waits");
    assert!(waits.is_sorted() && waits[0] > 0, "{waits:?}");
}
