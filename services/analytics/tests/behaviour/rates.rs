//! Rates, misses, exchanges and packs.

use fenliu_domain::problem::Reason;
use fenliu_domain::time::Span;
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::get_reply_rate_request::Pack;
use fenliu_proto::common::v1::Actor;
use fenliu_proto::convert::{to_span, to_timestamp};

use crate::house::{
    House, SHOP, asked, batch, before_start, conversation, event, opened, rate, refused, refused_fields,
    replied,
};

fn misses(pack: &str) -> proto::ListMissesRequest {
    let pack = Some(proto::list_misses_request::Pack::RulePackId(pack.into()));
    proto::ListMissesRequest { shop_id: SHOP.into(), pack, ..Default::default() }
}

fn custom() -> proto::RulePack {
    proto::RulePack {
        rule_pack_id: "mine".into(),
        unit: proto::Unit::Session.into(),
        limit_duration: Some(to_span(Span::from_secs(60))),
        countable_actors: vec![Actor::Human.into()],
        ..Default::default()
    }
}

#[tokio::test]
async fn the_worked_case_of_taobao_comes_out_with_all_its_parts() {
    let mut house = House::open().await;
    let at = |seconds| before_start(9 * 3_600) + Span::from_secs(seconds);
    let day = vec![
        event("c", 0, at(0), opened("anna")),
        event("c", 1, at(15), asked()),
        event("c", 2, at(320), asked()),
        event("c", 3, at(490), replied("lan")),
        event("c", 4, at(510), asked()),
        event("c", 5, at(540), replied("mei")),
    ];
    house.import(vec![batch(day)]).await.expect("imported");
    let answer = house.rate("taobao-3min").await;
    let total = answer.total.expect("a total");
    assert_eq!((total.within_limit, total.counted, total.missed, total.missed_late), (1, 2, 1, 1));
    assert_eq!(total.rate_basis_points, Some(5_000));
    assert_eq!(answer.time_zone, "Asia/Shanghai");
    assert_eq!(answer.days.iter().map(|day| day.date.as_str()).collect::<Vec<_>>(), ["2026-05-04"]);
    assert_eq!(answer.hours.len(), 24);
    assert_eq!(answer.hours[11].counted, 2);
    let agents: Vec<_> =
        answer.agents.iter().map(|agent| (agent.agent.as_str(), agent.wait_sum_duration)).collect();
    assert_eq!(
        agents,
        [("lan", Some(to_span(Span::from_secs(475)))), ("mei", Some(to_span(Span::from_secs(30))))]
    );
    let times = answer.response_times.expect("times");
    assert_eq!((times.answered, times.p50_duration), (2, Some(to_span(Span::from_secs(30)))));
    assert_eq!(answer.rule_pack.expect("the pack").version, 1);
}

#[tokio::test]
async fn a_question_is_pending_until_its_limit_passes_as_of_then() {
    let mut house = House::open().await;
    house.import(vec![batch(conversation("c", 100, None))]).await.expect("imported");
    let total = house.rate("pinduoduo-3min-human").await.total.expect("a total");
    assert_eq!((total.pending, total.counted, total.rate_basis_points), (1, 0, None));
    let later = proto::GetReplyRateRequest {
        as_of_time: Some(to_timestamp(before_start(-81))),
        ..rate("pinduoduo-3min-human")
    };
    let total = house.rates.get_reply_rate(later).await.expect("a rate").into_inner().total.expect("a total");
    assert_eq!((total.pending, total.missed_unanswered, total.rate_basis_points), (0, 1, Some(0)));
}

