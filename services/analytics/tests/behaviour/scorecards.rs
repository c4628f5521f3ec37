//! Scorecards: what agents did at the desk, what buyers met, and what the roster wanted.

use fenliu_domain::ids::{AgentId, ConversationId, EventId};
use fenliu_domain::problem::Reason;
use fenliu_domain::time::Span;
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::common::v1::{Actor, Presence};
use fenliu_proto::convert::{to_span, to_timestamp};
use fenliu_proto::history::v1 as history;
use fenliu_proto::history::v1::event::Payload;

use crate::house::{
    House, SHOP, START, asked, batch, before_start, conversation, event, opened, refused, refused_fields,
    replied,
};

/// One thing that happened, so many minutes before the clock's start.
pub(crate) fn recorded(
    number: u128,
    minutes: i64,
    conversation: Option<u128>,
    payload: Payload,
) -> history::Event {
    let at = Some(to_timestamp(before_start(minutes * 60)));
    let conversation = conversation.map(|number| ConversationId::from_bits(number).to_string());
    history::Event {
        shop_id: SHOP.into(),
        event_id: EventId::from_bits(number).to_string(),
        conversation_id: conversation.unwrap_or_default(),
        occurred_time: at,
        recorded_time: at,
        payload: Some(payload),
        ..Default::default()
    }
}

pub(crate) fn lan() -> String {
    AgentId::from_bits(1).to_string()
}

fn presence(presence: Presence) -> Payload {
    Payload::PresenceChanged(history::PresenceChanged {
        agent_id: lan(),
        previous: Presence::Offline.into(),
        presence: presence.into(),
        cause: history::PresenceCause::Asked.into(),
    })
}

fn assigned() -> Payload {
    Payload::Assigned(history::Assigned {
        agent_id: lan(),
        reason: history::AssignReason::Strategy.into(),
        ring: 1,
        ..Default::default()
    })
}

/// Lan is there from 18:30 to 19:30 and holds one conversation from 18:50 on, which is asked at 18:49, answered at 18:55
/// and closed at 19:20, with three stars; and she has another one that she drops at once.
fn evening() -> Vec<history::Event> {
    let policy = history::Policy { time_zone: "Asia/Shanghai".into(), ..Default::default() };
    let entry = history::AgentSynced {
        agent_id: lan(),
        display_name: "lan".into(),
        capacity_ceiling: 4,
        capacity_default: 4,
        enabled: true,
        weight: 1,
        ..Default::default()
    };
    let open = |buyer: &str| {
        Payload::ConversationOpened(history::ConversationOpened {
            buyer_id: buyer.into(),
            priority: 100,
            ..Default::default()
        })
    };
    let message = || {
        Payload::MessageReceived(history::MessageReceived { message_id: "m".into(), ..Default::default() })
    };
    let reply = Payload::ReplySent(history::ReplySent {
        message_id: "r".into(),
        actor: Actor::Human.into(),
        agent_id: lan(),
        ..Default::default()
    });
    let closed = || {
        Payload::Closed(history::Closed {
            by: history::CloseActor::Agent.into(),
            agent_id: lan(),
            reply_owed: false,
        })
    };
    let rated = Payload::Rated(history::Rated { agent_id: lan(), stars: 3 });
    vec![
        recorded(1, 120, None, Payload::PolicyChanged(history::PolicyChanged { policy: Some(policy) })),
        recorded(2, 119, None, Payload::AgentSynced(entry)),
        recorded(3, 90, None, presence(Presence::Online)),
        recorded(4, 71, Some(1), open("anna")),
        recorded(5, 71, Some(1), message()),
        recorded(6, 70, Some(1), assigned()),
        recorded(7, 65, Some(1), reply),
        recorded(8, 45, Some(2), open("bo")),
        recorded(9, 45, Some(2), message()),
        recorded(10, 45, Some(2), assigned()),
        recorded(11, 44, Some(2), closed()),
        recorded(12, 40, Some(1), closed()),
        recorded(13, 39, Some(1), rated),
        recorded(14, 30, None, presence(Presence::Offline)),
    ]
}

