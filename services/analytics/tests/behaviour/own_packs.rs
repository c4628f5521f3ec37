//! Packs of one's own: kept once, in versions, for a shop or for all shops.

use fenliu_domain::problem::Reason;
use fenliu_domain::time::Span;
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::{Confidence, RulePackOrigin};
use fenliu_proto::common::v1::Actor;
use fenliu_proto::convert::{to_span, to_timestamp};

use crate::house::{House, SHOP, batch, before_start, conversation, rate, refused, refused_fields};

/// A rule that every question is answered within so many seconds, from 1 May on.
pub(crate) fn own(version: u32, seconds: i64) -> proto::RulePack {
    proto::RulePack {
        rule_pack_id: "ours".into(),
        version,
        unit: proto::Unit::Turn.into(),
        limit_duration: Some(to_span(Span::from_secs(seconds))),
        countable_actors: vec![Actor::Human.into()],
        target_basis_points: 9_000,
        source: "the shop's own promise".into(),
        confidence: Confidence::Official.into(),
        valid_from: "2026-05-01".into(),
        ..Default::default()
    }
}

/// A request to keep a pack for the shop.
pub(crate) fn put(pack: proto::RulePack) -> proto::PutRulePackRequest {
    proto::PutRulePackRequest { shop_id: SHOP.into(), rule_pack: Some(pack), ..Default::default() }
}

fn get(version: u32) -> proto::GetRulePackRequest {
    let rule_pack_id = "ours".into();
    proto::GetRulePackRequest {
        rule_pack_id,
        shop_id: SHOP.into(),
        rule_pack_version: version,
        ..Default::default()
    }
}

/// A house that knows the shop, in which one buyer waited 60 s and another 61 s.
async fn open() -> House {
    let mut house = House::open().await;
    let events = [conversation("quick", 3_600, Some(60)), conversation("slow", 3_600, Some(61))].concat();
    house.import(vec![batch(events)]).await.expect("imported");
    house
}

async fn keep(house: &mut House, request: proto::PutRulePackRequest) -> proto::RulePack {
    let kept = house.packs.put_rule_pack(request).await.expect("kept").into_inner();
    kept.rule_pack.expect("the pack")
}

async fn names(house: &mut House, shop_id: &str) -> Vec<(String, u32, RulePackOrigin)> {
    let mut request =
        proto::ListRulePacksRequest { shop_id: shop_id.into(), page_size: 4, ..Default::default() };
    let mut seen = Vec::new();
    loop {
        let page = house.packs.list_rule_packs(request.clone()).await.expect("a page").into_inner();
        let line = |pack: &proto::RulePack| (pack.rule_pack_id.clone(), pack.version, pack.origin());
        seen.extend(page.rule_packs.iter().map(line));
        if page.next_page_token.is_empty() {
            return seen;
        }
        request.page_token = page.next_page_token;
    }
}

#[tokio::test]
async fn a_kept_pack_judges_by_its_name_and_outlives_the_process() {
    let mut house = open().await;
    let kept = keep(&mut house, put(own(1, 60))).await;
    assert_eq!((kept.version, kept.origin()), (1, RulePackOrigin::Shop));
    let total = house.rate("ours").await.total.expect("a total");
    assert_eq!((total.within_limit, total.counted), (1, 2));
    let misses = proto::ListMissesRequest {
        shop_id: SHOP.into(),
        pack: Some(proto::list_misses_request::Pack::RulePackId("ours".into())),
        ..Default::default()
    };
    let misses = house.rates.list_misses(misses).await.expect("a list").into_inner().misses;
    assert_eq!(misses.iter().map(|miss| miss.conversation.as_str()).collect::<Vec<_>>(), ["slow"]);
    let budget = proto::GetErrorBudgetRequest {
        shop_id: SHOP.into(),
        pack: Some(proto::get_error_budget_request::Pack::RulePackId("ours".into())),
        ..Default::default()
    };
    let budget = house.rates.get_error_budget(budget).await.expect("a budget").into_inner();
    assert_eq!(budget.budget.expect("data").misses_left, -1);
    let standing =
        proto::GetStandingRequest { shop_id: SHOP.into(), rule_pack_id: "ours".into(), ..Default::default() };
    let standing = house.compliance.get_standing(standing).await.expect("a standing").into_inner();
    assert_eq!(standing.today.and_then(|today| today.rate_basis_points), Some(5_000));
    let mut house = house.restart().await;
    assert_eq!(house.rate("ours").await.total.expect("a total").counted, 2);
}