#[tokio::test]
async fn misses_are_proved_page_by_page_and_the_longest_wait_comes_first() {
    let mut house = House::open().await;
    let late = |n: i64| conversation(&format!("c{n}"), 3_600, Some(200 + n));
    let mut events: Vec<_> = (0..5).flat_map(late).collect();
    events.extend(conversation("good", 3_600, Some(10)));
    house.import(vec![batch(events)]).await.expect("imported");
    let mut request = proto::ListMissesRequest { page_size: 2, ..misses("taobao-3min") };
    let mut seen = Vec::new();
    loop {
        let page = house.rates.list_misses(request.clone()).await.expect("a page").into_inner();
        assert_eq!(page.total_size, 5);
        seen.extend(page.misses);
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    let keys: Vec<_> = seen.iter().map(|miss| miss.conversation.as_str()).collect();
    assert_eq!(keys, ["c4", "c3", "c2", "c1", "c0"]);
    let worst = &seen[0];
    assert_eq!((worst.message.as_str(), worst.reply.as_str()), ("c4/1", "c4/2"));
    assert_eq!(worst.deadline_time, Some(to_timestamp(before_start(3_600 - 180))));
    assert_eq!(worst.waited_duration, Some(to_span(Span::from_secs(204))));
    assert_eq!(worst.reply_actor(), Actor::Human);
}

#[tokio::test]
async fn no_miss_is_skipped_when_others_come_and_go_between_pages() {
    let mut house = House::open().await;
    let late = |name: &str, after: i64| conversation(name, 3_600, Some(after));
    house.import(vec![batch([late("a", 900), late("b", 800), late("c", 700)].concat())]).await.expect("in");
    // The same, under the same names, from a second source: each is a miss of its own.
    let again = proto::ImportEventsRequest { source: "mirror".into(), ..batch(late("b", 800)) };
    house.import(vec![again]).await.expect("imported");
    let mut request = proto::ListMissesRequest { page_size: 2, ..misses("taobao-3min") };
    let first = house.rates.list_misses(request.clone()).await.expect("a page").into_inner();
    // An answer to "a" that came late to us makes it good: what stood behind it moves up.
    let asked_at = before_start(3_600);
    let quick = event("a", 9, asked_at + Span::from_secs(5), replied("lan"));
    house.import(vec![batch(vec![quick])]).await.expect("imported");
    request.page_token = first.next_page_token;
    let second = house.rates.list_misses(request).await.expect("a page").into_inner();
    let names = |page: &[proto::Miss]| page.iter().map(|miss| miss.conversation.clone()).collect::<Vec<_>>();
    assert_eq!(
        (names(&first.misses), names(&second.misses)),
        (vec!["a".into(), "b".into()], vec!["b".into(), "c".into()])
    );
    assert_eq!((first.total_size, second.total_size, second.next_page_token.as_str()), (4, 3, ""));
}

#[tokio::test]
async fn a_token_of_another_question_is_refused() {
    let mut house = House::open().await;
    let events = (0..3).flat_map(|n: i64| conversation(&format!("c{n}"), 3_600, None)).collect();
    house.import(vec![batch(events)]).await.expect("imported");
    let first = proto::ListMissesRequest { page_size: 1, ..misses("taobao-3min") };
    let token = house.rates.list_misses(first).await.expect("a page").into_inner().next_page_token;
    let other = proto::ListMissesRequest { page_token: token.clone(), ..misses("pinduoduo-3min-human") };
    refused(house.rates.list_misses(other).await, Reason::PageTokenInvalid);
    let exchanges =
        proto::ListExchangesRequest { shop_id: SHOP.into(), page_token: token, ..Default::default() };
    refused(house.rates.list_exchanges(exchanges).await, Reason::PageTokenInvalid);
}

#[tokio::test]
async fn a_pack_of_the_callers_own_judges_the_same_facts() {
    let mut house = House::open().await;
    let events = [conversation("quick", 3_600, Some(60)), conversation("slow", 3_600, Some(61))].concat();
    house.import(vec![batch(events)]).await.expect("imported");
    let request = proto::GetReplyRateRequest { pack: Some(Pack::Custom(custom())), ..rate("") };
    let total =
        house.rates.get_reply_rate(request).await.expect("a rate").into_inner().total.expect("a total");
    assert_eq!((total.within_limit, total.counted), (1, 2));
}

#[tokio::test]
async fn a_pack_that_contradicts_itself_is_refused_by_field() {
    let mut house = House::open().await;
    let pack = proto::RulePack {
        limit_duration: Some(to_span(Span::ZERO)),
        window_start: "8:00".into(),
        weekend_pause: true,
        ..custom()
    };
    let request = proto::GetReplyRateRequest { pack: Some(Pack::Custom(pack)), ..rate("") };
    let fields = ["custom.limit_duration", "custom.window_start", "custom.weekend_answer_by"];
    refused_fields(house.rates.get_reply_rate(request).await, Reason::RulePackInvalid, &fields);
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let mut house = House::open().await;
    refused(house.rates.get_reply_rate(rate("taobao-3min")).await, Reason::ShopNotFound);
    refused(house.rates.get_reply_rate(rate("nobody's")).await, Reason::RulePackNotFound);
    let exchanges = proto::ListExchangesRequest { shop_id: SHOP.into(), ..Default::default() };
    refused(house.rates.list_exchanges(exchanges).await, Reason::ShopNotFound);
    let pack = proto::GetRulePackRequest { rule_pack_id: "nobody's".into(), ..Default::default() };
    refused(house.packs.get_rule_pack(pack).await, Reason::RulePackNotFound);
}

#[tokio::test]
async fn days_that_are_none_are_refused_by_field() {
    let mut house = House::open().await;
    for (start, end, fields) in [
        ("2026-02-30", "yesterday", &["start_date", "end_date"][..]),
        ("2026-05-02", "2026-05-01", &["end_date"]),
        ("2025-01-01", "2026-05-01", &["end_date"]),
        ("2025-01-01", "2026-02-06", &["end_date"]),
        ("0000-12-31", "", &["start_date"]),
        ("", "0000-12-31", &["end_date"]),
    ] {
        let request = proto::GetReplyRateRequest {
            start_date: start.into(),
            end_date: end.into(),
            ..rate("taobao-3min")
        };
        refused_fields(house.rates.get_reply_rate(request).await, Reason::InvalidRequest, fields);
    }
}

#[tokio::test]
async fn a_range_may_be_four_hundred_days_long_or_open() {
    let mut house = House::open().await;
    house.import(vec![batch(conversation("c", 3_600, Some(5)))]).await.expect("imported");
    for (start, end) in
        [("2025-03-30", "2026-05-04"), ("0001-01-01", ""), ("", "9999-12-31"), ("2026-05-04", ""), ("", "")]
    {
        let request = proto::GetReplyRateRequest {
            start_date: start.into(),
            end_date: end.into(),
            ..rate("taobao-3min")
        };
        let total = house.rates.get_reply_rate(request).await.expect("a rate").into_inner().total;
        assert_eq!(total.expect("a total").counted, 1, "{start}..{end}");
    }
}

#[tokio::test]
async fn a_pack_of_the_callers_own_cannot_pass_for_one_that_is_shipped() {
    let mut house = House::open().await;
    let pack = proto::RulePack { rule_pack_id: "taobao-3min".into(), ..custom() };
    let request = proto::GetReplyRateRequest { pack: Some(Pack::Custom(pack)), ..rate("") };
    let refusal = house.rates.get_reply_rate(request).await;
    refused_fields(refusal, Reason::RulePackInvalid, &["custom.rule_pack_id"]);
}

#[tokio::test]
async fn exchanges_come_oldest_first_with_their_buyers() {
    let mut house = House::open().await;
    let events = (0..5_i64).flat_map(|n| conversation(&format!("c{n}"), 100 - n, Some(5))).collect();
    house.import(vec![batch(events)]).await.expect("imported");
    let mut request =
        proto::ListExchangesRequest { shop_id: SHOP.into(), page_size: 2, ..Default::default() };
    let mut seen = Vec::new();
    loop {
        let page = house.rates.list_exchanges(request.clone()).await.expect("a page").into_inner();
        seen.extend(page.exchanges);
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    let buyers: Vec<_> = seen.iter().map(|exchange| exchange.buyer_id.as_str()).collect();
    assert_eq!(buyers, ["buyer c0", "buyer c1", "buyer c2", "buyer c3", "buyer c4"]);
    assert_eq!((seen[0].number, seen[0].asks, seen[0].replies[0].agent.as_str()), (1, 1, "lan"));
}

#[tokio::test]
async fn the_packs_fenliu_ships_are_listed_by_name() {
    let mut house = House::open().await;
    let all = proto::ListRulePacksRequest::default();
    let packs = house.packs.list_rule_packs(all).await.expect("a list").into_inner();
    let names: Vec<_> = packs.rule_packs.iter().map(|pack| pack.rule_pack_id.as_str()).collect();
    assert_eq!(
        names,
        [
            "douyin-3min",
            "jd-first-30s",
            "pinduoduo-3min-human",
            "pinduoduo-reply-rate",
            "pinduoduo-reply-rate-15min",
            "pinduoduo-reply-rate-5min",
            "taobao-3min",
            "taobao-mean-response",
            "tiktok-24h-faq",
            "tiktok-sea-12h",
            "tiktok-us-24h",
        ]
    );
    let one = proto::GetRulePackRequest { rule_pack_id: "tiktok-us-24h".into(), ..Default::default() };
    let one = house.packs.get_rule_pack(one).await.expect("a pack").into_inner().rule_pack;
    assert_eq!(one.as_ref(), packs.rule_packs.last());
    assert!(one.is_some_and(|pack| pack.weekend_pause && pack.confidence() == proto::Confidence::Official));
}