fn card_of(agent: &str) -> proto::GetScorecardRequest {
    proto::GetScorecardRequest {
        shop_id: SHOP.into(),
        agent: agent.into(),
        rule_packs: vec!["taobao-3min".into()],
        ..Default::default()
    }
}

async fn card(house: &mut House, request: proto::GetScorecardRequest) -> proto::GetScorecardResponse {
    house.scorecards.get_scorecard(request).await.expect("a card").into_inner()
}

fn figures(response: &proto::GetScorecardResponse) -> proto::ScorecardFigures {
    response.scorecard.clone().expect("a card").figures.expect("figures")
}

fn minutes(count: i64) -> Option<prost_types::Duration> {
    Some(to_span(Span::from_mins(count)))
}

pub(crate) async fn after_the_evening() -> House {
    let mut house = House::open().await;
    let last = house.dispatch.record(evening());
    house.caught_up(last).await;
    house
}

#[tokio::test]
async fn a_card_tells_of_time_against_the_roster_and_of_what_was_done() {
    let mut house = after_the_evening().await;
    house.accounts.schedule(&lan(), before_start(120 * 60), before_start(40 * 60));
    let answer = card(&mut house, card_of(&lan())).await;
    assert!(answer.schedule_known);
    assert_eq!((answer.start_date.as_str(), answer.end_date.as_str()), ("2026-05-04", "2026-05-04"));
    assert_eq!(answer.time_zone, "Asia/Shanghai");
    let seen = figures(&answer);
    assert_eq!(
        (&seen.online_duration, &seen.scheduled_duration, &seen.exception_duration),
        (&minutes(60), &minutes(80), &minutes(30))
    );
    assert_eq!((seen.online_rate_basis_points, seen.adherence_basis_points), (Some(6_250), Some(6_250)));
    // Half an hour of an hour with one of four, and a minute of it with two.
    assert_eq!((seen.occupancy_basis_points, seen.concurrency_basis_points), (Some(5_000), Some(1_291)));
    assert_eq!((seen.sessions, seen.turns, seen.answered, seen.slow), (2, 2, 1, 1));
    let times = |times: Option<proto::CardTimes>| {
        let times = times.expect("times");
        (times.count, times.mean_duration)
    };
    assert_eq!(times(seen.first_response_times), (1, minutes(6)));
    assert_eq!(times(seen.own_response_times), (1, minutes(5)));
    assert_eq!(times(seen.next_response_times), (0, None));
    assert_eq!((seen.closes, seen.short_closes, seen.answers, seen.empty_answers), (2, 0, 1, 0));
    assert_eq!(seen.stars, [0, 0, 1, 0, 0]);
    let bad = seen.dissatisfaction.expect("rated");
    assert_eq!((bad.count, bad.total, bad.basis_points, bad.high_basis_points), (1, 1, 10_000, 10_000));
    assert_eq!(bad.low_basis_points, 2_065);
    assert_eq!(seen.misses, [proto::PackMisses { rule_pack_id: "taobao-3min".into(), missed: 2 }]);
    // There is too little of anything to be sure.
    assert_eq!(answer.scorecard.expect("a card").hints, []);
}

#[tokio::test]
async fn what_stands_out_comes_with_its_figure_its_threshold_and_the_conversations_that_show_it() {
    let mut house = House::open().await;
    for number in 0..12_i64 {
        let story = conversation(&format!("c{number}"), 3_000 - number * 200, Some(181 + number));
        house.import(vec![batch(story)]).await.expect("imported");
    }
    let hints = card(&mut house, card_of("lan")).await.scorecard.expect("a card").hints;
    let [hint] = &hints[..] else { panic!("one hint: {hints:?}") };
    assert_eq!((hint.rule(), hint.threshold_basis_points), (proto::CoachingRule::SlowResponses, 1_000));
    let Some(proto::coaching_hint::Figure::Share(share)) = &hint.figure else { panic!("a share") };
    assert_eq!((share.count, share.total, share.basis_points), (12, 12, 10_000));
    let named: Vec<_> = hint.evidence.iter().map(|shown| shown.conversation.as_str()).collect();
    assert_eq!(named, ["c11", "c10", "c9", "c8", "c7"]);
    assert_eq!(hint.evidence[0].time, Some(to_timestamp(before_start(800))));
}