#[tokio::test]
async fn what_is_kept_is_never_changed() {
    let mut house = open().await;
    let kept = keep(&mut house, put(own(1, 60))).await;
    assert_eq!(keep(&mut house, put(own(1, 60))).await, kept, "the same again is no change");
    let refused = refused(house.packs.put_rule_pack(put(own(1, 61))).await, Reason::RulePackVersionTaken);
    assert!(refused.message().contains("give a change a new version"), "{refused:?}");
    let read = house.packs.get_rule_pack(get(0)).await.expect("a pack").into_inner().rule_pack;
    assert_eq!(read, Some(kept));
    assert_eq!(keep(&mut house, put(own(2, 61))).await.version, 2);
}

#[tokio::test]
async fn a_repeated_request_has_its_first_answer_and_one_effect() {
    let mut house = open().await;
    let request = proto::PutRulePackRequest { request_id: "once".into(), ..put(own(1, 60)) };
    let first = house.packs.put_rule_pack(request.clone()).await.expect("kept").into_inner();
    assert_eq!(first.request_id, "once");
    let again = house.packs.put_rule_pack(request.clone()).await.expect("recognised").into_inner();
    assert_eq!(again, first);
    let other = proto::PutRulePackRequest { rule_pack: Some(own(2, 60)), ..request };
    refused(house.packs.put_rule_pack(other).await, Reason::RequestIdReused);
    assert_eq!(names(&mut house, SHOP).await.iter().filter(|(name, ..)| name == "ours").count(), 1);
    let made = house.packs.put_rule_pack(put(own(1, 60))).await.expect("kept").into_inner();
    assert!(!made.request_id.is_empty(), "an id is made where none is sent");
}

#[tokio::test]
async fn the_version_in_force_on_the_day_judges_unless_another_is_asked_for() {
    let mut house = open().await;
    keep(&mut house, put(own(1, 60))).await;
    keep(&mut house, put(proto::RulePack { valid_from: "2026-05-04".into(), ..own(2, 61) })).await;
    keep(&mut house, put(proto::RulePack { valid_from: "2026-05-05".into(), ..own(3, 1) })).await;
    // Of each case: the days asked for, the version asked for, and which version judged.
    for (days, version, judged, within) in [
        (("", ""), 0, 2, 2),
        (("", "2026-05-04"), 0, 2, 2),
        (("2026-05-01", "2026-05-03"), 0, 1, 0),
        (("", "2026-05-06"), 0, 3, 0),
        (("", ""), 1, 1, 1),
        (("", ""), 3, 3, 0),
    ] {
        let request = proto::GetReplyRateRequest {
            start_date: days.0.into(),
            end_date: days.1.into(),
            rule_pack_version: version,
            ..rate("ours")
        };
        let answer = house.rates.get_reply_rate(request).await.expect("a rate").into_inner();
        let used = answer.rule_pack.map(|pack| pack.version);
        let total = answer.total.map(|total| total.within_limit);
        assert_eq!((used, total), (Some(judged), Some(within)), "{days:?} {version}");
    }
    // As of a moment of the next day, by the shop's clock, the next version holds.
    let midnight = before_start(-4 * 3_600);
    let tomorrow = proto::GetReplyRateRequest { as_of_time: Some(to_timestamp(midnight)), ..rate("ours") };
    let answer = house.rates.get_reply_rate(tomorrow).await.expect("a rate").into_inner();
    assert_eq!(answer.rule_pack.map(|pack| pack.version), Some(3));
    let before_all = proto::GetReplyRateRequest { end_date: "2026-04-30".into(), ..rate("ours") };
    let told = refused(house.rates.get_reply_rate(before_all).await, Reason::RulePackNotFound);
    assert!(told.message().contains("version 1 from 2026-05-01"), "{told:?}");
    let nothing = proto::GetReplyRateRequest { rule_pack_version: 4, ..rate("ours") };
    refused(house.rates.get_reply_rate(nothing).await, Reason::RulePackNotFound);
    let day = proto::GetRulePackRequest { date: "2026-05-03".into(), ..get(0) };
    let held = house.packs.get_rule_pack(day).await.expect("a pack").into_inner().rule_pack;
    assert_eq!(held.map(|pack| pack.version), Some(1));
    let malformed = proto::GetRulePackRequest { date: "in May".into(), ..get(0) };
    refused_fields(house.packs.get_rule_pack(malformed).await, Reason::InvalidRequest, &["date"]);
}

