//! A draft over past days beside the pack in force.

use fenliu_domain::problem::Reason;
use fenliu_domain::time::Span;
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::evaluate_rule_pack_request::Pack;
use fenliu_proto::analytics::v1::{DifferenceReason, UnitOutcome};
use fenliu_proto::common::v1::Actor;
use fenliu_proto::convert::to_span;

use crate::house::{House, SHOP, batch, conversation, refused, refused_fields};
use crate::own_packs::{own, put};

const DAY: i64 = 86_400;

/// Whether each buyer is answered within so many seconds, beside within three minutes.
fn shorter(seconds: i64) -> proto::EvaluateRulePackRequest {
    let draft = proto::RulePack {
        unit: proto::Unit::BuyerDay.into(),
        window_start: "08:00".into(),
        window_end: "23:00".into(),
        ..own(1, seconds)
    };
    proto::EvaluateRulePackRequest {
        shop_id: SHOP.into(),
        pack: Some(Pack::Custom(draft)),
        beside_rule_pack_id: "pinduoduo-3min-human".into(),
        ..Default::default()
    }
}

/// Of each of three days: a buyer who waited 30 s, and four who waited 90 s to 93 s.
async fn open() -> House {
    let mut house = House::open().await;
    for day in 0..3 {
        let waits = [30, 90, 91, 92, 93].into_iter().enumerate();
        let buyer = |(n, wait)| conversation(&format!("{day}/{n}"), day * DAY + 7_200, Some(wait));
        house.import(vec![batch(waits.flat_map(buyer).collect())]).await.expect("imported");
    }
    house
}

#[tokio::test]
async fn a_draft_says_what_it_would_have_made_of_the_past_and_of_whom_it_differs() {
    let mut house = open().await;
    let answer = house.packs.evaluate_rule_pack(shorter(60)).await.expect("evaluated").into_inner();
    let (draft, beside) = (answer.draft.expect("a draft"), answer.beside.expect("another"));
    let rate = |parts: Option<proto::RateParts>| parts.map(|parts| (parts.within_limit, parts.counted));
    assert_eq!((rate(draft.total), rate(beside.total)), (Some((3, 15)), Some((15, 15))));
    let days: Vec<_> = draft.days.iter().map(|day| (day.date.as_str(), rate(day.parts))).collect();
    let day = |date| (date, Some((1, 5)));
    assert_eq!(days, [day("2026-05-02"), day("2026-05-03"), day("2026-05-04")]);
    assert_eq!((answer.total_size, answer.conversations_scanned), (12, 15));
    assert_eq!((answer.start_date.as_str(), answer.end_date.as_str()), ("2026-04-05", "2026-05-04"));
    let first = &answer.differences[0];
    assert_eq!((first.date.as_str(), first.buyer_id.as_str()), ("2026-05-02", "buyer 2/1"));
    assert_eq!(first.reason(), DifferenceReason::Deadline);
    let unit = first.draft.as_ref().expect("a unit");
    assert_eq!((unit.outcome(), unit.reply_actor()), (UnitOutcome::MissedLate, Actor::Human));
    assert_eq!((unit.message.as_str(), unit.reply.as_str()), ("2/1/1", "2/1/2"));
    assert_eq!(unit.waited_duration, Some(to_span(Span::from_secs(90))));
    assert_eq!(first.beside.as_ref().map(proto::JudgedUnit::outcome), Some(UnitOutcome::Met));
    // Nothing of it is kept.
    let draft =
        proto::GetRulePackRequest { rule_pack_id: "ours".into(), shop_id: SHOP.into(), ..Default::default() };
    refused(house.packs.get_rule_pack(draft).await, Reason::RulePackNotFound);
}

#[tokio::test]
async fn what_differs_comes_page_by_page() {
    let mut house = open().await;
    let mut request = proto::EvaluateRulePackRequest { page_size: 5, ..shorter(60) };
    let (mut seen, mut pages) = (Vec::new(), 0);
    loop {
        let page = house.packs.evaluate_rule_pack(request.clone()).await.expect("a page").into_inner();
        assert_eq!(page.total_size, 12);
        seen.extend(page.differences.into_iter().map(|unit| (unit.date, unit.buyer_id)));
        pages += 1;
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!((pages, seen.len()), (3, 12));
    assert!(seen.is_sorted() && seen.windows(2).all(|pair| pair[0] != pair[1]), "{seen:?}");
    let other = proto::EvaluateRulePackRequest { page_token: request.page_token, ..shorter(61) };
    refused(house.packs.evaluate_rule_pack(other).await, Reason::PageTokenInvalid);
}

#[tokio::test]
async fn a_kept_version_is_compared_with_the_one_in_force() {
    let mut house = open().await;
    for (version, seconds) in [(1, 91), (2, 90)] {
        house.packs.put_rule_pack(put(own(version, seconds))).await.expect("kept");
    }
    let request = proto::EvaluateRulePackRequest {
        shop_id: SHOP.into(),
        pack: Some(Pack::RulePackId("ours".into())),
        rule_pack_version: 1,
        beside_rule_pack_id: "ours".into(),
        start_date: "2026-05-03".into(),
        ..Default::default()
    };
    let answer = house.packs.evaluate_rule_pack(request).await.expect("evaluated").into_inner();
    let versions = [answer.draft, answer.beside].map(|side| side.and_then(|side| side.rule_pack));
    assert_eq!(versions.map(|pack| pack.map(|pack| pack.version)), [Some(1), Some(2)]);
    let buyers: Vec<_> = answer.differences.iter().map(|unit| unit.buyer_id.as_str()).collect();
    assert_eq!(buyers, ["buyer 1/2", "buyer 0/2"], "those of 91 s");
}

#[tokio::test]
async fn an_evaluation_that_makes_no_sense_is_refused_by_field() {
    let mut house = open().await;
    let days = |start: &str, end: &str| proto::EvaluateRulePackRequest {
        start_date: start.into(),
        end_date: end.into(),
        ..shorter(60)
    };
    for (request, field) in [
        (days("2026-05-05", ""), "start_date"),
        (days("2026-04-03", "2026-05-04"), "start_date"),
        (days("", "May"), "end_date"),
    ] {
        refused_fields(house.packs.evaluate_rule_pack(request).await, Reason::InvalidRequest, &[field]);
    }
    assert!(house.packs.evaluate_rule_pack(days("2026-04-04", "2026-05-04")).await.is_ok());
    let malformed = shorter(0);
    let refusal = house.packs.evaluate_rule_pack(malformed).await;
    refused_fields(refusal, Reason::RulePackInvalid, &["custom.limit_duration"]);
    let nobody = proto::EvaluateRulePackRequest { beside_rule_pack_id: "nobody's".into(), ..shorter(60) };
    refused(house.packs.evaluate_rule_pack(nobody).await, Reason::RulePackNotFound);
}