#[tokio::test]
async fn what_goes_on_is_counted_up_to_now_and_survives_a_restart() {
    let mut house = House::open().await;
    // She is still there, and holds the first conversation.
    let last = house.dispatch.record(evening().into_iter().take(7));
    house.caught_up(last).await;
    let mut house = house.restart().await;
    let as_of_time = Some(to_timestamp(START));
    let request = proto::GetScorecardRequest { as_of_time, ..card_of(&lan()) };
    let seen = figures(&card(&mut house, request).await);
    assert_eq!((seen.online_duration, seen.occupancy_basis_points), (minutes(90), Some(7_777)));
    let last = house.dispatch.record(evening().into_iter().skip(7));
    house.caught_up(last).await;
    let seen = figures(&card(&mut house, card_of(&lan())).await);
    assert_eq!((seen.online_duration, seen.occupancy_basis_points), (minutes(60), Some(5_000)));
    // As of an hour ago nothing later is seen.
    let as_of_time = Some(to_timestamp(before_start(60 * 60)));
    let seen = figures(&card(&mut house, proto::GetScorecardRequest { as_of_time, ..card_of(&lan()) }).await);
    assert_eq!((seen.online_duration, seen.turns, seen.stars), (minutes(30), 1, vec![0; 5]));
}

#[tokio::test]
async fn without_accounts_the_schedule_is_unknown_and_all_else_is_told() {
    let mut house = after_the_evening().await;
    let answer = card(&mut house, card_of(&lan())).await;
    let seen = figures(&answer);
    assert!(!answer.schedule_known);
    assert_eq!((seen.scheduled_duration, seen.exception_duration), (None, None));
    assert_eq!((seen.online_rate_basis_points, seen.adherence_basis_points), (None, None));
    assert_eq!((seen.online_duration, seen.turns), (minutes(60), 2));
}

#[tokio::test]
async fn a_day_nobody_was_scheduled_on_has_no_online_rate() {
    let mut house = after_the_evening().await;
    house.accounts.schedule(&lan(), START + Span::from_hours(24), START + Span::from_hours(25));
    let answer = card(&mut house, card_of(&lan())).await;
    let seen = figures(&answer);
    assert!(answer.schedule_known);
    assert_eq!((seen.scheduled_duration, seen.online_rate_basis_points), (minutes(0), None));
}

#[tokio::test]
async fn shifts_are_those_of_the_request_or_the_usual_ones() {
    let mut house = after_the_evening().await;
    let of = |windows| proto::GetScorecardRequest {
        by_shift: Some(proto::ShiftSplit { windows }),
        ..card_of(&lan())
    };
    let told = async |house: &mut House, request| {
        let shifts = card(house, request).await.scorecard.expect("a card").shifts;
        let one = |shift: proto::ShiftFigures| {
            let figures = shift.figures.expect("figures");
            (format!("{} {}-{}", shift.shift, shift.start, shift.end), figures.online_duration, figures.turns)
        };
        shifts.into_iter().map(one).collect::<Vec<_>>()
    };
    let usual = [
        ("morning 08:00-13:00".to_owned(), minutes(0), 0),
        ("afternoon 13:00-18:00".to_owned(), minutes(0), 0),
        ("evening 18:00-23:00".to_owned(), minutes(60), 2),
    ];
    assert_eq!(told(&mut house, of(vec![])).await, usual);
    let window = |name: &str, start: &str, end: &str| proto::ShiftWindow {
        name: name.into(),
        start: start.into(),
        end: end.into(),
    };
    let own =
        told(&mut house, of(vec![window("before", "06:00", "19:00"), window("after", "19:00", "06:00")]))
            .await;
    let expected =
        [("before 06:00-19:00".to_owned(), minutes(30), 1), ("after 19:00-06:00".to_owned(), minutes(30), 1)];
    assert_eq!(own, expected);
    assert_eq!(told(&mut house, card_of(&lan())).await, []);
}