#[tokio::test]
async fn a_shops_own_pack_hides_the_one_for_all_shops_and_is_nobody_elses() {
    let mut house = open().await;
    let elsewhere = "shp_00000000000000000000000000000002";
    let there = proto::ImportEventsRequest {
        shop_id: elsewhere.into(),
        ..batch(conversation("there", 3_600, Some(60)))
    };
    house.import(vec![there]).await.expect("imported");
    let for_all = proto::PutRulePackRequest { shop_id: String::new(), ..put(own(7, 59)) };
    assert_eq!(keep(&mut house, for_all).await.origin(), RulePackOrigin::AllShops);
    let there = proto::GetReplyRateRequest { shop_id: elsewhere.into(), ..rate("ours") };
    let version = |answer: proto::GetReplyRateResponse| answer.rule_pack.map(|pack| pack.version);
    assert_eq!(version(house.rate("ours").await), Some(7));
    keep(&mut house, put(own(1, 60))).await;
    assert_eq!(version(house.rate("ours").await), Some(1));
    let answer = house.rates.get_reply_rate(there).await.expect("a rate").into_inner();
    assert_eq!(version(answer), Some(7));
    let of_name = |lines: Vec<(String, u32, RulePackOrigin)>| {
        lines.into_iter().filter(|(name, ..)| name == "ours").map(|(_, v, o)| (v, o)).collect::<Vec<_>>()
    };
    let both = [(1, RulePackOrigin::Shop), (7, RulePackOrigin::AllShops)];
    assert_eq!(of_name(names(&mut house, SHOP).await), both);
    assert_eq!(of_name(names(&mut house, elsewhere).await), both[1..]);
    assert_eq!(of_name(names(&mut house, "").await), both[1..]);
}

#[tokio::test]
async fn packs_are_listed_by_name_page_by_page() {
    let mut house = open().await;
    for version in [2, 1] {
        keep(&mut house, put(own(version, 60))).await;
    }
    let lines = names(&mut house, SHOP).await;
    assert_eq!(lines.len(), 13);
    assert!(lines.is_sorted(), "{lines:?}");
    let shipped = lines.iter().filter(|(.., origin)| *origin == RulePackOrigin::Shipped);
    assert_eq!(shipped.count(), 11);
}

#[tokio::test]
async fn a_pack_without_source_confidence_or_day_is_not_kept() {
    let mut house = open().await;
    let bare = proto::RulePack {
        source: String::new(),
        confidence: Confidence::Unspecified.into(),
        valid_from: String::new(),
        limit_duration: Some(to_span(Span::ZERO)),
        ..own(1, 60)
    };
    let fields =
        ["rule_pack.limit_duration", "rule_pack.source", "rule_pack.confidence", "rule_pack.valid_from"];
    refused_fields(house.packs.put_rule_pack(put(bare)).await, Reason::RulePackInvalid, &fields);
    let shipped = proto::RulePack { rule_pack_id: "taobao-3min".into(), ..own(2, 60) };
    let refusal = house.packs.put_rule_pack(put(shipped)).await;
    refused_fields(refusal, Reason::RulePackInvalid, &["rule_pack.rule_pack_id"]);
    let nowhere = proto::PutRulePackRequest {
        shop_id: "shp_00000000000000000000000000000009".into(),
        ..put(own(1, 60))
    };
    refused(house.packs.put_rule_pack(nowhere).await, Reason::ShopNotFound);
}

#[tokio::test]
async fn a_shop_has_at_most_two_hundred_versions() {
    let mut house = open().await;
    for version in 1..=200 {
        keep(&mut house, put(own(version, 60))).await;
    }
    refused(house.packs.put_rule_pack(put(own(201, 60))).await, Reason::RulePackLimit);
    keep(&mut house, put(own(200, 60))).await;
    let for_all = proto::PutRulePackRequest { shop_id: String::new(), ..put(own(201, 60)) };
    assert_eq!(keep(&mut house, for_all).await.version, 201);
}