#[tokio::test]
async fn the_agent_table_has_time_online_online_rate_and_mean_response_by_shift_of_the_day() {
    let mut house = after_the_evening().await;
    house.accounts.schedule(&lan(), before_start(120 * 60), before_start(40 * 60));
    let by_shift = Some(proto::ShiftSplit::default());
    let request = proto::ListScorecardsRequest { shop_id: SHOP.into(), by_shift, ..Default::default() };
    let listed = house.scorecards.list_scorecards(request).await.expect("a list").into_inner();
    let [card] = &listed.scorecards[..] else { panic!("one agent: {listed:?}") };
    assert_eq!(card.agent, lan());
    let line = |shift: &proto::ShiftFigures| {
        let of = shift.figures.clone().expect("figures");
        let mean = of.first_response_times.and_then(|times| times.mean_duration);
        (shift.shift.clone(), of.online_duration, of.online_rate_basis_points, mean)
    };
    let expected = [
        ("morning".to_owned(), minutes(0), None, None),
        ("afternoon".to_owned(), minutes(0), None, None),
        ("evening".to_owned(), minutes(60), Some(6_250), minutes(6)),
    ];
    assert_eq!(card.shifts.iter().map(line).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn the_list_has_everybody_page_by_page_with_the_shop_beside_them() {
    let mut house = after_the_evening().await;
    for name in ["cai", "bai", "an"] {
        let at = before_start(1_800);
        let events = vec![
            event(name, 0, at, opened(name)),
            event(name, 1, at, asked()),
            event(name, 2, at + Span::from_secs(20), replied(name)),
        ];
        house.import(vec![batch(events)]).await.expect("imported");
    }
    let mut request = proto::ListScorecardsRequest {
        shop_id: SHOP.into(),
        rule_packs: vec!["taobao-3min".into()],
        page_size: 3,
        ..Default::default()
    };
    let first = house.scorecards.list_scorecards(request.clone()).await.expect("a page").into_inner();
    let names = |page: &proto::ListScorecardsResponse| {
        page.scorecards.iter().map(|card| card.agent.clone()).collect::<Vec<_>>()
    };
    assert_eq!((names(&first), first.total_size), (vec![lan(), "an".into(), "bai".into()], 4));
    // Later, the list is still the one that was begun.
    house.clock.advance_to(START + Span::from_hours(30)).await;
    request.page_token = first.next_page_token.clone();
    let second = house.scorecards.list_scorecards(request.clone()).await.expect("a page").into_inner();
    assert_eq!((names(&second), second.next_page_token.as_str()), (vec!["cai".to_owned()], ""));
    assert_eq!((second.as_of_time, &second.end_date), (first.as_of_time, &first.end_date));
    assert_eq!(second.shop, first.shop);
    let shop = first.shop.expect("the shop's").figures.expect("figures");
    assert_eq!((shop.sessions, shop.turns, shop.online_duration), (5, 5, minutes(60)));
    // A token is one of its own list only.
    request.start_date = "2026-05-01".into();
    refused(house.scorecards.list_scorecards(request).await, Reason::PageTokenInvalid);
}

#[tokio::test]
async fn misses_of_a_card_are_those_of_the_list_of_misses() {
    let mut house = House::open().await;
    let stories = [("a", 1_000, Some(181)), ("b", 900, None), ("c", 800, Some(180))];
    for (key, before, after) in stories {
        house.import(vec![batch(conversation(key, before, after))]).await.expect("imported");
    }
    let shop =
        figures(&card(&mut house, proto::GetScorecardRequest { rule_packs: vec![], ..card_of("") }).await);
    assert!(shop.misses.len() > 10, "every pack that is shipped");
    for proto::PackMisses { rule_pack_id, missed } in shop.misses {
        let request = proto::ListMissesRequest {
            shop_id: SHOP.into(),
            pack: Some(proto::list_misses_request::Pack::RulePackId(rule_pack_id.clone())),
            ..Default::default()
        };
        let listed = house.rates.list_misses(request).await.expect("listed").into_inner();
        assert_eq!(missed, listed.total_size, "{rule_pack_id}");
    }
}

#[tokio::test]
async fn an_agent_of_whom_nothing_is_known_has_a_card_without_data() {
    let mut house = after_the_evening().await;
    let answer = card(&mut house, card_of(&AgentId::from_bits(77).to_string())).await;
    let seen = figures(&answer);
    assert_eq!((seen.turns, seen.satisfaction, seen.occupancy_basis_points), (0, None, None));
    assert_eq!((seen.stars.len(), seen.misses.len()), (5, 1));
}

#[tokio::test]
async fn what_is_wrong_with_a_question_is_named_field_by_field() {
    let mut house = after_the_evening().await;
    let window = |name: &str, start: &str, end: &str| proto::ShiftWindow {
        name: name.into(),
        start: start.into(),
        end: end.into(),
    };
    let windows = vec![
        window("a", "8:00", "13:00"),
        window("b", "10:00", "10:00"),
        window("c", "24:00", "06:00"),
        window("d", "01:00", "02:00"),
        window("d", "03:00", "04:00"),
    ];
    let wrong = proto::GetScorecardRequest {
        start_date: "yesterday".into(),
        by_shift: Some(proto::ShiftSplit { windows }),
        ..card_of("")
    };
    let fields = [
        "start_date",
        "by_shift.windows[0].start",
        "by_shift.windows[1].end",
        "by_shift.windows[2].start",
        "by_shift.windows[4].name",
    ];
    refused_fields(house.scorecards.get_scorecard(wrong).await, Reason::InvalidRequest, &fields);
    for (start, end) in [("2026-05-05", ""), ("2026-01-01", "2026-04-03"), ("2026-05-02", "2026-05-01")] {
        let request =
            proto::GetScorecardRequest { start_date: start.into(), end_date: end.into(), ..card_of("") };
        let refusal = house.scorecards.get_scorecard(request).await;
        refused_fields(refusal, Reason::InvalidRequest, &["end_date"]);
    }
    let twice = vec!["taobao-3min".to_owned(); 2];
    let request = proto::GetScorecardRequest { rule_packs: twice, ..card_of("") };
    let refusal = house.scorecards.get_scorecard(request).await;
    refused_fields(refusal, Reason::InvalidRequest, &["rule_packs[1]"]);
    let unknown = proto::GetScorecardRequest { rule_packs: vec!["none".into()], ..card_of("") };
    refused(house.scorecards.get_scorecard(unknown).await, Reason::RulePackNotFound);
}

#[tokio::test]
async fn cards_of_a_shop_nobody_told_of_are_not_found() {
    let mut house = House::open().await;
    refused(house.scorecards.get_scorecard(card_of("")).await, Reason::ShopNotFound);
    let request = proto::ListScorecardsRequest { shop_id: SHOP.into(), ..Default::default() };
    refused(house.scorecards.list_scorecards(request).await, Reason::ShopNotFound);
}

#[tokio::test]
async fn of_days_that_have_not_come_there_is_nothing() {
    let mut house = after_the_evening().await;
    let request = proto::GetScorecardRequest { end_date: "2026-06-01".into(), ..card_of(&lan()) };
    let answer = card(&mut house, request).await;
    assert_eq!((figures(&answer).turns, answer.schedule_known), (0, true));
}
